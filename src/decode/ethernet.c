// SPDX-License-Identifier: Apache-2.0
// Ethernet II, IEEE 802.3 with LLC and SNAP (802.2), VLAN tags (802.1Q, 802.1ad and their older
// numbers), VNTag, provider backbone bridging (802.1ah), FabricPath, Cisco metadata, ARP (RFC 826).
// Other EtherTypes end here as DECODE_OTHER, without an anomaly: LLDP, EAPOL and such are usual.
#include "decode/internal.h"

enum { ETHER_LENGTH_MAX = 1500, ETHER_TYPE_MIN = 1536, ARP_ETHERNET = 1 };

// Frames of 802.3 carry a length; what lies behind it is padding.
static enum step decode_ieee8023(struct dissect *d, uint16_t length)
{
    if (length > ETHER_LENGTH_MAX)
        return dissect_nothing(d, DECODE_OTHER);
    dissect_cut(d, length);
    return decode_llc(d);
}

enum step decode_ethernet(struct dissect *d)
{
    if (!dissect_need(d, 14, ANOMALY_ETHERNET_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    d->out->dst_mac = h;
    d->out->src_mac = h + 6;
    uint16_t type = load16(h + 12);
    dissect_skip(d, 14);
    if (UNLIKELY(type < ETHER_TYPE_MIN))
        return decode_ieee8023(d, type);
    d->type = type;
    if (LIKELY(type == ETHER_IP4)) {
        d->out->ether_type = type;
        return decode_ip4(d);
    }
    return STEP_ETHER_TYPE;
}

enum step decode_llc(struct dissect *d)
{
    if (!dissect_need(d, 3, ANOMALY_ETHERNET_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (h[0] == 0x06 && h[1] == 0x06) { // SAP of IP
        dissect_skip(d, 3);
        return STEP_IP4;
    }
    if (h[0] != 0xaa || h[1] != 0xaa || h[2] != 0x03)
        return dissect_nothing(d, DECODE_OTHER);
    if (!dissect_need(d, 8, ANOMALY_ETHERNET_PKT_TOO_SMALL))
        return STEP_DONE;
    uint32_t oui = load32(h + 2) & 0xff'ffff;
    if (oui != 0 && oui != 0xf8) // encapsulated Ethernet; 802.1H bridge tunnel
        return dissect_nothing(d, DECODE_OTHER);
    d->type = load16(h + 6);
    dissect_skip(d, 8);
    return STEP_ETHER_TYPE;
}

static bool is_vlan(uint16_t type)
{
    return type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD ||
           type == ETHER_QINQ_OLD2;
}

static enum step decode_vlan(struct dissect *d)
{
    struct decoded *out = d->out;
    unsigned tags = 0;
    while (is_vlan(d->type)) {
        if (!dissect_need(d, 4, ANOMALY_VLAN_HEADER_TOO_SMALL))
            return STEP_DONE;
        if (tags < DECODE_VLANS)
            out->vlan[tags] = load16(d->at) & 0xfff;
        if (tags++ == DISSECT_VLAN_USUAL)
            dissect_raise(d, ANOMALY_VLAN_TOO_MANY_LAYERS);
        if (tags > DISSECT_VLAN_TAGS)
            return STEP_DONE;
        d->type = load16(d->at + 2);
        dissect_skip(d, 4);
    }
    if (d->type < ETHER_TYPE_MIN)
        return decode_ieee8023(d, d->type);
    return STEP_ETHER_TYPE;
}

// A tag of `len` bytes of which the last two name what follows.
static enum step decode_tag(struct dissect *d, size_t len, enum anomaly anomaly)
{
    if (!dissect_need(d, len, anomaly))
        return STEP_DONE;
    d->type = load16(d->at + len - 2);
    dissect_skip(d, len);
    return d->type < ETHER_TYPE_MIN ? decode_ieee8023(d, d->type) : STEP_ETHER_TYPE;
}

// The I-TAG of 802.1ah (four bytes) and the tag of FabricPath (two) stand before a whole frame.
static enum step decode_backbone(struct dissect *d, size_t len)
{
    if (!dissect_need(d, len, ANOMALY_IEEE8021AH_HEADER_TOO_SMALL))
        return STEP_DONE;
    dissect_skip(d, len);
    return STEP_ETHERNET;
}

// Version, number of four-byte options, the options, the next type.
static enum step decode_metadata(struct dissect *d)
{
    if (!dissect_need(d, 2, ANOMALY_ETHERNET_PKT_TOO_SMALL))
        return STEP_DONE;
    return decode_tag(d, 4 + (size_t)d->at[1] * 4, ANOMALY_ETHERNET_PKT_TOO_SMALL);
}

enum step decode_ether_type(struct dissect *d)
{
    uint16_t type = d->type;
    d->out->ether_type = type;
    switch (type) {
    case ETHER_IP4: return STEP_IP4;
    case ETHER_IP6: return STEP_IP6;
    case ETHER_ARP:
    case ETHER_RARP: return decode_arp(d);
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
    case ETHER_QINQ_OLD2: return decode_vlan(d);
    case ETHER_MPLS:
    case ETHER_MPLS_UP: return decode_mpls(d);
    case ETHER_PPPOE: return decode_pppoe(d);
    case ETHER_PPP: return STEP_PPP;
    case ETHER_TEB: return STEP_ETHERNET;
    case ETHER_VNTAG: return decode_tag(d, 6, ANOMALY_VNTAG_HEADER_TOO_SMALL);
    case ETHER_PBB: return decode_backbone(d, 4);
    case ETHER_FABRICPATH: return decode_backbone(d, 2);
    case ETHER_METADATA: return decode_metadata(d);
    case ETHER_NSH: return decode_nsh(d);
    case ETHER_MACSEC: return dissect_nothing(d, DECODE_PROTECTED);
    default: return dissect_nothing(d, DECODE_OTHER);
    }
}

// Addresses of ARP over Ethernet-like links for IPv4; other kinds are passed on without them.
static void arp_addresses(struct dissect *d, const uint8_t *h, size_t hardware)
{
    struct decoded *out = d->out;
    const uint8_t *src = h + 8 + hardware, *dst = src + 4 + hardware;
    memcpy(out->src, src, 4);
    memcpy(out->dst, dst, 4);
    out->ip_version = 4;
    if (out->tunnels == 0)
        out->pair_hash = pair_hash_ip4(src, dst);
}

enum step decode_arp(struct dissect *d)
{
    if (!dissect_need(d, 8, ANOMALY_ARP_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    size_t hardware = h[4], protocol = h[5], size = 8 + 2 * (hardware + protocol);
    if (!dissect_need(d, size, ANOMALY_ARP_PKT_TOO_SMALL))
        return STEP_DONE;
    dissect_cut(d, size);
    if (load16(h) == ARP_ETHERNET && hardware != 6)
        dissect_raise(d, ANOMALY_ARP_INVALID_HARDWARE_SIZE);
    if (load16(h + 2) != ETHER_IP4) {
        dissect_raise(d, ANOMALY_ARP_UNSUPPORTED_PROTOCOL);
    } else {
        if (protocol == 4)
            arp_addresses(d, h, hardware);
        else
            dissect_raise(d, ANOMALY_ARP_INVALID_PROTOCOL_SIZE);
    }
    d->out->l3 = h;
    d->out->l3_len = (uint32_t)d->len;
    return dissect_end(d, DECODE_ARP);
}
