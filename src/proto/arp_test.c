// SPDX-License-Identifier: Apache-2.0
// ARP: what is said, and what cannot be.
#include "proto/parse_test.h"

static struct bytes run_arp(struct parse_test *t, struct bytes body)
{
    parse_test_begin(t, NULL, 0, 0, 0);
    t->packet.kind = DECODE_ARP;
    t->packet.l3 = body.data;
    t->packet.l3_len = (uint32_t)body.len;
    t->packet.src_mac = (const uint8_t *)"\2\0\0\0\0\1";
    proto_engine_packet(t->engine, &t->packet);
    return bytes_make(t->out.data, t->out.len);
}

#define ARP(op, mac, ip, other) BYTES("\0\1\x08\0\6\4\0" op mac ip "\0\0\0\0\0\0" other)

TEST(arp)
{
    struct parse_test t;
    struct bytes out = run_arp(&t, ARP("\1", "\2\0\0\0\0\1", "\xc0\0\2\1", "\xc0\0\2\2"));
    CHECK(parse_test_has(out, "\"opcode\":\"request\",\"src_mac\":\"02:00:00:00:00:01\","
                              "\"src_ip\":\"192.0.2.1\",\"dest_mac\":\"00:00:00:00:00:00\""));
    CHECK_EQ(parse_test_count(out, "anomaly"), 0);
    parse_test_finish(&t);
    out = run_arp(&t, ARP("\2", "\3\0\0\0\0\1", "\xc0\0\2\1", "\xc0\0\2\1"));
    CHECK(parse_test_has(out, "\"gratuitous\":true"));
    CHECK(parse_test_has(out, "arp.source_mismatch"));
    CHECK(parse_test_has(out, "arp.broadcast_source"));
    parse_test_finish(&t);
    out = run_arp(&t, BYTES("\0\1\x08\0\6\4\0\1"));
    CHECK(parse_test_has(out, "arp.unsupported_pkt"));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"arp\""), 0);
    parse_test_finish(&t);
}

TEST_MAIN(T(arp))
