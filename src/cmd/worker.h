// SPDX-License-Identifier: Apache-2.0
// One worker: the flows whose outermost address pair falls to it, their parsers, their records.
#pragma once
#include "base/gate.h"
#include "base/json.h"
#include "cmd/detection.h"
#include "cmd/summary.h"
#include "decode/decode.h"
#include "flow/flow.h"
#include "proto/proto.h"
#include "schema/segment.h"

enum {
    WORKERS_MAX = 64,
    ANOMALIES_A_BATCH = 16, // decoder anomalies of one kind written of one batch
};

enum mark_kind { MARK_RECORD, MARK_FLOW, MARK_HIT, MARK_WATCHED };

// A record or a hit in an output: its place among those of all workers. Before it, from the last
// mark's end to its own, stands text: the record's, of a hit what was written before it came.
struct output_mark {
    uint64_t order;
    size_t end;
    enum mark_kind kind;
    union {
        uint64_t flow_id;      // of a flow that ended, whose record tells whether it was alerted
        const struct hit *hit; // in the output's arena
        const struct record *watched; // likewise: a record that behaviours want to see in order
    };
    uint64_t wanting; // of a watched record: who wants to see it (behaviours_want)
};

// Records of one worker over one batch, as lines, in their order. When many flows end at once they
// are given away in parts: whoever merges them takes each before the next one is filled.
struct output {
    struct json text;
    struct output_mark *marks;
    size_t marks_count, marks_room;
    struct pool pool;
    struct arena hits;
    bool failed;       // out of memory: records were lost, which the run must report
    bool last;         // part of this batch
    struct gate given; // parts filled
    struct gate taken; // parts merged
    uint64_t parts;    // filled, as the worker counts
    uint64_t merged;   // as who merges counts
};

// A batch on its way: packets, what they decode to, what the workers make of it.
struct slot {
    struct packet_batch batch;
    struct decoded decoded[BATCH_PACKETS];
    uint64_t first_order;    // index of its first packet in the whole input
    int64_t now_us;          // packet time after its last packet
    uint64_t flush_below;    // the input is over: end the flows that began before this packet
    bool last;               // nothing comes after it
    struct content *content; // to be looked for in it, held; NULL: nothing
    struct output *outputs;  // one a worker
};

struct worker {
    const struct config *config;
    unsigned index, count;
    struct pool pool;
    struct metrics metrics;
    struct summary summary;
    struct segment_cache segments;
    struct flow_table *flows;
    struct proto_engine *engine;
    struct fragments *fragments;
    struct file_keep *keep;  // NULL: files are not kept
    struct file_scan *scan;  // NULL: files are not scanned
    const struct slot *slot; // being handled; NULL: none was yet
    struct output *output;   // of that slot
    uint64_t order;          // of the packet outside flows being handled; UINT64_MAX: ask the table
    struct looks *looks;     // of behaviours
    struct detection_worker *detection; // NULL: nothing is looked for
    const struct record *current;       // what its detectors are looking at
    struct json shown;                  // its members, once a hit asks for them
    bool keep_marks, write_records, summarise;
    void (*write)(struct json *out, const struct record *record); // one record in the run's format
    // Called when the output has grown long: it is empty then.
    void (*flush)(void *context, struct output *output);
    void *flush_context;
};

struct config;
// seed: of all workers' summaries.
[[nodiscard]] bool worker_init(struct worker *worker, const struct config *config, unsigned index,
    unsigned count, uint64_t seed);
// Keep files in a folder. False: out of memory.
[[nodiscard]] bool worker_keep_files(struct worker *worker, int folder, uint64_t limit_bytes);

// Look for what was loaded. False: out of memory.
[[nodiscard]] bool worker_detect(struct worker *worker, struct detection *detection);

void worker_finish(struct worker *worker);

// What a worker fills. Nobody else touches it until it is given away.
void output_init(struct output *out);
void output_finish(struct output *out);
void output_empty(struct output *out);

// A record that came from elsewhere than packets: counted and written like the worker's own.
void worker_record(struct worker *worker, const struct record *record);

// Decode a slot's packets; counts go to the worker that does it.
void worker_decode(struct worker *worker, struct slot *slot);

// Handle this worker's packets of a decoded slot; fills its output.
void worker_handle(struct worker *worker, struct slot *slot);
