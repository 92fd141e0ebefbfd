// SPDX-License-Identifier: Apache-2.0
// The packet of an alert, as EVE has it: how it came, and its bytes as base64 and as text.
#include "base/base64.h"
#include "detect/internal.h"

static struct bytes as_base64(struct arena *arena, struct bytes bytes)
{
    size_t len = base64_length(bytes.len);
    char *text = bytes.len ? arena_alloc(arena, len) : NULL;
    if (!text)
        return (struct bytes){NULL, 0};
    base64_encode(bytes, text);
    return bytes_make(text, len);
}

// Characters of ASCII and ends of lines stay, all else is a dot.
static struct bytes as_printable(struct arena *arena, struct bytes bytes)
{
    uint8_t *text = bytes.len ? arena_alloc(arena, bytes.len) : NULL;
    if (!text)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        text[i] = (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' ? c : '.';
    }
    return bytes_make(text, bytes.len);
}

static void fill_tunnel(const struct hit_packet *packet, struct record_alert *body)
{
    const struct record_head *outer = packet->outer;
    if (!outer)
        return;
    body->has_tunnel = true;
    body->tunnel.src_ip = outer->src_ip;
    body->tunnel.dest_ip = outer->dest_ip;
    body->tunnel.has_src_port = body->tunnel.has_dest_port = outer->has_src_port;
    body->tunnel.src_port = outer->src_port;
    body->tunnel.dest_port = outer->dest_port;
    body->tunnel.proto = outer->proto;
    body->tunnel.depth = packet->tunnels;
    body->tunnel.pcap_cnt = outer->pcap_cnt;
    body->tunnel.pkt_src = BYTES("wire/pcap");
}

void alert_fill_packet(const struct hit *hit, struct arena *arena, struct record_alert *body)
{
    const struct hit_packet *packet = hit->packet;
    body->has_ip_v = hit->head->src_ip.version != 0;
    body->ip_v = hit->head->src_ip.version;
    if (!packet)
        return;
    const struct hit_alert *said = hit->alert;
    bool stream = said && said->has_stream;
    struct bytes payload = stream && said->stream.len ? said->stream : packet->payload;
    body->pkt_src = bytes_from_text(packet->source);
    body->payload = as_base64(arena, payload);
    body->payload_printable = as_printable(arena, payload);
    body->has_stream = said != NULL;
    body->stream = stream;
    body->packet = as_base64(arena, packet->frame);
    body->has_packet_info = packet->frame.len > 0;
    body->packet_info.linktype = packet->link;
    if (packet->link_name)
        body->packet_info.linktype_name = bytes_from_text(packet->link_name);
    if (packet->has_macs) {
        body->ether.src_mac = bytes_make(packet->macs[0], sizeof packet->macs[0]);
        body->ether.dest_mac = bytes_make(packet->macs[1], sizeof packet->macs[1]);
    }
    fill_tunnel(packet, body);
}
