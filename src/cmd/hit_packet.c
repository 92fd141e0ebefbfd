// SPDX-License-Identifier: Apache-2.0
#include "cmd/hit_packet.h"

enum { PORT_VXLAN = 4789, PORT_TEREDO = 3544, PORT_GENEVE = 6081 };

// EVE's names for what opened the innermost tunnel.
static const char *tunnel_name(const struct decoded *carrier)
{
    switch (carrier->ip_proto) {
    case PROTO_GRE: return "gre tunnel";
    case PROTO_IP4:
    case PROTO_IP6: return carrier->ip_version == 4 ? "ipv4 tunnel" : "ipv6 tunnel";
    case PROTO_UDP: break;
    default: return "other tunnel";
    }
    switch (carrier->dst_port) {
    case PORT_VXLAN: return "vxlan encapsulation";
    case PORT_GENEVE: return "geneve encapsulation";
    case PORT_TEREDO: return "teredo tunnel";
    default: return "udp tunnel";
    }
}

static void tunnel_fill(const struct packet *packet, unsigned tunnels, uint64_t order,
    struct hit_packet_room *room, struct hit_packet *out)
{
    struct decoded outer;
    decode_outer(packet, tunnels - 1, &outer);
    out->source = tunnel_name(&outer);
    if (tunnels > 1)
        decode_outer(packet, 0, &outer);
    flow_packet_head(&outer, &room->texts, &room->outer);
    room->outer.has_pcap_cnt = true;
    room->outer.pcap_cnt = order + 1;
    out->tunnels = (uint8_t)tunnels;
    out->outer = &room->outer;
}

void hit_packet_fill(const struct slot *slot, uint64_t order, size_t most,
    struct hit_packet_room *room, struct hit_packet *out)
{
    *out = (struct hit_packet){.source = "stream (flow timeout)"};
    uint64_t at = order - slot->first_order;
    if (at >= slot->batch.count)
        return;
    const struct packet *packet = &slot->batch.packets[at];
    const struct decoded *decoded = &slot->decoded[at];
    struct capture_dlt dlt = capture_link_dlt(packet->link);
    out->source = decoded->kind == DECODE_FRAGMENT ? "defrag" : "wire/pcap";
    out->link = dlt.number;
    out->link_name = dlt.name;
    out->frame = bytes_sub(packet->data, 0, most);
    out->payload = bytes_sub(bytes_make(decoded->payload, decoded->payload_len), 0, most);
    out->has_macs = decoded->src_mac && decoded->dst_mac;
    if (out->has_macs) {
        memcpy(out->macs[0], decoded->src_mac, sizeof out->macs[0]);
        memcpy(out->macs[1], decoded->dst_mac, sizeof out->macs[1]);
    }
    if (decoded->tunnels) {
        dlt = capture_link_dlt(LINK_RAW);
        out->link = dlt.number;
        out->link_name = dlt.name;
        out->frame = bytes_sub(bytes_make(decoded->l3, decoded->l3_len), 0, most);
        tunnel_fill(packet, decoded->tunnels, order, room, out);
    }
}
