// SPDX-License-Identifier: Apache-2.0
#include "proto/parse_test.h"
#include "proto/tokens_test.h"

#define SEARCH                                                                                     \
    "\x30\x29\2\1\2\x63\x24\4\x04o=gv\x0a\1\2\x0a\1\0\2\1\0\2\1\0\1\1\0\x87\x0bobjectClass"        \
    "\x30\0"
#define DONE  "\x30\x0c\2\1\2\x65\7\x0a\1\0\4\0\4\0"
#define ENTRY "\x30\x0a\2\1\2\x64\5\4\1x\x30\0"

static void begin(struct parse_test *t, uint8_t ip_proto)
{
    parse_test_begin(t, NULL, ip_proto, 40000, 389);
}

// A message past the limit is passed over, the one behind it read.
TEST(too_long)
{
    static uint8_t zeros[4096];
    struct parse_test t;
    begin(&t, 6);
    parse_test_send(&t, FLOW_CLIENT, BYTES(SEARCH));
    parse_test_send(&t, FLOW_SERVER, BYTES("\x30\x84\0\x20\0\0\2\1\2\x64\x84\0\x1f\xff\xf7\4\1x"));
    for (size_t left = 0x200000 - 12; left > 0;) {
        size_t size = left < sizeof zeros ? left : sizeof zeros;
        parse_test_send(&t, FLOW_SERVER, bytes_make(zeros, size));
        left -= size;
    }
    parse_test_send(&t, FLOW_SERVER, BYTES(DONE));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "ldap.too_long"));
    CHECK(parse_test_has(out, "\"result\":\"success\""));
    parse_test_finish(&t);
}

TEST(after_a_gap)
{
    struct parse_test t;
    begin(&t, 6);
    parse_test_send(&t, FLOW_CLIENT, BYTES(SEARCH));
    parse_test_send(&t, FLOW_SERVER, BYTES(ENTRY));
    parse_test_gap(&t, FLOW_SERVER, 1000);
    parse_test_send(&t, FLOW_SERVER, BYTES("0 middle of a message " ENTRY DONE "      "));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"result_count\":2"));
    CHECK(parse_test_has(out, "\"result\":\"success\""));
    parse_test_finish(&t);
}

TEST(memory_runs_out)
{
    struct parse_test t;
    begin(&t, 17);
    t.pool.limit_bytes = 20'000;
    parse_test_send(&t, FLOW_CLIENT, BYTES(SEARCH));
    t.pool.limit_bytes = 1;
    parse_test_send(&t, FLOW_CLIENT, BYTES(SEARCH));
    t.pool.limit_bytes = 0;
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "ldap.out_of_budget"));
    parse_test_finish(&t);
}

TEST_MAIN(T(too_long), T(after_a_gap), T(memory_runs_out))
