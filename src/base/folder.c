// SPDX-License-Identifier: Apache-2.0
#include "base/folder.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A folder on the way to where the walk is.
struct level {
    const struct level *above;
    dev_t device;
    ino_t inode;
    unsigned depth;
};

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_within_itself(const struct level *level)
{
    for (const struct level *l = level->above; l; l = l->above)
        if (l->device == level->device && l->inode == level->inode)
            return true;
    return false;
}

static bool walk_folder(const struct folder_walk *walk, const char *path, const struct stat *status,
    const struct level *above);

static bool walk_entry(
    const struct folder_walk *walk, const char *folder, const char *name, const struct level *level)
{
    char path[PATH_MAX];
    struct stat status;
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return true;
    bool there = stat(path, &status) == 0;
    if (there && S_ISDIR(status.st_mode))
        return walk_folder(walk, path, &status, level);
    if (!walk->wanted(name) || (there && !S_ISREG(status.st_mode)))
        return true;
    if (there)
        return walk->file(walk->context, path, &status);
    walk->trouble(walk->context, path, errno);
    return true;
}

static bool walk_folder(const struct folder_walk *walk, const char *path, const struct stat *status,
    const struct level *above)
{
    struct level level = {above, status->st_dev, status->st_ino, above ? above->depth + 1 : 0};
    struct dirent **entries = NULL;
    bool more = true;
    if (is_within_itself(&level))
        return true;
    int count = -1;
    if (level.depth < FOLDER_DEEP)
        count = scandir(path, &entries, not_hidden, by_bytes);
    else
        errno = ELOOP;
    if (count < 0)
        walk->trouble(walk->context, path, errno);
    for (int i = 0; i < count; i++) {
        more = more && walk_entry(walk, path, entries[i]->d_name, &level);
        free(entries[i]); // lint: scandir() allocates
    }
    free(entries); // lint: scandir() allocates
    return more;
}

bool folder_walk(const struct folder_walk *walk, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        walk->trouble(walk->context, path, errno);
        return true;
    }
    if (S_ISDIR(status.st_mode))
        return walk_folder(walk, path, &status, NULL);
    return walk->file(walk->context, path, &status);
}
