// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: the values of one field of one record, as texts.
#pragma once
#include "base/arena.h"
#include "schema/shape.h"

enum { SIGMA_VALUES_MOST = 256 }; // of one field; more are not looked at

struct sigma_value {
    struct bytes raw, folded;
};

struct sigma_values {
    struct arena *arena; // of the record
    struct sigma_value *items;
    size_t count, room;
};

// A value that lives as long as the record.
void sigma_value_add(struct sigma_values *values, struct bytes raw);
void sigma_value_number(struct sigma_values *values, uint64_t number);
void sigma_value_addr(struct sigma_values *values, const struct addr *addr);

// What stands at a path of a record.
void sigma_value_path(
    struct sigma_values *values, const struct shape_path *path, const struct record *record);

// All texts of a record in one value, one a line.
void sigma_value_all(struct sigma_values *values, const struct record *record);
