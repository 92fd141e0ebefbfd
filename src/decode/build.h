// SPDX-License-Identifier: Apache-2.0
// For tests of this room: packets built from the inside out, each header put before what is there.
#pragma once
#include "base/test.h"
#include "decode/decode.h"
#include <stdlib.h>

static struct {
    uint8_t room[70'000];
    size_t len; // the packet is the end of room
} built;

static inline uint8_t *build_at(void)
{
    return built.room + sizeof built.room - built.len;
}

static inline void build_start(const char *payload)
{
    built.len = strlen(payload);
    memcpy(build_at(), payload, built.len);
}

// n bytes before the packet, all zero.
static inline uint8_t *build_grow(size_t n)
{
    built.len += n;
    memset(build_at(), 0, n);
    return build_at();
}

static inline void build_u16(uint8_t *at, size_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

// Bytes written as "45 00 ...".
static inline void build_hex(const char *hex)
{
    uint8_t bytes[256];
    size_t n = 0;
    for (char *end; *hex && n < sizeof bytes; hex = end) {
        bytes[n++] = (uint8_t)strtoul(hex, &end, 16);
        while (*end == ' ')
            end++;
    }
    memcpy(build_grow(n), bytes, n);
}

static inline void build_udp(uint16_t src, uint16_t dst)
{
    size_t len = built.len + 8;
    uint8_t *h = build_grow(8);
    build_u16(h, src);
    build_u16(h + 2, dst);
    build_u16(h + 4, len);
}

static inline void build_tcp(uint16_t src, uint16_t dst, uint8_t flags)
{
    uint8_t *h = build_grow(20);
    build_u16(h, src);
    build_u16(h + 2, dst);
    h[7] = 7;  // sequence
    h[11] = 9; // acknowledgement
    h[12] = 0x50;
    h[13] = flags;
    build_u16(h + 14, 1000);
}

// 10.0.0.1 to 10.0.0.2.
static inline void build_ip4(uint8_t proto)
{
    size_t len = built.len + 20;
    uint8_t *h = build_grow(20);
    h[0] = 0x45;
    build_u16(h + 2, len);
    h[8] = 64;
    h[9] = proto;
    h[12] = h[16] = 10;
    h[15] = 1;
    h[19] = 2;
}

// 2001:db8::1 to 2001:db8::2.
static inline void build_ip6(uint8_t next)
{
    size_t len = built.len;
    uint8_t *h = build_grow(40);
    h[0] = 0x60;
    build_u16(h + 4, len);
    h[6] = next;
    h[7] = 64;
    memcpy(h + 8, "\x20\x01\x0d\xb8", 4);
    memcpy(h + 24, "\x20\x01\x0d\xb8", 4);
    h[23] = 1;
    h[39] = 2;
}

static inline void build_ether(uint16_t type)
{
    uint8_t *h = build_grow(14);
    memset(h, 0xd0, 6);
    memset(h + 6, 0x50, 6);
    build_u16(h + 12, type);
}

// Decode the first `len` bytes of what was built as a heap block of that size, so that
// AddressSanitizer sees any read past its end. Release with build_release.
static inline uint8_t *build_decode_cut(
    uint16_t link, size_t len, size_t wire_len, struct decoded *out)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, build_at(), len);
    struct packet packet = {.time_ns = 1'000'000'000,
        .data = {copy, len},
        .wire_len = (uint32_t)wire_len,
        .link = link};
    decode_packet(&packet, out);
    return copy;
}

// True when every slice lies within the packet.
static inline bool build_within(const struct decoded *p, const uint8_t *copy, size_t len)
{
    const uint8_t *end = copy + len;
    if (p->kind == DECODE_NOTHING)
        return true;
    return p->payload >= copy && p->payload <= end &&
           p->payload_len <= (size_t)(end - p->payload) && p->payload_wire_len >= p->payload_len &&
           p->l3 >= copy && p->l3 <= end && p->l3_len <= (size_t)(end - p->l3);
}

static inline void build_cut_everywhere(uint16_t link)
{
    for (size_t len = 0; len < built.len; len++) {
        for (int cut = 0; cut < 2; cut++) { // by the sender; by the capture, no anomaly then
            struct decoded p;
            uint8_t *copy = build_decode_cut(link, len, cut ? built.len : len, &p);
            CHECK(build_within(&p, copy, len));
            free(copy);
        }
    }
}

static struct decoded built_packet;
static uint8_t *built_copy;

// Decode what was built, whole, after having tried it cut at every byte.
static inline struct decoded *build_decode(uint16_t link)
{
    build_cut_everywhere(link);
    free(built_copy);
    built_copy = build_decode_cut(link, built.len, built.len, &built_packet);
    CHECK(build_within(&built_packet, built_copy, built.len));
    return &built_packet;
}

static inline bool build_has(const struct decoded *p, enum anomaly anomaly)
{
    for (unsigned i = 0; i < p->anomaly_count; i++) {
        if (p->anomalies[i] == anomaly)
            return true;
    }
    return false;
}

static inline struct bytes build_payload(const struct decoded *p)
{
    return bytes_make(p->payload, p->payload_len);
}

// What was built is UDP "hello" from port 1000 to 53 over IPv4, between 10.0.0.1 and 10.0.0.2.
static inline void build_hello4(void)
{
    build_start("hello");
    build_udp(1000, 53);
    build_ip4(17);
}
