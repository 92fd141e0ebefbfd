// SPDX-License-Identifier: Apache-2.0
// One record against all rules of its type, in one worker.
#include "base/hash.h"
#include "base/json.h"
#include "logs/logs.h"
#include "sigma/correlation.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    RECORD_MEMORY = 16 << 20, // values of one record
    SCAN_BYTES = 1 << 20,     // of one value
    REGEX_STEPS = 100'000,    // of one match
    REGEX_BYTES = 64 * 1024,  // of one value
    JIT_STACK_BYTES = 256 * 1024,
};

// What a worker remembers of a table. A mark is the number of the record it was set for.
struct table_state {
    struct sigma_values *values;      // one a slot
    uint64_t *fetched, *seen, *asked; // slots, literals, variants
    uint32_t *candidates;             // numbers of variants
    size_t candidates_count;
};

struct sigma_worker {
    const struct sigma *sigma;
    hs_scratch_t *scratch;
    pcre2_match_data *match_data;
    pcre2_match_context *match_context;
    pcre2_jit_stack *jit_stack;
    struct pool pool;
    struct arena arena; // of the record
    struct table_state states[RECORD_TYPES];
    uint64_t number; // of the record
    // Of the record being looked at.
    const struct record *record;
    const struct sigma_table *table;
    struct table_state *state;
    bool maps[SIGMA_MAPS_MOST];
};

static bool state_create(const struct sigma_table *table, struct table_state *state)
{
    state->values = base_calloc(table->slots_count + 1, sizeof *state->values);
    state->fetched = base_calloc(table->slots_count + 1, sizeof *state->fetched);
    state->seen = base_calloc(table->literals_count + 1, sizeof *state->seen);
    state->asked = base_calloc(table->variants_count + 1, sizeof *state->asked);
    state->candidates = base_calloc(table->variants_count + 1, sizeof *state->candidates);
    return state->values && state->fetched && state->seen && state->asked && state->candidates;
}

static bool regex_create(struct sigma_worker *w)
{
    w->match_data = pcre2_match_data_create(1, NULL);
    w->match_context = pcre2_match_context_create(NULL);
    w->jit_stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK_BYTES, NULL);
    if (!w->match_data || !w->match_context || !w->jit_stack)
        return false;
    pcre2_set_match_limit(w->match_context, REGEX_STEPS);
    pcre2_jit_stack_assign(w->match_context, NULL, w->jit_stack);
    return true;
}

struct sigma_worker *sigma_worker_create(const struct sigma *sigma)
{
    struct sigma_worker *w = base_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->sigma = sigma;
    pool_init(&w->pool, 0);
    arena_init(&w->arena, &w->pool, RECORD_MEMORY);
    bool ok = regex_create(w);
    if (sigma->scratch)
        ok &= hs_clone_scratch(sigma->scratch, &w->scratch) == HS_SUCCESS;
    for (int i = 0; ok && i < RECORD_TYPES; i++)
        if (sigma->tables[i])
            ok = state_create(sigma->tables[i], &w->states[i]);
    if (ok)
        return w;
    sigma_worker_destroy(w);
    return NULL;
}

void sigma_worker_destroy(struct sigma_worker *w)
{
    if (!w)
        return;
    for (int i = 0; i < RECORD_TYPES; i++) {
        base_free(w->states[i].values);
        base_free(w->states[i].fetched);
        base_free(w->states[i].seen);
        base_free(w->states[i].asked);
        base_free(w->states[i].candidates);
    }
    pcre2_match_data_free(w->match_data);
    pcre2_match_context_free(w->match_context);
    pcre2_jit_stack_free(w->jit_stack);
    hs_free_scratch(w->scratch);
    arena_reset(&w->arena);
    pool_finish(&w->pool);
    base_free(w);
}

// ---- which maps the record belongs to

static bool one_of(struct bytes text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal_nocase(text, bytes_from_text(list[i])))
            return true;
    return false;
}

static bool event_is(const struct record_log_event *event, const struct sigma_map *map)
{
    bool id = map->ids_count == 0;
    for (size_t i = 0; event->has_event_id && i < map->ids_count; i++)
        id |= map->ids[i] == event->event_id;
    return id && (!map->product || bytes_equal(event->product, bytes_from_text(map->product))) &&
           (map->channels_count == 0 || one_of(event->channel, map->channels, map->channels_count));
}

static bool map_is(const struct sigma_map *map, const struct record *record)
{
    if (record->type == RECORD_LOG_EVENT)
        return event_is(record->body, map);
    return !map->zeek || log_zeek_has(log_zeek(map->zeek), record);
}

static bool maps_find(struct sigma_worker *w)
{
    bool any = false;
    for (size_t i = 0; i < w->table->used_count; i++) {
        uint16_t map = w->table->used[i];
        w->maps[map] = map_is(&sigma_maps[map], w->record);
        any |= w->maps[map];
    }
    return any;
}

// ---- the record's values

// NAME, NAME[1]: the name alone.
static struct bytes without_index(struct bytes name)
{
    size_t bracket = bytes_find_byte(name, '[');
    return name.len && name.data[name.len - 1] == ']' && bracket != BYTES_NOT_FOUND && bracket > 0
               ? bytes_sub(name, 0, bracket)
               : name;
}

// Sigma's names have no spaces.
static struct bytes without_spaces(struct sigma_worker *w, struct bytes name)
{
    if (bytes_find_byte(name, ' ') == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    uint8_t *out = arena_alloc(&w->arena, name.len);
    size_t len = 0;
    for (size_t i = 0; out && i < name.len; i++)
        if (name.data[i] != ' ')
            out[len++] = name.data[i];
    return bytes_make(out, len);
}

static struct sigma_values *values_of(struct sigma_worker *w, uint32_t slot)
{
    struct sigma_values *values = &w->state->values[slot];
    if (w->state->fetched[slot] != w->number) {
        *values = (struct sigma_values){.arena = &w->arena};
        w->state->fetched[slot] = w->number;
    }
    return values;
}

static void put_pair(struct sigma_worker *w, struct bytes name, struct bytes value)
{
    const uint32_t *slot = name.len ? map_find(&w->table->slot_names, name) : NULL;
    if (slot)
        sigma_value_add(values_of(w, *slot), value);
}

// A second name where the record's maps give one.
static void put_renamed(struct sigma_worker *w, struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < w->table->used_count; i++) {
        const struct sigma_map *map = &sigma_maps[w->table->used[i]];
        for (size_t j = 0; w->maps[w->table->used[i]] && j < map->renames_count; j++)
            if (bytes_equal(name, bytes_from_text(map->renames[j].from)))
                put_pair(w, bytes_from_text(map->renames[j].to), value);
    }
}

static bool has_renames(const struct sigma_worker *w)
{
    for (size_t i = 0; i < w->table->used_count; i++)
        if (w->maps[w->table->used[i]] && sigma_maps[w->table->used[i]].renames_count)
            return true;
    return false;
}

static void fetch_pairs(struct sigma_worker *w)
{
    const struct record_log_event *event = w->record->body;
    bool renames = has_renames(w);
    for (size_t i = 0; i < event->event_data.pairs_count; i++) {
        const struct json_pair *pair = &event->event_data.pairs[i];
        struct bytes name = without_index(pair->name);
        put_pair(w, name, pair->value);
        put_pair(w, without_spaces(w, name), pair->value);
        if (renames)
            put_renamed(w, name, pair->value);
    }
}

static void fetch_zeek(
    struct sigma_worker *w, const struct sigma_slot *slot, struct sigma_values *v)
{
    struct json text;
    json_init(&text);
    log_zeek_put(slot->zeek, w->record, &text);
    if (text.len && !text.failed)
        sigma_value_add(v, arena_copy(&w->arena, bytes_make(text.data, text.len)));
    json_finish(&text);
}

static const struct sigma_values *fetch(struct sigma_worker *w, uint32_t number)
{
    const struct sigma_slot *slot = &w->table->slots[number];
    bool done = w->state->fetched[number] == w->number;
    struct sigma_values *values = values_of(w, number);
    if (done)
        return values;
    switch (slot->kind) {
    case SLOT_PATH: sigma_value_path(values, &slot->path, w->record); break;
    case SLOT_DERIVED: slot->derive(values, w->record); break;
    case SLOT_ZEEK: fetch_zeek(w, slot, values); break;
    case SLOT_ALL: sigma_value_all(values, w->record); break;
    default: break;
    }
    return values;
}

// ---- which rules may match

static void ask(struct sigma_worker *w, uint32_t variant)
{
    if (w->state->asked[variant] == w->number)
        return;
    w->state->asked[variant] = w->number;
    w->state->candidates[w->state->candidates_count++] = variant;
}

static void see(struct sigma_worker *w, uint32_t number)
{
    const struct sigma_literal *literal = &w->table->literals[number];
    if (w->state->seen[number] == w->number)
        return;
    w->state->seen[number] = w->number;
    for (uint32_t i = 0; i < literal->owners_count; i++)
        ask(w, w->table->owners[literal->owners + i]);
}

static int on_literal(
    unsigned number, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
    (void)from, (void)to, (void)flags;
    see(context, number);
    return 0;
}

static void scan(struct sigma_worker *w, uint32_t number)
{
    const struct sigma_slot *slot = &w->table->slots[number];
    const struct sigma_values *values = fetch(w, number);
    for (size_t i = 0; i < values->count; i++) {
        struct bytes folded = values->items[i].folded;
        const uint32_t *whole = slot->whole.count ? map_find(&slot->whole, folded) : NULL;
        if (whole)
            see(w, *whole);
        if (slot->within && folded.len)
            (void)hs_scan(slot->within, (const char *)folded.data,
                (unsigned)(folded.len < SCAN_BYTES ? folded.len : SCAN_BYTES), 0, w->scratch,
                on_literal, w);
    }
}

// ---- tests

static bool test_text(struct sigma_worker *w, const struct sigma_test *test,
    const struct sigma_values *values, struct hit_match *match)
{
    size_t at, len;
    if (test->literal != SIGMA_NONE && w->state->seen[test->literal] != w->number)
        return false;
    for (size_t i = 0; i < values->count; i++) {
        const struct sigma_value *value = &values->items[i];
        if (!pattern_match(test->pattern, value->raw, value->folded, &at, &len))
            continue;
        *match = (struct hit_match){.data = value->raw, .at = (uint32_t)at, .len = (uint32_t)len};
        return true;
    }
    return false;
}

static bool test_regex(struct sigma_worker *w, const struct sigma_test *test,
    const struct sigma_values *values, struct hit_match *match)
{
    for (size_t i = 0; i < values->count; i++) {
        struct bytes raw = bytes_sub(values->items[i].raw, 0, REGEX_BYTES);
        if (pcre2_match(test->regex, raw.len ? raw.data : (PCRE2_SPTR) "", raw.len, 0, 0,
                w->match_data, w->match_context) < 0)
            continue;
        const size_t *ends = pcre2_get_ovector_pointer(w->match_data);
        *match = (struct hit_match){
            .data = raw, .at = (uint32_t)ends[0], .len = (uint32_t)(ends[1] - ends[0])};
        return true;
    }
    return false;
}

static bool compares(enum test_compare how, double a, double b)
{
    switch (how) {
    case COMPARE_EQ: return !(a < b) && !(a > b);
    case COMPARE_NE: return a < b || a > b;
    case COMPARE_LT: return a < b;
    case COMPARE_LTE: return a <= b;
    case COMPARE_GT: return a > b;
    default: return a >= b;
    }
}

static bool to_number(struct bytes text, double *out)
{
    char room[64], *end;
    if (text.len == 0 || text.len >= sizeof room)
        return false;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    *out = strtod(room, &end);
    return *end == '\0';
}

// "2026-11-21T08:00:00…": a part of it, as it stands.
static bool to_time_part(struct bytes text, enum test_part part, double *out)
{
    char room[32] = "", week[8];
    struct tm tm = {0};
    memcpy(room, text.data, text.len < sizeof room - 1 ? text.len : sizeof room - 1);
    if (text.len > 10 && (room[10] == ' ' || room[10] == 't'))
        room[10] = 'T';
    if (!strptime(room, "%Y-%m-%dT%H:%M:%S", &tm) && !strptime(room, "%Y-%m-%d", &tm))
        return false;
    switch (part) {
    case PART_MINUTE: *out = tm.tm_min; return true;
    case PART_HOUR: *out = tm.tm_hour; return true;
    case PART_DAY: *out = tm.tm_mday; return true;
    case PART_MONTH: *out = tm.tm_mon + 1; return true;
    case PART_YEAR: *out = tm.tm_year + 1900; return true;
    default: break;
    }
    (void)timegm(&tm); // fills day of week and of year
    if (strftime(week, sizeof week, "%V", &tm) == 0)
        return false;
    *out = atoi(week);
    return true;
}

static bool test_number(
    const struct sigma_test *test, const struct sigma_values *values, struct hit_match *match)
{
    for (size_t i = 0; i < values->count; i++) {
        struct bytes raw = values->items[i].raw;
        double number;
        bool is = test->op == TEST_TIME ? to_time_part(raw, test->part, &number)
                                        : to_number(raw, &number);
        if (!is || !compares(test->compare, number, test->number))
            continue;
        *match = (struct hit_match){.data = raw, .len = (uint32_t)raw.len};
        return true;
    }
    return false;
}

static bool test_range(
    const struct sigma_test *test, const struct sigma_values *values, struct hit_match *match)
{
    for (size_t i = 0; i < values->count; i++) {
        struct bytes raw = values->items[i].raw;
        struct addr addr;
        if (!addr_parse(raw, &addr) || !addr_range_has(&test->range, &addr))
            continue;
        *match = (struct hit_match){.data = raw, .len = (uint32_t)raw.len};
        return true;
    }
    return false;
}

static bool field_matches(const struct sigma_test *test, struct bytes a, struct bytes b)
{
    if (test->open_start && test->open_end)
        return bytes_find(a, b) != BYTES_NOT_FOUND;
    if (test->open_start)
        return a.len >= b.len && bytes_equal(bytes_from(a, a.len - b.len), b);
    return test->open_end ? bytes_start_with(a, b) : bytes_equal(a, b);
}

static bool test_field(struct sigma_worker *w, const struct sigma_test *test,
    const struct sigma_values *values, struct hit_match *match)
{
    const struct sigma_values *others = fetch(w, test->other);
    for (size_t i = 0; i < values->count; i++)
        for (size_t j = 0; j < others->count; j++) {
            const struct sigma_value *a = &values->items[i], *b = &others->items[j];
            if (!field_matches(
                    test, test->cased ? a->raw : a->folded, test->cased ? b->raw : b->folded))
                continue;
            *match = (struct hit_match){.data = a->raw, .len = (uint32_t)a->raw.len};
            return true;
        }
    return false;
}

static bool test_holds(
    struct sigma_worker *w, const struct sigma_test *test, struct hit_match *match)
{
    const struct sigma_values *values = fetch(w, test->slot);
    *match = (struct hit_match){0};
    switch ((enum test_op)test->op) {
    case TEST_TEXT: return test_text(w, test, values, match);
    case TEST_REGEX: return test_regex(w, test, values, match);
    case TEST_RANGE: return test_range(test, values, match);
    case TEST_EXISTS: return test->want == (values->count > 0);
    case TEST_FIELD: return test_field(w, test, values, match);
    default: return test_number(test, values, match);
    }
}

static bool node_holds(struct sigma_worker *w, const struct sigma_node *node)
{
    struct hit_match unused;
    uint32_t held = 0;
    switch ((enum node_kind)node->kind) {
    case NODE_TEST: return test_holds(w, node->test, &unused);
    case NODE_NOT: return !node_holds(w, node->children[0]);
    case NODE_AND:
        for (size_t i = 0; i < node->count; i++)
            if (!node_holds(w, node->children[i]))
                return false;
        return true;
    case NODE_OR:
        for (size_t i = 0; i < node->count; i++)
            if (node_holds(w, node->children[i]))
                return true;
        return false;
    case NODE_OF:
        for (size_t i = 0; i < node->count && held < node->need; i++)
            held += node_holds(w, node->children[i]);
        return held >= node->need;
    default: return false;
    }
}

// ---- hits

// What made it true, field by field.
static void collect(struct sigma_worker *w, const struct sigma_node *node, struct hit *hit)
{
    if (hit->matches_count == HIT_MATCHES || node->kind == NODE_NOT)
        return;
    if (node->kind == NODE_TEST) {
        struct hit_match match;
        bool holds = test_holds(w, node->test, &match);
        struct bytes name = w->table->slots[node->test->slot].name;
        match.where = name.len ? name : BYTES("keyword");
        for (size_t i = 0; i < hit->matches_count; i++)
            holds &= !(bytes_equal(hit->matches[i].where, match.where) &&
                       bytes_equal(hit->matches[i].data, match.data));
        if (holds && match.data.data)
            hit->matches[hit->matches_count++] = match;
        return;
    }
    for (size_t i = 0; i < node->count; i++)
        if (node->kind == NODE_AND || node_holds(w, node->children[i]))
            collect(w, node->children[i], hit);
}

static struct hit hit_of(struct sigma_worker *w, const struct sigma_about *about)
{
    const struct record_dns *dns = w->record->body;
    const struct record_log_event *event = w->record->body;
    bool answer = w->record->type == RECORD_DNS && bytes_equal(dns->type, BYTES("response"));
    struct hit hit = {.detector = "sigma.rule",
        .rule = about->id,
        .title = about->title,
        .severity = about->severity,
        .certainty = about->certainty,
        .phase = about->phase,
        .techniques_count = about->techniques_count,
        .head = &w->record->head,
        .record = w->record->type,
        .subject_is_dest = answer, // the client's host is meant, not the name server
        .sources_count = 1};
    if (w->record->type == RECORD_LOG_EVENT)
        hit.host = event->computer;
    memcpy(hit.techniques, about->techniques, sizeof hit.techniques);
    hit.sources[0] = (struct hit_source){.name = about->source, .says = about->author};
    return hit;
}

// For a correlation: what it groups by and counts.
static void tell_feed(struct sigma_worker *w, const struct sigma_variant *variant,
    const struct sigma_feed *feed, hit_sink *sink, void *context)
{
    struct hit hit = hit_of(w, &variant->rule->about);
    struct sigma_carried carried = {.hashes = {0}};
    hit.settle = feed;
    hit.matches[0] = (struct hit_match){.data = bytes_make(&carried, sizeof carried)};
    hit.matches_count = 1;
    for (size_t i = 0; i < feed->count; i++) {
        const struct sigma_values *values = fetch(w, feed->slots[i]);
        struct hit_match *match = &hit.matches[hit.matches_count++];
        *match = (struct hit_match){.where = feed->names[i], .data = BYTES("")};
        if (values->count == 0)
            continue;
        match->data = values->items[0].raw;
        match->len = (uint32_t)match->data.len;
        carried.hashes[i] = hash_bytes(values->items[0].folded, w->sigma->seed) | 1;
        if (i < feed->correlation->fields_count)
            carried.has_number = to_number(match->data, &carried.number);
    }
    sink(context, &hit);
}

static void tell(
    struct sigma_worker *w, const struct sigma_variant *variant, hit_sink *sink, void *context)
{
    for (const struct sigma_feed *feed = variant->feeds; feed; feed = feed->next)
        tell_feed(w, variant, feed, sink, context);
    if (variant->rule->counted)
        return;
    struct hit hit = hit_of(w, &variant->rule->about);
    collect(w, variant->when, &hit);
    sink(context, &hit);
}

static bool applies(const struct sigma_worker *w, const struct sigma_variant *variant)
{
    for (size_t i = 0; i < variant->maps_count; i++)
        if (w->maps[variant->maps[i]])
            return true;
    return false;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

// Rules in the order of loading, so that hits come in the same order everywhere. A rule that has a
// variant for each of two maps of the record is told once.
static void ask_candidates(struct sigma_worker *w, hit_sink *sink, void *context)
{
    struct table_state *state = w->state;
    const struct sigma_rule *told = NULL;
    if (state->candidates_count > 1)
        qsort(state->candidates, state->candidates_count, sizeof *state->candidates, by_number);
    for (size_t i = 0; i < state->candidates_count; i++) {
        const struct sigma_variant *variant = w->table->variants[state->candidates[i]];
        if (variant->rule == told || !applies(w, variant) || !node_holds(w, variant->when))
            continue;
        told = variant->rule;
        tell(w, variant, sink, context);
    }
}

void sigma_record(
    struct sigma_worker *w, const struct record *record, hit_sink *sink, void *context)
{
    w->table = w->sigma->tables[record->type];
    w->record = record;
    if (!w->table || w->table->variants_count == 0 || !maps_find(w))
        return;
    w->state = &w->states[record->type];
    w->state->candidates_count = 0;
    w->number++;
    if (record->type == RECORD_LOG_EVENT)
        fetch_pairs(w);
    for (size_t i = 0; i < w->table->slots_count; i++)
        if (w->table->slots[i].literals)
            scan(w, (uint32_t)i);
    for (size_t i = 0; i < w->table->always_count; i++)
        ask(w, w->table->always[i]);
    ask_candidates(w, sink, context);
    arena_reset(&w->arena);
}
