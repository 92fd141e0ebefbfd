// SPDX-License-Identifier: Apache-2.0
// Writes the bytes of files that cross the wire into a folder, one file each, named by its SHA-256
// and readable by its owner only. Nothing is ever executable; a file with a gap is not kept.
#pragma once
#include "base/hash.h"

struct file_keep;

// A file on its way into the folder.
struct keep_file {
    uint64_t number; // of the partial file; 0: none was begun
    uint64_t size;
    bool given_up; // over the limit, damaged or not writable: what was written is gone
};

void keep_append(struct file_keep *keep, struct keep_file *file, struct bytes data);

// The file is whole: give it its name. True: it is in the folder now.
[[nodiscard]] bool keep_finish(
    struct file_keep *keep, struct keep_file *file, const uint8_t sha256[SHA256_BYTES]);

// Not wanted after all: remove what was written.
void keep_drop(struct file_keep *keep, struct keep_file *file);
