// SPDX-License-Identifier: Apache-2.0
// IPv4 (RFC 791). A total length of zero is what captures hold of segments the network card cuts
// later (TSO): it then reaches to the end of the frame. A length past the end of the frame is told
// and believed, as if the capture had been cut. What lies behind the total length is padding.
#include "decode/internal.h"

enum {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_LSRR = 131,
    OPTION_SSRR = 137,
    FRAGMENT_MASK = 0x3fff, // more fragments, offset
};

static bool ip4_option_known(uint8_t type)
{
    switch (type) {
    case 7:   // record route
    case 25:  // quick-start (RFC 4782)
    case 68:  // time stamp
    case 82:  // traceroute
    case 130: // security
    case OPTION_LSRR:
    case 133: // extended security
    case 134: // CIPSO
    case 136: // stream id
    case OPTION_SSRR:
    case 148: // router alert
        return true;
    default: return false;
    }
}

// Options (RFC 791, 3.1), at most 40 bytes.
static void ip4_options(struct dissect *d, const uint8_t *at, size_t len)
{
    uint32_t seen[8] = {0};
    for (size_t i = 0; i < len && at[i] != OPTION_END;) {
        if (at[i] == OPTION_NOP) {
            i++;
            continue;
        }
        if (i + 1 >= len || at[i + 1] < 2 || at[i + 1] > len - i) {
            dissect_raise(d, ANOMALY_IPV4_OPT_INVALID_LEN);
            return;
        }
        if (at[i] == OPTION_LSRR || at[i] == OPTION_SSRR)
            dissect_raise(d, ANOMALY_IPV4_OPT_SOURCE_ROUTE);
        if (!ip4_option_known(at[i]))
            dissect_raise(d, ANOMALY_IPV4_OPT_UNKNOWN);
        if (seen[at[i] / 32] >> (at[i] % 32) & 1)
            dissect_raise(d, ANOMALY_IPV4_OPT_DUPLICATE);
        seen[at[i] / 32] |= 1U << (at[i] % 32);
        i += at[i + 1];
    }
}

// Version, header length and options of a header that is not the usual twenty bytes.
static bool ip4_header(struct dissect *d, const uint8_t *h)
{
    size_t hlen = (size_t)(h[0] & 15) * 4;
    if (h[0] >> 4 != 4) {
        dissect_raise(d, ANOMALY_IPV4_WRONG_IP_VERSION);
        return false;
    }
    if (hlen < 20) {
        dissect_raise(d, ANOMALY_IPV4_HLEN_TOO_SMALL);
        return false;
    }
    if (!dissect_need(d, hlen, ANOMALY_IPV4_PKT_TOO_SMALL))
        return false;
    ip4_options(d, h + 20, hlen - 20);
    return true;
}

// The length of the whole packet, 0 when the one in the header can't be.
static size_t ip4_total(struct dissect *d, size_t hlen, size_t total)
{
    if (total == 0 && d->wire > hlen)
        return d->wire;
    if (total < hlen) {
        dissect_raise(d, ANOMALY_IPV4_IPLEN_SMALLER_THAN_HLEN);
        return 0;
    }
    if (total > d->wire) {
        dissect_raise(d, ANOMALY_IPV4_TRUNC_PKT);
        return d->strict ? 0 : total;
    }
    return total;
}

static enum step ip4_fragment(struct dissect *d, const uint8_t *h, uint16_t fragment)
{
    struct decoded *out = d->out;
    out->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8U);
    out->fragment_more = fragment & 0x2000;
    out->fragment_id = load16(h + 4);
    return dissect_end(d, DECODE_FRAGMENT);
}

static inline void ip4_fill(struct decoded *out, const uint8_t *h, size_t len)
{
    out->l3 = h;
    out->l3_len = (uint32_t)len;
    out->ip_version = 4;
    out->ip_proto = h[9];
    out->ttl = h[8];
    memcpy(out->src, h + 12, 4);
    memcpy(out->dst, h + 16, 4);
    if (out->tunnels == 0)
        out->pair_hash = pair_hash_ip4(h + 12, h + 16);
}

enum step decode_ip4(struct dissect *d)
{
    if (!dissect_need(d, 20, ANOMALY_IPV4_PKT_TOO_SMALL))
        return STEP_DONE;
    const uint8_t *h = d->at;
    if (UNLIKELY(h[0] != 0x45) && !ip4_header(d, h))
        return STEP_DONE;
    size_t hlen = (size_t)(h[0] & 15) * 4, total = load16(h + 2);
    if (UNLIKELY(total < hlen || total > d->wire)) {
        total = ip4_total(d, hlen, total);
        if (total == 0)
            return STEP_DONE;
    }
    d->wire = total;
    if (d->len > total)
        d->len = total;
    ip4_fill(d->out, h, d->len);
    dissect_skip(d, hlen);
    d->strict = false;
    d->type = h[9];
    uint16_t fragment = load16(h + 6);
    if (UNLIKELY(fragment & FRAGMENT_MASK))
        return ip4_fragment(d, h, fragment);
    return decode_transport(d);
}
