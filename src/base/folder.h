// SPDX-License-Identifier: Apache-2.0
// The files a path stands for: itself, or those of a folder and of the folders in it, in the order
// of their names, whatever the file system's and the locale's. Hidden ones are left out, and what
// is no regular file; a folder within itself (by a link) is entered once.
#pragma once
#include <stdbool.h>
#include <sys/stat.h>

enum { FOLDER_DEEP = 32 }; // folders in each other

struct folder_walk {
    bool (*wanted)(const char *name); // of the files in folders
    // False: no more of them.
    bool (*file)(void *context, const char *path, const struct stat *status);
    // error: errno; ELOOP: more than FOLDER_DEEP folders in each other.
    void (*trouble)(void *context, const char *path, int error);
    void *context;
};

// False: `file` said so. A path that was asked for is a file or a folder whatever its name.
bool folder_walk(const struct folder_walk *walk, const char *path);
