// SPDX-License-Identifier: Apache-2.0
// Records that outlive what they were made of: on their way from a worker to the thread that looks
// at all of them in order.
#pragma once
#include "schema/records.h"

struct arena;

// A copy with everything it points to. NULL: out of memory.
[[nodiscard]] struct record *record_copy(struct arena *arena, const struct record *record);
