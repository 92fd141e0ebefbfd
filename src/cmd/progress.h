// SPDX-License-Identifier: Apache-2.0
// How far the reading is, on one line of a terminal that is drawn again and again.
#pragma once
#include "schema/text.h"

struct progress {
    int64_t started_us, shown_us;
    bool shown;
    bool unbounded; // a pipe is among the inputs: there is no share to show, not even at the end
    enum lang lang;
};

void progress_start(struct progress *progress, enum lang lang);

// Draw the line when it is time to. share: 0 to 1; negative: how much is to come is not known.
void progress_tell(void *progress, double share, uint64_t packets);

// Take the line away.
void progress_end(const struct progress *progress);
