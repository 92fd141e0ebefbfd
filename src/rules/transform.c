// SPDX-License-Identifier: Apache-2.0
// The list of transforms, and those that change bytes one by one.
#include "rules/transform.h"
#include "rules/match_run.h"
#include <ctype.h>

static transform_apply *const apply[] = {
    [TRANSFORM_MD5] = transform_md5,
    [TRANSFORM_SHA1] = transform_sha1,
    [TRANSFORM_SHA256] = transform_sha256,
    [TRANSFORM_COMPRESS_WHITESPACE] = transform_compress_whitespace,
    [TRANSFORM_STRIP_WHITESPACE] = transform_strip_whitespace,
    [TRANSFORM_DOTPREFIX] = transform_dotprefix,
    [TRANSFORM_URL_DECODE] = transform_url_decode,
    [TRANSFORM_XOR] = transform_xor,
    [TRANSFORM_HEADER_LOWERCASE] = transform_header_lowercase,
    [TRANSFORM_STRIP_PSEUDO_HEADERS] = transform_strip_pseudo_headers,
    [TRANSFORM_FROM_BASE64] = transform_base64,
    [TRANSFORM_TO_LOWERCASE] = transform_to_lowercase,
    [TRANSFORM_TO_UPPERCASE] = transform_to_uppercase,
    [TRANSFORM_DOMAIN] = transform_domain,
    [TRANSFORM_TLD] = transform_tld,
    [TRANSFORM_PCREXFORM] = transform_pcrexform,
    [TRANSFORM_GUNZIP] = transform_gunzip,
    [TRANSFORM_ZLIB_DEFLATE] = transform_zlib_deflate,
};

bool rule_transform(struct rule_scratch *s, struct arena *memory,
    const struct rule_transform *transforms, size_t count, struct bytes *data)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes in = bytes_sub(*data, 0, TRANSFORM_BYTES);
        if (!apply[transforms[i].kind](s, memory, &transforms[i], in, data))
            return false;
    }
    return true;
}

bool rule_transforms_equal(
    const struct rule_transform *a, size_t a_count, const struct rule_transform *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (a[i].kind != b[i].kind || a[i].offset != b[i].offset || a[i].count != b[i].count ||
            a[i].mode != b[i].mode || !bytes_equal(a[i].argument, b[i].argument))
            return false;
    return true;
}

// Room for `len` bytes of result; NULL: out of memory.
static uint8_t *room(struct arena *memory, size_t len, struct bytes *out)
{
    uint8_t *to = arena_alloc(memory, len + 1);
    *out = bytes_make(to, 0);
    return to;
}

bool transform_compress_whitespace(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    bool in_space = false;
    for (size_t i = 0; to && i < in.len; i++) {
        bool space = isspace(in.data[i]);
        if (!space || !in_space)
            to[out->len++] = space ? ' ' : in.data[i];
        in_space = space;
    }
    return to != NULL;
}

bool transform_strip_whitespace(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    for (size_t i = 0; to && i < in.len; i++)
        if (!isspace(in.data[i]))
            to[out->len++] = in.data[i];
    return to != NULL;
}

bool transform_dotprefix(struct rule_scratch *, struct arena *memory, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len + 1, out);
    if (!to)
        return false;
    to[0] = '.';
    if (in.len)
        memcpy(&to[1], in.data, in.len);
    out->len = in.len + 1;
    return true;
}

// "+" is a space, %41 is A; what only looks like an escape stays.
bool transform_url_decode(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    for (size_t i = 0; to && i < in.len; i++) {
        uint64_t value;
        uint8_t c = in.data[i];
        if (c == '%' && i + 2 < in.len && bytes_hex_to_u64(bytes_sub(in, i + 1, 2), &value)) {
            c = (uint8_t)value;
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        to[out->len++] = c;
    }
    return to != NULL;
}

bool transform_xor(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *transform, struct bytes in, struct bytes *out)
{
    struct bytes key = transform->argument;
    uint8_t *to = room(memory, in.len, out);
    for (size_t i = 0; to && i < in.len; i++)
        to[i] = in.data[i] ^ (key.len ? key.data[i % key.len] : 0);
    out->len = to ? in.len : 0;
    return to != NULL;
}

// Names of headers, up to the colon of each line; values stay.
bool transform_header_lowercase(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    bool name = true;
    for (size_t i = 0; to && i < in.len; i++) {
        uint8_t c = in.data[i];
        if (c == '\n')
            name = true;
        else if (c == ':')
            name = false;
        to[i] = name ? (uint8_t)tolower(c) : c;
    }
    out->len = to ? in.len : 0;
    return to != NULL;
}

// HTTP/2's ":method" and its kin: whole lines.
bool transform_strip_pseudo_headers(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    while (to && in.len) {
        size_t end = bytes_find_byte(in, '\n');
        struct bytes line = bytes_sub(in, 0, end == BYTES_NOT_FOUND ? in.len : end + 1);
        in = bytes_from(in, line.len);
        if (line.data[0] == ':')
            continue;
        memcpy(&to[out->len], line.data, line.len);
        out->len += line.len;
    }
    return to != NULL;
}

static bool cased(struct arena *memory, struct bytes in, int (*to_case)(int), struct bytes *out)
{
    uint8_t *to = room(memory, in.len, out);
    for (size_t i = 0; to && i < in.len; i++)
        to[i] = (uint8_t)to_case(in.data[i]);
    out->len = to ? in.len : 0;
    return to != NULL;
}

bool transform_to_lowercase(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    return cased(memory, in, tolower, out);
}

bool transform_to_uppercase(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *, struct bytes in, struct bytes *out)
{
    return cased(memory, in, toupper, out);
}
