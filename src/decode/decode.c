// SPDX-License-Identifier: Apache-2.0
// The way through a packet: from one layer to the next, and into tunnels to a depth of four.
#include "decode/internal.h"

void decoded_raise(struct decoded *out, enum anomaly anomaly)
{
    for (unsigned i = 0; i < out->anomaly_count; i++) {
        if (out->anomalies[i] == anomaly)
            return;
    }
    if (out->anomaly_count < DECODE_ANOMALIES)
        out->anomalies[out->anomaly_count++] = (uint16_t)anomaly;
}

bool dissect_short(struct dissect *d, size_t n, enum anomaly anomaly)
{
    if (d->wire < n)
        dissect_raise(d, anomaly);
    return false;
}

static enum step decode_ip(struct dissect *d)
{
    if (!dissect_need(d, 1, ANOMALY_IPRAW_INVALID_IP_VERSION))
        return STEP_DONE;
    switch (d->at[0] >> 4) {
    case 4: return STEP_IP4;
    case 6: return STEP_IP6;
    default: dissect_raise(d, ANOMALY_IPRAW_INVALID_IP_VERSION); return STEP_DONE;
    }
}

static inline enum step dissect_step(struct dissect *d, enum step step)
{
    switch (step) {
    case STEP_ETHERNET: return decode_ethernet(d);
    case STEP_ETHER_TYPE: return decode_ether_type(d);
    case STEP_PPP: return decode_ppp(d);
    case STEP_MPLS: return decode_mpls(d);
    case STEP_WIFI: return decode_ieee80211(d, false);
    case STEP_IP: return decode_ip(d);
    case STEP_IP4: return decode_ip4(d);
    case STEP_IP6: return decode_ip6(d);
    case STEP_IP6_NEXT: return decode_ip6_next(d);
    case STEP_TRANSPORT: return decode_transport(d);
    case STEP_DONE: break;
    }
    return STEP_DONE;
}

void dissect_run(struct dissect *d, enum step step)
{
    while (step != STEP_DONE) {
        if (UNLIKELY(d->layers++ == DISSECT_LAYERS)) {
            dissect_raise(d, ANOMALY_PACKET_TOO_MANY_LAYERS);
            return;
        }
        step = dissect_step(d, step);
    }
}

// Same for both directions, different for other outer addresses, ids and depths.
static uint32_t tunnel_key(const struct decoded *out, uint32_t id)
{
    uint32_t pair = out->ip_version == 4 ? pair_hash_ip4(out->src, out->dst)
                                         : pair_hash_ip6(out->src, out->dst);
    uint64_t inner = (uint64_t)id << 8 | out->tunnels;
    uint64_t key = hash_mix(hash_mix((uint64_t)out->tunnel_key << 32 | pair) + inner) >> 32;
    return key ? (uint32_t)key : 1;
}

// Forget what belongs to the outer packet alone.
static void tunnel_enter(struct decoded *out, uint32_t id, enum step step)
{
    if (step == STEP_ETHERNET) {
        id ^= (uint32_t)out->vlan[0] << 16 ^ out->vlan[1];
        memset(out->vlan, 0, sizeof out->vlan);
    }
    out->tunnel_key = tunnel_key(out, id);
    out->tunnels++;
    out->kind = DECODE_NOTHING;
    out->reason = DECODE_DAMAGED;
    out->src_port = out->dst_port = 0;
    memset(out->src, 0, sizeof out->src);
    memset(out->dst, 0, sizeof out->dst);
}

bool tunnel_open(
    struct dissect *d, size_t header, enum step step, uint16_t type, uint32_t id, bool strict)
{
    struct decoded *out = d->out;
    if (out->tunnels == DECODE_TUNNELS) {
        dissect_raise(d, ANOMALY_PACKET_TOO_MANY_LAYERS);
        return false;
    }
    struct decoded outer = *out;
    struct dissect inner = {
        d->at + header, d->len - header, d->wire - header, out, type, 0, strict};
    tunnel_enter(out, id, step);
    dissect_run(&inner, step);
    if (out->kind != DECODE_NOTHING)
        return true;
    if (!strict) {
        memcpy(outer.anomalies, out->anomalies, sizeof outer.anomalies);
        outer.anomaly_count = out->anomaly_count;
    }
    *out = outer;
    return false;
}

void decode_packet(const struct packet *packet, struct decoded *out)
{
    decode_outer(packet, DECODE_TUNNELS, out);
}

void decode_outer(const struct packet *packet, unsigned tunnels, struct decoded *out)
{
    unsigned before = DECODE_TUNNELS - tunnels; // as if they had been opened already
    *out = (struct decoded){.time_ns = packet->time_ns,
        .frame_len = packet->wire_len,
        .source = packet->source,
        .tunnels = (uint8_t)before,
        .frames = 1};
    size_t len = packet->data.len;
    struct dissect d = {.at = packet->data.data,
        .len = len,
        .wire = packet->wire_len < len ? len : packet->wire_len,
        .out = out};
    enum step step =
        LIKELY(packet->link == LINK_ETHERNET) ? STEP_ETHERNET : decode_link(&d, packet->link);
    dissect_run(&d, step);
    out->tunnels = (uint8_t)(out->tunnels - before);
}
