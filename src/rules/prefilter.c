// SPDX-License-Identifier: Apache-2.0
// The prefilter at work: a buffer goes through the databases of its place; each pattern found adds
// its rules to the worker's candidates.
#include "rules/prefilter.h"
#include "base/alloc.h"
#include "rules/prefilter_make.h"
#include "rules/transform.h"

struct prefilter_scratch {
    const struct rule_prefilter *prefilter;
    hs_scratch_t *hs;
    uint32_t *stamps; // of each pattern: the scan that found it last
    uint32_t scan;
    uint64_t *marked; // a bit for each rule: it is a candidate
    uint32_t *candidates;
    uint32_t count;
};

static struct rule_prefilter *make(const struct rule_set *set)
{
    struct rule_prefilter *p = base_calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->set = set;
    p->addresses = address_table_create(set);
    if (p->addresses && prefilter_choose(p) && prefilter_bases_make(p))
        return p;
    rule_prefilter_destroy(p);
    return NULL;
}

static void figures(struct rule_prefilter *p)
{
    struct rule_prefilter_figures *f = &p->figures;
    f->databases = p->bases_count;
    f->patterns = p->patterns;
    f->by_address = address_table_rules(p->addresses);
    f->bytes = sizeof *p + p->set->rules_count * sizeof *p->choices +
               p->bases_count * sizeof *p->bases + address_table_bytes(p->addresses);
    for (uint32_t i = 0; i < p->bases_count; i++) {
        const struct base *base = &p->bases[i];
        size_t size = 0;
        if (base->lender)
            continue;
        if (hs_database_size(base->hs, &size) == HS_SUCCESS)
            f->bytes += size;
        f->bytes += base->patterns * (sizeof *base->first + sizeof *base->tails) +
                    base->first[base->patterns] * (sizeof *base->rules + sizeof *base->latest);
    }
    for (uint32_t i = 0; i < p->set->rules_count; i++)
        f->by_pattern += p->choices[i][0].group || p->choices[i][1].group;
}

struct rule_prefilter *rule_prefilter_create(const struct rule_set *set)
{
    if (hs_valid_platform() != HS_SUCCESS)
        return NULL;
    struct rule_prefilter *p = make(set);
    if (p)
        figures(p);
    return p;
}

void rule_prefilter_destroy(struct rule_prefilter *p)
{
    if (!p)
        return;
    prefilter_bases_free(p);
    address_table_destroy(p->addresses);
    base_free(p->choices);
    base_free(p);
}

struct rule_prefilter_figures rule_prefilter_figures(const struct rule_prefilter *p)
{
    return p->figures;
}

struct prefilter_scratch *prefilter_scratch_create(const struct rule_prefilter *p)
{
    struct prefilter_scratch *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    size_t rules = p->set->rules_count;
    s->prefilter = p;
    s->stamps = base_calloc(p->patterns + 1, sizeof *s->stamps);
    s->marked = base_calloc(rules / 64 + 1, sizeof *s->marked);
    s->candidates = base_calloc(rules + 1, sizeof *s->candidates);
    bool ok = s->stamps && s->marked && s->candidates;
    if (ok && p->prototype)
        ok = hs_clone_scratch(p->prototype, &s->hs) == HS_SUCCESS;
    if (ok)
        return s;
    prefilter_scratch_destroy(s);
    return NULL;
}

void prefilter_scratch_destroy(struct prefilter_scratch *s)
{
    if (!s)
        return;
    if (s->hs)
        hs_free_scratch(s->hs);
    base_free(s->stamps);
    base_free(s->marked);
    base_free(s->candidates);
    base_free(s);
}

static void candidate(struct prefilter_scratch *s, uint32_t rule)
{
    uint64_t bit = 1ULL << rule % 64;
    if (s->marked[rule / 64] & bit)
        return;
    s->marked[rule / 64] |= bit;
    s->candidates[s->count++] = rule;
}

// One scan of one database.
struct scan {
    struct prefilter_scratch *s;
    const struct base *base;
    uint64_t fresh; // matches of whole patterns that end here or before are old
    uint64_t start; // of what is scanned, in the whole
    bool anywhere;  // where a packet began in it is not known
};

// Could a content end there, in the whole or, where a segment is looked at as a packet, in that?
static bool is_early(const struct scan *scan, uint64_t end, uint16_t latest)
{
    return latest == ANYWHERE || scan->anywhere || scan->start + end <= latest ||
           end - scan->fresh <= latest;
}

static int found(unsigned id, unsigned long long, unsigned long long to, unsigned, void *context)
{
    struct scan *scan = context;
    const struct base *base = scan->base;
    struct prefilter_scratch *s = scan->s;
    uint32_t *stamp = &s->stamps[base->stamps + id];
    uint64_t end = to + base->tails[id];
    if (*stamp == s->scan || end <= scan->fresh)
        return 0;
    *stamp = s->scan; // what is too late here is so at the pattern's next place, too
    for (uint32_t i = base->first[id]; i < base->first[id + 1]; i++)
        if (is_early(scan, to, base->latest[i]))
            candidate(s, base->rules[i]);
    return 0;
}

// The number of a scan comes back after 2^32 of them: then all stamps are old.
static void next_scan(struct prefilter_scratch *s)
{
    if (++s->scan == 0) {
        memset(s->stamps, 0, (s->prefilter->patterns + 1) * sizeof *s->stamps);
        s->scan = 1;
    }
}

// Bytes before `fresh` are needed only as far as a pattern may begin there.
static void scan_base(
    struct prefilter_scratch *s, const struct base *base, const struct rule_view *view)
{
    size_t fresh = view->fresh;
    size_t skip = fresh > base->longest ? fresh - base->longest : 0;
    struct bytes part = bytes_from(view->data, skip);
    if (part.len < base->shortest)
        return;
    if (part.len > UINT32_MAX)
        part.len = UINT32_MAX;
    next_scan(s);
    struct scan scan = {
        .s = s,
        .base = base,
        .fresh = fresh - skip,
        .start = view->start + skip,
        .anywhere = view->again || (fresh == 0 && view->start > 0),
    };
    const char *text = (const char *)part.data;
    unsigned len = (unsigned)part.len;
    if (base->mode == HS_MODE_VECTORED)
        hs_scan_vector(base->hs, &text, &len, 1, 0, s->hs, found, &scan);
    else
        hs_scan(base->hs, text, len, 0, s->hs, found, &scan);
}

static void scan_span(
    struct rule_scratch *scratch, struct base_span span, const struct rule_view *view)
{
    struct prefilter_scratch *s = scratch->prefilter;
    for (uint16_t i = span.first; i < span.first + span.count; i++) {
        const struct base *base = &s->prefilter->bases[i];
        const struct choice *choice = base->transformed;
        if (!choice) {
            scan_base(s, base, view);
            continue;
        }
        struct rule_view made = {.data = view->data};
        if (rule_transform(scratch, &scratch->scan_memory, choice->transforms,
                choice->transforms_count, &made.data))
            scan_base(s, base, &made);
        arena_reset(&scratch->scan_memory);
    }
}

static void scan_number(struct prefilter_scratch *s, uint16_t base, const struct rule_view *view)
{
    if (base != NO_BASE)
        scan_base(s, &s->prefilter->bases[base], view);
}

static uint16_t base_of_port(const struct port_bases *of, uint16_t port)
{
    uint16_t low = 0, high = of->count;
    while (low < high) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        if (of->ports[middle] < port)
            low = (uint16_t)(middle + 1);
        else
            high = middle;
    }
    return low < of->count && of->ports[low] == port ? (uint16_t)(of->first + low) : NO_BASE;
}

static void scan_payload(
    struct prefilter_scratch *s, const struct rule_where *where, const struct rule_view *view)
{
    const struct rule_prefilter *p = s->prefilter;
    enum carrier carrier = carrier_of(where->ip_proto);
    bool side = where->to_client;
    uint64_t held = 0; // applications whose databases hold others' rules, too
    for (unsigned i = 0; where->apps && i < p->app_sets_count; i++) {
        uint16_t base = p->app_sets[i].base[side];
        if (!(where->apps & p->app_sets[i].apps) || base == NO_BASE)
            continue;
        scan_number(s, base, view);
        held |= carrier == CARRIER_TCP ? p->app_sets[i].apps : 0;
    }
    if (!held)
        scan_number(s, p->any[carrier][side], view);
    if (!prefilter_is_home(held, where->dst_port))
        scan_number(s, base_of_port(&p->ports[carrier][side][0], where->dst_port), view);
    if (!prefilter_is_home(held, where->src_port))
        scan_number(s, base_of_port(&p->ports[carrier][side][1], where->src_port), view);
}

void rule_prefilter_scan(
    struct rule_scratch *scratch, const struct rule_where *where, const struct rule_view *view)
{
    struct prefilter_scratch *s = scratch->prefilter;
    if (!s || view->data.len == 0)
        return;
    struct base_span span = s->prefilter->of_buffer[where->buffer][where->to_client];
    if (span.count)
        scan_span(scratch, span, view);
    if (where->buffer == BUFFER_PAYLOAD)
        scan_payload(s, where, view);
}

struct rule_candidates rule_candidates_take(struct rule_scratch *scratch)
{
    struct prefilter_scratch *s = scratch->prefilter;
    if (!s || s->count == 0)
        return (struct rule_candidates){NULL, 0};
    for (uint32_t i = 0; i < s->count; i++)
        s->marked[s->candidates[i] / 64] = 0;
    struct rule_candidates taken = {s->candidates, s->count};
    s->count = 0;
    return taken;
}

bool rule_prefilter_has(const struct rule_set *set, enum rule_buffer buffer)
{
    const struct rule_prefilter *p = set->prefilter;
    if (!p)
        return false;
    if (p->of_buffer[buffer][0].count || p->of_buffer[buffer][1].count)
        return true;
    for (uint32_t i = 0; buffer == BUFFER_PAYLOAD && i < p->bases_count; i++)
        if (p->bases[i].key >> 48 == BUFFER_PAYLOAD)
            return true;
    return false;
}

enum rule_buffer rule_prefilter_of(const struct rule_set *set, uint32_t index, bool payload)
{
    const struct rule_group *group =
        set->prefilter ? set->prefilter->choices[index][payload].group : NULL;
    return group ? group->buffer : RULE_BUFFERS;
}

struct rule_fast_pattern rule_fast_pattern(const struct rule_set *set, uint32_t index, bool payload)
{
    struct rule_fast_pattern fast = {.buffer = rule_prefilter_of(set, index, payload)};
    if (fast.buffer == RULE_BUFFERS)
        return fast;
    fast.bytes = set->prefilter->choices[index][payload].pattern;
    fast.nocase = set->prefilter->choices[index][payload].nocase;
    return fast;
}

void rule_candidate_add(struct rule_scratch *scratch, uint32_t index)
{
    if (scratch->prefilter)
        candidate(scratch->prefilter, index);
}

static void address_found(void *context, uint32_t rule)
{
    candidate(context, rule);
}

void rule_prefilter_addresses(
    struct rule_scratch *scratch, const struct addr *src, const struct addr *dst)
{
    struct prefilter_scratch *s = scratch->prefilter;
    if (s)
        address_table_ask(s->prefilter->addresses, src, dst, address_found, s);
}

bool rule_prefilter_by_address(const struct rule_set *set, uint32_t index)
{
    return set->prefilter && address_table_has(set->prefilter->addresses, index);
}
