// SPDX-License-Identifier: Apache-2.0
// JA3 and JA3S as Salesforce published them (2017, 2019), JA4 as FoxIO did (2023, BSD-3-Clause for
// the TLS client fingerprint; the rest of JA4+ is licensed otherwise and is not here).
// GREASE (RFC 8701) is left out of all lists, except in JA3S, whose definition keeps everything.
#include "proto/ja.h"
#include "base/hash.h"
#include <stdlib.h>

static void text_add(struct ja3 *j, char c)
{
    j->text[j->len++] = c;
}

static void number_add(struct ja3 *j, unsigned value)
{
    char digits[8];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (n > 0)
        text_add(j, digits[--n]);
}

static void list_add(struct ja3 *j, struct bytes values)
{
    struct cursor c = cursor_make(values);
    bool first = true;
    while (cursor_left(&c) >= 2) {
        uint16_t value = cursor_u16(&c);
        if (tls_is_grease(value))
            continue;
        if (!first)
            text_add(j, '-');
        number_add(j, value);
        first = false;
    }
}

static void extensions_add(struct ja3 *j, struct bytes extensions, bool grease)
{
    struct cursor c = cursor_make(extensions);
    bool first = true;
    while (cursor_left(&c) > 0) {
        uint16_t type = cursor_u16(&c);
        cursor_skip(&c, cursor_u16(&c));
        if (!grease && tls_is_grease(type))
            continue;
        if (!first)
            text_add(j, '-');
        number_add(j, type);
        first = false;
    }
}

static void ja3_hash(struct ja3 *j)
{
    uint8_t digest[MD5_BYTES];
    hash_md5(bytes_make(j->text, j->len), digest);
    hash_hex(bytes_make(digest, sizeof digest), j->hash);
}

bool ja3_client(const struct tls_hello *client, struct ja3 *out)
{
    out->len = 0;
    if (client->too_long)
        return false;
    number_add(out, client->version);
    text_add(out, ',');
    list_add(out, client->ciphers);
    text_add(out, ',');
    extensions_add(out, client->extensions, false);
    text_add(out, ',');
    list_add(out, client->groups);
    text_add(out, ',');
    for (size_t i = 0; i < client->point_formats.len; i++) {
        if (i > 0)
            text_add(out, '-');
        number_add(out, client->point_formats.data[i]);
    }
    ja3_hash(out);
    return true;
}

bool ja3_server(const struct tls_hello *server, struct ja3 *out)
{
    out->len = 0;
    if (server->too_long)
        return false;
    number_add(out, server->version);
    text_add(out, ',');
    number_add(out, server->cipher);
    text_add(out, ',');
    extensions_add(out, server->extensions, true);
    ja3_hash(out);
    return true;
}

struct values {
    size_t count;
    uint16_t list[TLS_HELLO_LIST_MAX];
};

static void values_add(struct values *v, uint16_t value)
{
    if (!tls_is_grease(value) && v->count < TLS_HELLO_LIST_MAX)
        v->list[v->count++] = value;
}

static void values_read(struct values *v, struct bytes raw)
{
    struct cursor c = cursor_make(raw);
    v->count = 0;
    while (cursor_left(&c) >= 2)
        values_add(v, cursor_u16(&c));
}

static int compare(const void *a, const void *b)
{
    uint16_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void values_sort(struct values *v)
{
    qsort(v->list, v->count, sizeof v->list[0], compare);
}

enum { HEX_LIST_BYTES = 2 * 5 * TLS_HELLO_LIST_MAX + 1 };

// "1301,1302": four hexadecimal digits each.
static size_t values_text(const struct values *v, char *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (i > 0)
            out[len++] = ',';
        for (int shift = 12; shift >= 0; shift -= 4)
            out[len++] = hex[v->list[i] >> shift & 15];
    }
    return len;
}

// First twelve digits of the SHA-256 of the text; zeros for an empty list.
static void ja4_hash(struct bytes text, bool empty, char out[12])
{
    uint8_t digest[SHA256_BYTES];
    if (empty) {
        memset(out, '0', 12);
        return;
    }
    hash_sha256(text, digest);
    hash_hex(bytes_make(digest, 6), out);
}

static const char *ja4_version(uint16_t version)
{
    switch (version) {
    case SSL_2: return "s2";
    case SSL_3: return "s3";
    case TLS_1_0: return "10";
    case TLS_1_1: return "11";
    case TLS_1_2: return "12";
    case TLS_1_3: return "13";
    case DTLS_1_0: return "d1";
    case DTLS_1_2: return "d2";
    case DTLS_1_3: return "d3";
    default: return "00";
    }
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// First and last character of the first protocol; where one of them is neither letter nor digit,
// the first and last digit of its hexadecimal form.
static void ja4_alpn(struct bytes alpn, char out[2])
{
    struct cursor c = cursor_make(alpn);
    struct bytes name = cursor_take(&c, cursor_u8(&c));
    memset(out, '0', 2);
    if (name.len == 0)
        return;
    uint8_t first = name.data[0], last = name.data[name.len - 1];
    bool plain = is_alphanumeric(first) && is_alphanumeric(last);
    out[0] = plain ? (char)first : "0123456789abcdef"[first >> 4];
    out[1] = plain ? (char)last : "0123456789abcdef"[last & 15];
}

static void two_digits(size_t count, char out[2])
{
    count = count > 99 ? 99 : count;
    out[0] = (char)('0' + count / 10);
    out[1] = (char)('0' + count % 10);
}

// Sorted extensions without SNI and ALPN, then the signature algorithms as they were sent.
static void ja4_extensions_hash(const struct tls_hello *client, struct values *v, char out[12])
{
    char text[HEX_LIST_BYTES];
    struct values algorithms;
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++)
        if (v->list[i] != 0x0000 && v->list[i] != 0x0010)
            v->list[kept++] = v->list[i];
    v->count = kept;
    values_sort(v);
    size_t len = values_text(v, text);
    values_read(&algorithms, client->signature_algorithms);
    if (algorithms.count > 0)
        text[len++] = '_';
    len += values_text(&algorithms, text + len);
    ja4_hash(bytes_make(text, len), kept == 0, out);
}

bool ja4_client(const struct tls_hello *client, enum ja4_carrier carrier, char out[JA4_TEXT_BYTES])
{
    char text[HEX_LIST_BYTES];
    struct values ciphers, extensions = {.count = 0};
    if (client->too_long)
        return false;
    values_read(&ciphers, client->ciphers);
    struct cursor c = cursor_make(client->extensions);
    while (cursor_left(&c) > 0) {
        values_add(&extensions, cursor_u16(&c));
        cursor_skip(&c, cursor_u16(&c));
    }
    out[0] = (char)carrier;
    memcpy(out + 1, ja4_version(tls_hello_version(client)), 2);
    out[3] = client->has_sni ? 'd' : 'i';
    two_digits(ciphers.count, out + 4);
    two_digits(extensions.count, out + 6);
    ja4_alpn(client->alpn, out + 8);
    out[10] = out[23] = '_';
    values_sort(&ciphers);
    ja4_hash(bytes_make(text, values_text(&ciphers, text)), ciphers.count == 0, out + 11);
    ja4_extensions_hash(client, &extensions, out + 24);
    return true;
}
