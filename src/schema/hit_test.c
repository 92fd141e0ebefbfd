// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"
#include "base/test.h"
#include "schema/hit.h"

TEST(copy_outlives)
{
    char rule[] = "1:42", name[] = "feed.csv", proto[] = "TCP", key[] = "created_at";
    struct record_head head = {.timestamp = 5, .proto = bytes_from_text(proto)};
    struct json_pair pair = {bytes_from_text(key), BYTES("2026")};
    struct hit_alert alert = {.signature_id = 42, .metadata = &pair, .metadata_count = 1};
    struct record_head outer = {.proto = bytes_from_text(proto)};
    struct hit_packet packet = {.frame = bytes_from_text(name), .tunnels = 1, .outer = &outer};
    struct hit hit = {.detector = "rules.suricata",
        .rule = bytes_from_text(rule),
        .head = &head,
        .alert = &alert,
        .packet = &packet,
        .sources = {{.name = bytes_from_text(name)}},
        .sources_count = 1};
    struct pool pool;
    struct arena arena;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, SIZE_MAX);
    struct hit *copy = hit_copy(&arena, &hit);
    memset(rule, 'x', 4);
    memset(name, 'x', 8);
    memset(proto, 'x', 3);
    memset(key, 'x', 3);
    head.timestamp = 6;
    CHECK(copy && bytes_equal(copy->rule, BYTES("1:42")));
    CHECK(bytes_equal(copy->sources[0].name, BYTES("feed.csv")));
    CHECK(bytes_equal(copy->head->proto, BYTES("TCP")));
    CHECK_EQ(copy->head->timestamp, 5);
    CHECK(bytes_equal(copy->packet->frame, BYTES("feed.csv")));
    CHECK(bytes_equal(copy->packet->outer->proto, BYTES("TCP")));
    CHECK(bytes_equal(copy->alert->metadata[0].name, BYTES("created_at")));
    arena_reset(&arena);
    pool_finish(&pool);
}

// Of long data the bytes around the match are kept, and it is found among them.
TEST(match_is_kept)
{
    static uint8_t data[4096];
    memcpy(&data[3000], "evil", 4);
    struct record_head head = {0};
    struct hit hit = {.detector = "x", .head = &head, .matches_count = 1};
    hit.matches[0] = (struct hit_match){BYTES("http.uri"), bytes_make(data, sizeof data), 3000, 4};
    struct pool pool;
    struct arena arena;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, SIZE_MAX);
    struct hit *copy = hit_copy(&arena, &hit);
    CHECK(copy != NULL);
    struct hit_match m = copy->matches[0];
    CHECK(m.data.len <= HIT_DATA_BYTES);
    CHECK(bytes_equal(bytes_sub(m.data, m.at, m.len), BYTES("evil")));
    hit.matches[0] = (struct hit_match){BYTES("x"), BYTES("abc"), 9, 9};
    copy = hit_copy(&arena, &hit);
    CHECK(copy && copy->matches[0].at == 3 && copy->matches[0].len == 0);
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST(limits)
{
    static char text[5000];
    memset(text, 'a', sizeof text);
    struct record_head head = {0};
    struct hit hit = {.detector = "x", .head = &head, .rule = bytes_make(text, sizeof text)};
    struct pool pool;
    struct arena arena;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, SIZE_MAX);
    struct hit *copy = hit_copy(&arena, &hit);
    CHECK(copy && copy->rule.len == HIT_TEXT_BYTES);
    arena_reset(&arena);
    arena_init(&arena, &pool, 512);
    CHECK(hit_copy(&arena, &hit) == NULL);
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST_MAIN(T(copy_outlives), T(match_is_kept), T(limits))
