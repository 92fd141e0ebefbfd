// SPDX-License-Identifier: Apache-2.0
// Forged handshakes and ends of TCP connections, and honest ones that look a little like them.
#include "flow/made_flow.h"

static const enum flow_side C = FLOW_CLIENT, S = FLOW_SERVER;

static void stamped(enum flow_side side, uint8_t flags, uint32_t time, uint32_t echo)
{
    struct decoded p = made_packet(MADE_TCP, side, BYTES(""));
    p.tcp_flags = flags;
    p.tcp_seq = side == C ? 99 : 499;
    p.tcp_ack = 100;
    p.tcp_time = time;
    p.tcp_echo = echo;
    made_send(&p);
}

TEST(echo_of_another_time_stamp)
{
    made_begin();
    stamped(C, TCP_SYN, 70, 0);
    stamped(S, TCP_RST | TCP_ACK, 1, 69);
    CHECK_EQ(made_count("stream.pkt_invalid_timestamp"), 1);
    CHECK_EQ(made.metrics.anomalies[ANOMALY_STREAM_PKT_INVALID_TIMESTAMP], 1);
    stamped(S, TCP_SYN | TCP_ACK, 5, 70);
    stamped(S, TCP_ACK, 6, 1); // after the handshake nobody asks
    CHECK_EQ(made.metrics.anomalies[ANOMALY_STREAM_PKT_INVALID_TIMESTAMP], 1);
    flow_table_flush(made.table);
    CHECK(!made_count("\"state\":\"closed\"")); // the forged reset ended nothing
    made_finish();
}

TEST(echo_of_an_earlier_syn)
{
    made_begin();
    stamped(C, TCP_SYN, 70, 0);
    stamped(C, TCP_SYN, 1070, 0);
    stamped(S, TCP_SYN | TCP_ACK, 5, 70);
    CHECK_EQ(made_count("anomaly"), 0);
    made_finish();
}

TEST(syn_after_syn)
{
    made_begin();
    for (uint32_t i = 0; i < 20; i++)
        made_tcp(C, TCP_SYN, 99, 0, "");
    for (uint32_t i = 0; i < 10; i++)
        made_tcp(C, TCP_SYN, 1000 + i, 0, "");
    CHECK_EQ(made_count("anomaly"), 0);
    made_tcp(C, TCP_SYN, 5000, 0, "");
    made_tcp(C, TCP_SYN, 6000, 0, "");
    CHECK_EQ(made_count("stream.3whs_syn_flood"), 1);
    CHECK_EQ(made.metrics.anomalies[ANOMALY_STREAM_3WHS_SYN_FLOOD], 2);
    made_finish();
}

TEST(bytes_after_a_reset)
{
    made_begin();
    made_handshake();
    made_tcp(C, TCP_ACK, 100, 500, "GET /");
    made_tcp(S, TCP_RST, 500, 0, "");
    made_tcp(C, TCP_ACK, 105, 500, "more"); // the other side may not know yet
    made_tcp(C, TCP_RST, 109, 0, "");
    made_tcp(C, TCP_ACK, 100, 500, "GET /"); // on its way since before
    CHECK_EQ(made_count("anomaly"), 0);
    made_tcp(C, TCP_ACK, 109, 500, "and more");
    CHECK_EQ(made_count("stream.suspected_rst_inject"), 1);
    made_finish();
}

TEST_MAIN(T(echo_of_another_time_stamp), T(echo_of_an_earlier_syn), T(syn_after_syn),
    T(bytes_after_a_reset))
