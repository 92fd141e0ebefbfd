// SPDX-License-Identifier: Apache-2.0
// IPv6 (RFC 8200) with its extension headers: hop-by-hop, routing, fragment, destination options,
// mobility (RFC 6275), HIP (RFC 7401), shim6 (RFC 5533). AH is passed through in transport.c.
// A fragment header of a packet that is whole (RFC 6946) is skipped. A payload length of zero with
// a jumbo option (RFC 2675) or with TCP or UDP behind it (TSO) reaches to the end of the frame.
#include "decode/internal.h"

enum {
    OPTION_PAD1 = 0,
    SEEN_HOPOPTS = 1,
    SEEN_ROUTING = 2,
    SEEN_FRAGMENT = 4,
    SEEN_OTHER = 8,
    SEEN_DSTOPTS = 16, // RFC 8200, 4.1: at most twice
    SEEN_DSTOPTS_AGAIN = 32,
};

static size_t ip6_wire(struct dissect *d, size_t payload, uint8_t next)
{
    size_t left = d->wire - 40;
    bool open = next == PROTO_HOPOPTS || next == PROTO_TCP || next == PROTO_UDP;
    if (payload == 0 && open)
        return left;
    if (payload > left)
        dissect_raise(d, ANOMALY_IPV6_TRUNC_PKT);
    return payload;
}

static void ip6_fill(struct decoded *out, const uint8_t *h)
{
    out->l3 = h;
    out->ip_version = 6;
    out->ttl = h[7];
    memcpy(out->src, h + 8, 16);
    memcpy(out->dst, h + 24, 16);
    if (out->tunnels == 0)
        out->pair_hash = pair_hash_ip6(h + 8, h + 24);
}

enum step decode_ip6(struct dissect *d)
{
    if (!dissect_need(d, 40, ANOMALY_IPV6_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (h[0] >> 4 != 6) {
        dissect_raise(d, ANOMALY_IPV6_WRONG_IP_VERSION);
        return STEP_DONE;
    }
    size_t payload = ip6_wire(d, load16(h + 4), h[6]);
    if (d->strict && payload > d->wire - 40)
        return STEP_DONE;
    dissect_skip(d, 40);
    d->wire = payload;
    if (d->len > payload)
        d->len = payload;
    ip6_fill(d->out, h);
    d->out->l3_len = (uint32_t)d->len + 40;
    d->strict = false;
    d->type = h[6];
    if (LIKELY(d->type == PROTO_TCP || d->type == PROTO_UDP))
        return decode_transport(d);
    return STEP_IP6_NEXT;
}

// Options IANA lists for either header that are in use; others carry what nobody looks at.
static bool ip6_option_known(uint8_t type)
{
    switch (type) {
    case 0x01: // PadN
    case 0x04: // tunnel encapsulation limit (RFC 2473)
    case 0x05: // router alert (RFC 2711)
    case 0x07: // CALIPSO (RFC 5570)
    case 0x08: // SMF_DPD (RFC 6621)
    case 0x0f: // performance and diagnostic metrics (RFC 8250)
    case 0x11: // IOAM (RFC 9486)
    case 0x23: // RPL (RFC 9008)
    case 0x26: // quick-start (RFC 4782)
    case 0x30: // minimum path MTU (RFC 9268)
    case 0x31: // IOAM
    case 0x63: // RPL (RFC 6553)
    case 0x6d: // MPL (RFC 7731)
    case 0x8a: // endpoint identification
    case 0x8b: // ILNP nonce (RFC 6744)
    case 0xc2: // jumbo payload (RFC 2675)
    case 0xc9: // home address (RFC 6275)
        return true;
    default: return false;
    }
}

// Options of a hop-by-hop or destination options header (RFC 8200, 4.2); `len` is at most 2048.
static void ip6_options(struct dissect *d, const uint8_t *at, size_t len, bool destination)
{
    bool useful = false;
    for (size_t i = 0; i < len;) {
        if (at[i] == OPTION_PAD1) {
            i++;
            continue;
        }
        if (i + 1 >= len || at[i + 1] > len - i - 2) {
            dissect_raise(d, ANOMALY_IPV6_EXTHDR_INVALID_OPTLEN);
            return;
        }
        useful |= at[i] != 1;
        if (!ip6_option_known(at[i]))
            dissect_raise(d,
                destination ? ANOMALY_IPV6_DSTOPTS_UNKNOWN_OPT : ANOMALY_IPV6_HOPOPTS_UNKNOWN_OPT);
        i += at[i + 1] + 2U;
    }
    if (!useful)
        dissect_raise(
            d, destination ? ANOMALY_IPV6_DSTOPTS_ONLY_PADDING : ANOMALY_IPV6_HOPOPTS_ONLY_PADDING);
}

// Which headers came, and that they came no more often than RFC 8200, 4.1 has it.
static void ip6_note_order(struct dissect *d, uint16_t type, unsigned *seen)
{
    if (type == PROTO_HOPOPTS) {
        if (*seen & SEEN_HOPOPTS)
            dissect_raise(d, ANOMALY_IPV6_EXTHDR_DUPL_HH);
        else if (*seen)
            dissect_raise(d, ANOMALY_IPV6_HOPOPTS_NOT_FIRST);
        *seen |= SEEN_HOPOPTS;
    } else if (type == PROTO_ROUTING) {
        if (*seen & SEEN_ROUTING)
            dissect_raise(d, ANOMALY_IPV6_EXTHDR_DUPL_RH);
        *seen |= SEEN_ROUTING;
    } else if (type == PROTO_DSTOPTS) {
        if (*seen & SEEN_DSTOPTS_AGAIN)
            dissect_raise(d, ANOMALY_IPV6_EXTHDR_DUPL_DH);
        *seen |= *seen & SEEN_DSTOPTS ? SEEN_DSTOPTS_AGAIN : SEEN_DSTOPTS;
    }
    *seen |= SEEN_OTHER;
}

// Extension headers that hold their length in units of eight bytes. False: it isn't all there.
static bool ip6_extension(struct dissect *d, unsigned *seen)
{
    if (!dissect_need(d, 8, ANOMALY_IPV6_TRUNC_EXTHDR))
        return false;
    const uint8_t *h = d->at;
    size_t size = (h[1] + (size_t)1) * 8;
    if (!dissect_need(d, size, ANOMALY_IPV6_TRUNC_EXTHDR))
        return false;
    ip6_note_order(d, d->type, seen);
    if (d->type == PROTO_HOPOPTS || d->type == PROTO_DSTOPTS)
        ip6_options(d, h + 2, size - 2, d->type == PROTO_DSTOPTS);
    else if (d->type == PROTO_ROUTING && h[2] == 0) // deprecated by RFC 5095
        dissect_raise(d, ANOMALY_IPV6_RH_TYPE_0);
    d->type = h[0];
    dissect_skip(d, size);
    return true;
}

// True: the packet is whole and goes on behind the header. False: it ends here.
static bool ip6_fragment(struct dissect *d, unsigned *seen)
{
    if (!dissect_need(d, 8, ANOMALY_IPV6_TRUNC_EXTHDR)) {
        dissect_end(d, DECODE_IP);
        return false;
    }
    const uint8_t *h = d->at;
    struct decoded *out = d->out;
    uint16_t fragment = load16(h + 2);
    if (h[1] != 0 || fragment & 6)
        dissect_raise(d, ANOMALY_IPV6_FH_NON_ZERO_RESERVED_FIELD);
    if (*seen & SEEN_FRAGMENT)
        dissect_raise(d, ANOMALY_IPV6_EXTHDR_DUPL_FH);
    *seen |= SEEN_FRAGMENT | SEEN_OTHER;
    d->type = h[0];
    dissect_skip(d, 8);
    if ((fragment & 0xfff9) == 0) {
        dissect_raise(d, ANOMALY_IPV6_EXTHDR_USELESS_FH);
        return true;
    }
    out->ip_proto = h[0];
    out->fragment_offset = fragment & 0xfff8;
    out->fragment_more = fragment & 1;
    out->fragment_id = load32(h + 4);
    dissect_end(d, DECODE_FRAGMENT);
    return false;
}

static enum step ip6_end(struct dissect *d)
{
    d->out->ip_proto = (uint8_t)d->type;
    return dissect_end(d, DECODE_IP);
}

enum step decode_ip6_next(struct dissect *d)
{
    unsigned seen = 0;
    for (unsigned count = 0; count < DISSECT_EXTENSIONS; count++) {
        if (seen && d->wire < 2 && d->type != PROTO_NONE) // announced, and nothing there
            dissect_raise(d, ANOMALY_IPV6_TRUNC_EXTHDR);
        switch (d->type) {
        case PROTO_FRAGMENT:
            d->out->ip_proto = PROTO_FRAGMENT;
            if (!ip6_fragment(d, &seen))
                return STEP_DONE;
            break;
        case PROTO_HOPOPTS:
        case PROTO_ROUTING:
        case PROTO_DSTOPTS:
        case PROTO_MOBILITY:
        case PROTO_HIP:
        case PROTO_SHIM6:
            if (!ip6_extension(d, &seen))
                return ip6_end(d);
            break;
        case PROTO_NONE:
            if (d->wire > 0)
                dissect_raise(d, ANOMALY_IPV6_DATA_AFTER_NONE_HEADER);
            return ip6_end(d);
        default: return decode_transport(d);
        }
    }
    dissect_raise(d, ANOMALY_IPV6_TOO_MANY_EXTHDRS);
    return ip6_end(d);
}
