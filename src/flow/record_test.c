// SPDX-License-Identifier: Apache-2.0
// What flows say of themselves: Community IDs, heads, states. The ids were computed with another
// program from the text of the specification, version 1, seed 0.
#include "flow/made_flow.h"

enum { ICMP = 1, GRE = 47, ICMPV6 = 58, SCTP = 132 };

static void send_kind(enum decode_kind kind, uint8_t ip_proto, enum flow_side side)
{
    struct decoded p = made_packet(ip_proto, side, BYTES("x"));
    p.kind = (uint8_t)kind;
    if (kind == DECODE_IP)
        p.src_port = p.dst_port = 0;
    made_send(&p);
}

static void send_icmp(uint8_t version, enum flow_side side, uint8_t type, uint8_t code)
{
    struct decoded p = made_packet(version == 4 ? ICMP : ICMPV6, side, BYTES("x"));
    p.kind = version == 4 ? DECODE_ICMP : DECODE_ICMPV6;
    p.ip_version = version;
    p.src_port = type;
    p.dst_port = code;
    if (version == 6) {
        memset(p.src, 0, sizeof p.src);
        memset(p.dst, 0, sizeof p.dst);
        memcpy(p.src, "\x20\x01\x0d\xb8", 4);
        memcpy(p.dst, "\x20\x01\x0d\xb8", 4);
        p.src[15] = side == FLOW_CLIENT ? 1 : 2;
        p.dst[15] = side == FLOW_CLIENT ? 2 : 1;
    }
    made_send(&p);
}

// One flow was begun: its record has this id.
static void check_id(const char *id)
{
    char want[80];
    snprintf(want, sizeof want, "\"community_id\":\"%s\"", id);
    flow_table_flush(made.table);
    CHECK(made_has(want));
    made_finish();
}

TEST(id_of_ports)
{
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++) { // either way the same
        made_begin();
        send_kind(DECODE_TCP, MADE_TCP, side);
        check_id("1:3k1SoWXs/FltHw2aBCgUTgbDQF4=");
        made_begin();
        send_kind(DECODE_UDP, MADE_UDP, side);
        check_id("1:0Z1pC5r4QxZJFCBLA4XJYT6MqeI=");
        made_begin();
        send_kind(DECODE_SCTP, SCTP, side);
        check_id("1:R85qanwqsTCkPo9zDA77n7tJMQU=");
        made_begin();
        send_kind(DECODE_IP, GRE, side);
        check_id("1:+KlEHDT0vJgzs/eNmzHq0aSpRYw=");
    }
}

TEST(id_of_icmp)
{
    made_begin();
    send_icmp(4, FLOW_CLIENT, 8, 0);
    check_id("1:YcMyyWJfhc95EW1GfXt6jlZ3DiQ=");
    made_begin();
    send_icmp(4, FLOW_SERVER, 0, 0); // the reply alone
    check_id("1:YcMyyWJfhc95EW1GfXt6jlZ3DiQ=");
    made_begin();
    send_icmp(4, FLOW_SERVER, 3, 1); // one way: not put in order
    check_id("1:JHjlyD5IJJjl3wHWOMj46lLWZag=");
}

TEST(id_of_icmp6)
{
    made_begin();
    send_icmp(6, FLOW_CLIENT, 135, 0);
    check_id("1:R9HBIi387RnKhKUU53rFlnl803U=");
    made_begin();
    send_icmp(6, FLOW_SERVER, 136, 0);
    check_id("1:R9HBIi387RnKhKUU53rFlnl803U=");
    made_begin();
    send_icmp(6, FLOW_SERVER, 1, 4);
    check_id("1:qxd1LeYGiZWewhdgFCEH4g39f1w=");
    made_begin();
    send_icmp(6, FLOW_CLIENT, 130, 0);
    check_id("1:00K5zJ2eLsDMSeSVZcN3NeAa3kQ=");
}

TEST(flow_ids_differ_and_repeat)
{
    struct flow a = {.order = 1, .first_us = 5}, b = {.order = 2, .first_us = 5};
    CHECK(flow_id(&a) != flow_id(&b));
    CHECK_EQ(flow_id(&a), flow_id(&a));
    CHECK_EQ(flow_id(&a) >> 53, 0); // a double holds it
}

TEST(protocol_without_name)
{
    made_begin();
    send_kind(DECODE_IP, 253, FLOW_CLIENT);
    send_kind(DECODE_IP, 50, FLOW_CLIENT);
    send_kind(DECODE_IP, 7, FLOW_CLIENT);
    flow_table_flush(made.table);
    CHECK(made_has("\"proto\":\"253\""));
    CHECK(made_has("\"proto\":\"ESP\""));
    CHECK(made_has("\"proto\":\"7\""));
    CHECK_EQ(made_count("_port"), 0);
    made_finish();
}

TEST(vlans_and_tunnel)
{
    made_begin();
    struct decoded p = made_packet(MADE_UDP, FLOW_CLIENT, BYTES("x"));
    p.vlan[0] = 10;
    p.vlan[1] = 20;
    p.tunnels = 2;
    p.tunnel_key = 5;
    made_send(&p);
    flow_table_flush(made.table);
    CHECK(made_has("\"vlan\":[10,20]"));
    CHECK(made_has("\"tunnel_depth\":2"));
    made_finish();
}

TEST(tcp_states)
{
    static const struct {
        uint8_t flags[4]; // client, server, client, server
        const char *state, *tcp_state;
    } cases[] = {
        {{TCP_SYN}, "new", "syn_sent"},
        {{TCP_SYN, TCP_SYN | TCP_ACK}, "new", "syn_recv"},
        {{TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK}, "established", "established"},
        {{TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK | TCP_FIN}, "established", "fin_wait1"},
        {{TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK | TCP_FIN}, "established", "close_wait"},
        {{TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK | TCP_FIN, TCP_ACK | TCP_FIN}, "closed", "time_wait"},
        {{TCP_SYN, TCP_RST | TCP_ACK}, "closed", "closed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_begin();
        uint32_t seq[2] = {99, 499};
        for (int k = 0; k < 4 && cases[i].flags[k]; k++) {
            enum flow_side side = k % 2 ? FLOW_SERVER : FLOW_CLIENT;
            made_tcp(side, cases[i].flags[k], seq[side], seq[flow_other(side)] + 1, "");
            seq[side]++;
        }
        flow_table_flush(made.table);
        char want[64];
        snprintf(want, sizeof want, "\"state\":\"%s\",\"reason\"", cases[i].state);
        CHECK(made_has(want));
        snprintf(want, sizeof want, "\"state\":\"%s\"", cases[i].tcp_state);
        CHECK(made_has(want));
        made_finish();
    }
}

TEST(damaged_packets_head)
{
    struct flow_head_room room;
    struct record_head head;
    struct decoded p = made_packet(MADE_TCP, FLOW_CLIENT, BYTES(""));
    flow_packet_head(&p, &room, &head);
    CHECK(head.has_src_port && head.src_port == MADE_CLIENT_PORT);
    CHECK_TEXT(head.proto, "TCP");
    p.kind = DECODE_IP;
    flow_packet_head(&p, &room, &head);
    CHECK(!head.has_src_port && head.src_ip.version == 4);
    p.ip_version = 0;
    flow_packet_head(&p, &room, &head);
    CHECK(head.src_ip.version == 0 && head.proto.data == NULL);
}

// An anomaly is written once a flow, and no more than FLOW_ANOMALIES kinds of them.
TEST(anomalies_once_a_flow)
{
    made_begin();
    struct flow flow = {.ip_version = 4, .ip_proto = MADE_TCP};
    for (int i = 0; i < 3; i++)
        flow_stream_anomaly(made.table, &flow, NULL, ANOMALY_STREAM_OVERLAP_DIFFERENT);
    CHECK_EQ(made_count("\"event\":\"stream.overlap_different\""), 1);
    CHECK_EQ(made.metrics.tcp_anomalies, 3);
    for (enum anomaly a = ANOMALY_NONE + 1; a < ANOMALY_NONE + 20; a++)
        flow_stream_anomaly(made.table, &flow, NULL, a);
    CHECK_EQ(made_count("\"event_type\":\"anomaly\""), FLOW_ANOMALIES);
    CHECK_EQ(made.metrics.tcp_anomalies, 22);
    made_finish();
}

TEST_MAIN(T(id_of_ports), T(id_of_icmp), T(id_of_icmp6), T(flow_ids_differ_and_repeat),
    T(protocol_without_name), T(vlans_and_tunnel), T(tcp_states), T(damaged_packets_head),
    T(anomalies_once_a_flow))
