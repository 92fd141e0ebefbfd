// SPDX-License-Identifier: Apache-2.0
// The main thread's part of detection: hits of all workers in the order of packets are settled;
// each that holds becomes an alert record at its place and part of a finding.
#pragma once
#include "cmd/detection.h"

struct alerts;

// write: a record in the run's format; NULL: alerts are not written. NULL: out of memory.
[[nodiscard]] struct alerts *alerts_create(struct detection *detection,
    void (*write)(struct json *out, const struct record *record), struct metrics *metrics);
void alerts_destroy(struct alerts *alerts);

// Settle a hit. What is written of it goes to `out`.
void alerts_take(struct alerts *alerts, const struct hit *hit, struct json *out);

// Lines of records whose last is a flow's, as they are, or with that flow marked as alerted.
void alerts_flow(struct alerts *alerts, uint64_t flow_id, struct bytes lines, struct json *out);

// Alert records written.
uint64_t alerts_written(const struct alerts *alerts);
