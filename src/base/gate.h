// SPDX-License-Identifier: Apache-2.0
// Threads, and the two ways in which they wait for each other: a mutex, and a gate, a counter that
// only rises and that others wait for. A pipeline of batches is a few gates: "batches read",
// "batches worker 3 has done", "batches written" (gate_test.c has it in small). Never wait at a
// gate with a mutex held: who has to raise the gate may be waiting for that mutex.
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct thread {
    pthread_t handle;
    void (*run)(void *context);
    void *context;
    char name[16];
};

// Runs run(context) in a thread of that name (cut to 15 characters), with all signals blocked.
// *thread must stay where it is until thread_join(). False: the system has no more threads to give.
[[nodiscard]] bool thread_start(
    struct thread *thread, const char *name, void (*run)(void *context), void *context);
void thread_join(struct thread *thread);

// Processors this process may use, at least 1.
unsigned thread_cores(void);

struct mutex {
    pthread_mutex_t raw;
};

// A mutex of static lifetime needs no mutex_init().
#define MUTEX_STATIC                                                                               \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }
void mutex_init(struct mutex *mutex);
void mutex_finish(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

struct gate {
    struct mutex mutex;
    pthread_cond_t changed;
    _Atomic uint64_t count;
    _Atomic bool closed;
    unsigned waiting; // threads that sleep; under the mutex
};

void gate_init(struct gate *gate);
void gate_finish(struct gate *gate); // nobody may be waiting

// Until the count is `at_least` or more. What the thread that raised it did before is then visible.
// False: the gate was closed below that count, which will never be reached.
[[nodiscard]] bool gate_wait(struct gate *gate, uint64_t at_least);

// The count as it stands, without waiting; orders memory as gate_wait() does.
uint64_t gate_count(struct gate *gate);

// Any thread may raise.
void gate_raise(struct gate *gate, uint64_t by);

// No more will come: wakes everybody who waits for a higher count.
void gate_close(struct gate *gate);
