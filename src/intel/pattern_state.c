// SPDX-License-Identifier: Apache-2.0
// STIX 2.1, section 9.5: observation operators and qualifiers over what was seen of one host. Each
// part of the tree is asked for the spans of time in which it is fulfilled; the newest observation
// completes a pattern when it is in a span of the whole.
#include "intel/pattern_state.h"
#include "base/alloc.h"
#include "base/hash.h"

enum { SCRATCH_BYTES = 4 << 20 };

struct observation {
    int64_t at_us;
    uint64_t id; // the same for two records of one exchange
    bool used;   // in a pattern that was complete; kept so that it is not taken for a new one
};

enum { REMEMBERED_BYTES = 64 };

// What matched in the last of them, to be shown when the pattern is complete.
struct remembered {
    uint8_t where[REMEMBERED_BYTES], data[REMEMBERED_BYTES];
    uint8_t where_len, data_len;
};

struct leaf_seen {
    struct observation *list; // in the order in which they came
    uint32_t count, room;
    struct remembered last;
};

struct watch {
    struct leaf_seen *leaves;
};

// Hosts come into the younger of two generations, and the older is forgotten whole.
struct generation {
    struct map watches; // pattern and host → struct watch
    struct pool pool;
    struct arena memory;
    bool full;
};

struct pattern_state {
    struct generation generations[2];
    unsigned young;
    size_t half_bytes;
    struct pool pool;
    struct arena scratch;
    uint64_t forgotten;
};

static void generation_init(struct generation *g, size_t bytes)
{
    map_init(&g->watches, sizeof(struct watch), 1 << 24, bytes / 2);
    pool_init(&g->pool, 0);
    arena_init(&g->memory, &g->pool, bytes / 2);
    g->full = false;
}

static void generation_finish(struct generation *g)
{
    map_finish(&g->watches);
    arena_reset(&g->memory);
    pool_finish(&g->pool);
}

struct pattern_state *pattern_state_create(size_t memory_bytes)
{
    struct pattern_state *state = base_calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->half_bytes = memory_bytes / 2;
    generation_init(&state->generations[0], state->half_bytes);
    generation_init(&state->generations[1], state->half_bytes);
    pool_init(&state->pool, 0);
    arena_init(&state->scratch, &state->pool, SCRATCH_BYTES);
    return state;
}

void pattern_state_destroy(struct pattern_state *state)
{
    if (!state)
        return;
    generation_finish(&state->generations[0]);
    generation_finish(&state->generations[1]);
    arena_reset(&state->scratch);
    pool_finish(&state->pool);
    base_free(state);
}

uint64_t pattern_state_forgotten(const struct pattern_state *state)
{
    return state->forgotten;
}

// ---- Spans

struct span {
    int64_t from_us, to_us;
    bool fresh; // the newest observation is in it
    uint8_t ids_count;
    uint64_t ids[PATTERN_OBSERVATIONS];
};

struct spans {
    struct span list[STATE_SPANS];
    size_t count;
};

struct question {
    const struct watch *watch;
    uint64_t fresh_id;
    struct arena *arena;
};

// A span worth less than another when one has to go: without the newest, longer, older.
static bool is_worse(const struct span *a, const struct span *b)
{
    int64_t a_len = a->to_us - a->from_us, b_len = b->to_us - b->from_us;
    if (a->fresh != b->fresh)
        return !a->fresh;
    return a_len != b_len ? a_len > b_len : a->from_us < b->from_us;
}

static void put_span(struct spans *spans, const struct span *span)
{
    size_t worst = 0;
    if (spans->count < STATE_SPANS) {
        spans->list[spans->count++] = *span;
        return;
    }
    for (size_t i = 1; i < STATE_SPANS; i++)
        if (is_worse(&spans->list[i], &spans->list[worst]))
            worst = i;
    if (is_worse(&spans->list[worst], span))
        spans->list[worst] = *span;
}

static bool share_one(const struct span *a, const struct span *b)
{
    for (size_t i = 0; i < a->ids_count; i++)
        for (size_t j = 0; j < b->ids_count; j++)
            if (a->ids[i] == b->ids[j])
                return true;
    return false;
}

static struct span join(const struct span *a, const struct span *b)
{
    struct span sum = *a;
    sum.from_us = a->from_us < b->from_us ? a->from_us : b->from_us;
    sum.to_us = a->to_us > b->to_us ? a->to_us : b->to_us;
    sum.fresh |= b->fresh;
    for (size_t i = 0; i < b->ids_count && sum.ids_count < PATTERN_OBSERVATIONS; i++)
        sum.ids[sum.ids_count++] = b->ids[i];
    return sum;
}

static struct spans *spans_of(const struct question *q, const struct pattern_node *node);

static struct spans *no_spans(const struct question *q)
{
    return arena_zalloc(q->arena, sizeof(struct spans));
}

static struct spans *spans_of_leaf(const struct question *q, const struct pattern_node *node)
{
    const struct leaf_seen *seen = &q->watch->leaves[node->leaf];
    struct spans *spans = no_spans(q);
    for (size_t i = 0; spans && i < seen->count; i++) {
        const struct observation *o = &seen->list[i];
        if (o->used)
            continue;
        struct span span = {.from_us = o->at_us,
            .to_us = o->at_us,
            .fresh = o->id == q->fresh_id,
            .ids_count = 1,
            .ids = {o->id}};
        put_span(spans, &span);
    }
    return spans;
}

// AND, FOLLOWEDBY: each of one side with each of the other.
static struct spans *pairs(
    const struct question *q, const struct spans *a, const struct spans *b, bool in_order)
{
    struct spans *both = no_spans(q);
    for (size_t i = 0; both && i < a->count; i++)
        for (size_t j = 0; j < b->count; j++) {
            if ((in_order && b->list[j].from_us < a->list[i].to_us) ||
                share_one(&a->list[i], &b->list[j]))
                continue;
            struct span sum = join(&a->list[i], &b->list[j]);
            put_span(both, &sum);
        }
    return both;
}

static struct spans *spans_of_all(const struct question *q, const struct pattern_node *node)
{
    struct spans *sum = spans_of(q, node->child);
    const struct pattern_node *child = node->child->next;
    for (; sum && sum->count && child; child = child->next) {
        const struct spans *one = spans_of(q, child);
        sum = one ? pairs(q, sum, one, node->kind == NODE_THEN) : NULL;
    }
    return sum;
}

static struct spans *spans_of_any(const struct question *q, const struct pattern_node *node)
{
    struct spans *sum = no_spans(q);
    for (const struct pattern_node *child = node->child; sum && child; child = child->next) {
        const struct spans *one = spans_of(q, child);
        for (size_t i = 0; one && i < one->count; i++)
            put_span(sum, &one->list[i]);
    }
    return sum;
}

static void sort_times(int64_t *times, size_t count)
{
    for (size_t i = 1; i < count; i++) // nearly in order as they come
        for (size_t j = i; j > 0 && times[j] < times[j - 1]; j--) {
            int64_t t = times[j];
            times[j] = times[j - 1];
            times[j - 1] = t;
        }
}

// REPEATS of an observation: as many as asked for in a row, and the newest among them.
static struct spans *spans_of_run(const struct question *q, const struct pattern_node *node)
{
    const struct leaf_seen *seen = &q->watch->leaves[node->child->leaf];
    struct spans *spans = no_spans(q);
    int64_t *times = arena_alloc(q->arena, (seen->count + 1) * sizeof *times);
    int64_t fresh_us = INT64_MIN;
    size_t count = 0;
    for (size_t i = 0; times && i < seen->count; i++) {
        if (seen->list[i].used)
            continue;
        times[count++] = seen->list[i].at_us;
        if (seen->list[i].id == q->fresh_id)
            fresh_us = seen->list[i].at_us;
    }
    if (!spans || !times)
        return NULL;
    sort_times(times, count);
    for (size_t i = 0; i + node->times <= count; i++) {
        struct span span = {.from_us = times[i], .to_us = times[i + node->times - 1]};
        span.fresh = fresh_us >= span.from_us && fresh_us <= span.to_us;
        put_span(spans, &span);
    }
    return spans;
}

// REPEATS of more than an observation: spans that share none, the latest first.
static struct spans *spans_of_repeats(const struct question *q, const struct pattern_node *node)
{
    if (node->child->kind == NODE_OBSERVE)
        return spans_of_run(q, node);
    struct spans *once = spans_of(q, node->child), *sum = no_spans(q);
    struct span taken[STATE_SPANS];
    size_t count = 0;
    for (size_t i = 0; once && sum && i < once->count; i++) // selection by how good they are
        for (size_t j = i + 1; j < once->count; j++)
            if (is_worse(&once->list[i], &once->list[j])) {
                struct span t = once->list[i];
                once->list[i] = once->list[j];
                once->list[j] = t;
            }
    for (size_t i = 0; once && sum && i < once->count && count < node->times; i++) {
        bool shares = false;
        for (size_t j = 0; j < count && !shares; j++)
            shares = share_one(&once->list[i], &taken[j]);
        if (!shares)
            taken[count++] = once->list[i];
    }
    if (count == 0 || count < node->times)
        return sum;
    for (size_t j = 1; j < count; j++)
        taken[0] = join(&taken[0], &taken[j]);
    put_span(sum, &taken[0]);
    return sum;
}

static struct spans *spans_kept(const struct question *q, const struct pattern_node *node)
{
    struct spans *spans = spans_of(q, node->child);
    size_t kept = 0;
    for (size_t i = 0; spans && i < spans->count; i++) {
        const struct span *s = &spans->list[i];
        bool keep = node->kind == NODE_WITHIN
                        ? s->to_us - s->from_us <= node->to_us
                        : s->from_us >= node->from_us && s->to_us < node->to_us;
        if (keep)
            spans->list[kept++] = *s;
    }
    if (spans)
        spans->count = kept;
    return spans;
}

// NULL: out of scratch memory.
static struct spans *spans_of(const struct question *q, const struct pattern_node *node)
{
    switch (node->kind) {
    case NODE_OBSERVE: return spans_of_leaf(q, node);
    case NODE_ALL:
    case NODE_THEN: return spans_of_all(q, node);
    case NODE_ANY: return spans_of_any(q, node);
    case NODE_REPEATS: return spans_of_repeats(q, node);
    case NODE_WITHIN:
    case NODE_BETWEEN: return spans_kept(q, node);
    default: return NULL; // tests stand below observations
    }
}

static bool is_complete(struct pattern_state *state, const struct pattern *pattern,
    const struct watch *watch, uint64_t fresh_id)
{
    struct question q = {watch, fresh_id, &state->scratch};
    const struct spans *spans = spans_of(&q, pattern->root);
    bool complete = false;
    for (size_t i = 0; spans && i < spans->count; i++)
        complete |= spans->list[i].fresh;
    arena_reset(&state->scratch);
    return complete;
}

// ---- Hosts

enum { KEY_ROOM = sizeof(const struct pattern *) + sizeof(struct addr) };

static struct bytes key_of(
    const struct pattern *pattern, const struct addr *host, uint8_t room[KEY_ROOM])
{
    memcpy(room, &pattern, sizeof pattern);
    memcpy(&room[sizeof pattern], host, sizeof *host);
    return bytes_make(room, KEY_ROOM);
}

static struct watch *watch_new(
    struct generation *g, const struct pattern *pattern, struct bytes key)
{
    struct leaf_seen *leaves = arena_zalloc(&g->memory, pattern->leaves_count * sizeof *leaves);
    struct watch *watch = leaves ? map_add(&g->watches, key) : NULL;
    if (watch)
        watch->leaves = leaves;
    else
        g->full = true;
    return watch;
}

static void see(
    struct generation *g, struct leaf_seen *seen, uint32_t most, const struct observation *o)
{
    if (seen->count == most) {
        memmove(&seen->list[0], &seen->list[1], (most - 1) * sizeof *seen->list);
        seen->count--;
    }
    if (seen->count == seen->room) {
        uint32_t room = seen->room ? seen->room * 2 : 2;
        struct observation *list =
            arena_grow(&g->memory, seen->list, seen->room * sizeof *list, room * sizeof *list);
        g->full |= !list;
        if (!list)
            return;
        seen->list = list;
        seen->room = room;
    }
    seen->list[seen->count++] = *o;
}

// The older generation is forgotten; the younger becomes the older.
static void turn(struct pattern_state *state)
{
    state->young ^= 1;
    struct generation *g = &state->generations[state->young];
    state->forgotten += g->watches.count;
    generation_finish(g);
    generation_init(g, state->half_bytes);
}

static uint32_t most_of(const struct pattern_node *node)
{
    uint32_t most = node->kind == NODE_REPEATS ? node->times + 1 : STATE_KEPT;
    for (const struct pattern_node *child = node->child; child; child = child->next) {
        uint32_t one = node->kind == NODE_OBSERVE ? 0 : most_of(child);
        most = one > most ? one : most;
    }
    return most;
}

// What is remembered of the host, taken over from the older generation.
static struct watch *watch_of(
    struct pattern_state *state, const struct pattern *pattern, const struct addr *host)
{
    uint8_t room[KEY_ROOM];
    struct bytes key = key_of(pattern, host, room);
    if (state->generations[state->young].full)
        turn(state);
    struct generation *young = &state->generations[state->young];
    struct generation *old = &state->generations[state->young ^ 1];
    struct watch *watch = map_find(&young->watches, key);
    if (watch)
        return watch;
    const struct watch *before = map_find(&old->watches, key);
    watch = watch_new(young, pattern, key);
    for (uint32_t i = 0; watch && before && i < pattern->leaves_count; i++)
        for (uint32_t j = 0; j < before->leaves[i].count; j++)
            see(young, &watch->leaves[i], UINT32_MAX, &before->leaves[i].list[j]);
    for (uint32_t i = 0; watch && before && i < pattern->leaves_count; i++)
        watch->leaves[i].last = before->leaves[i].last;
    return watch;
}

// Records of one exchange (a DNS request and its response) are one observation.
static uint64_t identity(const struct hit *hit)
{
    const struct record_head *head = hit->head;
    struct {
        uint64_t flow, tx;
        int64_t at;
        uint64_t type;
    } who = {head->has_flow_id ? head->flow_id : UINT64_MAX, head->has_tx_id ? head->tx_id : 0,
        head->has_flow_id && head->has_tx_id ? 0 : head->timestamp, hit->record};
    return hash_bytes(bytes_make(&who, sizeof who), 1);
}

static bool has_seen(const struct leaf_seen *seen, uint64_t id)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (seen->list[i].id == id)
            return true;
    return false;
}

static uint8_t put_short(uint8_t room[REMEMBERED_BYTES], struct bytes text)
{
    size_t len = text.len < REMEMBERED_BYTES ? text.len : REMEMBERED_BYTES;
    if (len)
        memcpy(room, text.data, len);
    return (uint8_t)len;
}

static void remember(struct remembered *last, const struct hit *hit)
{
    if (hit->matches_count == 0)
        return;
    last->where_len = put_short(last->where, hit->matches[0].where);
    last->data_len = put_short(last->data, hit->matches[0].data);
}

// What the other observations showed, behind what this one does.
static void add_remembered(
    struct hit *whole, const struct watch *watch, const struct pattern_leaf *newest)
{
    for (uint32_t i = 0; i < newest->pattern->leaves_count; i++) {
        const struct remembered *r = &watch->leaves[i].last;
        if (i == newest->number || r->data_len == 0 || whole->matches_count == HIT_MATCHES)
            continue;
        whole->matches[whole->matches_count++] =
            (struct hit_match){.where = bytes_make(r->where, r->where_len),
                .data = bytes_make(r->data, r->data_len),
                .len = r->data_len};
    }
}

bool pattern_state_see(struct pattern_state *state, const struct hit *hit, struct hit *whole)
{
    const struct pattern_leaf *leaf = hit->settle;
    const struct pattern *pattern = leaf->pattern;
    const struct addr *host = hit->subject_is_dest ? &hit->head->dest_ip : &hit->head->src_ip;
    struct watch *watch = watch_of(state, pattern, host);
    struct observation now = {
        hit->began_us ? hit->began_us : hit->head->timestamp, identity(hit), false};
    if (!watch || has_seen(&watch->leaves[leaf->number], now.id))
        return false;
    struct generation *young = &state->generations[state->young];
    see(young, &watch->leaves[leaf->number], most_of(pattern->root), &now);
    remember(&watch->leaves[leaf->number].last, hit);
    if (!is_complete(state, pattern, watch, now.id))
        return false;
    for (uint32_t i = 0; i < pattern->leaves_count; i++)
        for (uint32_t j = 0; j < watch->leaves[i].count; j++)
            watch->leaves[i].list[j].used = true;
    *whole = *hit;
    whole->settle = NULL;
    add_remembered(whole, watch, leaf);
    return true;
}

bool pattern_state_settle(void *state, const struct hit *hit, hit_sink *sink, void *context)
{
    struct hit whole;
    if (pattern_state_see(state, hit, &whole))
        sink(context, &whole);
    return false;
}
