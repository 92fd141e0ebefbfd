// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void send_to(struct trial *t, int64_t hour, uint8_t place, uint64_t up, uint64_t down)
{
    struct record_flow flow = {.bytes_toserver = up, .bytes_toclient = down};
    struct record record = {.type = RECORD_FLOW, .body = &flow};
    flow.start = 1'700'000'000'000'000 + hour * 3'600'000'000;
    record.head = (struct record_head){.timestamp = flow.start,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(place == 10 ? 10 : 203, 0, 113, place)};
    trial_record(t, &record);
}

TEST(much_to_one_place)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t i = 0; i < 5; i++) {
        send_to(&t, i, 1, 30'000'000, 1'000'000);
        send_to(&t, i, 10, 300'000'000, 1'000'000);    // inside
        send_to(&t, i, 3, 300'000'000, 200'000'000);   // both ways
        send_to(&t, i * 30, 4, 90'000'000, 1'000'000); // over days
    }
    CHECK_EQ(trial_hits(&t, "exfil.volume", "volume"), 1);
    CHECK(bytes_equal(t.hits[0]->facts[0].value, BYTES("120")));
    trial_end(&t);
}

// Hour 0 is 07:13 on Wednesday, 2023-11-15, in Japan.
TEST(more_than_on_any_day)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t day = 0; day < 3; day++)
        send_to(&t, day * 24 + 3, (uint8_t)(day + 1), 5'000'000, 0);
    send_to(&t, 3 * 24 + 3, 4, 18'000'000, 0);
    CHECK_EQ(t.count, 0);
    send_to(&t, 3 * 24 + 4, 5, 18'000'000, 0);
    CHECK_EQ(trial_hits(&t, "exfil.volume", "more"), 1);
    CHECK(bytes_equal(trial_fact(&t, "fullest"), BYTES("5")));
    trial_end(&t);
}

TEST(when_nobody_works)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t day = 0; day < 5; day++) // Sunday and Monday are the days 4 and 5
        send_to(&t, day * 24 + 3, (uint8_t)(day + 1), day < 3 ? 30'000'000 : 1'000'000, 0);
    CHECK_EQ(t.count, 0);
    send_to(&t, 5 * 24 + 18, 1, 30'000'000, 0);
    CHECK_EQ(trial_hits(&t, "exfil.volume", "odd_hours"), 1);
    send_to(&t, 6 * 24 + 18, 1, 30'000'000, 0); // as the night before
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

TEST_MAIN(T(much_to_one_place), T(more_than_on_any_day), T(when_nobody_works))
