// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void ping(struct trial *t, int64_t second, uint32_t bytes, bool differs)
{
    struct record_icmp icmp = {.type = 8,
        .has_payload_bytes = true,
        .payload_bytes = bytes,
        .has_reply_bytes = true,
        .reply_bytes = bytes,
        .reply_differs = differs};
    struct record record = {.type = RECORD_ICMP, .body = &icmp};
    record.head = (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(203, 0, 113, 1)};
    trial_record(t, &record);
}

TEST(replies_that_differ)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 10; i++)
        ping(&t, i, 64, true);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "icmp.tunnel", "tunnel"), 1);
    trial_end(&t);
}

TEST(honest_pings)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 200; i++)
        ping(&t, i, i % 2 ? 56 : 1'400, false);
    CHECK_EQ(trial_hits(&t, "icmp.tunnel", NULL), 0);
    trial_end(&t);
}

TEST_MAIN(T(replies_that_differ), T(honest_pings))
