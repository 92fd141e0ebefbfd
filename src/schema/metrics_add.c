// SPDX-License-Identifier: Apache-2.0
// struct metrics as the array of numbers it is: the generated file asserts that layout.
#include "schema/metrics.h"
#include <assert.h>

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t metric_value(const struct metrics *m, size_t i)
{
    assert(i < METRICS);
    uint64_t value;
    memcpy(&value, (const char *)m + i * sizeof value, sizeof value);
    return value;
}

void metrics_add(struct metrics *to, const struct metrics *from)
{
    for (size_t i = 0; i < METRICS; i++) {
        uint64_t a = metric_value(to, i), b = metric_value(from, i);
        uint64_t both = metric_is_peak(i) ? (a > b ? a : b) : sum(a, b);
        memcpy((char *)to + i * sizeof both, &both, sizeof both);
    }
    for (size_t i = 0; i < ANOMALIES; i++)
        to->anomalies[i] = sum(to->anomalies[i], from->anomalies[i]);
}

void metrics_write_json(struct json *j, const struct metrics *m)
{
    json_open(j, '{');
    metrics_write_members(j, m);
    json_close(j, '}');
}
