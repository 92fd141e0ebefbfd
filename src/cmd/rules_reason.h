// SPDX-License-Identifier: Apache-2.0
// Why a rule does not load, in the language of whoever reads it.
#pragma once
#include "base/bytes.h"
#include "schema/text.h"

// What a note of rules/ says; what is not known there stays as it is.
struct bytes rules_reason(struct bytes what, enum lang lang);
