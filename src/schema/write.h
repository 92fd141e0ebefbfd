// SPDX-License-Identifier: Apache-2.0
// What the generated writers share: objects that vanish when nothing was written into them, and
// numbers EVE writes as hexadecimal text.
#pragma once
#include "base/json.h"

struct write_mark {
    size_t before; // length before the key
    size_t inside; // and after the brace
    bool comma;    // as it was before the key
};

static inline struct write_mark write_begin(struct json *j, const char *quoted, size_t len)
{
    struct write_mark mark = {.before = j->len, .comma = j->comma};
    json_key(j, quoted, len);
    j->comma = false;
    mark.inside = j->len;
    return mark;
}
// The brace stands in the key's constant: one copy less for each object.
#define WRITE_BEGIN(j, name) write_begin((j), "\"" name "\":{", sizeof(name) + 3)

static inline void write_end(struct json *j, struct write_mark mark)
{
    if (j->len > mark.inside) {
        json_close(j, '}');
        return;
    }
    j->len = mark.before;
    j->comma = mark.comma;
}

static inline void write_hex8(struct json *j, uint8_t v)
{
    json_hex(j, bytes_make(&v, 1));
}

// Without leading zeros, as EVE writes the flags of DNS.
static inline void write_hex16(struct json *j, uint16_t v)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = {'"'};
    size_t len = 1;
    for (unsigned shift = 16; shift > 0; shift -= 4)
        if (v >> (shift - 4) || shift == 4)
            text[len++] = digits[v >> (shift - 4) & 15];
    text[len++] = '"';
    json_raw(j, text, len);
}
