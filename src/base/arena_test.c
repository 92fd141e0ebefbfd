// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/arena.h"
#include "base/test.h"
#include "base/test_alloc.h"

static struct pool pool;
static struct arena arena;

static void start(size_t limit, size_t budget)
{
    pool_init(&pool, limit);
    arena_init(&arena, &pool, budget);
}

static void stop(void)
{
    arena_reset(&arena);
    CHECK_EQ(pool.used_bytes, 0);
    pool_finish(&pool);
}

TEST(alignment_and_distinct_addresses)
{
    start(0, 1 << 20);
    uint8_t *before = NULL;
    for (size_t size = 0; size < 300; size++) {
        uint8_t *p = arena_alloc(&arena, size);
        CHECK(p != NULL && p != before);
        CHECK_EQ((uintptr_t)p % 16, 0);
        memset(p, 0xaa, size);
        before = p;
    }
    stop();
}

TEST(a_small_arena_is_one_small_chunk)
{
    start(0, 1 << 20);
    CHECK(arena_alloc(&arena, 240) != NULL);
    CHECK_EQ(arena.used_bytes, 256);
    stop();
}

TEST(chunks_grow_with_the_arena)
{
    start(0, 64 << 20);
    size_t chunks = 0;
    for (int i = 0; i < 100'000; i++)
        CHECK(arena_alloc(&arena, 100) != NULL);
    for (const void *c = arena.chunks; c; memcpy(&c, c, sizeof c)) // the next comes first in it
        chunks++;
    CHECK(chunks < 70);
    CHECK(arena.used_bytes < 2 * 112 * 100'000);
    stop();
}

TEST(zalloc_clears_reused_memory)
{
    start(0, 1 << 20);
    memset(arena_alloc(&arena, 200), 0xff, 200);
    arena_reset(&arena);
    uint8_t *p = arena_zalloc(&arena, 200);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(p[i], 0);
    stop();
}

TEST(budget_is_kept)
{
    start(0, 1000);
    CHECK(arena_alloc(&arena, 1001) == NULL);
    CHECK(arena.exhausted);
    arena_reset(&arena);
    CHECK(!arena.exhausted);
    CHECK(arena_alloc(&arena, 900) != NULL); // no class fits, the exact size does
    CHECK(arena_alloc(&arena, 200) == NULL);
    CHECK(arena.used_bytes <= 1000);
    stop();
    start(0, 0);
    CHECK(arena_alloc(&arena, 0) == NULL);
    stop();
}

TEST(pool_limit_is_shared)
{
    struct arena other;
    start(1024, 1 << 20);
    arena_init(&other, &pool, 1 << 20);
    CHECK(arena_alloc(&arena, 700) != NULL);
    CHECK(arena_alloc(&other, 700) == NULL);
    CHECK(other.exhausted && !arena.exhausted);
    arena_reset(&arena);
    CHECK(arena_alloc(&other, 700) != NULL);
    CHECK_EQ(pool.peak_bytes, 1024);
    arena_reset(&other);
    stop();
}

TEST(absurd_sizes_are_refused)
{
    start(0, SIZE_MAX);
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 31, PTRDIFF_MAX,
        PTRDIFF_MAX - 16, (size_t)PTRDIFF_MAX + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CHECK(arena_alloc(&arena, sizes[i]) == NULL);
    void *p = arena_alloc(&arena, 10);
    CHECK(arena_grow(&arena, p, 10, SIZE_MAX) == NULL);
    CHECK(arena_grow(&arena, p, 10, SIZE_MAX - 15) == NULL);
    CHECK(arena.exhausted);
    stop();
}

TEST(large_chunks_leave_the_pool)
{
    start(0, 64 << 20);
    void *p = arena_alloc(&arena, 1 << 20);
    CHECK(p != NULL);
    memset(p, 1, 1 << 20);
    CHECK(pool.used_bytes > 1 << 20);
    arena_reset(&arena);
    CHECK_EQ(pool.kept_bytes, 0);
    stop();
}

TEST(freed_chunks_are_used_again)
{
    start(0, 1 << 20);
    void *first = arena_alloc(&arena, 100);
    arena_reset(&arena);
    CHECK_EQ(pool.kept_bytes, 0); // it lies in a block
    CHECK(arena_alloc(&arena, 100) == first);
    arena_reset(&arena);
    void *large = arena_alloc(&arena, 10'000);
    arena_reset(&arena);
    CHECK_EQ(pool.kept_bytes, 16'384);
    CHECK(arena_alloc(&arena, 10'000) == large);
    CHECK_EQ(pool.kept_bytes, 0);
    stop();
}

TEST(blocks_grow_and_stay)
{
    start(0, 64 << 20);
    for (int i = 0; i < 20'000; i++) {
        uint8_t *p = arena_alloc(&arena, 200);
        CHECK(p != NULL);
        memset(p, i, 200);
    }
    const struct block *blocks = pool.blocks;
    CHECK(blocks != NULL);
    arena_reset(&arena);
    for (int i = 0; i < 20'000; i++)
        CHECK(arena_alloc(&arena, 200) != NULL);
    CHECK(pool.blocks == blocks);
    stop();
}

TEST(the_pool_keeps_a_limited_amount)
{
    start(0, 64 << 20);
    for (int i = 0; i < 200; i++)
        CHECK(arena_alloc(&arena, 200'000) != NULL);
    arena_reset(&arena);
    CHECK(pool.kept_bytes <= 8 << 20);
    CHECK(pool.kept_bytes > 4 << 20);
    stop();
}

TEST(copies)
{
    start(0, 1 << 20);
    struct bytes copy = arena_copy(&arena, BYTES("yagura"));
    CHECK_TEXT(copy, "yagura");
    CHECK(arena_copy(&arena, (struct bytes){NULL, 0}).data == NULL);
    struct bytes empty = arena_copy(&arena, BYTES(""));
    CHECK(empty.data != NULL && empty.len == 0);
    arena.budget_bytes = 0;
    arena.at = arena.end;
    CHECK(arena_copy(&arena, BYTES("x")).data == NULL);
    stop();
}

TEST(grow_in_place_and_by_copy)
{
    start(0, 1 << 20);
    char *p = arena_grow(&arena, NULL, 0, 3);
    memcpy(p, "abc", 3);
    CHECK(arena_grow(&arena, p, 3, 100) == p);
    CHECK(arena_grow(&arena, p, 100, 50) == p);
    void *behind = arena_alloc(&arena, 1);
    CHECK(behind != NULL);
    char *moved = arena_grow(&arena, p, 100, 150);
    CHECK(moved != NULL && moved != p && memcmp(moved, "abc", 3) == 0);
    stop();
}

// A buffer that doubles up to its budget: what it left behind must not count.
TEST(growing_alone_gives_the_old_chunk_back)
{
    const size_t most = 900'000;
    start(0, 1 << 20);
    size_t size = 1;
    uint8_t *p = arena_alloc(&arena, size);
    p[0] = 42;
    while (size < most) {
        size_t larger = 2 * size < most ? 2 * size : most;
        p = arena_grow(&arena, p, size, larger);
        CHECK(p != NULL);
        if (!p)
            break;
        memset(p + size, 1, larger - size);
        size = larger;
    }
    CHECK(p && p[0] == 42);
    CHECK(arena.used_bytes < most + 1000);
    CHECK(arena_grow(&arena, p, size, 2 << 20) == NULL);
    CHECK(arena.exhausted && p[0] == 42 && p[most - 1] == 1); // still ours
    CHECK(arena_alloc(&arena, 100'000) != NULL);
    stop();
    CHECK_EQ(arena.used_bytes, 0);
}

TEST(what_is_charged_counts)
{
    struct pool own;
    struct arena a;
    pool_init(&own, 10'000);
    arena_init(&a, &own, 1 << 20);
    CHECK(pool_charge(&own, 9'000));
    CHECK(!pool_charge(&own, 1'001));
    CHECK(arena_alloc(&a, 2'000) == NULL);
    pool_discharge(&own, 9'000);
    CHECK(arena_alloc(&a, 2'000) != NULL);
    CHECK_EQ(own.peak_bytes, 9'000);
    arena_reset(&a);
    pool_finish(&own);
}

static bool use_an_arena(void *context)
{
    struct pool own;
    struct arena a;
    pool_init(&own, 0);
    arena_init(&a, &own, 1 << 20);
    char *p = arena_alloc(&a, 200);
    if (p)
        strcpy(p, "kept");
    char *q = p ? arena_grow(&a, p, 200, 10'000) : NULL;
    bool good = q && arena_alloc(&a, 300'000) && strcmp(q, "kept") == 0;
    if (p && !q)
        CHECK(strcmp(p, "kept") == 0);
    CHECK(good || a.exhausted);
    arena_reset(&a);
    CHECK_EQ(own.used_bytes, 0);
    pool_finish(&own);
    return good;
}

TEST(each_allocation_may_fail)
{
    CHECK_EQ(test_alloc_failures(use_an_arena, NULL), 3);
}

struct holder {
    struct arena arena;
    char text[100];
};

TEST(an_arena_holds_itself)
{
    struct pool own;
    struct arena a;
    pool_init(&own, 0);
    struct holder *h = arena_hold(&a, &own, 1 << 16, sizeof *h);
    CHECK(h && h->text[99] == 0);
    if (h) {
        h->arena = a;
        CHECK(arena_alloc(&h->arena, 5000) != NULL);
        arena_release(&h->arena);
    }
    CHECK(arena_hold(&a, &own, 1024, 4096) == NULL);
    CHECK_EQ(own.used_bytes, 0);
    pool_finish(&own);
}

TEST_MAIN(T(alignment_and_distinct_addresses), T(a_small_arena_is_one_small_chunk),
    T(chunks_grow_with_the_arena), T(zalloc_clears_reused_memory), T(budget_is_kept),
    T(pool_limit_is_shared), T(absurd_sizes_are_refused), T(large_chunks_leave_the_pool),
    T(freed_chunks_are_used_again), T(blocks_grow_and_stay), T(the_pool_keeps_a_limited_amount),
    T(copies), T(grow_in_place_and_by_copy), T(growing_alone_gives_the_old_chunk_back),
    T(what_is_charged_counts), T(an_arena_holds_itself), T(each_allocation_may_fail))
