// SPDX-License-Identifier: Apache-2.0
// The table: both directions, what separates flows, limits, timeouts, reuse, the order of ends.
#include "base/test_alloc.h"
#include "flow/made_flow.h"

enum { SECOND = 1000 * 1000, ICMP = 1 };

TEST(both_directions)
{
    made_begin();
    made_udp(FLOW_CLIENT, "ask");
    made_udp(FLOW_SERVER, "answer");
    made_udp(FLOW_CLIENT, "again");
    CHECK_EQ(flow_table_count(made.table), 1);
    CHECK_TEXT(made_told(), "c:ask s:answer c:again ");
    flow_table_flush(made.table);
    CHECK(made_has("\"pkts_toserver\":2,\"pkts_toclient\":1,\"bytes_toserver\":116,"
                   "\"bytes_toclient\":60"));
    CHECK(made_has("\"state\":\"established\",\"reason\":\"shutdown\""));
    CHECK(made_has("\"src_port\":40000"));
    CHECK(made_has("\"packet_lengths\":[3,-6,5]"));
    made_finish();
}

static void send_changed(void (*change)(struct decoded *p))
{
    struct decoded p = made_packet(MADE_UDP, FLOW_CLIENT, BYTES("x"));
    change(&p);
    made_send(&p);
}

static void same(struct decoded *p)
{
    (void)p;
}
static void other_vlan(struct decoded *p)
{
    p->vlan[0] = 9;
}
static void inner_vlan(struct decoded *p)
{
    p->vlan[0] = 9, p->vlan[1] = 8;
}
static void other_tunnel(struct decoded *p)
{
    p->tunnel_key = 77;
}
static void other_port(struct decoded *p)
{
    p->dst_port = 81;
}
static void other_addr(struct decoded *p)
{
    p->dst[3] = 3;
}
static void other_proto(struct decoded *p)
{
    p->ip_proto = 132, p->kind = DECODE_SCTP;
}
static void other_version(struct decoded *p)
{
    p->ip_version = 6;
}

TEST(what_separates_flows)
{
    static void (*const changes[])(struct decoded *) = {same, other_vlan, inner_vlan, other_tunnel,
        other_port, other_addr, other_proto, other_version};
    size_t count = sizeof changes / sizeof *changes;
    made_begin();
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < count; i++)
            send_changed(changes[i]);
    CHECK_EQ(flow_table_count(made.table), count);
    made_finish();
}

TEST(same_address_both_ends)
{
    made_begin();
    for (int i = 0; i < 2; i++) { // to itself, one port both ways
        struct decoded p = made_packet(MADE_UDP, FLOW_CLIENT, BYTES("x"));
        memcpy(p.dst, p.src, sizeof p.dst);
        p.dst_port = p.src_port;
        made_send(&p);
    }
    CHECK_EQ(flow_table_count(made.table), 1);
    made_finish();
}

static struct decoded numbered(uint32_t i)
{
    struct decoded p = made_packet(MADE_UDP, FLOW_CLIENT, BYTES("x"));
    p.src[1] = (uint8_t)(i >> 16);
    p.src[2] = (uint8_t)(i >> 8);
    p.src[3] = (uint8_t)i;
    return p;
}

TEST(hundred_thousand_flows)
{
    enum { COUNT = 100'000 };
    made_begin();
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < COUNT; i++) {
            struct decoded p = numbered(i);
            made.now_us -= 1000; // all in one moment
            made_send(&p);
        }
    CHECK_EQ(flow_table_count(made.table), COUNT);
    CHECK_EQ(made.metrics.flow_total, COUNT);
    flow_table_flush(made.table);
    CHECK_EQ(made_count("\"pkts_toserver\":2,"), COUNT);
    made_finish();
}

TEST(eviction_at_max_flows)
{
    struct config config = config_defaults;
    config.flow.max_flows = 100;
    made_begin_with(&config);
    made_handshake(); // established: its timer is longer than the others'
    for (uint32_t i = 0; i < 500; i++) {
        struct decoded p = numbered(i);
        made_send(&p);
    }
    CHECK_EQ(flow_table_count(made.table), 100);
    CHECK_EQ(made.metrics.flow_evicted, 401);
    CHECK_EQ(made_count("\"reason\":\"forced\""), 401);
    CHECK_EQ(made_count("\"proto\":\"TCP\""), 0); // still there
    made_finish();
}

TEST(limits_are_shared)
{
    struct config config = config_defaults;
    config.flow.max_flows = 1000;
    made_begin_with(&config);
    CHECK_EQ(made.table->max_flows, 1000);
    flow_table_share(made.table, 4);
    CHECK_EQ(made.table->max_flows, 250);
    CHECK_EQ(made.table->max_stream_bytes, config.stream.memory_bytes / 4);
    made.config.flow.memory_bytes = 100 * FLOW_BYTES;
    flow_table_share(made.table, 1);
    CHECK_EQ(made.table->max_flows, 100);
    flow_table_share(made.table, 1000);
    CHECK_EQ(made.table->max_flows, 1);
    made_finish();
}

TEST(timeout_by_wheel)
{
    made_begin();
    made_udp(FLOW_CLIENT, "a");
    made.now_us += 50 * SECOND;
    made_udp(FLOW_CLIENT, "b");
    flow_table_expire(made.table, made.now_us + 20 * SECOND); // alive when its bucket is reached
    CHECK_EQ(flow_table_count(made.table), 1);
    flow_table_expire(made.table, made.now_us + 62 * SECOND);
    CHECK_EQ(flow_table_count(made.table), 0);
    CHECK(made_has("\"reason\":\"timeout\""));
    CHECK(made_has("\"age\":50"));
    made_finish();
}

TEST(timeout_at_look_up)
{
    made_begin();
    made_udp(FLOW_CLIENT, "a");
    made.now_us += 61 * SECOND;
    made_udp(FLOW_SERVER, "b"); // a new flow, begun by the other side
    CHECK_EQ(made_count("\"reason\":\"timeout\""), 1);
    CHECK_TEXT(made_told(), "c:a # c:b ");
    CHECK_EQ(flow_table_count(made.table), 1);
    made_finish();
}

TEST(closed_tcp_ends_soon)
{
    made_begin();
    made_handshake();
    made_tcp(FLOW_CLIENT, TCP_FIN | TCP_ACK, 100, 500, "");
    made_tcp(FLOW_SERVER, TCP_FIN | TCP_ACK, 500, 101, "");
    made_tcp(FLOW_CLIENT, TCP_ACK, 101, 501, ""); // no new flow
    CHECK_EQ(flow_table_count(made.table), 1);
    flow_table_expire(made.table, made.now_us + 12 * SECOND);
    CHECK_EQ(flow_table_count(made.table), 0);
    CHECK(made_has("\"state\":\"closed\",\"reason\":\"timeout\""));
    CHECK(made_has("\"state\":\"time_wait\""));
    made_finish();
}

TEST(tcp_reuse)
{
    made_begin();
    made_handshake();
    made_tcp(FLOW_CLIENT, TCP_RST, 100, 0, "");
    made_tcp(FLOW_CLIENT, TCP_SYN, 90'000, 0, "");
    CHECK_EQ(made_count("\"reason\":\"tcp_reuse\""), 1);
    CHECK_EQ(flow_table_count(made.table), 1);
    CHECK_EQ(made.metrics.flow_total, 2);
    made_finish();
}

TEST(server_first)
{
    made_begin();
    made_tcp(FLOW_SERVER, TCP_SYN | TCP_ACK, 499, 100, "");
    made_tcp(FLOW_CLIENT, TCP_ACK, 100, 500, "hello");
    flow_table_flush(made.table);
    CHECK_TEXT(made_told(), "c:hello # ");
    CHECK(made_has("\"src_ip\":\"10.0.0.1\",\"src_port\":40000"));
    CHECK(made_has("\"pkts_toserver\":1,\"pkts_toclient\":1"));
    made_finish();
}

// A capture on the sending machine holds segments as long as TCP hands them to the card.
TEST(long_segments)
{
    static const uint8_t data[70'000];
    static const size_t lengths[] = {32'768, 65'483, 65'534, 65'535, 65'536, 70'000};
    made_begin();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct decoded p =
            made_packet(MADE_UDP, i % 2 ? FLOW_SERVER : FLOW_CLIENT, bytes_make(data, lengths[i]));
        made_send(&p);
    }
    flow_table_flush(made.table);
    CHECK(made_has("\"packet_lengths\":[32768,-65483,65534,-65535,65535,-65535]"));
    made_finish();
}

TEST(consumer_reverses)
{
    made_begin();
    made.reverse = true;
    made_udp(FLOW_SERVER, "banner");
    made_udp(FLOW_CLIENT, "hello");
    made_udp(FLOW_SERVER, "ready");
    CHECK_TEXT(made_told(), "c:banner c:hello s:ready ");
    flow_table_flush(made.table);
    CHECK(made_has("\"src_ip\":\"10.0.0.1\",\"src_port\":40000"));
    CHECK(made_has("\"pkts_toserver\":1,\"pkts_toclient\":2"));
    CHECK(made_has("\"packet_lengths\":[-6,5,-5]"));
    CHECK(made_has("\"first_toserver\":\"68656c6c6f\",\"first_toclient\":\"62616e6e6572\""));
    made_finish();
}

static void send_icmp(enum flow_side side, uint8_t type, uint8_t code)
{
    struct decoded p = made_packet(ICMP, side, BYTES("data"));
    p.kind = DECODE_ICMP;
    p.src_port = type;
    p.dst_port = code;
    made_send(&p);
}

TEST(icmp)
{
    made_begin();
    send_icmp(FLOW_CLIENT, 8, 0); // an echo and its reply are one flow
    send_icmp(FLOW_SERVER, 0, 0);
    CHECK_EQ(flow_table_count(made.table), 1);
    send_icmp(FLOW_CLIENT, 3, 1); // nothing answers these: each direction and code is its own
    send_icmp(FLOW_SERVER, 3, 1);
    send_icmp(FLOW_CLIENT, 3, 3);
    CHECK_EQ(flow_table_count(made.table), 4);
    flow_table_flush(made.table);
    CHECK_EQ(made_count("\"icmp_type\":8,\"icmp_code\":0"), 1);
    CHECK_EQ(made_count("\"icmp_type\":3,\"icmp_code\":1"), 2);
    CHECK_EQ(made_count("\"pkts_toserver\":1,\"pkts_toclient\":1"), 1);
    made_finish();
}

// A packet whose transport header is damaged counts, but nobody is shown its bytes.
TEST(damaged_header)
{
    made_begin();
    made_handshake();
    struct decoded p = made_packet(MADE_TCP, FLOW_CLIENT, BYTES("\x9c\x40\x00\x50 header"));
    p.kind = DECODE_IP;
    made_send(&p);
    CHECK_EQ(flow_table_count(made.table), 1);
    CHECK_TEXT(made_told(), "");
    flow_table_flush(made.table);
    CHECK(made_has("\"pkts_toserver\":3,"));
    made_finish();
}

TEST(ended_in_order_of_beginning)
{
    made_begin();
    for (uint32_t i = 0; i < 8; i++) {
        struct decoded p = numbered(i * 7919);
        made_send(&p);
    }
    flow_table_flush(made.table);
    for (uint64_t i = 0; i < 8; i++)
        CHECK_EQ(made.orders_of_ended[i], i);
    CHECK_EQ(flow_table_order(made.table), FLOW_ORDER_EXPIRY | 7);
    made_finish();
}

TEST(flush_in_steps)
{
    made_begin();
    for (uint32_t i = 0; i < 8; i++) {
        struct decoded p = numbered(i);
        made_send(&p);
    }
    flow_table_flush_before(made.table, 3);
    CHECK_EQ(made.ended, 3);
    flow_table_flush_before(made.table, 3);
    CHECK_EQ(made.ended, 3);
    flow_table_flush_before(made.table, UINT64_MAX);
    CHECK_EQ(made.ended, 8);
    made_finish();
}

TEST(unwanted_is_still_counted)
{
    made_begin();
    made.refuse = true;
    made_udp(FLOW_CLIENT, "a");
    made_udp(FLOW_CLIENT, "b");
    CHECK_TEXT(made_told(), "c:a ");
    flow_table_flush(made.table);
    CHECK(made_has("\"pkts_toserver\":2,"));
    made_finish();
}

static bool some_flows(void *context)
{
    (void)context;
    memset(&made, 0, sizeof made);
    made.config = config_defaults;
    made.handler = (struct flow_handler){
        NULL, made_payload, made_gap, made_side_end, made_end, made_emit, NULL, NULL, NULL};
    pool_init(&made.pool, 0);
    json_init(&made.records);
    made.table = flow_table_create(&made.config, &made.handler, &made.pool, &made.metrics);
    if (!made.table)
        return false;
    for (uint32_t i = 0; i < 4000; i++) { // past the first growth
        struct decoded p = numbered(i);
        made_send(&p);
    }
    made_handshake();
    made_tcp(FLOW_CLIENT, TCP_ACK, 110, 500, "later");
    made_tcp(FLOW_CLIENT, TCP_ACK, 100, 500, "0123456789");
    bool all = flow_table_count(made.table) == 4001;
    made_finish();
    return all;
}

TEST(out_of_memory)
{
    CHECK(test_alloc_failures(some_flows, NULL) > 4);
}

TEST_MAIN(T(both_directions), T(what_separates_flows), T(same_address_both_ends),
    T(hundred_thousand_flows), T(eviction_at_max_flows), T(limits_are_shared), T(timeout_by_wheel),
    T(timeout_at_look_up), T(closed_tcp_ends_soon), T(tcp_reuse), T(server_first), T(long_segments),
    T(consumer_reverses), T(icmp), T(damaged_header), T(ended_in_order_of_beginning),
    T(flush_in_steps), T(unwanted_is_still_counted), T(out_of_memory))
