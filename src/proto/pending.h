// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/arena.h"

struct proto_pending {
    struct arena arena;
    uint8_t *data;
    size_t start, len, room; // unread: data[start .. start + len)
};

// Append to the unread bytes. False: over the limit, or out of memory.
[[nodiscard]] bool proto_pending_add(
    struct pool *pool, struct proto_pending *pending, struct bytes data, size_t limit);
struct bytes proto_pending_bytes(const struct proto_pending *pending);

// The first n of them have been used.
void proto_pending_consume(struct proto_pending *pending, size_t n);
void proto_pending_drop(struct proto_pending *pending);
