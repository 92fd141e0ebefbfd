// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "proto/pieces.h"

static struct pool pool;
static struct arena arena;

static struct pieces begin(void)
{
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 256 * 1024);
    return (struct pieces){.data = NULL};
}

static void end(void)
{
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST(any_order)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    static const unsigned order[] = {3, 0, 4, 1, 1, 2, 5};
    struct pieces p = begin();
    for (size_t i = 0; i < 7; i++) {
        struct bytes part = bytes_sub(bytes_from_text(text), order[i] * 5, 5);
        CHECK_EQ(pieces_add(&p, &arena, order[i] * 5, part), PIECES_OK);
        if (i < 5)
            CHECK(pieces_front(&p).len < 26);
    }
    CHECK_TEXT(pieces_front(&p), text);
    CHECK_EQ(p.range_count, 1);
    pieces_clear(&p);
    CHECK_EQ(pieces_front(&p).len, 0);
    end();
}

TEST(overlap)
{
    struct pieces p = begin();
    CHECK_EQ(pieces_add(&p, &arena, 2, BYTES("cdef")), PIECES_OK);
    CHECK_EQ(pieces_front(&p).len, 0);
    CHECK_EQ(pieces_add(&p, &arena, 0, BYTES("abcd")), PIECES_OK);
    CHECK_EQ(pieces_add(&p, &arena, 4, BYTES("eXg")), PIECES_DIFFERENT);
    CHECK_TEXT(pieces_front(&p), "abcdef");
    end();
}

TEST(limits)
{
    struct pieces p = begin();
    for (uint64_t i = 0; i < PIECES_RANGES_MAX; i++)
        CHECK_EQ(pieces_add(&p, &arena, i * 4, BYTES("x")), PIECES_OK);
    CHECK_EQ(pieces_add(&p, &arena, 4000, BYTES("x")), PIECES_TOO_LONG);
    CHECK_EQ(pieces_add(&p, &arena, 1, BYTES("yyy")), PIECES_OK); // closes a hole
    CHECK_EQ(p.range_count, PIECES_RANGES_MAX - 1);
    CHECK_EQ(pieces_add(&p, &arena, PIECES_MAX_BYTES, BYTES("x")), PIECES_TOO_LONG);
    CHECK_EQ(pieces_add(&p, &arena, UINT64_MAX, BYTES("x")), PIECES_TOO_LONG);
    CHECK_EQ(pieces_add(&p, &arena, PIECES_MAX_BYTES - 1, BYTES("x")), PIECES_OK);
    end();
}

TEST(no_memory)
{
    struct pieces p = begin();
    struct arena small;
    arena_init(&small, &pool, 4096);
    CHECK_EQ(pieces_add(&p, &small, 0, BYTES("x")), PIECES_OK);
    CHECK_EQ(pieces_add(&p, &small, 9000, BYTES("x")), PIECES_NO_MEMORY);
    CHECK_TEXT(pieces_front(&p), "x");
    arena_reset(&small);
    end();
}

TEST_MAIN(T(any_order), T(overlap), T(limits), T(no_memory))
