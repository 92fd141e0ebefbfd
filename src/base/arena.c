// SPDX-License-Identifier: Apache-2.0
// A chunk is a header and a body. Small chunks are cut from blocks, which stay with the pool;
// larger ones come from malloc. Chunks whose size is exactly a class size go back to the free list
// of their size_class, others to malloc. An arena's chunks grow with what it already holds, so that
// a flow with little state costs 256 bytes and a batch does not walk thousands of chunks. Under
// AddressSanitizer everything not handed out is poisoned.
#include "base/arena.h"
#include "base/alloc.h"
#include <assert.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len)   ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

enum {
    ALIGNMENT = 16,
    SMALLEST_CHUNK_BITS = 8,
    SMALLEST_CHUNK_BYTES = 1 << SMALLEST_CHUNK_BITS,
    POOL_KEEP_BYTES = 8 * 1024 * 1024, // of chunks from malloc, free lists hold no more than this
    BLOCK_CLASSES = 6,                 // the smallest ones, up to 8 KiB, cut from blocks
    FIRST_BLOCK_BYTES = 32 * 1024,     // doubling up to ALLOC_HUGE_BYTES
};

struct block {
    struct block *next;
    size_t size; // with this header
};

struct chunk {
    struct chunk *next;
    size_t size; // with this header
};
_Static_assert(sizeof(struct chunk) == ALIGNMENT, "the body of a chunk is aligned");

static size_t class_bytes(int size_class)
{
    return (size_t)SMALLEST_CHUNK_BYTES << size_class;
}

// Smallest class that holds `size` bytes, POOL_CLASSES when none does.
static int class_for(size_t size)
{
    if (size <= SMALLEST_CHUNK_BYTES)
        return 0;
    int size_class = 64 - __builtin_clzl(size - 1) - SMALLEST_CHUNK_BITS;
    return size_class < POOL_CLASSES ? size_class : POOL_CLASSES;
}

static uint8_t *chunk_body(struct chunk *chunk)
{
    return (uint8_t *)(chunk + 1);
}

static uint8_t *chunk_end(struct chunk *chunk)
{
    return (uint8_t *)chunk + chunk->size;
}

void pool_init(struct pool *pool, size_t limit_bytes)
{
    *pool = (struct pool){.limit_bytes = limit_bytes};
}

// Cut a chunk of a small class from the newest block, or from a new one.
static struct chunk *block_cut(struct pool *pool, size_t size)
{
    if ((size_t)(pool->end - pool->at) < size) {
        size_t room = pool->blocks ? 2 * pool->blocks->size : FIRST_BLOCK_BYTES;
        room = room > ALLOC_HUGE_BYTES ? ALLOC_HUGE_BYTES : room;
        struct block *block = base_malloc_huge(room);
        if (!block)
            return NULL;
        *block = (struct block){pool->blocks, room};
        pool->blocks = block;
        pool->at = (uint8_t *)block + ALIGNMENT;
        pool->end = (uint8_t *)block + room;
        ASAN_POISON_MEMORY_REGION(pool->at, room - ALIGNMENT);
    }
    struct chunk *chunk = (struct chunk *)(void *)pool->at;
    pool->at += size;
    ASAN_UNPOISON_MEMORY_REGION(chunk, sizeof *chunk);
    return chunk;
}

static void blocks_free(struct pool *pool)
{
    struct block *next;
    for (struct block *block = pool->blocks; block; block = next) {
        next = block->next;
        ASAN_UNPOISON_MEMORY_REGION(block, block->size);
        base_free(block);
    }
}

static void chunk_free(struct chunk *chunk)
{
    ASAN_UNPOISON_MEMORY_REGION(chunk, chunk->size);
    base_free(chunk);
}

void pool_finish(struct pool *pool)
{
    assert(pool->used_bytes == 0); // an arena outlives its pool
    for (int size_class = BLOCK_CLASSES; size_class < POOL_CLASSES; size_class++) {
        struct chunk *next;
        for (struct chunk *chunk = pool->free[size_class]; chunk; chunk = next) {
            next = chunk->next;
            chunk_free(chunk);
        }
    }
    blocks_free(pool);
    *pool = (struct pool){.limit_bytes = pool->limit_bytes};
}

static bool pool_allows(const struct pool *pool, size_t size)
{
    return pool->limit_bytes == 0 ||
           (size <= pool->limit_bytes && pool->used_bytes <= pool->limit_bytes - size);
}

static void pool_count(struct pool *pool, size_t size)
{
    pool->used_bytes += size;
    if (pool->used_bytes > pool->peak_bytes)
        pool->peak_bytes = pool->used_bytes;
}

bool pool_charge(struct pool *pool, size_t size)
{
    if (!pool_allows(pool, size))
        return false;
    pool_count(pool, size);
    return true;
}

void pool_discharge(struct pool *pool, size_t size)
{
    assert(pool->used_bytes >= size);
    pool->used_bytes -= size;
}

// A chunk of exactly `size` bytes, from the free list when it is a class size.
static struct chunk *pool_take(struct pool *pool, size_t size)
{
    int size_class = class_for(size);
    bool classed = size_class < POOL_CLASSES && class_bytes(size_class) == size;
    struct chunk *chunk = classed ? pool->free[size_class] : NULL;
    if (chunk) {
        pool->free[size_class] = chunk->next;
        if (size_class >= BLOCK_CLASSES)
            pool->kept_bytes -= size;
    } else {
        bool small = classed && size_class < BLOCK_CLASSES;
        chunk = small ? block_cut(pool, size) : base_malloc(size);
        if (!chunk)
            return NULL;
        chunk->size = size;
        ASAN_POISON_MEMORY_REGION(chunk_body(chunk), size - sizeof *chunk);
    }
    pool_count(pool, size);
    return chunk;
}

static void pool_give(struct pool *pool, struct chunk *chunk)
{
    int size_class = class_for(chunk->size);
    bool classed = size_class < POOL_CLASSES && class_bytes(size_class) == chunk->size;
    bool small = classed && size_class < BLOCK_CLASSES;
    pool->used_bytes -= chunk->size;
    if (!small && (!classed || pool->kept_bytes + chunk->size > POOL_KEEP_BYTES)) {
        chunk_free(chunk);
        return;
    }
    ASAN_POISON_MEMORY_REGION(chunk_body(chunk), chunk->size - sizeof *chunk);
    chunk->next = pool->free[size_class];
    pool->free[size_class] = chunk;
    if (!small)
        pool->kept_bytes += chunk->size;
}

void arena_init(struct arena *arena, struct pool *pool, size_t budget_bytes)
{
    *arena = (struct arena){.pool = pool, .budget_bytes = budget_bytes};
}

// What a request takes; 0 when it is larger than any memory. An empty request takes some too, so
// that every allocation has its own address.
static size_t request_bytes(size_t size)
{
    if (size > PTRDIFF_MAX - 2 * ALIGNMENT)
        return 0;
    return size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
}

static struct chunk *arena_take(struct arena *arena, size_t size)
{
    bool affordable =
        size <= arena->budget_bytes && arena->used_bytes <= arena->budget_bytes - size;
    if (!affordable || !pool_allows(arena->pool, size))
        return NULL;
    return pool_take(arena->pool, size);
}

// A new chunk with room for `need`: half as large again as the arena is, else the class that
// fits, else, close to the budget's end, exactly what is needed.
static bool arena_extend(struct arena *arena, size_t need)
{
    size_t exact = need + sizeof(struct chunk);
    size_t half = arena->used_bytes / 2;
    int fitting = class_for(exact);
    int largest = POOL_CLASSES - 1;
    int size_class = half < class_bytes(largest) ? class_for(half) : largest;
    struct chunk *chunk = NULL;
    if (size_class > fitting)
        chunk = arena_take(arena, class_bytes(size_class));
    if (!chunk && fitting < POOL_CLASSES)
        chunk = arena_take(arena, class_bytes(fitting));
    if (!chunk)
        chunk = arena_take(arena, exact);
    if (!chunk)
        return false;
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used_bytes += chunk->size;
    arena->at = chunk_body(chunk);
    arena->end = chunk_end(chunk);
    return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t need = request_bytes(size);
    bool fits = need > 0 && need <= (size_t)(arena->end - arena->at);
    if (!fits && (need == 0 || !arena_extend(arena, need))) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = arena->at;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    arena->at += need;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
    void *memory = arena_alloc(arena, size);
    return memory ? memset(memory, 0, size) : NULL;
}

struct bytes arena_copy(struct arena *arena, struct bytes b)
{
    if (!b.data)
        return (struct bytes){NULL, 0};
    void *copy = arena_alloc(arena, b.len);
    if (!copy)
        return (struct bytes){NULL, 0};
    memcpy(copy, b.data, b.len);
    return bytes_make(copy, b.len);
}

// The last allocation has the newest chunk to itself: that chunk is replaced by a larger one and
// goes back, so that a buffer that doubles never holds more than it needs.
static void *arena_replace(struct arena *arena, size_t old_size, size_t new_size)
{
    struct chunk *old = arena->chunks;
    uint8_t *at = arena->at, *end = arena->end;
    arena->chunks = old->next;
    arena->used_bytes -= old->size;
    arena->pool->used_bytes -= old->size;
    arena->at = arena->end = NULL;
    void *memory = arena_alloc(arena, new_size);
    arena->pool->used_bytes += old->size; // pool_give takes it off again
    if (memory) {
        memcpy(memory, chunk_body(old), old_size);
        pool_give(arena->pool, old);
        return memory;
    }
    arena->chunks = old;
    arena->used_bytes += old->size;
    arena->at = at;
    arena->end = end;
    return NULL;
}

void *arena_grow(struct arena *arena, void *old, size_t old_size, size_t new_size)
{
    if (!old)
        return arena_alloc(arena, new_size);
    if (new_size <= old_size)
        return old;
    size_t had = request_bytes(old_size), need = request_bytes(new_size);
    bool last = arena->chunks && (uint8_t *)old + had == arena->at;
    if (last && need > 0 && need - had <= (size_t)(arena->end - arena->at)) {
        arena->at += need - had;
        ASAN_UNPOISON_MEMORY_REGION(old, new_size);
        return old;
    }
    if (last && (uint8_t *)old == chunk_body(arena->chunks))
        return arena_replace(arena, old_size, new_size);
    void *memory = arena_alloc(arena, new_size);
    return memory ? memcpy(memory, old, old_size) : NULL;
}

void arena_reset(struct arena *arena)
{
    struct chunk *next;
    for (struct chunk *chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        pool_give(arena->pool, chunk);
    }
    arena_init(arena, arena->pool, arena->budget_bytes);
}

void *arena_hold(struct arena *arena, struct pool *pool, size_t budget_bytes, size_t size)
{
    arena_init(arena, pool, budget_bytes);
    void *holder = arena_zalloc(arena, size);
    if (!holder)
        arena_reset(arena);
    return holder;
}

void arena_release(const struct arena *held)
{
    struct arena arena = *held;
    arena_reset(&arena);
}
