// SPDX-License-Identifier: Apache-2.0
// What stands between Ethernet and IP in providers' networks: MPLS label stacks (RFC 3032),
// Ethernet pseudo-wires with and without control word (RFC 4385, RFC 4448), PPPoE sessions (RFC
// 2516), PPP (RFC 1661), service chains (RFC 8300). MPLS doesn't say what it carries: the first
// nibble decides, as RFC 4928 has routers do.
#include "decode/internal.h"

enum {
    MPLS_ROUTER_ALERT = 1,
    MPLS_IMPLICIT_NULL = 3,
    MPLS_ENTROPY = 7,
    MPLS_GAL = 13,
    MPLS_EXTENDED = 15,
    NSH_BYTES = 8, // of its base header and service path
    NSH_IP4 = 1,
    NSH_IP6 = 2,
    NSH_ETHERNET = 3,
    NSH_MPLS = 5,
};

// Is this an IP header that fits? Only asked where nothing else says what comes.
static bool looks_like_ip(const struct dissect *d)
{
    if (d->len >= 20 && d->at[0] >> 4 == 4) {
        size_t hlen = (size_t)(d->at[0] & 15) * 4, total = load16(d->at + 2);
        return hlen >= 20 && total >= hlen && total <= d->wire;
    }
    if (d->len >= 40 && d->at[0] >> 4 == 6)
        return load16(d->at + 4) + (size_t)40 <= d->wire;
    return false;
}

static bool looks_like_ethernet(const struct dissect *d, size_t at)
{
    if (d->len < at + 14)
        return false;
    uint16_t type = load16(d->at + at + 12);
    switch (type) {
    case ETHER_IP4:
    case ETHER_IP6:
    case ETHER_ARP:
    case ETHER_VLAN:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
    case ETHER_MPLS:
    case ETHER_PPPOE: return true;
    default: // 802.3 with LLC: STP and such
        return type >= 3 && type <= 1500 && type + at + 14 <= d->wire;
    }
}

// Labels that mean something themselves (RFC 3032, 2.1; IANA's registry).
static void mpls_label(struct dissect *d, uint32_t label, bool bottom)
{
    if (label == MPLS_IMPLICIT_NULL)
        dissect_raise(d, ANOMALY_MPLS_BAD_LABEL_IMPLICIT_NULL);
    else if (label == MPLS_ROUTER_ALERT && bottom)
        dissect_raise(d, ANOMALY_MPLS_BAD_LABEL_ROUTER_ALERT);
    else if (label > MPLS_IMPLICIT_NULL && label < MPLS_EXTENDED && label != MPLS_ENTROPY &&
             label != MPLS_GAL)
        dissect_raise(d, ANOMALY_MPLS_BAD_LABEL_RESERVED);
}

static enum step mpls_payload(struct dissect *d)
{
    if (looks_like_ip(d))
        return STEP_IP;
    if (d->len > 0 && d->at[0] >> 4 == 0 && looks_like_ethernet(d, 4)) { // control word
        dissect_skip(d, 4);
        return STEP_ETHERNET;
    }
    if (looks_like_ethernet(d, 0))
        return STEP_ETHERNET;
    if (d->len > 0 && (d->at[0] >> 4 == 4 || d->at[0] >> 4 == 6))
        return STEP_IP; // damaged or cut: the IP layer says how
    dissect_raise(d, ANOMALY_MPLS_UNKNOWN_PAYLOAD_TYPE);
    return dissect_nothing(d, DECODE_OTHER);
}

enum step decode_mpls(struct dissect *d)
{
    for (unsigned labels = 0; labels < DISSECT_MPLS_LABELS; labels++) {
        if (!dissect_need(d, 4, ANOMALY_MPLS_HEADER_TOO_SMALL))
            return STEP_DONE;
        bool bottom = d->at[2] & 1;
        mpls_label(d, load32(d->at) >> 12, bottom);
        dissect_skip(d, 4);
        if (bottom)
            return mpls_payload(d);
    }
    dissect_raise(d, ANOMALY_MPLS_TOO_MANY_LABELS);
    return STEP_DONE;
}

enum step decode_pppoe(struct dissect *d)
{
    if (!dissect_need(d, 6, ANOMALY_PPPOE_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (h[0] != 0x11 || h[1] != 0) { // version 1, type 1; code 0 in a session
        dissect_raise(d, ANOMALY_PPPOE_WRONG_CODE);
        return STEP_DONE;
    }
    uint16_t length = load16(h + 4);
    dissect_skip(d, 6);
    dissect_cut(d, length);
    return STEP_PPP;
}

// The protocol field may be compressed to one byte; its last byte is the odd one (RFC 1661, 2).
enum step decode_ppp(struct dissect *d)
{
    if (!dissect_need(d, 1, ANOMALY_PPP_PKT_TOO_SMALL))
        return STEP_DONE;
    size_t size = d->at[0] & 1 ? 1 : 2;
    if (!dissect_need(d, size, ANOMALY_PPP_PKT_TOO_SMALL))
        return STEP_DONE;
    uint16_t proto = size == 1 ? d->at[0] : load16(d->at);
    dissect_skip(d, size);
    switch (proto) {
    case 0x0021: d->out->ether_type = ETHER_IP4; return STEP_IP4;
    case 0x0057: d->out->ether_type = ETHER_IP6; return STEP_IP6;
    case 0x0281:
    case 0x0283: return STEP_MPLS;
    case 0x0031: // bridging (RFC 3518) would need its flags; rare, left alone
    default: return dissect_nothing(d, DECODE_OTHER);
    }
}

// Network service header (RFC 8300): version, length in words, what follows; then a path and
// context.
enum step decode_nsh(struct dissect *d)
{
    if (!dissect_need(d, NSH_BYTES, ANOMALY_NSH_HEADER_TOO_SMALL))
        return STEP_DONE;
    size_t size = (size_t)(d->at[1] & 0x3f) * 4;
    uint8_t next = d->at[3];
    if (d->at[0] >> 6 != 0) {
        dissect_raise(d, ANOMALY_NSH_UNSUPPORTED_VERSION);
        return STEP_DONE;
    }
    if (size < NSH_BYTES || !dissect_need(d, size, ANOMALY_NSH_HEADER_TOO_SMALL))
        return STEP_DONE;
    dissect_skip(d, size);
    switch (next) {
    case NSH_IP4: return STEP_IP4;
    case NSH_IP6: return STEP_IP6;
    case NSH_ETHERNET: return STEP_ETHERNET;
    case NSH_MPLS: return decode_mpls(d);
    default: return dissect_nothing(d, DECODE_OTHER);
    }
}
