// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static struct record_head head_of(int64_t second, uint8_t from, uint8_t to)
{
    return (struct record_head){.timestamp = second * 1'000'000 + 1,
        .src_ip = trial_addr(10, 0, 0, from),
        .dest_ip = trial_addr(10, 0, 0, to)};
}

static void call(struct trial *t, int64_t second, uint8_t to, const char *operation)
{
    struct record_dcerpc body = {.operation = bytes_from_text(operation)};
    struct record record = {.head = head_of(second, 1, to), .type = RECORD_DCERPC, .body = &body};
    trial_record(t, &record);
}

static void put_program(struct trial *t, int64_t second, uint8_t to)
{
    struct bytes action = BYTES("FILE_WRITE");
    struct record_smb_file file = {.action = &action,
        .action_count = 1,
        .path = BYTES("\\\\pc\\ADMIN$"),
        .name = BYTES("a.exe")};
    struct record record = {.head = head_of(second, 1, to), .type = RECORD_SMB_FILE, .body = &file};
    trial_record(t, &record);
}

TEST(copied_and_run)
{
    struct trial t;
    trial_begin(&t);
    put_program(&t, 0, 2);
    call(&t, 10, 3, "CreateServiceW"); // elsewhere
    call(&t, 4'000, 2, "CreateServiceW");
    CHECK_EQ(trial_hits(&t, "remote.execution", "copied_and_run"), 0);
    put_program(&t, 4'010, 2); // told when it was closed, after the service
    CHECK_EQ(trial_hits(&t, "remote.execution", "copied_and_run"), 1);
    trial_end(&t);
}

TEST(netlogon_again_and_again)
{
    struct trial t;
    trial_begin(&t);
    for (int64_t i = 0; i < 19; i++)
        call(&t, i, 2, "NetrServerAuthenticate3");
    for (int64_t i = 0; i < 19; i++) // one each day
        call(&t, 86'400 * (i + 1), 2, "NetrServerAuthenticate3");
    CHECK_EQ(t.count, 0);
    for (int64_t i = 0; i < 50; i++)
        call(&t, 3'000'000 + i, 2, "NetrServerAuthenticate2");
    CHECK_EQ(trial_hits(&t, "domain.exploit", "zerologon"), 1);
    trial_end(&t);
}

static void log_on(struct trial *t, int64_t second, uint8_t from, uint8_t to, const char *user)
{
    struct record_ntlm ntlm = {.carrier = BYTES("smb"), .user = bytes_from_text(user)};
    struct record record = {.head = head_of(second, from, to), .type = RECORD_NTLM, .body = &ntlm};
    trial_record(t, &record);
}

TEST(made_to_log_on)
{
    struct trial t;
    trial_begin(&t);
    log_on(&t, 0, 1, 2, "clerk");
    log_on(&t, 1, 2, 1, "other");
    log_on(&t, 600, 2, 1, "DC1$");
    log_on(&t, 601, 3, 1, "PC3$");
    CHECK_EQ(t.count, 0);
    log_on(&t, 700, 1, 2, "");
    log_on(&t, 702, 2, 1, "DC1$");
    CHECK_EQ(trial_hits(&t, "domain.exploit", "forced_log_on"), 1);
    CHECK(t.hits[0]->subject_is_dest);
    trial_end(&t);
}

TEST_MAIN(T(copied_and_run), T(netlogon_again_and_again), T(made_to_log_on))
