// SPDX-License-Identifier: Apache-2.0
// Link types other than Ethernet, as https://www.tcpdump.org/linktypes.html describes them: Linux
// cooked v1 and v2, BSD loopback, raw IP, PPP (RFC 1662) and Cisco HDLC.
#include "decode/internal.h"

enum { LINK_CHDLC = 104, ARPHRD_IPGRE = 778, SLL_NOVELL = 1, SLL_LLC = 4, SLL_PROTOCOLS = 0x600 };

static enum step sll_payload(struct dissect *d, uint16_t hardware, uint16_t type)
{
    if (hardware == ARPHRD_IPGRE && type < SLL_PROTOCOLS)
        return dissect_nothing(d, DECODE_OTHER);
    if (type == SLL_LLC)
        return decode_llc(d);
    if (type < SLL_PROTOCOLS)
        return dissect_nothing(d, DECODE_OTHER);
    d->type = type;
    return STEP_ETHER_TYPE;
}

static enum step decode_sll(struct dissect *d)
{
    if (!dissect_need(d, 16, ANOMALY_SLL_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (load16(h + 4) == 6)
        d->out->src_mac = h + 6;
    dissect_skip(d, 16);
    return sll_payload(d, load16(h + 2), load16(h + 14));
}

static enum step decode_sll2(struct dissect *d)
{
    if (!dissect_need(d, 20, ANOMALY_SLL2_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (h[11] == 6)
        d->out->src_mac = h + 12;
    dissect_skip(d, 20);
    return sll_payload(d, load16(h + 8), load16(h));
}

// The address family is written in the byte order of the machine that captured.
static enum step decode_null(struct dissect *d)
{
    if (!dissect_need(d, 4, ANOMALY_LTNULL_PKT_TOO_SMALL))
        return STEP_DONE;
    uint32_t family = load32(d->at);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    dissect_skip(d, 4);
    switch (family) {
    case 2: // AF_INET everywhere
        d->out->ether_type = ETHER_IP4;
        return STEP_IP4;
    case 10: // AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS
    case 24:
    case 28:
    case 30: d->out->ether_type = ETHER_IP6; return STEP_IP6;
    default: dissect_raise(d, ANOMALY_LTNULL_UNSUPPORTED_TYPE); return STEP_DONE;
    }
}

// Cisco HDLC: address 0x0f or 0x8f, control, then an EtherType.
static enum step decode_chdlc(struct dissect *d)
{
    if (!dissect_need(d, 4, ANOMALY_CHDLC_PKT_TOO_SMALL))
        return STEP_DONE;
    d->type = load16(d->at + 2);
    dissect_skip(d, 4);
    return d->type < SLL_PROTOCOLS ? dissect_nothing(d, DECODE_OTHER) : STEP_ETHER_TYPE;
}

static enum step decode_ppp_frame(struct dissect *d)
{
    if (!dissect_need(d, 2, ANOMALY_PPP_PKT_TOO_SMALL))
        return STEP_DONE;
    if (d->at[0] == 0xff && d->at[1] == 0x03)
        dissect_skip(d, 2);
    else if (d->at[0] == 0x0f || d->at[0] == 0x8f)
        return decode_chdlc(d);
    return STEP_PPP;
}

enum step decode_link(struct dissect *d, uint16_t link)
{
    switch (link) {
    case LINK_ETHERNET: return STEP_ETHERNET;
    case LINK_NULL:
    case LINK_LOOP: return decode_null(d);
    case LINK_RAW:
    case LINK_RAW_BSD:
    case LINK_RAW_OPENBSD:
    case LINK_IPV4:
    case LINK_IPV6: return STEP_IP;
    case LINK_LINUX_SLL: return decode_sll(d);
    case LINK_LINUX_SLL2: return decode_sll2(d);
    case LINK_PPP:
    case LINK_PPP_HDLC: return decode_ppp_frame(d);
    case LINK_CHDLC: return decode_chdlc(d);
    case LINK_PPP_ETHER: return decode_pppoe(d);
    case LINK_RADIOTAP: return decode_radiotap(d);
    case LINK_IEEE802_11: return decode_ieee80211(d, false);
    default: return dissect_nothing(d, DECODE_LINK);
    }
}
