// SPDX-License-Identifier: Apache-2.0
// The databases: each rule's pattern goes to the places where it has to be looked for, the patterns
// of a place become one database. Payload is kept apart by protocol, side, application and port,
// since most rules on it ask for one of those, and few are left for everything.
#include "base/alloc.h"
#include "rules/prefilter_make.h"
#include "rules/transform.h"
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_ENTRIES = 4096, TRANSFORMS_MOST = 1024 };

struct entry {
    uint64_t key;
    const struct choice *choice;
    uint32_t rule;
};

struct entries {
    struct entry *list;
    size_t count, room;
    // Distinct lists of transforms, by a choice that has each; the number is part of keys.
    const struct choice *transforms[TRANSFORMS_MOST];
    uint16_t transforms_count;
};

static bool entry_add(
    struct entries *entries, uint64_t key, const struct choice *choice, uint32_t rule)
{
    if (entries->count == entries->room) {
        size_t room = entries->room ? entries->room * 2 : FIRST_ENTRIES;
        struct entry *list = base_realloc(entries->list, room * sizeof *list);
        if (!list)
            return false;
        entries->list = list;
        entries->room = room;
    }
    entries->list[entries->count++] = (struct entry){key, choice, rule};
    return true;
}

// Number of a list of transforms; 0: none. TRANSFORMS_MOST: too many kinds.
static uint16_t transforms_number(struct entries *entries, const struct choice *choice)
{
    if (choice->transforms_count == 0)
        return 0;
    uint16_t i = 1;
    for (; i < entries->transforms_count; i++) {
        const struct choice *known = entries->transforms[i];
        if (rule_transforms_equal(known->transforms, known->transforms_count, choice->transforms,
                choice->transforms_count))
            return i;
    }
    if (i < TRANSFORMS_MOST) {
        entries->transforms[i] = choice;
        entries->transforms_count = (uint16_t)(i + 1);
    }
    return i;
}

// Few enough ports to have a database for each?
static bool few(const struct rule_ports *ports)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; ports && i < ports->count && sum <= PORTS_NAMED; i++)
        sum += (uint32_t)(ports->ranges[i].high - ports->ranges[i].low) + 1;
    return ports && sum > 0 && sum <= PORTS_NAMED;
}

static bool ports_add(struct entries *entries, uint64_t key, const struct rule_ports *ports,
    const struct choice *choice, uint32_t rule)
{
    for (uint32_t i = 0; i < ports->count; i++)
        for (uint32_t port = ports->ranges[i].low; port <= ports->ranges[i].high; port++)
            if (!entry_add(entries, key + port, choice, rule))
                return false;
    return true;
}

// Number of a set of applications that rules name together. APP_SETS: too many kinds.
static unsigned apps_number(struct rule_prefilter *p, uint64_t apps)
{
    unsigned i = 0;
    while (i < p->app_sets_count && p->app_sets[i].apps != apps)
        i++;
    if (i == p->app_sets_count && i < APP_SETS) {
        p->app_sets[i] = (struct app_set){apps, {NO_BASE, NO_BASE}};
        p->app_sets_count++;
    }
    return i;
}

// One protocol and side: by application, else by a port, else everywhere.
static bool payload_slots(struct entries *entries, const struct rule *rule,
    const struct choice *choice, enum carrier carrier, bool to_client)
{
    const struct rule_header *header = rule->header;
    bool both = header->direction == RULE_BOTH_WAYS;
    bool has_ports = carrier == CARRIER_TCP || carrier == CARRIER_UDP;
    uint64_t key[] = {
        [SLOT_ANY] = base_key(BUFFER_PAYLOAD, to_client, 0, carrier, SLOT_ANY, 0),
        [SLOT_DST_PORT] = base_key(BUFFER_PAYLOAD, to_client, 0, carrier, SLOT_DST_PORT, 0),
        [SLOT_SRC_PORT] = base_key(BUFFER_PAYLOAD, to_client, 0, carrier, SLOT_SRC_PORT, 0),
    };
    if (has_ports && few(header->dport))
        return ports_add(entries, key[SLOT_DST_PORT], header->dport, choice, rule->index) &&
               (!both ||
                   ports_add(entries, key[SLOT_SRC_PORT], header->dport, choice, rule->index));
    if (has_ports && few(header->sport))
        return ports_add(entries, key[SLOT_SRC_PORT], header->sport, choice, rule->index) &&
               (!both ||
                   ports_add(entries, key[SLOT_DST_PORT], header->sport, choice, rule->index));
    return entry_add(entries, key[SLOT_ANY], choice, rule->index);
}

bool prefilter_is_home(uint64_t apps, uint16_t port)
{
    static const struct {
        enum rule_app app;
        uint16_t port;
    } homes[] = {{RULE_APP_http1, 80}, {RULE_APP_tls, 443}, {RULE_APP_ftp, 21}, {RULE_APP_smtp, 25},
        {RULE_APP_smb, 139}, {RULE_APP_smb, 445}, {RULE_APP_ssh, 22}, {RULE_APP_dns, 53}};
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
        if ((apps >> homes[i].app & 1) && homes[i].port == port)
            return true;
    return false;
}

// A scan costs more by its beginning than by the number of patterns: one for each segment.
static bool others_add_to_apps(const struct rule_prefilter *p, struct entries *entries)
{
    const uint64_t payload = base_key(BUFFER_PAYLOAD, false, 0, CARRIER_TCP, 0, 0);
    size_t count = entries->count;
    for (size_t i = 0; i < count; i++) {
        struct entry entry = entries->list[i];
        uint64_t side = entry.key & BASE_TO_CLIENT, slot = entry.key >> 16 & 0xff;
        if ((entry.key & ~(BASE_TO_CLIENT | 0xffffff)) != payload || slot == SLOT_APP)
            continue;
        for (unsigned a = 0; a < p->app_sets_count; a++)
            if ((slot == SLOT_ANY || prefilter_is_home(p->app_sets[a].apps, entry.key & 0xffff)) &&
                !entry_add(entries, payload | side | SLOT_APP << 16 | a, entry.choice, entry.rule))
                return false;
    }
    return true;
}

static bool payload_add(struct rule_prefilter *p, struct entries *entries, const struct rule *rule,
    const struct choice *choice, bool to_client)
{
    unsigned apps = rule->header->apps ? apps_number(p, rule->header->apps) : APP_SETS;
    if (apps < APP_SETS) // whatever carries it; over TCP there is more: others_add_to_apps()
        return entry_add(entries,
            base_key(BUFFER_PAYLOAD, to_client, 0, CARRIER_TCP, SLOT_APP, apps), choice,
            rule->index);
    uint8_t carriers = rule_carriers(rule->header);
    for (unsigned carrier = 0; carrier < CARRIERS; carrier++)
        if ((carriers >> carrier & 1) && !payload_slots(entries, rule, choice, carrier, to_client))
            return false;
    return true;
}

static bool choice_add(struct rule_prefilter *p, struct entries *entries, const struct rule *rule,
    const struct choice *choice)
{
    enum rule_buffer buffer = choice->group->buffer;
    uint16_t transforms = transforms_number(entries, choice);
    if (transforms == TRANSFORMS_MOST)
        return false;
    unsigned to = rule_buffer_infos[buffer].to;
    for (int to_client = 0; to_client < 2; to_client++) {
        bool has = to & (to_client ? BUFFER_TO_CLIENT : BUFFER_TO_SERVER);
        if (!has || !rule_is_on_side(rule, to_client))
            continue;
        bool ok = buffer == BUFFER_PAYLOAD && transforms == 0
                      ? payload_add(p, entries, rule, choice, to_client)
                      : entry_add(entries, base_key(buffer, to_client, transforms, 0, 0, 0), choice,
                            rule->index);
        if (!ok)
            return false;
    }
    return true;
}

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->choice->nocase != b->choice->nocase)
        return a->choice->nocase ? 1 : -1;
    struct bytes x = a->choice->pattern, y = b->choice->pattern;
    int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    if (order || x.len != y.len)
        return order ? order : x.len < y.len ? -1 : 1;
    return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool same_pattern(const struct choice *a, const struct choice *b)
{
    return a->nocase == b->nocase && bytes_equal(a->pattern, b->pattern);
}

// What hs_compile_lit_multi() takes, for `most` patterns.
struct literals {
    const char **texts;
    size_t *lengths;
    unsigned *flags, *ids;
};

static bool literals_make(struct literals *l, size_t most)
{
    l->texts = base_calloc(most, sizeof *l->texts);
    l->lengths = base_calloc(most, sizeof *l->lengths);
    l->flags = base_calloc(most, sizeof *l->flags);
    l->ids = base_calloc(most, sizeof *l->ids);
    return l->texts && l->lengths && l->flags && l->ids;
}

static void literals_free(struct literals *l)
{
    base_free(l->texts);
    base_free(l->lengths);
    base_free(l->flags);
    base_free(l->ids);
}

// Vectorscan takes a literal that begins with a zero byte for an empty one.
static bool has_leading_zero(const struct literals *l, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (l->texts[i][0] == 0)
            return true;
    return false;
}

// The patterns as expressions, each byte as \x00. Room for all of them lies in one piece.
static char *as_expressions(struct literals *l, uint32_t count)
{
    size_t room = 0, used = 0;
    for (uint32_t i = 0; i < count; i++)
        room += l->lengths[i] * 4 + 1;
    char *all = base_malloc(room + 1);
    for (uint32_t i = 0; all && i < count; i++) {
        const char *text = l->texts[i];
        l->texts[i] = &all[used];
        for (size_t k = 0; k < l->lengths[i]; k++)
            used += (size_t)sprintf(&all[used], "\\x%02x", (unsigned char)text[k]);
        all[used++] = 0;
    }
    return all;
}

// For blocks Vectorscan adds an automaton for short ones where there are not too many patterns,
// which takes more of its time and memory than all else. Where not every packet is looked at,
// blocks are vectors of one to it, which cost a scan some hundred cycles more.
static unsigned mode_of(const struct base *base)
{
    bool payload = base->key >> 48 == BUFFER_PAYLOAD;
    bool every = payload && (base->key >> 16 & 0xff) == SLOT_ANY;
    bool few = base->patterns < AUTOMATON_LEAST || base->patterns > AUTOMATON_MOST;
    return every || few ? HS_MODE_BLOCK : HS_MODE_VECTORED;
}

static bool compile(struct base *base, struct literals *l)
{
    hs_compile_error_t *error = NULL;
    hs_error_t status;
    base->mode = mode_of(base);
    if (has_leading_zero(l, base->patterns)) {
        char *all = as_expressions(l, base->patterns);
        if (!all)
            return false;
        status = hs_compile_multi(
            l->texts, l->flags, l->ids, base->patterns, base->mode, NULL, &base->hs, &error);
        base_free(all);
    } else {
        status = hs_compile_lit_multi(l->texts, l->flags, l->ids, l->lengths, base->patterns,
            base->mode, NULL, &base->hs, &error);
    }
    if (error)
        hs_free_compile_error(error);
    return status == HS_SUCCESS;
}

static void pattern_add(struct base *base, struct literals *l, const struct choice *choice)
{
    uint32_t i = base->patterns++;
    l->texts[i] = (const char *)choice->pattern.data;
    l->lengths[i] = choice->pattern.len;
    l->flags[i] = choice->nocase ? HS_FLAG_CASELESS : 0;
    l->ids[i] = i;
    if (choice->pattern.len > base->longest)
        base->longest = (uint16_t)choice->pattern.len;
    if (choice->pattern.len < base->shortest)
        base->shortest = (uint16_t)choice->pattern.len;
}

// entries[0 .. count) have one key.
static bool base_make(
    struct base *base, const struct entry *entries, size_t count, struct literals *l)
{
    base->key = entries[0].key;
    base->transformed = entries[0].choice->transforms_count ? entries[0].choice : NULL;
    base->shortest = FAST_BYTES;
    base->first = base_calloc(count + 1, sizeof *base->first);
    base->rules = base_calloc(count, sizeof *base->rules);
    base->latest = base_calloc(count, sizeof *base->latest);
    base->tails = base_calloc(count, sizeof *base->tails);
    if (!base->first || !base->rules || !base->latest || !base->tails)
        return false;
    uint16_t most_tail = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !same_pattern(entries[i].choice, entries[i - 1].choice)) {
            base->first[base->patterns] = (uint32_t)i;
            pattern_add(base, l, entries[i].choice);
        }
        uint16_t *tail = &base->tails[base->patterns - 1];
        *tail = entries[i].choice->tail > *tail ? entries[i].choice->tail : *tail;
        most_tail = *tail > most_tail ? *tail : most_tail;
        base->rules[i] = entries[i].rule;
        base->latest[i] = entries[i].choice->latest;
    }
    base->first[base->patterns] = (uint32_t)count;
    base->longest = (uint16_t)(base->longest + most_tail);
    return compile(base, l);
}

static size_t same_key(const struct entries *entries, size_t at)
{
    size_t end = at;
    while (end < entries->count && entries->list[end].key == entries->list[at].key)
        end++;
    return end - at;
}

// What is looked for on both sides alike needs one database.
static const struct base *twin_of(
    const struct rule_prefilter *p, const struct entry *entries, size_t count)
{
    for (uint32_t i = 0; i < p->bases_count; i++) {
        const struct base *base = &p->bases[i];
        if ((base->key | BASE_TO_CLIENT) != entries->key || base->first[base->patterns] != count)
            continue;
        size_t same = 0;
        while (same < count && base->rules[same] == entries[same].rule)
            same++;
        return same == count ? base : NULL;
    }
    return NULL;
}

static bool base_add(
    struct rule_prefilter *p, const struct entry *entries, size_t count, struct literals *literals)
{
    const struct base *twin = twin_of(p, entries, count);
    struct base *base = &p->bases[p->bases_count++];
    if (twin) {
        *base = *twin;
        base->key = entries->key;
        base->lender = twin;
        return true;
    }
    base->stamps = p->patterns;
    bool ok = base_make(base, entries, count, literals);
    p->patterns += base->patterns;
    return ok;
}

static bool bases_compile(struct rule_prefilter *p, const struct entries *entries)
{
    size_t places = 0, most = 1;
    for (size_t at = 0, count; at < entries->count; at += count, places++) {
        count = same_key(entries, at);
        most = count > most ? count : most;
    }
    if (places >= BASES_MOST)
        return false;
    struct literals literals = {.texts = NULL};
    p->bases = base_calloc(places + 1, sizeof *p->bases);
    bool ok = p->bases && literals_make(&literals, most);
    for (size_t at = 0, count; ok && at < entries->count; at += count) {
        count = same_key(entries, at);
        ok = base_add(p, &entries->list[at], count, &literals);
    }
    literals_free(&literals);
    return ok;
}

static bool port_note(struct rule_prefilter *p, const struct base *base, uint16_t index)
{
    unsigned carrier = base->key >> 24 & 0xff;
    bool to_client = base->key & BASE_TO_CLIENT, src = (base->key >> 16 & 0xff) == SLOT_SRC_PORT;
    struct port_bases *of = &p->ports[carrier][to_client][src];
    uint16_t *ports = base_realloc(of->ports, (of->count + 1U) * sizeof *ports);
    if (!ports)
        return false;
    of->ports = ports;
    if (of->count == 0)
        of->first = index;
    of->ports[of->count++] = base->key & 0xffff;
    return true;
}

// So that scanning finds its databases without a search.
static bool base_note(struct rule_prefilter *p, uint16_t index)
{
    const struct base *base = &p->bases[index];
    enum rule_buffer buffer = base->key >> 48;
    bool to_client = base->key & BASE_TO_CLIENT;
    unsigned carrier = base->key >> 24 & 0xff, value = base->key & 0xffff;
    if (buffer != BUFFER_PAYLOAD || (base->key >> 32 & 0x7fff)) {
        struct base_span *span = &p->of_buffer[buffer][to_client];
        if (span->count++ == 0)
            span->first = index;
        return true;
    }
    switch ((enum slot)(base->key >> 16 & 0xff)) {
    case SLOT_ANY: p->any[carrier][to_client] = index; break;
    case SLOT_APP: p->app_sets[value].base[to_client] = index; break;
    case SLOT_DST_PORT:
    case SLOT_SRC_PORT: return port_note(p, base, index);
    }
    return true;
}

static bool bases_note(struct rule_prefilter *p)
{
    memset(p->any, 0xff, sizeof p->any);
    bool ok = true;
    for (uint32_t i = 0; ok && i < p->bases_count; i++)
        ok = base_note(p, (uint16_t)i);
    return ok;
}

enum { PACKED_STEP = 64 };

static size_t packed_size(const struct base *base)
{
    size_t size = 0;
    if (base->lender || hs_database_size(base->hs, &size) != HS_SUCCESS)
        return 0;
    return (size + PACKED_STEP - 1) / PACKED_STEP * PACKED_STEP;
}

static bool move_to(struct base *base, char *place)
{
    char *bytes = NULL;
    size_t len = 0;
    if (hs_serialize_database(base->hs, &bytes, &len) != HS_SUCCESS)
        return false;
    bool ok = hs_deserialize_database_at(bytes, len, (hs_database_t *)place) == HS_SUCCESS;
    free(bytes);
    hs_free_database(base->hs);
    base->hs = ok ? (hs_database_t *)place : NULL;
    base->packed = ok;
    return ok;
}

// A scan begins cold, in a dozen places of its database: in huge pages they are found faster.
static bool bases_pack(struct rule_prefilter *p)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < p->bases_count; i++)
        sum += packed_size(&p->bases[i]);
    p->packed = base_malloc_huge(sum);
    bool ok = p->packed != NULL;
    sum = 0;
    for (uint32_t i = 0; ok && i < p->bases_count; i++) {
        struct base *base = &p->bases[i];
        size_t size = packed_size(base);
        ok = base->lender || move_to(base, &p->packed[sum]);
        if (base->lender)
            base->hs = base->lender->hs;
        sum += size;
    }
    return ok;
}

bool prefilter_bases_make(struct rule_prefilter *p)
{
    struct entries *entries = base_calloc(1, sizeof *entries);
    bool ok = entries != NULL;
    if (ok)
        entries->transforms_count = 1;
    for (uint32_t i = 0; ok && i < p->set->rules_count; i++)
        for (int payload = 0; ok && payload < 2; payload++)
            if (p->choices[i][payload].group)
                ok = choice_add(p, entries, &p->set->rules[i], &p->choices[i][payload]);
    ok = ok && others_add_to_apps(p, entries);
    if (ok && entries->count)
        qsort(entries->list, entries->count, sizeof *entries->list, entry_compare);
    ok = ok && bases_compile(p, entries) && bases_pack(p) && bases_note(p);
    for (uint32_t i = 0; ok && i < p->bases_count; i++)
        ok = hs_alloc_scratch(p->bases[i].hs, &p->prototype) == HS_SUCCESS;
    if (entries)
        base_free(entries->list);
    base_free(entries);
    return ok;
}

void prefilter_bases_free(struct rule_prefilter *p)
{
    for (uint32_t i = 0; p->bases && i < p->bases_count; i++) {
        if (p->bases[i].lender)
            continue;
        if (!p->bases[i].packed)
            hs_free_database(p->bases[i].hs);
        base_free(p->bases[i].first);
        base_free(p->bases[i].rules);
        base_free(p->bases[i].latest);
        base_free(p->bases[i].tails);
    }
    base_free(p->bases);
    base_free(p->packed);
    for (int carrier = 0; carrier < CARRIERS; carrier++)
        for (int i = 0; i < 4; i++)
            base_free(p->ports[carrier][i / 2][i % 2].ports);
    if (p->prototype)
        hs_free_scratch(p->prototype);
}
