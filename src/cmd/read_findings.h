// SPDX-License-Identifier: Apache-2.0
// What `yagura read` says of findings: a short list, worst first, and one of them whole.
#pragma once
#include "cmd/read_print.h"

// The list, or plainly that nothing was found or looked for.
void read_findings_print(const struct printer *p);

// Entry `number` of that list with all its words, the bytes that matched and its records, which
// stand in `events` (lines of EVE JSON). False: there is no such entry; told on standard error.
[[nodiscard]] bool read_finding_explain(const struct printer *p, uint64_t number, FILE *events);

// "high" in the language of people.
enum text_id read_severity_text(struct bytes severity);
