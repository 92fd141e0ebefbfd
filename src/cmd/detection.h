// SPDX-License-Identifier: Apache-2.0
// Everything that knows what evil looks like, as one run uses it: loaded before the first packet,
// asked by each worker, and settled in the order of packets by the main thread.
//
// How a source of hits (rules/, intel/, sigma/, YARA in file/) is wired in, all in detection.c:
//   1. a member of struct content for what it loads and what settles its hits (content.c); of
//      struct detection for what is not loaded anew;
//   2. a member of struct detection_worker for its state in one worker; made in
//      detection_worker_create(); those that look at records are called in detection_record();
//   3. its hits go to worker->sink; those with a `settle` come back in detection_settle(), which
//      knows the source by what its detector's id begins with.
#pragma once
#include "cmd/voice.h"
#include "schema/config.h"
#include "schema/hit.h"

enum { DETECTION_PATHS = 64 };

struct detection_paths {
    const char *paths[DETECTION_PATHS];
    size_t count;
};

// What the command line names; the configuration may name more.
struct detection_options {
    struct detection_paths rules, intel, sigma, yara;
};

// How much was loaded: what was looked for.
struct detection_loaded {
    uint64_t rules, indicators, sigma, yara, behaviours;
    uint64_t refused; // rules, indicators… that could not be used; each was told
};

struct content;
struct detection;
struct flow_table;
struct metrics;
struct pool;
struct proto_engine;

// CMD_DONE, or why not, told on standard error: CMD_USAGE for a path that cannot be read.
// *out NULL: nothing is to be looked for.
[[nodiscard]] enum cmd_exit detection_load(const struct detection_options *options,
    const struct config *config, struct voice voice, struct detection **out);
// Nothing but a set of rules, whose costs are counted: one a rule, one worker. NULL: out of memory.
struct rule_cost;
struct rule_set;
[[nodiscard]] struct detection *detection_of_rules(
    const struct config *config, struct rule_set *set, struct rule_cost *costs);
void detection_destroy(struct detection *detection);

struct detection_loaded detection_loaded(const struct detection *detection);

// Main thread, hits in the order of packets: those that hold go on to the sink.
void detection_settle(
    struct detection *detection, const struct hit *hit, hit_sink *sink, void *context);

// What scans files for one worker; given back with file_scan_destroy. *out NULL: files are not
// scanned. False: out of memory.
struct file_scan;
struct metrics;
[[nodiscard]] bool detection_scan(const struct detection *detection, unsigned workers,
    struct metrics *metrics, struct file_scan **out);

// There are no more hits: what waits for the end of its time is told.
void detection_end(
    struct detection *detection, struct metrics *metrics, hit_sink *sink, void *context);

// What is to be looked for in the batch that comes next, held for the caller; NULL: nothing.
struct content *detection_content(struct detection *detection);
void detection_let_go(struct detection *detection, struct content *content);

// Main thread: the hits that come next are of that content.
void detection_settle_as(struct detection *detection, struct content *content);

// ---- one a worker

struct detection_worker;

// What a worker has already; borrowed, and outlives the detection_worker.
struct detection_seat {
    unsigned index;
    const struct config *config;
    struct pool *pool;
    struct metrics *metrics;
    struct proto_engine *engine;
    struct flow_table *flows;
    hit_sink *sink; // gets what its detectors see, whenever they do
    void *context;
};

// NULL: out of memory.
[[nodiscard]] struct detection_worker *detection_worker_create(
    struct detection *detection, const struct detection_seat *seat);
void detection_worker_destroy(struct detection_worker *worker);

// The content of the batch that comes next. False: out of memory, the former stays.
[[nodiscard]] bool detection_take(struct detection_worker *worker, struct content *content);

// A packet with anomalies of its headers.
struct decoded;
void detection_packet(struct detection_worker *worker, const struct decoded *packet);

// A record about to be written.
void detection_record(struct detection_worker *worker, const struct record *record);
