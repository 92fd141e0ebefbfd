// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "flow/made_flow.h"

static const enum flow_side C = FLOW_CLIENT, S = FLOW_SERVER;

static void send_bytes(enum flow_side side, size_t len, int64_t after_us)
{
    static const uint8_t zeros[1400];
    made.now_us += after_us;
    struct decoded p = made_packet(MADE_UDP, side, bytes_make(zeros, len));
    made_send(&p);
}

TEST(one_packet_has_no_detail)
{
    made_begin();
    send_bytes(C, 100, 0);
    CHECK_EQ(made.pool.used_bytes, 0); // a flood of single packets costs nothing more
    flow_table_flush(made.table);
    CHECK(made_has("\"payload_toserver\":100,\"packet_lengths\":[100]"));
    made_finish();
}

TEST(lengths_times_and_payload)
{
    made_begin();
    send_bytes(C, 100, 0);
    send_bytes(S, 1400, 1000);
    for (int i = 0; i < 30; i++)
        send_bytes(C, 10, 10);
    flow_table_flush(made.table);
    CHECK(made_has("\"payload_toserver\":400,\"payload_toclient\":1400"));
    CHECK(made_has("\"packet_lengths\":[100,-1400,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,10,"
                   "10,10]"));
    made_finish();
}

// A flow of hours: the parts grow, nothing is lost.
TEST(activity_spans_the_flow)
{
    made_begin();
    for (int i = 0; i < 240; i++)
        send_bytes(i % 2 ? S : C, 10, 20'000'000);
    flow_table_flush(made.table);
    CHECK(made_has("\"width_us\":536870912,\"toserver\":["));
    CHECK(made_has("\"payload_toserver\":1200,\"payload_toclient\":1200"));
    made_finish();
}

TEST(memory_is_short)
{
    made_begin();
    made.pool.limit_bytes = 64;
    send_bytes(C, 100, 0);
    send_bytes(S, 50, 10);
    send_bytes(S, 50, 10);
    flow_table_flush(made.table);
    CHECK_EQ(made.metrics.flow_detail_memcap, 2);
    CHECK(made_has("\"packet_lengths\":[100]"));
    made_finish();
}

TEST_MAIN(T(one_packet_has_no_detail), T(lengths_times_and_payload), T(activity_spans_the_flow),
    T(memory_is_short))
