// SPDX-License-Identifier: Apache-2.0
// Lines of JSON cut into values. Limits: a value of LOG_JSON_LONGEST, LOG_JSON_DEEP brackets.
#include "logs/values.h"

// What stands between values: white space, and the brackets and commas of an array of them.
static struct bytes skip_between(struct bytes text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t' || text.data[0] == ',' ||
                           text.data[0] == '[' || text.data[0] == ']'))
        text = bytes_from(text, 1);
    return text;
}

// How much of the text belongs to the value: up to its end, or all of it. *depth: of brackets open
// before, and behind. False: a string does not end, or the brackets do not fit together.
static bool scan(struct bytes text, int *depth, size_t *len)
{
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        in_string = c == '"';
        *depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (*depth > LOG_JSON_DEEP)
            return false;
        if (*depth == 0) {
            *len = i + 1;
            return true;
        }
    }
    *len = text.len;
    return !in_string;
}

static enum log_value give_up(struct log_values *v)
{
    v->depth = 0;
    json_clear(&v->begun);
    v->rest = (struct bytes){NULL, 0};
    return LOG_VALUE_DAMAGED;
}

// Some more of the value that has begun.
static enum log_value go_on(struct log_values *v, struct bytes *value)
{
    size_t len = 0;
    bool starts_anew = v->begun.len && v->rest.len && v->rest.data[0] == '{';
    if (starts_anew) { // within a value nobody puts one at the beginning of a line: that one broke
                       // off
        struct bytes rest = v->rest;
        (void)give_up(v);
        v->rest = rest;
        return LOG_VALUE_DAMAGED;
    }
    if (!scan(v->rest, &v->depth, &len))
        return give_up(v);
    struct bytes part = bytes_sub(v->rest, 0, len);
    v->rest = bytes_from(v->rest, len);
    if (v->depth == 0 && v->begun.len == 0) {
        *value = part;
        return LOG_VALUE;
    }
    if (v->begun.len + part.len > LOG_JSON_LONGEST || v->begun.failed)
        return give_up(v);
    json_raw(&v->begun, (const char *)part.data, part.len);
    json_raw(&v->begun, "\n", 1);
    *value = bytes_make(v->begun.data, v->begun.len);
    if (v->begun.failed)
        return give_up(v);
    return v->depth ? LOG_VALUE_NONE : LOG_VALUE;
}

void log_values_init(struct log_values *v)
{
    *v = (struct log_values){.depth = 0};
    json_init(&v->begun);
}

void log_values_finish(struct log_values *v)
{
    json_finish(&v->begun);
}

void log_values_line(struct log_values *v, struct bytes line)
{
    v->rest = line;
}

enum log_value log_values_next(struct log_values *v, struct bytes *value)
{
    if (v->depth == 0) {
        json_clear(&v->begun);
        v->rest = skip_between(v->rest);
    }
    if (v->rest.len == 0)
        return LOG_VALUE_NONE;
    if (v->depth == 0 && v->rest.data[0] != '{')
        return give_up(v);
    return go_on(v, value);
}

bool log_values_open(const struct log_values *v)
{
    return v->depth > 0;
}
