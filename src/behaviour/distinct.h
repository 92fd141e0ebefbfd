// SPDX-License-Identifier: Apache-2.0
// How many different things were seen: exact while they are few, then a HyperLogLog sketch in the
// same room (standard error 6.5 %). The same things give the same number in every run.
#pragma once
#include "base/bytes.h"

enum { DISTINCT_EXACT = 32, DISTINCT_REGISTERS = 256 };

// All zero: nothing was seen.
struct distinct {
    uint16_t count; // while exact
    bool sketched;
    union {
        uint64_t only;      // while there is one
        uint64_t *seen;     // room for a power of two
        uint8_t *registers; // in the same room, once it is full
    };
};
_Static_assert(DISTINCT_EXACT * sizeof(uint64_t) == DISTINCT_REGISTERS, "the same room");

// True: it was not there, or most likely not.
bool distinct_add(struct distinct *distinct, struct bytes thing);
uint32_t distinct_count(const struct distinct *distinct);

// Frees what it holds.
void distinct_clear(struct distinct *distinct);
