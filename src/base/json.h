// SPDX-License-Identifier: Apache-2.0
// Writes JSON text into a growing buffer. Whatever is given as text comes out as valid UTF-8:
// bytes that are not become U+FFFD. Commas are the writer's business.
#pragma once
#include "base/addr.h"
#include "base/bytes.h"

struct json {
    char *data; // what was written: data[0 .. len)
    size_t len;
    size_t room;
    bool comma;     // a value stands before the next one at this level
    bool failed;    // out of memory: output is incomplete and must not be used
    int64_t second; // whose text is cached for timestamps
    char second_text[20];
};

void json_init(struct json *j);
void json_finish(struct json *j);
static inline void json_clear(struct json *j)
{
    j->len = 0;
    j->comma = false;
}

[[nodiscard]] bool json_grow(struct json *j, size_t more);

// Room for `more` characters beyond len; false when out of memory.
[[nodiscard]] static inline bool json_reserve(struct json *j, size_t more)
{
    return __builtin_expect(j->room - j->len >= more, 1) || json_grow(j, more);
}

// Characters as they stand, no comma, no escapes: for constants of the generated code.
static inline void json_raw(struct json *j, const char *text, size_t len)
{
    if (!json_reserve(j, len))
        return;
    memcpy(j->data + j->len, text, len);
    j->len += len;
}

// A name that is not known beforehand, and its value.
struct json_pair {
    struct bytes name, value;
};

// Members of the open object, as text. No name may stand there already.
void json_pairs(struct json *j, const struct json_pair *pairs, size_t count);

// The same with all values of a name in one list, in the order of each name's first. Time grows
// with the square of count, which has a limit where the pairs are made.
void json_pair_lists(struct json *j, const struct json_pair *pairs, size_t count);

// A key constant with quotes and colon, as `"\"rcode\":"`; a comma before it where one is due.
// Always inline: every record has a dozen, and copying a known length takes a few stores.
[[gnu::always_inline]] static inline void json_key(struct json *j, const char *quoted, size_t len)
{
    if (!json_reserve(j, len + 1))
        return;
    j->data[j->len] = ',';
    j->len += j->comma;
    memcpy(j->data + j->len, quoted, len);
    j->len += len;
    j->comma = true;
}
#define JSON_KEY(j, name) json_key((j), "\"" name "\":", sizeof(name) + 2)

static inline void json_open(struct json *j, char bracket)
{
    json_raw(j, &bracket, 1);
    j->comma = false;
}

static inline void json_close(struct json *j, char bracket)
{
    json_raw(j, &bracket, 1);
    j->comma = true;
}

// In an array: a comma where one is due, before the next element.
static inline void json_next(struct json *j)
{
    if (j->comma)
        json_raw(j, ",", 1);
    j->comma = true;
}

// A string with quotes. Control characters, quote and backslash are escaped. What is not UTF-8 as
// RFC 3629 has it becomes U+FFFD, one for each longest start of a character (Unicode 15, 3.9).
void json_text(struct json *j, struct bytes text);
void json_hex(struct json *j, struct bytes b);
void json_base64(struct json *j, struct bytes b);    // RFC 4648, section 4, with padding
void json_printable(struct json *j, struct bytes b); // printable ASCII, CR and LF; the rest as dots
void json_u64(struct json *j, uint64_t v);
void json_i64(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
void json_double(struct json *j, double v); // up to 6 decimals; null when not finite
void json_addr(struct json *j, const struct addr *a);
void json_mac(struct json *j, struct bytes mac);

// "2026-11-21T08:00:00.123456+0000", UTC, as EVE writes it. Microseconds since 1970; years before 0
// and after 9999 are written as the first and the last second of that range.
void json_time(struct json *j, int64_t time_us);
