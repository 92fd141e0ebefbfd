// SPDX-License-Identifier: Apache-2.0
// What the system, libraries and our own parsers give as reasons in English, in the language of the
// reader: content/text/reason.yaml, rule_reasons.yaml.
#pragma once
#include "base/bytes.h"
#include "schema/text.h"

// What is not known stays as it was said.
struct bytes reason_in(struct bytes said, enum lang lang);

// As strerror; unusual ones stay as strerror says them.
const char *reason_of_errno(int error, enum lang lang);

// For a problem as libyaml words it; NULL is one it has no words for.
const char *reason_of_yaml(const char *problem, enum lang lang);
