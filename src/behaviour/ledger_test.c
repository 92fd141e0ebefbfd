// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"

TEST(remembers_what_was_touched_last)
{
    struct metrics metrics = {0};
    struct ledger *l = ledger_create(sizeof(uint32_t), sizeof(uint64_t), 1000, &metrics);
    for (uint32_t key = 0; key < 1000; key++) {
        uint64_t *entry = ledger_entry(l, &key);
        CHECK(entry && *entry == 0);
        *entry = key + 1;
    }
    uint32_t first = 0, second = 1, fresh = 5000;
    CHECK_EQ(*(uint64_t *)ledger_entry(l, &first), 1); // touched: the second is the oldest now
    CHECK_EQ(*(uint64_t *)ledger_entry(l, &fresh), 0);
    CHECK_EQ(ledger_count(l), 1000);
    CHECK_EQ(metrics.behaviour_forgotten, 1);
    CHECK(ledger_find(l, &second) == NULL);
    CHECK(ledger_find(l, &first) != NULL);
    ledger_forget(l, &first);
    CHECK(ledger_find(l, &first) == NULL);
    CHECK_EQ(ledger_count(l), 999);
    ledger_destroy(l);
}

static void sum_up(void *context, const void *key, void *entry)
{
    uint64_t *last = context;
    CHECK(*(uint64_t *)entry >= *last);
    *last = *(uint64_t *)entry;
    (void)key;
}

TEST(visits_the_oldest_first)
{
    struct metrics metrics = {0};
    struct ledger *l = ledger_create(sizeof(uint32_t), sizeof(uint64_t), 100, &metrics);
    for (uint32_t key = 0; key < 300; key++)
        *(uint64_t *)ledger_entry(l, &key) = key;
    uint64_t last = 200;
    ledger_each(l, sum_up, &last);
    CHECK_EQ(last, 299);
    ledger_destroy(l);
}

TEST(what_is_left_is_found)
{
    enum { KEYS = 5000 };
    struct metrics metrics = {0};
    struct ledger *l = ledger_create(sizeof(uint32_t), sizeof(uint64_t), KEYS, &metrics);
    for (uint32_t round = 0; round < 4; round++) {
        for (uint32_t key = 0; key < KEYS; key++)
            *(uint64_t *)ledger_entry(l, &key) = key + round;
        for (uint32_t key = round % 2; key < KEYS; key += 1 + round)
            ledger_forget(l, &key);
        for (uint32_t key = 0; key < KEYS; key++) {
            const uint64_t *entry = ledger_find(l, &key);
            bool gone = key >= round % 2 && (key - round % 2) % (1 + round) == 0;
            CHECK(gone ? !entry : entry && *entry == key + round);
        }
    }
    ledger_destroy(l);
}

TEST(sets_go_with_their_entry)
{
    struct metrics metrics = {0};
    struct ledger *l =
        ledger_create_of_sets(sizeof(uint32_t), sizeof(struct distinct), 1, 10, &metrics);
    for (uint32_t key = 0; key < 20; key++) {
        struct distinct *d = ledger_entry(l, &key);
        CHECK_EQ(distinct_count(d), 0);
        for (uint32_t i = 0; i < 5; i++)
            distinct_add(d, bytes_make(&i, sizeof i));
    }
    uint32_t last = 19, unknown = 5000;
    CHECK(ledger_touch(l, &unknown) == NULL);
    struct distinct *d = ledger_touch(l, &last);
    CHECK_EQ(distinct_count(d), 5);
    ledger_clear(l, d);
    CHECK_EQ(distinct_count(d), 0);
    ledger_destroy(l); // what is not freed the sanitizer tells
}

TEST(distinct_is_exact_while_few)
{
    struct distinct d = {0};
    for (uint32_t i = 0; i < 1000; i++)
        distinct_add(&d, bytes_make(&(uint32_t){i % DISTINCT_EXACT}, sizeof i));
    CHECK_EQ(distinct_count(&d), DISTINCT_EXACT);
    CHECK(!d.sketched);
    distinct_clear(&d);
    CHECK_EQ(distinct_count(&d), 0);
}

TEST(distinct_is_near_when_many)
{
    static const uint32_t many[] = {33, 64, 100, 500, 1000, 10'000, 100'000};
    for (size_t k = 0; k < sizeof many / sizeof *many; k++) {
        struct distinct d = {0};
        for (uint32_t i = 0; i < 2 * many[k]; i++)
            distinct_add(&d, bytes_make(&(uint32_t){i % many[k]}, sizeof i));
        uint32_t count = distinct_count(&d);
        CHECK(count > many[k] * 4 / 5 && count < many[k] * 6 / 5);
        distinct_clear(&d);
    }
}

TEST_MAIN(T(remembers_what_was_touched_last), T(visits_the_oldest_first), T(what_is_left_is_found),
    T(sets_go_with_their_entry), T(distinct_is_exact_while_few), T(distinct_is_near_when_many))
