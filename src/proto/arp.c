// SPDX-License-Identifier: Apache-2.0
// ARP (RFC 826) and its reverse kinds (RFC 903, 2390), address conflict detection (RFC 5227).
// Emits one arp record a message of Ethernet and IPv4. Called for each packet; keeps no state.
// Anomalies: other links and protocols, unknown operations, a sender that is not its frame's, a
// broadcast address as sender.
#include "proto/proto.h"

enum { ARP_ETHERNET = 1, ARP_IEEE802 = 6, ARP_IPV4 = 0x0800, MAC_BYTES = 6, IPV4_BYTES = 4 };

static const char *const opcodes[] = {NULL, "request", "reply", "request_reverse", "reply_reverse",
    "drarp_request", "drarp_reply", "drarp_error", "inarp_request", "inarp_reply", "arp_nak"};

enum { OPCODES = sizeof opcodes / sizeof *opcodes };

static enum proto_probe arp_probe(const struct proto_first *first)
{
    (void)first;
    return PROBE_CLIENT;
}

static struct addr take_address(struct cursor *in)
{
    struct bytes raw = cursor_take(in, IPV4_BYTES);
    return raw.len ? addr_v4(raw.data) : (struct addr){.version = 0};
}

static bool mac_is(struct bytes mac, uint8_t byte)
{
    for (size_t i = 0; i < mac.len; i++)
        if (mac.data[i] != byte)
            return false;
    return mac.len > 0;
}

static void check_sender(struct proto_flow *pf, const struct record_arp *arp)
{
    const struct decoded *packet = pf->packet;
    if (arp->src_mac.data[0] & 1)
        proto_anomaly(pf, ANOMALY_ARP_BROADCAST_SOURCE);
    if (packet && packet->src_mac && memcmp(packet->src_mac, arp->src_mac.data, MAC_BYTES) != 0)
        proto_anomaly(pf, ANOMALY_ARP_SOURCE_MISMATCH);
}

static enum proto_verdict arp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    (void)side;
    struct record_arp arp = {.hw_type = BYTES("ethernet"), .proto_type = BYTES("ipv4")};
    uint16_t hardware = cursor_u16(in);
    uint16_t protocol = cursor_u16(in);
    uint8_t hardware_bytes = cursor_u8(in);
    uint8_t protocol_bytes = cursor_u8(in);
    uint16_t opcode = cursor_u16(in);
    arp.src_mac = cursor_take(in, MAC_BYTES);
    arp.src_ip = take_address(in);
    arp.dest_mac = cursor_take(in, MAC_BYTES);
    arp.dest_ip = take_address(in);
    if (!cursor_ok(in) || (hardware != ARP_ETHERNET && hardware != ARP_IEEE802) ||
        protocol != ARP_IPV4 || hardware_bytes != MAC_BYTES || protocol_bytes != IPV4_BYTES) {
        proto_anomaly(pf, ANOMALY_ARP_UNSUPPORTED_PKT);
        return PROTO_DONE;
    }
    if (opcode == 0 || opcode >= OPCODES) {
        proto_anomaly(pf, ANOMALY_ARP_UNSUPPORTED_OPCODE);
        return PROTO_DONE;
    }
    if (hardware == ARP_IEEE802)
        arp.hw_type = BYTES("ieee802");
    arp.opcode = bytes_from_text(opcodes[opcode]);
    bool about_itself = memcmp(arp.src_ip.bytes, arp.dest_ip.bytes, IPV4_BYTES) == 0;
    bool has_address = memcmp(arp.src_ip.bytes, "\0\0\0\0", IPV4_BYTES) != 0;
    arp.gratuitous = opcode <= 2 && about_itself && has_address;
    arp.probe = opcode == 1 && !has_address && mac_is(arp.dest_mac, 0);
    check_sender(pf, &arp);
    proto_emit(pf, RECORD_ARP, &arp, UINT64_MAX);
    return PROTO_DONE;
}

const struct proto proto_arp = {
    .name = "arp",
    .carriers = OVER_LINK,
    .probe = arp_probe,
    .parse = arp_parse,
};
