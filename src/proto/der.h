// SPDX-License-Identifier: Apache-2.0
// Distinguished encoding of ASN.1 (ITU-T X.690) through a cursor: one tag, length and value at a
// time. Indefinite lengths, tags past 30 and lengths past 16 MiB are refused. No recursion here.
#pragma once
#include "base/cursor.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTF8_STRING = 0x0c,
    DER_T61_STRING = 0x14,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,           // + number
    DER_CONTEXT_STRUCTURED = 0xa0 // + number
};

static inline size_t der_length(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    if (first < 0x80)
        return first;
    if (first == 0x81)
        return cursor_u8(c);
    if (first == 0x82)
        return cursor_u16(c);
    if (first == 0x83 || (first == 0x84 && cursor_u8(c) == 0)) // Windows writes four bytes, always
        return cursor_u24(c);
    cursor_fail(c);
    return 0;
}

// The next value and its tag; the cursor fails when there is no whole one.
static inline struct bytes der_any(struct cursor *c, uint8_t *tag)
{
    *tag = cursor_u8(c);
    if ((*tag & 0x1f) == 0x1f) { // the long form; old devices write small numbers so, too
        uint8_t number = cursor_u8(c);
        *tag = (uint8_t)((*tag & 0xe0) | (number & 0x1f));
        if (number > 30)
            cursor_fail(c);
    }
    return cursor_take(c, der_length(c));
}

// The next value, which must have this tag.
static inline struct bytes der_take(struct cursor *c, uint8_t tag)
{
    uint8_t found;
    struct bytes value = der_any(c, &found);
    if (found != tag)
        cursor_fail(c);
    return cursor_ok(c) ? value : (struct bytes){NULL, 0};
}

static inline struct cursor der_enter(struct cursor *c, uint8_t tag)
{
    struct cursor inner = cursor_make(der_take(c, tag));
    inner.failed = c->failed;
    return inner;
}

// Does a value with this tag come next? Nothing moves.
static inline bool der_next_is(const struct cursor *c, uint8_t tag)
{
    return cursor_left(c) > 0 && bytes_at(cursor_rest(c), 0) == tag;
}
