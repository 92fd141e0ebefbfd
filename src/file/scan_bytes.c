// SPDX-License-Identifier: Apache-2.0
// Chunks that double from 2 KiB to 128 KiB: a small file costs little, a large one no copies.
#include "file/scan_bytes.h"

enum { CHUNK_FIRST = 2 * 1024, CHUNK_MOST = 128 * 1024 };

void scan_bytes_begin(struct scan_bytes *bytes, struct file_scan *scan)
{
    *bytes = (struct scan_bytes){.scan = scan};
}

static bool chunk_add(struct scan_bytes *bytes)
{
    size_t room = bytes->last ? bytes->last->room * 2 : CHUNK_FIRST;
    if (room > CHUNK_MOST)
        room = CHUNK_MOST;
    if (!bytes->begun)
        arena_init(&bytes->arena, file_scan_pool(bytes->scan), SIZE_MAX);
    bytes->begun = true;
    struct scan_chunk *chunk = arena_alloc(&bytes->arena, sizeof *chunk + room);
    if (!chunk)
        return false;
    *chunk = (struct scan_chunk){.room = room};
    if (bytes->last)
        bytes->last->next = chunk;
    else
        bytes->first = chunk;
    bytes->last = chunk;
    return true;
}

// data NULL: zeros.
static void keep(struct scan_bytes *bytes, const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        if ((!bytes->last || bytes->last->len == bytes->last->room) && !chunk_add(bytes)) {
            bytes->memory = true;
            return;
        }
        struct scan_chunk *chunk = bytes->last;
        size_t more = chunk->room - chunk->len;
        if (more > len - done)
            more = len - done;
        if (data)
            memcpy(&chunk->data[chunk->len], &data[done], more);
        else
            memset(&chunk->data[chunk->len], 0, more);
        chunk->len += more;
        bytes->len += more;
        done += more;
    }
}

void scan_bytes_append(struct scan_bytes *bytes, struct bytes data)
{
    if (!bytes->scan || bytes->cut || bytes->memory)
        return;
    size_t left = file_scan_limit(bytes->scan) - bytes->len;
    bytes->cut = data.len > left;
    keep(bytes, data.data, bytes->cut ? left : data.len);
}

// Zeros keep what follows at its place, so that offsets in rules hold.
void scan_bytes_gap(struct scan_bytes *bytes, size_t lost)
{
    if (!bytes->scan || bytes->cut || bytes->memory || lost == 0)
        return;
    size_t left = file_scan_limit(bytes->scan) - bytes->len;
    bytes->holes = true;
    bytes->cut = lost > left;
    if (!bytes->cut)
        keep(bytes, NULL, lost);
}

void scan_bytes_drop(struct scan_bytes *bytes)
{
    if (bytes->begun)
        arena_reset(&bytes->arena);
    *bytes = (struct scan_bytes){.scan = bytes->scan};
}

struct bytes scan_bytes_whole(const struct scan_bytes *bytes, uint8_t *room)
{
    if (bytes->first && bytes->first == bytes->last)
        return bytes_make(bytes->first->data, bytes->first->len);
    size_t len = 0;
    for (const struct scan_chunk *chunk = bytes->first; chunk; chunk = chunk->next) {
        memcpy(&room[len], chunk->data, chunk->len);
        len += chunk->len;
    }
    return bytes_make(room, len);
}
