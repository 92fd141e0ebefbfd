// SPDX-License-Identifier: Apache-2.0
// Multicast DNS: services announced in UTF-8, probes, what is to be ignored.
#include "proto/parse_test.h"

#define HEADER(flags, qd, an, ns) "\0\0" flags "\0" qd "\0" an "\0" ns "\0\0"
#define PRINTER                   "\x09\xe7\xaa\x93\xe5\x8f\xa3 .1\4_ipp\4_tcp\5local\0"

static struct bytes run(struct parse_test *t, struct bytes message)
{
    parse_test_begin(t, NULL, 17, 5353, 5353);
    parse_test_send(t, FLOW_CLIENT, message);
    return parse_test_end(t);
}

TEST(service)
{
    struct parse_test t;
    struct bytes out =
        run(&t, BYTES(HEADER("\x84\0", "\0", "\3", "\0") PRINTER
                    "\0\x10\x80\1\0\0\x11\x94\0\6\2a=\2b="
                    "\xc0\x0c\0\x21\x80\1\0\0\0\x78\0\x12\0\0\0\0\2\x77\4host\5local\0"
                    "\xc0\x16\0\x0c\0\1\0\0\x11\x94\0\2\xc0\x0c"));
    CHECK(parse_test_has(out,
        "\"rrname\":\"窓口 \\\\.1._ipp._tcp.local\",\"rrtype\":\"txt\",\"ttl\":4500,"
        "\"cache_flush\":true,\"txt\":[\"a=\",\"b=\"]"));
    CHECK(parse_test_has(
        out, "\"srv\":{\"priority\":0,\"weight\":0,\"port\":631,\"name\":\"host.local\"}"));
    CHECK(parse_test_has(
        out, "\"rrname\":\"_ipp._tcp.local\",\"rrtype\":\"ptr\",\"ttl\":4500,\"ptr\":\"窓口"));
    CHECK(parse_test_has(out, "\"type\":\"response\""));
    CHECK_EQ(parse_test_count(out, "anomaly"), 0);
    parse_test_finish(&t);
}

TEST(question_that_wants_unicast)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(HEADER("\0\0", "\1", "\0", "\0") "\1h\5local\0\0\xff\x80\1"));
    CHECK(parse_test_has(out,
        "\"queries\":[{\"rrname\":\"h.local\",\"rrtype\":\"any\",\"unicast_response\":true}]"));
    parse_test_finish(&t);
}

TEST(errors_are_ignored)
{
    struct parse_test t;
    struct bytes out = run(&t, BYTES(HEADER("\x84\3", "\1", "\0", "\0") "\1h\5local\0\0\xff\0\1"));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"mdns\""), 0);
    parse_test_finish(&t);
}

TEST_MAIN(T(service), T(question_that_wants_unicast), T(errors_are_ignored))
