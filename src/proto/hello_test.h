// SPDX-License-Identifier: Apache-2.0
// For tests: TLS hellos and records built from their parts.
#pragma once
#include "base/test.h"
#include "proto/tls_hello.h"

struct wire {
    uint8_t data[32 * 1024];
    size_t len;
};

static inline void wire_u8(struct wire *w, unsigned v)
{
    w->data[w->len++] = (uint8_t)v;
}

static inline void wire_u16(struct wire *w, unsigned v)
{
    wire_u8(w, v >> 8);
    wire_u8(w, v & 0xff);
}

static inline void wire_bytes(struct wire *w, struct bytes b)
{
    if (b.len > 0)
        memcpy(&w->data[w->len], b.data, b.len);
    w->len += b.len;
}

static inline void wire_zeros(struct wire *w, size_t n)
{
    memset(&w->data[w->len], 0, n);
    w->len += n;
}

// A length field of `size` bytes that wire_close fills in.
static inline size_t wire_open(struct wire *w, size_t size)
{
    wire_zeros(w, size);
    return w->len;
}

static inline void wire_close(struct wire *w, size_t mark, size_t size)
{
    size_t len = w->len - mark;
    for (size_t i = 1; i <= size; i++, len >>= 8)
        w->data[mark - i] = (uint8_t)len;
}

static inline struct bytes wire_all(const struct wire *w)
{
    return bytes_make(w->data, w->len);
}

static inline void wire_list16(struct wire *w, const uint16_t *list, size_t count)
{
    size_t mark = wire_open(w, 2);
    for (size_t i = 0; i < count; i++)
        wire_u16(w, list[i]);
    wire_close(w, mark, 2);
}

struct hello_parts {
    uint16_t version;
    const uint16_t *ciphers, *groups, *algorithms, *versions;
    size_t cipher_count, group_count, algorithm_count, version_count;
    const uint16_t *extensions; // in this order; those not known here are empty
    size_t extension_count;
    const char *sni;
    struct bytes alpn; // with its length bytes
};

static inline void wire_extension(struct wire *w, uint16_t type, const struct hello_parts *p)
{
    wire_u16(w, type);
    size_t mark = wire_open(w, 2), inner;
    switch (type) {
    case 0:
        inner = wire_open(w, 2);
        wire_u8(w, 0);
        wire_u16(w, (unsigned)strlen(p->sni));
        wire_bytes(w, bytes_from_text(p->sni));
        wire_close(w, inner, 2);
        break;
    case 10: wire_list16(w, p->groups, p->group_count); break;
    case 11: wire_u16(w, 0x0100); break;
    case 13: wire_list16(w, p->algorithms, p->algorithm_count); break;
    case 16:
        inner = wire_open(w, 2);
        wire_bytes(w, p->alpn);
        wire_close(w, inner, 2);
        break;
    case 43:
        wire_u8(w, (unsigned)p->version_count * 2);
        for (size_t i = 0; i < p->version_count; i++)
            wire_u16(w, p->versions[i]);
        break;
    default: break;
    }
    wire_close(w, mark, 2);
}

// The body of a ClientHello.
static inline void wire_client_hello(struct wire *w, const struct hello_parts *p)
{
    wire_u16(w, p->version);
    wire_zeros(w, 32 + 1);
    wire_list16(w, p->ciphers, p->cipher_count);
    wire_u16(w, 0x0100);
    size_t mark = wire_open(w, 2);
    for (size_t i = 0; i < p->extension_count; i++)
        wire_extension(w, p->extensions[i], p);
    wire_close(w, mark, 2);
}

// The body of a ServerHello; version 1.3 goes into supported_versions.
static inline void wire_server_hello(struct wire *w, uint16_t version, uint16_t cipher, bool retry)
{
    static const char mark[] = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
                               "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    bool new = version == TLS_1_3;
    wire_u16(w, new ? TLS_1_2 : version);
    if (retry)
        wire_bytes(w, bytes_make(mark, 32));
    else
        wire_zeros(w, 32);
    wire_u8(w, 0);
    wire_u16(w, cipher);
    wire_u8(w, 0);
    size_t list = wire_open(w, 2);
    if (new) {
        wire_u16(w, 43);
        wire_u16(w, 2);
        wire_u16(w, version);
    }
    wire_close(w, list, 2);
}

static inline void wire_message(struct wire *w, uint8_t type, struct bytes body)
{
    wire_u8(w, type);
    size_t mark = wire_open(w, 3);
    wire_bytes(w, body);
    wire_close(w, mark, 3);
}

// Records of at most `most` bytes.
static inline void wire_records(struct wire *w, uint8_t type, struct bytes content, size_t most)
{
    for (size_t at = 0; at < content.len; at += most) {
        struct bytes part = bytes_sub(content, at, most);
        wire_u8(w, type);
        wire_u16(w, TLS_1_2);
        wire_u16(w, (unsigned)part.len);
        wire_bytes(w, part);
    }
}

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

// What Chrome sends; its fingerprints are published with JA4's specification.
static const uint16_t chrome_ciphers[] = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
    0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
static const uint16_t chrome_groups[] = {0x3a3a, 29, 23, 24};
static const uint16_t chrome_algorithms[] = {
    0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};
static const uint16_t chrome_versions[] = {0x9a9a, 0x0304, 0x0303};
static const uint16_t chrome_extensions[] = {0x4a4a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
    0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xdada};
static const struct hello_parts chrome = {
    .version = TLS_1_2,
    .ciphers = chrome_ciphers,
    .cipher_count = COUNT_OF(chrome_ciphers),
    .groups = chrome_groups,
    .group_count = COUNT_OF(chrome_groups),
    .algorithms = chrome_algorithms,
    .algorithm_count = COUNT_OF(chrome_algorithms),
    .versions = chrome_versions,
    .version_count = COUNT_OF(chrome_versions),
    .extensions = chrome_extensions,
    .extension_count = COUNT_OF(chrome_extensions),
    .sni = "www.city.example",
    .alpn = {(const uint8_t *)"\x02h2\x08http/1.1", 12},
};
