// SPDX-License-Identifier: Apache-2.0
// Inside file/: the bytes of one file on their way to a scan, as they pass.
#pragma once
#include "file/scan.h"

struct scan_chunk {
    struct scan_chunk *next;
    size_t len, room;
    uint8_t data[];
};

struct scan_bytes {
    struct file_scan *scan; // NULL: files are not scanned
    struct arena arena;
    struct scan_chunk *first, *last;
    size_t len;  // kept
    bool begun;  // the arena is there
    bool cut;    // longer than what is kept
    bool holes;  // bytes are missing; zeros stand for them
    bool memory; // it ran out
};

void scan_bytes_begin(struct scan_bytes *bytes, struct file_scan *scan);
void scan_bytes_append(struct scan_bytes *bytes, struct bytes data);
void scan_bytes_gap(struct scan_bytes *bytes, size_t lost);
void scan_bytes_drop(struct scan_bytes *bytes);

// Everything kept, in `room` (of bytes->len) unless it is in one piece already.
struct bytes scan_bytes_whole(const struct scan_bytes *bytes, uint8_t *room);

// What the file_scan lends to them.
struct pool *file_scan_pool(struct file_scan *scan);
size_t file_scan_limit(const struct file_scan *scan); // bytes of one file

// The file ended. NULL: nothing was scanned. The verdict is the file_scan's.
struct scan_end {
    uint64_t size; // bytes that passed
    bool complete;
    const uint8_t *sha256; // NULL: not computed
    struct bytes name, mime, magic;
};
const struct file_verdict *file_scan_finish(
    struct file_scan *scan, struct scan_bytes *bytes, const struct scan_end *end);
