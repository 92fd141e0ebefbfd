// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static struct record record_of(enum record_type type, const void *body, int second)
{
    return (struct record){.type = type,
        .body = body,
        .head = {.timestamp = (int64_t)second * 1'000'000 + 1,
            .src_ip = trial_addr(10, 0, 0, 1),
            .dest_ip = trial_addr(10, 0, 0, 9),
            .app_proto = BYTES("ssh")}};
}

static void log_on(struct trial *t, int second, const char *user, bool good)
{
    struct record_mysql mysql = {.command = BYTES("login"),
        .user = bytes_from_text(user),
        .has_success = true,
        .success = good};
    struct record record = record_of(RECORD_MYSQL, &mysql, second);
    trial_record(t, &record);
}

TEST(many_passwords_of_one_account)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 11; i++)
        log_on(&t, i, "root", false);
    CHECK_EQ(t.count, 0);
    log_on(&t, 11, "root", false);
    CHECK_EQ(trial_hits(&t, "logon.guessing", "guessing"), 1);
    CHECK(t.hits[0]->as_detector);
    log_on(&t, 12, "root", true); // it fits
    CHECK_EQ(t.count, 2);
    CHECK(t.hits[1]->severity == SEVERITY_HIGH && !t.hits[1]->as_detector);
    CHECK(bytes_equal(trial_fact(&t, "opened"), BYTES("root")));
    trial_end(&t);
}

TEST(few_passwords_of_many_accounts)
{
    static const char *const users[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 9; i++)
        log_on(&t, i, users[i], false);
    CHECK_EQ(trial_hits(&t, "logon.guessing", "spraying"), 1);
    trial_end(&t);
}

TEST(what_people_do)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 60; i++) // mistyped now and then
        log_on(&t, i, "clerk", i % 3 > 0);
    for (int i = 0; i < 40; i++) // or once an hour
        log_on(&t, 10'000 + i * 3600, "clerk", false);
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

static void connect_ssh(struct trial *t, int second, const int64_t *lengths, size_t count)
{
    struct record_flow flow = {.packet_lengths = lengths, .packet_lengths_count = count};
    struct record record = record_of(RECORD_FLOW, &flow, second);
    trial_record(t, &record);
}

TEST(ssh_by_its_shape)
{
    static const int64_t refused[] = {24, -43, -1120, 1520, 48, -572, 68, -52, 84, -52};
    static const int64_t worked[] = {
        24, -43, -1120, 1520, 48, -572, 68, -52, 84, -28, 120, -500, 112, -44, 64, -108, -176};
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 30; i++)
        connect_ssh(&t, i, worked, sizeof worked / sizeof *worked);
    CHECK_EQ(t.count, 0);
    for (int i = 0; i < 12; i++)
        connect_ssh(&t, 40 + i, refused, sizeof refused / sizeof *refused);
    CHECK_EQ(trial_hits(&t, "logon.guessing", "guessing"), 1);
    CHECK(bytes_equal(trial_fact(&t, "service"), BYTES("SSH")));
    trial_end(&t);
}

// Names of accounts are told by the records of log-ons.
TEST(bait)
{
    struct trial t;
    trial_begin(&t);
    t.config.behaviours.honeytoken.accounts_count = 1;
    t.config.behaviours.honeytoken.accounts = (const char *const[]){"Backup"};
    log_on(&t, 1, "CITY\\backup", false);
    log_on(&t, 2, "clerk", false);
    CHECK_EQ(trial_hits(&t, "trap.honeytoken", "account"), 1);
    trial_end(&t);
}

TEST_MAIN(T(many_passwords_of_one_account), T(few_passwords_of_many_accounts), T(what_people_do),
    T(ssh_by_its_shape), T(bait))
