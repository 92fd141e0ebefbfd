// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/test.h"
#include "base/watch.h"
#include <stdatomic.h>
#include <time.h>

static _Atomic int looks;
static _Atomic int64_t longest_us;
static _Atomic bool enough;

static int look(void *context, int64_t used_us)
{
    *(_Atomic bool *)context = true;
    looks++;
    longest_us = used_us;
    return enough ? 7 : 0;
}

static void pause_us(int64_t us)
{
    int64_t until_us = clock_monotonic_us() + us;
    while (clock_monotonic_us() < until_us)
        continue; // works
}

TEST(looks_while_work_lasts)
{
    struct watch *watch = watch_create();
    _Atomic bool called = false;
    CHECK(watch != NULL);
    if (!watch)
        return;
    pause_us(2 * WATCH_TICK_US);
    CHECK(!called);
    watch_begin(watch, look, (void *)&called);
    for (int i = 0; i < 100 && looks < 4; i++)
        pause_us(WATCH_TICK_US);
    watch_end(watch);
    CHECK_EQ(watch_said(watch), 0);
    CHECK(called);
    CHECK(longest_us > 0);
    called = false;
    pause_us(3 * WATCH_TICK_US);
    CHECK(!called);
    for (int i = 0; i < 1000; i++) { // begun and ended between ticks
        watch_begin(watch, look, (void *)&called);
        watch_end(watch);
    }
    enough = true;
    watch_begin(watch, look, (void *)&called);
    for (int i = 0; i < 100 && watch_said(watch) == 0; i++)
        pause_us(WATCH_TICK_US);
    int before = looks;
    pause_us(3 * WATCH_TICK_US);
    watch_end(watch);
    CHECK_EQ(watch_said(watch), 7);
    CHECK_EQ(looks, before); // not called any more
    watch_destroy(watch);
}

TEST(ends_without_work)
{
    watch_destroy(watch_create());
    watch_destroy(NULL);
}

TEST_MAIN(T(looks_while_work_lasts), T(ends_without_work))
