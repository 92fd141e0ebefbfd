// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void flow(struct trial *t, uint16_t port, const char *app, const char *first, bool outside)
{
    struct record_flow flow = {.has_payload_toserver = true,
        .payload_toserver = 500,
        .payload_toclient = 300,
        .first_toserver = bytes_from_text(first)};
    struct record record = {.type = RECORD_FLOW, .body = &flow};
    record.head = (struct record_head){.timestamp = 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = outside ? trial_addr(203, 0, 113, 1) : trial_addr(10, 0, 0, 2),
        .has_dest_port = true,
        .dest_port = port,
        .proto = BYTES("TCP"),
        .app_proto = bytes_from_text(app)};
    trial_record(t, &record);
}

TEST(where_it_does_not_belong)
{
    struct trial t;
    trial_begin(&t);
    flow(&t, 443, "failed", "\1\2\3", true);
    CHECK_EQ(trial_hits(&t, "flow.strange", "unknown"), 1);
    flow(&t, 443, "ssh", "SSH-2.0", true);
    CHECK_EQ(trial_hits(&t, "flow.strange", "port"), 1);
    flow(&t, 443, "tls", "\26\3\1", true);
    flow(&t, 443, "failed", "\1\2\3", false); // inside
    flow(&t, 22, "ssh", "SSH-2.0", true);
    flow(&t, 7777, "failed", "\1\2\3", true);
    CHECK_EQ(t.count, 2);
    trial_end(&t);
}

static void ask(struct trial *t, struct addr server, const char *sni, const char *app)
{
    struct record_flow flow = {
        .has_payload_toserver = true, .payload_toserver = 500, .payload_toclient = 300};
    flow.tls.sni = bytes_from_text(sni);
    struct record record = {.type = RECORD_FLOW, .body = &flow};
    record.head = (struct record_head){.timestamp = 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = server,
        .has_dest_port = true,
        .dest_port = 443,
        .proto = BYTES("TCP"),
        .app_proto = bytes_from_text(app)};
    trial_record(t, &record);
}

TEST(hidden_dns)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, trial_addr(8, 8, 8, 8), "", "tls");
    ask(&t, trial_addr(203, 0, 113, 1), "mozilla.cloudflare-dns.com", "quic");
    CHECK_EQ(trial_hits(&t, "flow.strange", "hidden_dns"), 2);
    ask(&t, trial_addr(203, 0, 113, 1), "www.example.jp", "tls");
    CHECK_EQ(t.count, 2);
    trial_end(&t);
}

TEST(mining_and_tor)
{
    struct trial t;
    trial_begin(&t);
    flow(&t, 3333, "failed", "{\"id\":1,\"method\"", true);
    flow(&t, 9999, "mining", "{", true);
    CHECK_EQ(trial_hits(&t, "flow.strange", "mining"), 2);
    flow(&t, 9001, "tor", "\26\3\1", true);
    CHECK_EQ(trial_hits(&t, "flow.strange", "tor"), 1);
    trial_end(&t);
}

static void talk(struct trial *t, const int64_t *lengths, const uint32_t *times, size_t count)
{
    struct record_flow flow = {.age = 600,
        .has_payload_toserver = true,
        .payload_toserver = 5'000,
        .payload_toclient = 700,
        .packet_lengths = lengths,
        .packet_lengths_count = count,
        .packet_times = times,
        .packet_times_count = count};
    struct record record = {.type = RECORD_FLOW, .body = &flow};
    record.head = (struct record_head){.timestamp = 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(203, 0, 113, 1),
        .has_dest_port = true,
        .dest_port = 4444,
        .proto = BYTES("TCP")};
    trial_record(t, &record);
}

TEST(a_shell_that_calls_home)
{
    struct trial t;
    uint32_t times[16];
    int64_t typed[16], fetched[16];
    for (uint32_t i = 0; i < 16; i++) {
        times[i] = i / 2 * 5'000'000 + i % 2 * 20'000;
        typed[i] = i % 2 ? 90 : -7;     // a line, its output
        fetched[i] = i % 2 ? -200 : 20; // a question, its answer
    }
    trial_begin(&t);
    talk(&t, fetched, times, 16);
    CHECK_EQ(t.count, 0);
    talk(&t, typed, times, 16);
    CHECK_EQ(trial_hits(&t, "flow.strange", "shell"), 1);
    trial_end(&t);
}

TEST_MAIN(T(where_it_does_not_belong), T(hidden_dns), T(mining_and_tor), T(a_shell_that_calls_home))
