// SPDX-License-Identifier: Apache-2.0
// The only way to heap memory, so that a test can make any one allocation fail. Callers handle
// NULL; nothing here aborts or logs.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

[[nodiscard]] void *base_malloc(size_t size);
[[nodiscard]] void *base_calloc(size_t count, size_t size);
[[nodiscard]] void *base_realloc(void *old, size_t size);
void base_free(void *memory);

// For what lives long and is read at random (tables, slabs): from 2 MiB on in huge pages where the
// kernel has them, which spares most TLB misses. Not cleared; give back with base_free.
enum { ALLOC_HUGE_BYTES = 2 * 1024 * 1024 };
[[nodiscard]] void *base_malloc_huge(size_t size);

// For tests: the n-th allocation of this thread from now on fails, once; 0: none does.
void alloc_fail_at(uint64_t n);

// For tests: true when the failure asked for has happened.
bool alloc_has_failed(void);
