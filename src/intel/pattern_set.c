// SPDX-License-Identifier: Apache-2.0
// Patterns by what leads to them. Where a pattern cannot hold without one of a few values (an
// equality that everything else is ANDed to), those values are its keys, and it is only looked at
// when a record shows one; the others are looked at for each record of a type that can show them.
#include "intel/pattern_set.h"
#include "base/alloc.h"

// Leaves a value leads to.
struct leaf_link {
    const struct pattern_leaf *leaf;
    struct leaf_link *next;
};

struct keyed {
    struct leaf_link *first;
};

// What is done for records of one type.
struct type_work {
    const struct observable **keyed; // whose values are looked up
    size_t keyed_count, keyed_room;
    const struct pattern_leaf **scan; // evaluated for each record
    size_t scan_count, scan_room;
};

struct pattern_set {
    const struct config *config; // whose segments are ours
    struct pool pool;
    struct arena arena;
    struct observables observables;
    struct pattern **patterns;
    size_t count, room;
    struct pattern_node **all; // every tree that came, for its regular expressions
    size_t all_count, all_room;
    struct map keys; // observable and value → struct keyed
    struct type_work work[RECORD_TYPES];
};

struct pattern_set *pattern_set_create(const struct config *config)
{
    struct pattern_set *set = base_calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->config = config;
    pool_init(&set->pool, 0);
    arena_init(&set->arena, &set->pool, PATTERN_SET_BYTES);
    map_init(&set->keys, sizeof(struct keyed), PATTERN_KEYS, PATTERN_SET_BYTES);
    set->observables = observables_make(&set->arena);
    if (set->observables.list)
        return set;
    pattern_set_destroy(set);
    return NULL;
}

void pattern_set_destroy(struct pattern_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->all_count; i++)
        pattern_free_regexes(set->all[i]);
    map_finish(&set->keys);
    arena_reset(&set->arena);
    pool_finish(&set->pool);
    base_free(set);
}

const struct config *pattern_set_config(const struct pattern_set *set)
{
    return set->config;
}

const struct observables *pattern_set_observables(const struct pattern_set *set)
{
    return &set->observables;
}

struct arena *pattern_set_arena(struct pattern_set *set)
{
    return &set->arena;
}

// ---- Sets of types

static const struct type_set no_types;

static struct type_set every_type(void)
{
    struct type_set all;
    memset(&all, 0xff, sizeof all);
    return all;
}

static void set_type(struct type_set *set, enum record_type type)
{
    set->words[type / 64] |= UINT64_C(1) << type % 64;
}

static bool has_type(const struct type_set *set, enum record_type type)
{
    return set->words[type / 64] >> type % 64 & 1;
}

static bool is_empty(const struct type_set *set)
{
    return memcmp(set, &no_types, sizeof no_types) == 0;
}

static void add_types(struct type_set *to, const struct type_set *more)
{
    for (size_t i = 0; i < TYPE_WORDS; i++)
        to->words[i] |= more->words[i];
}

static void keep_types(struct type_set *to, const struct type_set *those)
{
    for (size_t i = 0; i < TYPE_WORDS; i++)
        to->words[i] &= those->words[i];
}

// Types in which a test can hold, and those of which it makes an observation.
static void types_of_test(
    const struct pattern_test *test, struct type_set *holds, struct type_set *makes)
{
    bool absent = test->op == OP_EXISTS && test->negated;
    *holds = *makes = no_types;
    for (size_t i = 0; i < test->seen->fields_count && !absent; i++) {
        enum record_type type = test->seen->fields[i].type;
        set_type(makes, type == RECORD_NONE ? RECORD_FLOW : type);
        if (type == RECORD_NONE)
            *holds = every_type();
        else
            set_type(holds, type);
    }
    if (absent)
        *holds = every_type();
}

static void types_of(
    const struct pattern_node *node, struct type_set *holds, struct type_set *makes)
{
    bool both = node->kind == NODE_BOTH;
    if (node->kind == NODE_TEST) {
        types_of_test(node->test, holds, makes);
        return;
    }
    *makes = no_types;
    *holds = both ? every_type() : no_types;
    for (const struct pattern_node *child = node->child; child; child = child->next) {
        struct type_set child_holds, child_makes;
        types_of(child, &child_holds, &child_makes);
        add_types(makes, &child_makes);
        if (both)
            keep_types(holds, &child_holds);
        else
            add_types(holds, &child_holds);
    }
    keep_types(makes, holds);
}

// ---- Keys

// How many values lead to the node; SIZE_MAX: it cannot be looked up.
static size_t keys_of(const struct pattern_node *node)
{
    size_t sum = 0, least = SIZE_MAX;
    if (node->kind == NODE_TEST) {
        const struct pattern_test *t = node->test;
        bool equality = !t->negated && (t->op == OP_EQUAL || t->op == OP_IN);
        bool text = t->seen->how != HOW_NUMBER && t->seen->how != HOW_TIME &&
                    t->seen->how != HOW_PROTOCOL && t->seen->how != HOW_REF_TYPE &&
                    t->seen->how != HOW_HEX_NUMBER;
        for (size_t i = 0; equality && i < t->literals_count; i++) {
            const struct literal *l = &t->literals[i];
            bool network =
                l->range.base.version && l->range.bits != (l->range.base.version == 4 ? 32 : 128);
            equality = l->kind == LITERAL_TEXT && !network;
        }
        return equality && text ? t->literals_count : SIZE_MAX;
    }
    for (const struct pattern_node *child = node->child; child; child = child->next) {
        size_t one = keys_of(child);
        least = one < least ? one : least;
        sum = one == SIZE_MAX || sum == SIZE_MAX ? SIZE_MAX : sum + one;
    }
    return node->kind == NODE_BOTH ? least : sum;
}

enum { KEY_BYTES = OBSERVE_TEXT_BYTES + sizeof(uint16_t) };

static struct bytes key_of(const struct pattern_set *set, const struct observable *observable,
    struct bytes value, uint8_t room[KEY_BYTES])
{
    uint16_t number = (uint16_t)(observable - set->observables.list);
    size_t len = value.len < OBSERVE_TEXT_BYTES ? value.len : OBSERVE_TEXT_BYTES;
    memcpy(room, &number, sizeof number);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = value.data[i];
        room[sizeof number + i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    return bytes_make(room, sizeof number + len);
}

static bool push(
    struct arena *arena, const void ***list, size_t *count, size_t *room, const void *item)
{
    if (*count == *room) {
        size_t more = *room ? *room * 2 : 8;
        const void **larger = arena_grow(arena, *list, *room * sizeof **list, more * sizeof **list);
        if (!larger)
            return false;
        *list = larger;
        *room = more;
    }
    (*list)[(*count)++] = item;
    return true;
}

static bool look_up_in(struct pattern_set *set, enum record_type type, const struct observable *o)
{
    struct type_work *work = &set->work[type];
    for (size_t i = 0; i < work->keyed_count; i++)
        if (work->keyed[i] == o)
            return true;
    const void **list = (const void **)work->keyed;
    bool done = push(&set->arena, &list, &work->keyed_count, &work->keyed_room, o);
    work->keyed = (const struct observable **)list;
    return done;
}

static bool add_key(
    struct pattern_set *set, const struct pattern_leaf *leaf, const struct pattern_test *test)
{
    for (size_t i = 0; i < test->literals_count; i++) {
        const struct literal *l = &test->literals[i];
        uint8_t room[KEY_BYTES];
        char addr[ADDR_TEXT_BYTES];
        struct bytes value = l->text;
        if (l->range.base.version)
            value = bytes_make(addr, addr_write(&l->range.base, addr));
        struct keyed *keyed = map_add(&set->keys, key_of(set, test->seen, value, room));
        struct leaf_link *link = arena_alloc(&set->arena, sizeof *link);
        if (!keyed || !link)
            return false;
        *link = (struct leaf_link){leaf, keyed->first};
        keyed->first = link;
    }
    for (int type = RECORD_NONE + 1; type < RECORD_TYPES; type++)
        if (has_type(&leaf->types, (enum record_type)type) &&
            !look_up_in(set, (enum record_type)type, test->seen))
            return false;
    return true;
}

static bool add_keys(
    struct pattern_set *set, const struct pattern_leaf *leaf, const struct pattern_node *node)
{
    if (node->kind == NODE_TEST)
        return add_key(set, leaf, node->test);
    const struct pattern_node *best = NULL;
    for (const struct pattern_node *child = node->child; child; child = child->next) {
        if (node->kind == NODE_EITHER && !add_keys(set, leaf, child))
            return false;
        if (!best || keys_of(child) < keys_of(best))
            best = child;
    }
    return node->kind == NODE_EITHER || add_keys(set, leaf, best);
}

static bool add_scans(struct pattern_set *set, const struct pattern_leaf *leaf)
{
    for (int type = RECORD_NONE + 1; type < RECORD_TYPES; type++) {
        struct type_work *work = &set->work[type];
        if (!has_type(&leaf->types, (enum record_type)type))
            continue;
        const void **list = (const void **)work->scan;
        bool done = push(&set->arena, &list, &work->scan_count, &work->scan_room, leaf);
        work->scan = (const struct pattern_leaf **)list;
        if (!done)
            return false;
    }
    return true;
}

// ---- Adding

static size_t count_leaves(const struct pattern_node *node)
{
    size_t count = 0;
    if (node->kind == NODE_OBSERVE)
        return 1;
    for (const struct pattern_node *child = node->child; child; child = child->next)
        count += count_leaves(child);
    return count;
}

// Number the observations in the order in which they stand. False: one no record can be.
static bool number_leaves(struct pattern *pattern, struct pattern_node *node, uint32_t *next)
{
    if (node->kind == NODE_OBSERVE) {
        struct pattern_leaf *leaf = &pattern->leaves[*next];
        struct type_set holds;
        *leaf = (struct pattern_leaf){.pattern = pattern, .tests = node->child, .number = *next};
        types_of(node->child, &holds, &leaf->types);
        node->leaf = (*next)++;
        return !is_empty(&leaf->types);
    }
    for (struct pattern_node *child = node->child; child; child = child->next)
        if (!number_leaves(pattern, child, next))
            return false;
    return true;
}

static bool copy_text(struct arena *arena, struct bytes *text)
{
    bool empty = text->len == 0;
    *text = empty ? (struct bytes){NULL, 0} : arena_copy(arena, *text);
    return empty || text->data;
}

static bool copy_says(
    struct pattern_set *set, struct pattern *pattern, const struct pattern_says *says)
{
    const struct pattern *before = set->count ? set->patterns[set->count - 1] : NULL;
    pattern->says = *says;
    bool same = before && bytes_equal(before->says.source, says->source);
    if (same)
        pattern->says.source = before->says.source;
    return (same || copy_text(&set->arena, &pattern->says.source)) &&
           copy_text(&set->arena, &pattern->says.label) &&
           copy_text(&set->arena, &pattern->says.id) &&
           copy_text(&set->arena, &pattern->says.title) &&
           copy_text(&set->arena, &pattern->says.techniques);
}

// What the configuration does not want to hear.
static bool is_silent(const struct config *config, const struct pattern_says *says)
{
    bool said = says->confidence != INTEL_CONFIDENCE_UNSAID;
    unsigned confidence = said ? says->confidence : (unsigned)config->intel.default_confidence;
    return confidence < config->intel.min_confidence ||
           (unsigned)says->tlp > (unsigned)config->intel.max_tlp + INTEL_TLP_CLEAR;
}

static bool index_leaves(struct pattern_set *set, const struct pattern *pattern)
{
    for (uint32_t i = 0; i < pattern->leaves_count; i++) {
        const struct pattern_leaf *leaf = &pattern->leaves[i];
        bool keyed = keys_of(leaf->tests) != SIZE_MAX;
        if (keyed ? !add_keys(set, leaf, leaf->tests) : !add_scans(set, leaf))
            return false;
    }
    return true;
}

static enum pattern_added add_one(
    struct pattern_set *set, struct pattern_node *root, const struct pattern_says *says)
{
    uint32_t next = 0;
    size_t leaves = count_leaves(root);
    if (leaves > PATTERN_OBSERVATIONS)
        return PATTERN_TOO_MANY;
    struct pattern *pattern = arena_zalloc(&set->arena, sizeof *pattern);
    if (!pattern)
        return PATTERN_NO_MEMORY;
    pattern->leaves = arena_zalloc(&set->arena, leaves * sizeof *pattern->leaves);
    if (!pattern->leaves || !copy_says(set, pattern, says))
        return PATTERN_NO_MEMORY;
    if (!number_leaves(pattern, root, &next))
        return PATTERN_UNSEEN;
    pattern->leaves_count = (uint32_t)leaves;
    pattern->root = root;
    pattern->alone = root->kind == NODE_OBSERVE;
    pattern->number = (uint32_t)set->count;
    pattern->dead = is_silent(set->config, says);
    const void **list = (const void **)set->patterns;
    if (!index_leaves(set, pattern) || !push(&set->arena, &list, &set->count, &set->room, pattern))
        return PATTERN_NO_MEMORY;
    set->patterns = (struct pattern **)list;
    return PATTERN_ADDED;
}

enum pattern_added pattern_set_add(
    struct pattern_set *set, struct pattern_node *root, const struct pattern_says *says)
{
    enum pattern_added best = PATTERN_UNSEEN;
    const void **list = (const void **)set->all;
    if (!push(&set->arena, &list, &set->all_count, &set->all_room, root)) {
        pattern_free_regexes(root);
        return PATTERN_NO_MEMORY;
    }
    set->all = (struct pattern_node **)list;
    if (root->kind != NODE_ANY)
        return add_one(set, root, says);
    for (struct pattern_node *child = root->child; child; child = child->next) {
        enum pattern_added one = add_one(set, child, says);
        if (one == PATTERN_NO_MEMORY || one == PATTERN_TOO_MANY)
            return one;
        best = one == PATTERN_ADDED ? one : best;
    }
    return best;
}

enum pattern_added pattern_set_add_text(
    struct pattern_set *set, struct bytes text, const struct pattern_says *says)
{
    struct pattern_error error;
    struct bytes unseen, copy = arena_copy(&set->arena, text);
    struct pattern_node *root = copy.data ? stix_pattern_parse(&set->arena, copy, &error) : NULL;
    if (root)
        root = pattern_resolve(&set->observables, &set->arena, root, &unseen, &error);
    return root ? pattern_set_add(set, root, says) : PATTERN_NO_MEMORY;
}

uint64_t pattern_set_count(const void *patterns)
{
    const struct pattern_set *set = patterns;
    return set->count;
}

void pattern_set_take_back(void *patterns, uint64_t count)
{
    struct pattern_set *set = patterns;
    for (size_t i = count; i < set->count; i++)
        set->patterns[i]->dead = true;
    set->count = count < set->count ? count : set->count;
}

void pattern_set_revoke(void *patterns,
    bool (*ended)(void *context, struct bytes id, int64_t modified_us), void *context)
{
    struct pattern_set *set = patterns;
    for (size_t i = 0; i < set->count; i++)
        set->patterns[i]->dead |=
            ended(context, set->patterns[i]->says.id, set->patterns[i]->says.modified_us);
}

// ---- Records

enum { SEEN_LEAVES = 64 }; // evaluated for one record, remembered so that none is twice

struct asking {
    const struct pattern_set *set;
    const struct observable *observable;
    const struct record *record;
    hit_sink *sink;
    void *context;
    struct evaluation evaluation;
    const struct pattern_leaf *seen[SEEN_LEAVES];
    size_t seen_count;
};

static bool is_valid(const struct pattern_says *says, int64_t at_us)
{
    return at_us >= says->from_us && (says->until_us == 0 || at_us < says->until_us);
}

static void try_leaf(struct asking *ask, const struct pattern_leaf *leaf)
{
    const struct pattern *pattern = leaf->pattern;
    if (pattern->dead || !has_type(&leaf->types, ask->record->type) ||
        !is_valid(&pattern->says, ask->record->head.timestamp))
        return;
    for (size_t i = 0; i < ask->seen_count; i++)
        if (ask->seen[i] == leaf)
            return;
    if (ask->seen_count < SEEN_LEAVES)
        ask->seen[ask->seen_count++] = leaf;
    ask->evaluation.record = ask->record;
    if (pattern_evaluate(&ask->evaluation, leaf->tests))
        pattern_hit(ask->set->config, leaf, &ask->evaluation, ask->sink, ask->context);
}

static bool ask_value(void *context, const struct field *, const struct seen_value *value)
{
    struct asking *ask = context;
    uint8_t room[KEY_BYTES];
    const struct keyed *keyed =
        map_find(&ask->set->keys, key_of(ask->set, ask->observable, value->text, room));
    for (const struct leaf_link *l = keyed ? keyed->first : NULL; l; l = l->next)
        try_leaf(ask, l->leaf);
    return true;
}

void pattern_set_record(
    const void *patterns, const struct record *record, hit_sink *sink, void *context)
{
    const struct pattern_set *set = patterns;
    const struct type_work *work = &set->work[record->type];
    struct asking ask;
    if (work->keyed_count == 0 && work->scan_count == 0)
        return;
    ask.set = set;
    ask.record = record;
    ask.sink = sink;
    ask.context = context;
    ask.seen_count = 0;
    for (size_t i = 0; i < work->keyed_count; i++) {
        ask.observable = work->keyed[i];
        observable_values(work->keyed[i], record, ask_value, &ask);
    }
    for (size_t i = 0; i < work->scan_count; i++)
        try_leaf(&ask, work->scan[i]);
}
