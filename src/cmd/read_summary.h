// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cmd/analysis.h"
#include "cmd/voice.h"
#include "schema/text.h"
#include <stdio.h>

// Print what a run adds up to on standard output, for people. events_path: where records went, or
// NULL.
void read_summary_print(const struct analysis_result *result, const struct config *config,
    enum lang lang, const char *events_path);

// Print one finding or incident instead, whose records are lines of `events`. False: told on
// standard error.
[[nodiscard]] bool read_summary_explain(const struct analysis_result *result,
    const struct config *config, enum lang lang, const char *which, FILE *events);

// What is wrong with inputs, on standard error. What the summary says is not said here as well:
// damage is told when there is none.
void read_warn_of_inputs(const struct analysis_result *result, bool summary, struct voice voice);

// Which link types of an input nobody decodes, in words; "" when there are none. Returns the
// length.
size_t read_links_text(const struct capture_report *report, enum lang lang, char *out, size_t room);
