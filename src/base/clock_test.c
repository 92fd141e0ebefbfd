// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/test.h"

#define SECOND 1'000'000LL
#define DAY    (86'400 * SECOND)
static const int64_t start = 1'795'248'000 * SECOND;

// A clock that has started.
static struct clock running(void)
{
    struct clock c = {.now_us = 0};
    for (int i = 0; i < CLOCK_AGREE; i++)
        clock_see(&c, start);
    return c;
}

TEST(starts_when_three_agree)
{
    struct clock c = {.now_us = 0};
    CHECK_EQ(clock_see(&c, start), 0);
    CHECK_EQ(clock_see(&c, start + SECOND), 0);
    CHECK_EQ(clock_see(&c, start + 2 * SECOND), start);
    CHECK_EQ(clock_see(&c, start + 3 * SECOND), start + 3 * SECOND);
    CHECK_EQ(c.leaps, 1);
    CHECK_EQ(c.absurd, 0);
}

TEST(never_goes_back)
{
    struct clock c = running();
    CHECK_EQ(clock_see(&c, start + 5 * SECOND), start + 5 * SECOND);
    CHECK_EQ(clock_see(&c, start + SECOND), start + 5 * SECOND);
    CHECK_EQ(clock_see(&c, 0), start + 5 * SECOND);
    CHECK_EQ(clock_see(&c, -1), start + 5 * SECOND);
    CHECK_EQ(clock_see(&c, INT64_MIN), start + 5 * SECOND);
}

TEST(an_absurd_packet_is_ignored)
{
    struct clock c = running();
    CHECK_EQ(clock_see(&c, INT64_MAX), start);
    CHECK_EQ(clock_see(&c, start + SECOND), start + SECOND);
    CHECK_EQ(clock_see(&c, start + 900 * DAY), start + SECOND);
    CHECK_EQ(clock_see(&c, start + 900 * DAY), start + SECOND);
    CHECK_EQ(clock_see(&c, start + 2 * SECOND), start + 2 * SECOND);
    CHECK_EQ(c.absurd, 3);
    CHECK_EQ(c.leaps, 1);
}

TEST(an_absurd_first_packet_does_not_stop_it)
{
    struct clock c = {.now_us = 0};
    clock_see(&c, start + 3650 * DAY);
    for (int i = 0; i < CLOCK_AGREE; i++)
        clock_see(&c, start + i);
    CHECK_EQ(c.now_us, start);
    CHECK_EQ(c.absurd, 1);
}

TEST(an_absurd_packet_amid_the_start)
{
    struct clock c = {.now_us = 0};
    clock_see(&c, start);
    clock_see(&c, start + 3650 * DAY);
    CHECK_EQ(clock_see(&c, start + 1), start);
}

TEST(a_silent_night_is_followed)
{
    struct clock c = running();
    CHECK_EQ(clock_see(&c, start + DAY), start);
    CHECK_EQ(clock_see(&c, start + DAY - SECOND), start); // a little out of order
    CHECK_EQ(clock_see(&c, start + DAY + SECOND), start + DAY - SECOND);
    CHECK_EQ(clock_see(&c, start + DAY + 2 * SECOND), start + DAY + 2 * SECOND);
    CHECK_EQ(c.leaps, 2);
}

TEST(hours_between_packets)
{
    struct clock c = {.now_us = 0};
    for (int i = 0; i < 100; i++)
        clock_see(&c, start + i * DAY);
    CHECK(c.now_us >= start + (99 - CLOCK_AGREE) * DAY && c.now_us <= start + 99 * DAY);
}

TEST(small_steps_need_no_one)
{
    struct clock c = running();
    CHECK_EQ(clock_see(&c, start + CLOCK_LEAP_US), start + CLOCK_LEAP_US);
    CHECK_EQ(clock_see(&c, start + 2 * CLOCK_LEAP_US + 1), start + CLOCK_LEAP_US);
}

TEST(captures_that_count_from_zero)
{
    struct clock c = {.now_us = 0};
    CHECK_EQ(clock_see(&c, 0), 0);
    CHECK_EQ(clock_see(&c, 5 * SECOND), 5 * SECOND);
}

TEST(clocks_of_the_machine)
{
    int64_t before = clock_monotonic_us();
    CHECK(clock_monotonic_us() >= before);
    CHECK(clock_wall_us() > 1'577'836'800 * SECOND); // 2020
}

TEST_MAIN(T(starts_when_three_agree), T(never_goes_back), T(an_absurd_packet_is_ignored),
    T(an_absurd_first_packet_does_not_stop_it), T(an_absurd_packet_amid_the_start),
    T(a_silent_night_is_followed), T(hours_between_packets), T(small_steps_need_no_one),
    T(captures_that_count_from_zero), T(clocks_of_the_machine))
