// SPDX-License-Identifier: Apache-2.0
#include "proto/hello_test.h"
#include "proto/parse_test.h"

static struct parse_test t;
static struct wire hello, client, server, body, messages;

static void begin(void)
{
    parse_test_begin(&t, NULL, 6, 50'000, 8443);
    hello.len = client.len = server.len = body.len = messages.len = 0;
    wire_client_hello(&hello, &chrome);
    wire_message(&client, 1, wire_all(&hello));
}

static struct bytes answer(uint16_t version, uint16_t cipher)
{
    wire_server_hello(&body, version, cipher, false);
    wire_message(&messages, 2, wire_all(&body));
    return wire_all(&messages);
}

static const char change[] = "\x14\x03\x03\x00\x01\x01";
static const char secret[] = "\x17\x03\x03\x00\x04"
                             "abcd";
static const char finished[] = "\x16\x03\x03\x00\x04"
                               "\xff\xff\xff\xff";

static void send_hellos(size_t record, size_t piece, uint16_t version, uint16_t cipher)
{
    static struct wire out;
    out.len = server.len = 0;
    wire_records(&out, 22, wire_all(&client), record);
    parse_test_split(&t, FLOW_CLIENT, wire_all(&out), piece);
    wire_records(&server, 22, answer(version, cipher), record);
    parse_test_split(&t, FLOW_SERVER, wire_all(&server), piece);
}

// The same record however records and segments cut the messages.
TEST(cut_anywhere)
{
    static const size_t sizes[] = {1, 2, 3, 5, 7, 64, 300, 16'000};
    char first[4096];
    size_t first_len = 0;
    for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(sizes); i++) {
        begin();
        send_hellos(sizes[i % COUNT_OF(sizes)], sizes[i / COUNT_OF(sizes)], TLS_1_3, 0x1302);
        parse_test_send(&t, FLOW_SERVER, bytes_make(secret, 9));
        struct bytes out = parse_test_end(&t);
        out = bytes_from(out, bytes_find(out, BYTES("\"tls\":{")));
        CHECK(out.len > 0 && out.len < sizeof first);
        if (i == 0)
            memcpy(first, out.data, first_len = out.len);
        CHECK(bytes_equal(out, bytes_make(first, first_len)));
        parse_test_finish(&t);
    }
}

TEST(version_13)
{
    begin();
    send_hellos(16'000, 16'000, TLS_1_3, 0x1302);
    CHECK_EQ(t.out.len, 0);
    parse_test_send(&t, FLOW_SERVER, bytes_make(change, 6));
    CHECK(t.wanted);
    parse_test_send(&t, FLOW_SERVER, bytes_make(secret, 9));
    CHECK(t.wanted); // the lengths of a few records more
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"tls\""), 1);
    CHECK(parse_test_has(out, "\"version\":\"TLS 1.3\""));
    CHECK(parse_test_has(out, "\"sni\":\"www.city.example\""));
    CHECK(parse_test_has(out, "\"cipher\":\"TLS_AES_256_GCM_SHA384\""));
    CHECK(parse_test_has(out, "\"client_alpns\":[\"h2\",\"http/1.1\"]"));
    CHECK(parse_test_has(out, "\"ja4\":\"t13d1516h2_8daaf6152771_e5627efa2ab1\""));
    CHECK(parse_test_has(out, "\"established\":true"));
    parse_test_finish(&t);
}

// A client that resumes sends ChangeCipherSpec and data before the server has said a word.
TEST(early_data)
{
    begin();
    struct wire *out = &server;
    wire_records(out, 22, wire_all(&client), 16'000);
    parse_test_send(&t, FLOW_CLIENT, wire_all(out));
    parse_test_send(&t, FLOW_CLIENT, bytes_make(change, 6));
    parse_test_split(&t, FLOW_CLIENT, bytes_make(secret, 9), 4);
    CHECK(t.wanted);
    out->len = 0;
    wire_records(out, 22, answer(TLS_1_3, 0x1301), 16'000);
    wire_bytes(out, bytes_make(secret, 9));
    parse_test_send(&t, FLOW_SERVER, wire_all(out));
    CHECK(t.wanted);
    CHECK(parse_test_has(parse_test_end(&t), "\"version\":\"TLS 1.3\""));
    parse_test_finish(&t);
}

// The second hello, after a HelloRetryRequest and a ChangeCipherSpec, is not taken for ciphertext.
TEST(hello_retry)
{
    begin();
    struct wire *out = &server;
    wire_records(out, 22, wire_all(&client), 16'000);
    parse_test_send(&t, FLOW_CLIENT, wire_all(out));
    out->len = 0;
    wire_server_hello(&body, TLS_1_3, 0x1301, true);
    wire_message(&messages, 2, wire_all(&body));
    wire_records(out, 22, wire_all(&messages), 16'000);
    wire_bytes(out, bytes_make(change, 6));
    body.len = messages.len = 0;
    wire_records(out, 22, answer(TLS_1_3, 0x1303), 16'000);
    wire_bytes(out, bytes_make(secret, 9));
    parse_test_send(&t, FLOW_SERVER, wire_all(out));
    struct bytes all = parse_test_end(&t);
    CHECK(parse_test_has(all, "\"hello_retry\":true"));
    CHECK(parse_test_has(all, "\"cipher\":\"TLS_CHACHA20_POLY1305_SHA256\""));
    parse_test_finish(&t);
}

TEST(version_12_resumed)
{
    begin();
    send_hellos(16'000, 16'000, TLS_1_2, 0xc030);
    parse_test_send(&t, FLOW_SERVER, bytes_make(change, 6));
    parse_test_send(&t, FLOW_SERVER, bytes_make(finished, 9));
    CHECK(t.wanted);
    parse_test_send(&t, FLOW_CLIENT, bytes_make(change, 6));
    CHECK(t.wanted);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"session_resumed\":true"));
    CHECK_EQ(parse_test_count(out, "anomaly"), 0);
    parse_test_finish(&t);
}

TEST(alert)
{
    begin();
    struct wire *out = &server;
    wire_records(out, 22, wire_all(&client), 16'000);
    parse_test_send(&t, FLOW_CLIENT, wire_all(out));
    parse_test_send(&t, FLOW_SERVER, BYTES("\x15\x03\x01\x00\x02\x02\x28"));
    CHECK(parse_test_has(parse_test_end(&t),
        "\"alerts\":[{\"direction\":\"to_client\",\"level\":\"fatal\","
        "\"description\":\"handshake_failure\"}]"));
    parse_test_finish(&t);
}

TEST(heartbleed)
{
    begin();
    send_hellos(16'000, 16'000, TLS_1_2, 0xc030);
    parse_test_send(&t, FLOW_CLIENT, BYTES("\x18\x03\x02\x00\x03\x01\x40\x00"));
    CHECK(parse_test_has(parse_test_end(&t), "tls.overflow_heartbeat_message"));
    parse_test_finish(&t);
}

// A message longer than any honest one ends the parser; what was learnt is written.
TEST(message_too_long)
{
    begin();
    send_hellos(16'000, 16'000, TLS_1_2, 0xc030);
    parse_test_send(&t, FLOW_SERVER, BYTES("\x16\x03\x03\x00\x04\x0b\xff\xff\xff"));
    CHECK(!t.wanted);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "tls.handshake_too_long"));
    CHECK(parse_test_has(out, "\"event_type\":\"tls\""));
    parse_test_finish(&t);
}

TEST(no_tls_behind_the_hello)
{
    begin();
    send_hellos(16'000, 16'000, TLS_1_2, 0xc030);
    parse_test_send(&t, FLOW_SERVER, BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"));
    CHECK(!t.wanted);
    CHECK(parse_test_has(parse_test_end(&t), "tls.invalid_record_type"));
    parse_test_finish(&t);
}

// A hello in SSLv2's form, answered in TLS (RFC 5246 E.2), and in SSLv2 itself.
TEST(ssl2_hello)
{
    static const char old[] = "\x80\x1f\x01\x03\x01\x00\x06\x00\x00\x00\x10"
                              "\x01\x00\x80\x00\x00\x05"
                              "0123456789abcdef";
    begin();
    parse_test_split(&t, FLOW_CLIENT, bytes_make(old, sizeof old - 1), 3);
    wire_records(&server, 22, answer(TLS_1_0, 0x0005), 16'000);
    parse_test_split(&t, FLOW_SERVER, wire_all(&server), 3);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"version\":\"TLSv1\""));
    CHECK(parse_test_has(out, "\"cipher\":\"TLS_RSA_WITH_RC4_128_SHA\""));
    parse_test_finish(&t);
    begin();
    parse_test_send(&t, FLOW_CLIENT, bytes_make(old, sizeof old - 1));
    parse_test_send(
        &t, FLOW_SERVER, BYTES("\x80\x0e\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x00\x01\x00\x80"));
    CHECK(parse_test_has(parse_test_end(&t), "\"version\":\"SSLv2\""));
    parse_test_finish(&t);
}

// Only what looks like a hello is claimed.
TEST(probe)
{
    static const struct {
        struct bytes data;
        enum proto_probe probe;
    } cases[] = {
        {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), PROBE_CLIENT},
        {BYTES("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), PROBE_SERVER},
        {BYTES("\x16\x03\x01"), PROBE_MORE},
        {BYTES("\x16\x03\x01\x02\x00\x0b\x00\x01\xfc\x03\x03"), PROBE_NO},
        {BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x09\x03"), PROBE_NO},
        {BYTES("\x17\x03\x03\x02\x00\x01\x00\x01\xfc\x03\x03"), PROBE_NO},
        {BYTES("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10"), PROBE_CLIENT},
        {BYTES("\x80\x2e\x01\x00\x02\x00\x16\x00\x00\x00\x10"), PROBE_NO},
        {BYTES("GET / HTTP/1.1\r\n"), PROBE_NO},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct proto_first first = {.data = cases[i].data, .carrier = OVER_TCP};
        CHECK_EQ(proto_tls.probe(&first), cases[i].probe);
    }
}

TEST_MAIN(T(cut_anywhere), T(version_13), T(early_data), T(hello_retry), T(version_12_resumed),
    T(alert), T(heartbleed), T(message_too_long), T(no_tls_behind_the_hello), T(ssl2_hello),
    T(probe))
