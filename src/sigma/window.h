// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: what a correlation has seen of one group within its time span.
#pragma once
#include "sigma/correlation.h"

struct window_event {
    int64_t time_us;
    uint64_t hash;   // of the counted field's value
    double number;   // that value
    int64_t from_us; // of ordered ones: when the chain that ends here began
    uint32_t member;
};

struct window {
    struct window_event *events; // oldest first
    size_t count, room;
};

// One event more; what is older than the time span goes. False: out of memory, or there is no room.
bool window_add(struct window *window, const struct sigma_correlation *k,
    const struct window_event *event, size_t *grown_bytes);

// Whether what is there fulfils the condition; *value: what was held against it.
bool window_holds(const struct window *window, const struct sigma_correlation *k, double *value);
