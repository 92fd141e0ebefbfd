// SPDX-License-Identifier: Apache-2.0
#include "base/watch.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/gate.h"
#include <assert.h>
#include <stdatomic.h>
#include <time.h>

struct watch {
    struct thread thread;
    struct mutex mutex; // guards what follows
    pthread_cond_t changed;
    watch_look *look; // NULL: no work
    void *context;
    clockid_t worker; // processor time of the thread that works
    int64_t since_us; // when its work began, by that clock
    _Atomic int said; // read without the mutex
    bool over;
};

static void sleep_one_tick(struct watch *watch)
{
    struct timespec until;
    int status = clock_gettime(CLOCK_MONOTONIC, &until);
    assert(status == 0);
    (void)status;
    until.tv_nsec += WATCH_TICK_US * 1000L;
    until.tv_sec += until.tv_nsec / 1'000'000'000;
    until.tv_nsec %= 1'000'000'000;
    (void)pthread_cond_timedwait(&watch->changed, &watch->mutex.raw, &until);
}

// The worker lives: it cannot end before watch_end() has had the mutex.
static int64_t used_us(const struct watch *watch)
{
    struct timespec now;
    if (clock_gettime(watch->worker, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1'000'000 + now.tv_nsec / 1'000 - watch->since_us;
}

static void watch_run(void *context)
{
    struct watch *watch = context;
    mutex_lock(&watch->mutex);
    while (!watch->over) {
        if (!watch->look) {
            (void)pthread_cond_wait(&watch->changed, &watch->mutex.raw);
            continue;
        }
        sleep_one_tick(watch);
        if (watch->look && atomic_load(&watch->said) == 0)
            atomic_store(&watch->said, watch->look(watch->context, used_us(watch)));
    }
    mutex_unlock(&watch->mutex);
}

static void changed_init(pthread_cond_t *changed)
{
    pthread_condattr_t how;
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &how);
    pthread_condattr_destroy(&how);
}

struct watch *watch_create(void)
{
    struct watch *watch = base_calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    mutex_init(&watch->mutex);
    changed_init(&watch->changed);
    if (thread_start(&watch->thread, "watch", watch_run, watch))
        return watch;
    pthread_cond_destroy(&watch->changed);
    mutex_finish(&watch->mutex);
    base_free(watch);
    return NULL;
}

void watch_destroy(struct watch *watch)
{
    if (!watch)
        return;
    mutex_lock(&watch->mutex);
    watch->over = true;
    pthread_cond_signal(&watch->changed);
    mutex_unlock(&watch->mutex);
    thread_join(&watch->thread);
    pthread_cond_destroy(&watch->changed);
    mutex_finish(&watch->mutex);
    base_free(watch);
}

void watch_begin(struct watch *watch, watch_look *look, void *context)
{
    mutex_lock(&watch->mutex);
    watch->look = look;
    watch->context = context;
    int status = pthread_getcpuclockid(pthread_self(), &watch->worker);
    assert(status == 0);
    (void)status;
    watch->since_us = clock_thread_us();
    atomic_store(&watch->said, 0);
    pthread_cond_signal(&watch->changed);
    mutex_unlock(&watch->mutex);
}

void watch_end(struct watch *watch)
{
    mutex_lock(&watch->mutex);
    watch->look = NULL;
    mutex_unlock(&watch->mutex);
}

int watch_said(const struct watch *watch)
{
    return atomic_load(&watch->said);
}
