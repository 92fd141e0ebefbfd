// SPDX-License-Identifier: Apache-2.0
// NTP: only what is new, and every mode.
#include "proto/parse_test.h"

#define NTP(head, stratum, id)                                                                     \
    head stratum "\6\xec\0\0\1\0\0\0\x80\0" id "\xd0\0\0\0\0\0\0\0"                                \
                 "\0\0\0\0\0\0\0\0"                                                                \
                 "\0\0\0\0\0\0\0\0"                                                                \
                 "\xd0\0\0\1\x80\0\0\0"

TEST(ntp)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 17, 123, 123);
    for (int i = 0; i < 50; i++) {
        parse_test_send(&t, FLOW_CLIENT, BYTES(NTP("\x23", "\0", "INIT")));
        parse_test_send(&t, FLOW_SERVER, BYTES(NTP("\x24", "\1", "GPS\0")));
    }
    parse_test_send(&t, FLOW_SERVER, BYTES(NTP("\xe4", "\0", "RATE")));
    parse_test_send(&t, FLOW_CLIENT, BYTES("\x17\0\3\x2a\0\0\0\0"));
    parse_test_send(&t, FLOW_CLIENT, BYTES("\x23"));
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"ntp\""), 4);
    CHECK(parse_test_has(
        out, "\"mode\":\"server\",\"leap\":0,\"stratum\":1,\"poll\":6,\"precision\":-20"));
    CHECK(parse_test_has(out, "\"reference_id\":\"GPS\""));
    CHECK(parse_test_has(out, "\"reference_id\":\"RATE\""));
    CHECK(parse_test_has(out, "\"request_code\":42,\"request\":\"mon_getlist_1\""));
    CHECK(parse_test_has(out, "\"transmit_time\":\"2010-08-01T14:15:29.500000"));
    CHECK_EQ(parse_test_count(out, "ntp.malformed_data"), 1);
    parse_test_finish(&t);
}

TEST_MAIN(T(ntp))
