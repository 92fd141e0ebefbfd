// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what inspect_*.c asks of the prefilter and of the matcher. inspect_*.c says what
// there is to look at and when, and tests all conditions that are no bytes of a buffer; the
// prefilter says which rules could match; the matcher says whether a group of tests does.
#pragma once
#include "rules/rule.h"
#include "schema/hit.h"

// What a worker needs to match: scratch spaces, the candidates, the variables of the rule at hand.
struct rule_scratch;
// NULL: out of memory. The set outlives it.
[[nodiscard]] struct rule_scratch *rule_scratch_create(const struct rule_set *set);
void rule_scratch_destroy(struct rule_scratch *scratch);

// Bytes of one instance of a buffer. Of a stream or a body: a window of it, of which bytes before
// `fresh` were scanned before.
struct rule_view {
    struct bytes data;
    size_t fresh;   // 0: all of it is new
    uint64_t start; // offset of data in the whole stream or body; offset and depth count from 0
    bool ends;      // the whole ends with data (for endswith, isdataat, bsize)
};

// Whose bytes they are: the prefilter may keep its patterns apart by any of this.
struct rule_where {
    enum rule_buffer buffer;
    uint8_t ip_proto;
    bool to_client;
    uint16_t src_port, dst_port;
};

// Adds to the scratch's candidates each rule whose fast pattern in this buffer occurs in the view
// (ends at or behind `fresh`). A rule with groups on both the payload and other buffers has a fast
// pattern in each of both worlds, and becomes a candidate of that in which it occurs. A rule stands
// among the candidates once; rule_candidates_take empties them: in rising order, alive until the
// next scan.
void rule_prefilter_scan(
    struct rule_scratch *scratch, const struct rule_where *where, const struct rule_view *view);
struct rule_candidates {
    const uint32_t *indexes;
    size_t count;
};
struct rule_candidates rule_candidates_take(struct rule_scratch *scratch);

// Does any rule have a fast pattern in this buffer?
bool rule_prefilter_has(const struct rule_set *set, enum rule_buffer buffer);
// The buffer of the rule's fast pattern in the world of the payload (BUFFER_PAYLOAD, headers), or
// of transactions; RULE_BUFFERS: it has none there and has to be tried always.
enum rule_buffer rule_prefilter_of(const struct rule_set *set, uint32_t index, bool payload);

// One rule at a time: variables and matches are forgotten with each begin.
void rule_match_begin(struct rule_scratch *scratch, const struct rule *rule);
// Do all tests of the group hold in this instance (after its transforms)? Groups are asked in the
// rule's order; inspect_*.c decides about `absent`. False positives of variables: what a failed
// instance had set is taken back.
bool rule_match_group(
    struct rule_scratch *scratch, const struct rule_group *group, const struct rule_view *view);
// Offset behind the last byte matched by the group asked last, in the whole (view.start counted
// in): a match that ends in bytes seen before is an old one. UINT64_MAX: no positive content.
uint64_t rule_match_end(const struct rule_scratch *scratch);
// What matched, for the hit; alive as long as the views are. Returns how many of `most`.
size_t rule_match_said(const struct rule_scratch *scratch, struct hit_match *out, size_t most);
