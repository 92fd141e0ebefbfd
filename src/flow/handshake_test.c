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

// One packet behind others: what is odd about it.
struct odd_case {
    const char *event; // NULL: nothing
    enum flow_side side;
    uint8_t flags;
    uint32_t seq, ack;
};

static void check_odd(const struct odd_case *odd)
{
    made_tcp(odd->side, odd->flags, odd->seq, odd->ack, "");
    CHECK_EQ(made_count("\"event_type\":\"anomaly\""), odd->event ? 1 : 0);
    CHECK(!odd->event || made_count(odd->event) == 1);
    made_finish();
}

TEST(odd_answers_to_a_syn)
{
    static const struct odd_case cases[] = {
        {NULL, S, TCP_SYN | TCP_ACK, 499, 100},
        {"stream.3whs_synack_with_wrong_ack", S, TCP_SYN | TCP_ACK, 499, 101},
        {"stream.3whs_synack_in_wrong_direction", C, TCP_SYN | TCP_ACK, 99, 100},
        {"stream.fin_syn", C, TCP_SYN | TCP_FIN, 99, 0},
        {NULL, C, TCP_SYN, 99, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_begin();
        made_tcp(C, TCP_SYN, 99, 0, "");
        check_odd(&cases[i]);
    }
}

TEST(odd_ends_of_a_handshake)
{
    static const struct odd_case cases[] = {
        {NULL, C, TCP_ACK, 100, 500},
        {"stream.3whs_right_seq_wrong_ack_evasion", C, TCP_ACK, 100, 777},
        {"stream.3whs_wrong_seq_wrong_ack", C, TCP_ACK, 333, 777},
        {"stream.3whs_ack_in_wrong_dir", S, TCP_ACK, 500, 100},
        {"stream.3whs_synack_resend_with_diff_seq", S, TCP_SYN | TCP_ACK, 700, 100},
        {"stream.3whs_synack_resend_with_different_ack", S, TCP_SYN | TCP_ACK, 499, 200},
        {NULL, S, TCP_SYN | TCP_ACK, 499, 100},
        {"stream.3whs_syn_resend_diff_seq_on_syn_recv", C, TCP_SYN, 333, 0},
        {"stream.3whs_syn_toclient_on_syn_recv", S, TCP_SYN, 499, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_begin();
        made_tcp(C, TCP_SYN, 99, 0, "");
        made_tcp(S, TCP_SYN | TCP_ACK, 499, 100, "");
        check_odd(&cases[i]);
    }
}

TEST(handshakes_in_an_open_connection)
{
    static const struct odd_case cases[] = {
        {NULL, S, TCP_SYN | TCP_ACK, 499, 100},
        {"stream.est_synack_resend_with_different_ack", S, TCP_SYN | TCP_ACK, 499, 777},
        {"stream.est_synack_toserver", C, TCP_SYN | TCP_ACK, 99, 500},
        {"stream.est_syn_resend", C, TCP_SYN, 99, 0},
        {"stream.est_syn_resend_diff_seq", C, TCP_SYN, 90'000, 0},
        {"stream.est_syn_toclient", S, TCP_SYN, 499, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        made_begin();
        made_handshake();
        check_odd(&cases[i]);
    }
}

// Seen by rules, of which this is the place: no record tells of them.
static unsigned seen[ANOMALIES];

static void see(
    void *context, struct flow *flow, const struct decoded *packet, enum anomaly anomaly)
{
    (void)context, (void)flow, (void)packet;
    seen[anomaly]++;
}

TEST(what_is_usual)
{
    memset(seen, 0, sizeof seen);
    made_begin();
    made.handler.anomaly = see;
    made_tcp(C, TCP_RST, 99, 0, "");
    CHECK_EQ(seen[ANOMALY_STREAM_RST_BUT_NO_SESSION], 1);
    made_finish();
    made_begin();
    made.handler.anomaly = see;
    made_tcp(C, TCP_FIN | TCP_ACK, 99, 100, "");
    CHECK_EQ(seen[ANOMALY_STREAM_FIN_BUT_NO_SESSION], 1);
    made_finish();
    made_begin();
    made.handler.anomaly = see;
    made_handshake();
    made_tcp(S, TCP_SYN | TCP_ACK, 499, 100, "");
    made_tcp(C, TCP_ACK, 100, 500, "GET /");
    made_tcp(C, TCP_ACK, 100, 500, "GET /");
    CHECK_EQ(seen[ANOMALY_STREAM_EST_SYNACK_RESEND], 1);
    CHECK_EQ(seen[ANOMALY_STREAM_PKT_RETRANSMISSION], 1);
    CHECK_EQ(seen[ANOMALY_STREAM_EST_PKT_BEFORE_LAST_ACK], 0);
    made_tcp(S, TCP_ACK, 500, 105, "");
    made_tcp(C, TCP_ACK, 100, 500, "GET /");
    CHECK_EQ(seen[ANOMALY_STREAM_EST_PKT_BEFORE_LAST_ACK], 1);
    made_tcp(C, TCP_ACK, 110, 500, "later");
    flow_table_flush(made.table);
    CHECK_EQ(seen[ANOMALY_STREAM_REASSEMBLY_SEQ_GAP], 1);
    CHECK_EQ(made_count("anomaly"), 0);
    made_finish();
    made_begin();
    made.handler.anomaly = see;
    made_tcp(C, TCP_SYN, 99, 0, "GET /");
    made_tcp(S, TCP_SYN | TCP_ACK, 499, 100, "");
    CHECK_EQ(seen[ANOMALY_STREAM_3WHS_SYNACK_TFO_DATA_IGNORED], 1);
    CHECK_EQ(made_count("anomaly"), 0);
    made_finish();
}

TEST_MAIN(T(echo_of_another_time_stamp), T(echo_of_an_earlier_syn), T(syn_after_syn),
    T(bytes_after_a_reset), T(odd_answers_to_a_syn), T(odd_ends_of_a_handshake),
    T(handshakes_in_an_open_connection), T(what_is_usual))
