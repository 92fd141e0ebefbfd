// SPDX-License-Identifier: Apache-2.0
// After what network hunters have measured for years: jitter leaves the intervals symmetric and
// near their median, people do not. Quantiles are used, so that a pause or a lost connection spoils
// nothing.
#include "behaviour/rhythm.h"
#include "base/hash.h"
#include <stdlib.h>

enum {
    SIZE_SPREAD = 64, // bytes; a deviation of that many from the median is no likeness any more
    FINE_PARTS = 10,  // of the median: quartiles within one are at the same place
    EVEN_ENOUGH_MS = 1000, // intervals are never told apart more finely
    PERCENT_TIMES = 50,
    PERCENT_SIZES = 20,
    PERCENT_SLOTS = 30,
};

static void fold(struct rhythm *r)
{
    for (size_t i = 0; i < RHYTHM_SLOTS / 2; i++)
        r->slots[i] = (uint16_t)(r->slots[2 * i] | r->slots[2 * i + 1]);
    memset(&r->slots[RHYTHM_SLOTS / 2], 0, sizeof r->slots / 2);
    r->slot_s *= 2;
}

static uint32_t slot_of(const struct rhythm *r, int64_t time_us)
{
    int64_t slot = (time_us - r->first_us) / 1'000'000 / r->slot_s;
    return slot < 0 ? 0 : (uint32_t)slot;
}

static void sample(struct rhythm *r, int64_t interval_us, uint64_t size)
{
    uint32_t intervals = r->count - 2; // before this one
    uint64_t at = intervals < RHYTHM_SAMPLES ? intervals : hash_mix(intervals) % (intervals + 1);
    if (at >= RHYTHM_SAMPLES)
        return;
    uint64_t ms = interval_us < 0 ? 0 : (uint64_t)interval_us / 1000;
    r->intervals_ms[at] = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
    r->sizes[at] = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}

void rhythm_add(struct rhythm *rhythm, int64_t time_us, uint64_t size)
{
    if (rhythm->count++ == 0) {
        rhythm->first_us = rhythm->last_us = time_us;
        rhythm->slot_s = 1;
        rhythm->slots[0] = 1;
        return;
    }
    sample(rhythm, time_us - rhythm->last_us, size);
    if (time_us > rhythm->last_us)
        rhythm->last_us = time_us;
    while (slot_of(rhythm, time_us) >= RHYTHM_SLOTS)
        fold(rhythm);
    rhythm->slots[slot_of(rhythm, time_us)] = 1;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// The deviation of the middle one from the median of sorted values.
static double deviation(const uint32_t *values, size_t n, double median)
{
    uint32_t away[RHYTHM_SAMPLES];
    for (size_t i = 0; i < n; i++) {
        double d = (double)values[i] - median;
        away[i] = (uint32_t)(d < 0 ? -d : d);
    }
    qsort(away, n, sizeof *away, by_value);
    return away[n / 2];
}

static double within(double value)
{
    return value < 0 ? 0 : value > 1 ? 1 : value;
}

// Half for how symmetric the quartiles lie, half for how near the median the values are.
static double likeness(uint32_t *values, size_t n, double scale, double least)
{
    qsort(values, n, sizeof *values, by_value);
    double low = values[n / 4], median = values[n / 2], high = values[n * 3 / 4];
    double fine = median / FINE_PARTS > least ? median / FINE_PARTS : least;
    double skew = high - low > fine ? (low + high - 2 * median) / (high - low) : 0;
    double unit = scale > 0 ? scale : median > least ? median : least;
    double near = within(1 - deviation(values, n, median) / unit);
    // what is all over the place is not made regular by being so on both sides
    return near * 0.5 + within(1 - (skew < 0 ? -skew : skew)) * 0.5 * (near > 0.3 ? 1 : near);
}

// How many of the slots between first and last were used, of those that could have been.
static double evenness(const struct rhythm *r)
{
    uint32_t span = slot_of(r, r->last_us) + 1, used = 0;
    for (uint32_t i = 0; i < span && i < RHYTHM_SLOTS; i++)
        used += r->slots[i] > 0;
    uint32_t could = r->count < span ? r->count : span;
    return (double)used / could;
}

unsigned rhythm_score(const struct rhythm *rhythm, uint32_t *typical_ms)
{
    uint32_t intervals[RHYTHM_SAMPLES], sizes[RHYTHM_SAMPLES];
    size_t n = rhythm->count - 1 < RHYTHM_SAMPLES ? rhythm->count - 1 : RHYTHM_SAMPLES;
    *typical_ms = 0;
    if (rhythm->count < 2)
        return 0;
    memcpy(intervals, rhythm->intervals_ms, n * sizeof *intervals);
    memcpy(sizes, rhythm->sizes, n * sizeof *sizes);
    double times = likeness(intervals, n, 0, EVEN_ENOUGH_MS),
           alike = likeness(sizes, n, SIZE_SPREAD, 1);
    *typical_ms = intervals[n / 2];
    return (unsigned)(PERCENT_TIMES * times + PERCENT_SIZES * alike +
                      PERCENT_SLOTS * evenness(rhythm) + 0.5);
}
