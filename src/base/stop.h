// SPDX-License-Identifier: Apache-2.0
// Being asked to stop, by SIGINT or SIGTERM: work ends at the next good place, with what is there
// written out. A second signal ends the process at once.
#pragma once
#include <stdbool.h>

// From now on the first SIGINT or SIGTERM asks to stop. One that was ignored stays so.
void stop_on_signals(void);

// Any thread may ask.
bool stop_asked(void);

// From now on SIGHUP asks to load content anew, as often as it comes. One that was ignored stays
// so.
void reload_on_signal(void);

// Was it asked since this was last called? Any thread.
bool reload_asked(void);

// Wait for bytes that may never come: true once reading from fd does not block, false when asked to
// stop first.
[[nodiscard]] bool stop_or_readable(int fd);
