// SPDX-License-Identifier: Apache-2.0
// Worth most under ThreadSanitizer.
#include "base/gate.h"
#include "base/test.h"
#include <signal.h>

TEST(an_open_gate_does_not_wait)
{
    struct gate gate;
    gate_init(&gate);
    CHECK(gate_wait(&gate, 0));
    gate_raise(&gate, 3);
    CHECK(gate_wait(&gate, 3));
    CHECK_EQ(gate_count(&gate), 3);
    gate_finish(&gate);
}

TEST(a_closed_gate_lets_through_what_was_reached)
{
    struct gate gate;
    gate_init(&gate);
    gate_raise(&gate, 2);
    gate_close(&gate);
    CHECK(gate_wait(&gate, 2));
    CHECK(!gate_wait(&gate, 3));
    gate_finish(&gate);
}

struct closing {
    struct gate gate;
    bool reached;
};

static void wait_for_nothing(void *context)
{
    struct closing *c = context;
    c->reached = gate_wait(&c->gate, 1);
}

TEST(closing_wakes)
{
    struct closing c = {.reached = true};
    struct thread thread;
    gate_init(&c.gate);
    CHECK(thread_start(&thread, "a name that is too long to keep", wait_for_nothing, &c));
    gate_close(&c.gate);
    thread_join(&thread);
    CHECK(!c.reached);
    gate_finish(&c.gate);
}

// The pipeline of `yagura read` in small: workers take turns in filling batches, each works its
// own part of every batch, the main thread takes the results in order.
enum { WORKERS = 3, SLOTS = 4, BATCHES = 2'000 };

struct pipeline {
    struct mutex reading; // the turn
    uint64_t next;        // batch to be filled; under `reading`
    struct gate filled, written, worked[WORKERS];
    uint64_t input[SLOTS];
    uint64_t output[SLOTS][WORKERS];
};

struct worker {
    struct pipeline *pipeline;
    unsigned index;
    struct thread thread;
};

// Fill the next batch if nobody has filled `batch` yet. Its slot must have been written before;
// that is waited for without the mutex, since others may need it to do what is waited for.
static void fill(struct pipeline *p, uint64_t batch)
{
    if (batch >= SLOTS && !gate_wait(&p->written, batch - SLOTS + 1))
        return;
    mutex_lock(&p->reading);
    if (p->next == batch) {
        p->input[batch % SLOTS] = batch * 7;
        p->next++;
        gate_raise(&p->filled, 1);
    }
    mutex_unlock(&p->reading);
}

static void work(void *context)
{
    struct worker *w = context;
    struct pipeline *p = w->pipeline;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        fill(p, batch);
        if (!gate_wait(&p->filled, batch + 1))
            return;
        p->output[batch % SLOTS][w->index] = p->input[batch % SLOTS] + w->index;
        gate_raise(&p->worked[w->index], 1);
    }
}

TEST(a_pipeline_keeps_order)
{
    static struct pipeline p;
    struct worker workers[WORKERS];
    mutex_init(&p.reading);
    gate_init(&p.filled);
    gate_init(&p.written);
    for (unsigned i = 0; i < WORKERS; i++) {
        gate_init(&p.worked[i]);
        workers[i] = (struct worker){.pipeline = &p, .index = i};
        CHECK(thread_start(&workers[i].thread, "worker", work, &workers[i]));
    }
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            CHECK(gate_wait(&p.worked[i], batch + 1));
            CHECK_EQ(p.output[batch % SLOTS][i], batch * 7 + i);
        }
        gate_raise(&p.written, 1);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        thread_join(&workers[i].thread);
        gate_finish(&p.worked[i]);
    }
    gate_finish(&p.written);
    gate_finish(&p.filled);
    mutex_finish(&p.reading);
}

static struct mutex static_mutex = MUTEX_STATIC;
static uint64_t shared_sum;

static void add_often(void *context)
{
    for (int i = 0; i < 10'000; i++) {
        mutex_lock(&static_mutex);
        shared_sum++;
        mutex_unlock(&static_mutex);
    }
}

TEST(a_mutex_excludes)
{
    struct thread threads[3];
    for (int i = 0; i < 3; i++)
        CHECK(thread_start(&threads[i], "adder", add_often, NULL));
    for (int i = 0; i < 3; i++)
        thread_join(&threads[i]);
    CHECK_EQ(shared_sum, 30'000);
}

static void see_signals(void *context)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    *(bool *)context = sigismember(&blocked, SIGINT) == 1 && sigismember(&blocked, SIGTERM) == 1;
}

TEST(signals_stay_with_the_main_thread)
{
    struct thread thread;
    bool blocked_there = false;
    sigset_t here;
    CHECK(thread_start(&thread, "signals", see_signals, &blocked_there));
    thread_join(&thread);
    CHECK(blocked_there);
    pthread_sigmask(SIG_SETMASK, NULL, &here);
    CHECK_EQ(sigismember(&here, SIGINT), 0);
}

TEST(cores)
{
    CHECK(thread_cores() >= 1);
}

TEST_MAIN(T(an_open_gate_does_not_wait), T(a_closed_gate_lets_through_what_was_reached),
    T(closing_wakes), T(a_pipeline_keeps_order), T(a_mutex_excludes),
    T(signals_stay_with_the_main_thread), T(cores))
