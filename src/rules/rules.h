// SPDX-License-Identifier: Apache-2.0
// Rules in Suricata's language (8.0): reading them, and later finding what they describe. A rule
// set is read once, whole, and not changed any more: reloading makes a new one and lets the old one
// go when its last user does. Nothing here prints; what does not load is told through a report.
#pragma once
#include "schema/config.h"
#include "schema/hit.h"

struct rule_set;

enum rule_trouble { RULE_FAILED, RULE_WARNING, RULE_UNREADABLE /* the file itself */ };

// One thing to tell about a rule or a file. `what` is in English, as compilers speak.
struct rule_note {
    enum rule_trouble trouble;
    const char *file;
    uint32_t line, column; // 1 is first; 0: the whole
    uint32_t gid, sid;     // 0: not known
    struct bytes keyword;  // that it is about; may be empty
    const char *what;      // "unknown keyword", "offset is larger than depth"…
};

struct rule_report {
    void (*tell)(void *context, const struct rule_note *note); // NULL: nobody listens
    void *context;
    uint32_t files, rules;   // files read, rules seen
    uint32_t loaded, failed; // rules
    uint32_t skipped;        // `requires` is not met
    uint32_t disabled;       // behind a #, and not wanted
    uint32_t warnings;
    uint32_t unreadable; // files
};

struct rule_options {
    const struct config *config; // segments and section `rules`; NULL: the defaults
    const char *threshold_file;  // threshold.config; NULL: none
    bool disabled_too;           // rules that stand behind a '#' as well
    bool for_check;              // tell more, and do not compile for matching
    bool to_match;               // compile nonetheless
};

// Reads files and folders (of a folder, *.rules, in order of their names, and what lies in folders
// below). NULL: out of memory, or nothing could be read at all. Rules that don't load are left out
// whole and told. The caller owns one reference.
[[nodiscard]] struct rule_set *rules_load(const char *const *paths, size_t count,
    const struct rule_options *options, struct rule_report *report);

// The same of one file that is in memory; `name` stands for it in what is told.
[[nodiscard]] struct rule_set *rules_load_text(const char *name, struct bytes text,
    const struct rule_options *options, struct rule_report *report);

// Any thread.
struct rule_set *rules_hold(struct rule_set *set);
void rules_release(struct rule_set *set);

uint32_t rules_count(const struct rule_set *set);

// ---- one rule, for people; false: there is none of that index

struct rule_told {
    uint32_t gid, sid, rev;
    struct bytes msg, text;
    const char *file;
    uint32_t line;
};
bool rules_told(const struct rule_set *set, uint32_t index, struct rule_told *told);

enum rule_estimate_why {
    RULE_COST_NO_PATTERN = 1,    // tried on every buffer it names
    RULE_COST_SHORT_PATTERN = 2, // less than 4 bytes
    RULE_COST_PADDING = 4,       // one byte, over and over
    RULE_COST_PCRE = 8,          // without a content, or behind a weak one
    RULE_COST_EVERYWHERE = 16,   // no application, no port
    RULE_COST_EVERY_PACKET = 32, // conditions of headers only
    RULE_COST_COMMON = 64,       // a pattern that much of the traffic has
    RULE_COST_PCRE_WIDE = 128,   // .* and the like without a limit
    RULE_COST_PCRE_NESTED = 256, // repetitions repeated
};

struct rule_estimate {
    uint64_t cost;       // candidates times work: to compare rules by
    uint32_t candidates; // of 1000 buffers, by estimate
    uint32_t work;       // for each of them
    uint32_t pattern_bytes;
    uint32_t why; // enum rule_estimate_why
    bool costly;  // worth somebody's while
};
bool rules_estimate(const struct rule_set *set, uint32_t index, struct rule_estimate *cost);

// What a rule did cost: how often it was tried, how often it matched (before thresholds).
struct rule_cost {
    uint64_t candidates, matches, ns;
};

// ---- inspection: one a worker

struct decoded;
struct flow_handler;
struct metrics;
struct pool;
struct proto_engine;
struct rules_worker;

// What a worker has already; all of it is borrowed and outlives the rules_worker.
struct rules_seat {
    const struct config *config;
    struct pool *pool;
    struct metrics *metrics;
    struct proto_engine *engine;
    hit_sink *sink; // gets what matches, at once; hits with a `settle` go to rules_settle later
    void *sink_context;
    struct rule_cost *costs; // one a rule of the first set, added to; NULL: nobody asks
};

// Holds the set. The engine is watched from here on. NULL: out of memory.
[[nodiscard]] struct rules_worker *rules_worker_create(
    const struct rules_seat *seat, struct rule_set *set);
void rules_worker_destroy(struct rules_worker *worker); // its flows have ended

// What the flow table is to call instead of the engine's handler.
const struct flow_handler *rules_worker_handler(struct rules_worker *worker);

// A packet's decoder anomalies, and packets that belong to no flow.
void rules_worker_packet(struct rules_worker *worker, const struct decoded *packet);

// Another set from here on, between two batches: flow bits, numbers and windows of flows stay.
// False: out of memory, the old one stays.
[[nodiscard]] bool rules_worker_swap(struct rules_worker *worker, struct rule_set *set);

// ---- what depends on several flows: thresholds, bits of hosts. One thread, in packet order.

struct rules_ordered;
[[nodiscard]] struct rules_ordered *rules_ordered_create(const struct config *config);
void rules_ordered_destroy(struct rules_ordered *ordered);
// Values that found no room in data sets.
uint64_t rules_ordered_refused(const struct rules_ordered *ordered);

// A hit of ours with a `settle`; what holds goes on to the sink. `set`: the one it was made with.
void rules_settle(
    struct rules_ordered *ordered, const struct hit *hit, hit_sink *sink, void *context);
