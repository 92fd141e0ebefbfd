// SPDX-License-Identifier: Apache-2.0
// How many different things were seen: exact while they are few, then a HyperLogLog sketch in the
// same room (standard error 6.5 %). The same things give the same number in every run.
#pragma once
#include "base/bytes.h"

enum { DISTINCT_EXACT = 32, DISTINCT_REGISTERS = 256 };

struct distinct {
    uint16_t count; // while exact
    bool sketched;
    union {
        uint64_t seen[DISTINCT_EXACT];
        uint8_t registers[DISTINCT_REGISTERS];
    };
};

// True: it was not there, or most likely not.
bool distinct_add(struct distinct *distinct, struct bytes thing);
uint32_t distinct_count(const struct distinct *distinct);
