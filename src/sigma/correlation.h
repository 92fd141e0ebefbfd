// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: correlations as they are held against hits.
#pragma once
#include "sigma/rule.h"

enum {
    CORRELATION_RULES = 64,      // of one correlation
    CORRELATION_EVENTS = 10'000, // kept of one group
};

enum correlation_type {
    CORRELATE_EVENT_COUNT,
    CORRELATE_VALUE_COUNT,
    CORRELATE_TEMPORAL,
    CORRELATE_TEMPORAL_ORDERED,
    CORRELATE_VALUE_SUM,
    CORRELATE_VALUE_AVG,
    CORRELATE_VALUE_MIN,
    CORRELATE_VALUE_MAX,
    CORRELATE_VALUE_PERCENTILE,
    CORRELATION_TYPES,
};

// A count that must lie within bounds.
struct sigma_bounds {
    bool has_low, has_high, has_not;
    double low, high, not_;   // inclusive
    bool low_open, high_open; // the bound itself is outside
};

struct sigma_alias {
    struct bytes name, rule, field;
};

struct sigma_member {
    struct bytes name;       // as the correlation names it
    struct sigma_rule *rule; // one of both
    struct sigma_correlation *correlation;
};

struct sigma_correlation {
    struct sigma_about about;
    uint8_t type; // enum correlation_type
    bool counted, generate, bad;
    bool at_end; // the condition can be told only when the window is over
    uint32_t number;
    int64_t timespan_us;
    struct sigma_bounds bounds;
    double percentile;
    struct sigma_node *when; // of temporal ones with a condition in words: tests' slots are members
    struct bytes group_by[SIGMA_CARRY_MOST];
    size_t group_by_count;
    struct bytes fields[SIGMA_CARRY_MOST]; // whose values are counted
    size_t fields_count;
    struct sigma_alias *aliases;
    size_t aliases_count;
    struct sigma_member members[CORRELATION_RULES];
    size_t members_count;
    const struct sigma_correlation *parents[CORRELATION_RULES]; // that count this one
    uint32_t parent_members[CORRELATION_RULES];
    size_t parents_count;
    struct sigma_correlation *next;
};

// What a hit for a correlation carries in its first match: for each field the feed names (in
// matches[1…]) a hash of its value, 0 where it has none, and the last counted field's number.
struct sigma_carried {
    uint64_t hashes[SIGMA_CARRY_MOST];
    double number;
    bool has_number;
};

// What a member calls a field that the correlation groups by.
struct bytes sigma_alias_of(
    const struct sigma_correlation *k, const struct sigma_member *m, struct bytes field);

void sigma_regexes_free(struct sigma *sigma);
