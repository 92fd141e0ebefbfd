// SPDX-License-Identifier: Apache-2.0
// asn1: odd encodings (X.690) that overflowed decoders once. Walks the elements from where the
// keyword says, into constructed ones, and stops where the bytes make no sense.
#include "base/cursor.h"
#include "rules/match_run.h"

enum {
    ELEMENTS_MOST = 256,
    DEPTH_MOST = 16,
    TAG_BIT_STRING = 3,
    TAG_REAL = 9,
    REAL_OCTETS_MOST = 256,
    LONG_LENGTH = 0x80,
    CONSTRUCTED = 0x20,
    TAG_MASK = 0x1f,
    CLASS_MASK = 0xc0,
};

struct element {
    uint8_t first;
    bool has_length;
    uint64_t length;
    struct cursor content;
};

static void skip_long_tag(struct cursor *in)
{
    for (int i = 0; i < 4 && cursor_u8(in) & 0x80; i++)
        ;
}

static bool read_element(struct cursor *in, struct element *e)
{
    e->first = cursor_u8(in);
    if ((e->first & TAG_MASK) == TAG_MASK)
        skip_long_tag(in);
    uint8_t length = cursor_u8(in);
    e->has_length = length != LONG_LENGTH;
    e->length = length;
    if (length > LONG_LENGTH) {
        struct bytes octets = cursor_take(in, length - LONG_LENGTH);
        e->length = 0;
        for (size_t i = 0; i < octets.len; i++)
            e->length = i < 8 ? e->length << 8 | octets.data[i] : UINT64_MAX;
    }
    if (!cursor_ok(in))
        return false;
    size_t left = cursor_left(in);
    bool whole = e->has_length && e->length <= left;
    struct cursor rest = *in;
    e->content = cursor_window(&rest, whole ? (size_t)e->length : left);
    return true;
}

static bool is_odd(const struct element *e, const struct rule_asn1 *asn1)
{
    uint8_t tag = e->first & TAG_MASK;
    bool universal = (e->first & CLASS_MASK) == 0, simple = !(e->first & CONSTRUCTED);
    struct cursor content = e->content;
    if (asn1->has_oversize && e->has_length && e->length > asn1->oversize_length)
        return true;
    if (asn1->bitstring_overflow && universal && simple && tag == TAG_BIT_STRING && e->length) {
        uint8_t unused = cursor_u8(&content);
        if (cursor_ok(&content) && (unused > 7 || (e->length <= 1 && unused > 0)))
            return true;
    }
    if (asn1->double_overflow && universal && simple && tag == TAG_REAL) {
        uint8_t how = cursor_u8(&content);
        bool decimal = cursor_ok(&content) && (how & CLASS_MASK) == 0;
        return decimal && e->length > REAL_OCTETS_MOST;
    }
    return false;
}

bool match_asn1(const struct match_run *run, const struct rule_asn1 *asn1)
{
    int64_t from = asn1->offset + (asn1->relative ? run->behind : 0);
    if (from < 0 || from >= match_len(run))
        return false;
    struct cursor stack[DEPTH_MOST];
    size_t depth = 1;
    stack[0] = cursor_make(bytes_from(run->data, (size_t)from));
    for (int i = 0; i < ELEMENTS_MOST && depth > 0; i++) {
        struct cursor *in = &stack[depth - 1];
        struct element e;
        if (cursor_left(in) == 0 || !read_element(in, &e)) {
            depth--;
            continue;
        }
        if (is_odd(&e, asn1))
            return true;
        size_t inside = cursor_left(&e.content);
        cursor_skip(in, inside);
        if (e.first & CONSTRUCTED && depth < DEPTH_MOST)
            stack[depth++] = e.content;
    }
    return false;
}
