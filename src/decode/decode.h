// SPDX-License-Identifier: Apache-2.0
// From frame to transport header: link layers, VLAN, MPLS, PPPoE, IP, tunnels to depth 4. Stateless
// but for fragments, which a table of their own puts together. Nothing here allocates per packet.
// Checksums are not verified: captures of offloading machines hold unfinished ones.
#pragma once
#include "base/addr.h"
#include "base/bytes.h"
#include "capture/capture.h"
#include "schema/anomalies.h"
#include "schema/config.h"

enum {
    DECODE_TUNNELS = 4,   // depth to which tunnels are opened
    DECODE_ANOMALIES = 4, // kept per packet; the first ones
    DECODE_VLANS = 2,     // VLAN ids kept; deeper tags are skipped and counted
    DECODE_BATCH = 64,    // packets decoded before their flows are looked up
};

enum decode_kind {
    DECODE_NOTHING, // not IP, not ARP, or damaged before an address was read
    DECODE_ARP,
    DECODE_FRAGMENT, // give it to decode_fragment
    DECODE_TCP,
    DECODE_UDP,
    DECODE_SCTP,
    DECODE_ICMP,
    DECODE_ICMPV6,
    // Another IP protocol (ESP, IGMP, OSPF...); or a transport header cut or damaged, of which the
    // ports are there when the capture holds them.
    DECODE_IP,
};

// Why a packet is DECODE_NOTHING.
enum decode_reason {
    DECODE_DAMAGED,   // too short or contradictory; often with an anomaly
    DECODE_OTHER,     // whole, but neither IP nor ARP
    DECODE_PROTECTED, // encrypted at the link: 802.11 protected frames, MACsec
    DECODE_LINK,      // a link type nobody decodes
};

// Numbers of the header that follows an IP header, as IANA assigns them.
enum ip_proto {
    PROTO_HOPOPTS = 0,
    PROTO_ICMP = 1,
    PROTO_IGMP = 2,
    PROTO_IP4 = 4,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_IP6 = 41,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_GRE = 47,
    PROTO_ESP = 50,
    PROTO_AH = 51,
    PROTO_ICMPV6 = 58,
    PROTO_NONE = 59,
    PROTO_DSTOPTS = 60,
    PROTO_ETHERIP = 97,
    PROTO_SCTP = 132,
    PROTO_MOBILITY = 135,
    PROTO_MPLS = 137,
    PROTO_HIP = 139,
    PROTO_SHIM6 = 140,
};

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
    TCP_ECE = 0x40,
    TCP_CWR = 0x80,
};

struct decoded {
    int64_t time_ns;
    const uint8_t *l3;         // innermost IP header (or ARP body)
    const uint8_t *payload;    // after the transport header; of SCTP: the first DATA chunk's; of
                               // FRAGMENT, ICMP, IP: after the IP header and its extensions
    uint32_t l3_len;           // captured bytes from l3, cut to the IP length
    uint32_t payload_len;      // captured bytes of payload, cut to the IP length
    uint32_t payload_wire_len; // what it was on the wire (snaplen may have cut it)
    uint32_t frame_len;        // of the whole frame on the wire; of all frames of a datagram
    uint8_t src[16], dst[16];  // IPv4 in the first four bytes, the rest zero
    uint8_t ip_version;        // 4, 6, 0 for none; ARP for IPv4 has 4
    uint8_t ip_proto;          // innermost
    uint8_t kind;              // enum decode_kind
    uint8_t ttl;
    uint16_t src_port, dst_port; // ICMP: type and code
    uint16_t vlan[DECODE_VLANS]; // outermost first; 0: none; of the frame a tunnel carries, if any
    uint32_t pair_hash;          // symmetric hash of the outermost address pair: picks the worker
    uint32_t tunnel_key; // 0 outside tunnels; symmetric hash of outer addresses and tunnel ids
    uint32_t tcp_seq, tcp_ack;
    uint32_t tcp_time, tcp_echo; // RFC 7323 TSval and TSecr; 0: none
    uint16_t tcp_window;
    uint8_t tcp_flags;
    uint8_t tunnels; // depth
    uint8_t reason;  // enum decode_reason, when kind is NOTHING
    bool fragment_more;
    uint8_t tcp_wscale;  // of a SYN: shift + 1; 0: not offered
    bool tcp_sack;       // of a SYN: SACK permitted
    uint16_t tcp_mss;    // of a SYN; 0: not given
    uint16_t ether_type; // innermost
    uint32_t fragment_id;
    uint16_t fragment_offset;             // bytes
    uint16_t source;                      // of the packet
    uint16_t tcp_urgent;                  // bytes up to the end of urgent data; 0: none
    uint16_t frames;                      // 1, or the number of fragments the datagram came in
    const uint8_t *src_mac, *dst_mac;     // 6 bytes each, NULL where the link has none
    uint16_t anomalies[DECODE_ANOMALIES]; // enum anomaly
    uint8_t anomaly_count;
    uint8_t anomalies_told; // the first of them, that become records
};

// Decode one packet. Slices in `out` point into the packet. Always fills out->kind.
void decode_packet(const struct packet *packet, struct decoded *out);

// The same, but the first `tunnels` tunnels alone are opened: with 0 the outermost header is told.
void decode_outer(const struct packet *packet, unsigned tunnels, struct decoded *out);

struct fragments;

// limit_bytes bounds the memory of all unfinished datagrams, timeout_ns their age in packet time.
[[nodiscard]] struct fragments *fragments_create(
    size_t limit_bytes, int64_t timeout_ns, enum config_defrag_overlap overlap);
void fragments_destroy(struct fragments *fragments);

// Add a packet of kind DECODE_FRAGMENT. True: its datagram is complete and decoded into `out`,
// which is no fragment any more (slices live until the next call); anomalies found on the way
// (overlap, too large) are in out either way, the fragment's own are not. Which bytes win an
// overlap the table was told; an overlap that differs is an anomaly. IPv6 datagrams with any
// overlap are let go (RFC 5722).
bool decode_fragment(
    struct fragments *fragments, const struct decoded *fragment, struct decoded *out);

// Drop datagrams older than the timeout; returns how many.
size_t fragments_expire(struct fragments *fragments, int64_t now_ns);
