// SPDX-License-Identifier: Apache-2.0
// A file crossing the wire. Both digests run over bytes as they come; the first KIND_HEAD_BYTES are
// kept until the end for a look at the type.
#include "file/file.h"
#include "base/hash.h"
#include "file/keep.h"
#include "file/kind.h"
#include "file/scan_bytes.h"

struct file {
    struct arena *arena;
    uint64_t size;
    bool gaps;
    bool headless;          // a gap came before the first bytes, or no memory for them
    struct file_keep *keep; // NULL: not asked for
    struct keep_file kept;
    struct scan_bytes scan;
    struct bytes name;
    struct hash_file *hash;
    uint8_t *head;
    size_t head_len, head_room;
    _Alignas(16) uint8_t hash_room[HASH_FILE_STATE_BYTES];
};

struct file *file_open(
    struct arena *arena, struct file_keep *keep, struct file_scan *scan, struct bytes name)
{
    struct file *file = arena_alloc(arena, sizeof *file);
    if (!file)
        return NULL;
    *file = (struct file){.arena = arena, .keep = keep, .name = name};
    scan_bytes_begin(&file->scan, scan);
    file->hash = hash_file_init(file->hash_room);
    return file;
}

// Most heads come in one piece and small files are many: room grows as needed.
static bool head_reserve(struct file *file, size_t more)
{
    size_t need = file->head_len + more;
    if (need <= file->head_room)
        return true;
    uint8_t *head = arena_grow(file->arena, file->head, file->head_room, need);
    if (!head)
        return false;
    file->head = head;
    file->head_room = need;
    return true;
}

static void head_append(struct file *file, struct bytes data)
{
    struct bytes more = bytes_sub(data, 0, KIND_HEAD_BYTES - file->head_len);
    if (!head_reserve(file, more.len)) {
        file->headless = true;
        return;
    }
    memcpy(&file->head[file->head_len], more.data, more.len);
    file->head_len += more.len;
}

void file_append(struct file *file, struct bytes data)
{
    if (data.len == 0)
        return;
    if (file->head_len < KIND_HEAD_BYTES && !file->headless && !file->gaps)
        head_append(file, data);
    file->size += data.len;
    scan_bytes_append(&file->scan, data);
    if (file->gaps) // digests of half a file tell nothing
        return;
    hash_file_update(file->hash, data);
    keep_append(file->keep, &file->kept, data);
}

void file_gap(struct file *file, size_t lost)
{
    file->gaps |= lost > 0;
    scan_bytes_gap(&file->scan, lost);
}

static void scan(struct file *file, struct file_result *out)
{
    struct scan_end end = {
        .size = file->size,
        .complete = out->complete,
        .sha256 = out->hashed ? out->sha256 : NULL,
        .name = file->name,
        .mime = out->mime,
        .magic = out->magic,
    };
    out->verdict = file_scan_finish(file->scan.scan, &file->scan, &end);
    scan_bytes_drop(&file->scan);
}

void file_close(struct file *file, bool complete, struct file_kinds *kinds, struct file_result *out)
{
    *out = (struct file_result){.size = file->size, .gaps = file->gaps};
    out->complete = complete && !file->gaps;
    out->hashed = out->complete;
    if (out->hashed)
        hash_file_finish(file->hash, out->md5, out->sha256);
    if (out->hashed)
        out->stored = keep_finish(file->keep, &file->kept, out->sha256);
    else
        keep_drop(file->keep, &file->kept);
    if (file->head_len > 0)
        file_kinds_find(kinds, bytes_make(file->head, file->head_len), &out->magic, &out->mime);
    if (file->scan.scan)
        scan(file, out);
}
