// SPDX-License-Identifier: Apache-2.0
// Rules of a run: loaded before the first packet, with what did not load told on standard error.
#pragma once
#include "cmd/detection.h"
#include "rules/rules.h"

// CMD_DONE, or why not. *set: NULL when no paths are given. loaded and refused are added to.
[[nodiscard]] enum cmd_exit load_rules(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct rule_set **set,
    struct detection_loaded *loaded);
