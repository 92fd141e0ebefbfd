// SPDX-License-Identifier: Apache-2.0
// Inside rules/: which of all rules could match? A rule is found by its fast pattern, or by an
// address of its header. Made once for a rule set; match.h says how it is asked.
#pragma once
#include "rules/match.h"

// NULL: out of memory, or this machine lacks what Vectorscan needs. Before it is set as
// set->prefilter, rules are those of the set.
[[nodiscard]] struct rule_prefilter *rule_prefilter_create(const struct rule_set *set);
void rule_prefilter_destroy(struct rule_prefilter *prefilter);

struct rule_prefilter_figures {
    size_t bytes;                    // of databases and tables
    uint32_t databases, patterns;    // distinct patterns over all databases
    uint32_t by_pattern, by_address; // rules found so
};
struct rule_prefilter_figures rule_prefilter_figures(const struct rule_prefilter *prefilter);

// The pattern that finds a rule; empty: none. For those who write rules.
struct rule_fast_pattern {
    enum rule_buffer buffer;
    struct bytes bytes;
    bool nocase;
};
struct rule_fast_pattern rule_fast_pattern(
    const struct rule_set *set, uint32_t index, bool payload);

// A worker's part.
struct prefilter_scratch;
[[nodiscard]] struct prefilter_scratch *prefilter_scratch_create(
    const struct rule_prefilter *prefilter);
void prefilter_scratch_destroy(struct prefilter_scratch *scratch);
