// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/map.h"
#include "base/test.h"
#include "base/test_alloc.h"

struct tally {
    uint64_t count;
};

static struct bytes key_of(uint32_t *n)
{
    return bytes_make(n, sizeof *n);
}

TEST(counting_names)
{
    struct map map;
    static const char *const names[] = {"b.example", "a.example", "b.example", "", "b.example"};
    map_init(&map, sizeof(struct tally), 10, 1 << 20);
    CHECK(map_find(&map, BYTES("a.example")) == NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct tally *tally = map_add(&map, bytes_from_text(names[i]));
        CHECK(tally != NULL);
        if (tally)
            tally->count++;
    }
    CHECK_EQ(map.count, 3);
    struct tally *b = map_find(&map, BYTES("b.example"));
    CHECK(b && b->count == 3);
    struct tally *empty = map_find(&map, (struct bytes){NULL, 0});
    CHECK(empty && empty->count == 1);
    CHECK(map_find(&map, BYTES("b.exampl")) == NULL);
    CHECK_TEXT(map.entries[0]->key, "b.example"); // in the order they came
    CHECK_TEXT(map.entries[1]->key, "a.example");
    map_finish(&map);
    map_finish(&map);
}

TEST(keys_are_copied)
{
    struct map map;
    char name[] = "host";
    map_init(&map, 0, 10, 1 << 20);
    CHECK(map_add(&map, bytes_from_text(name)) != NULL);
    name[0] = 'm';
    CHECK(map_find(&map, BYTES("host")) != NULL);
    CHECK(map_find(&map, BYTES("most")) == NULL);
    map_finish(&map);
}

TEST(many_entries_stay_where_they_are)
{
    enum { COUNT = 20'000 };
    struct map map;
    static uint64_t *values[COUNT];
    map_init(&map, sizeof(uint64_t), COUNT, 64 << 20);
    for (uint32_t n = 0; n < COUNT; n++) {
        values[n] = map_add(&map, key_of(&n));
        CHECK(values[n] && *values[n] == 0 && (uintptr_t)values[n] % 16 == 0);
        if (values[n])
            *values[n] = n;
    }
    CHECK_EQ(map.count, COUNT);
    for (uint32_t n = 0; n < COUNT; n++) {
        CHECK(map_find(&map, key_of(&n)) == values[n]);
        CHECK_EQ(*values[n], n);
    }
    map_finish(&map);
}

TEST(a_full_map_refuses_new_keys_only)
{
    struct map map;
    map_init(&map, sizeof(struct tally), 100, 1 << 20);
    for (uint32_t n = 0; n < 150; n++)
        CHECK((map_add(&map, key_of(&n)) != NULL) == (n < 100));
    CHECK_EQ(map.refused, 50);
    CHECK_EQ(map.count, 100);
    uint32_t old = 99;
    CHECK(map_add(&map, key_of(&old)) != NULL);
    map_finish(&map);
    map_init(&map, 0, 0, 1 << 20);
    CHECK(map_add(&map, BYTES("x")) == NULL);
    map_finish(&map);
}

TEST(the_byte_limit_holds)
{
    struct map map;
    static uint8_t key[60'000];
    map_init(&map, sizeof(struct tally), 1000, 300'000);
    for (key[0] = 0; key[0] < 50; key[0]++)
        (void)!map_add(&map, bytes_make(key, sizeof key));
    CHECK(map.count >= 3 && map.count <= 5);
    CHECK_EQ(map.refused + map.count, 50);
    CHECK(map.memory.used_bytes <= 300'000);
    map_finish(&map);
}

static int by_count(const struct map_entry *a, const struct map_entry *b)
{
    const struct tally *left = a->value, *right = b->value;
    return (left->count < right->count) - (left->count > right->count); // most first
}

TEST(sorting)
{
    struct map map;
    static const char *const names[] = {"c", "bb", "b", "a", "d"};
    static const uint64_t counts[] = {5, 5, 5, 9, 1};
    map_init(&map, sizeof(struct tally), 100, 1 << 20);
    map_sort(&map, by_count);
    for (size_t i = 0; i < 5; i++)
        *(struct tally *)map_add(&map, bytes_from_text(names[i])) = (struct tally){counts[i]};
    map_sort(&map, by_count);
    static const char *const want[] = {"a", "b", "bb", "c", "d"};
    for (size_t i = 0; i < 5; i++)
        CHECK_TEXT(map.entries[i]->key, want[i]);
    for (size_t i = 0; i < 5; i++) {
        struct tally *tally = map_find(&map, bytes_from_text(names[i]));
        CHECK(tally && tally->count == counts[i]);
    }
    CHECK(map_add(&map, BYTES("e")) != NULL);
    CHECK_TEXT(map.entries[5]->key, "e");
    map_finish(&map);
}

static bool fill_a_map(void *context)
{
    struct map map;
    uint64_t added = 0;
    map_init(&map, 64, 1000, 1 << 20);
    for (uint32_t n = 0; n < 200; n++)
        added += map_add(&map, key_of(&n)) != NULL;
    CHECK_EQ(added + map.refused, 200);
    CHECK_EQ(added, map.count);
    for (uint32_t n = 0, found = 0; n < 200; n++) {
        found += map_find(&map, key_of(&n)) != NULL;
        CHECK(n < 199 || found == map.count);
    }
    map_finish(&map);
    return added == 200;
}

TEST(each_allocation_may_fail)
{
    CHECK(test_alloc_failures(fill_a_map, NULL) > 5);
}

TEST_MAIN(T(counting_names), T(keys_are_copied), T(many_entries_stay_where_they_are),
    T(a_full_map_refuses_new_keys_only), T(the_byte_limit_holds), T(sorting),
    T(each_allocation_may_fail))
