// SPDX-License-Identifier: Apache-2.0
// A place outside that one host alone visits, while others go elsewhere, and what is odd there: a
// connection that stays for hours and hardly says anything; a certificate somebody made himself or
// just got, or a client that names no server, of a kind (JA4) that no other host has. Each of these
// is common; at a place that nobody else knows they are few. Who else visits it is known at the
// end, so it is told then.
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/ledger.h"
#include "behaviour/seat.h"
#include <stdio.h>

enum {
    NAME_BYTES = 64,
    JA4_BYTES = 40,
    ODDITIES = 256, // remembered for the end
    HOUR_S = 3600,
    IDLE_BYTES = 200'000, // payload in an hour, less is idle
    YOUNG_DAYS = 7,
    PORT_IMAP = 143, // whose clients wait for mail
    PORT_IMAPS = 993,
};

// Who was seen with something.
struct seen_by {
    struct addr first;
    bool by_others;
};

struct odd_key {
    struct addr source;
    uint64_t place; // hash of its name, or of its address
    char kind;      // 'l'ong, 'c'ertificate
};

struct oddity {
    struct record_head head; // without texts
    uint64_t ja4;            // its hash; 0: none
    uint64_t minutes, bytes;
    bool own, young, nameless;
    char name[NAME_BYTES], client[JA4_BYTES];
};

struct rare {
    const struct seat *seat;
    struct ledger *hosts, *places, *clients, *oddities;
};

static void destroy(void *state)
{
    struct rare *r = state;
    ledger_destroy(r->hosts);
    ledger_destroy(r->places);
    ledger_destroy(r->clients);
    ledger_destroy(r->oddities);
    base_free(r);
}

static void *create(const struct seat *seat)
{
    struct rare *r = base_calloc(1, sizeof *r);
    size_t most = seat->config->behaviours.max_hosts;
    if (!r)
        return NULL;
    r->seat = seat;
    r->hosts = ledger_create(sizeof(struct addr), sizeof(bool), most, seat->metrics);
    r->places = ledger_create(sizeof(uint64_t), sizeof(struct seen_by), most, seat->metrics);
    r->clients = ledger_create(sizeof(uint64_t), sizeof(struct seen_by), most, seat->metrics);
    r->oddities =
        ledger_create(sizeof(struct odd_key), sizeof(struct oddity), ODDITIES, seat->metrics);
    if (r->hosts && r->places && r->clients && r->oddities)
        return r;
    destroy(r);
    return NULL;
}

static bool wants(const struct config *config, const struct record *record)
{
    const struct record_flow *flow = record->body;
    const struct addr *dest = &record->head.dest_ip;
    return dest->version && flow->payload_toserver && flow->payload_toclient &&
           (bytes_equal(record->head.proto, BYTES("TCP")) || flow->tls.ja4.len) &&
           !addr_is_group(dest) && segment_find(config, dest) == 0;
}

static void see(struct ledger *ledger, uint64_t what, const struct addr *by)
{
    struct seen_by *seen = ledger_entry(ledger, &what);
    if (!seen)
        return;
    if (seen->first.version == 0)
        seen->first = *by;
    seen->by_others |= !addr_same(&seen->first, by);
}

// What nobody remembers any more is not known to be rare.
static bool is_rare(const struct ledger *ledger, uint64_t what)
{
    const struct seen_by *seen = ledger_find(ledger, &what);
    return seen && !seen->by_others;
}

static uint64_t place_of(const struct record *record)
{
    const struct record_flow *flow = record->body;
    struct bytes name = flow->tls.sni;
    const struct addr *dest = &record->head.dest_ip;
    return name.len ? hash_bytes(name, 1) : hash_bytes(bytes_make(dest, sizeof *dest), 0);
}

// ---- what is odd

static bool is_long(const struct rare *r, const struct record *record)
{
    const struct record_flow *flow = record->body;
    uint16_t port = record->head.dest_port;
    return (int64_t)flow->age >= r->seat->config->behaviours.rare.lasting_us / 1'000'000 &&
           (flow->payload_toserver + flow->payload_toclient) / (flow->age / HOUR_S + 1) <
               IDLE_BYTES &&
           port != PORT_IMAP && port != PORT_IMAPS;
}

// "2024-06-04T14:27:23", in days since 1970, near enough. 0: it cannot be read.
static int64_t day_of(struct bytes time)
{
    unsigned year, month, day;
    char text[11] = "";
    memcpy(text, time.len ? (const void *)time.data : "", time.len < 10 ? time.len : 10);
    if (sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3 || year < 1970 || month > 12)
        return 0;
    return ((int64_t)year - 1970) * 365 + (year - 1969) / 4 + (int64_t)(month * 306 - 300) / 10 +
           day;
}

static bool is_young(const struct record *record)
{
    const struct record_flow *flow = record->body;
    int64_t from = day_of(flow->tls.notbefore), now = record->head.timestamp / 86'400'000'000;
    return from && now >= from - 1 && now - from <= YOUNG_DAYS;
}

static void keep_text(char *out, size_t size, struct bytes text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

static void remember(struct rare *r, const struct record *record, uint64_t place, char kind)
{
    const struct record_flow *flow = record->body;
    const struct record_head *head = &record->head;
    struct odd_key key;
    memset(&key, 0, sizeof key);
    key.source = head->src_ip;
    key.place = place;
    key.kind = kind;
    struct oddity *odd = ledger_entry(r->oddities, &key);
    if (!odd || odd->minutes >= flow->age / 60 + 1)
        return;
    *odd = (struct oddity){.minutes = flow->age / 60 + 1,
        .bytes = flow->payload_toserver + flow->payload_toclient,
        .ja4 = flow->tls.ja4.len ? hash_bytes(flow->tls.ja4, 0) : 0,
        .own = flow->tls.self_signed,
        .young = is_young(record),
        .nameless = flow->tls.sni.len == 0,
        .head = {.timestamp = head->timestamp,
            .src_ip = head->src_ip,
            .dest_ip = head->dest_ip,
            .has_dest_port = head->has_dest_port,
            .dest_port = head->dest_port}};
    keep_text(odd->name, sizeof odd->name, flow->tls.sni);
    keep_text(odd->client, sizeof odd->client, flow->tls.ja4);
}

static void record(void *state, const struct record *record)
{
    struct rare *r = state;
    const struct record_flow *flow = record->body;
    const struct addr *source = &record->head.src_ip;
    uint64_t place = place_of(record);
    if (!seat_inside(r->seat, source))
        return;
    (void)ledger_entry(r->hosts, source);
    see(r->places, place, source);
    if (flow->tls.ja4.len)
        see(r->clients, hash_bytes(flow->tls.ja4, 0), source);
    if (is_long(r, record))
        remember(r, record, place, 'l');
    if (flow->tls.ja4.len && (flow->tls.self_signed || is_young(record) || flow->tls.sni.len == 0))
        remember(r, record, place, 'c');
}

// ---- at the end

static void tell(const struct rare *r, const struct odd_key *key, const struct oddity *odd)
{
    struct telling telling;
    struct record record = {.head = odd->head, .type = RECORD_FLOW};
    bool is_of_time = key->kind == 'l';
    telling_begin(
        &telling, "flow.rare", &record, is_of_time ? BYTES("long") : BYTES("certificate"));
    telling.hit.rule = telling.hit.kind;
    if (*odd->name)
        telling_text(&telling, "place", bytes_from_text(odd->name));
    if (*odd->client && !is_of_time)
        telling_text(&telling, "client", bytes_from_text(odd->client));
    telling_number(&telling, "minutes", odd->minutes);
    telling_number(&telling, "kilobytes", odd->bytes / 1000 + 1);
    telling_number(&telling, "others", ledger_count(r->hosts) - 1);
    telling_end(&telling, r->seat);
}

static void judge(void *context, const void *key, void *entry)
{
    enum { POINTS = 2 };
    const struct rare *r = context;
    const struct odd_key *odd_key = key;
    const struct oddity *odd = entry;
    unsigned points = (odd->own ? 1u : 0u) + (odd->young ? 1u : 0u) + (odd->nameless ? 1u : 0u) +
                      (is_rare(r->clients, odd->ja4) ? 1u : 0u);
    if (is_rare(r->places, odd_key->place) && (odd_key->kind == 'l' || points >= POINTS))
        tell(r, odd_key, odd);
}

static void end(void *state)
{
    struct rare *r = state;
    if (ledger_count(r->hosts) >= r->seat->config->behaviours.rare.hosts)
        ledger_each(r->oddities, judge, r);
}

const struct watch rare_place_watch = {
    .types = (const enum record_type[]){RECORD_FLOW, RECORD_NONE},
    .wants = wants,
    .create = create,
    .record = record,
    .end = end,
    .destroy = destroy,
};
