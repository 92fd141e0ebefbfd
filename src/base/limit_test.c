// SPDX-License-Identifier: Apache-2.0
#include "base/limit.h"
#include "base/test.h"

TEST(a_burst_then_silence_then_the_count)
{
    struct limit limit = {.forgotten = 0};
    uint64_t suppressed = 99;
    for (int i = 0; i < LIMIT_BURST; i++) {
        CHECK(limit_allow(&limit, 1, i, &suppressed));
        CHECK_EQ(suppressed, 0);
    }
    for (int i = 0; i < 7; i++)
        CHECK(!limit_allow(&limit, 1, LIMIT_BURST + i, &suppressed));
    CHECK_EQ(limit_untold(&limit), 7);
    CHECK(limit_allow(&limit, 2, 50, &suppressed)); // others are not concerned
    CHECK(!limit_allow(&limit, 1, LIMIT_WINDOW_US - 1, &suppressed));
    CHECK(limit_allow(&limit, 1, LIMIT_WINDOW_US, &suppressed));
    CHECK_EQ(suppressed, 8);
    CHECK(limit_allow(&limit, 1, LIMIT_WINDOW_US, &suppressed));
    CHECK_EQ(suppressed, 0);
    CHECK_EQ(limit_untold(&limit), 0);
}

TEST(the_longest_silent_makes_room)
{
    struct limit limit = {.forgotten = 0};
    uint64_t suppressed;
    for (int i = 0; i <= LIMIT_BURST; i++)
        (void)limit_allow(&limit, 1, 0, &suppressed);
    for (uint64_t id = 2; id <= LIMIT_IDS; id++)
        CHECK(limit_allow(&limit, id, (int64_t)id, &suppressed));
    CHECK(!limit_allow(&limit, 1, 100, &suppressed));   // full, but 1 is still known
    CHECK(limit_allow(&limit, 1000, 101, &suppressed)); // takes the place of 2
    CHECK(!limit_allow(&limit, 1, 102, &suppressed));
    for (uint64_t id = 2000; id < 2000 + LIMIT_IDS; id++)
        CHECK(limit_allow(&limit, id, 200, &suppressed));
    CHECK_EQ(limit_untold(&limit), 3); // those of 1 are not lost
}

TEST_MAIN(T(a_burst_then_silence_then_the_count), T(the_longest_silent_makes_room))
