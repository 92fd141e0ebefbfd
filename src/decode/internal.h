// SPDX-License-Identifier: Apache-2.0
// What the files of this room share. A layer function reads its header at d->at, moves past it and
// says what comes next; dissect_run goes from layer to layer. Bounds: a layer asks dissect_need for
// n bytes and then loads at constant offsets below n.
#pragma once
#include "base/hash.h"
#include "decode/decode.h"

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum {
    DISSECT_LAYERS = 24,      // headers of one packet outside and between tunnels
    DISSECT_VLAN_TAGS = 8,    // more are damage
    DISSECT_VLAN_USUAL = 3,   // more are told
    DISSECT_MPLS_LABELS = 16, // in one stack
    DISSECT_EXTENSIONS = 16,  // IPv6 extension headers in one packet
    DISSECT_GTP_EXTENSIONS = 8,
    DISSECT_SCTP_CHUNKS = 16, // looked at to find DATA
};

enum ether_type {
    ETHER_IP4 = 0x0800,
    ETHER_ARP = 0x0806,
    ETHER_TEB = 0x6558, // transparent Ethernet bridging
    ETHER_RARP = 0x8035,
    ETHER_VLAN = 0x8100,
    ETHER_IP6 = 0x86dd,
    ETHER_PPP = 0x880b,
    ETHER_WCCP = 0x883e, // only in GRE
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_UP = 0x8848,
    ETHER_PPPOE = 0x8864,
    ETHER_QINQ = 0x88a8,
    ETHER_ERSPAN = 0x88be,
    ETHER_MACSEC = 0x88e5,
    ETHER_PBB = 0x88e7,
    ETHER_FABRICPATH = 0x8903,
    ETHER_METADATA = 0x8909, // Cisco's security group tag
    ETHER_VNTAG = 0x8926,
    ETHER_NSH = 0x894f,
    ETHER_QINQ_OLD = 0x9100,
    ETHER_QINQ_OLD2 = 0x9200,
    ETHER_ERSPAN3 = 0x22eb,
};

// What stands at d->at.
enum step {
    STEP_DONE,
    STEP_ETHERNET,
    STEP_ETHER_TYPE, // what d->type names
    STEP_PPP,        // from the protocol field on
    STEP_MPLS,
    STEP_WIFI,
    STEP_IP, // IPv4 or IPv6, as the first nibble says
    STEP_IP4,
    STEP_IP6,
    STEP_IP6_NEXT,  // what d->type names, an extension header perhaps
    STEP_TRANSPORT, // what d->type names
};

struct dissect {
    const uint8_t *at; // next byte that was not read
    size_t len;        // captured bytes from there
    size_t wire;       // bytes from there on the wire; len is never larger
    struct decoded *out;
    uint16_t type; // EtherType, later IP protocol, of what stands at `at`
    uint8_t layers;
    bool strict; // a guess: an IP header that doesn't fit proves it wrong
};

static inline uint16_t load16(const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, 2);
    return __builtin_bswap16(v);
}

static inline uint32_t load32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return __builtin_bswap32(v);
}

static inline uint32_t load32_native(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return v;
}

static inline uint64_t load64_native(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    return v;
}

// Keep an anomaly; the first DECODE_ANOMALIES different ones of a packet are.
void decoded_raise(struct decoded *out, enum anomaly anomaly);

static inline void dissect_raise(struct dissect *d, enum anomaly anomaly)
{
    decoded_raise(d->out, anomaly);
}

// n bytes not there: an anomaly when they were missing on the wire too.
bool dissect_short(struct dissect *d, size_t n, enum anomaly anomaly);

[[nodiscard]] static inline bool dissect_need(struct dissect *d, size_t n, enum anomaly anomaly)
{
    return LIKELY(d->len >= n) || dissect_short(d, n, anomaly);
}

// Move past n captured bytes.
static inline void dissect_skip(struct dissect *d, size_t n)
{
    d->at += n;
    d->len -= n;
    d->wire -= n;
}

// What a length field says ends here; never longer than it was.
static inline void dissect_cut(struct dissect *d, size_t wire)
{
    if (d->wire > wire)
        d->wire = wire;
    if (d->len > wire)
        d->len = wire;
}

static inline enum step dissect_nothing(struct dissect *d, enum decode_reason reason)
{
    d->out->reason = (uint8_t)reason;
    return STEP_DONE;
}

// The packet ends in what stands at d->at.
static inline enum step dissect_end(struct dissect *d, enum decode_kind kind)
{
    struct decoded *out = d->out;
    out->kind = (uint8_t)kind;
    out->payload = d->at;
    out->payload_len = (uint32_t)d->len;
    out->payload_wire_len = (uint32_t)d->wire;
    return STEP_DONE;
}

static inline uint32_t pair_hash_ip4(const uint8_t *src, const uint8_t *dst)
{
    uint64_t a = load32_native(src), b = load32_native(dst);
    return (uint32_t)(((a + b) << 32 ^ (a ^ b)) * 0x9e37'79b9'7f4a'7c15U >> 32);
}

static inline uint32_t pair_hash_ip6(const uint8_t *src, const uint8_t *dst)
{
    uint64_t a = hash_mix(load64_native(src) ^ hash_mix(load64_native(src + 8)));
    uint64_t b = hash_mix(load64_native(dst) ^ hash_mix(load64_native(dst + 8)));
    return (uint32_t)((a + b) * 0x9e37'79b9'7f4a'7c15U >> 32);
}

void dissect_run(struct dissect *d, enum step step);

// Open what stands `header` bytes after d->at; `type` as for `step`. The packet must be complete as
// the outer one (dissect_end): it stays that when nothing is found inside. `id` must be the same in
// both directions. `strict`: only a guess by port, no anomaly inside disproves more than the guess.
bool tunnel_open(
    struct dissect *d, size_t header, enum step step, uint16_t type, uint32_t id, bool strict);

// Layers. ethernet.c, label.c
enum step decode_ethernet(struct dissect *d);
enum step decode_ether_type(struct dissect *d);
enum step decode_llc(struct dissect *d);
enum step decode_arp(struct dissect *d);
enum step decode_mpls(struct dissect *d);
enum step decode_pppoe(struct dissect *d);
enum step decode_ppp(struct dissect *d);
enum step decode_nsh(struct dissect *d);

// link.c
enum step decode_link(struct dissect *d, uint16_t link);

// wifi.c
enum step decode_radiotap(struct dissect *d);
enum step decode_ieee80211(struct dissect *d, bool padded);

// ip4.c, ip6.c
enum step decode_ip4(struct dissect *d);
enum step decode_ip6(struct dissect *d);
enum step decode_ip6_next(struct dissect *d);

// transport.c
enum step decode_transport(struct dissect *d);

// tunnel.c, udp_tunnel.c
enum step decode_ip_in_ip(struct dissect *d);
enum step decode_etherip(struct dissect *d);
enum step decode_mpls_in_ip(struct dissect *d);
enum step decode_gre(struct dissect *d);
void decode_udp_tunnel(struct dissect *d);
