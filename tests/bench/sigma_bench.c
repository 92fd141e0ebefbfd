// SPDX-License-Identifier: Apache-2.0
// sigma_bench RULES FILE...: how long Sigma rules take to load, and over each record of other
// products' logs. -v also tells which rules found something.
#include "base/clock.h"
#include "capture/capture.h"
#include "logs/logs.h"
#include "sigma/sigma.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct seen {
    uint64_t records, hits, ns;
    const char *file;
    bool tell;
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000'000'000 + (uint64_t)t.tv_nsec;
}

static void take_hit(void *context, const struct hit *hit)
{
    struct seen *seen = context;
    seen->hits++;
    if (seen->tell)
        printf("%s %.*s %.*s\n", seen->file, (int)hit->rule.len, (const char *)hit->rule.data,
            (int)hit->title.len, (const char *)hit->title.data);
}

static void take_record(struct sigma_worker *worker, const struct record *record, struct seen *seen)
{
    uint64_t start = now_ns();
    sigma_record(worker, record, take_hit, seen);
    seen->ns += now_ns() - start;
    seen->records++;
}

static void take_file(struct sigma_worker *worker, const char *path, struct seen *seen)
{
    struct lines *lines = lines_open(path);
    struct log_reader *reader = log_reader_create(log_sniff(lines_peek(lines)), path);
    struct bytes line;
    struct record record;
    seen->file = path;
    while (reader && lines_next(lines, &line)) {
        enum log_line what = log_read_line(reader, line, &record);
        for (; what != LOG_SILENT; what = log_read_more(reader, &record))
            if (what == LOG_RECORD)
                take_record(worker, &record, seen);
    }
    log_reader_destroy(reader);
    lines_close(lines);
}

static long memory_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void tell_load(const struct sigma_report *r, uint64_t ns)
{
    char text[1024];
    for (size_t i = 0; i < r->problems_count; i++) {
        sigma_problem_text(&r->problems[i], LANG_EN, text, sizeof text);
        fprintf(stderr, "%s\n", text);
    }
    printf("load: %llu documents, %llu rules, %llu active, %llu refused, %.2f s, %ld MB\n",
        (unsigned long long)r->documents, (unsigned long long)r->rules,
        (unsigned long long)r->active, (unsigned long long)r->refused, (double)ns / 1e9,
        memory_mb());
}

int main(int argc, char **argv)
{
    bool tell = argc > 1 && argv[1][0] == '-' && argv[1][1] == 'v';
    char **args = &argv[1 + tell];
    if (argc - tell < 2)
        return 2;
    struct sigma_report report;
    const char *paths[] = {args[0]};
    uint64_t start = now_ns();
    struct sigma *sigma = sigma_load(
        &(struct sigma_options){.config = &config_defaults, .paths = paths, .paths_count = 1},
        &report);
    tell_load(&report, now_ns() - start);
    struct sigma_worker *worker = sigma ? sigma_worker_create(sigma) : NULL;
    struct seen seen = {.tell = tell};
    for (char **file = &args[1]; worker && *file; file++)
        take_file(worker, *file, &seen);
    printf("match: %llu records, %llu hits, %.0f ns a record\n", (unsigned long long)seen.records,
        (unsigned long long)seen.hits, seen.records ? (double)seen.ns / (double)seen.records : 0);
    sigma_worker_destroy(worker);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
    return worker ? 0 : 1;
}
