// SPDX-License-Identifier: Apache-2.0
#include "base/ring.h"
#include "base/alloc.h"
#include <assert.h>

bool ring_init(struct ring *ring, size_t room)
{
    assert(room > 0 && (room & (room - 1)) == 0);
    *ring = (struct ring){.mask = room - 1};
    ring->slots = base_calloc(room, sizeof *ring->slots);
    return ring->slots != NULL;
}

void ring_finish(struct ring *ring)
{
    base_free(ring->slots);
    ring->slots = NULL;
}
