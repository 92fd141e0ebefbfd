// SPDX-License-Identifier: Apache-2.0
// What `yagura read` says of findings: a short list, worst first.
#pragma once
#include "cmd/read_print.h"

// The list, or plainly that nothing was found or looked for.
void read_findings_print(const struct printer *p);

// "high" in the language of people.
enum text_id read_severity_text(struct bytes severity);
