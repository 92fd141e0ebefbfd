// SPDX-License-Identifier: Apache-2.0
// Sigma rules (specification 2.1): compiled to predicates over our records, with correlations and
// filters. A loaded set never changes: any number of threads ask it at once.
#pragma once
#include "base/bytes.h"
#include "schema/config.h"
#include "schema/hit.h"
#include "schema/text.h"

enum { SIGMA_PROBLEMS = 2000 }; // kept; more are only counted

// How far a long load is: share of all files, 0 to 1, and the file being read.
typedef void sigma_progress(void *context, double share, const char *path);

struct sigma_options {
    const struct config *config; // section sigma
    const char *const *paths;    // files and folders beside config->sigma.files
    size_t paths_count;
    sigma_progress *progress; // may be NULL
    void *progress_context;
};

// A rule left out, or a whole file, and why.
struct sigma_problem {
    struct bytes file;
    uint64_t line;     // 1 and up; 0: of the whole file
    struct bytes key;  // where in the rule: "detection.selection.Image|foo"; may be empty
    enum text_id why;  // its blanks: {what}, {allowed}
    struct bytes what; // what stands there, shortened
    struct bytes allowed;
};

// Rules that wait for something: records of a log source, a field of records.
struct sigma_waiting {
    struct bytes what; // "process_creation/macos"; "proxy: cs-cookie"
    uint64_t rules;
};

struct sigma_report {
    uint64_t files;
    uint64_t documents;            // rules, correlations and filters found
    uint64_t rules;                // that compiled
    uint64_t active;               // of them: with a log source that gives records, nothing missing
    uint64_t correlations;         // that compiled
    uint64_t filters;              // that compiled
    uint64_t refused;              // documents left out
    uint64_t variables;            // rules that wait for a list in sigma.variables
    struct sigma_waiting *waiting; // in the order of their names
    size_t waiting_count;
    struct sigma_waiting *unknown; // fields of records we have, likewise
    size_t unknown_count;
    struct sigma_problem *problems;
    size_t problems_count;
    uint64_t problems_more; // beyond SIGMA_PROBLEMS
    bool unreadable;        // a path that was asked for cannot be read at all
    bool no_memory;
    struct sigma_memory *memory; // holds the above
};

struct sigma;

// Never half: a rule that cannot be understood is left out whole, and the report says so. NULL
// only when out of memory; the report is filled in any case and given back with
// sigma_report_finish().
[[nodiscard]] struct sigma *sigma_load(
    const struct sigma_options *options, struct sigma_report *report);
void sigma_destroy(struct sigma *sigma);
void sigma_report_finish(struct sigma_report *report);

// One line: "FILE:LINE: KEY: what is wrong; what to do". Returns the length.
size_t sigma_problem_text(
    const struct sigma_problem *problem, enum lang lang, char *out, size_t room);

uint64_t sigma_count(const struct sigma *sigma); // rules and correlations held

// ---- one a worker

struct sigma_worker;
[[nodiscard]] struct sigma_worker *sigma_worker_create(const struct sigma *sigma);
void sigma_worker_destroy(struct sigma_worker *worker);

// Hold a record against all rules of its type and tell the sink which it is.
void sigma_record(
    struct sigma_worker *worker, const struct record *record, hit_sink *sink, void *context);

// ---- correlations: hits of rules they count carry `settle`, and the main thread brings them here
// in the order of the packets.

struct sigma_state;
[[nodiscard]] struct sigma_state *sigma_state_create(
    const struct sigma *sigma, const struct config *config);
void sigma_state_destroy(struct sigma_state *state);

// A hit with `settle`: never told itself; correlations it completes are.
void sigma_settle(void *state, const struct hit *hit, hit_sink *sink, void *context);

// There are no more hits: windows still open close.
void sigma_settle_end(struct sigma_state *state, hit_sink *sink, void *context);

// How many groups were let go because memory was used up.
uint64_t sigma_state_dropped(const struct sigma_state *state);
