// SPDX-License-Identifier: Apache-2.0
// The countdown belongs to the thread: a test fails its own allocations and nobody else's, and the
// check needs no atomics.
#include "base/alloc.h"
#include <stdlib.h>
#include <sys/mman.h>

static _Thread_local uint64_t fail_countdown;
static _Thread_local bool fail_happened;

static bool alloc_must_fail(void)
{
    if (__builtin_expect(fail_countdown == 0, 1))
        return false;
    fail_happened = --fail_countdown == 0;
    return fail_happened;
}

void *base_malloc(size_t size)
{
    return alloc_must_fail() ? NULL : malloc(size ? size : 1);
}

void *base_calloc(size_t count, size_t size)
{
    return alloc_must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

// A size of 0 keeps one byte: realloc(p, 0) means different things in different C libraries.
void *base_realloc(void *old, size_t size)
{
    return alloc_must_fail() ? NULL : realloc(old, size ? size : 1);
}

void *base_malloc_huge(size_t size)
{
    if (size < ALLOC_HUGE_BYTES || size > PTRDIFF_MAX)
        return base_malloc(size);
    size_t whole = (size + ALLOC_HUGE_BYTES - 1) & ~((size_t)ALLOC_HUGE_BYTES - 1);
    void *memory = alloc_must_fail() ? NULL : aligned_alloc(ALLOC_HUGE_BYTES, whole);
    if (memory)
        (void)madvise(memory, whole, MADV_HUGEPAGE); // a wish; pages of 4 KiB do too
    return memory;
}

void base_free(void *memory)
{
    free(memory);
}

void alloc_fail_at(uint64_t n)
{
    fail_countdown = n;
    fail_happened = false;
}

bool alloc_has_failed(void)
{
    return fail_happened;
}
