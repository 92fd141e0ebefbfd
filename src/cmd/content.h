// SPDX-License-Identifier: Apache-2.0
// What a run looks for in packets and records, and how it is loaded anew: on SIGHUP a thread of its
// own loads the same paths while packets go on; what it has made takes the place of the former
// between two batches, whole. Where loading fails the former stays, and that is said.
#pragma once
#include "cmd/detection.h"
#include "intel/intel.h"
#include "rules/rules.h"
#include "sigma/sigma.h"

// Never changes, but for the states, which are the main thread's.
struct content {
    struct rule_set *rules; // NULL: none
    struct intel *intel;    // NULL: none
    struct sigma *sigma;    // NULL: none
    struct intel_state *intel_state;
    struct sigma_state *sigma_state;
    struct detection_loaded loaded;
    unsigned holders; // under the contents' mutex
};

struct contents;

// CMD_DONE, or why not, told. Borrows the configuration.
[[nodiscard]] enum cmd_exit contents_create(const struct detection_options *options,
    const struct config *config, struct voice voice, struct contents **out);
void contents_destroy(struct contents *contents);

// These rules and nothing else; held. NULL: out of memory.
[[nodiscard]] struct contents *contents_of_rules(
    const struct config *config, struct rule_set *rules);

// The content in force, held for the caller. Between two batches.
struct content *contents_now(struct contents *contents);
struct content *contents_hold(struct contents *contents, struct content *content);
void contents_let_go(struct contents *contents, struct content *content); // NULL is fine
