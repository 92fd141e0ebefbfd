// SPDX-License-Identifier: Apache-2.0
// Inside logs/: JSON value by value, wherever lines end: one a line, several in a line, one spread
// over lines, many in an array.
#pragma once
#include "base/json.h"

enum {
    LOG_JSON_LONGEST = 8 << 20, // bytes of a value spread over lines
    LOG_JSON_DEEP = 256,
};

struct log_values {
    struct bytes rest; // of the line being read
    struct json begun; // a value whose end has not come
    int depth;         // of brackets open in it
};

enum log_value {
    LOG_VALUE,         // *value holds one, until the next call
    LOG_VALUE_NONE,    // the line is used up
    LOG_VALUE_DAMAGED, // something that is none
};

void log_values_init(struct log_values *values);
void log_values_finish(struct log_values *values);

// A line to go on with; the one before is used up.
void log_values_line(struct log_values *values, struct bytes line);
enum log_value log_values_next(struct log_values *values, struct bytes *value);

// Whether a value has begun and not ended.
bool log_values_open(const struct log_values *values);
