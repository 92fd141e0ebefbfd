// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any text as a STIX pattern ends in a tree or in a reason, and a tree can be
// held against records, alone and settled.
#include "fuzz.h"
#include "intel/pattern_state.h"
#include <assert.h>

static const struct record_dns_query query = {.rrname = BYTES("evil.example.com")};
static const struct bytes addresses[] = {BYTES("203.0.113.9")};
static const struct record_dns dns = {
    .queries = &query, .queries_count = 1, .grouped = {.a = addresses, .a_count = 1}};
static const struct record_http http = {.hostname = BYTES("evil.example.com"),
    .url = BYTES("/a/b?c"),
    .http_method = BYTES("GET"),
    .http_user_agent = BYTES("Mozilla/5.0")};
static const struct bytes to[] = {BYTES("\"A, B\" <a@example.com>, b@example.com")};
static const struct record_smtp smtp = {.mail_from = BYTES("<x@evil.example>"),
    .email = {
        .from = BYTES("X <x@evil.example"), .to = to, .to_count = 1, .subject = BYTES("invoice")}};
static const struct record_flow flow = {.start = 1'600'000'000'000'000, .bytes_toserver = 5000};
static const struct record_fileinfo file = {.filename = BYTES("/d/invoice.exe"), .size = 4096};
static const struct record_tls tls = {
    .sni = BYTES("c2.example.net"), .serial = BYTES("00:0e:97"), .subject = BYTES("CN=a, O=b")};

static void settle(void *state, const struct hit *hit)
{
    struct hit whole;
    if (hit->settle)
        (void)pattern_state_see(state, hit, &whole);
}

static void ask(const struct pattern_set *set)
{
    const struct record records[] = {{.type = RECORD_DNS, .body = &dns},
        {.type = RECORD_HTTP, .body = &http}, {.type = RECORD_SMTP, .body = &smtp},
        {.type = RECORD_FLOW, .body = &flow}, {.type = RECORD_FILEINFO, .body = &file},
        {.type = RECORD_TLS, .body = &tls}};
    struct pattern_state *state = pattern_state_create(1 << 20);
    assert(state);
    for (int64_t i = 0; i < 60; i++) {
        struct record record = records[i % 6];
        record.head = (struct record_head){.timestamp = 1'600'000'000'000'000 + i * 1'000'000,
            .has_dest_port = true,
            .dest_port = 443,
            .proto = BYTES("TCP")};
        addr_parse(BYTES("10.0.0.5"), &record.head.src_ip);
        addr_parse(BYTES("203.0.113.9"), &record.head.dest_ip);
        pattern_set_record(set, &record, settle, state);
    }
    pattern_state_destroy(state);
}

void fuzz_pattern(const uint8_t *data, size_t size)
{
    struct pattern_set *set = pattern_set_create(&config_defaults);
    struct pattern_says says = {.confidence = INTEL_CONFIDENCE_UNSAID};
    assert(set);
    struct bytes text = bytes_make(data, size);
    if (pattern_set_add_text(set, text, &says) == PATTERN_ADDED)
        ask(set);
    pattern_set_destroy(set);
}
