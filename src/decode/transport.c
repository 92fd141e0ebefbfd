// SPDX-License-Identifier: Apache-2.0
// TCP (RFC 9293; of a SYN's options MSS, window scale, SACK), UDP (RFC 768), SCTP (RFC 9260; the
// first DATA or I-DATA chunk), ICMP (RFC 792), ICMPv6 (RFC 4443), AH (RFC 4302, passed through) and
// the IP protocols that are tunnels. A transport header that is cut or damaged leaves DECODE_IP.
#include "decode/internal.h"

enum {
    TCP_END = 0,
    TCP_NOP = 1,
    TCP_MSS = 2,
    TCP_WSCALE = 3,
    TCP_SACK_PERMITTED = 4,
    TCP_TIMES = 8,
    TCP_KINDS = 32,      // of options that may come once; those in use are below
    IP_UNASSIGNED = 149, // protocols over IP from here on
    IP_TRIALS = 253,     // but for this one and the next (RFC 3692)
    SCTP_DATA = 0,
    SCTP_I_DATA = 64, // RFC 8260
};

// A header that is cut or damaged still says which flow it belongs to while its ports are there.
static enum step transport_damaged(struct dissect *d)
{
    if (d->len >= 4) {
        d->out->src_port = load16(d->at);
        d->out->dst_port = load16(d->at + 2);
    }
    return dissect_end(d, DECODE_IP);
}

static void tcp_times(struct decoded *out, const uint8_t *at)
{
    out->tcp_time = load32(at);
    out->tcp_echo = load32(at + 4);
}

static void tcp_option(struct decoded *out, const uint8_t *option)
{
    if (option[0] == TCP_TIMES && option[1] == 10)
        tcp_times(out, option + 2);
    else if (!(out->tcp_flags & TCP_SYN))
        return;
    else if (option[0] == TCP_MSS && option[1] == 4)
        out->tcp_mss = load16(option + 2);
    else if (option[0] == TCP_WSCALE && option[1] == 3)
        out->tcp_wscale = (uint8_t)((option[2] > 14 ? 14 : option[2]) + 1); // RFC 7323, 2.3
    else if (option[0] == TCP_SACK_PERMITTED && option[1] == 2)
        out->tcp_sack = true;
}

static void tcp_options(struct dissect *d, const uint8_t *at, size_t len)
{
    uint32_t seen = 0;
    for (size_t i = 0; i < len && at[i] != TCP_END;) {
        if (at[i] == TCP_NOP) {
            i++;
            continue;
        }
        if (i + 1 >= len || at[i + 1] < 2 || at[i + 1] > len - i) {
            dissect_raise(d, ANOMALY_TCP_OPT_INVALID_LEN);
            return;
        }
        tcp_option(d->out, at + i);
        uint32_t kind = at[i] < TCP_KINDS ? 1U << at[i] : 0;
        if (seen & kind)
            dissect_raise(d, ANOMALY_TCP_OPT_DUPLICATE);
        seen |= kind;
        i += at[i + 1];
    }
}

// The header is longer than twenty bytes. False: longer than the packet.
static bool tcp_long_header(struct dissect *d, size_t hlen)
{
    if (!dissect_need(d, hlen, ANOMALY_TCP_HLEN_TOO_SMALL))
        return d->wire >= hlen;
    // Nearly all hold NOP, NOP, time stamps (10 bytes) and nothing else.
    if (hlen == 32 && load32(d->at + 20) == 0x0101'080a)
        tcp_times(d->out, d->at + 24);
    else
        tcp_options(d, d->at + 20, hlen - 20);
    return true;
}

static inline enum step decode_tcp(struct dissect *d)
{
    if (!dissect_need(d, 20, ANOMALY_TCP_PKT_TOO_SMALL))
        return transport_damaged(d);
    const uint8_t *h = d->at;
    struct decoded *out = d->out;
    size_t hlen = (size_t)(h[12] >> 4) * 4;
    if (UNLIKELY(hlen < 20)) {
        dissect_raise(d, ANOMALY_TCP_HLEN_TOO_SMALL);
        return transport_damaged(d);
    }
    out->tcp_flags = h[13];
    if (hlen > 20 && UNLIKELY(!tcp_long_header(d, hlen)))
        return transport_damaged(d);
    out->src_port = load16(h);
    out->dst_port = load16(h + 2);
    out->tcp_seq = load32(h + 4);
    out->tcp_ack = load32(h + 8);
    out->tcp_window = load16(h + 14);
    out->tcp_urgent = out->tcp_flags & TCP_URG ? load16(h + 18) : 0;
    d->at += hlen <= d->len ? hlen : d->len; // the capture may end within the options
    d->len -= hlen <= d->len ? hlen : d->len;
    d->wire -= hlen;
    return dissect_end(d, DECODE_TCP);
}

static inline enum step decode_udp(struct dissect *d)
{
    if (!dissect_need(d, 8, ANOMALY_UDP_PKT_TOO_SMALL))
        return transport_damaged(d);
    const uint8_t *h = d->at;
    struct decoded *out = d->out;
    size_t length = load16(h + 4);
    if (UNLIKELY(length < 8) && length != 0) { // zero: a jumbogram, or segmented later
        dissect_raise(d, ANOMALY_UDP_LEN_INVALID);
        return transport_damaged(d);
    }
    if (UNLIKELY(length > d->wire))
        dissect_raise(d, ANOMALY_UDP_LEN_INVALID);
    else if (length != 0)
        dissect_cut(d, length);
    out->src_port = load16(h);
    out->dst_port = load16(h + 2);
    dissect_skip(d, 8);
    dissect_end(d, DECODE_UDP);
    decode_udp_tunnel(d);
    return STEP_DONE;
}

static size_t sctp_chunk_header(uint8_t type)
{
    return type == SCTP_DATA ? 16 : type == SCTP_I_DATA ? 20 : 0;
}

// Move to the first user data. Nothing but control chunks: to the end of the packet.
static void sctp_find_data(struct dissect *d)
{
    for (unsigned count = 0; count < DISSECT_SCTP_CHUNKS && d->len >= 4; count++) {
        size_t length = load16(d->at + 2), header = sctp_chunk_header(d->at[0]);
        if (length < 4 || length < header || length > d->wire) {
            dissect_raise(d, ANOMALY_SCTP_CHUNK_INVALID_LEN);
            break;
        }
        if (header && d->len >= header) {
            dissect_cut(d, length);
            dissect_skip(d, header);
            return;
        }
        size_t padded = (length + 3) & ~(size_t)3;
        if (padded > d->len)
            break;
        dissect_skip(d, padded);
    }
    d->at += d->len;
    d->len = d->wire = 0;
}

static enum step decode_sctp(struct dissect *d)
{
    if (!dissect_need(d, 12, ANOMALY_SCTP_PKT_TOO_SMALL))
        return transport_damaged(d);
    d->out->src_port = load16(d->at);
    d->out->dst_port = load16(d->at + 2);
    dissect_skip(d, 12);
    sctp_find_data(d);
    return dissect_end(d, DECODE_SCTP);
}

// Codes of a type (IANA's registries of ICMP and ICMPv6): the highest one plus 1; 0: no such type.
static const uint8_t icmp4_codes[] = {[0] = 1,
    [3] = 16,
    [4] = 1,
    [5] = 4,
    [6] = 1,
    [8] = 1,
    [9] = 17,
    [10] = 1,
    [11] = 2,
    [12] = 3,
    [13] = 1,
    [14] = 1,
    [15] = 1,
    [16] = 1,
    [17] = 1,
    [18] = 1,
    [30] = 2,
    [31] = 12,
    [32] = 1,
    [33] = 1,
    [34] = 1,
    [35] = 1,
    [36] = 1,
    [37] = 1,
    [38] = 1,
    [39] = 1,
    [40] = 6,
    [41] = 255,
    [42] = 1,
    [43] = 5,
    [253] = 255,
    [254] = 255};
static const uint8_t icmp6_codes[] = {[1] = 9,
    [2] = 1,
    [3] = 2,
    [4] = 11,
    [100] = 255,
    [101] = 255,
    [128] = 1,
    [129] = 1,
    [130] = 1,
    [131] = 1,
    [132] = 1,
    [133] = 1,
    [134] = 1,
    [135] = 1,
    [136] = 1,
    [137] = 1,
    [138] = 255,
    [139] = 3,
    [140] = 3,
    [141] = 1,
    [142] = 1,
    [143] = 1,
    [144] = 1,
    [145] = 1,
    [146] = 1,
    [147] = 1,
    [148] = 1,
    [149] = 1,
    [150] = 255,
    [151] = 1,
    [152] = 1,
    [153] = 1,
    [154] = 6,
    [155] = 255,
    [156] = 1,
    [157] = 1,
    [158] = 1,
    [159] = 1,
    [160] = 1,
    [161] = 5,
    [200] = 255,
    [201] = 255};

enum { MLD_FIRST = 130, MLD_LAST = 132, MLD_HOPS = 1 }; // RFC 2710, 3

static void icmp4_check(struct dissect *d, uint8_t type, uint8_t code)
{
    unsigned codes = type < sizeof icmp4_codes ? icmp4_codes[type] : 0;
    if (codes == 0)
        dissect_raise(d, ANOMALY_ICMPV4_UNKNOWN_TYPE);
    else if (code >= codes)
        dissect_raise(d, ANOMALY_ICMPV4_UNKNOWN_CODE);
}

static void icmp6_check(struct dissect *d, uint8_t type, uint8_t code)
{
    unsigned codes = type < sizeof icmp6_codes ? icmp6_codes[type] : 0;
    if (type == 100 || type == 101 || type == 200 || type == 201)
        dissect_raise(d, ANOMALY_ICMPV6_EXPERIMENTATION_TYPE);
    else if (codes == 0)
        dissect_raise(d, type == 0 || type % 128 == 127 ? ANOMALY_ICMPV6_UNKNOWN_TYPE
                                                        : ANOMALY_ICMPV6_UNASSIGNED_TYPE);
    else if (code >= codes)
        dissect_raise(d, ANOMALY_ICMPV6_UNKNOWN_CODE);
    if (type >= MLD_FIRST && type <= MLD_LAST && d->out->ttl != MLD_HOPS)
        dissect_raise(d, ANOMALY_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
}

static enum step decode_icmp(struct dissect *d, enum decode_kind kind, enum anomaly too_small)
{
    size_t header = kind == DECODE_ICMP ? 8 : 4; // RFC 792: 8 for every type; RFC 4443, 2.1: 4
    if (!dissect_need(d, header, too_small) && d->len < 2)
        return dissect_end(d, DECODE_IP);
    d->out->src_port = d->at[0];
    d->out->dst_port = d->at[1];
    if (kind == DECODE_ICMP && d->out->ip_version == 6)
        dissect_raise(d, ANOMALY_IPV6_ICMPV4);
    if (kind == DECODE_ICMPV6 && d->out->ip_version == 4)
        dissect_raise(d, ANOMALY_IPV4_ICMPV6);
    if (kind == DECODE_ICMP)
        icmp4_check(d, d->at[0], d->at[1]);
    else
        icmp6_check(d, d->at[0], d->at[1]);
    return dissect_end(d, kind);
}

// Authenticated, not encrypted: what follows is in the clear. Lengths count four bytes, less two.
static enum step decode_ah(struct dissect *d)
{
    if (!dissect_need(d, 12, ANOMALY_AH_PKT_TOO_SMALL))
        return dissect_end(d, DECODE_IP);
    size_t size = (d->at[1] + (size_t)2) * 4;
    if (size < 12 || !dissect_need(d, size, ANOMALY_AH_PKT_TOO_SMALL))
        return dissect_end(d, DECODE_IP);
    if (d->out->ip_version == 6 && load16(d->at + 2) != 0)
        dissect_raise(d, ANOMALY_IPV6_EXTHDR_AH_RES_NOT_NULL);
    d->type = d->at[0];
    dissect_skip(d, size);
    return d->out->ip_version == 6 ? STEP_IP6_NEXT : STEP_TRANSPORT;
}

static enum step decode_esp(struct dissect *d)
{
    (void)dissect_need(d, 8, ANOMALY_ESP_PKT_TOO_SMALL);
    return dissect_end(d, DECODE_IP);
}

static enum step decode_rest(struct dissect *d)
{
    switch (d->type) {
    case PROTO_SCTP: return decode_sctp(d);
    case PROTO_IP4:
    case PROTO_IP6: return decode_ip_in_ip(d);
    case PROTO_GRE: return decode_gre(d);
    case PROTO_ETHERIP: return decode_etherip(d);
    case PROTO_MPLS: return decode_mpls_in_ip(d);
    case PROTO_AH: return decode_ah(d);
    case PROTO_ESP: return decode_esp(d);
    default:
        if (d->out->ip_version == 6 && d->type >= IP_UNASSIGNED && d->type != IP_TRIALS &&
            d->type != IP_TRIALS + 1)
            dissect_raise(d, ANOMALY_IPV6_UNKNOWN_NEXT_HEADER);
        return dissect_end(d, DECODE_IP);
    }
}

enum step decode_transport(struct dissect *d)
{
    d->out->ip_proto = (uint8_t)d->type;
    switch (d->type) {
    case PROTO_TCP: return decode_tcp(d);
    case PROTO_UDP: return decode_udp(d);
    case PROTO_ICMP: return decode_icmp(d, DECODE_ICMP, ANOMALY_ICMPV4_PKT_TOO_SMALL);
    case PROTO_ICMPV6: return decode_icmp(d, DECODE_ICMPV6, ANOMALY_ICMPV6_PKT_TOO_SMALL);
    default: return decode_rest(d);
    }
}
