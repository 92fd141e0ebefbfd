// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"
#include <stdio.h>

static void log_on(struct trial *t, int user, const char *error)
{
    char name[16];
    int len = snprintf(name, sizeof name, "user%d", user);
    struct record_krb5 krb5 = {.request_type = BYTES("AS"),
        .client = bytes_make(name, (size_t)len),
        .success = !error,
        .error_code = bytes_from_text(error)};
    struct record record = {.head = {.timestamp = 1'000'000 + user,
                                .src_ip = trial_addr(10, 0, 0, 1),
                                .dest_ip = trial_addr(10, 0, 0, 2)},
        .type = RECORD_KRB5,
        .body = &krb5};
    trial_record(t, &record);
}

TEST(many_users_one_host)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 20; i++)
        log_on(&t, 1, "KDC_ERR_PREAUTH_FAILED"); // one who forgot his password
    for (int i = 2; i < 30; i++)
        log_on(&t, i, "KDC_ERR_PREAUTH_REQUIRED"); // how every log-on begins
    CHECK_EQ(t.count, 0);
    for (int i = 2; i < 7; i++)
        log_on(&t, i, "KDC_ERR_PREAUTH_FAILED");
    CHECK_EQ(trial_hits(&t, "domain.spraying", "passwords"), 1);
    CHECK(bytes_equal(trial_fact(&t, "account"), BYTES("user6")));
    trial_end(&t);
}

TEST(a_server_that_logs_users_on)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 40; i++)
        log_on(&t, i, i % 4 ? NULL : "KDC_ERR_PREAUTH_FAILED");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(which_names_there_are)
{
    struct trial t;
    trial_begin(&t);
    for (int i = 0; i < 6; i++)
        log_on(&t, i, "KDC_ERR_C_PRINCIPAL_UNKNOWN");
    CHECK_EQ(trial_hits(&t, "domain.spraying", "unknown_accounts"), 1);
    trial_end(&t);
}

TEST_MAIN(T(many_users_one_host), T(a_server_that_logs_users_on), T(which_names_there_are))
