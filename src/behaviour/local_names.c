// SPDX-License-Identifier: Apache-2.0
// Who answers for names on the local network (LLMNR, RFC 4795; NBT-NS, RFC 1002; mDNS, RFC 6762).
// A host answers for its own name. One that answers for several, or for "wpad", wants others to
// log on to it. Name servers of NetBIOS, names of groups, and hosts that give other hosts'
// addresses by mDNS (sleep proxies) are left out. The many spellings of one name are one: of each
// the first label counts, no longer than a NetBIOS name.
#include "base/alloc.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <ctype.h>

enum {
    NAME_BYTES = 15,      // of NetBIOS (RFC 1001, 14.1)
    NBNS_RECURSION = 128, // flag "recursion available": a name server (RFC 1002, 4.2.1.1)
    NBNS_WORKSTATION = 0x00,
    NBNS_FILE_SERVER = 0x20,
    SHORT_TTL_SECONDS = 600, // Windows and Samba give days
};

struct answers {
    struct distinct names;
    uint32_t told;
    bool told_single;
    int64_t last_us;
};

struct local_names {
    const struct seat *seat;
    struct ledger *answers;
};

static void *create(const struct seat *seat)
{
    struct local_names *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->seat = seat;
    l->answers = ledger_create_of_sets(sizeof(struct addr), sizeof(struct answers), 1,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (l->answers)
        return l;
    base_free(l);
    return NULL;
}

static void destroy(void *state)
{
    struct local_names *l = state;
    ledger_destroy(l->answers);
    base_free(l);
}

static bool is_response(struct bytes type)
{
    return bytes_equal(type, BYTES("response"));
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_llmnr *llmnr = record->body;
    const struct record_mdns *mdns = record->body;
    const struct record_nbns *nbns = record->body;
    if (record->type == RECORD_LLMNR)
        return is_response(llmnr->type) && llmnr->answers_count;
    if (record->type == RECORD_MDNS)
        return is_response(mdns->type) && mdns->answers_count;
    return is_response(nbns->type) && nbns->answers_count &&
           bytes_equal(nbns->opcode, BYTES("query")) && !(nbns->flags & NBNS_RECURSION);
}

static void tell(struct local_names *l, const struct record *record, struct bytes name,
    uint32_t count, const char *kind)
{
    struct telling telling;
    telling_begin(&telling, "local.names", record, bytes_from_text(kind));
    telling_of_source(&telling);
    telling.hit.rule = telling.hit.kind;
    telling_number(&telling, "names", count);
    telling_text(&telling, "name", name);
    telling_match(&telling, "name", name);
    telling_end(&telling, l->seat);
}

// At the threshold, and each time there are twice as many.
static bool is_due(const struct local_names *l, const struct answers *answers)
{
    uint32_t count = distinct_count(&answers->names);
    return count >= l->seat->config->behaviours.local.names && count >= 2 * answers->told;
}

// suspect: the answer alone is one that no honest host gives.
static void count(
    struct local_names *l, const struct record *record, struct bytes name, bool suspect)
{
    char folded[NAME_BYTES];
    struct bytes label = bytes_sub(name, 0, bytes_find_byte(name, '.'));
    size_t len = label.len < NAME_BYTES ? label.len : NAME_BYTES;
    for (size_t i = 0; i < len; i++)
        folded[i] = (char)tolower(label.data[i]);
    struct bytes key = bytes_make(folded, len);
    struct answers *answers = ledger_entry(l->answers, &record->head.src_ip);
    if (!answers || !len)
        return;
    int64_t now_us = record->head.timestamp;
    if (now_us - answers->last_us > (int64_t)l->seat->config->behaviours.local.window_us)
        ledger_clear(l->answers, answers);
    answers->last_us = now_us;
    distinct_add(&answers->names, key);
    if (is_due(l, answers)) {
        answers->told = distinct_count(&answers->names);
        tell(l, record, name, answers->told, "many");
    } else if (!answers->told_single && !answers->told && bytes_equal(key, BYTES("wpad"))) {
        answers->told_single = true;
        tell(l, record, name, 1, "wpad");
    } else if (!answers->told_single && !answers->told && suspect) {
        answers->told_single = true;
        tell(l, record, name, 1, "brief");
    }
}

static bool is_own(const struct record *record, const struct record_mdns_rr *rr)
{
    struct addr addr;
    return addr_parse(rr->a.len ? rr->a : rr->aaaa, &addr) &&
           memcmp(&addr, &record->head.src_ip, sizeof addr) == 0;
}

static void take_names(struct local_names *l, const struct record *record,
    const struct record_mdns_rr *rrs, size_t rrs_count)
{
    for (size_t i = 0; i < rrs_count; i++)
        if (is_own(record, &rrs[i]))
            count(l, record, rrs[i].rrname, false);
}

static void take_nbns(struct local_names *l, const struct record *record)
{
    const struct record_nbns *nbns = record->body;
    for (size_t i = 0; i < nbns->answers_count; i++) {
        const struct record_nbns_rr *rr = &nbns->answers[i];
        bool host = rr->suffix == NBNS_WORKSTATION || rr->suffix == NBNS_FILE_SERVER;
        if (host && !rr->group && rr->addresses_count)
            count(l, record, rr->rrname, rr->ttl < SHORT_TTL_SECONDS);
    }
}

static void record(void *state, const struct record *record)
{
    const struct record_llmnr *llmnr = record->body;
    const struct record_mdns *mdns = record->body;
    switch (record->type) {
    case RECORD_LLMNR: take_names(state, record, llmnr->answers, llmnr->answers_count); break;
    case RECORD_MDNS: take_names(state, record, mdns->answers, mdns->answers_count); break;
    default: take_nbns(state, record);
    }
}

const struct watch local_names_watch = {
    .types = (const enum record_type[]){RECORD_LLMNR, RECORD_MDNS, RECORD_NBNS, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
