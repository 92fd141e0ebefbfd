// SPDX-License-Identifier: Apache-2.0
// HyperLogLog after Flajolet and others (2007), with linear counting while many registers are
// empty.
#include "behaviour/distinct.h"
#include "base/alloc.h"
#include "base/hash.h"
#include <math.h>

enum { REGISTER_BITS = 8 }; // of a hash choose the register

static const uint64_t fixed_seed = 0x7961'6775'7261'3131U;

static bool sketch(struct distinct *d, uint64_t hash)
{
    uint8_t *at = &d->registers[hash >> (64 - REGISTER_BITS)];
    uint64_t rest = hash << REGISTER_BITS | 1U << (REGISTER_BITS - 1); // so that it is not 0
    uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    if (rank <= *at)
        return false;
    *at = rank;
    return true;
}

static void begin_sketch(struct distinct *d)
{
    uint64_t seen[DISTINCT_EXACT];
    memcpy(seen, d->seen, sizeof seen);
    memset(d->registers, 0, DISTINCT_REGISTERS);
    d->sketched = true;
    for (size_t i = 0; i < DISTINCT_EXACT; i++)
        sketch(d, seen[i]);
}

static const uint64_t *seen_of(const struct distinct *d)
{
    return d->count > 1 ? d->seen : &d->only;
}

// Twice the room, when it is full. False: out of memory.
static bool make_room(struct distinct *d)
{
    if (d->count == 0 || (d->count & (d->count - 1)) != 0)
        return true;
    uint64_t *room =
        base_realloc(d->count > 1 ? d->seen : NULL, (size_t)d->count * 2 * sizeof *room);
    if (!room)
        return false;
    if (d->count == 1)
        room[0] = d->only;
    d->seen = room;
    return true;
}

bool distinct_add(struct distinct *distinct, struct bytes thing)
{
    uint64_t hash = hash_bytes(thing, fixed_seed);
    const uint64_t *seen = seen_of(distinct);
    for (uint16_t i = 0; !distinct->sketched && i < distinct->count; i++)
        if (seen[i] == hash)
            return false;
    if (!distinct->sketched && distinct->count == DISTINCT_EXACT)
        begin_sketch(distinct);
    if (distinct->sketched)
        return sketch(distinct, hash);
    if (!make_room(distinct))
        return false;
    *(distinct->count ? &distinct->seen[distinct->count] : &distinct->only) = hash;
    distinct->count++;
    return true;
}

uint32_t distinct_count(const struct distinct *distinct)
{
    if (!distinct->sketched)
        return distinct->count;
    double sum = 0, m = DISTINCT_REGISTERS;
    unsigned empty = 0;
    for (size_t i = 0; i < DISTINCT_REGISTERS; i++) {
        sum += 1 / (double)(1ULL << distinct->registers[i]);
        empty += distinct->registers[i] == 0;
    }
    double estimate = 0.7182725932495458 * m * m / sum; // alpha of 256 registers
    if (estimate < 2.5 * m && empty)
        estimate = m * log(m / empty);
    return (uint32_t)lround(estimate);
}

void distinct_clear(struct distinct *distinct)
{
    if (distinct->count > 1)
        base_free(distinct->seen);
    *distinct = (struct distinct){.count = 0};
}
