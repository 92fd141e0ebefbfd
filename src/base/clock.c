// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include <time.h>

static int64_t clock_forget_leap(struct clock *clock)
{
    clock->absurd += clock->agree;
    clock->agree = 0;
    return clock->now_us;
}

// Every packet that is not clearly before the leap confirms it. Followed is its lowest time: in a
// capture with hours between packets the clock lags two packets, and never runs ahead.
static int64_t clock_see_leap(struct clock *clock, int64_t packet_us)
{
    if (clock->agree > 0 && packet_us < clock->ahead_us - CLOCK_LEAP_US)
        clock_forget_leap(clock);
    if (clock->agree == 0 || packet_us < clock->ahead_us)
        clock->ahead_us = packet_us;
    if (++clock->agree < CLOCK_AGREE)
        return clock->now_us;
    clock->agree = 0;
    clock->leaps++;
    return clock->now_us = clock->ahead_us;
}

int64_t clock_see(struct clock *clock, int64_t packet_us)
{
    if (packet_us > clock->now_us && packet_us - clock->now_us > CLOCK_LEAP_US)
        return clock_see_leap(clock, packet_us);
    if (clock->agree > 0)
        clock_forget_leap(clock);
    if (packet_us > clock->now_us)
        clock->now_us = packet_us;
    return clock->now_us;
}

static int64_t clock_read_ns(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0; // cannot happen with these
    return (int64_t)now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

static int64_t clock_read(clockid_t id)
{
    return clock_read_ns(id) / 1000;
}

int64_t clock_wall_us(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

int64_t clock_thread_us(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}
