// SPDX-License-Identifier: Apache-2.0
// The main thread's part of detection: hits of all workers in the order of packets are settled;
// each that holds becomes an alert record at its place and part of a finding.
#pragma once
#include "cmd/detection.h"
#include "correlate/correlate.h"
#include "detect/detect.h"

struct alerts;

struct alerts_options {
    const struct config *config;
    struct detection *detection; // NULL: nothing is looked for; alerts of logs are findings still
    void (*write)(struct json *out, const struct record *record); // NULL: alerts are not written
    bool zeek;                                                    // these are lines of Zeek's logs
    int findings_fd;   // where findings go as lines of JSON; -1: nowhere
    int incidents_fd;  // and incidents
    int separation_fd; // and the proof of separation
    struct metrics *metrics;
};

// options lives as long as the alerts. NULL: out of memory.
[[nodiscard]] struct alerts *alerts_create(const struct alerts_options *options);
void alerts_destroy(struct alerts *alerts);

// Settle a hit. What is written of it goes to `out`.
void alerts_take(struct alerts *alerts, const struct hit *hit, struct json *out);

// A record in its order, and which behaviours want to see it (behaviours_want).
void alerts_watch(struct alerts *alerts, const struct record *record, uint64_t wanting);

// There are no more hits: what waits for the end of its time is told. What is written goes to
// `out`.
void alerts_settle(struct alerts *alerts, struct json *out);

// A flow is over. Has it alerted?
[[nodiscard]] bool alerts_flow_ends(struct alerts *alerts, uint64_t flow_id);

// Lines of records, of which the last is that of a flow that has alerted: it says so.
void alerts_flow_mark(struct bytes lines, struct json *out);

// Nothing more comes: write findings and incidents. Returns errno, 0 when all went well.
[[nodiscard]] int alerts_end(struct alerts *alerts);

// Alert records written.
uint64_t alerts_written(const struct alerts *alerts);

// What the summary tells of, which the caller destroys. behaviours: NULL: switched off.
struct findings *alerts_findings(struct alerts *alerts);
struct incidents *alerts_incidents(struct alerts *alerts);
struct behaviours *alerts_behaviours(struct alerts *alerts);
