// SPDX-License-Identifier: Apache-2.0
// DHCP messages and their options.
#include "proto/parse_test.h"

static struct bytes dhcp_message(uint8_t *room, uint8_t op, struct bytes options)
{
    memset(room, 0, 240);
    memcpy(room, "\1\1\6\0\xde\xad\xbe\xef", 8);
    room[0] = op;
    memcpy(&room[28], "\2\0\0\0\0\1", 6);
    memcpy(&room[236], "\x63\x82\x53\x63", 4);
    memcpy(&room[240], options.data, options.len);
    return bytes_make(room, 240 + options.len);
}

TEST(dhcp)
{
    struct parse_test t;
    uint8_t room[600];
    parse_test_begin(&t, NULL, 17, 68, 67);
    parse_test_send(&t, FLOW_CLIENT,
        dhcp_message(room, 1, BYTES("\65\1\3\67\5\1\3\6\17\52\75\7\1\2\0\0\0\0\1\14\5host\0\377")));
    parse_test_send(&t, FLOW_SERVER,
        dhcp_message(room, 2,
            BYTES("\65\1\5\3\10\xc0\0\2\1\xc0\0\2\2\63\4\0\0\16\20\171\5\0\xc0\0\2\1\377")));
    parse_test_send(&t, FLOW_SERVER, dhcp_message(room, 2, BYTES("\65\1\5\3\377\1")));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(
        out, "\"type\":\"request\",\"id\":3735928559,\"client_mac\":\"02:00:00:00:00:01\""));
    CHECK(parse_test_has(out, "\"client_id\":\"02:00:00:00:00:01\",\"hostname\":\"host\""));
    CHECK(parse_test_has(out,
        "\"params\":[\"subnet_mask\",\"router\",\"dns_server\",\"domain\",\"ntp_server\"],"
        "\"fingerprint\":\"1,3,6,15,42\""));
    CHECK(parse_test_has(out, "\"routers\":[\"192.0.2.1\",\"192.0.2.2\"]"));
    CHECK(parse_test_has(
        out, "\"routes\":[{\"destination\":\"0.0.0.0/0\",\"router\":\"192.0.2.1\"}]"));
    CHECK(parse_test_has(out, "\"lease_time\":3600"));
    CHECK_EQ(parse_test_count(out, "dhcp.malformed_options"), 1);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"dhcp\""), 3);
    parse_test_finish(&t);
}

TEST_MAIN(T(dhcp))
