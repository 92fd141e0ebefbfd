// SPDX-License-Identifier: Apache-2.0
// ICMP: echoes in pairs, floods summed up, bodies of errors and routers.
#include "proto/parse_test.h"

TEST(icmp_echo)
{
    struct parse_test t;
    uint8_t echo[] = "\x08\0\0\0\0\7\0\0payload";
    parse_test_begin(&t, NULL, 1, 8, 0);
    for (unsigned i = 0; i < 100; i++) {
        echo[7] = (uint8_t)i;
        echo[0] = 8;
        parse_test_send(&t, FLOW_CLIENT, bytes_make(echo, 15));
        echo[0] = 0;
        echo[14] = i == 0 ? 'X' : 'd';
        parse_test_send(&t, FLOW_SERVER, bytes_make(echo, 15));
        echo[14] = 'd';
    }
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"rtt_us\":1000"), 32);
    CHECK_EQ(parse_test_count(out, "\"reply_differs\":true"), 1);
    CHECK(parse_test_has(out, "\"count\":68,\"replies\":68"));
    CHECK(parse_test_has(out, "\"name\":\"echo\""));
    parse_test_finish(&t);
}

TEST(icmp_unreachable)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 1, 3, 3);
    parse_test_send(&t, FLOW_CLIENT,
        BYTES("\3\3\0\0\0\0\0\0\x45\0\0\x1c\0\0\0\0\x40\x11\0\0"
              "\xc0\0\2\1\xc0\0\2\2\x04\0\0\x35\0\x08\0\0"));
    parse_test_send(&t, FLOW_CLIENT, BYTES("\3\3\0\0"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out,
        "\"code_name\":\"port_unreachable\",\"original\":{\"src_ip\":\"192.0.2.1\","
        "\"src_port\":1024,\"dest_ip\":\"192.0.2.2\",\"dest_port\":53,\"protocol\":17}"));
    CHECK_EQ(parse_test_count(out, "icmp.malformed_data"), 1);
    parse_test_finish(&t);
}

TEST(icmp6_router)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 58, 134, 0);
    t.flow.ip_version = 6;
    parse_test_send(&t, FLOW_CLIENT,
        BYTES("\x86\0\0\0\x40\x80\7\x08\0\0\0\0\0\0\0\0"
              "\1\1\2\0\0\0\0\1"
              "\3\4\x40\xc0\0\1\0\0\0\0\x80\0\0\0\0\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0"
              "\x19\3\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x35"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(
        out, "\"source_mac\":\"02:00:00:00:00:01\",\"hop_limit\":64,\"managed\":true"));
    CHECK(parse_test_has(out, "{\"prefix\":\"2001:db8::/64\",\"on_link\":true,\"autonomous\":true,"
                              "\"valid\":65536,\"preferred\":32768}"));
    CHECK(parse_test_has(out, "\"dns_servers\":[\"2001:db8::35\"]"));
    parse_test_finish(&t);
}

TEST_MAIN(T(icmp_echo), T(icmp_unreachable), T(icmp6_router))
