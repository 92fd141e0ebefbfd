// SPDX-License-Identifier: Apache-2.0
// Patterns that are more than one value, compiled: which records can show them, which values lead
// to them, and what their sources say. Filled by one thread, then asked by any number of them.
#pragma once
#include "base/map.h"
#include "intel/observe.h"
#include "intel/store.h"

enum {
    TYPE_WORDS = (RECORD_TYPES + 63) / 64,
    PATTERN_SET_BYTES = 512 << 20, // all patterns together
    PATTERN_KEYS = 4 << 20,        // values that lead to one
};

// Types of records.
struct type_set {
    uint64_t words[TYPE_WORDS];
};

// What the source says of the pattern; slices are copied by pattern_set_add().
struct pattern_says {
    struct bytes source; // "bundle.json", "MISP event 12: …"
    struct bytes label;  // family, campaign, what the indicator is called
    struct bytes id;     // its own there
    struct bytes title;
    struct bytes techniques; // between spaces
    uint8_t confidence;      // or INTEL_CONFIDENCE_UNSAID
    uint8_t severity;        // enum severity, or INTEL_SEVERITY_UNSAID
    uint8_t phase;
    enum intel_tlp tlp;
    int64_t from_us, until_us; // 0: it does not say
    int64_t modified_us;       // which version of `id` this is
};

struct pattern_leaf {
    struct pattern *pattern;
    const struct pattern_node *tests;
    struct type_set types; // records that can be this observation
    uint32_t number;       // in the pattern
};

struct pattern {
    struct pattern_says says;
    const struct pattern_node *root;
    struct pattern_leaf *leaves;
    uint32_t leaves_count;
    uint32_t number; // in the set
    bool alone;      // one observation, no qualifier: each is a hit
    bool dead;       // its file was taken back
};

struct pattern_set;

[[nodiscard]] struct pattern_set *pattern_set_create(const struct config *config);
void pattern_set_destroy(struct pattern_set *set);
const struct config *pattern_set_config(const struct pattern_set *set);
const struct observables *pattern_set_observables(const struct pattern_set *set);

// Look up the paths of a parsed tree and bring its constants into the form they are compared in.
// What cannot be seen in traffic is taken out of ORs; NULL: nothing is left, *unseen is the first
// such path. error->why is set (not TEXTS) where a constant or a regular expression is wrong.
[[nodiscard]] struct pattern_node *pattern_resolve(const struct observables *observables,
    struct arena *arena, struct pattern_node *root, struct bytes *unseen,
    struct pattern_error *error);

// The test of a pattern that is one, or several that OR joins; each is told. False: it is more.
typedef void simple_sink(void *context, const struct pattern_test *test);
bool pattern_simple(const struct pattern_node *root, simple_sink *sink, void *context);

enum pattern_added {
    PATTERN_ADDED,
    PATTERN_UNSEEN,   // no record can show it: its tests are of different records
    PATTERN_TOO_MANY, // observations, in one pattern
    PATTERN_NO_MEMORY,
};

// Parse, resolve and keep. `text` has been parsed and resolved before, so it is good.
enum pattern_added pattern_set_add_text(
    struct pattern_set *set, struct bytes text, const struct pattern_says *says);

// A tree in pattern_set_arena(), resolved.
struct arena *pattern_set_arena(struct pattern_set *set);
enum pattern_added pattern_set_add(
    struct pattern_set *set, struct pattern_node *root, const struct pattern_says *says);

// Behind struct intel_pattern_table.
uint64_t pattern_set_count(const void *set);
void pattern_set_take_back(void *set, uint64_t count);
void pattern_set_revoke(void *patterns,
    bool (*ended)(void *context, struct bytes id, int64_t modified_us), void *context);
void pattern_set_record(
    const void *set, const struct record *record, hit_sink *sink, void *context);

enum { MATCH_BYTES = 256 };

struct pattern_match {
    const struct field *field;
    uint8_t data[MATCH_BYTES];
    size_t len;
};

struct evaluation {
    const struct record *record;
    struct pattern_match matches[HIT_MATCHES];
    size_t matches_count;
};

// Tell the sink that the record evaluated is the observation `leaf`.
void pattern_hit(const struct config *config, const struct pattern_leaf *leaf,
    const struct evaluation *e, hit_sink *sink, void *context);

// ---- Evaluation of one observation

// Whether the record is the observation, and what of it matched.
bool pattern_evaluate(struct evaluation *e, const struct pattern_node *tests);

// Whether one value fits a test, its negation included.
bool pattern_value_fits(const struct pattern_test *test, const struct seen_value *value);

// Regular expressions of the tree are given back; for pattern_set_destroy().
void pattern_free_regexes(struct pattern_node *node);
