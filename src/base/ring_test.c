// SPDX-License-Identifier: Apache-2.0
#include "base/alloc.h"
#include "base/gate.h"
#include "base/ring.h"
#include "base/test.h"
#include <sched.h>

TEST(fills_and_empties)
{
    struct ring ring;
    int items[9];
    CHECK(ring_init(&ring, 8));
    CHECK(ring_get(&ring) == NULL);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 8; i++)
            CHECK(ring_put(&ring, &items[i]));
        CHECK(!ring_put(&ring, &items[8]));
        for (int i = 0; i < 8; i++)
            CHECK(ring_get(&ring) == &items[i]);
        CHECK(ring_get(&ring) == NULL);
        CHECK(ring_put(&ring, &items[8])); // the next round starts one slot further
        CHECK(ring_get(&ring) == &items[8]);
    }
    ring_finish(&ring);
}

TEST(one_slot)
{
    struct ring ring;
    int item;
    CHECK(ring_init(&ring, 1));
    CHECK(ring_put(&ring, &item));
    CHECK(!ring_put(&ring, &item));
    CHECK(ring_get(&ring) == &item);
    CHECK(ring_get(&ring) == NULL);
    ring_finish(&ring);
}

TEST(positions_wrap_around)
{
    struct ring ring;
    int items[4];
    CHECK(ring_init(&ring, 4));
    ring.put = ring.got = ring.put_seen = ring.got_seen = SIZE_MAX - 1;
    for (int i = 0; i < 4; i++)
        CHECK(ring_put(&ring, &items[i]));
    CHECK(!ring_put(&ring, &items[0]));
    for (int i = 0; i < 4; i++)
        CHECK(ring_get(&ring) == &items[i]);
    CHECK(ring_get(&ring) == NULL);
    ring_finish(&ring);
}

TEST(out_of_memory)
{
    struct ring ring;
    alloc_fail_at(1);
    CHECK(!ring_init(&ring, 4));
    alloc_fail_at(0);
    ring_finish(&ring);
}

enum { ITEMS = 50'000 };
static struct ring shared;
static uint32_t sent[ITEMS];

static void produce(void *context)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        sent[i] = i + 1;
        while (!ring_put(&shared, &sent[i]))
            sched_yield();
    }
}

TEST(two_threads)
{
    struct thread thread;
    CHECK(ring_init(&shared, 64));
    CHECK(thread_start(&thread, "producer", produce, NULL));
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint32_t *item;
        while (!(item = ring_get(&shared)))
            sched_yield();
        if (*item != i + 1)
            TEST_SAY("item %u is %u", i + 1, *item);
    }
    CHECK(ring_get(&shared) == NULL);
    thread_join(&thread);
    ring_finish(&shared);
}

TEST_MAIN(
    T(fills_and_empties), T(one_slot), T(positions_wrap_around), T(out_of_memory), T(two_threads))
