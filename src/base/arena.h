// SPDX-License-Identifier: Apache-2.0
// Memory by lifetime. A pool keeps freed chunks of a worker for reuse; an arena takes chunks from
// it up to a budget and gives them all back at once. Nothing in an arena is freed alone.
// A pool and its arenas belong to one thread.
#pragma once
#include "base/bytes.h"

enum { POOL_CLASSES = 11 }; // chunks of 256 B, 512 B ... 256 KiB; larger ones come from malloc

struct pool {
    struct chunk *free[POOL_CLASSES];
    struct block *blocks; // newest first; chunks of the smaller classes are cut from them
    uint8_t *at, *end;    // uncut part of the newest block
    size_t used_bytes;    // in arenas now
    size_t kept_bytes;    // in free lists, without what lies in blocks
    size_t peak_bytes;    // most that was in arenas at once
    size_t limit_bytes;   // arenas fail past this; 0: no limit
};

struct arena {
    struct pool *pool;
    struct chunk *chunks; // newest first
    uint8_t *at, *end;    // free part of the newest chunk
    size_t used_bytes;    // chunk sizes taken from the pool
    size_t budget_bytes;  // taking more than this fails
    bool exhausted;       // a request was refused since the last reset
};

void pool_init(struct pool *pool, size_t limit_bytes);
void pool_finish(struct pool *pool);

// Memory that a library takes from elsewhere for what lives in an arena: counted as if it came from
// the pool. False: past the limit, and not counted. What was charged is given back before
// pool_finish().
[[nodiscard]] bool pool_charge(struct pool *pool, size_t size);
void pool_discharge(struct pool *pool, size_t size);

void arena_init(struct arena *arena, struct pool *pool, size_t budget_bytes);

// Memory aligned to 16 bytes, not cleared. NULL when the budget, the pool's limit or the machine
// is out of it; arena->exhausted is then set.
[[nodiscard]] void *arena_alloc(struct arena *arena, size_t size);
[[nodiscard]] void *arena_zalloc(struct arena *arena, size_t size);

// A fresh arena that is to stand in its own memory: its first allocation, cleared, is for whatever
// will hold it (x = arena_hold(&arena, …); x->arena = arena). NULL: out of memory, nothing is held.
[[nodiscard]] void *arena_hold(
    struct arena *arena, struct pool *pool, size_t budget_bytes, size_t size);

// Give back an arena that stands in its own memory, and so what holds it.
void arena_release(const struct arena *held);

// A copy of b that lives as long as the arena. {NULL, 0} when out of memory.
[[nodiscard]] struct bytes arena_copy(struct arena *arena, struct bytes b);

// A larger home for `old` (old_size bytes, may be NULL): grown in place when it was the last
// allocation, else copied. NULL: out of memory, `old` still valid.
[[nodiscard]] void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size);

// Give every chunk back; the arena stays usable and empty.
void arena_reset(struct arena *arena);
