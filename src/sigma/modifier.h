// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: what stands behind the pipes of a field's name, and what it does to values.
#pragma once
#include "sigma/compile.h"

enum { ITEM_MODIFIERS = 16 };

// One of a field's values on its way through the modifiers.
struct item_value {
    struct pattern_text text;
    struct bytes as_written;
    uint64_t line;
    bool null;
};

// A field with its modifiers and values.
struct item {
    struct sigma_compile *c;
    struct bytes field, key;
    uint64_t line;
    struct bytes modifiers[ITEM_MODIFIERS];
    size_t modifiers_count;
    struct item_value *values;
    size_t values_count, values_room;
    // What the modifiers ask for.
    enum test_op op;
    uint8_t compare, part;
    bool has_part, compares;
    bool all, cased, negated;
    bool open_start, open_end; // contains, startswith, endswith: of TEST_FIELD
    bool regex_i, regex_m, regex_s;
};

// Room for one value more. NULL: told.
struct item_value *item_value_add(struct item *item);

// All of its modifiers, in their order. False: told.
bool item_modify(struct item *item);
