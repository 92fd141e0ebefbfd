// SPDX-License-Identifier: Apache-2.0
// TCP put in order: what comes early, twice, differently, never, or without its beginning.
#include "flow/made_flow.h"
#include <stdlib.h>

static const enum flow_side C = FLOW_CLIENT, S = FLOW_SERVER;
enum { ACK = TCP_ACK };

static void begin(void)
{
    made_begin();
    made_handshake();
}

TEST(in_order)
{
    begin();
    made_tcp(C, ACK, 100, 500, "GET");
    made_tcp(S, ACK, 500, 103, "200");
    made_tcp(C, ACK, 103, 503, "BYE");
    CHECK_TEXT(made_told(), "c:GET s:200 c:BYE ");
    flow_table_flush(made.table);
    CHECK(made_has("\"state\":\"established\""));
    CHECK_EQ(made_count("midstream"), 0);
    CHECK_EQ(made_count("retransmits"), 0);
    made_finish();
}

TEST(urgent_byte_is_no_part_of_the_stream)
{
    begin();
    made_tcp(C, ACK | TCP_URG, 100, 500, "malX");
    made_tcp(C, ACK, 104, 500, "icious");
    CHECK_TEXT(made_told(), "c:mal c:icious ");
    flow_table_flush(made.table);
    CHECK_EQ(made.lost[C], 0);
    made_finish();
}

TEST(out_of_order)
{
    begin();
    made_tcp(C, ACK, 106, 500, "ghi");
    made_tcp(C, ACK, 103, 500, "def");
    made_tcp(C, ACK, 109, 500, "jkl");
    CHECK_TEXT(made_told(), "");
    made_tcp(C, ACK, 100, 500, "abc");
    CHECK_TEXT(made_told(), "c:abc c:def c:ghi c:jkl ");
    CHECK_EQ(made.table->stream_bytes, 0);
    made_finish();
}

TEST(wrap_around)
{
    made_begin();
    made_tcp(C, TCP_SYN, 0xffff'fffa, 0, "");
    made_tcp(C, ACK, 0x0000'0001, 1, "ghi");
    made_tcp(C, ACK, 0xffff'fffb, 1, "abcdef");
    made_tcp(C, ACK, 0x0000'0004, 1, "jkl");
    CHECK_TEXT(made_told(), "c:abcdef c:ghi c:jkl ");
    made_finish();
}

// Waiting are 103..105 "DEF"; then 101..108 comes, then the byte before.
static void overlap(enum config_stream_overlap policy, const char *want)
{
    struct config config = config_defaults;
    config.stream.overlap = policy;
    made_begin_with(&config);
    made_handshake();
    made_tcp(C, ACK, 103, 500, "DEF");
    made_tcp(C, ACK, 101, 500, "bcdefghi");
    made_tcp(C, ACK, 100, 500, "a");
    CHECK_TEXT(made_told(), want);
    flow_table_flush(made.table);
    CHECK(made_has("\"event\":\"stream.overlap_different\""));
    CHECK(made_has("\"overlaps\":1"));
    made_finish();
}

TEST(overlap_first_wins)
{
    overlap(CONFIG_STREAM_OVERLAP_FIRST, "c:a c:bc c:DEF c:ghi ");
}

TEST(overlap_last_wins)
{
    overlap(CONFIG_STREAM_OVERLAP_LAST, "c:a c:bc c:def c:ghi ");
}

// Waiting are "DEF"; then they come again in a segment that is next.
static void overlap_in_order(enum config_stream_overlap policy, const char *want)
{
    struct config config = config_defaults;
    config.stream.overlap = policy;
    made_begin_with(&config);
    made_handshake();
    made_tcp(C, ACK, 103, 500, "DEF");
    made_tcp(C, ACK, 108, 500, "ij");
    made_tcp(C, ACK, 100, 500, "abcdefgh");
    CHECK_TEXT(made_told(), want);
    CHECK_EQ(made_count("\"event\":\"stream.overlap_different\""), 1);
    CHECK_EQ(made.table->stream_bytes, 0);
    made_finish();
}

TEST(overlap_in_order_first_wins)
{
    overlap_in_order(CONFIG_STREAM_OVERLAP_FIRST, "c:abc c:DEF c:gh c:ij ");
}

TEST(overlap_in_order_last_wins)
{
    overlap_in_order(CONFIG_STREAM_OVERLAP_LAST, "c:abc c:def c:gh c:ij ");
}

TEST(overlap_over_several)
{
    begin();
    made_tcp(C, ACK, 102, 500, "cd");
    made_tcp(C, ACK, 106, 500, "gh");
    made_tcp(C, ACK, 101, 500, "bcdefghij"); // same bytes, and what lies between and behind
    made_tcp(C, ACK, 100, 500, "a");
    CHECK_TEXT(made_told(), "c:a c:b c:cd c:ef c:gh c:ij ");
    CHECK_EQ(made_count("overlap_different"), 0);
    made_finish();
}

TEST(first_bytes_in_order)
{
    begin();
    made_tcp(C, ACK, 102, 500, "T /");
    made_tcp(C, ACK, 100, 500, "G");
    made_tcp(S, ACK, 500, 100, "2");
    made_tcp(C, ACK, 101, 500, "E");
    made_tcp(C, ACK, 105, 500, "0123456789abcdef");
    flow_table_flush(made.table);
    CHECK(made_has("\"first_toserver\":\"474554202f3031323334353637383961\""));
    CHECK(made_has("\"first_toclient\":\"32\""));
    made_finish();
}

// Nobody wants the flow after its first byte: the record tells the first sixteen all the same.
TEST(first_bytes_of_an_unwanted_flow)
{
    begin();
    made.refuse = true;
    made_tcp(C, ACK, 100, 500, "a");
    made_tcp(C, ACK, 101, 500, "bc");
    made_tcp(C, ACK, 110, 500, "klm"); // nothing is put in order any more
    made_tcp(C, ACK, 113, 500, "nop");
    CHECK_TEXT(made_told(), "c:a ");
    flow_table_flush(made.table);
    CHECK(made_has("\"first_toserver\":\"616263\""));
    made_finish();
}

TEST(first_bytes_end_at_a_gap)
{
    begin();
    made_tcp(S, ACK, 500, 100, "ab");
    made_tcp(S, ACK, 512, 100, "mn");
    made_tcp(S, ACK, 514, 100, "op");
    made_tcp(C, ACK, 100, 516, "");
    CHECK_TEXT(made_told(), "s:ab s-10 s:mn s:op ");
    flow_reverse(flow_at(made.table, 0)); // what is closed goes with its side
    made_tcp(S, ACK, 516, 100, "qr");
    flow_table_flush(made.table);
    CHECK(made_has("\"first_toserver\":\"6162\""));
    made_finish();
}

TEST(midstream_without_payload)
{
    made_begin();
    made_tcp(C, ACK, 100, 200, "");
    made_tcp(S, ACK, 200, 100, "");
    flow_table_flush(made.table);
    CHECK(made_has("\"midstream\":true"));
    made_finish();
    made_begin(); // only half of the connection passes here, but its beginning was seen
    made_tcp(S, TCP_SYN | ACK, 499, 100, "");
    made_tcp(S, ACK, 500, 100, "");
    flow_table_flush(made.table);
    CHECK_EQ(made_count("midstream"), 0);
    made_finish();
}

TEST(counters_stop)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abc");
    for (int i = 0; i < 70'000; i++)
        made_tcp(C, ACK, 100, 500, "abc");
    struct flow *f = flow_at(made.table, 0);
    f->overlaps = f->gaps = UINT16_MAX;
    f->gap_bytes = UINT32_MAX - 1;
    made_tcp(C, ACK, 110, 500, "klm");
    made_tcp(C, ACK, 110, 500, "klm");
    flow_table_flush(made.table);
    CHECK(made_has(
        "\"retransmits\":70000,\"overlaps\":65535,\"gaps\":65535,\"gap_bytes\":4294967295"));
    made_finish();
}

TEST(keep_alive)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abc");
    made_tcp(C, ACK, 102, 500, "");
    made_tcp(C, ACK, 102, 500, "\x01"); // one old byte of garbage
    CHECK_TEXT(made_told(), "c:abc ");
    CHECK_EQ(made.metrics.tcp_retransmission, 0);
    CHECK_EQ(made.metrics.tcp_anomalies, 0);
    made_finish();
}

TEST(midstream)
{
    made_begin();
    made_tcp(S, ACK, 7000, 900, "late");
    made_tcp(C, ACK, 900, 7004, "hello");
    made_tcp(S, ACK, 7004, 905, "there");
    CHECK_TEXT(
        made_told(), "c:late s:hello c:there "); // the first to be seen, until it is known better
    flow_table_flush(made.table);
    CHECK(made_has("\"midstream\":true"));
    made_finish();
}

TEST(midstream_loss_at_the_beginning)
{
    made_begin();
    made_tcp(C, ACK, 900, 7000, "hello");
    made_tcp(S, ACK, 7005, 905, "there"); // 7000..7004 were lost
    made_tcp(S, ACK, 7010, 905, "again");
    made_tcp(C, ACK, 905, 7015, "");
    CHECK_TEXT(made_told(), "c:hello s-5 s:there s:again ");
    made_finish();
}

TEST(acknowledged_hole_is_a_gap)
{
    begin();
    made_tcp(S, ACK, 510, 100, "later");
    made_tcp(S, ACK, 515, 100, "still");
    CHECK_TEXT(made_told(), ""); // it may yet come
    made_tcp(C, ACK, 100, 520, "");
    CHECK_TEXT(made_told(), "s-10 s:later s:still ");
    made_tcp(S, ACK, 520, 100, "next");
    flow_table_flush(made.table);
    CHECK(made_has("\"gaps\":1,\"gap_bytes\":10"));
    CHECK_TEXT(made_told(), "s-10 s:later s:still s:next # ");
    CHECK_EQ(made.metrics.tcp_gap_bytes, 10);
    made_finish();
}

TEST(hole_at_the_end)
{
    begin();
    made_tcp(C, ACK, 105, 500, "xyz");
    flow_table_flush(made.table);
    CHECK_TEXT(made_told(), "c-5 c:xyz # ");
    made_finish();
}

TEST(gap_by_number_of_segments)
{
    begin();
    for (uint32_t i = 0; i < 300; i++)
        made_tcp(C, ACK, 200 + 2 * i, 500, "x");
    CHECK(made.metrics.tcp_reassembly_gap > 0);
    CHECK(made.bytes[C] > 0);
    flow_table_flush(made.table);
    CHECK_EQ(made.bytes[C], 300);
    CHECK_EQ(made.bytes[C] + made.lost[C], 200 + 2 * 299 + 1 - 100);
    made_finish();
}

static void send_long(enum flow_side side, uint32_t seq, uint32_t ack, size_t len)
{
    static char data[60'000];
    struct decoded p = made_packet(MADE_TCP, side, bytes_make(data, len));
    p.tcp_flags = ACK;
    p.tcp_seq = seq;
    p.tcp_ack = ack;
    made_send(&p);
}

TEST(gap_by_bytes)
{
    begin();
    for (uint32_t i = 0; i < 20; i++)
        send_long(C, 200 + 50'000 * i, 500, 50'000);
    CHECK_EQ(made.lost[C], 100);
    CHECK_EQ(made.bytes[C], 20 * 50'000);
    made_finish();
}

TEST(memory_of_all_streams)
{
    struct config config = config_defaults;
    config.stream.memory_bytes = 100'000;
    made_begin_with(&config);
    made_handshake();
    send_long(C, 200, 500, 50'000);
    send_long(C, 60'000, 500, 50'000);
    CHECK_EQ(made.metrics.tcp_segment_memcap_drop, 0);
    send_long(C, 120'000, 500, 50'000);
    CHECK_EQ(made.metrics.tcp_segment_memcap_drop, 1);
    CHECK_EQ(made.table->stream_bytes, 100'000);
    made_finish();
}

TEST(cut_by_the_capture)
{
    begin();
    struct decoded p = made_packet(MADE_TCP, C, BYTES("head"));
    p.tcp_flags = ACK;
    p.tcp_seq = 100;
    p.payload_wire_len = 1000;
    made_send(&p);
    made_tcp(C, ACK, 1100, 500, "next");
    CHECK_TEXT(made_told(), "c:head c-996 c:next ");
    p = made_packet(MADE_TCP, C, BYTES(""));
    p.tcp_flags = ACK;
    p.tcp_seq = 1104;
    p.payload_wire_len = 50; // nothing of it
    made_send(&p);
    CHECK_EQ(made.lost[C], 996 + 50);
    made_finish();
}

TEST(fin_before_data)
{
    begin();
    made_tcp(C, TCP_FIN | ACK, 106, 500, "");
    made_tcp(C, ACK, 103, 500, "def");
    CHECK_TEXT(made_told(), "");
    made_tcp(C, ACK, 100, 500, "abc");
    CHECK_TEXT(made_told(), "c:abc c:def c. ");
    made_tcp(C, TCP_FIN | ACK, 106, 500, ""); // again
    CHECK_TEXT(made_told(), "c:abc c:def c. ");
    made_finish();
}

// The other side's acknowledgement ends the wait, and with it this side.
TEST(fin_behind_a_gap)
{
    begin();
    made_tcp(C, ACK, 103, 500, "def");
    made_tcp(C, TCP_FIN | ACK, 106, 500, "ghi");
    CHECK_TEXT(made_told(), "");
    made_tcp(S, ACK, 500, 110, "");
    CHECK_TEXT(made_told(), "c-3 c:def c:ghi c. ");
    made_finish();
}

TEST(old_fin_is_ignored)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abcdef");
    made_tcp(C, TCP_FIN | ACK, 102, 500, "");
    CHECK_TEXT(made_told(), "c:abcdef ");
    made_finish();
}

TEST(fin_with_data)
{
    begin();
    made_tcp(C, TCP_FIN | ACK, 100, 500, "bye");
    made_tcp(S, TCP_FIN | ACK, 500, 104, "");
    CHECK_TEXT(made_told(), "c:bye c. s. ");
    flow_table_flush(made.table);
    CHECK(made_has("\"state\":\"closed\""));
    made_finish();
}

TEST(rst_before_data)
{
    begin();
    made_tcp(S, TCP_RST | ACK, 503, 100, "");
    made_tcp(S, ACK, 500, 100, "abc"); // overtaken
    CHECK_TEXT(made_told(), "s:abc ");
    CHECK_EQ(flow_table_count(made.table), 1);
    flow_table_flush(made.table);
    CHECK(made_has("\"rst\":true"));
    made_finish();
}

// RFC 7413: data in the SYN, sent again when it was not acknowledged.
TEST(fast_open)
{
    made_begin();
    made_tcp(C, TCP_SYN, 99, 0, "early");
    made_tcp(C, TCP_SYN, 99, 0, "early");
    made_tcp(S, TCP_SYN | ACK, 499, 105, "hi");
    made_tcp(C, ACK, 105, 502, "more");
    CHECK_TEXT(made_told(), "c:early s:hi c:more ");
    made_finish();
}

TEST(last_syn_ack_counts)
{
    made_begin();
    made_tcp(C, TCP_SYN, 99, 0, "");
    made_tcp(S, TCP_SYN | ACK, 499, 100, "");
    made_tcp(S, TCP_SYN | ACK, 77'777, 100, "");
    made_tcp(S, ACK, 77'778, 100, "hi");
    CHECK_TEXT(made_told(), "s:hi ");
    made_finish();
}

TEST(out_of_window)
{
    begin();
    made_tcp(C, ACK, 100, 500, "abc");
    made_tcp(C, ACK, 0x7000'0000, 500, "forged");
    made_tcp(C, ACK, 103, 500, "def");
    CHECK_TEXT(made_told(), "c:abc c:def ");
    CHECK(made_has("\"event\":\"stream.pkt_out_of_window\""));
    made_finish();
}

// A capture that lost more than a window takes the stream up again where the receiver stands.
TEST(long_loss)
{
    begin();
    made_tcp(S, ACK, 500, 100, "abc");
    made_tcp(C, ACK, 100, 0x3000'0000, "");
    made_tcp(S, ACK, 0x3000'0000, 100, "def");
    CHECK_EQ(made.lost[S], 0x3000'0000 - 503);
    CHECK_EQ(made.bytes[S], 6);
    CHECK_EQ(made_count("pkt_out_of_window"), 0);
    made_finish();
}

TEST(depth)
{
    struct config config = config_defaults;
    config.stream.depth_bytes = 5;
    made_begin_with(&config);
    made_handshake();
    made_tcp(C, ACK, 100, 500, "abc");
    made_tcp(S, ACK, 500, 103, "12345"); // just as much as is allowed
    made_tcp(C, ACK, 103, 505, "def");
    made_tcp(S, ACK, 505, 106, "6");
    CHECK_TEXT(made_told(), "c:abc s:12345 c:de ");
    CHECK_EQ(made_count("\"event\":\"stream.reassembly_depth_reached\""), 1);
    made_finish();
}

TEST(reversed_in_mid_delivery)
{
    begin();
    made_tcp(C, ACK, 103, 500, "def");
    made_tcp(S, ACK, 503, 100, "456");
    made.reverse = true;
    made_tcp(C, ACK, 100, 500, "abc"); // the sender is the server from here on
    CHECK_TEXT(made_told(), "c:abc s:def ");
    struct decoded p = made_packet(MADE_TCP, S, BYTES("123"));
    p.tcp_seq = 500;
    p.tcp_flags = ACK;
    made_send(&p);
    CHECK_TEXT(made_told(), "c:abc s:def c:123 c:456 ");
    made_finish();
}

TEST(refused_while_others_wait)
{
    begin();
    made_tcp(C, ACK, 103, 500, "def");
    made_tcp(S, ACK, 503, 100, "456");
    made.refuse = true;
    made_tcp(C, ACK, 100, 500, "abc");
    CHECK_TEXT(made_told(), "c:abc ");
    CHECK_EQ(made.table->stream_bytes, 0); // given back at once
    CHECK(made.pool.used_bytes < 1024);    // what the record will tell of lengths and times
    made_tcp(C, TCP_FIN | ACK, 106, 500, "");
    CHECK_TEXT(made_told(), "c:abc ");
    made_finish();
}

TEST(reused_ports_flush_the_old_stream)
{
    begin();
    made_tcp(C, ACK, 105, 500, "xyz");
    made_tcp(S, TCP_RST, 500, 0, "");
    made_tcp(C, TCP_SYN, 5000, 0, "");
    made_tcp(C, ACK, 5001, 1, "new");
    CHECK_TEXT(made_told(), "c-5 c:xyz # c:new ");
    made_finish();
}

// Whatever comes, bytes told and lost never pass what was sent, and all memory comes back.
TEST(random_segments)
{
    srand(3);
    for (int round = 0; round < 200; round++) {
        begin();
        uint32_t top = 100;
        for (int i = 0; i < 100; i++) {
            uint32_t seq = 100 + (uint32_t)rand() % 400, len = (uint32_t)rand() % 30;
            char text[32];
            for (uint32_t k = 0; k < len; k++)
                text[k] = (char)('a' + (seq + k) % 26);
            text[len] = '\0';
            top = seq + len > top ? seq + len : top;
            made_tcp(C, rand() % 50 ? ACK : ACK | TCP_FIN, seq, 500, text);
            if (rand() % 10 == 0)
                made_tcp(S, ACK, 500, 100 + (uint32_t)rand() % 500, "");
        }
        flow_table_flush(made.table);
        CHECK_EQ(made.bytes[C] + made.lost[C], top - 100);
        CHECK_EQ(made_count("different"), 0);
        made_finish();
    }
}

TEST_MAIN(T(in_order), T(urgent_byte_is_no_part_of_the_stream), T(out_of_order), T(wrap_around),
    T(overlap_first_wins), T(overlap_last_wins), T(overlap_in_order_first_wins),
    T(overlap_in_order_last_wins), T(overlap_over_several), T(first_bytes_in_order),
    T(first_bytes_of_an_unwanted_flow), T(first_bytes_end_at_a_gap), T(midstream_without_payload),
    T(counters_stop), T(keep_alive), T(midstream), T(midstream_loss_at_the_beginning),
    T(acknowledged_hole_is_a_gap), T(hole_at_the_end), T(gap_by_number_of_segments),
    T(gap_by_bytes), T(memory_of_all_streams), T(cut_by_the_capture), T(fin_before_data),
    T(fin_behind_a_gap), T(old_fin_is_ignored), T(fin_with_data), T(rst_before_data), T(fast_open),
    T(last_syn_ack_counts), T(out_of_window), T(long_loss), T(depth), T(reversed_in_mid_delivery),
    T(refused_while_others_wait), T(reused_ports_flush_the_old_stream), T(random_segments))
