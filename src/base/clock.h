// SPDX-License-Identifier: Apache-2.0
// Time is the packets' time, so that a year of captures can be replayed in minutes and gives the
// same records. A packet clock never goes back. Captures have packets whose stamp is absurd (a
// clock set at that moment, a broken byte), so a leap of more than CLOCK_LEAP_US is followed only
// when CLOCK_AGREE packets in a row confirm it; until then, time stands still. The start is such a
// leap too: it keeps an absurd first packet from stopping the clock for good.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_LEAP_US 600'000'000 // ten minutes
enum { CLOCK_AGREE = 3 };

struct clock {
    int64_t now_us;   // 0 until the first packets agree
    int64_t ahead_us; // lowest time of the leap that waits for confirmation
    unsigned agree;   // packets that confirm it; 0: no leap waits
    uint64_t leaps;   // followed, the start included
    uint64_t absurd;  // packets whose leap nobody confirmed
};

// Tell it a packet's time, microseconds since 1970. Returns the time it is now.
int64_t clock_see(struct clock *clock, int64_t packet_us);

// For progress and for messages, never for records: time of day, and time that only runs forward.
int64_t clock_wall_us(void);
int64_t clock_monotonic_us(void);
int64_t clock_monotonic_ns(void);

// Processor time this thread has used.
int64_t clock_thread_us(void);
