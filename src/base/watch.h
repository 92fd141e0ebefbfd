// SPDX-License-Identifier: Apache-2.0
// A thread that looks at another one's work while it lasts: for work in a library that does not
// look at the clock itself often enough. One a worker; asleep while there is no work.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { WATCH_TICK_US = 25'000 };

// Called in the watcher's thread, every WATCH_TICK_US, with the processor time the work has taken,
// until it answers other than 0.
typedef int watch_look(void *context, int64_t used_us);

struct watch;

[[nodiscard]] struct watch *watch_create(void); // NULL: out of memory or threads
void watch_destroy(struct watch *watch);

// The work begins; look is called from the first tick on. Once watch_end() has returned, it is not
// running and will not be called any more.
void watch_begin(struct watch *watch, watch_look *look, void *context);
void watch_end(struct watch *watch);

// What look answered since the last watch_begin(). Any thread, at any time.
int watch_said(const struct watch *watch);
