// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void session(struct trial *t, uint8_t from, uint8_t to, int64_t begin, int64_t end)
{
    struct record_flow flow = {
        .start = begin * 1'000'000, .end = end * 1'000'000, .payload_toserver = 9'000};
    struct record record = {.head = {.timestamp = flow.end,
                                .src_ip = trial_addr(10, 0, 0, from),
                                .dest_ip = trial_addr(10, 0, 0, to),
                                .proto = BYTES("TCP"),
                                .app_proto = BYTES("rdp")},
        .type = RECORD_FLOW,
        .body = &flow};
    trial_record(t, &record);
}

TEST(work_at_a_desktop)
{
    struct trial t;
    trial_begin(&t);
    session(&t, 1, 2, 100, 2'000);
    session(&t, 1, 2, 2'100, 2'110); // forgot something
    session(&t, 2, 3, 2'500, 2'900); // after he left
    session(&t, 1, 2, 9'000, 9'010);
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(one_command_each)
{
    struct trial t;
    trial_begin(&t);
    session(&t, 1, 2, 100, 114);
    session(&t, 1, 2, 127, 139);
    CHECK_EQ(trial_hits(&t, "remote.execution", "rdp_short"), 1);
    trial_end(&t);
}

TEST(from_desktop_to_desktop)
{
    struct trial t;
    trial_begin(&t);
    session(&t, 2, 3, 500, 900);
    session(&t, 1, 2, 100, 2'000);
    CHECK_EQ(trial_hits(&t, "remote.execution", "rdp_chain"), 1);
    session(&t, 2, 4, 1'000, 3'000); // ends after the outer one
    CHECK_EQ(trial_hits(&t, "remote.execution", "rdp_chain"), 2);
    trial_end(&t);
}

TEST_MAIN(T(work_at_a_desktop), T(one_command_each), T(from_desktop_to_desktop))
