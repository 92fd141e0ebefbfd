// SPDX-License-Identifier: Apache-2.0
// Unread bytes of one side of a stream: what a parser could not use yet, in one piece.
#include "proto/pending.h"

void proto_pending_drop(struct proto_pending *pending)
{
    if (pending->data)
        arena_reset(&pending->arena);
    pending->data = NULL;
    pending->start = pending->len = pending->room = 0;
}

bool proto_pending_add(
    struct pool *pool, struct proto_pending *pending, struct bytes data, size_t limit)
{
    if (pending->len + data.len > limit)
        return false;
    if (!pending->data)
        arena_init(&pending->arena, pool, 4 * limit + 4096);
    if (pending->start && pending->start + pending->len + data.len > pending->room) {
        memmove(pending->data, &pending->data[pending->start], pending->len);
        pending->start = 0;
    }
    size_t need = pending->start + pending->len + data.len;
    if (need > pending->room) {
        size_t room = pending->room ? pending->room * 2 : 192;
        while (room < need)
            room *= 2;
        uint8_t *grown = arena_grow(&pending->arena, pending->data, pending->room, room);
        if (!grown)
            return false;
        pending->data = grown;
        pending->room = room;
    }
    if (data.len)
        memcpy(&pending->data[pending->start + pending->len], data.data, data.len);
    pending->len += data.len;
    return true;
}

struct bytes proto_pending_bytes(const struct proto_pending *pending)
{
    return pending->data ? bytes_make(&pending->data[pending->start], pending->len)
                         : (struct bytes){NULL, 0};
}

void proto_pending_consume(struct proto_pending *pending, size_t n)
{
    pending->start += n;
    pending->len -= n;
    if (pending->len == 0)
        proto_pending_drop(pending);
}
