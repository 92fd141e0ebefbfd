// SPDX-License-Identifier: Apache-2.0
// DIR/events.jsonl, DIR/findings.jsonl: written beside its name and put in its place when it is
// whole, so that a run that comes to nothing leaves earlier results as they were.
#pragma once
#include "base/bytes.h"
#include "schema/text.h"
#include <limits.h>

// What went wrong: a text with {file} and {reason}, and what stands for them.
struct trouble {
    enum text_id id;
    int error; // errno
    const char *path;
};

struct events_file {
    int fd;
    bool nameless;         // a file nobody else sees; closed by who opened it
    bool in_place;         // a device or pipe of that name is written to itself
    char path[PATH_MAX];   // as people know it
    char target[PATH_MAX]; // the same without symbolic links
    char part[PATH_MAX];   // written to until it is whole
};

// Make the folder if need be and find out the names. Nothing is written yet. name: "events.jsonl"
[[nodiscard]] bool events_name(
    struct events_file *file, const char *folder, const char *name, struct trouble *why);

// Whether an input is the file that would be replaced.
bool events_is_input(const struct events_file *file, const char *path);

[[nodiscard]] bool events_open(struct events_file *file, struct trouble *why);

enum events_fate {
    EVENTS_NOTHING,   // nothing came of the run: take it away
    EVENTS_STAY_PART, // records are missing: leave it beside earlier ones
    EVENTS_WHOLE,     // put it in its place
};

// Returns errno, 0 when all went well.
[[nodiscard]] int events_close(struct events_file *file, enum events_fate fate);

// Make and open DIR/files for files to be kept; -1: why not.
[[nodiscard]] int files_open(const char *folder, char path[PATH_MAX], struct trouble *why);
