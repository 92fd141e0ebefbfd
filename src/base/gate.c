// SPDX-License-Identifier: Apache-2.0
// Errors of these functions are bugs (a lock not held, destroyed while in use) and assert.
#include "base/gate.h"
#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

static void must(int status)
{
    assert(status == 0);
    (void)status;
}

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    thread->run(thread->context);
    return NULL;
}

// Signals are for the main thread; a new thread inherits the mask of its maker.
bool thread_start(struct thread *thread, const char *name, void (*run)(void *), void *context)
{
    sigset_t all, before;
    *thread = (struct thread){.run = run, .context = context};
    strncpy(thread->name, name, sizeof thread->name - 1);
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before));
    int status = pthread_create(&thread->handle, NULL, thread_main, thread);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL));
    if (status != 0)
        return false;
    (void)pthread_setname_np(thread->handle, thread->name); // for ps only
    return true;
}

void thread_join(struct thread *thread)
{
    must(pthread_join(thread->handle, NULL));
}

unsigned thread_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1; // more than CPU_SETSIZE processors, or forbidden
    int cores = CPU_COUNT(&set);
    return cores > 0 ? (unsigned)cores : 1;
}

void mutex_init(struct mutex *mutex)
{
    must(pthread_mutex_init(&mutex->raw, NULL));
}

void mutex_finish(struct mutex *mutex)
{
    must(pthread_mutex_destroy(&mutex->raw));
}

void mutex_lock(struct mutex *mutex)
{
    must(pthread_mutex_lock(&mutex->raw));
}

void mutex_unlock(struct mutex *mutex)
{
    must(pthread_mutex_unlock(&mutex->raw));
}

void gate_init(struct gate *gate)
{
    mutex_init(&gate->mutex);
    must(pthread_cond_init(&gate->changed, NULL));
    atomic_init(&gate->count, 0);
    atomic_init(&gate->closed, false);
    gate->waiting = 0;
}

void gate_finish(struct gate *gate)
{
    assert(gate->waiting == 0);
    must(pthread_cond_destroy(&gate->changed));
    mutex_finish(&gate->mutex);
}

uint64_t gate_count(struct gate *gate)
{
    return atomic_load_explicit(&gate->count, memory_order_acquire);
}

// The count changes under the mutex only; reading it outside first spares the lock when the gate
// is open already, which is the usual case.
bool gate_wait(struct gate *gate, uint64_t at_least)
{
    if (gate_count(gate) >= at_least)
        return true;
    mutex_lock(&gate->mutex);
    gate->waiting++;
    while (gate_count(gate) < at_least && !gate->closed)
        must(pthread_cond_wait(&gate->changed, &gate->mutex.raw));
    gate->waiting--;
    mutex_unlock(&gate->mutex);
    return gate_count(gate) >= at_least;
}

static void gate_wake(struct gate *gate)
{
    if (gate->waiting > 0)
        must(pthread_cond_broadcast(&gate->changed));
}

void gate_raise(struct gate *gate, uint64_t by)
{
    mutex_lock(&gate->mutex);
    atomic_fetch_add_explicit(&gate->count, by, memory_order_release);
    gate_wake(gate);
    mutex_unlock(&gate->mutex);
}

void gate_close(struct gate *gate)
{
    mutex_lock(&gate->mutex);
    gate->closed = true;
    gate_wake(gate);
    mutex_unlock(&gate->mutex);
}
