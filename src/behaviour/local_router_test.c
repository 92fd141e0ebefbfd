// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void advertise(struct trial *t, uint8_t router, const char *prefix)
{
    struct record_icmp_prefix one = {.prefix = bytes_from_text(prefix)};
    struct record_icmp icmp = {
        .type = 134, .lifetime = 1800, .prefixes = &one, .prefixes_count = 1};
    struct record record = {.type = RECORD_ICMP, .body = &icmp};
    const uint8_t source[16] = {0xfe, 0x80, [15] = router};
    record.head = (struct record_head){.timestamp = 1'000'000, .src_ip = addr_v6(source)};
    trial_record(t, &record);
}

TEST(second_router_with_another_prefix)
{
    struct trial t;
    trial_begin(&t);
    advertise(&t, 1, "2001:db8:1::/64");
    advertise(&t, 2, "2001:db8:1::/64"); // a pair
    CHECK_EQ(t.count, 0);
    advertise(&t, 66, "2001:db8:66::/64");
    advertise(&t, 66, "2001:db8:66::/64");
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "local.router", "second"), 1);
    CHECK(bytes_equal(trial_fact(&t, "prefix"), BYTES("2001:db8:66::/64")));
    CHECK(bytes_equal(trial_fact(&t, "router"), BYTES("fe80::1")));
    trial_end(&t);
}

TEST(flood)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 1; i < 100; i++)
        advertise(&t, i, "2001:db8:1::/64");
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "local.router", "many"), 1);
    trial_end(&t);
}

TEST_MAIN(T(second_router_with_another_prefix), T(flood))
