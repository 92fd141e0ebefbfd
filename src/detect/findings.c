// SPDX-License-Identifier: Apache-2.0
// Findings while they grow: a hash table by what makes two hits the same, and a list by when each
// was touched last, from whose end findings are given away when there are too many.
#include "base/alloc.h"
#include "base/hash.h"
#include "detect/internal.h"
#include <stdlib.h>

enum { BUCKETS_FIRST = 1024 };

struct findings {
    const struct config *config;
    struct metrics *metrics;
    finding_sink *early;
    void *context;
    struct kept **buckets;
    size_t buckets_count, count, in_table;
    uint64_t seed;
    struct kept *newest, *oldest;
    struct pool pool;    // of the texts of all findings
    struct pool scratch; // of what is being written
    struct arena texts;
    struct alert_room alert;
};

struct findings *findings_create(
    const struct config *config, struct metrics *metrics, finding_sink *early, void *context)
{
    struct findings *f = base_calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->buckets = base_calloc(BUCKETS_FIRST, sizeof(struct kept *));
    f->buckets_count = BUCKETS_FIRST;
    f->seed = hash_seed();
    f->config = config;
    f->metrics = metrics;
    f->early = early;
    f->context = context;
    pool_init(&f->pool, config->findings.memory_bytes);
    pool_init(&f->scratch, 0);
    arena_init(&f->texts, &f->scratch, SIZE_MAX);
    if (f->buckets)
        return f;
    base_free(f);
    return NULL;
}

static void unlink_kept(struct findings *f, struct kept *k)
{
    *(k->newer ? &k->newer->older : &f->newest) = k->older;
    *(k->older ? &k->older->newer : &f->oldest) = k->newer;
}

static void link_newest(struct findings *f, struct kept *k)
{
    k->newer = NULL;
    k->older = f->newest;
    *(f->newest ? &f->newest->newer : &f->oldest) = k;
    f->newest = k;
}

static void table_take(struct findings *f, struct kept *k)
{
    if (!k->found)
        return;
    struct kept **at = &f->buckets[k->hash & (f->buckets_count - 1)];
    while (*at != k)
        at = &(*at)->in_bucket;
    *at = k->in_bucket;
    k->found = false;
    f->in_table--;
}

static void table_put(struct findings *f, struct kept *k)
{
    struct kept **bucket = &f->buckets[k->hash & (f->buckets_count - 1)];
    k->in_bucket = *bucket;
    k->found = true;
    *bucket = k;
    f->in_table++;
}

static void table_grow(struct findings *f)
{
    size_t room = 2 * f->buckets_count;
    struct kept **buckets =
        f->in_table < f->buckets_count ? NULL : base_calloc(room, sizeof *buckets);
    if (!buckets)
        return; // chains grow instead
    base_free(f->buckets);
    f->buckets = buckets;
    f->buckets_count = room;
    f->in_table = 0;
    for (struct kept *k = f->newest; k; k = k->older)
        if (k->found)
            table_put(f, k);
}

static void drop(struct findings *f, struct kept *k)
{
    table_take(f, k);
    unlink_kept(f, k);
    arena_reset(&k->memory);
    base_free(k);
    f->count--;
}

void findings_destroy(struct findings *findings)
{
    if (!findings)
        return;
    while (findings->oldest)
        drop(findings, findings->oldest);
    arena_reset(&findings->texts);
    pool_finish(&findings->scratch);
    pool_finish(&findings->pool);
    base_free(findings->buckets);
    base_free(findings);
}

size_t findings_count(const struct findings *findings)
{
    return findings ? findings->count : 0;
}

static void tell(struct findings *f, const struct kept *k, finding_sink *sink, void *context)
{
    struct finding whole;
    finding_fill(f->config, k, &f->texts, &whole);
    if (sink)
        sink(context, &whole);
    arena_reset(&f->texts);
}

// Give away the finding that was touched longest ago. False: there is none.
static bool give_oldest(struct findings *f)
{
    if (!f->oldest)
        return false;
    tell(f, f->oldest, f->early, f->context);
    f->metrics->detect_findings_early++;
    drop(f, f->oldest);
    return true;
}

// What makes two hits the same.
struct key {
    const char *detector;
    struct bytes rule, host;
    struct addr subject, peer;
    uint64_t hash;
};

static struct key key_of(uint64_t seed, const struct hit *hit, const struct assessment *a)
{
    const struct record_head *head = hit->head;
    struct key key = {.detector = hit->detector, .rule = hit->rule, .host = hit->host};
    key.subject = a->swapped ? head->dest_ip : head->src_ip;
    key.peer = a->swapped ? head->src_ip : head->dest_ip;
    key.hash = hash_bytes(bytes_from_text(key.detector), seed);
    key.hash = hash_bytes(key.rule, key.hash);
    key.hash = hash_bytes(key.host, key.hash);
    key.hash = hash_bytes(bytes_make(&key.subject, sizeof key.subject), key.hash);
    key.hash = hash_bytes(bytes_make(&key.peer, sizeof key.peer), key.hash);
    return key;
}

static struct kept *table_find(const struct findings *f, const struct key *key)
{
    struct kept *k = f->buckets[key->hash & (f->buckets_count - 1)];
    while (k && !(k->hash == key->hash && strcmp(k->detector_id, key->detector) == 0 &&
                    bytes_equal(k->rule, key->rule) && bytes_equal(k->host, key->host) &&
                    addr_same(&k->subject, &key->subject) && addr_same(&k->peer, &key->peer)))
        k = k->in_bucket;
    return k;
}

// Made of what the finding is about, so that the same input gives the same id.
static void make_id(const struct key *key, int64_t first_us, char id[FINDING_ID])
{
    struct json text;
    uint8_t digest[SHA256_BYTES];
    json_init(&text);
    json_text(&text, bytes_from_text(key->detector));
    json_text(&text, key->rule);
    json_text(&text, key->host);
    json_addr(&text, &key->subject);
    json_addr(&text, &key->peer);
    json_i64(&text, first_us);
    hash_sha256(bytes_make(text.data, text.len), digest);
    json_finish(&text);
    hash_hex(bytes_make(digest, (FINDING_ID - 1) / 2), id);
    id[FINDING_ID - 1] = '\0';
}

static struct bytes keep(struct kept *k, struct bytes text)
{
    return text.data ? arena_copy(&k->memory, text) : text;
}

// A record of a protocol says which by its type.
static struct bytes app_of(const struct hit *hit)
{
    static const enum record_type none[] = {RECORD_NONE, RECORD_ALERT, RECORD_FLOW, RECORD_FILEINFO,
        RECORD_ANOMALY, RECORD_STATS, RECORD_LOG_EVENT};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (hit->record == none[i])
            return hit->head->app_proto;
    if (hit->head->app_proto.len)
        return hit->head->app_proto;
    return bytes_from_text(record_type_name(hit->record));
}

static struct kept *begin(struct findings *f, const struct key *key, const struct hit *hit)
{
    while (f->count >= f->config->findings.max_open)
        (void)give_oldest(f);
    struct kept *k = base_calloc(1, sizeof *k);
    if (!k)
        return NULL;
    arena_init(&k->memory, &f->pool, FINDING_TEXT_BYTES);
    k->hash = key->hash;
    k->detector_id = key->detector;
    k->subject = key->subject;
    k->peer = key->peer;
    k->first_us = k->last_us = hit->head->timestamp;
    make_id(key, k->first_us, k->id);
    k->rule = keep(k, key->rule);
    k->host = keep(k, key->host);
    k->title = keep(k, hit->title);
    k->app_proto = keep(k, app_of(hit));
    link_newest(f, k);
    f->count++;
    table_put(f, k);
    table_grow(f);
    return k;
}

static void add_reference(struct kept *k, const struct hit *hit)
{
    const struct record_head *head = hit->head;
    if (k->references_count == FINDING_RECORDS)
        return;
    k->references[k->references_count++] = (struct reference){.type = hit->record,
        .has_flow = head->has_flow_id,
        .has_tx = head->has_tx_id,
        .has_packet = head->has_pcap_cnt,
        .time_us = head->timestamp,
        .flow = head->flow_id,
        .tx = head->tx_id,
        .packet = head->pcap_cnt};
}

static void add_match(struct kept *k, const struct hit_match *m)
{
    for (size_t i = 0; i < k->matches_count; i++)
        if (bytes_equal(k->matches[i].where, m->where) && bytes_equal(k->matches[i].data, m->data))
            return;
    if (k->matches_count == FINDING_MATCHES)
        return;
    struct hit_match copy = *m;
    copy.where = keep(k, m->where);
    copy.data = keep(k, m->data);
    if (copy.where.data && copy.data.data)
        k->matches[k->matches_count++] = copy;
}

// True: nobody said so before.
static bool add_source(struct kept *k, const struct hit_source *s)
{
    for (size_t i = 0; i < k->sources_count; i++)
        if (bytes_equal(k->sources[i].name, s->name) && bytes_equal(k->sources[i].says, s->says))
            return false;
    if (k->sources_count == HIT_SOURCES)
        return false;
    struct hit_source copy = {keep(k, s->name), keep(k, s->says), s->confidence, keep(k, s->tlp)};
    if (!copy.name.data)
        return false;
    k->sources[k->sources_count++] = copy;
    return true;
}

static void add_technique(struct kept *k, struct bytes id)
{
    for (size_t i = 0; i < k->techniques_count; i++)
        if (bytes_equal(k->techniques[i], id))
            return;
    struct bytes copy =
        k->techniques_count < HIT_TECHNIQUES ? keep(k, id) : (struct bytes){NULL, 0};
    if (copy.data)
        k->techniques[k->techniques_count++] = copy;
}

// Counts grow: the last word stands.
static void take_facts(struct kept *k, const struct hit *hit)
{
    if (hit->facts_count && !k->facts)
        k->facts = arena_alloc(&k->memory, HIT_FACTS * sizeof *k->facts);
    for (size_t i = 0; k->facts && i < hit->facts_count; i++) {
        struct kept_fact *fact = &k->facts[i];
        struct bytes value = bytes_sub(hit->facts[i].value, 0, HIT_FACT_BYTES);
        fact->name = hit->facts[i].name;
        fact->len = (uint8_t)value.len;
        memcpy(fact->text, value.len ? (const char *)value.data : "", value.len);
        k->facts_count = (uint8_t)(i + 1);
    }
}

static void judge(struct kept *k, const struct hit *hit, const struct assessment *a)
{
    bool agrees = false, was = k->sources_count > 0;
    for (size_t i = 0; i < hit->sources_count; i++)
        agrees |= add_source(k, &hit->sources[i]);
    if (agrees && was)
        k->certainty = assess_together(k->certainty, a->certainty);
    else if (a->certainty > k->certainty)
        k->certainty = a->certainty;
    if (a->severity >= k->severity && (a->phase || !k->phase)) {
        k->phase = a->phase ? a->phase : k->phase;
        k->its = a->its ? a->its : k->its;
    }
    if (a->severity > k->severity)
        k->severity = a->severity;
    for (size_t i = 0; i < a->techniques_count; i++)
        add_technique(k, a->techniques[i]);
}

// Which side is the server's, a record of one message does not say: the lower port mostly is.
static void set_ports(struct kept *k, const struct record_head *head, bool swapped)
{
    if (!head->has_src_port || !head->has_dest_port)
        return;
    bool source = head->src_port < head->dest_port;
    uint16_t *of = source == swapped ? &k->peer_port : &k->subject_port;
    *of = source ? head->src_port : head->dest_port;
}

static void grow(
    struct findings *f, struct kept *k, const struct hit *hit, const struct assessment *a)
{
    int64_t time_us = hit->head->timestamp;
    if (k->count == 0) {
        k->detector = detector_of(a);
        k->its = a->its;
        k->phase = a->phase;
        k->kind = keep(k, a->kind);
        set_ports(k, hit->head, a->swapped);
        k->turned = hit->quiet && a->swapped != hit->subject_is_dest;
    }
    k->count++;
    k->first_us = time_us < k->first_us ? time_us : k->first_us;
    k->last_us = time_us > k->last_us ? time_us : k->last_us;
    add_reference(k, hit);
    for (size_t i = 0; i < hit->matches_count; i++)
        add_match(k, &hit->matches[i]);
    take_facts(k, hit);
    judge(k, hit, a);
    if (k != f->newest) {
        unlink_kept(f, k);
        link_newest(f, k);
    }
}

static bool in_time(const struct findings *f, const struct kept *k, int64_t time_us)
{
    int64_t window = (int64_t)f->config->findings.window_us;
    return time_us - k->first_us <= window && k->first_us - time_us <= window;
}

// A new finding's texts need memory: others give theirs until what is most a finding takes is free.
static void make_room(struct findings *f)
{
    size_t limit = f->pool.limit_bytes;
    while (f->count > 1 && f->pool.used_bytes + 2 * FINDING_TEXT_BYTES > limit)
        (void)give_oldest(f);
}

const struct record_alert *findings_add(struct findings *f, const struct hit *hit)
{
    struct assessment a;
    assess(f->config, hit, &a);
    struct key key = key_of(f->seed, hit, &a);
    struct kept *k = table_find(f, &key);
    if (k && !in_time(f, k, hit->head->timestamp)) {
        table_take(f, k);
        k = NULL;
    }
    if (!k) {
        make_room(f);
        k = begin(f, &key, hit);
        f->metrics->detect_findings += k != NULL;
    }
    arena_reset(&f->texts);
    if (!k)
        return NULL;
    grow(f, k, hit, &a);
    if (hit->quiet)
        memset(&f->alert.body, 0, sizeof f->alert.body);
    else
        alert_fill(f->config, hit, &a, k->id, &f->texts, &f->alert);
    return &f->alert.body;
}

static int by_time(const void *a, const void *b)
{
    const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;
    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int by_weight(const void *a, const void *b)
{
    const struct kept *x = *(struct kept *const *)a, *y = *(struct kept *const *)b;
    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (x->certainty != y->certainty)
        return x->certainty > y->certainty ? -1 : 1;
    return by_time(a, b);
}

bool findings_each(
    struct findings *findings, enum findings_order order, finding_sink *sink, void *context)
{
    struct kept **all = base_calloc(findings->count + 1, sizeof(struct kept *));
    size_t count = 0;
    for (struct kept *k = findings->newest; all && k; k = k->older)
        all[count++] = k;
    if (!all)
        return false;
    qsort(all, count, sizeof(struct kept *), order == FINDINGS_BY_TIME ? by_time : by_weight);
    for (size_t i = 0; i < count; i++)
        tell(findings, all[i], sink, context);
    base_free(all);
    return true;
}
