// SPDX-License-Identifier: Apache-2.0
// Other products' logs among the inputs of `yagura read`: their records go the way the sensor's
// own go, after those of the captures, in the order of files and lines.
#pragma once
#include "capture/capture.h"
#include "cmd/worker.h"
#include "logs/logs.h"

// What became of one log.
struct import_report {
    const char *path;
    uint64_t lines, records, others, damaged;
    uint64_t first_damaged;           // line, from 1
    char trouble[CAPTURE_TEXT_BYTES]; // why reading ended early; "" when it did not
};

struct import_totals {
    struct import_report *reports; // one a log, in the order given; owned
    size_t count;
    uint64_t records;
    int64_t first_us, last_us; // of the records
};

// Whether a path is such a log: by its first bytes. Only of files: a pipe would lose them.
bool import_is_log(const char *path);

// Read the logs; records go through the worker into its output. False: out of memory.
[[nodiscard]] bool import_logs(const char *const *paths, size_t count, struct worker *worker,
    struct import_totals *totals, void (*progress)(void *context, double share, uint64_t records),
    void *progress_context);
void import_finish(struct import_totals *totals);
