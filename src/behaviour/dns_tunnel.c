// SPDX-License-Identifier: Apache-2.0
// Tunnels through the DNS (iodine, dns2tcp, dnscat2 and what people write themselves): a client
// asks for many different names below one domain, long and without words, because each carries
// data; what comes back is in TXT, NULL, CNAME or MX records. Without answers that carry data it is
// a way out alone. Names are counted for each client and registered domain; where there is no
// registered domain, for each client and server.
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/distinct.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"

enum {
    CODED_BYTES = 12,   // a label shorter than this carries next to nothing
    STRANGE_BYTES = 32, // characters no host has in its name, in less, are somebody's typing
    LONG_BYTES = 24,    // of all labels below the domain together
    SHORT_TIMES = 5,    // of short names that many times as many make a tunnel
    RARE_TIMES = 3,     // of rare types of records a third is enough
    DOWN_SHARE = 4,     // answers that carry a quarter of what the names do make it two ways
    SHOWN_BYTES = 128,  // of a domain and a name
};

struct tunnel_key {
    struct addr client, server; // server: none where there is a registered domain
    uint64_t domain;            // its hash
};

struct tunnel_tally {
    struct distinct names; // that carry data
    struct distinct plain; // other ones
    uint64_t up, down;     // bytes below the domain, and in answers
    uint32_t rare;         // names asked for in records of rare types
    uint32_t told;         // names at the last hit
    int64_t first_us, last_us;
    char domain[SHOWN_BYTES];
};

struct tunnels {
    const struct seat *seat;
    struct ledger *tallies;
};

static void *create(const struct seat *seat)
{
    struct tunnels *t = base_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->seat = seat;
    t->tallies = ledger_create_of_sets(sizeof(struct tunnel_key), sizeof(struct tunnel_tally), 2,
        seat->config->behaviours.max_hosts, seat->metrics);
    if (t->tallies)
        return t;
    base_free(t);
    return NULL;
}

static void destroy(void *state)
{
    struct tunnels *t = state;
    ledger_destroy(t->tallies);
    base_free(t);
}

// Those whose names are data by design: look-ups of anti-virus and of block lists, measurements
// of resolvers, and caches that name what they hold.
static bool is_known(struct bytes registered)
{
    static const struct bytes known[] = {BYTES("abuseat.org"), BYTES("akadns.net"),
        BYTES("akamai.net"), BYTES("akamaiedge.net"), BYTES("akamaihd.net"), BYTES("amazonaws.com"),
        BYTES("apple.com"), BYTES("avast.com"), BYTES("avqs.net"), BYTES("avts.net"),
        BYTES("azure.com"), BYTES("barracudacentral.org"), BYTES("bitdefender.net"),
        BYTES("brightcloud.com"), BYTES("cloudfront.net"), BYTES("cymru.com"), BYTES("dnsbl.info"),
        BYTES("dnswl.org"), BYTES("dotnxdomain.net"), BYTES("e5.sk"), BYTES("edgekey.net"),
        BYTES("eset.com"), BYTES("f-secure.com"), BYTES("facebook.com"), BYTES("fbcdn.net"),
        BYTES("fsapi.com"), BYTES("google.com"), BYTES("googlesyndication.com"),
        BYTES("googleusercontent.com"), BYTES("googlevideo.com"), BYTES("gvt1.com"),
        BYTES("kaspersky-labs.com"), BYTES("kaspersky.com"), BYTES("mailspike.net"),
        BYTES("mcafee.com"), BYTES("microsoft.com"), BYTES("msedge.net"), BYTES("njabl.org"),
        BYTES("office.com"), BYTES("senderbase.org"), BYTES("sophosxl.com"), BYTES("sophosxl.net"),
        BYTES("sorbs.net"), BYTES("spamcop.net"), BYTES("spamhaus.net"), BYTES("spamhaus.org"),
        BYTES("surbl.org"), BYTES("symantec.com"), BYTES("trendmicro.com"), BYTES("uribl.com"),
        BYTES("webroot.com"), BYTES("whatsapp.net"), BYTES("windows.com"), BYTES("windows.net")};
    return domain_is_one_of(registered, known, sizeof known / sizeof *known);
}

// ---- does a name carry data?

// Base64's own characters, and bytes that are no text, stand in no name of a host.
static bool is_of_no_host(struct bytes name)
{
    static const char strange[] = "=+/*\\";
    bool found = false;
    for (const char *c = strange; *c && !found; c++)
        found = bytes_find_byte(name, (uint8_t)*c) != BYTES_NOT_FOUND;
    return found && name.len >= STRANGE_BYTES;
}

static bool is_rare(struct bytes type)
{
    return bytes_equal(type, BYTES("NULL")) || bytes_equal(type, BYTES("KEY")) ||
           bytes_equal(type, BYTES("TYPE65399")); // iodine's private type
}

static bool carries(const struct record_dns_query *query, struct bytes below)
{
    return domain_is_coded(below) || is_of_no_host(below) ||
           (is_rare(query->rrtype) && below.len >= CODED_BYTES);
}

// Bytes of an answer in which a tunnel would put them.
static uint64_t answered(const struct record_dns *dns)
{
    static const char *const types[] = {
        "TXT", "NULL", "CNAME", "MX", "SRV", "KEY", "TYPE65399", NULL};
    uint64_t bytes = 0;
    for (size_t i = 0; i < dns->answers_count; i++)
        for (const char *const *type = types; *type; type++)
            if (!dns->answers[i].rrtype.len ||
                bytes_equal(dns->answers[i].rrtype, bytes_from_text(*type))) {
                bytes += dns->answers[i].rdata.len;
                break;
            }
    return bytes;
}

// ---- telling

static void tell(
    struct tunnels *t, const struct record *record, const struct tunnel_tally *tally, bool single)
{
    const struct record_dns *dns = record->body;
    struct telling telling;
    bool ways = tally->down * DOWN_SHARE >= tally->up || tally->rare;
    struct bytes kind = single ? BYTES("name") : ways ? BYTES("tunnel") : BYTES("outward");
    telling_begin(&telling, "dns.tunnel", record, kind);
    if (domain_asker(record) != &record->head.src_ip) {
        telling.head.src_ip = record->head.dest_ip;
        telling.head.dest_ip = record->head.src_ip;
    }
    telling.head.has_src_port = telling.head.has_dest_port = false;
    struct bytes domain = bytes_from_text(tally->domain);
    telling.hit.rule = domain;
    telling_text(&telling, "domain", domain);
    telling_number(&telling, "names", distinct_count(&tally->names));
    telling_number(&telling, "up", tally->up);
    telling_number(&telling, "down", tally->down);
    telling_number(&telling, "minutes", (uint64_t)(tally->last_us - tally->first_us) / 60'000'000);
    telling_match(&telling, "dns.queries.rrname", dns->queries[0].rrname);
    telling_end(&telling, t->seat);
}

// At the threshold, and whenever the count has doubled since.
static bool is_due(struct tunnels *t, struct tunnel_tally *tally)
{
    uint32_t threshold = (uint32_t)t->seat->config->behaviours.tunnel.names;
    uint32_t count = distinct_count(&tally->names);
    if (tally->rare * RARE_TIMES >= threshold)
        threshold /= RARE_TIMES;
    else if (tally->up < (uint64_t)count * LONG_BYTES)
        threshold *= SHORT_TIMES;
    if (count < threshold || count < 2 * tally->told || distinct_count(&tally->plain) > count)
        return false;
    tally->told = count;
    return true;
}

static void count_name(struct tunnels *t, const struct record *record, const struct domain *domain,
    struct tunnel_tally *tally)
{
    const struct record_dns *dns = record->body;
    if (!carries(&dns->queries[0], domain->below)) {
        distinct_add(&tally->plain, domain->below);
        return;
    }
    tally->down += answered(dns);
    if (!distinct_add(&tally->names, domain->below))
        return;
    tally->up += domain->below.len;
    tally->rare += is_rare(dns->queries[0].rrtype);
    if (is_due(t, tally))
        tell(t, record, tally, false);
    else if (distinct_count(&tally->names) == 1 && is_of_no_host(domain->below))
        tell(t, record, tally, true);
}

static bool wants(const struct config *, const struct record *record)
{
    const struct record_dns *dns = record->body;
    return dns->queries_count && dns->queries[0].rrname.len > CODED_BYTES;
}

static void record(void *state, const struct record *record)
{
    struct tunnels *t = state;
    const struct record_head *head = &record->head;
    const struct record_dns *dns = record->body;
    struct domain domain;
    if (!domain_split(t->seat->domains, &domain, dns->queries[0].rrname) ||
        is_known(domain.registered))
        return;
    struct tunnel_key key;
    memset(&key, 0, sizeof key);
    key.client = *domain_asker(record);
    if (domain.registered.len)
        key.domain = hash_bytes(domain.registered, 0);
    else
        key.server = domain_asker(record) == &head->src_ip ? head->dest_ip : head->src_ip;
    struct tunnel_tally *tally = ledger_entry(t->tallies, &key);
    if (!tally)
        return;
    if (!tally->last_us ||
        head->timestamp - tally->last_us > t->seat->config->behaviours.tunnel.window_us) {
        ledger_clear(t->tallies, tally);
        tally->first_us = head->timestamp;
        struct bytes shown = bytes_sub(domain.registered, 0, SHOWN_BYTES - 1);
        memcpy(tally->domain, shown.data, shown.len);
    }
    tally->last_us = head->timestamp;
    count_name(t, record, &domain, tally);
}

const struct watch dns_tunnel_watch = {
    .types = (const enum record_type[]){RECORD_DNS, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .destroy = destroy,
};
