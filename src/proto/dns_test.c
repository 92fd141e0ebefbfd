// SPDX-License-Identifier: Apache-2.0
// DNS messages, whole, hostile and in pieces.
#include "proto/parse_test.h"

#define HEADER(id, flags, qd, an, ns, ar) id flags "\0" qd "\0" an "\0" ns "\0" ar
#define EXAMPLE                           "\7example\3com\0"
#define QUERY_A                           HEADER("\x12\x34", "\1\0", "\1", "\0", "\0", "\0") EXAMPLE "\0\1\0\1"
#define ANSWER_A                                                                                   \
    HEADER("\x12\x34", "\x81\x80", "\1", "\1", "\0", "\0")                                         \
    EXAMPLE "\0\1\0\1\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\7"

static struct bytes run(struct parse_test *t, struct bytes request, struct bytes response)
{
    parse_test_begin(t, NULL, 17, 40000, 53);
    parse_test_send(t, FLOW_CLIENT, request);
    if (response.len)
        parse_test_send(t, FLOW_SERVER, response);
    return parse_test_end(t);
}

// One record of an answer section, with `name` before it and its data after.
static struct bytes answer(struct parse_test *t, struct bytes message)
{
    parse_test_begin(t, NULL, 17, 53, 40000);
    parse_test_send(t, FLOW_CLIENT, message); // the probe turns the sides round
    return parse_test_end(t);
}

TEST(pair)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(QUERY_A), BYTES(ANSWER_A));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"dns\""), 2);
    CHECK(parse_test_has(out, "\"type\":\"request\""));
    CHECK(parse_test_has(out, "\"queries\":[{\"rrname\":\"example.com\",\"rrtype\":\"A\"}]"));
    CHECK(parse_test_has(out, "\"flags\":\"8180\",\"qr\":true"));
    CHECK(parse_test_has(out, "\"rtt_us\":1000"));
    CHECK(parse_test_has(out, "\"ttl\":300,\"rdata\":\"192.0.2.7\""));
    CHECK(parse_test_has(out, "\"grouped\":{\"A\":[\"192.0.2.7\"]}"));
    CHECK(parse_test_has(out, "\"src_ip\":\"192.0.2.53\",\"src_port\":53"));
    CHECK_EQ(parse_test_count(out, "anomaly"), 0);
    CHECK_EQ(parse_test_count(out, "unanswered"), 0);
    parse_test_finish(&t);
}

TEST(unanswered)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(QUERY_A), (struct bytes){NULL, 0});
    CHECK(parse_test_has(out, "\"type\":\"unanswered\",\"tx_id\":0,\"id\":4660"));
    CHECK_EQ(parse_test_count(out, "example.com"), 2);
    parse_test_finish(&t);
}

TEST(other_question_is_a_mismatch)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(QUERY_A),
        BYTES(HEADER("\x12\x34", "\x81\x80", "\1", "\0", "\0", "\0") "\4evil\0\0\1\0\1"));
    CHECK(parse_test_has(out, "\"event\":\"dns.response_mismatch\""));
    CHECK(parse_test_has(out, "unanswered"));
    CHECK_EQ(parse_test_count(out, "rtt_us"), 0);
    parse_test_finish(&t);
}

#define NAMED(name) HEADER("\0\1", "\1\0", "\1", "\0", "\0", "\0") name "\0\1\0\1"

TEST(names)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(NAMED("\5a\x01.\\\xff\0")), (struct bytes){NULL, 0});
    CHECK(parse_test_has(out, "\"rrname\":\"a\\\\001\\\\.\\\\\\\\\\\\255\""));
    parse_test_finish(&t);
    out = run(&t, BYTES(NAMED("\xc0\x0c")), (struct bytes){NULL, 0}); // points to itself
    CHECK(parse_test_has(out, "dns.infinite_loop"));
    CHECK(parse_test_has(out, "dns.forward_pointer"));
    parse_test_finish(&t);
}

TEST(loop_in_an_answer)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(QUERY_A),
        BYTES(HEADER("\x12\x34", "\x81\x80", "\1", "\1", "\0", "\0") EXAMPLE
            "\0\1\0\1\xc0\x1d\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\7"));
    CHECK(parse_test_has(out, "dns.infinite_loop"));
    CHECK(parse_test_has(out, "192.0.2.7")); // the rest of the message still stands
    parse_test_finish(&t);
}

TEST(name_too_long)
{
    struct parse_test t;
    uint8_t message[12 + 5 * 64 + 5];
    memcpy(message, "\0\1\1\0\0\1\0\0\0\0\0\0", 12);
    for (size_t i = 0; i < 5; i++) {
        message[12 + i * 64] = 63;
        memset(&message[13 + i * 64], 'a' + (int)i, 63);
    }
    memcpy(&message[12 + 5 * 64], "\0\0\1\0\1", 5);
    struct bytes out = run(&t, bytes_make(message, sizeof message), (struct bytes){NULL, 0});
    CHECK(parse_test_has(out, "dns.name_too_long"));
    CHECK(parse_test_has(out, "\"rrname_truncated\":true"));
    CHECK_EQ(parse_test_count(out, "dddd"), 0);
    parse_test_finish(&t);
}

#define RR(type, class, length, data) "\1x\0\0" type "\0" class "\0\0\0\5\0" length data
#define ONE(rr)                       HEADER("\0\2", "\x84\0", "\0", "\1", "\0", "\0") rr

static void check_rdata(struct bytes message, const char *want)
{
    struct parse_test t;
    struct bytes out = answer(&t, message);
    CHECK(parse_test_has(out, want));
    parse_test_finish(&t);
}

TEST(rdata)
{
    check_rdata(
        BYTES(ONE(RR("\x0f", "\1", "\5", "\0\x0a\1m\0"))), "\"rdata\":\"m\",\"preference\":10");
    check_rdata(
        BYTES(ONE(RR("\x10", "\1", "\5", "\1a\2bc"))), "\"rdata\":\"abc\",\"txt\":[\"a\",\"bc\"]");
    check_rdata(
        BYTES(ONE(RR("\x21", "\1", "\x0a", "\0\1\0\2\0\x35\2ns\0"))), "\"rdata\":\"1 2 53 ns\"");
    check_rdata(BYTES(ONE(RR("\x21", "\1", "\x0a", "\0\1\0\2\0\x35\2ns\0"))),
        "\"srv\":{\"priority\":1,\"weight\":2,\"port\":53,\"name\":\"ns\"}");
    check_rdata(BYTES(ONE(RR("\x2b", "\1", "\6", "\x30\x39\x08\2\xab\xcd"))),
        "\"rdata\":\"12345 8 2 abcd\"");
    check_rdata(BYTES(ONE(RR("\x1d", "\1", "\2", "\x01\xff"))),
        "\"rrtype\":\"LOC\",\"ttl\":5,\"rdata\":\"01ff\"");
    check_rdata(BYTES(ONE(RR("\x7b", "\1", "\2", "\x01\xff"))), "\"rrtype\":\"TYPE123\"");
    check_rdata(BYTES(ONE(RR("\x10", "\3", "\2", "\1v"))), "\"rrclass\":\"CH\"");
    check_rdata(BYTES(ONE(RR("\x2f", "\1", "\7", "\1n\0\0\2\x40\1"))), "\"rdata\":\"n A MX\"");
    check_rdata(
        BYTES(ONE(RR("\x41", "\1", "\x0a", "\0\1\0\0\1\0\3\2h2"))), "\"rdata\":\"1 . alpn=h2\"");
    check_rdata(BYTES(ONE(RR("\x01", "\1", "\3", "\1\2\3"))), "dns.malformed_data");
}

TEST(edns)
{
    struct parse_test t;
    struct bytes out = run(&t,
        BYTES(HEADER("\0\1", "\1\0", "\1", "\0", "\0", "\1") EXAMPLE
            "\0\1\0\1"
            "\0\0\x29\x04\xd0\0\0\x80\0\0\x17\0\x08\0\7\0\1\x18\0\xc0\0\2\0\x0a\0\x08"
            "01234567"),
        (struct bytes){NULL, 0});
    CHECK(parse_test_has(out, "\"edns\":{\"version\":0,\"udp_size\":1232,\"do\":true,"
                              "\"client_subnet\":\"192.0.2.0/24\",\"cookie\":\"3031323334353637\","
                              "\"options\":[8,10]}"));
    CHECK_EQ(parse_test_count(out, "additionals"), 0);
    parse_test_finish(&t);
}

static struct bytes run_tcp(struct parse_test *t, struct bytes requests, size_t piece)
{
    parse_test_begin(t, NULL, 6, 40000, 53);
    parse_test_split(t, FLOW_CLIENT, requests, piece);
    return parse_test_end(t);
}

TEST(tcp_in_any_pieces)
{
    static const char two[] = "\0\x1d" QUERY_A "\0\x1d" HEADER(
        "\x12\x35", "\1\0", "\1", "\0", "\0", "\0") EXAMPLE "\0\x1c\0\1";
    for (size_t piece = 1; piece < sizeof two; piece++) {
        struct parse_test t;
        struct bytes out = run_tcp(&t, bytes_make(two, sizeof two - 1), piece);
        CHECK_EQ(parse_test_count(out, "\"type\":\"request\""), 2);
        CHECK(parse_test_has(out, "\"rrtype\":\"AAAA\""));
        CHECK_EQ(parse_test_count(out, "anomaly"), 0);
        parse_test_finish(&t);
    }
}

TEST(tcp_goes_on_after_a_gap)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 53);
    parse_test_send(&t, FLOW_CLIENT, BYTES("\0\x1d" QUERY_A "\0\x1d\x12\x35"));
    parse_test_gap(&t, FLOW_CLIENT, 10);
    parse_test_send(&t, FLOW_CLIENT, BYTES("m\3com\0\0\1\0\1\0\x1d" QUERY_A));
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"type\":\"request\""), 2);
    parse_test_finish(&t);
}

TEST(flood_of_requests)
{
    struct parse_test t;
    uint8_t query[] = QUERY_A;
    parse_test_begin(&t, NULL, 17, 40000, 53);
    for (unsigned i = 0; i < 1000; i++) {
        query[0] = (uint8_t)(i >> 8);
        query[1] = (uint8_t)i;
        parse_test_send(&t, FLOW_CLIENT, bytes_make(query, sizeof query - 1));
    }
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"type\":\"request\""), 1000);
    CHECK_EQ(parse_test_count(out, "unanswered"), 64);
    CHECK_EQ(parse_test_count(out, "dns.flooded"), 1);
    parse_test_finish(&t);
}

static bool claimed(uint16_t port, struct bytes data)
{
    struct proto_first first = {data, OVER_UDP, 40000, port, 17};
    return proto_dns.probe(&first) != PROBE_NO;
}

TEST(probe)
{
    CHECK(claimed(53, BYTES(QUERY_A)));
    CHECK(claimed(5300, BYTES(QUERY_A)));
    CHECK(!claimed(5353, BYTES(QUERY_A)));
    CHECK(!claimed(5355, BYTES(QUERY_A)));
    CHECK(!claimed(
        53, BYTES(HEADER("\0\1", "\1\0", "\1", "\0", "\0", "\0") "\x20"
                                                                 "ABACFPFPENFDECFCEPFHFDEFFPFPACAB"
                                                                 "\0\0\x20\0\1")));
    CHECK(!claimed(4000, BYTES("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")));
    CHECK(!claimed(53, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0")));
}

TEST_MAIN(T(pair), T(unanswered), T(other_question_is_a_mismatch), T(names), T(loop_in_an_answer),
    T(name_too_long), T(rdata), T(edns), T(tcp_in_any_pieces), T(tcp_goes_on_after_a_gap),
    T(flood_of_requests), T(probe))
