// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a file of indicators (STIX, MISP, OpenIOC, a list) end in a set or
// in messages of one line, and what was loaded can be asked.
#include "fuzz.h"
#include "intel/intel.h"
#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void take_hit(void *, const struct hit *hit)
{
    assert(hit->head && hit->detector);
}

static const struct record_dns_query query = {.rrname = BYTES("evil.example.com")};
static const struct record_dns dns = {.queries = &query, .queries_count = 1};
static const struct record_http http = {.hostname = BYTES("evil.example.com"), .url = BYTES("/x")};
static const struct record_flow flow = {.start = 1};

static void ask(const struct intel *intel)
{
    static const struct record records[] = {{.type = RECORD_DNS, .body = &dns},
        {.type = RECORD_HTTP, .body = &http}, {.type = RECORD_FLOW, .body = &flow}};
    struct metrics metrics = {0};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++)
        intel_record(intel, &records[i], &metrics, take_hit, NULL);
}

void fuzz_intel(const uint8_t *data, size_t size)
{
    char path[64], line[4096];
    int fd = memfd_create("fuzz", 0);
    assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *paths[] = {path};
    struct intel_options options = {.config = &config_defaults, .paths = paths, .paths_count = 1};
    struct intel_report report;
    struct intel *intel = intel_load(&options, &report);
    for (size_t i = 0; i < report.problems_count; i++) {
        enum lang lang = i % 2 ? LANG_JA : LANG_EN;
        size_t len = intel_problem_text(&report.problems[i], lang, line, sizeof line);
        assert(len > 0 && !memchr(line, '\n', len));
    }
    bool failed = report.files_count > 0 && report.files[0].failed;
    assert(!failed || !intel || (intel_count(intel) == 0 && report.patterns == 0));
    if (intel)
        ask(intel);
    intel_report_finish(&report);
    intel_destroy(intel);
    close(fd);
}
