// SPDX-License-Identifier: Apache-2.0
// Pieces put in order: QUIC CRYPTO frames (RFC 9000 19.6), DTLS fragments (RFC 6347 4.2.3).
// Browsers cut their QUIC hello into many pieces and shuffle them on purpose, so that nobody reads
// it from the first packet alone.
#include "proto/pieces.h"

enum { ROOM_LEAST_BYTES = 2048 };

static bool room_make(struct pieces *p, struct arena *arena, size_t needed)
{
    size_t room = p->room ? p->room : ROOM_LEAST_BYTES;
    while (room < needed)
        room *= 2;
    if (room == p->room)
        return true;
    uint8_t *data = arena_grow(arena, p->data, p->room, room);
    if (!data)
        return false;
    p->data = data;
    p->room = room;
    return true;
}

// Where a range of new bytes lies on known ones they must be the same.
static bool same_where_known(const struct pieces *p, uint32_t from, struct bytes data)
{
    uint32_t to = from + (uint32_t)data.len;
    for (size_t i = 0; i < p->range_count; i++) {
        uint32_t a = p->ranges[i].from > from ? p->ranges[i].from : from;
        uint32_t b = p->ranges[i].to < to ? p->ranges[i].to : to;
        if (a < b && memcmp(&p->data[a], bytes_from(data, a - from).data, b - a) != 0)
            return false;
    }
    return true;
}

// Insert a range, swallowing those it touches. False: one too many.
static bool range_add(struct pieces *p, uint32_t from, uint32_t to)
{
    size_t first = 0;
    while (first < p->range_count && p->ranges[first].to < from)
        first++;
    size_t last = first;
    while (last < p->range_count && p->ranges[last].from <= to) {
        from = p->ranges[last].from < from ? p->ranges[last].from : from;
        to = p->ranges[last].to > to ? p->ranges[last].to : to;
        last++;
    }
    if (last == first && p->range_count == PIECES_RANGES_MAX)
        return false;
    memmove(&p->ranges[first + 1], &p->ranges[last], (p->range_count - last) * sizeof *p->ranges);
    p->range_count = p->range_count - (last - first) + 1;
    p->ranges[first] = (struct pieces_range){from, to};
    return true;
}

enum pieces_result pieces_add(
    struct pieces *p, struct arena *arena, uint64_t offset, struct bytes data)
{
    if (data.len == 0)
        return PIECES_OK;
    if (offset > PIECES_MAX_BYTES || data.len > PIECES_MAX_BYTES - offset)
        return PIECES_TOO_LONG;
    uint32_t from = (uint32_t)offset, to = from + (uint32_t)data.len;
    if (!room_make(p, arena, to))
        return PIECES_NO_MEMORY;
    if (!same_where_known(p, from, data))
        return PIECES_DIFFERENT;
    if (!range_add(p, from, to))
        return PIECES_TOO_LONG;
    memcpy(&p->data[from], data.data, data.len);
    return PIECES_OK;
}

struct bytes pieces_front(const struct pieces *p)
{
    if (p->range_count == 0 || p->ranges[0].from > 0)
        return (struct bytes){NULL, 0};
    return bytes_make(p->data, p->ranges[0].to);
}
