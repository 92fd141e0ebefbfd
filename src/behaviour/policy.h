// SPDX-License-Identifier: Apache-2.0
// What may cross from one segment into another: lines of the configuration and of a model.
#pragma once
#include "schema/config.h"
#include "schema/records.h"

enum { POLICY_NONE = -1, POLICY_OUTSIDE = 0 };

// Is anything checked?
bool policy_is_on(const struct config *config);

// The line that lets a flow cross between two segments (index plus 1; 0: outside): first those of
// the configuration, then the model's; POLICY_NONE: none does.
int policy_line(const struct config *config, const struct record *flow, uint16_t from, uint16_t to);

// Words for a line, by its number: what it is for, or the model's name.
struct bytes policy_line_why(const struct config *config, int line);

// A segment that must be kept apart from everything: My Number, LGWAN, control systems.
bool policy_is_isolated(const struct config *config, uint16_t segment);

// A segment's name; "outside".
struct bytes policy_segment(const struct config *config, uint16_t segment);
