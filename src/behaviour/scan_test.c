// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static struct record_head head_of(int64_t second, uint8_t to, uint16_t port)
{
    return (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, 1),
        .dest_ip = trial_addr(10, 0, 1, to),
        .has_dest_port = true,
        .dest_port = port,
        .proto = BYTES("TCP")};
}

static void connect(struct trial *t, int64_t second, uint8_t to, uint16_t port, uint64_t said)
{
    struct record_flow flow = {.payload_toserver = said, .payload_toclient = said};
    struct record record = {.head = head_of(second, to, port), .type = RECORD_FLOW, .body = &flow};
    trial_record(t, &record);
}

TEST(many_hosts_at_one_port)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 14; i++)
        connect(&t, i, i, 445, 0);
    CHECK_EQ(t.count, 0);
    connect(&t, 14, 3, 445, 0); // the same again
    CHECK_EQ(t.count, 0);
    for (uint8_t i = 14; i < 100; i++)
        connect(&t, i, i, 445, 0);
    CHECK_EQ(t.count, 3); // 15, 30, 60
    CHECK_EQ(trial_hits(&t, "scan.network", "hosts"), 3);
    CHECK(bytes_equal(trial_fact(&t, "at_port"), BYTES("445")));
    CHECK_EQ(t.hits[0]->head->dest_ip.version, 0);
    trial_end(&t);
}

TEST(a_client_with_answers_is_none)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 200; i++)
        connect(&t, i, i, 443, i % 3 ? 500 : 0);
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(many_ports_of_one_host)
{
    struct trial t;
    trial_begin(&t);
    for (uint16_t port = 1; port <= 20; port++)
        connect(&t, port, 9, port, 0);
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "scan.network", "ports"), 1);
    CHECK(bytes_equal(trial_fact(&t, "tried"), BYTES("20")));
    CHECK_EQ(t.hits[0]->head->dest_ip.version, 4);
    trial_end(&t);
}

// Slow ones are seen, those slower than scan.window are not.
TEST(slow)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 15; i++)
        connect(&t, i * 3'000, i, 22, 0);
    CHECK_EQ(t.count, 1);
    CHECK(bytes_equal(trial_fact(&t, "minutes"), BYTES("700")));
    for (uint8_t i = 0; i < 15; i++)
        connect(&t, i * 4'000, i, 23, 0);
    CHECK_EQ(t.count, 1);
    trial_end(&t);
}

TEST_MAIN(
    T(many_hosts_at_one_port), T(a_client_with_answers_is_none), T(many_ports_of_one_host), T(slow))
