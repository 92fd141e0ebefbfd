// SPDX-License-Identifier: Apache-2.0
// What `yagura rules check` found, for people and for programs.
#pragma once
#include "cmd/cmd.h"
#include "cmd/rules_measure.h"

// A note, kept: its texts are copies.
struct rules_noted {
    enum rule_trouble trouble;
    uint32_t line, column, gid, sid;
    struct bytes file, keyword, what;
};

struct rules_check {
    enum lang lang;
    bool all, costly; // every warning and estimate; every costly rule
    struct rules_noted *notes;
    size_t count, room;
    bool out_of_memory;
    struct pool *pool;
    struct arena *memory;
    struct rules_measured measured;
};

struct rules_ranked {
    uint32_t index;
    struct rule_estimate cost;
};

struct rules_rank {
    struct rules_ranked *costs; // by estimate, dearest first
    size_t count;
    uint32_t *tried; // indexes of rules that were tried, by the time they took
    size_t tried_count;
};

void rules_print(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, const struct rules_rank *rank);
// False: out of memory.
[[nodiscard]] bool rules_print_json(const struct rules_check *check,
    const struct rule_report *report, const struct rule_set *set, const struct rules_rank *rank);
