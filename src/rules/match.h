// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what inspect_*.c asks of the prefilter and of the matcher. inspect_*.c says what
// there is to look at and when, and tests all conditions that are no bytes of a buffer; the
// prefilter says which rules could match; the matcher says whether a group of tests does.
#pragma once
#include "rules/dataset.h"
#include "schema/config.h"
#include "schema/hit.h"
#include "schema/metrics.h"

// What a worker needs to match: scratch spaces, the candidates, the variables of the rule at hand.
struct rule_scratch;
// NULL: out of memory. All three outlive it; what runs out of its budget is counted.
[[nodiscard]] struct rule_scratch *rule_scratch_create(
    const struct rule_set *set, const struct config *config, struct metrics *metrics);
void rule_scratch_destroy(struct rule_scratch *scratch);

// Bytes of one instance of a buffer. Of a stream or a body: a window of it, of which bytes before
// `fresh` were scanned before.
struct rule_view {
    struct bytes data;
    size_t fresh;   // 0: all of it is new
    uint64_t start; // offset of data in the whole stream or body; offset and depth count from 0
    bool again;     // fresh is 0 although a packet may begin behind
    bool ends;      // the whole ends with data (for endswith, isdataat, bsize)
};

// Whose bytes they are: the prefilter may keep its patterns apart by any of this.
struct rule_where {
    enum rule_buffer buffer;
    uint8_t ip_proto;
    bool to_client;
    uint16_t src_port, dst_port;
    uint64_t
        apps; // bits: enum rule_app the flow is; 0: not known, and rules of all are scanned for
};

// Adds to the scratch's candidates each rule whose fast pattern in this buffer occurs in the view
// (ends at or behind `fresh`). A rule with groups on both the payload and other buffers has a fast
// pattern in each of both worlds, and becomes a candidate of that in which it occurs. A rule stands
// among the candidates once; rule_candidates_take empties them: in no order, alive until the next
// scan.
void rule_prefilter_scan(
    struct rule_scratch *scratch, const struct rule_where *where, const struct rule_view *view);
struct rule_candidates {
    uint32_t *indexes;
    size_t count;
};
struct rule_candidates rule_candidates_take(struct rule_scratch *scratch);

// One rule more that has to be tried.
void rule_candidate_add(struct rule_scratch *scratch, uint32_t index);

// Rules without any content whose header names addresses that others than any (lists of thousands
// cost no more than one), protocol and ports, and which ask nothing of a packet's bytes or fields:
// to be looked for once for each side of a flow. Adds those whose addresses fit to the candidates.
void rule_prefilter_addresses(
    struct rule_scratch *scratch, const struct addr *src, const struct addr *dst);
// Is the rule found by its addresses?
bool rule_prefilter_by_address(const struct rule_set *set, uint32_t index);

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
// Questions to sets that rules write to, asked by the groups so far (struct rule_deferred, one
// behind the other): the rule holds only if each of them does when it is settled.
struct bytes rule_match_deferred(const struct rule_scratch *scratch);
// The byte order of `dce` in what follows.
void rule_match_dce(struct rule_scratch *scratch, bool little);
// Captures of pcre into variables: names of RULE_NAMES_VARS.
struct rule_captured {
    uint16_t name;
    bool of_packet;
    struct bytes value;
};
size_t rule_match_captured(const struct rule_scratch *scratch, const struct rule_captured **out);
// What matched, for the hit; alive as long as the views are. Returns how many of `most`.
size_t rule_match_said(const struct rule_scratch *scratch, struct hit_match *out, size_t most);
