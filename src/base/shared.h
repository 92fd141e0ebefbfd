// SPDX-License-Identifier: Apache-2.0
// A count of users for what is not changed any more and that several threads hold: whoever lets go
// last gives it back. And what is to be done once, by whoever comes first.
#pragma once
#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct shared {
    _Atomic uint32_t users;
};

static inline void shared_init(struct shared *shared)
{
    atomic_init(&shared->users, 1);
}

static inline void shared_hold(struct shared *shared)
{
    uint32_t before = atomic_fetch_add_explicit(&shared->users, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX);
}

// True: that was the last user, and everything the others did is visible.
[[nodiscard]] static inline bool shared_release(struct shared *shared)
{
    uint32_t before = atomic_fetch_sub_explicit(&shared->users, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

struct shared_once {
    _Atomic bool done;
};

// True for the first of all threads.
[[nodiscard]] static inline bool shared_first(struct shared_once *once)
{
    return !atomic_exchange_explicit(&once->done, true, memory_order_relaxed);
}
