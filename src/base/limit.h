// SPDX-License-Identifier: Apache-2.0
// How often the same thing may be said: LIMIT_BURST times in LIMIT_WINDOW_US, for up to LIMIT_IDS
// things at once; the one silent for longest is forgotten for a new one.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define LIMIT_WINDOW_US 10'000'000 // ten seconds
enum { LIMIT_BURST = 20, LIMIT_IDS = 64 };

struct limit_entry {
    uint64_t id; // 0: free
    int64_t start_us, last_us;
    uint32_t said;       // in this window
    uint64_t suppressed; // since something was said last
};

struct limit {
    struct limit_entry entries[LIMIT_IDS];
    uint64_t forgotten; // suppressed ones of entries that had to make room
};

// May `id` (not 0) be said at now_us? When it may, *suppressed is how many were not since.
bool limit_allow(struct limit *limit, uint64_t id, int64_t now_us, uint64_t *suppressed);

// How many were suppressed and have not been told by limit_allow().
uint64_t limit_untold(const struct limit *limit);
