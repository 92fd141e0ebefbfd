// SPDX-License-Identifier: Apache-2.0
// Indicators: addresses, names, URLs, fingerprints, hashes that somebody calls evil, from lists,
// CSV, STIX, MISP and OpenIOC, and the records that show one of them. A loaded set never changes:
// any number of threads ask it at once.
#pragma once
#include "base/bytes.h"
#include "schema/config.h"
#include "schema/hit.h"
#include "schema/metrics.h"
#include "schema/text.h"

enum intel_kind {
#define KIND(constant, name, detector) INTEL_##constant,
#include "intel/kind.def"
#undef KIND
    INTEL_KINDS,
};

enum intel_tlp {
    INTEL_TLP_NONE, // it did not say
    INTEL_TLP_CLEAR,
    INTEL_TLP_GREEN,
    INTEL_TLP_AMBER,
    INTEL_TLP_AMBER_STRICT,
    INTEL_TLP_RED,
};

// "domain", "ja3"…: in reports, in columns of CSV.
const char *intel_kind_name(enum intel_kind kind);
const char *intel_tlp_name(enum intel_tlp tlp); // "amber"; "" for none

// How far a long load is: share of all files' bytes, 0 to 1, and the file being read.
typedef void intel_progress(void *context, double share, const char *path);

struct intel_options {
    const struct config *config; // section intel, and segments; lives longer than the set
    const char *const *paths;    // files and folders beside config->intel.files
    size_t paths_count;
    int64_t now_us;           // what `report` calls expired; 0: nothing
    intel_progress *progress; // may be NULL
    void *progress_context;
};

// Something left out, or a whole file, and why.
struct intel_problem {
    struct bytes file;
    uint64_t line;      // 1 and up; 0: of the whole file
    struct bytes value; // what stands there, shortened; may be empty
    enum text_id why;
    struct bytes what, allowed; // blanks of that text
    struct bytes what_ja;       // empty: as schema/reason.h has `what`
    bool whole_file;            // nothing of it was loaded
};

// What became of one file.
struct intel_file_report {
    struct bytes path, format; // "list", "csv", "warning-list", "stix"…
    uint64_t added, duplicates, expired, unseen, refused;
    bool failed; // nothing of it was loaded
};

enum { INTEL_PROBLEMS = 1000 }; // kept; more are only counted

struct intel_report {
    struct intel_file_report *files;
    size_t files_count;
    struct intel_problem *problems;
    size_t problems_count;
    uint64_t problems_more;      // beyond INTEL_PROBLEMS
    uint64_t kinds[INTEL_KINDS]; // different values in the store
    uint64_t statements;         // what is said of them
    uint64_t warned;             // values on a warning list
    uint64_t own;                // values that lie in our own or in reserved networks
    uint64_t expired;            // values of which nothing said is valid at now_us
    uint64_t low_confidence;     // values of which nothing said is sure enough, or meant for this
    uint64_t patterns;           // composed ones
    uint64_t bytes;              // memory the set takes
    bool unreadable;             // a path that was asked for cannot be read at all
    bool no_memory;
    struct report_memory *memory; // of all its texts
};

struct intel;

// Never half: a file that cannot be read through is left out whole, and the report says so. NULL
// only when out of memory; the report is filled in any case and given back with
// intel_report_finish().
[[nodiscard]] struct intel *intel_load(
    const struct intel_options *options, struct intel_report *report);
void intel_destroy(struct intel *intel);
void intel_report_finish(struct intel_report *report);

// One line: "FILE:LINE: what is wrong; what to do". Returns the length.
size_t intel_problem_text(
    const struct intel_problem *problem, enum lang lang, char *out, size_t room);

// How many values are held, of all kinds.
uint64_t intel_count(const struct intel *intel);

// Hold a record's marked fields against the set and tell the sink of each value found. Of a flow's
// addresses its flow record tells, and no other: each flow with a listed peer hits once.
// metrics: this worker's own; they tell what was passed over in silence, and why.
void intel_record(const struct intel *intel, const struct record *record, struct metrics *metrics,
    hit_sink *sink, void *context);

// ---- Patterns that need several records (STIX FOLLOWEDBY, AND between observations): their hits
// carry `settle`, and the main thread brings them here in the order of the packets.

struct intel_state;
[[nodiscard]] struct intel_state *intel_state_create(const struct intel *intel);
void intel_state_destroy(struct intel_state *state);

// True: the hit stands as it is. False: it is only part of a pattern; when it completes one, the
// sink is told.
bool intel_settle(struct intel_state *state, const struct hit *hit, hit_sink *sink, void *context);
