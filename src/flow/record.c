// SPDX-License-Identifier: Apache-2.0
// What a flow says of itself: the head of its records, its Community ID, the flow record.
#include "base/base64.h"
#include "base/hash.h"
#include "flow/internal.h"

// Names of IP protocols as EVE writes them. Numbers without a name are written as numbers.
static struct bytes proto_name(uint8_t ip_proto, char room[4])
{
    switch (ip_proto) {
    case PROTO_TCP: return BYTES("TCP");
    case PROTO_UDP: return BYTES("UDP");
    case PROTO_ICMP: return BYTES("ICMP");
    case PROTO_ICMPV6: return BYTES("IPv6-ICMP");
    case PROTO_SCTP: return BYTES("SCTP");
    case PROTO_IP4: return BYTES("IP-in-IP");
    case PROTO_IP6: return BYTES("IPv6");
    case PROTO_IGMP: return BYTES("IGMP");
    case 46: return BYTES("RSVP");
    case PROTO_GRE: return BYTES("GRE");
    case PROTO_ESP: return BYTES("ESP");
    case PROTO_AH: return BYTES("AH");
    case 88: return BYTES("EIGRP");
    case 89: return BYTES("OSPFIGP");
    case 103: return BYTES("PIM");
    case 112: return BYTES("VRRP");
    case 115: return BYTES("L2TP");
    default: break;
    }
    size_t n = 0;
    if (ip_proto >= 100)
        room[n++] = (char)('0' + ip_proto / 100);
    if (ip_proto >= 10)
        room[n++] = (char)('0' + ip_proto / 10 % 10);
    room[n++] = (char)('0' + ip_proto % 10);
    return bytes_make(room, n);
}

uint64_t flow_id(const struct flow *flow)
{
    return hash_mix(hash_mix(flow->order + 1) ^ (uint64_t)flow->first_us) >> 11;
}

static bool has_ports(uint8_t ip_proto)
{
    return ip_proto == PROTO_TCP || ip_proto == PROTO_UDP || ip_proto == PROTO_SCTP;
}

static void put_u16(uint8_t *to, uint16_t v)
{
    to[0] = (uint8_t)(v >> 8);
    to[1] = (uint8_t)v;
}

// Is client→server the order in which the specification hashes? Smaller address first, then port.
static bool client_first(const struct flow *f, size_t addr_bytes)
{
    int order = memcmp(f->addr[FLOW_CLIENT], f->addr[FLOW_SERVER], addr_bytes);
    return order < 0 || (order == 0 && f->port[FLOW_CLIENT] <= f->port[FLOW_SERVER]);
}

// https://github.com/corelight/community-id-spec, version 1, seed 0.
static void community_id_compute(struct flow *f)
{
    uint8_t input[2 + 32 + 2 + 4] = {0, 0};
    size_t addr_bytes = f->ip_version == 4 ? 4 : 16, n = 2;
    bool ports = has_ports(f->ip_proto) || f->ip_proto == PROTO_ICMP || f->ip_proto == PROTO_ICMPV6;
    bool one_way = flow_is_one_way(f);
    int first = one_way || client_first(f, addr_bytes) ? FLOW_CLIENT : FLOW_SERVER;
    for (int i = 0; i < 2; i++, n += addr_bytes)
        memcpy(&input[n], f->addr[i ? 1 - first : first], addr_bytes);
    input[n++] = f->ip_proto;
    input[n++] = 0;
    for (int i = 0; ports && i < 2; i++, n += 2)
        put_u16(&input[n], f->port[i ? 1 - first : first]);
    hash_sha1(bytes_make(input, n), f->community_id);
    f->flags |= FLOW_COMMUNITY_ID;
}

static size_t vlans(const uint16_t vlan[DECODE_VLANS])
{
    return vlan[0] == 0 ? 0 : vlan[1] == 0 ? 1 : 2;
}

void flow_head(
    struct flow *flow, int64_t time_us, struct flow_head_room *room, struct record_head *head)
{
    if (!(flow->flags & FLOW_COMMUNITY_ID))
        community_id_compute(flow);
    memcpy(room->community_id, "1:", 2);
    base64_encode(bytes_make(flow->community_id, FLOW_SHA1_BYTES), &room->community_id[2]);
    *head = (struct record_head){
        .timestamp = time_us,
        .has_flow_id = true,
        .flow_id = flow_id(flow),
        .vlan = flow->vlan,
        .vlan_count = vlans(flow->vlan),
        .src_ip = flow_addr(flow, FLOW_CLIENT),
        .dest_ip = flow_addr(flow, FLOW_SERVER),
        .proto = proto_name(flow->ip_proto, room->proto),
        .community_id = bytes_make(room->community_id, 30),
    };
    if (has_ports(flow->ip_proto)) {
        head->has_src_port = head->has_dest_port = true;
        head->src_port = flow->port[FLOW_CLIENT];
        head->dest_port = flow->port[FLOW_SERVER];
    } else if (flow->ip_proto == PROTO_ICMP || flow->ip_proto == PROTO_ICMPV6) {
        head->has_icmp_type = head->has_icmp_code = true;
        head->icmp_type = (uint8_t)flow->port[FLOW_CLIENT];
        head->icmp_code = flow_is_one_way(flow) ? (uint8_t)flow->port[FLOW_SERVER] : 0;
    }
}

void flow_head_turn(struct record_head *head)
{
    struct addr addr = head->src_ip;
    head->src_ip = head->dest_ip;
    head->dest_ip = addr;
    uint16_t port = head->src_port;
    head->src_port = head->dest_port;
    head->dest_port = port;
}

void flow_packet_head(
    const struct decoded *packet, struct flow_head_room *room, struct record_head *head)
{
    *head = (struct record_head){
        .timestamp = flow_packet_us(packet),
        .vlan = packet->vlan,
        .vlan_count = vlans(packet->vlan),
    };
    if (packet->ip_version == 0)
        return;
    bool v4 = packet->ip_version == 4;
    head->src_ip = v4 ? addr_v4(packet->src) : addr_v6(packet->src);
    head->dest_ip = v4 ? addr_v4(packet->dst) : addr_v6(packet->dst);
    if (packet->kind == DECODE_ARP)
        return;
    head->proto = proto_name(packet->ip_proto, room->proto);
    if (packet->kind == DECODE_TCP || packet->kind == DECODE_UDP || packet->kind == DECODE_SCTP) {
        head->has_src_port = head->has_dest_port = true;
        head->src_port = packet->src_port;
        head->dest_port = packet->dst_port;
    }
}

static struct bytes anomaly_type(enum anomaly anomaly)
{
    return bytes_from_text(anomaly_layer(anomaly));
}

void flow_emit_anomaly(
    const struct flow_handler *handler, struct flow *flow, int64_t time_us, enum anomaly anomaly)
{
    struct flow_head_room room;
    struct record_anomaly body = {
        .app_proto = bytes_from_text(flow->app_proto),
        .type = anomaly_type(anomaly),
        .event = bytes_from_text(anomaly_name(anomaly)),
    };
    struct record record = {.type = RECORD_ANOMALY, .body = &body};
    flow_head(flow, time_us, &room, &record.head);
    handler->emit(handler->context, &record);
}

void flow_stream_anomaly(
    struct flow_table *table, struct flow *flow, const struct decoded *packet, enum anomaly anomaly)
{
    table->metrics->tcp_anomalies++;
    table->metrics->anomalies[anomaly]++;
    if (table->handler->anomaly)
        table->handler->anomaly(table->handler->context, flow, packet, anomaly);
    for (int i = 0; i < FLOW_ANOMALIES; i++) {
        if (flow->anomalies_told[i] == anomaly)
            return;
        if (flow->anomalies_told[i] == ANOMALY_NONE) {
            flow->anomalies_told[i] = (uint16_t)anomaly;
            flow_emit_anomaly(
                table->handler, flow, packet ? flow_packet_us(packet) : flow->last_us, anomaly);
            return;
        }
    }
}

static struct bytes state_name(const struct flow *f)
{
    return f->state == FLOW_NEW           ? BYTES("new")
           : f->state == FLOW_ESTABLISHED ? BYTES("established")
                                          : BYTES("closed");
}

static struct bytes basis_name(const struct flow *f)
{
    switch ((enum flow_basis)f->app_basis) {
    case FLOW_UNNAMED: break;
    case FLOW_BY_PARSER: return BYTES("parser");
    case FLOW_BY_SIGNATURE: return BYTES("signature");
    case FLOW_BY_NDPI: return BYTES("ndpi");
    }
    return (struct bytes){NULL, 0};
}

static struct bytes reason_name(enum flow_reason reason)
{
    switch (reason) {
    case FLOW_ENDED_TIMEOUT: return BYTES("timeout");
    case FLOW_ENDED_REUSED: return BYTES("tcp_reuse");
    case FLOW_ENDED_EVICTED: return BYTES("forced");
    case FLOW_ENDED_SHUTDOWN: return BYTES("shutdown");
    }
    return BYTES("shutdown");
}

// States of RFC 9293 §3.3.2 as far as flags seen from outside tell them.
static struct bytes tcp_state_name(const struct flow *f)
{
    uint8_t client = f->tcp_flags[FLOW_CLIENT], server = f->tcp_flags[FLOW_SERVER];
    if ((client | server) & TCP_RST)
        return BYTES("closed");
    if (client & server & TCP_FIN)
        return BYTES("time_wait");
    if ((client | server) & TCP_FIN)
        return client & TCP_FIN ? BYTES("fin_wait1") : BYTES("close_wait");
    if (f->state == FLOW_ESTABLISHED)
        return BYTES("established");
    return server & TCP_SYN ? BYTES("syn_recv") : BYTES("syn_sent");
}

static void fill_tcp(const struct flow *f, struct record_flow *r)
{
    uint8_t client = f->tcp_flags[FLOW_CLIENT], server = f->tcp_flags[FLOW_SERVER];
    uint8_t all = client | server;
    r->has_tcp = true;
    r->tcp.tcp_flags = all;
    r->tcp.tcp_flags_ts = client;
    r->tcp.tcp_flags_tc = server;
    r->tcp.syn = all & TCP_SYN;
    r->tcp.fin = all & TCP_FIN;
    r->tcp.rst = all & TCP_RST;
    r->tcp.psh = all & TCP_PSH;
    r->tcp.ack = all & TCP_ACK;
    r->tcp.urg = all & TCP_URG;
    r->tcp.ecn = all & TCP_ECE;
    r->tcp.cwr = all & TCP_CWR;
    r->tcp.state = tcp_state_name(f);
    r->tcp.has_retransmits = f->retransmits > 0;
    r->tcp.retransmits = f->retransmits;
    r->tcp.has_overlaps = f->overlaps > 0;
    r->tcp.overlaps = f->overlaps;
    r->tcp.has_gaps = r->tcp.has_gap_bytes = f->gaps > 0;
    r->tcp.gaps = f->gaps;
    r->tcp.gap_bytes = f->gap_bytes;
}

void flow_emit_record(struct flow_table *table, struct flow *flow, enum flow_reason reason)
{
    struct flow_head_room room;
    struct flow_detail_room detail;
    struct record_flow body = {
        .pkts_toserver = flow->packets[FLOW_CLIENT],
        .pkts_toclient = flow->packets[FLOW_SERVER],
        .bytes_toserver = flow->bytes[FLOW_CLIENT],
        .bytes_toclient = flow->bytes[FLOW_SERVER],
        .start = flow->first_us,
        .end = flow->last_us,
        .age = (uint64_t)(flow->last_us - flow->first_us) / 1000'000,
        .state = state_name(flow),
        .reason = reason_name(reason),
        .midstream = flow->flags & FLOW_MIDSTREAM,
        .has_tunnel_depth = flow->tunnels > 0,
        .tunnel_depth = flow->tunnels,
        .app_proto_confidence = basis_name(flow),
    };
    flow_detail_fill(flow, &detail, &body);
    if (flow->first_count[FLOW_CLIENT])
        body.first_toserver = bytes_make(flow->first[FLOW_CLIENT], flow->first_count[FLOW_CLIENT]);
    if (flow->first_count[FLOW_SERVER])
        body.first_toclient = bytes_make(flow->first[FLOW_SERVER], flow->first_count[FLOW_SERVER]);
    if (flow->ip_proto == PROTO_TCP)
        fill_tcp(flow, &body);
    struct record record = {.type = RECORD_FLOW, .body = &body};
    flow_head(flow, flow->last_us, &room, &record.head);
    // Without payload there was nothing to recognise; "failed" says that nobody did.
    bool silent = !flow->first_count[FLOW_CLIENT] && !flow->first_count[FLOW_SERVER];
    record.head.app_proto = bytes_from_text(flow->app_proto ? flow->app_proto
                                            : silent        ? NULL
                                                            : "failed");
    if (flow->app_before && table->handler->before)
        record.head.app_proto_orig =
            bytes_from_text(table->handler->before(table->handler->context, flow));
    table->handler->emit(table->handler->context, &record);
}
