// SPDX-License-Identifier: Apache-2.0
// Calling home: connections, or requests to one host name, that come again and again at times with
// a rhythm (rhythm.h), with jitter as well. Places outside alone; requests through a proxy are told
// apart by the name they ask for, DNS by the domain below which encoded names are asked for. What
// many hosts call is a service, and so is what everybody's software calls.
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/rhythm.h"
#include "behaviour/seat.h"

enum {
    PLACE_BYTES = 64,
    SPAN_LEAST_S = 90, // a shorter one is somebody waiting for a page
    SURE = 90,         // score from which it is told before the end, and as high
    SURE_TIMES = 48,
    TALLY_SHARE = 4, // of what is remembered, so many times less of those that called again
    CLOSE_MS = 1000, // what comes faster is one thing loaded in pieces
};

enum beacon_kind { BY_FLOW = 'f', BY_HTTP = 'h', BY_DNS = 'd', BY_PING = 'i' };

struct beacon_key {
    struct addr source, dest; // dest: none where a name is known
    uint64_t name;            // its hash
    uint16_t port;
    uint8_t kind;
};

struct beacon_tally {
    struct rhythm rhythm;
    struct addr dest; // of the first one
    uint16_t dest_port;
    bool has_dest_port;
    uint32_t told; // times at the last hit
    char place[PLACE_BYTES], app[16];
};

// Most call once: that is kept small until they call again.
struct beacon_first {
    int64_t time_us;
    uint64_t size;
};

struct beacons {
    const struct seat *seat;
    struct ledger *firsts, *tallies, *places; // places: struct distinct of who calls there
    bool requests_seen;                       // of HTTP: its connections are not judged as well
};

static void destroy(void *state)
{
    struct beacons *b = state;
    ledger_destroy(b->firsts);
    ledger_destroy(b->tallies);
    ledger_destroy(b->places);
    base_free(b);
}

static void *create(const struct seat *seat)
{
    struct beacons *b = base_calloc(1, sizeof *b);
    if (!b)
        return NULL;
    size_t most = seat->config->behaviours.max_hosts;
    b->seat = seat;
    b->firsts =
        ledger_create(sizeof(struct beacon_key), sizeof(struct beacon_first), most, seat->metrics);
    b->tallies = ledger_create(
        sizeof(struct beacon_key), sizeof(struct beacon_tally), most / TALLY_SHARE, seat->metrics);
    b->places = ledger_create_of_sets(
        sizeof(struct beacon_key), sizeof(struct distinct), 1, most / TALLY_SHARE, seat->metrics);
    if (b->firsts && b->tallies && b->places)
        return b;
    destroy(b);
    return NULL;
}

// ---- what is looked at

// Those that call again by themselves, all day: time, names, addresses, looking for neighbours.
static bool is_routine(uint16_t port)
{
    static const uint16_t ports[] = {53, 67, 68, 123, 137, 138, 161, 162, 319, 320, 514, 546, 547,
        853, 1900, 3702, 5353, 5355, 6771, 17500, 0};
    for (const uint16_t *p = ports; *p; p++)
        if (*p == port)
            return true;
    return false;
}

// What software of nearly every terminal asks for: updates, certificates, is there an Internet.
static bool is_everybodys(struct bytes registered)
{
    static const struct bytes known[] = {BYTES("adobe.com"), BYTES("akadns.net"),
        BYTES("akamai.net"), BYTES("amazon.com"), BYTES("android.com"), BYTES("apple.com"),
        BYTES("avast.com"), BYTES("canonical.com"), BYTES("cloudflare-dns.com"),
        BYTES("debian.org"), BYTES("digicert.com"), BYTES("dropbox.com"), BYTES("eset.com"),
        BYTES("firefox.com"), BYTES("gmail.com"), BYTES("google-analytics.com"),
        BYTES("google.com"), BYTES("googleapis.com"), BYTES("gstatic.com"), BYTES("gvt1.com"),
        BYTES("icloud.com"), BYTES("kaspersky.com"), BYTES("letsencrypt.org"), BYTES("live.com"),
        BYTES("lencr.org"), BYTES("mcafee.com"), BYTES("microsoft.com"),
        BYTES("microsoftonline.com"), BYTES("mozilla.com"), BYTES("mozilla.net"),
        BYTES("mozilla.org"), BYTES("msftconnecttest.com"), BYTES("msftncsi.com"), BYTES("msn.com"),
        BYTES("office.com"), BYTES("office.net"), BYTES("office365.com"), BYTES("outlook.com"),
        BYTES("pki.goog"), BYTES("redhat.com"), BYTES("sectigo.com"), BYTES("skype.com"),
        BYTES("slack.com"), BYTES("sophos.com"), BYTES("symantec.com"), BYTES("symcd.com"),
        BYTES("trendmicro.com"), BYTES("ubuntu.com"), BYTES("usertrust.com"), BYTES("windows.com"),
        BYTES("windows.net"), BYTES("windowsupdate.com"), BYTES("zoom.us")};
    return domain_is_one_of(registered, known, sizeof known / sizeof *known);
}

// Groups, and addresses that are of no other network: 0.0.0.0/8, fe00::/8 (local to the link).
static bool is_no_place(const struct addr *addr)
{
    return addr_is_group(addr) || addr->bytes[0] == (addr->version == 4 ? 0 : 0xfe);
}

static bool wants_flow(const struct record *record)
{
    const struct record_flow *flow = record->body;
    const struct record_head *head = &record->head;
    return head->has_dest_port && !head->has_icmp_type && !is_no_place(&head->dest_ip) &&
           !is_routine(head->dest_port) && !is_routine(head->src_port) && flow->pkts_toserver;
}

static bool wants_dns(const struct record_dns *dns)
{
    bool asks = bytes_equal(dns->type, BYTES("request")) || !dns->type.len;
    return asks && dns->queries_count && domain_is_coded(dns->queries[0].rrname);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_icmp *icmp = record->body;
    const struct record_http *http = record->body;
    switch (record->type) {
    case RECORD_FLOW: return wants_flow(record);
    case RECORD_HTTP: return http->hostname.len != 0;
    case RECORD_DNS: return wants_dns(record->body);
    default:
        return (icmp->type == 8 || icmp->type == 128) && !icmp->has_count &&
               !is_no_place(&record->head.dest_ip);
    }
}

// ---- judging and telling

static struct bytes kind_of(const struct beacon_key *key, const struct beacon_tally *tally)
{
    switch ((enum beacon_kind)key->kind) {
    case BY_HTTP: return BYTES("web");
    case BY_DNS: return BYTES("dns");
    case BY_PING: return BYTES("ping");
    default: break;
    }
    bool web = strcmp(tally->app, "http") == 0;
    bool tls = strcmp(tally->app, "tls") == 0 || strcmp(tally->app, "ssl") == 0 ||
               strcmp(tally->app, "quic") == 0;
    return web ? BYTES("web") : tls ? BYTES("tls") : BYTES("flow");
}

static void tell(struct beacons *b, const struct beacon_key *key, struct beacon_tally *tally,
    unsigned score, uint32_t typical_ms)
{
    struct telling telling;
    struct record record = {.type = RECORD_FLOW,
        .head = {.timestamp = tally->rhythm.last_us,
            .src_ip = key->source,
            .dest_ip = tally->dest,
            .has_dest_port = tally->has_dest_port,
            .dest_port = tally->dest_port}};
    bool sure = score >= SURE && tally->rhythm.count >= SURE_TIMES;
    tally->told = tally->rhythm.count;
    telling_begin(&telling, "beacon.regular", &record, kind_of(key, tally));
    telling.hit.began_us = tally->rhythm.first_us;
    telling.hit.rule = bytes_from_text(tally->place);
    telling.hit.certainty = (uint8_t)(score * 9 / 10);
    telling.hit.as_detector = !sure;
    telling.hit.severity = SEVERITY_HIGH;
    if (*tally->place)
        telling_text(&telling, "place", bytes_from_text(tally->place));
    telling_number(&telling, "times", tally->rhythm.count);
    telling_number(&telling, "seconds", (typical_ms + 500) / 1000);
    telling_number(&telling, "minutes",
        (uint64_t)(tally->rhythm.last_us - tally->rhythm.first_us) / 60'000'000);
    telling_number(&telling, "score", score);
    telling_end(&telling, b->seat);
}

static bool is_shared(struct beacons *b, const struct beacon_key *key)
{
    struct beacon_key place = *key;
    memset(&place.source, 0, sizeof place.source);
    const struct distinct *callers = ledger_find(b->places, &place);
    return callers && distinct_count(callers) > b->seat->config->behaviours.beacon.hosts;
}

static void judge(
    struct beacons *b, const struct beacon_key *key, struct beacon_tally *tally, unsigned least)
{
    uint32_t typical_ms;
    const struct rhythm *r = &tally->rhythm;
    if (r->count < b->seat->config->behaviours.beacon.connections || r->count == tally->told ||
        r->last_us - r->first_us < SPAN_LEAST_S * 1'000'000ll || is_shared(b, key))
        return;
    if (key->kind == BY_FLOW && b->requests_seen && strcmp(tally->app, "http") == 0)
        return;
    unsigned score = rhythm_score(r, &typical_ms);
    if (score >= least && typical_ms >= CLOSE_MS)
        tell(b, key, tally, score, typical_ms);
}

// ---- counting

static void keep(char *room, size_t size, struct bytes text)
{
    struct bytes kept = bytes_sub(text, 0, size - 1);
    if (kept.len)
        memcpy(room, kept.data, kept.len);
    room[kept.len] = '\0';
}

// Where a record goes to, by name if there is one. False: it is nothing to look at.
static bool key_of(
    struct beacons *b, const struct record *record, struct beacon_key *key, struct domain *domain)
{
    const struct record_head *head = &record->head;
    const struct record_flow *flow = record->body;
    const struct record_http *http = record->body;
    const struct record_dns *dns = record->body;
    bool is_flow = record->type == RECORD_FLOW, is_dns = record->type == RECORD_DNS;
    struct bytes name = is_flow                       ? flow->tls.sni
                        : record->type == RECORD_HTTP ? http->hostname
                        : is_dns                      ? dns->queries[0].rrname
                                                      : (struct bytes){NULL, 0};
    memset(key, 0, sizeof *key);
    key->source = head->src_ip;
    key->port = is_dns ? 0 : head->dest_port;
    key->kind = is_flow                       ? BY_FLOW
                : is_dns                      ? BY_DNS
                : record->type == RECORD_HTTP ? BY_HTTP
                                              : BY_PING;
    bool named = name.len && domain_split(b->seat->domains, domain, name) && domain->registered.len;
    if (is_dns && !named)
        return false;
    if (named) {
        key->name = hash_bytes(is_dns ? domain->registered : domain->name, 0);
        return !is_everybodys(domain->registered);
    }
    key->dest = head->dest_ip;
    return !seat_inside(b->seat, &head->dest_ip);
}

static void begin(struct beacon_tally *tally, const struct record *record,
    const struct beacon_key *key, const struct domain *domain)
{
    const struct record_head *head = &record->head;
    tally->dest = head->dest_ip;
    tally->has_dest_port = head->has_dest_port;
    tally->dest_port = head->dest_port;
    const struct record_http *http = record->body;
    if (key->name)
        keep(tally->place, sizeof tally->place,
            key->kind == BY_DNS ? domain->registered : domain->name);
    else if (record->type == RECORD_HTTP)
        keep(tally->place, sizeof tally->place, http->hostname);
    keep(tally->app, sizeof tally->app, head->app_proto);
}

static void note_caller(struct beacons *b, const struct beacon_key *key)
{
    struct beacon_key place = *key;
    memset(&place.source, 0, sizeof place.source);
    struct distinct *callers = ledger_entry(b->places, &place);
    if (callers)
        distinct_add(callers, bytes_make(&key->source, sizeof key->source));
}

// Requests of one page, connections opened beside each other, count once.
static bool is_beside(const struct beacon_tally *tally, int64_t time_us)
{
    return tally->rhythm.count && time_us - tally->rhythm.last_us < CLOSE_MS * 1000ll / 2;
}

// The tally of a place that was called before, with that first call in it. NULL: it was not.
static struct beacon_tally *tally_of(struct beacons *b, const struct record *record,
    const struct beacon_key *key, const struct domain *domain, const struct beacon_first *now)
{
    struct beacon_tally *tally = ledger_touch(b->tallies, key);
    if (tally)
        return tally;
    struct beacon_first *first = ledger_entry(b->firsts, key);
    if (!first)
        return NULL;
    if (first->time_us == 0) {
        *first = *now;
        return NULL;
    }
    tally = ledger_entry(b->tallies, key);
    if (!tally)
        return NULL;
    begin(tally, record, key, domain);
    note_caller(b, key);
    rhythm_add(&tally->rhythm, first->time_us, first->size);
    ledger_forget(b->firsts, key);
    return tally;
}

static void record(void *state, const struct record *record)
{
    struct beacons *b = state;
    const struct record_flow *flow = record->body;
    const struct record_http *http = record->body;
    struct beacon_key key;
    struct domain domain;
    bool is_flow = record->type == RECORD_FLOW;
    b->requests_seen = b->requests_seen || record->type == RECORD_HTTP;
    if (!key_of(b, record, &key, &domain))
        return;
    struct beacon_first now = {
        .time_us = is_flow && flow->start ? flow->start : record->head.timestamp,
        .size = is_flow                       ? flow->payload_toserver
                : record->type == RECORD_HTTP ? http->request_length
                                              : 0};
    struct beacon_tally *tally = tally_of(b, record, &key, &domain, &now);
    if (!tally || is_beside(tally, now.time_us))
        return;
    rhythm_add(&tally->rhythm, now.time_us, now.size);
    if (tally->rhythm.count >= SURE_TIMES && tally->rhythm.count >= 2 * tally->told &&
        (tally->rhythm.count & (tally->rhythm.count - 1)) == 0)
        judge(b, &key, tally, SURE);
}

static void judge_last(void *context, const void *key, void *entry)
{
    struct beacons *b = context;
    judge(b, key, entry, (unsigned)b->seat->config->behaviours.beacon.score);
}

static void end(void *state)
{
    struct beacons *b = state;
    ledger_each(b->tallies, judge_last, b);
}

const struct watch beacon_watch = {
    .types =
        (const enum record_type[]){RECORD_FLOW, RECORD_HTTP, RECORD_DNS, RECORD_ICMP, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .end = end,
    .destroy = destroy,
};
