// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"
#include "base/test.h"
#include "base/test_alloc.h"
#include "intel/internal.h"
#include <stdio.h>

enum { MANY = 60'000 };

static void number_key(struct key *key, uint64_t n, size_t len)
{
    key->kind = INTEL_DOMAIN;
    key->len = len;
    memset(key->data, 'x', len);
    memcpy(key->data, &n, sizeof n);
}

static uint32_t put(struct store *store, uint64_t n, size_t len, uint32_t statement)
{
    struct key key;
    uint32_t ref;
    number_key(&key, n, len);
    return store_put(store, &key, statement, &ref) == STORE_NEW ? ref : STORE_NONE;
}

static uint32_t find(const struct store *store, uint64_t n, size_t len)
{
    struct key key;
    number_key(&key, n, len);
    return store_find(store, key.kind, bytes_make(key.data, key.len));
}

static uint32_t statement(struct store *store, uint16_t source)
{
    struct statement s;
    memset(&s, 0, sizeof s);
    s.source = source;
    return store_statement(store, &s);
}

TEST(what_is_put_is_found_and_nothing_else)
{
    struct store store;
    CHECK(store_init(&store));
    uint32_t said = statement(&store, 1);
    for (uint64_t n = 0; n < MANY; n++) // values of a kilobyte: several chunks
        CHECK(put(&store, n, 8 + n % 1000, said) != STORE_NONE);
    CHECK_EQ(store.count, MANY);
    for (int frozen = 0; frozen < 2; frozen++) {
        for (uint64_t n = 0; n < MANY; n++)
            CHECK(find(&store, n, 8 + n % 1000) != STORE_NONE &&
                  find(&store, n + MANY, 8 + n % 1000) == STORE_NONE);
        CHECK(frozen || store_freeze(&store));
    }
    uint64_t walked = 0;
    for (uint32_t ref = store_next(&store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(&store, ref))
        walked++;
    CHECK_EQ(walked, MANY);
    store_finish(&store);
}

TEST(kinds_do_not_mix)
{
    struct store store;
    struct key key = {.kind = INTEL_MD5, .len = 4, .data = "abcd"};
    uint32_t ref;
    CHECK(store_init(&store));
    CHECK_EQ(store_put(&store, &key, 0, &ref), STORE_NEW);
    CHECK_EQ(store_put(&store, &key, 0, &ref), STORE_OLD);
    CHECK_EQ(store_find(&store, INTEL_JA3, BYTES("abcd")), STORE_NONE);
    CHECK_EQ(store_find(&store, INTEL_MD5, BYTES("abcd")), ref);
    store_finish(&store);
}

TEST(several_statements_of_a_value)
{
    struct store store;
    CHECK(store_init(&store));
    uint32_t first = statement(&store, 1), second = statement(&store, 2),
             third = statement(&store, 3);
    CHECK_EQ(statement(&store, 1), first); // said before: the same
    uint32_t ref = put(&store, 7, 20, first);
    store_say(&store, ref, store_link(&store, store_entry(&store, ref).statement, second));
    store_say(&store, ref, store_link(&store, store_entry(&store, ref).statement, third));
    uint32_t at = store_entry(&store, ref).statement, got, count = 0;
    uint32_t want[] = {third, second, first};
    while (count < 3 && store_statements(&store, &at, &got))
        CHECK_EQ(got, want[count++]);
    CHECK_EQ(count, 3);
    CHECK(!store_statements(&store, &at, &got));
    store_finish(&store);
}

TEST(statements_are_kept_whole)
{
    static const struct {
        uint32_t from_s, until_s;
    } times[] = {{0, 0}, {100, 0}, {0, 100}, {100, 200}, {200, 100}};
    struct store store;
    CHECK(store_init(&store));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct statement s = {.from_s = times[i].from_s,
            .until_s = times[i].until_s,
            .label = LABELS_MOST,
            .common = 7,
            .techniques = 8,
            .source = UINT16_MAX,
            .confidence = CONFIDENCE_UNSAID,
            .tlp = INTEL_TLP_RED,
            .severity = SEVERITY_UNSAID,
            .phase = 6,
            .valued = true,
            .silent = true};
        uint32_t number = store_statement(&store, &s), apart = store_statement_apart(&store, &s);
        struct statement kept = store_said(&store, number);
        CHECK(memcmp(&kept, &s, sizeof s) == 0);
        CHECK(apart != number && store_same(&store, number, apart));
    }
    CHECK_EQ(store.manners_len, 4); // two of them last equally long: not at all
    store_finish(&store);
}

static void check_label(const char *label, const char *value, const char *wanted)
{
    struct store store;
    struct composing told;
    CHECK(store_init(&store));
    struct entry entry = {.kind = INTEL_DOMAIN, .key = bytes_from_text(value)};
    struct statement s = {.label = labels_add(&store.labels, bytes_from_text(label)),
        .common = texts_add(&store.texts, BYTES("c2")),
        .valued = bytes_find_byte(bytes_from_text(label), LABEL_VALUE) != BYTES_NOT_FOUND};
    statement_label(&store, &s, &entry, &told);
    CHECK_TEXT(composing_bytes(&told), wanted);
    store_finish(&store);
}

TEST(labels_name_their_value)
{
    check_label("Emotet", "evil.test", "Emotet; c2");
    check_label("at \xff, old", "evil.test", "at evil.test, old; c2");
    check_label("\xff", "evil.test", "evil.test; c2");
    check_label("", "evil.test", "c2");
}

TEST(going_back_leaves_nothing)
{
    struct store store;
    CHECK(store_init(&store));
    for (uint64_t n = 0; n < 1000; n++)
        put(&store, n, 30, statement(&store, 1));
    struct store_mark mark = store_mark(&store);
    for (uint64_t n = 1000; n < MANY; n++)
        put(&store, n, 500, statement(&store, (uint16_t)n));
    CHECK(texts_add(&store.texts, BYTES("gone")) != STORE_NONE);
    CHECK(store_back(&store, &mark));
    CHECK_EQ(store.count, 1000);
    CHECK(find(&store, 999, 30) != STORE_NONE);
    CHECK_EQ(find(&store, 1000, 500), STORE_NONE);
    CHECK(put(&store, 5000, 40, statement(&store, 9)) != STORE_NONE);
    CHECK(find(&store, 5000, 40) != STORE_NONE);
    store_finish(&store);
}

TEST(texts_are_kept_once)
{
    struct texts texts = {.data = NULL};
    char text[16];
    CHECK(texts_init(&texts));
    CHECK_EQ(texts_add(&texts, BYTES("")), 0);
    uint32_t first = texts_add(&texts, BYTES("emotet"));
    for (int i = 0; i < 5000; i++)
        texts_add(&texts, bytes_make(text, (size_t)snprintf(text, sizeof text, "family %d", i)));
    CHECK_EQ(texts_add(&texts, BYTES("emotet")), first);
    CHECK_TEXT(texts_of(&texts, first), "emotet");
    texts_finish(&texts);
}

// Numbers, long ones, and UUIDs as they are and as they are not packed.
static struct bytes label_text(char text[LABEL_BYTES + 1], unsigned i)
{
    enum { ROOM = LABEL_BYTES + 1 };
    const char *before = i % 3 ? "indicator--" : "", *digits = i % 7 ? "12ab" : "12AB";
    int len = snprintf(text, ROOM, "Indicator %u", i);
    if (i % 100 == 99)
        len = snprintf(text, ROOM, "%0254u", i);
    else if (i % 100 < 10)
        len = snprintf(text, ROOM, "%s%08x-%s-4cde-89ab-0123456789ab", before, i, digits);
    return bytes_make(text, (size_t)len);
}

TEST(labels_share_their_beginnings)
{
    enum { COUNT = 100'000, BACK = 70'000 };
    struct labels labels = {.seed = 1};
    static uint32_t numbers[COUNT];
    char text[LABEL_BYTES + 1];
    uint8_t room[LABEL_BYTES];
    struct labels_mark mark = {0, 0};
    CHECK_EQ(labels_add(&labels, BYTES("")), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        if (i == BACK)
            mark = (struct labels_mark){labels.count, labels.len};
        numbers[i] = labels_add(&labels, label_text(text, i));
        CHECK_EQ(labels_add(&labels, label_text(text, i)), numbers[i]);
    }
    labels_back(&labels, mark);
    for (unsigned i = BACK; i < COUNT; i++)
        numbers[i] = labels_add(&labels, label_text(text, i));
    labels_freeze(&labels);
    for (unsigned i = 0; i < COUNT; i++)
        CHECK(bytes_equal(labels_of(&labels, numbers[i], room), label_text(text, i)));
    CHECK(labels_bytes(&labels) < COUNT * 16);
    labels_finish(&labels);
}

// Ends with what there is: room that could not be given back is no failure.
static void store_try(void)
{
    struct store store;
    bool good = store_init(&store);
    for (uint64_t n = 0; good && n < 3000; n++)
        good = put(&store, n, 30, statement(&store, (uint16_t)n)) != STORE_NONE;
    good = good && store_freeze(&store);
    store_finish(&store);
}

TEST(memory_may_fail)
{
    for (uint64_t n = 1;; n++) {
        alloc_fail_at(n);
        store_try();
        if (!alloc_has_failed())
            break;
    }
    alloc_fail_at(0);
}

TEST_MAIN(T(what_is_put_is_found_and_nothing_else), T(kinds_do_not_mix),
    T(several_statements_of_a_value), T(statements_are_kept_whole), T(labels_name_their_value),
    T(going_back_leaves_nothing), T(texts_are_kept_once), T(labels_share_their_beginnings),
    T(memory_may_fail))
