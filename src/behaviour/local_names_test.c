// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void hand_in(struct trial *t, enum record_type type, const void *body)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1'000'000, .src_ip = trial_addr(10, 0, 0, 66)};
    trial_record(t, &record);
}

static void answer_llmnr(struct trial *t, const char *name, const char *address)
{
    struct record_mdns_rr rr = {.rrname = bytes_from_text(name), .a = bytes_from_text(address)};
    struct record_llmnr llmnr = {.type = BYTES("response"), .answers = &rr, .answers_count = 1};
    hand_in(t, RECORD_LLMNR, &llmnr);
}

static void answer_nbns(struct trial *t, const char *name, uint16_t flags, uint32_t ttl)
{
    struct bytes address = BYTES("10.0.0.66");
    struct record_nbns_rr rr = {.rrname = bytes_from_text(name),
        .suffix = 0x20,
        .ttl = ttl,
        .addresses = &address,
        .addresses_count = 1};
    struct record_nbns nbns = {.type = BYTES("response"),
        .opcode = BYTES("query"),
        .flags = flags,
        .answers = &rr,
        .answers_count = 1};
    hand_in(t, RECORD_NBNS, &nbns);
}

TEST(many_names)
{
    struct trial t;
    trial_begin(&t);
    answer_llmnr(&t, "files", "10.0.0.66");
    answer_llmnr(&t, "FILES", "10.0.0.66");
    answer_nbns(&t, "PRINTER", 0x8500, 300'000);
    CHECK_EQ(t.count, 0);
    answer_llmnr(&t, "intranet", "10.0.0.66");
    answer_llmnr(&t, "intranet", "10.0.0.66");
    CHECK_EQ(t.count, 1);
    CHECK_EQ(trial_hits(&t, "local.names", "many"), 1);
    CHECK(bytes_equal(trial_fact(&t, "names"), BYTES("3")));
    CHECK(bytes_equal(trial_fact(&t, "name"), BYTES("intranet")));
    trial_end(&t);
}

TEST(one_name_in_all_its_spellings)
{
    struct trial t;
    trial_begin(&t);
    answer_llmnr(&t, "accounting-server-7", "10.0.0.66");
    answer_llmnr(&t, "accounting-server-7.local", "10.0.0.66");
    answer_nbns(&t, "ACCOUNTING-SERV", 0x8500, 300'000);
    for (const char *name = "abcdefgh"; *name; name++)
        answer_llmnr(&t, name, "10.0.0.7"); // for one that sleeps
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(name_servers)
{
    struct trial t;
    trial_begin(&t);
    answer_nbns(&t, "A", 0x8580, 300'000);
    answer_nbns(&t, "B", 0x8580, 300'000);
    answer_nbns(&t, "C", 0x8580, 300'000);
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(one_answer_is_enough)
{
    struct trial t;
    trial_begin(&t);
    answer_llmnr(&t, "wpad", "10.0.0.66");
    answer_llmnr(&t, "wpad", "10.0.0.66");
    CHECK_EQ(trial_hits(&t, "local.names", "wpad"), 1);
    trial_end(&t);
    trial_begin(&t);
    answer_nbns(&t, "FILES", 0x8500, 165);
    CHECK_EQ(trial_hits(&t, "local.names", "brief"), 1);
    trial_end(&t);
}

TEST_MAIN(T(many_names), T(one_name_in_all_its_spellings), T(name_servers), T(one_answer_is_enough))
