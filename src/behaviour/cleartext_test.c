// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void hand_in(struct trial *t, enum record_type type, const void *body, uint16_t port)
{
    struct record record = {.type = type, .body = body};
    record.head = (struct record_head){.timestamp = 1'000'000,
        .src_ip = trial_addr(10, 0, 0, 7),
        .dest_ip = trial_addr(10, 0, 1, 1),
        .has_dest_port = true,
        .dest_port = port};
    trial_record(t, &record);
}

TEST(passwords)
{
    struct trial t;
    trial_begin(&t);
    struct record_ftp ftp = {.command = BYTES("PASS"), .user = BYTES("clerk")};
    ftp.password_given = true;
    hand_in(&t, RECORD_FTP, &ftp, 21);
    CHECK_EQ(trial_hits(&t, "cleartext.password", NULL), 1);
    CHECK(bytes_equal(trial_fact(&t, "user"), BYTES("clerk")));
    struct record_imap imap = {.command = BYTES("LOGIN"), .password_given = true};
    hand_in(&t, RECORD_IMAP, &imap, 143);
    struct record_http http = {.auth_scheme = BYTES("Basic"), .auth_user = BYTES("clerk")};
    hand_in(&t, RECORD_HTTP, &http, 80);
    struct record_ldap ldap = {.authtype = BYTES("simple"), .bindname = BYTES("cn=clerk")};
    hand_in(&t, RECORD_LDAP, &ldap, 389);
    CHECK_EQ(trial_hits(&t, "cleartext.password", NULL), 4);
    trial_end(&t);
}

TEST(none)
{
    struct trial t;
    trial_begin(&t);
    struct record_ftp ftp = {.command = BYTES("PASS"), .user = BYTES("anonymous")};
    ftp.password_given = true;
    hand_in(&t, RECORD_FTP, &ftp, 21);
    struct record_imap imap = {.command = BYTES("LOGIN"), .password_given = true};
    hand_in(&t, RECORD_IMAP, &imap, 993); // opened with its secrets
    imap.command = BYTES("AUTHENTICATE");
    imap.mechanism = BYTES("CRAM-MD5");
    hand_in(&t, RECORD_IMAP, &imap, 143);
    struct record_http http = {.auth_scheme = BYTES("Negotiate")};
    hand_in(&t, RECORD_HTTP, &http, 80);
    CHECK_EQ(trial_hits(&t, "cleartext.password", NULL), 0);
    trial_end(&t);
}

TEST_MAIN(T(passwords), T(none))
