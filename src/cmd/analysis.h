// SPDX-License-Identifier: Apache-2.0
// The path from captures to records: read, decode, flows, parsers, output.
// Batches of packets go through a few slots. Workers take turns at reading and decoding a batch;
// then each handles the packets of its own flows in it. The main thread puts the workers' records
// into one order, which the packets alone decide, and writes them. One worker needs no threads.
#pragma once
#include "capture/capture.h"
#include "cmd/import.h"
#include "cmd/summary.h"
#include "cmd/zeek_folder.h"
#include "correlate/correlate.h"
#include "detect/detect.h"
#include "schema/config.h"
#include "schema/metrics.h"

struct analysis_options {
    const struct config *config;
    const char *const *paths;
    size_t paths_count;
    unsigned workers;
    const char *const *logs; // other products' logs, read after the captures
    size_t logs_count;
    int events_fd;               // where records go as lines of JSON; -1: nowhere
    int findings_fd;             // where findings go likewise; -1: nowhere
    int incidents_fd;            // where incidents go likewise; -1: nowhere
    int separation_fd;           // where the proof of separation goes; -1: nowhere
    struct zeek_folder *zeek;    // where they go as Zeek's logs instead; NULL: they do not
    int files_folder;            // descriptor of the folder where files are kept; -1: they are not
    struct detection *detection; // what to look for; NULL: nothing
    const struct tls_secrets *secrets; // to decrypt with; NULL: none were given
    bool summarise;                    // count what a summary tells
    // Called between batches with the share read (negative: unknown) and the packets so far.
    void (*progress)(void *context, double share, uint64_t packets);
    void *progress_context;
};

struct analysis_result {
    struct summary summary;
    struct metrics metrics;
    struct capture *capture;        // asked for its reports; the caller destroys it
    struct findings *findings;      // open at the end; for the summary
    struct incidents *incidents;    // what all findings add up to
    struct behaviours *behaviours;  // for the proof of separation; NULL: switched off
    struct detection_loaded loaded; // what was looked for
    bool interrupted;               // by a signal: the input's end has not been read
    uint64_t packets;
    struct import_totals imported;
    int64_t first_us, last_us; // of the packets and records read
    int write_error;           // errno of the first failed write, 0 for none
    int keep_error;            // errno of the first file that could not be kept, 0 for none
};

// False: out of memory or threads before anything was read. Else the result is filled; give it
// back with analysis_finish.
[[nodiscard]] bool analysis_run(
    const struct analysis_options *options, struct analysis_result *result);
void analysis_finish(struct analysis_result *result);
