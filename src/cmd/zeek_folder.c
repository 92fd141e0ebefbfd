// SPDX-License-Identifier: Apache-2.0
#include "cmd/zeek_folder.h"
#include "base/alloc.h"
#include "logs/logs.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOGS_MOST = 255 }; // one byte says which a line is for

struct zeek_folder {
    char path[PATH_MAX];
    FILE *logs[LOGS_MOST];
    int64_t last_us; // time of the newest line
    int error;
};

struct zeek_folder *zeek_folder_open(const char *path)
{
    struct zeek_folder *folder = base_calloc(1, sizeof *folder);
    if (!folder)
        return NULL;
    if (snprintf(folder->path, sizeof folder->path, "%s", path) >= (int)sizeof folder->path) {
        base_free(folder);
        return NULL;
    }
    return folder;
}

static bool name_of(
    const struct zeek_folder *folder, size_t log, const char *end, char out[PATH_MAX])
{
    int len = snprintf(out, PATH_MAX, "%s/%s.log%s", folder->path, zeek_log_name(log), end);
    if (len >= PATH_MAX)
        errno = ENAMETOOLONG;
    return len < PATH_MAX;
}

static void put(struct zeek_folder *folder, FILE *file, const char *data, size_t len)
{
    if (file && fwrite(data, 1, len, file) != len && !folder->error)
        folder->error = errno ? errno : EIO;
}

static void put_json(struct zeek_folder *folder, FILE *file, struct json *text)
{
    if (text->failed && !folder->error)
        folder->error = ENOMEM;
    put(folder, file, text->data, text->len);
    json_finish(text);
}

static FILE *log_of(struct zeek_folder *folder, size_t log, int64_t time_us)
{
    char name[PATH_MAX];
    if (folder->logs[log] || folder->error)
        return folder->logs[log];
    if (name_of(folder, log, ".part", name))
        folder->logs[log] = fopen(name, "we");
    if (!folder->logs[log]) {
        folder->error = errno;
        return NULL;
    }
    struct json head;
    json_init(&head);
    zeek_write_head(&head, log, time_us);
    put_json(folder, folder->logs[log], &head);
    return folder->logs[log];
}

// A line's first column is its time in seconds.
static int64_t time_of(const char *line, size_t len)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < len && i < 12 && line[i] >= '0' && line[i] <= '9'; i++)
        seconds = seconds * 10 + (line[i] - '0');
    return seconds * 1000'000;
}

int zeek_folder_write(struct zeek_folder *folder, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t line = end ? (size_t)(end - data) + 1 : len; // lint: length of the line found
        size_t log = (uint8_t)data[0];
        int64_t time_us = time_of(&data[1], line - 1);
        if (time_us > folder->last_us)
            folder->last_us = time_us;
        if (log >= 1 && log <= zeek_logs_count())
            put(folder, log_of(folder, log - 1, time_us), &data[1], line - 1);
        data = &data[line];
        len -= line;
    }
    return folder->error;
}

static void log_end(struct zeek_folder *folder, size_t log, enum events_fate fate)
{
    char part[PATH_MAX], whole[PATH_MAX];
    struct json end;
    json_init(&end);
    zeek_write_end(&end, folder->last_us);
    put_json(folder, folder->logs[log], &end);
    if (fclose(folder->logs[log]) != 0 && !folder->error)
        folder->error = errno;
    if (!name_of(folder, log, ".part", part) || !name_of(folder, log, "", whole))
        return;
    if (fate == EVENTS_WHOLE && !folder->error && rename(part, whole) != 0)
        folder->error = errno;
    else if (fate == EVENTS_NOTHING)
        (void)unlink(part);
}

int zeek_folder_close(struct zeek_folder *folder, enum events_fate fate)
{
    for (size_t i = 0; i < zeek_logs_count(); i++)
        if (folder->logs[i])
            log_end(folder, i, fate);
    int error = folder->error;
    base_free(folder);
    return error;
}
