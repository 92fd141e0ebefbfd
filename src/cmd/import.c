// SPDX-License-Identifier: Apache-2.0
#include "cmd/import.h"
#include "base/alloc.h"
#include "base/stop.h"
#include <string.h>
#include <sys/stat.h>

enum { PROGRESS_LINES = 4096 };

struct import {
    struct worker *worker;
    struct import_totals *totals;
    void (*progress)(void *context, double share, uint64_t records);
    void *progress_context;
};

bool import_is_log(const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false; // what is looked at in a pipe is gone from it
    struct lines *lines = lines_open(path);
    bool is = lines && log_sniff(lines_peek(lines)) != LOG_FORMAT_NONE;
    lines_close(lines);
    return is;
}

static void note_time(struct import_totals *totals, int64_t time_us)
{
    if (totals->records == 0 || time_us < totals->first_us)
        totals->first_us = time_us;
    if (totals->records == 0 || time_us > totals->last_us)
        totals->last_us = time_us;
    totals->records++;
}

static void take(struct import *im, enum log_line what, const struct record *record,
    struct import_report *report)
{
    switch (what) {
    case LOG_RECORD:
        report->records++;
        note_time(im->totals, record->head.timestamp);
        worker_record(im->worker, record);
        break;
    case LOG_SILENT: break;
    case LOG_OTHER: report->others++; break;
    case LOG_DAMAGED:
        if (report->damaged++ == 0)
            report->first_damaged = report->lines;
        break;
    }
}

static void take_line(
    struct import *im, struct log_reader *reader, struct bytes line, struct import_report *report)
{
    struct record record = {.aside = {NULL, 0}};
    report->lines++;
    enum log_line what = log_read_line(reader, line, &record);
    while (what != LOG_SILENT) {
        take(im, what, &record, report);
        what = log_read_more(reader, &record);
    }
}

static bool import_one(struct import *im, struct import_report *report)
{
    struct lines *lines = lines_open(report->path);
    struct log_reader *reader =
        lines ? log_reader_create(log_sniff(lines_peek(lines)), report->path) : NULL;
    struct bytes line;
    while (reader && !stop_asked() && lines_next(lines, &line)) {
        take_line(im, reader, line, report);
        if (im->progress && report->lines % PROGRESS_LINES == 0)
            im->progress(im->progress_context, lines_progress(lines), im->totals->records);
    }
    if (reader && !stop_asked())
        take(im, log_read_end(reader), NULL, report);
    if (lines) {
        report->damaged += lines_cut(lines);
        (void)lines_trouble(lines, LANG_EN, report->trouble, sizeof report->trouble);
    }
    bool ok = reader != NULL;
    log_reader_destroy(reader);
    lines_close(lines);
    return ok;
}

bool import_logs(const char *const *paths, size_t count, struct worker *worker,
    struct import_totals *totals, void (*progress)(void *context, double share, uint64_t records),
    void *progress_context)
{
    struct import im = {worker, totals, progress, progress_context};
    *totals = (struct import_totals){.count = count};
    if (count == 0)
        return true;
    totals->reports = base_calloc(count, sizeof *totals->reports);
    bool ok = totals->reports != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        totals->reports[i].path = paths[i];
        ok = import_one(&im, &totals->reports[i]);
    }
    return ok;
}

void import_finish(struct import_totals *totals)
{
    base_free(totals->reports);
    totals->reports = NULL;
}
