// SPDX-License-Identifier: Apache-2.0
// TCP's retransmissions: the same bytes again or others, within the same bounds or others.
#include "flow/made_flow.h"

static const enum flow_side C = FLOW_CLIENT, S = FLOW_SERVER;
enum { ACK = TCP_ACK };

static void begin(void)
{
    made_begin();
    made_handshake();
}

TEST(retransmissions)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abc");
    made_tcp(C, ACK, 100, 500, "abc");
    CHECK_EQ(made_count("anomaly"), 0);
    made_tcp(C, ACK, 100, 500, "abX");
    made_tcp(C, ACK, 100, 500, "abY");  // told once
    made_tcp(C, ACK, 101, 500, "bcde"); // half of it is new
    CHECK_TEXT(made_told(), "c:abc c:de ");
    CHECK_EQ(made_count("\"event\":\"stream.retransmission_different\""), 1);
    CHECK_EQ(made.metrics.anomalies[ANOMALY_STREAM_RETRANSMISSION_DIFFERENT], 2);
    flow_table_flush(made.table);
    CHECK(made_has("\"retransmits\":4"));
    made_finish();
}

static size_t differences(void)
{
    return made.metrics.anomalies[ANOMALY_STREAM_RETRANSMISSION_DIFFERENT];
}

// Bytes come again within other bounds than the first time.
TEST(retransmissions_with_other_bounds)
{
    static const struct {
        uint32_t seq;
        const char *text;
        bool differs;
    } cases[] = {{100, "GET /goo", false}, {100, "GET /evi", true}, {105, "good HTTP", false},
        {105, "evil HTTP", true}, {100, "GET /good HTTP/1.1 a", false}, {109, " HTTP/1.0", true},
        {100, "GET /evil HTTP/1.1 a", true}, {117, "1 a", false}, {117, "2 a", true},
        {100, "?", true}, {118, " b", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        made_tcp(C, ACK, 100, 500, "GET /good");
        made_tcp(C, ACK, 109, 500, " HTTP/1.1");
        made_tcp(C, ACK, cases[i].seq, 500, cases[i].text);
        CHECK_EQ(differences(), cases[i].differs);
        made_finish();
    }
}

// Byte i of a long stream.
static char long_byte(uint32_t i)
{
    return (char)('a' + i * 7 % 23);
}

static void send_part(uint32_t from, uint32_t len, uint32_t wrong)
{
    char data[8000];
    for (uint32_t i = 0; i < len; i++)
        data[i] = long_byte(from + i);
    if (wrong >= from && wrong < from + len)
        data[wrong - from] = '#';
    struct decoded p = made_packet(MADE_TCP, C, bytes_make(data, len));
    p.tcp_flags = ACK;
    p.tcp_seq = 100 + from;
    made_send(&p);
}

// The copy of the last bytes is a ring: every place in it, and what lies before it.
TEST(retransmissions_in_a_long_stream)
{
    enum { SENT = 20'000, NONE = UINT32_MAX };
    static const uint32_t steps[] = {1, 700, 1460, 1792, 5000};
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
        begin();
        uint32_t step = steps[k], at = 0;
        for (; at < SENT; at += step)
            send_part(at, step, NONE);
        for (uint32_t wrong = at - 1792; wrong < at; wrong += 13) {
            size_t before = differences();
            send_part(at - 2500, 2500, NONE);
            send_part(wrong - 100, at - wrong + 100 < 150 ? at - wrong + 100 : 150, wrong + 1);
            CHECK_EQ(differences() - before, wrong + 1 < at);
        }
        size_t before = differences();
        if (step == 1460) { // further back: a whole segment, alone and among others
            send_part(at - 6 * 1460, 1460, at - 5 * 1460 - 1);
            send_part(at - 8 * 1460, 4 * 1460, at - 8 * 1460);
            CHECK_EQ(differences() - before, 2);
        }
        made_finish();
    }
}

TEST(retransmission_after_a_gap)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abc");
    made_tcp(C, ACK, 113, 500, "nop");
    made_tcp(C, ACK, 116, 500, "qrs");
    made_tcp(S, ACK, 500, 119, "");
    CHECK_TEXT(made_told(), "c:abc c-10 c:nop c:qrs ");
    made_tcp(C, ACK, 103, 500, "defghijklmn"); // ten of them were never seen
    CHECK_EQ(differences(), 0);
    made_tcp(C, ACK, 103, 500, "defghijklm#op");
    CHECK_EQ(differences(), 1);
    made_finish();
}

// Past 11/16 of the memory only whole segments are compared.
TEST(retransmission_without_memory)
{
    begin();
    made.pool.limit_bytes = 64 * 1024;
    CHECK(pool_charge(&made.pool, 45 * 1024));
    made_tcp(C, ACK, 100, 500, "abcdef");
    CHECK_EQ(made.metrics.tcp_recent_memcap, 1);
    made_tcp(C, ACK, 101, 500, "XY");
    CHECK_EQ(differences(), 0);
    made_tcp(C, ACK, 100, 500, "aXYdef");
    CHECK_EQ(differences(), 1);
    pool_discharge(&made.pool, 45 * 1024);
    made_finish();
}

TEST_MAIN(T(retransmissions), T(retransmissions_with_other_bounds),
    T(retransmissions_in_a_long_stream), T(retransmission_after_a_gap),
    T(retransmission_without_memory))
