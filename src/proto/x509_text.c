// SPDX-License-Identifier: Apache-2.0
// Certificates in words: distinguished names (X.501, RFC 4519 attribute names), serial numbers,
// times and alternative names (RFC 5280 4.2.1.6), as UTF-8 whatever string type the issuer chose.
#include "base/addr.h"
#include "proto/der.h"
#include "proto/x509.h"
#include <stdio.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// Text of bounded length; what does not fit is cut.
struct line {
    char text[X509_NAME_TEXT_BYTES];
    size_t len;
};

static void line_add(struct line *l, struct bytes b)
{
    size_t room = sizeof l->text - l->len;
    size_t n = b.len < room ? b.len : room;
    if (n > 0)
        memcpy(l->text + l->len, b.data, n);
    l->len += n;
}

static void line_add_char(struct line *l, uint32_t code)
{
    uint8_t utf8[4];
    size_t n = 0;
    if (code < 0x80) {
        utf8[n++] = (uint8_t)code;
    } else if (code < 0x800) {
        utf8[n++] = (uint8_t)(0xc0 | code >> 6);
        utf8[n++] = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x1'0000) {
        utf8[n++] = (uint8_t)(0xe0 | code >> 12);
        utf8[n++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        utf8[n++] = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x11'0000) {
        utf8[n++] = (uint8_t)(0xf0 | code >> 18);
        utf8[n++] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        utf8[n++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        utf8[n++] = (uint8_t)(0x80 | (code & 0x3f));
    }
    line_add(l, bytes_make(utf8, n));
}

static void line_add_utf16(struct line *l, struct bytes value)
{
    struct cursor c = cursor_make(value);
    while (cursor_left(&c) >= 2) {
        uint32_t unit = cursor_u16(&c);
        if (unit >= 0xd800 && unit < 0xdc00 && cursor_left(&c) >= 2)
            unit = 0x1'0000 + ((unit & 0x3ff) << 10) + (cursor_u16(&c) & 0x3ffU);
        line_add_char(l, unit);
    }
}

static void line_add_value(struct line *l, uint8_t tag, struct bytes value)
{
    struct cursor c = cursor_make(value);
    switch (tag) {
    case DER_BMP_STRING: line_add_utf16(l, value); return;
    case DER_UNIVERSAL_STRING:
        while (cursor_left(&c) >= 4)
            line_add_char(l, cursor_u32(&c));
        return;
    case DER_T61_STRING: // in practice Latin-1
        while (cursor_left(&c) > 0)
            line_add_char(l, cursor_u8(&c));
        return;
    default: line_add(l, value);
    }
}

// Dotted decimal of an OID (X.690 8.19).
static void line_add_oid(struct line *l, struct bytes oid)
{
    uint64_t arc = 0;
    bool first = true;
    for (size_t i = 0; i < oid.len; i++) {
        arc = (arc & UINT64_MAX >> 7) << 7 | (oid.data[i] & 0x7f);
        if (oid.data[i] & 0x80)
            continue;
        char text[48];
        uint64_t root = arc < 80 ? arc / 40 : 2;
        int n = first ? snprintf(text, sizeof text, "%u.%llu", (unsigned)root,
                            (unsigned long long)(arc - root * 40))
                      : snprintf(text, sizeof text, ".%llu", (unsigned long long)arc);
        line_add(l, bytes_make(text, (size_t)n));
        first = false;
        arc = 0;
    }
}

static const struct attribute {
    struct bytes oid;
    struct bytes name;
} attributes[] = {
    {BYTES("\x55\x04\x03"), BYTES("CN")},
    {BYTES("\x55\x04\x06"), BYTES("C")},
    {BYTES("\x55\x04\x0a"), BYTES("O")},
    {BYTES("\x55\x04\x0b"), BYTES("OU")},
    {BYTES("\x55\x04\x07"), BYTES("L")},
    {BYTES("\x55\x04\x08"), BYTES("ST")},
    {BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), BYTES("DC")},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), BYTES("emailAddress")},
    {BYTES("\x55\x04\x05"), BYTES("serialNumber")},
    {BYTES("\x55\x04\x0f"), BYTES("businessCategory")},
    {BYTES("\x55\x04\x09"), BYTES("street")},
    {BYTES("\x55\x04\x11"), BYTES("postalCode")},
    {BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03"), BYTES("jurisdictionC")},
    {BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02"), BYTES("jurisdictionST")},
    {BYTES("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01"), BYTES("jurisdictionL")},
    {BYTES("\x55\x04\x04"), BYTES("SN")},
    {BYTES("\x55\x04\x2a"), BYTES("GN")},
    {BYTES("\x55\x04\x29"), BYTES("name")},
    {BYTES("\x55\x04\x0c"), BYTES("title")},
    {BYTES("\x55\x04\x0d"), BYTES("description")},
    {BYTES("\x55\x04\x2b"), BYTES("initials")},
    {BYTES("\x55\x04\x2e"), BYTES("dnQualifier")},
    {BYTES("\x55\x04\x61"), BYTES("organizationIdentifier")},
    {BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), BYTES("UID")},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02"), BYTES("unstructuredName")},
};

static void line_add_type(struct line *l, struct bytes oid)
{
    for (size_t i = 0; i < COUNT(attributes); i++)
        if (bytes_equal(attributes[i].oid, oid)) {
            line_add(l, attributes[i].name);
            return;
        }
    line_add_oid(l, oid);
}

// One AttributeTypeAndValue out of a set. False: broken.
static bool line_add_attribute(struct line *l, struct cursor *set)
{
    struct cursor pair = der_enter(set, DER_SEQUENCE);
    struct bytes type = der_take(&pair, DER_OID);
    uint8_t tag;
    struct bytes value = der_any(&pair, &tag);
    if (!cursor_ok(&pair))
        return false;
    line_add_type(l, type);
    line_add(l, BYTES("="));
    line_add_value(l, tag, value);
    return true;
}

struct bytes x509_name_text(struct bytes name, struct arena *arena)
{
    struct line l;
    l.len = 0;
    struct cursor c = cursor_make(name);
    for (unsigned parts = 0; cursor_left(&c) > 0 && parts < X509_NAME_PARTS_MAX;) {
        struct cursor set = der_enter(&c, DER_SET);
        bool first = true;
        while (cursor_left(&set) > 0 && parts++ < X509_NAME_PARTS_MAX) {
            if (l.len > 0)
                line_add(&l, first ? BYTES(", ") : BYTES(" + "));
            first = false;
            if (!line_add_attribute(&l, &set))
                break;
        }
        parts++;
    }
    return arena_copy(arena, bytes_make(l.text, l.len));
}

struct bytes x509_serial_text(struct bytes serial, struct arena *arena)
{
    static const char hex[] = "0123456789ABCDEF";
    struct bytes shown = bytes_sub(serial, 0, 64);
    if (shown.len == 0)
        return (struct bytes){NULL, 0};
    char *out = arena_alloc(arena, shown.len * 3);
    if (!out)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < shown.len; i++) {
        out[i * 3] = hex[shown.data[i] >> 4];
        out[i * 3 + 1] = hex[shown.data[i] & 15];
        out[i * 3 + 2] = ':';
    }
    return bytes_make(out, shown.len * 3 - 1);
}

size_t x509_time_text(int64_t time_s, char out[X509_TIME_TEXT_BYTES])
{
    struct tm t;
    time_t clock = (time_t)time_s;
    if (!gmtime_r(&clock, &t))
        return 0;
    return strftime(out, X509_TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &t);
}

enum { SAN_MAIL = DER_CONTEXT + 1, SAN_DNS, SAN_URI = DER_CONTEXT + 6, SAN_ADDRESS };

static struct bytes address_text(struct bytes raw, struct arena *arena)
{
    char text[ADDR_TEXT_BYTES];
    if (raw.len != 4 && raw.len != 16)
        return (struct bytes){NULL, 0};
    struct addr a = raw.len == 4 ? addr_v4(raw.data) : addr_v6(raw.data);
    return arena_copy(arena, bytes_make(text, addr_write(&a, text)));
}

static struct bytes san_text(uint8_t tag, struct bytes value, struct arena *arena)
{
    if (tag == SAN_DNS || tag == SAN_MAIL || tag == SAN_URI)
        return bytes_sub(value, 0, X509_NAME_TEXT_BYTES);
    if (tag == SAN_ADDRESS)
        return address_text(value, arena);
    return (struct bytes){NULL, 0};
}

size_t x509_sans_list(
    const struct x509 *cert, struct bytes *out, size_t room, struct arena *arena, bool *cut)
{
    struct cursor c = cursor_make(cert->sans);
    size_t count = 0;
    *cut = false;
    while (cursor_left(&c) > 0) {
        uint8_t tag;
        struct bytes value = der_any(&c, &tag);
        struct bytes text = cursor_ok(&c) ? san_text(tag, value, arena) : value;
        if (!text.data || !cursor_ok(&c))
            continue;
        *cut = count == room;
        if (*cut)
            break;
        out[count++] = text;
    }
    return count;
}

// RFC 6125 6.4.3, the strict reading: "*" alone stands for exactly one label.
static bool pattern_matches(struct bytes pattern, struct bytes host)
{
    if (bytes_equal_nocase(pattern, host))
        return true;
    if (!bytes_start_with(pattern, BYTES("*.")))
        return false;
    size_t dot = bytes_find_byte(host, '.');
    return dot != BYTES_NOT_FOUND && dot > 0 &&
           bytes_equal_nocase(bytes_from(pattern, 1), bytes_from(host, dot));
}

static bool common_name_matches(struct bytes name, struct bytes host)
{
    struct cursor c = cursor_make(name);
    for (unsigned parts = 0; cursor_left(&c) > 0 && parts < X509_NAME_PARTS_MAX; parts++) {
        struct cursor set = der_enter(&c, DER_SET);
        struct cursor pair = der_enter(&set, DER_SEQUENCE);
        struct bytes type = der_take(&pair, DER_OID);
        uint8_t tag;
        struct bytes value = der_any(&pair, &tag);
        if (cursor_ok(&pair) && bytes_equal(type, attributes[0].oid) &&
            pattern_matches(value, host))
            return true;
    }
    return false;
}

bool x509_names_host(const struct x509 *cert, struct bytes host)
{
    struct cursor c = cursor_make(cert->sans);
    bool any = false;
    while (cursor_left(&c) > 0) {
        uint8_t tag;
        struct bytes value = der_any(&c, &tag);
        if (!cursor_ok(&c) || tag != SAN_DNS)
            continue;
        any = true;
        if (pattern_matches(value, host))
            return true;
    }
    return !any && common_name_matches(cert->subject, host);
}
