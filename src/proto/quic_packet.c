// SPDX-License-Identifier: Apache-2.0
// QUIC versions and packet headers: RFC 9000 17, RFC 9369 3, drafts 22 to 34, and the header of
// Google QUIC as far as naming it takes (Q043 with its public flags, Q046 with nibble lengths).
#include "proto/quic.h"
#include <stdio.h>

static const uint8_t salt_1[] = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17"
                                "\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a";
static const uint8_t salt_2[] = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93"
                                "\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9";
static const uint8_t salt_draft_29[] = "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97"
                                       "\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99";
static const uint8_t salt_draft_23[] = "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7"
                                       "\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02";
static const uint8_t salt_draft_22[] = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a"
                                       "\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a";
static const uint8_t salt_q050[] = "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94"
                                   "\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45";
static const uint8_t salt_t050[] = "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80"
                                   "\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10";
static const uint8_t salt_t051[] = "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50"
                                   "\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d";

static const struct quic_version versions[] = {
    {0x0000'0001, QUIC_TLS, QUIC_FORM_1, salt_1},
    {0x6b33'43cf, QUIC_TLS, QUIC_FORM_2, salt_2},
    {0xff00'0022, QUIC_TLS, QUIC_FORM_1, salt_1},
    {0xff00'0021, QUIC_TLS, QUIC_FORM_1, salt_1},
    {0xff00'0020, QUIC_TLS, QUIC_FORM_1, salt_draft_29},
    {0xff00'001f, QUIC_TLS, QUIC_FORM_1, salt_draft_29},
    {0xff00'001e, QUIC_TLS, QUIC_FORM_1, salt_draft_29},
    {0xff00'001d, QUIC_TLS, QUIC_FORM_1, salt_draft_29},
    {0xff00'001c, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'001b, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'001a, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'0019, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'0018, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'0017, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xff00'0016, QUIC_TLS, QUIC_FORM_1, salt_draft_22},
    {0xface'b001, QUIC_TLS, QUIC_FORM_1, salt_draft_22}, // mvfst
    {0xface'b002, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xface'b00e, QUIC_TLS, QUIC_FORM_1, salt_draft_23},
    {0xface'b003, QUIC_TLS, QUIC_FORM_1, salt_draft_29},
    {0x5430'3530, QUIC_TLS, QUIC_FORM_1, salt_t050}, // "T050"
    {0x5430'3531, QUIC_TLS, QUIC_FORM_1, salt_t051},
    {0x5130'3530, QUIC_GOOGLE, QUIC_FORM_1, salt_q050}, // "Q050"
    {0x5130'3436, QUIC_GOOGLE_CLEAR, QUIC_FORM_1, NULL},
};

// "Q0" and two digits.
static bool is_google(uint32_t number)
{
    uint8_t tens = number >> 8 & 0xff, ones = number & 0xff;
    return number >> 16 == 0x5130 && tens >= '0' && tens <= '9' && ones >= '0' && ones <= '9';
}

const struct quic_version *quic_version_find(uint32_t number)
{
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (versions[i].number == number)
            return &versions[i];
    static const struct quic_version google = {0, QUIC_GOOGLE_CLEAR, QUIC_FORM_1, NULL};
    // Versions nobody speaks, sent to force a negotiation (RFC 9000 15): protected as clients of
    // their day did, for there is no rule.
    static const struct quic_version reserved = {0x0a0a'0a0a, QUIC_TLS, QUIC_FORM_1, salt_draft_29};
    if ((number & 0x0f0f'0f0f) == 0x0a0a'0a0a)
        return &reserved;
    return is_google(number) ? &google : NULL;
}

struct bytes quic_version_text(uint32_t number, char room[QUIC_VERSION_TEXT_BYTES])
{
    int n;
    if (number == 0x6b33'43cf)
        return BYTES("2");
    if (number >> 8 == 0xff'0000)
        n = snprintf(room, QUIC_VERSION_TEXT_BYTES, "draft-%u", number & 0xff);
    else if (is_google(number) || number >> 16 == 0x5430)
        n = snprintf(room, QUIC_VERSION_TEXT_BYTES, "%c%c%c%c", number >> 24 & 0xff,
            number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff);
    else
        n = snprintf(room, QUIC_VERSION_TEXT_BYTES, number < 16 ? "%u" : "0x%08x", number);
    return bytes_make(room, (size_t)n);
}

uint64_t quic_varint(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    uint64_t value = first & 0x3f;
    for (unsigned more = (1U << (first >> 6)) - 1; more > 0; more--)
        value = value << 8 | cursor_u8(c);
    return value;
}

// Version 2 shuffled the numbers so that nobody takes them for granted (RFC 9369 3.2).
static enum quic_packet_type type_of(const struct quic_version *v, uint8_t first)
{
    static const enum quic_packet_type types[2][4] = {
        {QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY},
        {QUIC_RETRY, QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE},
    };
    return v ? types[v->form][first >> 4 & 3] : QUIC_UNKNOWN;
}

// Google's header up to Q043: flags, 8 bytes of connection id, version.
static bool public_header_read(struct cursor *c, struct quic_packet *out)
{
    uint8_t flags = cursor_u8(c);
    out->dcid = cursor_take(c, 8);
    out->version = cursor_u32(c);
    out->known = quic_version_find(out->version);
    out->type = QUIC_INITIAL;
    return cursor_ok(c) && (flags & 0xc9) == 0x09 && is_google(out->version);
}

static void ids_read(struct cursor *c, struct quic_packet *out)
{
    if (is_google(out->version) && out->known->handshake == QUIC_GOOGLE_CLEAR) {
        uint8_t lengths = cursor_u8(c); // a nibble each, 3 less than it is
        out->dcid = cursor_take(c, lengths >> 4 ? (lengths >> 4) + 3U : 0);
        out->scid = cursor_take(c, lengths & 15 ? (lengths & 15) + 3U : 0);
        return;
    }
    out->dcid = cursor_take(c, cursor_u8(c));
    out->scid = cursor_take(c, cursor_u8(c));
}

static bool long_header_read(struct cursor *c, struct quic_packet *out)
{
    uint8_t first = cursor_u8(c);
    out->version = cursor_u32(c);
    out->known = quic_version_find(out->version);
    out->type = out->version == 0 ? QUIC_NEGOTIATION : type_of(out->known, first);
    ids_read(c, out);
    return cursor_ok(c) &&
           (out->type == QUIC_NEGOTIATION || out->type == QUIC_UNKNOWN ||
               (out->dcid.len <= QUIC_CID_MAX_BYTES && out->scid.len <= QUIC_CID_MAX_BYTES));
}

// Packets with a length may have another behind them in the datagram (RFC 9000 12.2).
static bool length_read(struct cursor *c, const struct bytes all, struct quic_packet *out)
{
    if (out->type == QUIC_INITIAL)
        cursor_skip(c, quic_varint(c)); // token
    uint64_t length = quic_varint(c);
    out->number_at = cursor_pos(c);
    cursor_skip(c, length);
    out->whole = bytes_sub(all, 0, cursor_pos(c));
    return cursor_ok(c);
}

bool quic_packet_read(struct cursor *datagram, struct quic_packet *out)
{
    memset(out, 0, sizeof *out);
    struct bytes all = cursor_rest(datagram);
    struct cursor c = cursor_make(all);
    uint8_t first = bytes_at(all, 0);
    out->whole = all;
    out->type = QUIC_SHORT;
    bool good = all.len > 0;
    if (first & 0x80) {
        good = long_header_read(&c, out);
        bool has_length =
            out->type == QUIC_INITIAL || out->type == QUIC_ZERO_RTT || out->type == QUIC_HANDSHAKE;
        out->rest = cursor_rest(&c);
        if (good && has_length && out->known->handshake != QUIC_GOOGLE_CLEAR)
            good = length_read(&c, all, out);
    } else if ((first & 0xc9) == 0x09 && all.len > 13) {
        struct quic_packet google = *out;
        if (public_header_read(&c, &google)) {
            google.rest = cursor_rest(&c);
            *out = google;
        }
    }
    cursor_skip(datagram, out->whole.len);
    return good;
}
