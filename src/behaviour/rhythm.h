// SPDX-License-Identifier: Apache-2.0
// How regular are the times at which something happens, and how alike its sizes? A sample of the
// intervals and sizes is kept, and how evenly the times fill their span.
#pragma once
#include "base/bytes.h"

enum { RHYTHM_SAMPLES = 64, RHYTHM_SLOTS = 32 };

struct rhythm {
    int64_t first_us, last_us;
    uint32_t count;                        // times
    uint32_t intervals_ms[RHYTHM_SAMPLES]; // a sample of all, each as likely as any other
    uint32_t sizes[RHYTHM_SAMPLES];        // of the same moments
    uint32_t slot_s;              // width of a slot; doubles whenever the span outgrows them
    uint16_t slots[RHYTHM_SLOTS]; // times in each, from the first on
};

// Times may come a little out of order.
void rhythm_add(struct rhythm *rhythm, int64_t time_us, uint64_t size);

// 0 to 100; *typical_ms: the median of the intervals.
unsigned rhythm_score(const struct rhythm *rhythm, uint32_t *typical_ms);
