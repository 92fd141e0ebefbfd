// SPDX-License-Identifier: Apache-2.0
// CRYPTO frames put in order (RFC 9000 19.6). Browsers cut their hello into many pieces and
// shuffle them on purpose, so that nobody reads it from the first packet alone.
#include "proto/quic.h"

enum { ROOM_LEAST_BYTES = 2048 };

static bool room_make(struct quic_stream *s, struct arena *arena, size_t needed)
{
    size_t room = s->room ? s->room : ROOM_LEAST_BYTES;
    while (room < needed)
        room *= 2;
    if (room == s->room)
        return true;
    uint8_t *data = arena_grow(arena, s->data, s->room, room);
    if (!data)
        return false;
    s->data = data;
    s->room = room;
    return true;
}

// Where a range of new bytes lies on known ones they must be the same.
static bool same_where_known(const struct quic_stream *s, uint32_t from, struct bytes data)
{
    uint32_t to = from + (uint32_t)data.len;
    for (size_t i = 0; i < s->range_count; i++) {
        uint32_t a = s->ranges[i].from > from ? s->ranges[i].from : from;
        uint32_t b = s->ranges[i].to < to ? s->ranges[i].to : to;
        if (a < b && memcmp(s->data + a, bytes_from(data, a - from).data, b - a) != 0)
            return false;
    }
    return true;
}

// Insert a range, swallowing those it touches. False: one too many.
static bool range_add(struct quic_stream *s, uint32_t from, uint32_t to)
{
    size_t first = 0;
    while (first < s->range_count && s->ranges[first].to < from)
        first++;
    size_t last = first;
    while (last < s->range_count && s->ranges[last].from <= to) {
        from = s->ranges[last].from < from ? s->ranges[last].from : from;
        to = s->ranges[last].to > to ? s->ranges[last].to : to;
        last++;
    }
    if (last == first && s->range_count == QUIC_RANGES_MAX)
        return false;
    memmove(&s->ranges[first + 1], &s->ranges[last], (s->range_count - last) * sizeof *s->ranges);
    s->range_count = s->range_count - (last - first) + 1;
    s->ranges[first] = (struct quic_range){from, to};
    return true;
}

enum quic_stream_result quic_stream_add(
    struct quic_stream *s, struct arena *arena, uint64_t offset, struct bytes data)
{
    if (data.len == 0)
        return QUIC_STREAM_OK;
    if (offset > QUIC_CRYPTO_MAX_BYTES || data.len > QUIC_CRYPTO_MAX_BYTES - offset)
        return QUIC_STREAM_TOO_LONG;
    uint32_t from = (uint32_t)offset, to = from + (uint32_t)data.len;
    if (!room_make(s, arena, to))
        return QUIC_STREAM_NO_MEMORY;
    if (!same_where_known(s, from, data))
        return QUIC_STREAM_DIFFERENT;
    if (!range_add(s, from, to))
        return QUIC_STREAM_TOO_LONG;
    memcpy(s->data + from, data.data, data.len);
    return QUIC_STREAM_OK;
}

struct bytes quic_stream_ready(const struct quic_stream *s)
{
    if (s->range_count == 0 || s->ranges[0].from > 0)
        return (struct bytes){NULL, 0};
    return bytes_from(bytes_make(s->data, s->ranges[0].to), s->taken);
}
