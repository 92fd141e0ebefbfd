// SPDX-License-Identifier: Apache-2.0
// One host fails to log on as many different users: a few common passwords are tried on everybody
// (password spraying), or it is found out which names there are. Log-ons of Kerberos, NTLM in
// whatever protocol, and LDAP count together. A server that logs users on has more that succeed.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

struct attempt {
    struct bytes user;
    bool failed, unknown; // unknown: there is no such user
};

struct tally {
    struct distinct failed;
    uint32_t succeeded, unknown;
    uint32_t told; // count of the last hit
    int64_t first_us, last_us;
};

struct spray {
    const struct seat *seat;
    struct ledger *sources; // of struct addr: struct tally
};

static void *create(const struct seat *seat)
{
    struct spray *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->seat = seat;
    s->sources = ledger_create(sizeof(struct addr), sizeof(struct tally),
        seat->config->behaviours.max_hosts, seat->metrics);
    if (s->sources)
        return s;
    base_free(s);
    return NULL;
}

static void destroy(void *state)
{
    struct spray *s = state;
    ledger_destroy(s->sources);
    base_free(s);
}

static struct attempt of_krb5(const struct record_krb5 *krb5)
{
    bool unknown = bytes_equal(krb5->error_code, BYTES("KDC_ERR_C_PRINCIPAL_UNKNOWN"));
    bool failed = unknown || bytes_equal(krb5->error_code, BYTES("KDC_ERR_PREAUTH_FAILED")) ||
                  bytes_equal(krb5->error_code, BYTES("KDC_ERR_CLIENT_REVOKED"));
    bool given = krb5->success && bytes_equal(krb5->request_type, BYTES("AS"));
    struct bytes none = {NULL, 0};
    return (struct attempt){failed || given ? krb5->client : none, failed, unknown};
}

static struct attempt of_ntlm(const struct record_ntlm *ntlm)
{
    return (struct attempt){ntlm->result.len ? ntlm->user : ntlm->result,
        bytes_equal(ntlm->result, BYTES("failure")), false};
}

static struct attempt of_ldap(const struct record_ldap *ldap)
{
    bool failed = bytes_equal(ldap->result, BYTES("invalid credentials"));
    bool is_bind = ldap->has_request && ldap->request.has_bind_request;
    bool done = is_bind && (failed || bytes_equal(ldap->result, BYTES("success")));
    struct bytes none = {NULL, 0};
    return (struct attempt){done ? ldap->request.bind_request.name : none, failed, false};
}

// user: empty where the record is no log-on that ended.
static struct attempt attempt_of(const struct record *record)
{
    if (record->type == RECORD_KRB5)
        return of_krb5(record->body);
    return record->type == RECORD_NTLM ? of_ntlm(record->body) : of_ldap(record->body);
}

static bool wants(const struct config *, const struct record *record)
{
    return attempt_of(record).user.len > 0;
}

static struct tally *tally_of(struct spray *s, const struct record_head *head)
{
    struct tally *tally = ledger_entry(s->sources, &head->src_ip);
    if (!tally)
        return NULL;
    int64_t window_us = (int64_t)s->seat->config->behaviours.domain.window_us;
    if (tally->last_us && head->timestamp - tally->last_us > window_us)
        memset(tally, 0, sizeof *tally);
    if (tally->last_us == 0)
        tally->first_us = head->timestamp;
    tally->last_us = head->timestamp;
    return tally;
}

// At the threshold, and each time there are twice as many.
static bool is_due(struct tally *tally, uint32_t threshold)
{
    uint32_t count = distinct_count(&tally->failed);
    if (count < threshold || count < 2 * tally->told || tally->succeeded > count / 2)
        return false;
    tally->told = count;
    return true;
}

static void tell(struct spray *s, const struct record *record, const struct tally *tally,
    const struct attempt *attempt)
{
    uint32_t count = distinct_count(&tally->failed);
    struct telling telling;
    telling_begin(&telling, "domain.spraying", record,
        tally->unknown > count / 2 ? BYTES("unknown_accounts") : BYTES("passwords"));
    telling.hit.rule = telling.hit.kind;
    telling.hit.began_us = tally->first_us;
    telling_number(&telling, "accounts", count);
    telling_text(&telling, "account", attempt->user);
    telling_match(&telling, "user", attempt->user);
    telling_end(&telling, s->seat);
}

static void record(void *state, const struct record *record)
{
    struct spray *s = state;
    struct attempt attempt = attempt_of(record);
    struct tally *tally = tally_of(s, &record->head);
    if (!tally)
        return;
    tally->succeeded += !attempt.failed;
    if (!attempt.failed || !distinct_add(&tally->failed, attempt.user))
        return;
    tally->unknown += attempt.unknown;
    if (is_due(tally, (uint32_t)s->seat->config->behaviours.domain.accounts))
        tell(s, record, tally, &attempt);
}

const struct watch spray_watch = {
    .types = (const enum record_type[]){RECORD_KRB5, RECORD_NTLM, RECORD_LDAP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
