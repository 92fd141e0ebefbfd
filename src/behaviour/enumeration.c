// SPDX-License-Identifier: Apache-2.0
// Finding out what a network holds by asking its own services: whole zones of the DNS (AXFR, RFC
// 5936), names of a domain by guessing them, names of address after address, address after address
// of a DHCP server.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    NAMES = 60,      // guessed names of one domain that do not exist
    ADDRESSES = 100, // addresses whose names were asked for
    LEASES = 5,      // addresses one device asks a DHCP server for
    GUESS_BYTES = 24,
    KEY_BYTES = 64,
    MAC_BYTES = 6,
};

static const int64_t window_us = 3'600'000'000;

struct enumeration_key {
    struct addr source;
    char what[KEY_BYTES]; // domain, or hardware address, or kind
};

struct enumeration_tally {
    struct distinct things;
    uint32_t found; // that exist
    uint32_t told;
    int64_t first_us, last_us;
};

struct enumeration {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct enumeration *e = base_calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->seat = seat;
    e->tallies = ledger_create_of_sets(sizeof(struct enumeration_key),
        sizeof(struct enumeration_tally), 1, seat->config->behaviours.max_hosts, seat->metrics);
    if (e->tallies)
        return e;
    base_free(e);
    return NULL;
}

static void destroy(void *state)
{
    struct enumeration *e = state;
    ledger_destroy(e->tallies);
    base_free(e);
}

static struct enumeration_tally *tally_of(
    struct enumeration *e, const struct addr *source, struct bytes what, int64_t now_us)
{
    struct enumeration_key key;
    memset(&key, 0, sizeof key);
    key.source = *source;
    what = bytes_sub(what, 0, sizeof key.what);
    if (what.len)
        memcpy(key.what, what.data, what.len);
    struct enumeration_tally *t = ledger_entry(e->tallies, &key);
    if (!t)
        return NULL;
    if (t->last_us && now_us - t->last_us > window_us)
        ledger_clear(e->tallies, t);
    if (t->last_us == 0)
        t->first_us = now_us;
    t->last_us = now_us;
    return t;
}

static void tell(struct enumeration *e, const struct record *record, const struct addr *source,
    const char *kind, struct bytes what, const struct enumeration_tally *t)
{
    struct telling telling;
    telling_begin(&telling, "scan.names", record, bytes_from_text(kind));
    if (memcmp(&telling.head.src_ip, source, sizeof *source) != 0) { // an answer, or none of a log
        telling.head.dest_ip = telling.head.src_ip;
        telling.head.src_ip = *source;
    }
    telling.hit.rule = telling.hit.kind;
    telling_text(&telling, "asked_for", what);
    if (t) {
        telling.hit.began_us = t->first_us;
        telling_number(&telling, "tried", distinct_count(&t->things));
    }
    telling_end(&telling, e->seat);
}

static void count(struct enumeration *e, const struct record *record, const struct addr *source,
    const char *kind, struct bytes what, struct bytes thing, uint32_t threshold)
{
    struct enumeration_tally *t = tally_of(e, source, what, record->head.timestamp);
    if (!t || !distinct_add(&t->things, thing))
        return;
    uint32_t many = distinct_count(&t->things);
    if (many < threshold || many < 2 * t->told || t->found > many / 2)
        return;
    t->told = many;
    tell(e, record, source, kind, what, t);
}

// ---- DNS

// A word somebody guesses: one label, not long, no number; not what lists of addresses are asked.
static bool is_word(struct bytes below)
{
    bool letters = false;
    for (size_t i = 0; i < below.len; i++)
        letters |= below.data[i] >= 'a' && below.data[i] <= 'z';
    return letters && below.len <= GUESS_BYTES && bytes_find_byte(below, '.') == BYTES_NOT_FOUND;
}

static void take_name(
    struct enumeration *e, const struct record *record, const struct record_dns *dns)
{
    struct domain domain;
    if (!dns->qr || !domain_split(e->seat->domains, &domain, dns->queries[0].rrname) ||
        !is_word(domain.below))
        return;
    const struct addr *source = domain_asker(record);
    if (bytes_equal(dns->rcode, BYTES("NXDOMAIN"))) {
        count(e, record, source, "names", domain.registered, domain.below, NAMES);
        return;
    }
    struct enumeration_tally *t = tally_of(e, source, domain.registered, record->head.timestamp);
    if (t)
        t->found++;
}

static void take_dns(struct enumeration *e, const struct record *record)
{
    const struct record_dns *dns = record->body;
    const struct record_dns_query *query = &dns->queries[0];
    if (bytes_equal(query->rrtype, BYTES("AXFR")))
        tell(e, record, domain_asker(record), "zone_transfer", query->rrname, NULL);
    else if (bytes_equal(query->rrtype, BYTES("PTR")))
        count(e, record, domain_asker(record), "reverse", BYTES("in-addr.arpa"), query->rrname,
            ADDRESSES);
    else
        take_name(e, record, dns);
}

// ---- DHCP

static void take_dhcp(struct enumeration *e, const struct record *record)
{
    const struct record_dhcp *dhcp = record->body;
    char mac[MAC_BYTES * 3 + 1] = "";
    for (size_t i = 0; i < MAC_BYTES; i++)
        snprintf(&mac[i * 3], 4, "%02x:", bytes_at(dhcp->client_mac, i));
    struct bytes device = bytes_make(mac, MAC_BYTES * 3 - 1);
    struct bytes wanted = bytes_make(&dhcp->requested_ip, sizeof dhcp->requested_ip);
    const struct addr *source = dhcp->client_ip.version ? &dhcp->client_ip : &record->head.src_ip;
    count(e, record, source, "leases", device, wanted, LEASES);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_dhcp *dhcp = record->body;
    const struct record_dns *dns = record->body;
    if (record->type == RECORD_DHCP)
        return dhcp->requested_ip.version && dhcp->client_mac.len &&
               bytes_equal(dhcp->dhcp_type, BYTES("request"));
    return dns->queries_count > 0;
}

static void record(void *state, const struct record *record)
{
    if (record->type == RECORD_DHCP)
        take_dhcp(state, record);
    else
        take_dns(state, record);
}

const struct watch enumeration_watch = {
    .types = (const enum record_type[]){RECORD_DNS, RECORD_DHCP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
