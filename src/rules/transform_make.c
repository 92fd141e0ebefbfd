// SPDX-License-Identifier: Apache-2.0
// Transforms that make something else of a buffer, with the help of libraries: digests, base64,
// domains (the public suffix list of libpsl), expressions, compression.
#include "base/hash.h"
#include "rules/match_run.h"
#include "rules/transform.h"
#include <libpsl.h>
#include <zlib.h>

enum { NAME_BYTES = 255, GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15, INFLATE_FIRST = 4096 };

static bool digest(struct arena *memory, void (*make)(struct bytes, uint8_t *), size_t len,
    struct bytes in, struct bytes *out)
{
    uint8_t *to = arena_alloc(memory, len);
    if (!to)
        return false;
    make(in, to);
    *out = bytes_make(to, len);
    return true;
}

bool transform_md5(struct rule_scratch *, struct arena *memory, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    return digest(memory, hash_md5, MD5_BYTES, in, out);
}

bool transform_sha1(struct rule_scratch *, struct arena *memory, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    return digest(memory, hash_sha1, SHA1_BYTES, in, out);
}

bool transform_sha256(struct rule_scratch *, struct arena *memory, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    return digest(memory, hash_sha256, SHA256_BYTES, in, out);
}

static int sextet(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648: up to the first character that is none of base64's; RFC 2045: over all of them;
// strict: all or nothing.
bool transform_from_base64(
    struct arena *memory, struct bytes in, enum rule_base64_mode mode, struct bytes *out)
{
    uint8_t *to = arena_alloc(memory, in.len / 4 * 3 + 3);
    if (!to)
        return false;
    *out = bytes_make(to, 0);
    uint32_t bits = 0;
    unsigned have = 0;
    size_t i = 0, used = 0;
    for (; i < in.len && in.data[i] != '='; i++) {
        int value = sextet(in.data[i]);
        if (value < 0 && mode == BASE64_RFC2045)
            continue;
        if (value < 0)
            break;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        used++;
        if (have >= 8)
            to[out->len++] = (uint8_t)(bits >> (have -= 8));
    }
    while (i < in.len && in.data[i] == '=' && used % 4) {
        used++;
        i++;
    }
    return mode != BASE64_STRICT || (i == in.len && used % 4 == 0);
}

bool transform_base64(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *transform, struct bytes in, struct bytes *out)
{
    struct bytes text = bytes_from(in, transform->offset > 0 ? (size_t)transform->offset : 0);
    if (transform->count > 0)
        text = bytes_sub(text, 0, (size_t)transform->count);
    // What is no base64 stays as it was.
    if (!transform_from_base64(memory, text, transform->mode, out) || out->len == 0)
        *out = in;
    return true;
}

// The part of a name that `part` says, as libpsl knows it; a name it has no answer for stays.
static bool name_part(
    struct bytes in, struct bytes *out, const char *(*part)(const psl_ctx_t *, const char *))
{
    const psl_ctx_t *psl = psl_builtin();
    char name[NAME_BYTES + 1];
    *out = in;
    if (!psl || in.len == 0 || in.len > NAME_BYTES)
        return true;
    for (size_t i = 0; i < in.len; i++)
        name[i] = (char)(in.data[i] >= 'A' && in.data[i] <= 'Z' ? in.data[i] | 0x20 : in.data[i]);
    name[in.len] = 0;
    const char *found = strlen(name) == in.len ? part(psl, name) : NULL;
    if (found)
        *out = bytes_from(in, in.len - strlen(found));
    return true;
}

bool transform_domain(struct rule_scratch *, struct arena *, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    return name_part(in, out, psl_registrable_domain);
}

bool transform_tld(struct rule_scratch *, struct arena *, const struct rule_transform *,
    struct bytes in, struct bytes *out)
{
    return name_part(in, out, psl_unregistrable_domain);
}

// The first group, where the expression matches.
bool transform_pcrexform(struct rule_scratch *s, struct arena *,
    const struct rule_transform *transform, struct bytes in, struct bytes *out)
{
    *out = in;
    int groups = pcre2_match(transform->code, in.data ? in.data : (const uint8_t *)"", in.len, 0, 0,
        s->pcre, s->pcre_limits);
    s->metrics->rules_pcre_limit += groups < 0 && groups != PCRE2_ERROR_NOMATCH;
    const size_t *ends = pcre2_get_ovector_pointer(s->pcre);
    if (groups > 1 && ends[2] != PCRE2_UNSET && ends[3] >= ends[2])
        *out = bytes_sub(in, ends[2], ends[3] - ends[2]);
    return true;
}

static bool grow(struct arena *memory, z_stream *z, uint8_t **to, size_t *room, size_t most)
{
    size_t more = *room * 2 < most ? *room * 2 : most;
    uint8_t *larger = more > *room ? arena_grow(memory, *to, *room, more) : NULL;
    if (!larger)
        return false;
    *to = larger;
    z->next_out = &larger[*room];
    z->avail_out = (unsigned)(more - *room);
    *room = more;
    return true;
}

// What can be unpacked, at most TRANSFORM_BYTES of it; what is not compressed stays.
static bool unpack(
    struct arena *memory, struct bytes in, int window, size_t most, struct bytes *out)
{
    size_t room = INFLATE_FIRST < most ? INFLATE_FIRST : most;
    uint8_t *to = arena_alloc(memory, room);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.data, .avail_in = (unsigned)in.len};
    *out = in;
    if (!to || inflateInit2(&z, window) != Z_OK)
        return false;
    z.next_out = to;
    z.avail_out = (unsigned)room;
    while (inflate(&z, Z_NO_FLUSH) == Z_OK) {
        if (z.avail_out == 0 && !grow(memory, &z, &to, &room, most))
            break;
        if (z.avail_in == 0 && z.avail_out > 0)
            break;
    }
    if (z.total_out)
        *out = bytes_make(to, z.total_out);
    inflateEnd(&z);
    return true;
}

static size_t most_of(const struct rule_transform *transform)
{
    bool said = transform->count > 0 && transform->count < TRANSFORM_BYTES;
    return said ? (size_t)transform->count : TRANSFORM_BYTES;
}

bool transform_gunzip(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *transform, struct bytes in, struct bytes *out)
{
    return unpack(memory, in, GZIP_WINDOW, most_of(transform), out);
}

bool transform_zlib_deflate(struct rule_scratch *, struct arena *memory,
    const struct rule_transform *transform, struct bytes in, struct bytes *out)
{
    return unpack(memory, in, ZLIB_WINDOW, most_of(transform), out);
}
