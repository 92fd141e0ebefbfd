// SPDX-License-Identifier: Apache-2.0
// Values as they are kept and compared: addresses and digests in binary, names folded.
#include "base/hash.h"
#include "intel/internal.h"
#include <stdio.h>

enum {
    JA4_BYTES = 36, // t13d1516h2_8daaf6152771_e5627efa2ab1
    JA4_FIRST = 10,
    JA4_SECOND = 23,
    SERIAL_BYTES = 64,
    NAME_MIN = 3,
    BITS_MAX = 128,
};

static size_t addr_bytes(const struct addr *a)
{
    return a->version == 4 ? 4 : 16;
}

static void key_put(struct key *key, const void *data, size_t len)
{
    memcpy(&key->data[key->len], data, len);
    key->len += len;
}

// An IPv4 address in IPv6's clothes (RFC 4291 2.5.5.2) is the IPv4 address.
static bool address_parse(struct bytes text, struct addr *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']')
        text = bytes_sub(text, 1, text.len - 2);
    if (!addr_parse(text, a))
        return false;
    if (a->version == 6 && memcmp(a->bytes, mapped, sizeof mapped) == 0)
        *a = addr_v4(&a->bytes[sizeof mapped]);
    return true;
}

static bool make_address(struct key *key, struct bytes text)
{
    struct addr a;
    if (!address_parse(text, &a))
        return false;
    key_put(key, a.bytes, addr_bytes(&a));
    return true;
}

// First and last address, which are put in order; one alone is an address.
static bool make_span(struct key *key, const struct addr *first, const struct addr *last)
{
    size_t len = addr_bytes(first);
    int order = memcmp(first->bytes, last->bytes, len);
    if (first->version != last->version || order > 0)
        return false;
    key_put(key, first->bytes, len);
    if (order == 0)
        key->kind = INTEL_ADDRESS;
    else
        key_put(key, last->bytes, len);
    return true;
}

// 255.255.255.0 as 24.
static bool mask_bits(struct bytes text, uint64_t *bits)
{
    struct addr mask;
    if (!addr_parse(text, &mask) || mask.version != 4)
        return false;
    uint32_t m = 0;
    for (size_t i = 0; i < 4; i++)
        m = m << 8 | mask.bytes[i];
    *bits = (uint64_t)__builtin_popcount(m);
    return m == (*bits ? UINT32_MAX << (32 - *bits) : 0);
}

static bool make_prefix(struct key *key, struct bytes base, struct bytes width)
{
    struct addr first, last;
    uint64_t bits;
    if (!address_parse(bytes_trim(base), &first))
        return false;
    size_t len = addr_bytes(&first);
    if (!bytes_to_u64(width, &bits) && !(len == 4 && mask_bits(width, &bits)))
        return false;
    if (bits > len * 8)
        return false;
    last = first;
    for (size_t i = 0; i < len; i++) {
        unsigned host = bits >= (i + 1) * 8 ? 0 : bits <= i * 8 ? 0xff : 0xffU >> (bits - i * 8);
        first.bytes[i] &= (uint8_t)~host;
        last.bytes[i] |= (uint8_t)host;
    }
    return make_span(key, &first, &last);
}

static bool make_range(struct key *key, struct bytes text)
{
    size_t slash = bytes_find_byte(text, '/');
    if (slash != BYTES_NOT_FOUND)
        return make_prefix(key, bytes_sub(text, 0, slash), bytes_trim(bytes_from(text, slash + 1)));
    size_t dash = bytes_find_byte(text, '-');
    struct addr first, last;
    if (dash == BYTES_NOT_FOUND)
        return make_address(key, text) && (key->kind = INTEL_ADDRESS, true);
    return address_parse(bytes_trim(bytes_sub(text, 0, dash)), &first) &&
           address_parse(bytes_trim(bytes_from(text, dash + 1)), &last) &&
           make_span(key, &first, &last);
}

static bool make_address_port(struct key *key, struct bytes text)
{
    size_t colon = text.len;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    uint64_t port;
    struct addr a;
    if (colon == 0 || !bytes_to_u64(bytes_from(text, colon), &port) || port > UINT16_MAX)
        return false;
    struct bytes host = bytes_sub(text, 0, colon - 1);
    if (!address_parse(host, &a) ||
        (bytes_find_byte(host, ':') != BYTES_NOT_FOUND && host.data[0] != '['))
        return false;
    const uint8_t raw[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    key_put(key, a.bytes, addr_bytes(&a));
    key_put(key, raw, sizeof raw);
    if (port == 0) {
        key->kind = INTEL_ADDRESS;
        key->len -= sizeof raw;
    }
    return true;
}

// "*.evil.example" and ".evil.example" are the name and what is below it.
static bool make_name(struct key *key, struct bytes text)
{
    if (bytes_start_with(text, BYTES("*."))) {
        text = bytes_from(text, 2);
        key->kind = INTEL_DOMAIN;
    } else if (text.len > 1 && text.data[0] == '.') {
        text = bytes_from(text, 1);
        key->kind = INTEL_DOMAIN;
    }
    struct addr a;
    if (text.len < NAME_MIN || addr_parse(text, &a))
        return false;
    key->len = name_fold(text, key->data, sizeof key->data);
    struct bytes name = bytes_make(key->data, key->len);
    return key->len >= NAME_MIN && bytes_find_byte(name, '.') != BYTES_NOT_FOUND;
}

static bool make_url(struct key *key, struct bytes text)
{
    struct url url;
    size_t query;
    if (!url_split(text, &url))
        return false;
    key->len = url_key(&url, key->data, sizeof key->data, &query);
    struct addr a;
    struct bytes host = url.host;
    bool dotted = bytes_find_byte(host, '.') != BYTES_NOT_FOUND;
    return key->len > 0 && (dotted || addr_parse(host, &a));
}

// As a URL of some host, without the host. Two characters and more: "/" is everywhere.
static bool make_path(struct key *key, struct bytes text)
{
    size_t query;
    struct url url = {.host = BYTES("host"), .path = text};
    size_t len = text.data[0] == '/' && text.len > 1
                     ? url_key(&url, key->data, sizeof key->data, &query)
                     : 0;
    key->len = len > url.host.len + 1 ? len - url.host.len : 0;
    memmove(key->data, &key->data[url.host.len], key->len);
    return key->len > 0;
}

// Digits in pairs, with or without colons, spaces or dashes between them. wanted 0: any length.
static bool make_digest(struct key *key, struct bytes text, size_t wanted)
{
    int high = -1;
    for (size_t i = 0; i < text.len; i++) {
        if (high < 0 && i > 0 &&
            (text.data[i] == ':' || text.data[i] == ' ' || text.data[i] == '-'))
            continue;
        int digit = bytes_hex_digit(text.data[i]);
        if (digit < 0 || key->len >= SERIAL_BYTES)
            return false;
        if (high >= 0)
            key->data[key->len++] = (uint8_t)(high << 4 | digit);
        high = high < 0 ? digit : -1;
    }
    return high < 0 && (wanted ? key->len == wanted : key->len > 0);
}

// A number: leading zeros say nothing.
static bool make_serial(struct key *key, struct bytes text)
{
    uint8_t even[SERIAL_BYTES * 3 + 1];
    if (bytes_start_with_nocase(text, BYTES("0x")))
        text = bytes_from(text, 2);
    if (text.len + 1 >= sizeof even)
        return false;
    bool odd = text.len % 2 == 1 && bytes_find_byte(text, ':') == BYTES_NOT_FOUND;
    even[0] = '0';
    memcpy(&even[odd], text.data, text.len);
    if (!make_digest(key, bytes_make(even, text.len + odd), 0))
        return false;
    size_t zeros = 0;
    while (zeros + 1 < key->len && key->data[zeros] == 0)
        zeros++;
    memmove(key->data, &key->data[zeros], key->len - zeros);
    key->len -= zeros;
    return true;
}

static bool make_lower(struct key *key, struct bytes text)
{
    if (text.len == 0 || text.len > sizeof key->data)
        return false;
    for (size_t i = 0; i < text.len; i++)
        key->data[i] =
            text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] | 0x20 : text.data[i];
    key->len = text.len;
    return true;
}

static bool make_ja4(struct key *key, struct bytes text)
{
    return text.len == JA4_BYTES && text.data[JA4_FIRST] == '_' && text.data[JA4_SECOND] == '_' &&
           bytes_find_byte(text, ' ') == BYTES_NOT_FOUND && make_lower(key, text);
}

static bool make_file_name(struct key *key, struct bytes text)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != '/' && text.data[at - 1] != '\\')
        at--;
    return make_lower(key, bytes_trim(bytes_from(text, at)));
}

// "Name <who@where>", "mailto:who@where".
static bool make_mail(struct key *key, struct bytes text)
{
    size_t open = bytes_find_byte(text, '<');
    if (open != BYTES_NOT_FOUND)
        text = bytes_from(text, open + 1);
    text = bytes_trim(bytes_sub(text, 0, bytes_find_byte(text, '>')));
    if (bytes_start_with_nocase(text, BYTES("mailto:")))
        text = bytes_from(text, 7);
    size_t at = bytes_find_byte(text, '@');
    return at != BYTES_NOT_FOUND && at > 0 && at + 1 < text.len &&
           bytes_find_byte(text, ' ') == BYTES_NOT_FOUND && make_lower(key, text);
}

static bool make_exact(struct key *key, struct bytes text)
{
    if (text.len == 0 || text.len > sizeof key->data)
        return false;
    key_put(key, text.data, text.len);
    return true;
}

bool key_make(struct key *key, enum intel_kind kind, struct bytes text)
{
    key->kind = kind;
    key->len = 0;
    text = bytes_trim(text);
    if (text.len == 0)
        return false;
    switch (kind) {
    case INTEL_ADDRESS: return make_address(key, text);
    case INTEL_RANGE: return make_range(key, text);
    case INTEL_ADDRESS_PORT: return make_address_port(key, text);
    case INTEL_DOMAIN:
    case INTEL_HOST: return make_name(key, text);
    case INTEL_URL: return make_url(key, text);
    case INTEL_URL_PATH: return make_path(key, text);
    case INTEL_JA3:
    case INTEL_JA3S:
    case INTEL_HASSH:
    case INTEL_HASSH_SERVER:
    case INTEL_CERT_MD5:
    case INTEL_MD5: return make_digest(key, text, MD5_BYTES);
    case INTEL_CERT_SHA1:
    case INTEL_SHA1: return make_digest(key, text, SHA1_BYTES);
    case INTEL_CERT_SHA256:
    case INTEL_SHA256: return make_digest(key, text, SHA256_BYTES);
    case INTEL_JA4: return make_ja4(key, text);
    case INTEL_CERT_SERIAL: return make_serial(key, text);
    case INTEL_CERT_SUBJECT:
    case INTEL_CERT_ISSUER:
        key->len = dn_fold(text, key->data, sizeof key->data);
        return key->len > 0;
    case INTEL_FILE_NAME: return make_file_name(key, text);
    case INTEL_MAIL:
    case INTEL_MAIL_FROM:
    case INTEL_MAIL_TO:
    case INTEL_MAIL_REPLY_TO: return make_mail(key, text);
    case INTEL_MAIL_SUBJECT:
    case INTEL_USER_AGENT: return make_exact(key, text);
    case INTEL_UNSEEN:
    case INTEL_KINDS: break;
    }
    return false;
}

// ---- Back to text.

static struct addr addr_of(struct bytes raw)
{
    return raw.len == 4 ? addr_v4(raw.data) : addr_v6(raw.data);
}

// How many bits first and last have in common when they are a prefix; BITS_MAX + 1: they are none.
static unsigned span_bits(struct bytes first, struct bytes last)
{
    unsigned bits = 0, all = (unsigned)first.len * 8;
    while (bits < all && !((first.data[bits / 8] ^ last.data[bits / 8]) >> (7 - bits % 8) & 1))
        bits++;
    for (unsigned i = bits; i < all; i++) {
        bool low = first.data[i / 8] >> (7 - i % 8) & 1;
        bool high = last.data[i / 8] >> (7 - i % 8) & 1;
        if (low || !high)
            return BITS_MAX + 1;
    }
    return bits;
}

static size_t range_text(struct bytes key, char room[KEY_TEXT_BYTES])
{
    struct bytes first = bytes_sub(key, 0, key.len / 2), last = bytes_from(key, key.len / 2);
    struct addr a = addr_of(first), b = addr_of(last);
    size_t len = addr_write(&a, room);
    unsigned bits = span_bits(first, last);
    if (bits <= BITS_MAX)
        return len + (size_t)snprintf(&room[len], KEY_TEXT_BYTES - len, "/%u", bits);
    room[len++] = '-';
    return len + addr_write(&b, &room[len]);
}

static size_t address_port_text(struct bytes key, char room[KEY_TEXT_BYTES])
{
    struct addr a = addr_of(bytes_sub(key, 0, key.len - 2));
    char text[ADDR_TEXT_BYTES];
    int len = (int)addr_write(&a, text);
    unsigned port = (unsigned)key.data[key.len - 2] << 8 | key.data[key.len - 1];
    return (size_t)snprintf(
        room, KEY_TEXT_BYTES, a.version == 6 ? "[%.*s]:%u" : "%.*s:%u", len, text, port);
}

struct bytes key_text(enum intel_kind kind, struct bytes key, char room[KEY_TEXT_BYTES])
{
    struct addr a;
    switch (kind) {
    case INTEL_ADDRESS: a = addr_of(key); return bytes_make(room, addr_write(&a, room));
    case INTEL_RANGE: return bytes_make(room, range_text(key, room));
    case INTEL_ADDRESS_PORT: return bytes_make(room, address_port_text(key, room));
    case INTEL_JA3:
    case INTEL_JA3S:
    case INTEL_HASSH:
    case INTEL_HASSH_SERVER:
    case INTEL_CERT_MD5:
    case INTEL_MD5:
    case INTEL_CERT_SHA1:
    case INTEL_SHA1:
    case INTEL_CERT_SHA256:
    case INTEL_SHA256:
    case INTEL_CERT_SERIAL: hash_hex(key, room); return bytes_make(room, key.len * 2);
    default: return key;
    }
}
