// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: rules as they are held against records.
#pragma once
#include "base/alloc.h"
#include "base/map.h"
#include "schema/hit.h"
#include "sigma/pattern.h"
#include "sigma/sigma.h"
#include "sigma/source.h"
#include "sigma/value.h"
#include <hs.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    SIGMA_TESTS_MOST = 20'000,          // of one rule, with all that its lists expand to
    SIGMA_TEXT_BYTES = 512,             // kept of a rule's texts
    SIGMA_CARRY_MOST = HIT_MATCHES - 1, // fields a correlation groups by or counts
    SIGMA_NONE = UINT32_MAX,
};

enum test_op {
    TEST_TEXT, // the value matches a pattern
    TEST_REGEX,
    TEST_RANGE,  // it is an address in a network
    TEST_NUMBER, // it compares to a number
    TEST_TIME,   // a part of the time it says compares to a number
    TEST_EXISTS, // the field is there, or is not
    TEST_FIELD,  // it is another field's value, or begins, ends with, contains it
};

enum test_compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LTE, COMPARE_GT, COMPARE_GTE };
enum test_part { PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_MONTH, PART_YEAR };

struct sigma_test {
    uint8_t op, compare, part;
    bool cased, want;          // want: of TEST_EXISTS
    bool open_start, open_end; // of TEST_FIELD
    uint32_t slot, other;      // in the table's slots; other: of TEST_FIELD
    uint32_t literal;          // must have been seen for this to be true; SIGMA_NONE: none
    double number;
    struct addr_range range;
    const struct sigma_pattern *pattern;
    pcre2_code *regex;
};

enum node_kind { NODE_TEST, NODE_AND, NODE_OR, NODE_NOT, NODE_OF, NODE_NEVER };

struct sigma_node {
    uint8_t kind;
    uint32_t need; // of NODE_OF: so many of the children
    size_t count;
    struct sigma_node **children;
    const struct sigma_test *test;
};

// What is said of a rule or correlation.
struct sigma_about {
    struct bytes id, name, title, author, file;
    struct bytes source; // the file's name without its folders
    uint64_t line;
    enum severity severity;
    uint8_t certainty;
    enum phase phase;
    struct bytes techniques[HIT_TECHNIQUES];
    size_t techniques_count;
};

struct sigma_correlation;

// A rule whose hits a correlation counts: which, and what its hits carry there.
struct sigma_feed {
    const struct sigma_correlation *correlation;
    uint32_t member; // which of its rules this is
    struct bytes names[SIGMA_CARRY_MOST];
    uint32_t slots[SIGMA_CARRY_MOST];
    size_t count;
    struct sigma_feed *next; // of the same variant
};

struct sigma_rule {
    struct sigma_about about;
    uint32_t number; // in the order of loading
    bool counted;    // by a correlation that does not ask for it to be told itself
    bool active;
    struct bytes category, product, service;
    struct sigma_variant *variants;
    struct sigma_rule *next;
};

// A rule as it applies to one type of records.
struct sigma_variant {
    const struct sigma_rule *rule;
    struct sigma_table *table;
    struct sigma_node *when;
    const uint16_t *maps; // any of them
    size_t maps_count;
    struct sigma_feed *feeds;
    struct sigma_variant *next; // of the same rule
};

// A field, or what stands for one, of the records of a table.
struct sigma_slot {
    enum { SLOT_NOTHING, SLOT_PATH, SLOT_DERIVED, SLOT_ZEEK, SLOT_PAIR, SLOT_ALL } kind;
    struct bytes name; // as rules have it
    struct shape_path path;
    sigma_derive *derive;
    const struct zeek_column *zeek;
    bool literals;         // it has some
    hs_database_t *within; // literals that stand anywhere in it
    struct map whole;      // literals that are all of it, folded → number
};

// A text that must be in a slot for tests to be true.
struct sigma_literal {
    uint32_t slot;
    bool whole;
    struct bytes text;
    uint32_t owners, owners_count; // in the table's owners: variants that cannot match without one
};

// All rules of one type of records.
struct sigma_table {
    enum record_type type;
    struct sigma_slot *slots;
    size_t slots_count, slots_room;
    struct map slot_names; // of pairs → number
    struct map literal_numbers;
    struct sigma_literal *literals;
    size_t literals_count, literals_room;
    struct sigma_variant **variants;
    size_t variants_count, variants_room;
    uint32_t *owners, *always; // numbers of variants
    size_t owners_count, always_count;
    bool maps[SIGMA_MAPS_MOST];     // that some rule uses
    uint16_t used[SIGMA_MAPS_MOST]; // their numbers
    size_t used_count;
};

struct sigma {
    struct pool pool;
    struct arena arena;
    struct sigma_rule *rules, **rules_end;
    struct sigma_correlation *correlations;
    uint64_t correlations_count;
    struct sigma_table *tables[RECORD_TYPES];
    hs_scratch_t *scratch; // workers clone it
    uint64_t count, seed;
    struct pcre2_list *regexes; // to be freed
};

// ---- table.c: while loading

struct sigma_table *sigma_table_get(struct sigma *sigma, enum record_type type);

// The slot of a field under these maps, or of a keyword (empty name). SIGMA_NONE: out of memory.
// *known: the records have such a field.
uint32_t sigma_slot_get(struct sigma *sigma, struct sigma_table *table, const uint16_t *maps,
    size_t maps_count, struct bytes name, bool *known);

uint32_t sigma_literal_get(
    struct sigma *sigma, struct sigma_table *table, uint32_t slot, bool whole, struct bytes text);
[[nodiscard]] bool sigma_table_add(
    struct sigma *sigma, struct sigma_table *table, struct sigma_variant *variant);

// When all rules are there: databases and lists. False: out of memory.
[[nodiscard]] bool sigma_tables_finish(struct sigma *sigma);
void sigma_tables_destroy(struct sigma *sigma);
