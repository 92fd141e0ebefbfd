// SPDX-License-Identifier: Apache-2.0
// Loading Sigma rules for a run, with what there is to say about them.
#pragma once
#include "cmd/detection.h"
#include "sigma/sigma.h"

// CMD_DONE, or why not, told on standard error: CMD_USAGE for a path that cannot be read. *out
// NULL: there are none. What is left out is added to *refused; the first of it is told.
[[nodiscard]] enum cmd_exit load_sigma(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct sigma **out, uint64_t *refused);
