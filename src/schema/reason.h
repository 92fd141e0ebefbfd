// SPDX-License-Identifier: Apache-2.0
// What the system and libraries give as reasons, in the language of the reader:
// content/text/reason.yaml.
#pragma once
#include "schema/text.h"

// As strerror; unusual ones stay as strerror says them.
const char *reason_of_errno(int error, enum lang lang);

// For a problem as libyaml words it; NULL is one it has no words for.
const char *reason_of_yaml(const char *problem, enum lang lang);
