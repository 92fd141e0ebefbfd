// SPDX-License-Identifier: Apache-2.0
// One value of a record's field, told in the form in which patterns compare it.
#pragma once
#include "intel/observe.h"

struct value_place {
    const struct observable *observable;
    const struct field *field;
    const struct record *record;
    const void *place; // where the value lies
    uint8_t kind;      // enum shape_kind
    value_sink *sink;
    void *context;
};

// False: no more values are wanted.
bool value_tell(const struct value_place *place);
