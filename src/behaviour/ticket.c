// SPDX-License-Identifier: Apache-2.0
// Kerberos tickets asked for in order to break or to forge something (RFC 4120, RFC 4757):
// - tickets for many services in RC4, whose key is the service's password (Kerberoasting);
// - a first ticket without proof of the password, in RC4 alone (AS-REP roasting);
// - a first ticket asked for with RC4 alone where the domain has AES: Windows never asks so, who
// has
//   only the hash of a password must (over-pass-the-hash).
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

struct tally {
    struct distinct services;
    uint32_t told; // count of the last hit
    int64_t first_us, last_us;
};

struct ticket {
    const struct seat *seat;
    struct ledger *clients; // of struct addr: struct tally
};

static void *create(const struct seat *seat)
{
    struct ticket *t = base_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->seat = seat;
    t->clients = ledger_create_of_sets(sizeof(struct addr), sizeof(struct tally), 1,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (t->clients)
        return t;
    base_free(t);
    return NULL;
}

static void destroy(void *state)
{
    struct ticket *t = state;
    ledger_destroy(t->clients);
    base_free(t);
}

static bool is_krbtgt(const struct record_krb5 *krb5)
{
    return bytes_start_with_nocase(krb5->service, BYTES("krbtgt"));
}

static bool is_first(const struct record_krb5 *krb5)
{
    return bytes_equal(krb5->request_type, BYTES("AS"));
}

static bool is_rc4(struct bytes encryption)
{
    return bytes_start_with(encryption, BYTES("rc4-hmac"));
}

// Logs of others have one encryption, the ticket's.
static struct bytes ticket_encryption(const struct record_krb5 *krb5)
{
    return krb5->ticket_encryption.len ? krb5->ticket_encryption : krb5->encryption;
}

// RC4 under its one name: what Windows itself asks for has more.
static bool asks_rc4_alone(const struct record_krb5 *krb5)
{
    return krb5->requested_encryption_count == 1 && is_rc4(krb5->requested_encryption[0]);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_krb5 *krb5 = record->body;
    if (!krb5->success)
        return false;
    if (is_first(krb5))
        return asks_rc4_alone(krb5);
    bool is_service = bytes_equal(krb5->request_type, BYTES("TGS")) && !is_krbtgt(krb5);
    return is_service && is_rc4(ticket_encryption(krb5));
}

// Did the client prove that it knows the password? By time stamp, certificate or within a tunnel.
static bool is_proven(const struct record_krb5 *krb5)
{
    for (size_t i = 0; i < krb5->preauth_count; i++)
        if (words_hold(krb5->preauth[i], "TIMESTAMP") || words_hold(krb5->preauth[i], "FX") ||
            words_hold(krb5->preauth[i], "ENCRYPTED-CHALLENGE") ||
            words_hold(krb5->preauth[i], "PK-AS"))
            return true;
    return false;
}

static void see_first(struct ticket *t, const struct record *record)
{
    const struct record_krb5 *krb5 = record->body;
    struct telling telling;
    bool proven = is_proven(krb5);
    if (proven && is_rc4(krb5->ticket_encryption))
        return; // the domain has no AES: nothing else can be asked for
    telling_begin(
        &telling, "domain.tickets", record, proven ? BYTES("overpass") : BYTES("as_rep_roasting"));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "account", krb5->client);
    telling_match(&telling, "krb5.requested_encryption", krb5->requested_encryption[0]);
    telling_end(&telling, t->seat);
}

static bool is_due(struct tally *tally, uint32_t threshold)
{
    uint32_t count = distinct_count(&tally->services);
    if (count < threshold || count < 2 * tally->told)
        return false;
    tally->told = count;
    return true;
}

static struct tally *tally_of(struct ticket *t, const struct record_head *head)
{
    struct tally *tally = ledger_entry(t->clients, &head->src_ip);
    if (!tally)
        return NULL;
    int64_t window_us = (int64_t)t->seat->config->behaviours.domain.window_us;
    if (tally->last_us && head->timestamp - tally->last_us > window_us)
        ledger_clear(t->clients, tally);
    if (tally->last_us == 0)
        tally->first_us = head->timestamp;
    tally->last_us = head->timestamp;
    return tally;
}

static void see_weak(struct ticket *t, const struct record *record)
{
    const struct record_krb5 *krb5 = record->body;
    struct telling telling;
    telling_begin(&telling, "domain.tickets", record, BYTES("weak_ticket"));
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "account", krb5->client);
    telling_text(&telling, "service", krb5->service);
    telling_match(&telling, "krb5.service", krb5->service);
    telling_end(&telling, t->seat);
}

static void see_service(struct ticket *t, const struct record *record)
{
    const struct record_krb5 *krb5 = record->body;
    struct tally *tally = tally_of(t, &record->head);
    if (asks_rc4_alone(krb5))
        see_weak(t, record);
    uint32_t threshold = (uint32_t)t->seat->config->behaviours.domain.tickets;
    if (!tally || !distinct_add(&tally->services, krb5->service) || !is_due(tally, threshold))
        return;
    struct telling telling;
    telling_begin(&telling, "domain.tickets", record, BYTES("kerberoasting"));
    telling.hit.rule = telling.hit.kind;
    telling.hit.began_us = tally->first_us;
    telling_text(&telling, "account", krb5->client);
    telling_text(&telling, "service", krb5->service);
    telling_number(&telling, "services", distinct_count(&tally->services));
    telling_match(&telling, "krb5.service", krb5->service);
    telling_end(&telling, t->seat);
}

static void record(void *state, const struct record *record)
{
    if (is_first(record->body))
        see_first(state, record);
    else
        see_service(state, record);
}

const struct watch ticket_watch = {
    .types = (const enum record_type[]){RECORD_KRB5, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
