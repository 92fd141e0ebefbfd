// SPDX-License-Identifier: Apache-2.0
// A message or stream that comes in pieces, in any order and more than once: QUIC's CRYPTO frames,
// DTLS's handshake fragments. Put together in an arena, within limits.
#pragma once
#include "base/arena.h"

enum {
    PIECES_MAX_BYTES = 16 * 1024, // of the whole
    PIECES_RANGES_MAX = 64,       // parts of it that do not touch
};

// Zeroed at the start.
struct pieces {
    uint8_t *data;
    size_t room;
    size_t range_count;
    struct pieces_range {
        uint32_t from, to;
    } ranges[PIECES_RANGES_MAX]; // ascending, none touch
};

enum pieces_result {
    PIECES_OK,
    PIECES_TOO_LONG,  // past PIECES_MAX_BYTES or PIECES_RANGES_MAX
    PIECES_DIFFERENT, // bytes known already, with other content; the first ones stay
    PIECES_NO_MEMORY,
};

enum pieces_result pieces_add(
    struct pieces *p, struct arena *arena, uint64_t offset, struct bytes data);

// Bytes at the front without a hole.
struct bytes pieces_front(const struct pieces *p);

// Begin a new whole in the same memory.
static inline void pieces_clear(struct pieces *p)
{
    p->range_count = 0;
}
