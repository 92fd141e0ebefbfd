// SPDX-License-Identifier: Apache-2.0
// Tunnels that IP protocol numbers name: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784, 2890;
// PPTP's version 1, RFC 2637; NVGRE, RFC 7637; ERSPAN I, II, III, draft-foschiano-erspan-03),
// EtherIP (RFC 3378), MPLS in IP (RFC 4023). What can't be opened stays a packet of the outer
// protocol.
#include "decode/internal.h"

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_SOURCE_ROUTE_RECURSION = 0x0f00,
    GRE_ACK = 0x0080, // version 1
    GRE_VERSION = 0x0007,
    GRE_ROUTES = 8,     // source route entries skipped
    GRE_ARUBA = 0x8200, // 0x8200, 0x8210 ... 0x83f0: 802.11 frames
    GRE_ARUBA_MASK = 0xfe0f,
};

// In IPv6, what the next header announces must be there (named as Suricata names it).
static bool ip_in_ip6_fits(struct dissect *d, bool inner_ip4)
{
    enum anomaly too_small =
        inner_ip4 ? ANOMALY_IPV6_IPV4_IN_IPV6_TOO_SMALL : ANOMALY_IPV6_IPV6_IN_IPV6_TOO_SMALL;
    if (!dissect_need(d, inner_ip4 ? 20 : 40, too_small))
        return false;
    if (d->at[0] >> 4 == (inner_ip4 ? 4 : 6))
        return true;
    dissect_raise(d, inner_ip4 ? ANOMALY_IPV6_IPV4_IN_IPV6_WRONG_VERSION
                               : ANOMALY_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
    return false;
}

enum step decode_ip_in_ip(struct dissect *d)
{
    bool inner_ip4 = d->type == PROTO_IP4;
    dissect_end(d, DECODE_IP);
    if (d->out->ip_version == 6 && !ip_in_ip6_fits(d, inner_ip4))
        return STEP_DONE;
    if (d->len > 0)
        (void)tunnel_open(d, 0, inner_ip4 ? STEP_IP4 : STEP_IP6, 0, d->type, false);
    return STEP_DONE;
}

enum step decode_etherip(struct dissect *d)
{
    dissect_end(d, DECODE_IP);
    if (d->len >= 2 && load16(d->at) == 0x3000)
        (void)tunnel_open(d, 2, STEP_ETHERNET, ETHER_TEB, PROTO_ETHERIP, false);
    return STEP_DONE;
}

enum step decode_mpls_in_ip(struct dissect *d)
{
    dissect_end(d, DECODE_IP);
    if (d->len >= 4)
        (void)tunnel_open(d, 0, STEP_MPLS, 0, PROTO_MPLS, false);
    return STEP_DONE;
}

// Skip the source route of RFC 1701: entries of family, offset, length; one of length 0 ends them.
static bool gre_skip_routes(struct dissect *d, size_t *size)
{
    for (unsigned i = 0; i < GRE_ROUTES; i++) {
        if (!dissect_need(d, *size + 4, ANOMALY_GRE_VERSION0_HDR_TOO_BIG))
            return false;
        uint8_t length = d->at[*size + 3];
        *size += 4U + length;
        if (length == 0)
            return true;
    }
    dissect_raise(d, ANOMALY_GRE_VERSION0_MALFORMED_SRE_HDR);
    return false;
}

static void gre_open_erspan(struct dissect *d, size_t size, uint16_t flags, uint16_t type)
{
    size_t header = 0; // type I: none, and no sequence number
    if (type == ETHER_ERSPAN && (flags & GRE_SEQUENCE))
        header = 8;
    else if (type == ETHER_ERSPAN3)
        header = 12;
    if (!dissect_need(d, size + header, ANOMALY_ERSPAN_HEADER_TOO_SMALL))
        return;
    uint8_t version = header ? d->at[size] >> 4 : 0;
    if (header && version != (type == ETHER_ERSPAN3 ? 2 : 1)) {
        dissect_raise(d, ANOMALY_ERSPAN_UNSUPPORTED_VERSION);
        return;
    }
    if (header == 12 && (d->at[size + 11] & 1)) // platform specific part
        header = 20;
    if (!dissect_need(d, size + header, ANOMALY_ERSPAN_HEADER_TOO_SMALL))
        return;
    uint16_t vlan = header ? load16(d->at + size) & 0xfff : 0;
    unsigned tunnels = d->out->tunnels + 1U;
    bool opened = tunnel_open(d, size + header, STEP_ETHERNET, ETHER_TEB, PROTO_GRE, false);
    if (opened && d->out->tunnels == tunnels && d->out->vlan[0] == 0) // the switch took its tag off
        d->out->vlan[0] = vlan;
}

// Key or, of NVGRE, virtual subnet without the flow's bits: the same in both directions.
static uint32_t gre_id(uint32_t key, uint16_t type)
{
    return type == ETHER_TEB ? key >> 8 : key;
}

// WCCP version 2 puts four bytes of its own before the IPv4 packet, version 1 none.
static void gre_open_wccp(struct dissect *d, size_t size)
{
    if (d->len > size && d->at[size] >> 4 != 4)
        size += 4;
    if (d->len > size)
        (void)tunnel_open(d, size, STEP_IP4, 0, PROTO_GRE, false);
}

// Cisco metadata, which in GRE begins with the next type: version, number of options, the options.
static void gre_open_metadata(struct dissect *d, size_t size, uint32_t id)
{
    if (d->len < size + 4)
        return;
    uint16_t type = load16(d->at + size);
    size += 4 + (size_t)d->at[size + 3] * 4;
    if (d->len > size && type != ETHER_METADATA)
        (void)tunnel_open(d, size, STEP_ETHER_TYPE, type, id, false);
}

static void gre_version0(struct dissect *d, uint16_t flags, uint16_t type)
{
    size_t size = 4;
    size += flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0; // checksum and offset share four bytes
    size_t key_at = size;
    size += flags & GRE_KEY ? 4 : 0;
    size += flags & GRE_SEQUENCE ? 4 : 0;
    if (flags & GRE_SOURCE_ROUTE_RECURSION & 0x0700)
        dissect_raise(d, ANOMALY_GRE_VERSION0_RECUR);
    if (flags & 0x00f8)
        dissect_raise(d, ANOMALY_GRE_VERSION0_FLAGS);
    if (!dissect_need(d, size, ANOMALY_GRE_VERSION0_HDR_TOO_BIG))
        return;
    if ((flags & GRE_ROUTING) && !gre_skip_routes(d, &size))
        return;
    if (d->len < size)
        return;
    uint32_t key = flags & GRE_KEY ? load32(d->at + key_at) : 0;
    if (type == ETHER_ERSPAN || type == ETHER_ERSPAN3)
        gre_open_erspan(d, size, flags, type);
    else if (type == ETHER_METADATA)
        gre_open_metadata(d, size, key);
    else if (type == ETHER_WCCP)
        gre_open_wccp(d, size);
    else if ((type & GRE_ARUBA_MASK) == GRE_ARUBA)
        (void)tunnel_open(d, size, STEP_WIFI, 0, PROTO_GRE, true);
    else if (d->len > size)
        (void)tunnel_open(d, size, STEP_ETHER_TYPE, type, gre_id(key, type), false);
}

// Behind PPTP's header stands PPP, often with its address and control bytes.
static void gre_version1(struct dissect *d, uint16_t flags, uint16_t type)
{
    if (flags & (GRE_CHECKSUM | GRE_ROUTING | GRE_SOURCE_ROUTE_RECURSION))
        dissect_raise(d, ANOMALY_GRE_VERSION1_FLAGS);
    if (type != ETHER_PPP) {
        dissect_raise(d, ANOMALY_GRE_VERSION1_WRONG_PROTOCOL);
        return;
    }
    if (!(flags & GRE_KEY)) {
        dissect_raise(d, ANOMALY_GRE_VERSION1_NO_KEY);
        return;
    }
    size_t size = 8U + (flags & GRE_SEQUENCE ? 4 : 0) + (flags & GRE_ACK ? 4 : 0);
    if (!dissect_need(d, size, ANOMALY_GRE_VERSION1_HDR_TOO_BIG))
        return;
    if (d->len >= size + 2 && load16(d->at + size) == 0xff03)
        size += 2;
    if (d->len > size) // call ids differ by direction and stay out of the key
        (void)tunnel_open(d, size, STEP_PPP, 0, PROTO_GRE, false);
}

enum step decode_gre(struct dissect *d)
{
    dissect_end(d, DECODE_IP);
    if (!dissect_need(d, 4, ANOMALY_GRE_PKT_TOO_SMALL))
        return STEP_DONE;
    uint16_t flags = load16(d->at), type = load16(d->at + 2);
    switch (flags & GRE_VERSION) {
    case 0: gre_version0(d, flags, type); break;
    case 1: gre_version1(d, flags, type); break;
    default: dissect_raise(d, ANOMALY_GRE_WRONG_VERSION);
    }
    return STEP_DONE;
}
