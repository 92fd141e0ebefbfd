// SPDX-License-Identifier: Apache-2.0
// Tunnels over UDP: VXLAN (RFC 7348) and VXLAN-GPE, GENEVE (RFC 8926), GTP-U (3GPP TS 29.281),
// Teredo (RFC 4380). A port alone proves nothing: the tunnel's header must be as its document says
// and an IP header that fits (or ARP) must stand inside. Otherwise it stays the UDP packet it was.
#include "decode/internal.h"

enum {
    PORT_GTPU = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_VXLAN_GPE = 4790,
    PORT_CAPWAP = 5247,
    PORT_GENEVE = 6081,
    PORT_MPLS = 6635,
    PORT_VXLAN_LINUX = 8472, // before the number was assigned
    GTP_TPDU = 255,
};

// The generic protocol extension (draft-ietf-nvo3-vxlan-gpe): flags I and P, a protocol in the
// fourth byte; seen on the port of plain VXLAN as well.
static bool is_vxlan_gpe(const uint8_t *h)
{
    return (h[0] & 0xfe) == 0x0c && h[1] == 0 && h[2] == 0 && h[3] > 0 && h[3] < 4 && h[7] == 0;
}

static void decode_vxlan(struct dissect *d)
{
    static const enum step steps[] = {STEP_DONE, STEP_IP4, STEP_IP6, STEP_ETHERNET};
    const uint8_t *h = d->at;
    if (d->len < 8 + 14 || !(h[0] & 0x08)) // flag I; what is reserved is ignored (RFC 7348, 5)
        return;
    enum step inner = is_vxlan_gpe(h) ? steps[h[3]] : STEP_ETHERNET;
    (void)tunnel_open(d, 8, inner, ETHER_TEB, load32(h + 4) >> 8, true);
}

static void decode_geneve(struct dissect *d)
{
    const uint8_t *h = d->at;
    if (d->len < 8 || h[0] >> 6 != 0 || (h[1] & 0x3f) != 0 || h[7] != 0)
        return;
    size_t size = 8 + (size_t)(h[0] & 0x3f) * 4;
    uint16_t type = load16(h + 2);
    if (d->len > size && (type == ETHER_TEB || type == ETHER_IP4 || type == ETHER_IP6))
        (void)tunnel_open(d, size, type == ETHER_TEB ? STEP_ETHERNET : STEP_ETHER_TYPE, type,
            load32(h + 4) >> 8, true);
}

// Extension headers (TS 29.281, 5.2.1): length in units of four bytes first, next type last.
static size_t gtp_header_bytes(const struct dissect *d)
{
    const uint8_t *h = d->at;
    if (!(h[0] & 7)) // none of extension, sequence, N-PDU
        return 8;
    size_t size = 12;
    if (d->len < size || !(h[0] & 4))
        return size;
    uint8_t next = h[11];
    for (unsigned i = 0; next != 0; i++) {
        size_t length = size < d->len ? (size_t)h[size] * 4 : 0;
        if (i == DISSECT_GTP_EXTENSIONS || length == 0 || length > d->len - size)
            return SIZE_MAX;
        size += length;
        next = h[size - 1];
    }
    return size;
}

static void decode_gtp(struct dissect *d)
{
    const uint8_t *h = d->at;
    if (d->len < 8 + 20 || h[0] >> 4 != 3 || h[1] != GTP_TPDU) // version 1, GTP not GTP'
        return;
    if (load16(h + 2) + (size_t)8 > d->wire)
        return;
    size_t size = gtp_header_bytes(d);
    if (size < d->len) // tunnel ends have different TEIDs, which stay out of the key
        (void)tunnel_open(d, size, STEP_IP, 0, GTP_TPDU, true);
}

// Authentication (RFC 4380, 5.1.1) and origin indication (5.1.1) may stand before the IPv6 header.
static void decode_teredo(struct dissect *d)
{
    size_t size = 0;
    if (d->len >= 4 && load16(d->at) == 0x0001)
        size = 13U + d->at[2] + d->at[3];
    if (d->len >= size + 2 && load16(d->at + size) == 0x0000)
        size += 8;
    if (d->len < size + 40 || d->at[size] >> 4 != 6)
        return;
    if (load16(d->at + size + 4) + size + 40 != d->wire)
        return;
    (void)tunnel_open(d, size, STEP_IP6, 0, PORT_TEREDO, true);
}

// Header of RFC 5415, 4.3. Fragments (flag F) and DTLS (preamble 1) stay closed.
static void decode_capwap(struct dissect *d)
{
    const uint8_t *h = d->at;
    if (d->len < 8 || h[0] != 0 || (h[3] & 0x80))
        return;
    size_t size = (size_t)(h[1] >> 3) * 4;
    bool native = h[2] & 1; // 802.11 as it was, not 802.3
    if (size >= 8 && size < d->len)
        (void)tunnel_open(d, size, native ? STEP_WIFI : STEP_ETHERNET, ETHER_TEB, 0, true);
}

void decode_udp_tunnel(struct dissect *d)
{
    uint16_t src = d->out->src_port, dst = d->out->dst_port;
    switch (dst) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
    case PORT_VXLAN_GPE: decode_vxlan(d); return;
    case PORT_GENEVE: decode_geneve(d); return;
    case PORT_GTPU: decode_gtp(d); return;
    case PORT_TEREDO: decode_teredo(d); return;
    case PORT_CAPWAP: decode_capwap(d); return;
    case PORT_MPLS:
        if (d->len >= 4)
            (void)tunnel_open(d, 0, STEP_MPLS, 0, PORT_MPLS, true);
        return;
    default: break;
    }
    if (UNLIKELY(src == PORT_GTPU))
        decode_gtp(d);
    else if (UNLIKELY(src == PORT_TEREDO))
        decode_teredo(d);
    else if (UNLIKELY(src == PORT_CAPWAP))
        decode_capwap(d);
}
