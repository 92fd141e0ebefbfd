// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static const struct bytes windows[] = {
    BYTES("aes256-cts-hmac-sha1-96"), BYTES("aes128-cts-hmac-sha1-96"), BYTES("rc4-hmac")};
static const struct bytes rc4 = BYTES("rc4-hmac");

static void give(struct trial *t, struct record_krb5 krb5)
{
    struct record record = {.head = {.timestamp = 1, .src_ip = trial_addr(10, 0, 0, 1)},
        .type = RECORD_KRB5,
        .body = &krb5};
    krb5.success = true;
    krb5.client = BYTES("clerk/CITY.EXAMPLE");
    trial_record(t, &record);
}

static void service(struct trial *t, const char *sname, struct bytes encryption)
{
    give(t, (struct record_krb5){.request_type = BYTES("TGS"),
                .service = bytes_from_text(sname),
                .ticket_encryption = encryption,
                .requested_encryption = windows,
                .requested_encryption_count = 3});
}

TEST(kerberoasting)
{
    struct trial t;
    trial_begin(&t);
    static const char *const names[] = {"mssql/a", "http/b", "ftp/c", "cifs/d", "nfs/e"};
    for (size_t i = 0; i < 5; i++)
        service(&t, names[i], windows[0]);
    service(&t, "krbtgt/CITY.EXAMPLE", rc4);
    for (size_t i = 0; i < 3; i++)
        service(&t, names[i], rc4);
    service(&t, names[0], rc4); // again
    CHECK_EQ(t.count, 0);
    service(&t, names[3], rc4);
    CHECK_EQ(trial_hits(&t, "domain.tickets", "kerberoasting"), 1);
    trial_end(&t);
}

static void first(struct trial *t, const struct bytes *asked, size_t count, const char *preauth,
    struct bytes encryption)
{
    struct bytes proof = bytes_from_text(preauth);
    give(t, (struct record_krb5){.request_type = BYTES("AS"),
                .service = BYTES("krbtgt/CITY.EXAMPLE"),
                .ticket_encryption = encryption,
                .requested_encryption = asked,
                .requested_encryption_count = count,
                .preauth = &proof,
                .preauth_count = 1});
}

TEST(first_tickets)
{
    struct trial t;
    trial_begin(&t);
    first(&t, windows, 3, "PA-ENC-TIMESTAMP", windows[0]);
    first(&t, windows, 3, "PA-PAC-REQUEST", windows[0]);
    first(&t, &rc4, 1, "PA-ENC-TIMESTAMP", rc4); // a domain without AES
    CHECK_EQ(t.count, 0);
    first(&t, &rc4, 1, "PA-ENC-TIMESTAMP", windows[0]);
    CHECK_EQ(trial_hits(&t, "domain.tickets", "overpass"), 1);
    first(&t, &rc4, 1, "PA-PAC-REQUEST", windows[0]);
    CHECK_EQ(trial_hits(&t, "domain.tickets", "as_rep_roasting"), 1);
    trial_end(&t);
}

TEST_MAIN(T(kerberoasting), T(first_tickets))
