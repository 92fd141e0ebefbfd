// SPDX-License-Identifier: Apache-2.0
// Ring of pointers from one thread to one other, without locks. Each side keeps its own copy of the
// other's position and reads the shared one only when the copy says full or empty; positions of the
// two sides lie in different cache lines.
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { RING_LINE_BYTES = 64 };

struct ring {
    void **slots;
    size_t mask;
    char line_0[RING_LINE_BYTES];
    _Atomic size_t put; // written by the producer: how many were put in
    size_t got_seen;    // the producer's copy of `got`
    char line_1[RING_LINE_BYTES];
    _Atomic size_t got; // written by the consumer: how many were taken out
    size_t put_seen;    // the consumer's copy of `put`
    char line_2[RING_LINE_BYTES];
};

// `room` is a power of two. False: out of memory.
[[nodiscard]] bool ring_init(struct ring *ring, size_t room);
void ring_finish(struct ring *ring);

// Producer only. False: full. What was written to *item before is visible to who gets it.
[[nodiscard]] static inline bool ring_put(struct ring *ring, void *item)
{
    size_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
    if (put - ring->got_seen > ring->mask) {
        ring->got_seen = atomic_load_explicit(&ring->got, memory_order_acquire);
        if (put - ring->got_seen > ring->mask)
            return false;
    }
    ring->slots[put & ring->mask] = item;
    atomic_store_explicit(&ring->put, put + 1, memory_order_release);
    return true;
}

// Consumer only. NULL: empty.
[[nodiscard]] static inline void *ring_get(struct ring *ring)
{
    size_t got = atomic_load_explicit(&ring->got, memory_order_relaxed);
    if (got == ring->put_seen) {
        ring->put_seen = atomic_load_explicit(&ring->put, memory_order_acquire);
        if (got == ring->put_seen)
            return NULL;
    }
    void *item = ring->slots[got & ring->mask];
    atomic_store_explicit(&ring->got, got + 1, memory_order_release);
    return item;
}
