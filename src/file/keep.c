// SPDX-License-Identifier: Apache-2.0
// Flows have many files open at once and processes few descriptors: each append opens its partial
// file anew. Keeping files is for looking into captures, not for the fast path.
#include "file/keep.h"
#include "base/alloc.h"
#include "file/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 2 * SHA256_BYTES + 1 };

struct file_keep {
    int folder; // borrowed
    unsigned worker;
    uint64_t limit_bytes;
    uint64_t count; // partial files begun
    int error;      // errno of the first failure
};

struct file_keep *file_keep_create(int folder, unsigned worker, uint64_t limit_bytes)
{
    struct file_keep *keep = base_calloc(1, sizeof *keep);
    if (keep)
        *keep = (struct file_keep){.folder = folder, .worker = worker, .limit_bytes = limit_bytes};
    return keep;
}

void file_keep_destroy(struct file_keep *keep)
{
    base_free(keep);
}

int file_keep_error(const struct file_keep *keep)
{
    return keep->error;
}

static void partial_name(const struct file_keep *keep, uint64_t number, char out[NAME_BYTES])
{
    snprintf(out, NAME_BYTES, ".partial-%u-%llu", keep->worker, (unsigned long long)number);
}

static bool fail(struct file_keep *keep)
{
    if (keep->error == 0)
        keep->error = errno;
    return false;
}

static bool write_whole(int fd, struct bytes data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.data, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data = bytes_from(data, (size_t)n);
    }
    return true;
}

static bool partial_append(struct file_keep *keep, struct keep_file *file, struct bytes data)
{
    char name[NAME_BYTES];
    int how = file->number ? O_APPEND : O_CREAT | O_TRUNC;
    if (!file->number)
        file->number = ++keep->count;
    partial_name(keep, file->number, name);
    int fd = openat(keep->folder, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | how, 0600);
    if (fd < 0)
        return fail(keep);
    bool written = write_whole(fd, data) || fail(keep);
    if (close(fd) != 0 && written)
        return fail(keep);
    return written;
}

void keep_append(struct file_keep *keep, struct keep_file *file, struct bytes data)
{
    if (!keep || file->given_up)
        return;
    file->size += data.len;
    if (file->size > keep->limit_bytes || !partial_append(keep, file, data))
        keep_drop(keep, file);
}

void keep_drop(struct file_keep *keep, struct keep_file *file)
{
    file->given_up = true;
    if (!keep || file->number == 0)
        return;
    char name[NAME_BYTES];
    partial_name(keep, file->number, name);
    (void)unlinkat(keep->folder, name, 0);
    file->number = 0;
}

bool keep_finish(struct file_keep *keep, struct keep_file *file, const uint8_t sha256[SHA256_BYTES])
{
    if (!keep || file->number == 0)
        return false;
    char partial[NAME_BYTES], name[NAME_BYTES] = "";
    partial_name(keep, file->number, partial);
    hash_hex(bytes_make(sha256, SHA256_BYTES), name);
    if (fchmodat(keep->folder, partial, 0400, 0) != 0 ||
        renameat(keep->folder, partial, keep->folder, name) != 0) {
        fail(keep);
        keep_drop(keep, file);
        return false;
    }
    file->number = 0;
    return true;
}
