// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"
#include "base/test.h"
#include "behaviour/rhythm.h"

// 0 to 999, the same in every run.
static int64_t chance(uint64_t i)
{
    return (int64_t)(hash_mix(i + 1) % 1000);
}

static unsigned score_of(
    unsigned times, int64_t every_ms, int64_t jitter_percent, uint32_t *typical)
{
    struct rhythm r = {0};
    int64_t now_us = 1'700'000'000'000'000;
    for (unsigned i = 0; i < times; i++) {
        rhythm_add(&r, now_us, 200);
        now_us += 1000 * (every_ms + every_ms * jitter_percent * (chance(i) - 500) / 50'000);
    }
    return rhythm_score(&r, typical);
}

TEST(regular_and_with_jitter)
{
    uint32_t typical;
    CHECK(score_of(100, 60'000, 0, &typical) >= 99);
    CHECK_EQ(typical, 60'000);
    CHECK(score_of(4'000, 60'000, 10, &typical) >= 90);
    CHECK(score_of(300, 60'000, 50, &typical) >= 80);
}

// Bursts with long pauses, sizes of every kind.
TEST(people)
{
    struct rhythm r = {0};
    int64_t now_us = 1'700'000'000'000'000;
    for (uint64_t i = 0; i < 300; i++) {
        rhythm_add(&r, now_us, (uint64_t)chance(i + 1'000) * 7);
        int64_t away = chance(i) * chance(i) * chance(i) / 1'000; // mostly short, rarely long
        now_us += 1000 * (500 + away);
    }
    uint32_t typical;
    CHECK(rhythm_score(&r, &typical) < 75);
}

TEST(few)
{
    struct rhythm r = {0};
    uint32_t typical;
    CHECK_EQ(rhythm_score(&r, &typical), 0);
    rhythm_add(&r, 5, 1);
    CHECK_EQ(rhythm_score(&r, &typical), 0);
    rhythm_add(&r, 4, 1); // out of order
    CHECK(rhythm_score(&r, &typical) > 0);
}

TEST_MAIN(T(regular_and_with_jitter), T(people), T(few))
