// SPDX-License-Identifier: Apache-2.0
// What was seen so far of patterns that need several observations, by the host they are about. One
// thread, hits in the order of packets.
//
// Observations carry the time they began, so that FOLLOWEDBY holds for connections although their
// records come when they end. A pattern that is complete begins anew: no observation counts twice.
// When memory is short, hosts silent for longest are forgotten.
#pragma once
#include "intel/pattern_set.h"

enum {
    STATE_SPANS = 32, // ways to fulfil a part that are kept in mind
    STATE_KEPT = 32,  // observations of a kind a host is remembered by; of
                      // REPEATS as many as it asks for
};

struct pattern_state;

[[nodiscard]] struct pattern_state *pattern_state_create(size_t memory_bytes);
void pattern_state_destroy(struct pattern_state *state);

// A hit with `settle` as pattern_hit() made it. True: it completes its pattern; *whole is then the
// hit to be told, with what the other observations showed, and lives until the next call.
bool pattern_state_see(struct pattern_state *state, const struct hit *hit, struct hit *whole);

// How many hosts' observations were forgotten to make room.
uint64_t pattern_state_forgotten(const struct pattern_state *state);

// Behind struct intel_pattern_table: pattern_state_see(), and the sink is told of what completes.
bool pattern_state_settle(void *state, const struct hit *hit, hit_sink *sink, void *context);
