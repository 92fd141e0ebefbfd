// SPDX-License-Identifier: Apache-2.0
// The wheel: what is due comes out, once, and nothing before its second, also after leaps of time.
#include "base/test.h"
#include "flow/wheel.h"
#include <stdlib.h>

enum { FLOWS = 2000, SECOND = 1000 * 1000 };
#define START_US (1'700'000'000LL * SECOND)

static struct flow_table table;
static struct flow slab[FLOW_SLAB];
static struct flow_timer slab_timers[FLOW_SLAB];
static struct flow *slabs[] = {slab};
static struct flow_timer *timers[] = {slab_timers};

static void begin(void)
{
    memset(&table, 0, sizeof table);
    memset(slab, 0, sizeof slab);
    table.slabs = slabs;
    table.timers = timers;
    table.slab_count = 1;
    for (size_t i = 0; i < FLOWS; i++)
        slab[i].last_us = START_US;
    flow_wheel_init(&table);
}

// How many come out at now_us.
static int taken(int64_t now_us)
{
    int count = 0;
    while (flow_wheel_take(&table, now_us) != FLOW_NONE)
        count++;
    return count;
}

TEST(empty)
{
    begin();
    CHECK_EQ(flow_wheel_take(&table, START_US), FLOW_NONE);
}

TEST(not_before_its_second)
{
    begin();
    flow_wheel_add(&table, 7, START_US + 60 * SECOND);
    CHECK_EQ(taken(START_US), 0);
    CHECK_EQ(taken(START_US + 60 * SECOND), 0);
    CHECK_EQ(flow_wheel_take(&table, START_US + 61 * SECOND), 7);
    CHECK_EQ(taken(START_US + 600 * SECOND), 0);
}

TEST(removed_from_anywhere)
{
    begin();
    for (uint32_t i = 0; i < 5; i++)
        flow_wheel_add(&table, i, START_US + SECOND);
    flow_wheel_remove(&table, 4); // head
    flow_wheel_remove(&table, 2);
    flow_wheel_remove(&table, 0); // tail
    CHECK_EQ(flow_wheel_take(&table, START_US + 9 * SECOND), 3);
    CHECK_EQ(flow_wheel_take(&table, START_US + 9 * SECOND), 1);
    CHECK_EQ(taken(START_US + 9 * SECOND), 0);
}

TEST(all_come_out_once)
{
    begin();
    srand(1);
    for (uint32_t i = 0; i < FLOWS; i++)
        flow_wheel_add(&table, i, START_US + rand() % 3000 * (int64_t)SECOND);
    int count = 0;
    for (int64_t s = 0; s < 3010; s += 7)
        count += taken(START_US + s * SECOND);
    CHECK_EQ(count, FLOWS);
}

TEST(leap_ahead_empties)
{
    begin();
    for (uint32_t i = 0; i < FLOWS; i++)
        flow_wheel_add(&table, i, START_US + (int64_t)i * SECOND);
    CHECK_EQ(taken(START_US + 40'000'000LL * SECOND), FLOWS);
}

// Longer than the wheel: out early, to be looked at and put back.
TEST(far_ahead)
{
    begin();
    flow_wheel_add(&table, 1, START_US + 100'000LL * SECOND);
    CHECK_EQ(taken(START_US + 100 * SECOND), 0);
    CHECK_EQ(taken(START_US + FLOW_WHEEL_SECONDS * (int64_t)SECOND), 1);
}

TEST(due_in_the_past)
{
    begin();
    flow_wheel_add(&table, 1, START_US);
    CHECK_EQ(taken(START_US + 100 * SECOND), 1);
    flow_wheel_add(&table, 2, START_US - 50 * SECOND);
    CHECK_EQ(taken(START_US + 101 * SECOND), 1);
    flow_wheel_add(&table, 3, -5LL * SECOND);
    CHECK_EQ(taken(START_US + 102 * SECOND), 1);
}

// A first flow due days ahead must not keep the others back.
TEST(long_timeout_first)
{
    begin();
    flow_wheel_add(&table, 1, START_US + 86'400LL * SECOND);
    flow_wheel_add(&table, 2, START_US + 10 * SECOND);
    CHECK_EQ(flow_wheel_take(&table, START_US + 11 * SECOND), 2);
}

TEST_MAIN(T(empty), T(not_before_its_second), T(removed_from_anywhere), T(all_come_out_once),
    T(leap_ahead_empties), T(far_ahead), T(due_in_the_past), T(long_timeout_first))
