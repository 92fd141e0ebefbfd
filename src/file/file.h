// SPDX-License-Identifier: Apache-2.0
// A file crossing the wire: counted, hashed and typed as its bytes pass, without keeping them.
#pragma once
#include "base/arena.h"
#include "base/hash.h"

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
    bool hashed; // md5 and sha256 are there: the file was complete
    uint8_t md5[MD5_BYTES];
    uint8_t sha256[SHA256_BYTES];
};

// Memory comes from the arena and lives as long as it. NULL when out of budget.
[[nodiscard]] struct file *file_open(struct arena *arena);
void file_append(struct file *file, struct bytes data);
void file_gap(struct file *file, size_t lost);
void file_close(
    struct file *file, bool complete, struct file_kinds *kinds, struct file_result *out);

// Type of a file that begins with `head`, as file_close finds it. Slices live until kinds' next
// use.
void file_kinds_find(
    struct file_kinds *kinds, struct bytes head, struct bytes *magic, struct bytes *mime);
