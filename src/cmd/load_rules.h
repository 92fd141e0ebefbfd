// SPDX-License-Identifier: Apache-2.0
// Rules of a run: loaded before the first packet, with what did not load told on standard error.
#pragma once
#include "cmd/detection.h"
#include "rules/rules.h"

struct rules_reload;

// SIGHUP asks for the same paths again. Borrows what it is given; holds the set.
[[nodiscard]] struct rules_reload *rules_reload_create(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct rule_set *set);
void rules_reload_destroy(struct rules_reload *reload);

// The set in force, held for the caller.
struct rule_set *rules_reload_now(struct rules_reload *reload);

// CMD_DONE, or why not. *set: NULL when no paths are given. loaded and refused are added to.
[[nodiscard]] enum cmd_exit load_rules(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct rule_set **set,
    struct detection_loaded *loaded);
