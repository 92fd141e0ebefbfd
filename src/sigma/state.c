// SPDX-License-Identifier: Apache-2.0
// Correlations in the order of packets. Each group of each correlation has a window of events; a
// condition with an upper bound alone is told when the window is over, all others as soon as they
// hold, and the window then begins anew. Memory is bounded: past it the group longest silent goes.
#include "base/hash.h"
#include "sigma/window.h"
#include <stdio.h>

enum { CHAIN_DEEP = 8, GROUPS_FIRST = 1024, HIT_COPY_BYTES = 256 * 1024 };

struct group {
    uint64_t key;
    const struct sigma_correlation *correlation;
    struct window window;
    int64_t since_us;             // of windows told at their end
    struct arena copy;            // of its last hit, likewise
    struct hit *last;             // there
    bool begun;                   // its window: it is on the list of open ones
    size_t bytes;                 // it takes
    struct group *next;           // in its bucket
    struct group *newer, *older;  // by when it was touched
    struct group *later, *sooner; // of those told at their end, by when they began
};

struct sigma_state {
    const struct sigma *sigma;
    size_t bytes, limit_bytes;
    struct pool pool;
    struct group **buckets;
    size_t buckets_count, groups_count; // buckets: a power of two
    struct group *newest, *oldest;
    struct open_list {
        struct group *first, *last;
    } * open; // one a correlation
    uint64_t dropped;
};

struct sigma_state *sigma_state_create(const struct sigma *sigma, const struct config *config)
{
    struct sigma_state *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->sigma = sigma;
    s->limit_bytes = config ? config->sigma.correlation_memory_bytes : SIZE_MAX;
    s->buckets_count = GROUPS_FIRST;
    s->buckets = base_calloc(s->buckets_count, sizeof *s->buckets);
    s->open = base_calloc(sigma->correlations_count + 1, sizeof *s->open);
    pool_init(&s->pool, 0);
    if (s->buckets && s->open)
        return s;
    base_free(s->buckets);
    base_free(s->open);
    base_free(s);
    return NULL;
}

// ---- groups

static void open_remove(struct sigma_state *s, struct group *g)
{
    if (!g->begun)
        return;
    struct open_list *list = &s->open[g->correlation->number];
    *(g->sooner ? &g->sooner->later : &list->first) = g->later;
    *(g->later ? &g->later->sooner : &list->last) = g->sooner;
    g->sooner = g->later = NULL;
    g->last = NULL;
    g->begun = false;
    arena_reset(&g->copy);
}

static void open_add(struct sigma_state *s, struct group *g)
{
    struct open_list *list = &s->open[g->correlation->number];
    g->sooner = list->last;
    g->later = NULL;
    *(list->last ? &list->last->later : &list->first) = g;
    list->last = g;
    g->begun = true;
}

static void age_remove(struct sigma_state *s, struct group *g)
{
    *(g->newer ? &g->newer->older : &s->newest) = g->older;
    *(g->older ? &g->older->newer : &s->oldest) = g->newer;
    g->newer = g->older = NULL;
}

static void age_add(struct sigma_state *s, struct group *g)
{
    g->older = s->newest;
    g->newer = NULL;
    *(s->newest ? &s->newest->newer : &s->oldest) = g;
    s->newest = g;
}

static struct group **bucket_of(struct sigma_state *s, uint64_t key)
{
    return &s->buckets[hash_mix(key) & (s->buckets_count - 1)];
}

static void group_destroy(struct sigma_state *s, struct group *g)
{
    struct group **at = bucket_of(s, g->key);
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    open_remove(s, g);
    age_remove(s, g);
    s->bytes -= g->bytes;
    s->groups_count--;
    base_free(g->window.events);
    base_free(g);
}

void sigma_state_destroy(struct sigma_state *s)
{
    if (!s)
        return;
    while (s->newest)
        group_destroy(s, s->newest);
    base_free(s->buckets);
    base_free(s->open);
    pool_finish(&s->pool);
    base_free(s);
}

uint64_t sigma_state_dropped(const struct sigma_state *s)
{
    return s->dropped;
}

static void grow(struct sigma_state *s)
{
    if (s->groups_count < 2 * s->buckets_count)
        return;
    struct group **buckets = base_calloc(4 * s->buckets_count, sizeof *buckets);
    if (!buckets)
        return; // the chains get longer
    base_free(s->buckets);
    s->buckets = buckets;
    s->buckets_count *= 4;
    for (struct group *g = s->newest; g; g = g->older) {
        struct group **at = bucket_of(s, g->key);
        g->next = *at;
        *at = g;
    }
}

static struct group *group_get(
    struct sigma_state *s, const struct sigma_correlation *k, uint64_t key)
{
    for (struct group *g = *bucket_of(s, key); g; g = g->next)
        if (g->key == key && g->correlation == k) {
            age_remove(s, g);
            age_add(s, g);
            return g;
        }
    struct group *g = base_calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->key = key;
    g->correlation = k;
    g->bytes = sizeof *g;
    arena_init(&g->copy, &s->pool, HIT_COPY_BYTES);
    grow(s);
    struct group **at = bucket_of(s, key);
    g->next = *at;
    *at = g;
    age_add(s, g);
    s->groups_count++;
    s->bytes += g->bytes;
    return g;
}

// The group just touched stays, whatever it takes.
static void keep_within(struct sigma_state *s)
{
    while (s->bytes + s->pool.used_bytes > s->limit_bytes && s->oldest != s->newest) {
        group_destroy(s, s->oldest);
        s->dropped++;
    }
}

// ---- telling

// Hits of one settling: what a feed carried, and where to tell.
struct telling {
    struct sigma_state *state;
    hit_sink *sink;
    void *context;
    int deep;
};

static void count_member(
    struct telling *t, const struct sigma_correlation *k, uint32_t member, const struct hit *hit);

// A correlation that holds, shown by the hit that completed it.
static void tell(
    struct telling *t, const struct sigma_correlation *k, const struct hit *last, double value)
{
    char text[32];
    struct hit hit = *last;
    const struct sigma_about *about = &k->about;
    int len = snprintf(text, sizeof text, "%.10g", value);
    hit.rule = about->id;
    hit.title = about->title;
    hit.severity = about->severity;
    hit.certainty = about->certainty;
    hit.phase = about->phase;
    hit.techniques_count = about->techniques_count;
    memcpy(hit.techniques, about->techniques, sizeof hit.techniques);
    hit.sources[0] = (struct hit_source){.name = about->source, .says = about->author};
    hit.sources_count = 1;
    hit.settle = NULL;
    hit.matches[0] = (struct hit_match){
        .where = BYTES("correlation"), .data = bytes_make(text, (size_t)len), .len = (uint32_t)len};
    if (!k->counted)
        t->sink(t->context, &hit);
    if (t->deep == CHAIN_DEEP)
        return;
    t->deep++;
    for (size_t i = 0; i < k->parents_count; i++)
        count_member(t, k->parents[i], k->parent_members[i], last);
    t->deep--;
}

// ---- counting

static bool carried_get(const struct hit *hit, struct sigma_carried *carried)
{
    if (hit->matches_count == 0 || hit->matches[0].data.len != sizeof *carried)
        return false;
    memcpy(carried, hit->matches[0].data.data, sizeof *carried);
    return true;
}

// The hash of a field that a hit carries; 0: it has none.
static uint64_t carried_find(
    const struct hit *hit, const struct sigma_carried *carried, struct bytes name, size_t *at)
{
    for (size_t i = 1; i < hit->matches_count; i++)
        if (bytes_equal(hit->matches[i].where, name)) {
            *at = i;
            return carried->hashes[i - 1];
        }
    return 0;
}

static uint64_t carried_of(const struct hit *hit, const struct sigma_carried *carried,
    const struct sigma_correlation *k, uint32_t member, struct bytes name)
{
    size_t at;
    uint64_t hash = carried_find(hit, carried, name, &at);
    return hash ? hash
                : carried_find(hit, carried, sigma_alias_of(k, &k->members[member], name), &at);
}

// False: the hit has none of what the correlation groups by.
static bool group_key(const struct hit *hit, const struct sigma_carried *carried,
    const struct sigma_correlation *k, uint32_t member, uint64_t *key)
{
    bool any = k->group_by_count == 0;
    *key = hash_mix(k->number + 1);
    for (size_t i = 0; i < k->group_by_count; i++) {
        uint64_t hash = carried_of(hit, carried, k, member, k->group_by[i]);
        any |= hash != 0;
        *key = hash_mix(*key ^ hash) + i;
    }
    return any;
}

// False: the hit has no such value.
static bool event_of(const struct hit *hit, const struct sigma_carried *carried,
    const struct sigma_correlation *k, uint32_t member, struct window_event *event)
{
    *event = (struct window_event){.time_us = hit->head->timestamp, .member = member};
    for (size_t i = 0; i < k->fields_count; i++) {
        uint64_t hash = carried_of(hit, carried, k, member, k->fields[i]);
        if (hash == 0)
            return false;
        event->hash = hash_mix(event->hash ^ hash) + i;
    }
    event->number = carried->number;
    return k->type < CORRELATE_VALUE_SUM || carried->has_number;
}

// A window told at its end begins with its first event.
static void open_window(struct sigma_state *s, struct group *g, const struct hit *hit)
{
    if (!g->begun) {
        g->since_us = hit->head->timestamp;
        open_add(s, g);
    }
    arena_reset(&g->copy);
    g->last = hit_copy(&g->copy, hit);
    if (g->last)
        return;
    g->window.count = 0; // it is too large, or memory is short: the window is given up
    open_remove(s, g);
    s->dropped++;
}

static void count_member(
    struct telling *t, const struct sigma_correlation *k, uint32_t member, const struct hit *hit)
{
    struct sigma_carried carried;
    struct window_event event;
    uint64_t key;
    size_t grown;
    double value;
    if (!carried_get(hit, &carried) || !group_key(hit, &carried, k, member, &key) ||
        !event_of(hit, &carried, k, member, &event))
        return;
    struct group *g = group_get(t->state, k, key);
    if (!g || !window_add(&g->window, k, &event, &grown)) {
        t->state->dropped++;
        return;
    }
    g->bytes += grown;
    t->state->bytes += grown;
    if (k->at_end) {
        open_window(t->state, g, hit);
    } else if (window_holds(&g->window, k, &value)) {
        g->window.count = 0;
        tell(t, k, hit, value);
    }
    keep_within(t->state);
}

// The window is over: tell, and begin anew with the next event.
static void close_window(struct telling *t, struct group *g)
{
    double value;
    struct pool pool;
    struct arena arena;
    bool holds = window_holds(&g->window, g->correlation, &value);
    const struct sigma_correlation *k = g->correlation;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, HIT_COPY_BYTES);
    struct hit *last =
        holds ? hit_copy(&arena, g->last) : NULL; // the group may go while it is told
    group_destroy(t->state, g);
    if (last)
        tell(t, k, last, value);
    arena_reset(&arena);
    pool_finish(&pool);
}

static void close_due(struct telling *t, int64_t now_us)
{
    for (size_t i = 0; i < t->state->sigma->correlations_count; i++) {
        const struct open_list *list = &t->state->open[i];
        while (
            list->first && list->first->since_us + list->first->correlation->timespan_us < now_us)
            close_window(t, list->first);
    }
}

void sigma_settle(void *state, const struct hit *hit, hit_sink *sink, void *context)
{
    const struct sigma_feed *feed = hit->settle;
    struct telling t = {state, sink, context, 0};
    close_due(&t, hit->head->timestamp);
    count_member(&t, feed->correlation, feed->member, hit);
}

void sigma_settle_end(struct sigma_state *state, hit_sink *sink, void *context)
{
    struct telling t = {state, sink, context, 0};
    close_due(&t, INT64_MAX);
    close_due(&t, INT64_MAX); // those that the first ones began
}
