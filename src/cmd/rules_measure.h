// SPDX-License-Identifier: Apache-2.0
// What each rule costs on captures: a run of the rules that writes nothing.
#pragma once
#include "cmd/cmd.h"
#include "rules/rules.h"

struct rules_measured {
    struct rule_cost *costs; // one a rule; NULL: nothing was measured
    uint64_t packets;
    struct rule_cost sum;
};

// Told on standard error when it does not succeed. Give it back with base_free(out->costs).
[[nodiscard]] enum cmd_exit rules_measure(struct rule_set *set, const struct config *config,
    const char *const *captures, size_t count, enum lang lang, struct rules_measured *out);
