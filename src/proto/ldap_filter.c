// SPDX-License-Identifier: Apache-2.0
// Search filters (RFC 4511 section 4.5.1.7) as text (RFC 4515). An explicit stack, no recursion;
// past LDAP_FILTER_DEPTH a part stands as (?).
#include "base/utf8.h"
#include "proto/ldap.h"
#include "proto/text_out.h"

enum {
    FILTER_AND = 0xa0,
    FILTER_OR = 0xa1,
    FILTER_NOT = 0xa2,
    FILTER_EQUAL = 0xa3,
    FILTER_SUBSTRINGS = 0xa4,
    FILTER_GREATER = 0xa5,
    FILTER_LESS = 0xa6,
    FILTER_PRESENT = 0x87,
    FILTER_APPROXIMATE = 0xa8,
    FILTER_EXTENSIBLE = 0xa9,
};

static bool must_escape(uint8_t c)
{
    return c < 0x20 || c == 0x7f || c == '*' || c == '(' || c == ')' || c == '\\';
}

// A value: what has a meaning in a filter, control characters and what is not UTF-8 as \XX.
static void value_put(struct text_out *out, struct bytes value)
{
    for (size_t i = 0; i < value.len && !out->cut;) {
        size_t bad = 1, size = 1;
        bool plain = value.data[i] < 0x80;
        if (!plain)
            size = utf8_character(&value.data[i], value.len - i, &bad);
        if (size && (!plain || !must_escape(value.data[i]))) {
            text_out_put(out, bytes_sub(value, i, size));
            i += size;
            continue;
        }
        text_out_char(out, '\\');
        text_out_hex(out, bytes_sub(value, i, 1));
        i++;
    }
}

static void assertion_put(struct text_out *out, struct cursor c, const char *sign)
{
    text_out_put(out, der_take(&c, DER_OCTET_STRING));
    text_out_text(out, sign);
    value_put(out, der_take(&c, DER_OCTET_STRING));
}

// initial [0], any [1], final [2]
static void substrings_put(struct text_out *out, struct cursor c)
{
    uint8_t tag = 0x80;
    text_out_put(out, der_take(&c, DER_OCTET_STRING));
    text_out_char(out, '=');
    struct cursor parts = der_enter(&c, DER_SEQUENCE);
    while (cursor_left(&parts) > 0 && !out->cut) {
        struct bytes part = der_any(&parts, &tag);
        if (tag != 0x80)
            text_out_char(out, '*');
        value_put(out, part);
    }
    if (tag != 0x82)
        text_out_char(out, '*');
}

// matchingRule [1], type [2], matchValue [3], dnAttributes [4]
static void extensible_put(struct text_out *out, struct cursor c)
{
    struct bytes rule = {NULL, 0}, type = {NULL, 0}, value = {NULL, 0};
    bool dn = false;
    while (cursor_left(&c) > 0) {
        uint8_t tag;
        struct bytes part = der_any(&c, &tag);
        switch (tag) {
        case 0x81: rule = part; break;
        case 0x82: type = part; break;
        case 0x83: value = part; break;
        case 0x84: dn = bytes_at(part, 0) != 0; break;
        default: break;
        }
    }
    text_out_put(out, type);
    text_out_text(out, dn ? ":dn" : "");
    if (rule.len) {
        text_out_char(out, ':');
        text_out_put(out, rule);
    }
    text_out_text(out, ":=");
    value_put(out, value);
}

// A part that holds no others.
static void item_put(struct ldap_message *m, struct text_out *out, uint8_t tag, struct bytes body)
{
    struct cursor c = cursor_make(body);
    switch (tag) {
    case FILTER_EQUAL: assertion_put(out, c, "="); break;
    case FILTER_GREATER: assertion_put(out, c, ">="); break;
    case FILTER_LESS: assertion_put(out, c, "<="); break;
    case FILTER_APPROXIMATE: assertion_put(out, c, "~="); break;
    case FILTER_SUBSTRINGS: substrings_put(out, c); break;
    case FILTER_EXTENSIBLE: extensible_put(out, c); break;
    case FILTER_PRESENT:
        text_out_put(out, body);
        text_out_text(out, "=*");
        break;
    default:
        text_out_char(out, '?');
        m->problems |= LDAP_MALFORMED;
        break;
    }
}

static char sign_of(uint8_t tag)
{
    return tag == FILTER_AND ? '&' : tag == FILTER_OR ? '|' : '!';
}

// One part: true when it holds others, which are then to be read from `inner`.
static bool part_put(
    struct ldap_message *m, struct text_out *out, struct cursor *list, struct cursor *inner)
{
    uint8_t tag;
    struct bytes body = der_any(list, &tag);
    if (!cursor_ok(list)) {
        m->problems |= LDAP_MALFORMED;
        return false;
    }
    text_out_char(out, '(');
    if (tag != FILTER_AND && tag != FILTER_OR && tag != FILTER_NOT) {
        item_put(m, out, tag, body);
        text_out_char(out, ')');
        return false;
    }
    text_out_char(out, sign_of(tag));
    *inner = cursor_make(body);
    return true;
}

struct bytes ldap_filter_text(struct ldap_message *m, struct cursor *c)
{
    char room[LDAP_FILTER_BYTES];
    struct text_out out = TEXT_OUT(room);
    struct cursor stack[LDAP_FILTER_DEPTH];
    size_t depth = 0;
    struct cursor inner;
    if (part_put(m, &out, c, &inner))
        stack[depth++] = inner;
    while (depth > 0 && !out.cut) {
        struct cursor *list = &stack[depth - 1];
        if (cursor_left(list) == 0) {
            text_out_char(&out, ')');
            depth--;
        } else if (part_put(m, &out, list, &inner)) {
            if (depth < LDAP_FILTER_DEPTH) {
                stack[depth++] = inner;
            } else {
                m->problems |= LDAP_DEEP;
                text_out_text(&out, "(?))");
            }
        }
    }
    if (out.cut)
        m->problems |= LDAP_CUT;
    return text_out_keep(&out, m->arena);
}
