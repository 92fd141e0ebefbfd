// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as Sigma rules end in rules or in messages, and the rules are held
// against an event, a request and a look-up.
#include "fuzz.h"
#include "sigma/sigma.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct sinks {
    struct sigma_state *state;
};

static void take(void *context, const struct hit *hit)
{
    struct sinks *sinks = context;
    assert(hit->rule.len > 0 && hit->matches_count <= HIT_MATCHES);
    if (hit->settle)
        sigma_settle(sinks->state, hit, take, sinks);
}

static void run_all(const struct sigma *sigma, struct sinks *sinks)
{
    struct json_pair pairs[] = {{BYTES("Image"), BYTES("C:\\Windows\\System32\\cmd.exe")},
        {BYTES("CommandLine"), BYTES("cmd /c -enc YQBiAA== 10.0.0.1")},
        {BYTES("ParentImage"), BYTES("C:\\Tools\\editor.exe")}, {BYTES("User"), BYTES("")},
        {BYTES("UtcTime"), BYTES("2026-11-22 01:00:00.000")},
        {BYTES("TargetUserName"), BYTES("x")}};
    struct record_log_event event = {.product = BYTES("windows"),
        .channel = BYTES("Microsoft-Windows-Sysmon/Operational"),
        .has_event_id = true,
        .event_id = 1,
        .event_data = {.pairs = pairs, .pairs_count = sizeof pairs / sizeof *pairs}};
    struct record_http http = {.hostname = BYTES("a.example"),
        .url = BYTES("/.git/config.js?x=1"),
        .http_method = BYTES("GET"),
        .http_user_agent = BYTES("curl/8"),
        .status = 200};
    struct record_dns_query query = {.rrname = BYTES("a.example"), .rrtype = BYTES("A")};
    struct record_dns dns = {.type = BYTES("request"), .queries = &query, .queries_count = 1};
    struct record records[] = {{.type = RECORD_LOG_EVENT, .body = &event},
        {.type = RECORD_HTTP, .body = &http}, {.type = RECORD_DNS, .body = &dns}};
    struct sigma_worker *worker = sigma_worker_create(sigma);
    for (size_t i = 0; worker && i < 4 * sizeof records / sizeof *records; i++) {
        records[i % 3].head.timestamp = 1'000'000 + (int64_t)i * 1'000'000;
        event.event_id = i % 2 ? 4625 : 1;
        event.channel = i % 2 ? BYTES("Security") : BYTES("Microsoft-Windows-Sysmon/Operational");
        sigma_record(worker, &records[i % 3], take, sinks);
    }
    sigma_worker_destroy(worker);
}

void fuzz_sigma(const uint8_t *data, size_t size)
{
    char path[64], text[512];
    int fd = memfd_create("rules", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *paths[] = {path};
    struct sigma_report report;
    struct sigma *sigma = sigma_load(
        &(struct sigma_options){.config = &config_defaults, .paths = paths, .paths_count = 1},
        &report);
    for (size_t i = 0; i < report.problems_count; i++)
        assert(sigma_problem_text(&report.problems[i], size % 2 ? LANG_JA : LANG_EN, text,
                   sizeof text) < sizeof text);
    struct sinks sinks = {.state = sigma ? sigma_state_create(sigma, &config_defaults) : NULL};
    if (sinks.state) {
        run_all(sigma, &sinks);
        sigma_settle_end(sinks.state, take, &sinks);
    }
    sigma_state_destroy(sinks.state);
    sigma_destroy(sigma);
    sigma_report_finish(&report);
    close(fd);
}
