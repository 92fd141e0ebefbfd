// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void call(struct trial *t, uint8_t from, struct addr to, uint16_t port, int64_t second)
{
    struct record_flow flow = {.pkts_toserver = 5, .payload_toserver = 300};
    struct record record = {.type = RECORD_FLOW, .body = &flow};
    flow.start = 1'700'000'000'000'000 + second * 1'000'000;
    record.head = (struct record_head){.timestamp = flow.start + 400'000,
        .src_ip = trial_addr(10, 0, 0, from),
        .dest_ip = to,
        .has_dest_port = true,
        .dest_port = port,
        .proto = BYTES("TCP")};
    trial_record(t, &record);
}

static void visit(struct trial *t, const char *host, int64_t second)
{
    struct record_http http = {.hostname = bytes_from_text(host)};
    struct record record = {.type = RECORD_HTTP, .body = &http};
    record.head = (struct record_head){.timestamp = 1'700'000'000'000'000 + second * 1'000'000,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(10, 0, 0, 99), // the proxy
        .has_dest_port = true,
        .dest_port = 3128};
    trial_record(t, &record);
}

TEST(every_minute)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t i = 0; i < 40; i++)
        call(&t, 1, trial_addr(203, 0, 113, 9), 4444, i * 60 + i % 3);
    CHECK_EQ(t.count, 0); // sure only at the end
    behaviours_end(t.behaviours);
    CHECK_EQ(trial_hits(&t, "beacon.regular", "flow"), 1);
    CHECK(bytes_equal(trial_fact(&t, "times"), BYTES("40")));
    CHECK_EQ(t.hits[0]->head->dest_ip.bytes[0], 203);
    trial_end(&t);
}

TEST(among_the_traffic_of_a_proxy)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t i = 0; i < 40; i++) {
        visit(&t, "news.example.com", i * i * i * i); // a while, and less and less
        visit(&t, "cdn-check.example.net", i * 300 + i * 7 % 20);
        visit(&t, "www.microsoft.com", i * 300);
    }
    behaviours_end(t.behaviours);
    CHECK_EQ(t.count, 1);
    CHECK(bytes_equal(trial_fact(&t, "place"), BYTES("cdn-check.example.net")));
    trial_end(&t);
}

TEST(what_all_do_is_none)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t i = 0; i < 40; i++) {
        for (uint8_t from = 1; from < 6; from++)
            call(&t, from, trial_addr(203, 0, 113, 9), 443, i * 60 + from);
        call(&t, 1, trial_addr(203, 0, 113, 10), 123, i * 60); // time
        call(&t, 1, trial_addr(10, 0, 7, 7), 10050, i * 60);   // inside
    }
    behaviours_end(t.behaviours);
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST_MAIN(T(every_minute), T(among_the_traffic_of_a_proxy), T(what_all_do_is_none))
