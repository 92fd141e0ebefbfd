// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/test.h"
#include "base/test_alloc.h"

TEST(empty_sizes_give_memory)
{
    void *a = base_malloc(0), *b = base_calloc(0, 8);
    CHECK(a != NULL && b != NULL && a != b);
    a = base_realloc(a, 0);
    CHECK(a != NULL);
    base_free(a);
    base_free(b);
    base_free(NULL);
}

TEST(absurd_sizes_fail)
{
    volatile size_t many = SIZE_MAX / 2 + 2; // times two: wraps to 2
    CHECK(base_calloc(many, 2) == NULL);
}

TEST(the_nth_fails_once)
{
    alloc_fail_at(2);
    void *a = base_malloc(1);
    CHECK(a != NULL && !alloc_has_failed());
    void *kept = a;
    CHECK(base_realloc(kept, 100) == NULL);
    CHECK(alloc_has_failed());
    void *b = base_calloc(1, 1);
    CHECK(b != NULL);
    CHECK(alloc_has_failed());
    alloc_fail_at(0);
    CHECK(!alloc_has_failed());
    base_free(a);
    base_free(b);
}

static bool three_allocations(void *context)
{
    int *runs = context;
    ++*runs;
    void *a = base_malloc(1), *b = a ? base_malloc(1) : NULL, *c = b ? base_calloc(1, 1) : NULL;
    base_free(a);
    base_free(b);
    base_free(c);
    return c != NULL;
}

TEST(each_is_failed_in_turn)
{
    int runs = 0;
    CHECK_EQ(test_alloc_failures(three_allocations, &runs), 3);
    CHECK_EQ(runs, 4);
}

TEST_MAIN(T(empty_sizes_give_memory), T(absurd_sizes_fail), T(the_nth_fails_once),
    T(each_is_failed_in_turn))
