// SPDX-License-Identifier: Apache-2.0
// A file crossing the wire: counted, hashed and typed as its bytes pass; kept only on request.
#pragma once
#include "base/arena.h"
#include "base/hash.h"
#include "file/scan.h"

struct file_kinds; // libmagic's rules; one per worker

[[nodiscard]] struct file_kinds *file_kinds_create(void); // NULL: libmagic or memory not there
void file_kinds_destroy(struct file_kinds *kinds);

struct file;

struct file_result {
    uint64_t size; // bytes seen, gaps not counted
    bool gaps;
    bool complete; // the last byte was seen, and none is missing
    struct bytes
        magic; // libmagic's description of the first bytes; lives as long as `kinds`' next use
    struct bytes mime;
    bool stored; // kept in the folder under its SHA-256
    bool hashed; // md5 and sha256 are there: the file was complete
    uint8_t md5[MD5_BYTES];
    uint8_t sha256[SHA256_BYTES];
    const struct file_verdict *verdict; // NULL: not scanned, or nothing to scan
};

// A folder in which files are kept under their SHA-256; one per worker. The descriptor is borrowed.
// Files longer than the limit are not kept. NULL: out of memory.
struct file_keep;
[[nodiscard]] struct file_keep *file_keep_create(int folder, unsigned worker, uint64_t limit_bytes);
void file_keep_destroy(struct file_keep *keep);
int file_keep_error(const struct file_keep *keep); // errno of the first failure; 0: none

// Memory comes from the arena and lives as long as it; so must the name. keep and scan may be NULL.
// NULL when out of budget. Finish every file with file_close.
[[nodiscard]] struct file *file_open(
    struct arena *arena, struct file_keep *keep, struct file_scan *scan, struct bytes name);
void file_append(struct file *file, struct bytes data);
void file_gap(struct file *file, size_t lost);
void file_close(
    struct file *file, bool complete, struct file_kinds *kinds, struct file_result *out);

// Type of a file that begins with `head`, as file_close finds it. Slices live until kinds' next
// use.
void file_kinds_find(
    struct file_kinds *kinds, struct bytes head, struct bytes *magic, struct bytes *mime);
