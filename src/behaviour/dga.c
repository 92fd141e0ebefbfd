// SPDX-License-Identifier: Apache-2.0
// Names made by an algorithm: malware tries many of them until one exists. Each name is judged by
// its letters (dga_model.h); a host that asks for many such names, most of which do not exist, is
// told, and at first each single one that does not exist, or is so strange that nobody thought of
// it.
#include "base/alloc.h"
#include "behaviour/dga_model.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    SHARE = 3,          // of the names that do not exist a third has to be made up
    EXIST_TIMES = 2,    // of names that exist twice as many are needed,
    EXIST_SHARE = 1,    // and as many as there are of other names
    STRANGE_SCORE = 20, // of names told one by one
};

struct dga_tally {
    struct distinct made[2], other[2]; // of names that do not exist, and of those that do
    uint32_t told[2];
    int64_t first_us, last_us;
};

struct dga {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct dga *d = base_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->seat = seat;
    d->tallies = ledger_create_of_sets(sizeof(struct addr), sizeof(struct dga_tally), 4,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (d->tallies)
        return d;
    base_free(d);
    return NULL;
}

static void destroy(void *state)
{
    struct dga *d = state;
    ledger_destroy(d->tallies);
    base_free(d);
}

static struct bytes name_of(const struct record *record)
{
    const struct record_dns *dns = record->body;
    const struct record_http *http = record->body;
    if (record->type == RECORD_HTTP)
        return http->hostname;
    return dns->queries_count ? dns->queries[0].rrname : (struct bytes){NULL, 0};
}

// A request waits for its answer; what got none is told again, as unanswered.
static bool wants(const struct config *, const struct record *record)
{
    const struct record_dns *dns = record->body;
    if (record->type == RECORD_DNS &&
        (bytes_equal(dns->type, BYTES("request")) || bytes_equal(dns->type, BYTES("query"))))
        return false;
    return bytes_find_byte(name_of(record), '.') != BYTES_NOT_FOUND;
}

static bool is_missing(const struct record *record)
{
    const struct record_dns *dns = record->body;
    return record->type == RECORD_DNS && (bytes_equal(dns->rcode, BYTES("NXDOMAIN")) ||
                                             bytes_equal(dns->type, BYTES("unanswered")));
}

static void tell(struct dga *d, const struct record *record, const struct addr *asker,
    const struct dga_tally *tally, bool exists, struct bytes kind)
{
    struct telling telling;
    telling_begin(&telling, "dga.names", record, kind);
    if (record->type == RECORD_DNS) {
        telling.head.src_ip = *asker;
        telling_of_source(&telling);
    }
    telling_number(&telling, "names", distinct_count(&tally->made[exists]));
    telling_number(&telling, "minutes", (uint64_t)(tally->last_us - tally->first_us) / 60'000'000);
    telling_text(&telling, "name", name_of(record));
    telling_match(&telling, record->type == RECORD_DNS ? "dns.queries.rrname" : "http.hostname",
        name_of(record));
    telling_end(&telling, d->seat);
}

static bool is_many(const struct dga *d, struct dga_tally *tally, bool exists)
{
    uint32_t made = distinct_count(&tally->made[exists]);
    uint32_t least = (uint32_t)d->seat->config->behaviours.dga.names * (exists ? EXIST_TIMES : 1);
    uint32_t share = exists ? EXIST_SHARE : SHARE;
    if (made < least || made < 2 * tally->told[exists] ||
        distinct_count(&tally->other[exists]) > made * share)
        return false;
    tally->told[exists] = made;
    return true;
}

static void judge(struct dga *d, const struct record *record, const struct domain *domain,
    const struct addr *asker, struct dga_tally *tally)
{
    double score = dga_score(domain->label, domain->top);
    bool exists = !is_missing(record);
    if (score <= 0) {
        distinct_add(&tally->other[exists], domain->label);
        return;
    }
    if (!distinct_add(&tally->made[exists], domain->label))
        return;
    bool single = (!exists || record->type == RECORD_HTTP) && score > STRANGE_SCORE;
    if (is_many(d, tally, exists))
        tell(d, record, asker, tally, exists, exists ? BYTES("existing") : BYTES("missing"));
    else if (single && distinct_count(&tally->made[exists]) == 1)
        tell(d, record, asker, tally, exists, exists ? BYTES("visited") : BYTES("one"));
}

static void record(void *state, const struct record *record)
{
    struct dga *d = state;
    int64_t now_us = record->head.timestamp;
    struct domain domain;
    if (!domain_split(d->seat->domains, &domain, name_of(record)) || !domain.label.len)
        return;
    struct addr asker = record->type == RECORD_DNS ? *domain_asker(record) : record->head.src_ip;
    struct dga_tally *tally = ledger_entry(d->tallies, &asker);
    if (!tally)
        return;
    if (!tally->last_us || now_us - tally->last_us > d->seat->config->behaviours.dga.window_us) {
        ledger_clear(d->tallies, tally);
        tally->first_us = now_us;
    }
    tally->last_us = now_us;
    judge(d, record, &domain, &asker, tally);
}

const struct watch dga_watch = {
    .types = (const enum record_type[]){RECORD_DNS, RECORD_HTTP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
