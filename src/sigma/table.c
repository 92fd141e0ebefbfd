// SPDX-License-Identifier: Apache-2.0
// What the rules of one type of records ask for, once each: their fields as slots, the texts that
// must stand in them as literals.
//
// A record costs one pass of Vectorscan over each slot that has literals, and then the rules of
// which one was seen; a rule nothing must be seen of is asked every time. So thousands of rules
// cost little more than a few, as long as each asks for some text of three bytes and more.
#include "logs/logs.h"
#include "sigma/rule.h"

enum {
    SLOTS_MOST = 65'536,
    LITERALS_MOST = 1'000'000,
    KEYS_BYTES = 256 << 20,
    TABLE_SHORTEST = 3, // shorter literals would be seen everywhere
    TABLE_LONGEST = 48, // of longer ones the beginning is enough
};

struct sigma_table *sigma_table_get(struct sigma *sigma, enum record_type type)
{
    struct sigma_table *table = sigma->tables[type];
    if (table)
        return table;
    table = arena_zalloc(&sigma->arena, sizeof *table);
    if (!table)
        return NULL;
    table->type = type;
    map_init(&table->slot_names, sizeof(uint32_t), SLOTS_MOST, KEYS_BYTES);
    map_init(&table->literal_numbers, sizeof(uint32_t), LITERALS_MOST, KEYS_BYTES);
    sigma->tables[type] = table;
    return table;
}

static const struct sigma_field *field_find(const struct sigma_map *map, struct bytes name)
{
    for (size_t i = 0; i < map->fields_count; i++)
        if (bytes_equal(bytes_from_text(map->fields[i].name), name))
            return &map->fields[i];
    return NULL;
}

static void slot_of_field(struct sigma_slot *slot, const struct sigma_field *field)
{
    slot->kind = field->has_path ? SLOT_PATH : SLOT_DERIVED;
    slot->path = field->path;
    slot->derive = field->derive;
}

// What a name means under a map.
static struct sigma_slot slot_means(const struct sigma_map *map, struct bytes name)
{
    struct sigma_slot slot = {.kind = SLOT_NOTHING, .name = name};
    const struct sigma_field *field = field_find(map, name);
    const struct zeek_column *column =
        !field && map->zeek ? log_zeek_column(log_zeek(map->zeek), name) : NULL;
    if (name.len == 0) {
        slot.kind = SLOT_ALL;
    } else if (field) {
        slot_of_field(&slot, field);
    } else if (column && log_zeek_path(column)) {
        slot.kind = SLOT_PATH;
        slot.path = *log_zeek_path(column);
    } else if (column) {
        slot.kind = SLOT_ZEEK;
        slot.zeek = column;
    } else if (map->record == RECORD_LOG_EVENT) {
        slot.kind = SLOT_PAIR;
    }
    return slot;
}

static bool slot_same(const struct sigma_slot *a, const struct sigma_slot *b)
{
    if (a->kind != b->kind || !bytes_equal(a->name, b->name))
        return false;
    return a->derive == b->derive && a->zeek == b->zeek && a->path.offset == b->path.offset &&
           a->path.list == b->path.list && a->path.head == b->path.head &&
           a->path.present == b->path.present;
}

static uint32_t slot_add(struct sigma *sigma, struct sigma_table *table, struct sigma_slot slot)
{
    if (table->slots_count == SLOTS_MOST)
        return SIGMA_NONE;
    if (table->slots_count == table->slots_room) {
        size_t room = table->slots_room ? 2 * table->slots_room : 16;
        struct sigma_slot *slots = arena_grow(
            &sigma->arena, table->slots, table->slots_room * sizeof *slots, room * sizeof *slots);
        if (!slots)
            return SIGMA_NONE;
        table->slots = slots;
        table->slots_room = room;
    }
    slot.name = arena_copy(&sigma->arena, slot.name.len ? slot.name : BYTES(""));
    uint32_t number = (uint32_t)table->slots_count;
    uint32_t *named = slot.kind == SLOT_PAIR ? map_add(&table->slot_names, slot.name) : NULL;
    if (named)
        *named = number;
    if (!slot.name.data || (slot.kind == SLOT_PAIR && !named))
        return SIGMA_NONE;
    table->slots[table->slots_count++] = slot;
    return number;
}

uint32_t sigma_slot_get(struct sigma *sigma, struct sigma_table *table, const uint16_t *maps,
    size_t maps_count, struct bytes name, bool *known)
{
    // All maps of one variant mean the same by a name: events share their fields.
    struct sigma_slot want = slot_means(&sigma_maps[maps[0]], name);
    (void)maps_count;
    *known = want.kind != SLOT_NOTHING;
    const uint32_t *named = want.kind == SLOT_PAIR ? map_find(&table->slot_names, name) : NULL;
    if (named)
        return *named;
    for (size_t i = 0; want.kind != SLOT_PAIR && i < table->slots_count; i++)
        if (slot_same(&table->slots[i], &want))
            return (uint32_t)i;
    return slot_add(sigma, table, want);
}

static bool literal_add(
    struct sigma *sigma, struct sigma_table *table, struct sigma_literal literal)
{
    if (table->literals_count == table->literals_room) {
        size_t room = table->literals_room ? 2 * table->literals_room : 256;
        struct sigma_literal *literals = arena_grow(&sigma->arena, table->literals,
            table->literals_room * sizeof *literals, room * sizeof *literals);
        if (!literals)
            return false;
        table->literals = literals;
        table->literals_room = room;
    }
    table->literals[table->literals_count++] = literal;
    return true;
}

// Key of a literal: slot, whether it is the whole value, text.
static struct bytes literal_key(struct arena *arena, uint32_t slot, bool whole, struct bytes text)
{
    uint8_t *key = arena_alloc(arena, text.len + 5);
    if (!key)
        return (struct bytes){NULL, 0};
    memcpy(key, &slot, 4);
    key[4] = whole;
    memcpy(&key[5], text.data, text.len);
    return bytes_make(key, text.len + 5);
}

uint32_t sigma_literal_get(
    struct sigma *sigma, struct sigma_table *table, uint32_t slot, bool whole, struct bytes text)
{
    if (!whole && text.len < TABLE_SHORTEST)
        return SIGMA_NONE;
    if (table->slots[slot].kind == SLOT_NOTHING || (whole && text.len == 0))
        return SIGMA_NONE;
    text = bytes_sub(text, 0, whole ? text.len : TABLE_LONGEST);
    struct bytes key = literal_key(&sigma->arena, slot, whole, text);
    if (!key.data)
        return SIGMA_NONE;
    const uint32_t *known = map_find(&table->literal_numbers, key);
    if (known)
        return *known;
    uint32_t number = (uint32_t)table->literals_count;
    struct sigma_literal literal = {.slot = slot, .whole = whole, .text = bytes_from(key, 5)};
    uint32_t *value = map_add(&table->literal_numbers, key);
    if (!value || !literal_add(sigma, table, literal)) {
        if (value)
            *value = SIGMA_NONE;
        return SIGMA_NONE;
    }
    *value = number;
    table->slots[slot].literals = true;
    return number;
}

bool sigma_table_add(struct sigma *sigma, struct sigma_table *table, struct sigma_variant *variant)
{
    if (table->variants_count == table->variants_room) {
        size_t room = table->variants_room ? 2 * table->variants_room : 64;
        struct sigma_variant **variants = arena_grow(&sigma->arena, table->variants,
            table->variants_room * sizeof *variants, room * sizeof *variants);
        if (!variants)
            return false;
        table->variants = variants;
        table->variants_room = room;
    }
    table->variants[table->variants_count++] = variant;
    for (size_t i = 0; i < variant->maps_count; i++) {
        uint16_t map = variant->maps[i];
        if (!table->maps[map])
            table->used[table->used_count++] = map;
        table->maps[map] = true;
    }
    return true;
}

// ---- when all rules are there

// Literals of which one must be seen for a node to be true. none: it may be true without any.
struct clause {
    uint32_t *literals;
    size_t count, room;
    size_t worth; // length of the shortest; a whole value counts more
    bool none, failed;
};

static void clause_add(struct clause *c, uint32_t literal)
{
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        uint32_t *literals = base_realloc(c->literals, room * sizeof *literals);
        if (!literals) {
            c->failed = true;
            return;
        }
        c->literals = literals;
        c->room = room;
    }
    c->literals[c->count++] = literal;
}

static struct clause clause_of(const struct sigma_table *table, const struct sigma_node *node);

static struct clause clause_of_test(const struct sigma_table *table, const struct sigma_test *test)
{
    struct clause c = {.none = test->literal == SIGMA_NONE};
    // What such records never have can only be absent: as NODE_NEVER.
    if (table->slots[test->slot].kind == SLOT_NOTHING && test->op != TEST_EXISTS)
        return (struct clause){.worth = SIZE_MAX};
    if (c.none)
        return c;
    const struct sigma_literal *literal = &table->literals[test->literal];
    c.worth = literal->text.len + (literal->whole ? 8 : 0);
    clause_add(&c, test->literal);
    return c;
}

static bool better(const struct clause *a, const struct clause *b)
{
    if (a->none || b->none)
        return !a->none && b->none;
    return a->worth != b->worth ? a->worth > b->worth : a->count < b->count;
}

// Of nodes that must all be true the best one's is enough.
static struct clause clause_of_and(const struct sigma_table *table, const struct sigma_node *node)
{
    struct clause best = {.none = true};
    for (size_t i = 0; i < node->count; i++) {
        struct clause c = clause_of(table, node->children[i]);
        struct clause worse = better(&c, &best) ? best : c;
        best = better(&c, &best) ? c : best;
        best.failed |= worse.failed;
        base_free(worse.literals);
    }
    return best;
}

static struct clause clause_of_or(const struct sigma_table *table, const struct sigma_node *node)
{
    struct clause all = {.worth = SIZE_MAX};
    for (size_t i = 0; i < node->count; i++) {
        struct clause c = clause_of(table, node->children[i]);
        for (size_t j = 0; j < c.count; j++)
            clause_add(&all, c.literals[j]);
        all.none |= c.none;
        all.failed |= c.failed;
        all.worth = c.worth < all.worth ? c.worth : all.worth;
        base_free(c.literals);
    }
    return all;
}

static struct clause clause_of(const struct sigma_table *table, const struct sigma_node *node)
{
    switch ((enum node_kind)node->kind) {
    case NODE_TEST: return clause_of_test(table, node->test);
    case NODE_AND: return clause_of_and(table, node);
    case NODE_OR: return clause_of_or(table, node);
    case NODE_OF: // at least one of them
        return node->need ? clause_of_or(table, node) : (struct clause){.none = true};
    case NODE_NEVER: return (struct clause){.worth = SIZE_MAX};
    default: return (struct clause){.none = true};
    }
}

// All clauses of a table; owners are counted in *owners.
static bool clauses_make(struct sigma_table *table, struct clause *clauses, size_t *owners)
{
    *owners = 0;
    for (size_t i = 0; i < table->variants_count; i++) {
        clauses[i] = clause_of(table, table->variants[i]->when);
        if (clauses[i].failed)
            return false;
        if (!clauses[i].none)
            *owners += clauses[i].count;
        else
            table->always[table->always_count++] = (uint32_t)i;
    }
    return true;
}

// Each literal's variants in one row of table->owners.
static void owners_fill(struct sigma_table *table, const struct clause *clauses)
{
    for (size_t i = 0; i < table->variants_count; i++)
        for (size_t j = 0; !clauses[i].none && j < clauses[i].count; j++)
            table->literals[clauses[i].literals[j]].owners_count++;
    uint32_t at = 0;
    for (size_t i = 0; i < table->literals_count; i++) {
        table->literals[i].owners = at;
        at += table->literals[i].owners_count;
        table->literals[i].owners_count = 0;
    }
    for (size_t i = 0; i < table->variants_count; i++)
        for (size_t j = 0; !clauses[i].none && j < clauses[i].count; j++) {
            struct sigma_literal *literal = &table->literals[clauses[i].literals[j]];
            table->owners[literal->owners + literal->owners_count++] = (uint32_t)i;
        }
}

static bool owners_make(struct sigma *sigma, struct sigma_table *table)
{
    struct clause *clauses = base_calloc(table->variants_count + 1, sizeof *clauses);
    table->always = arena_alloc(&sigma->arena, (table->variants_count + 1) * sizeof(uint32_t));
    bool ok = clauses && table->always && clauses_make(table, clauses, &table->owners_count);
    if (ok) {
        table->owners = arena_alloc(&sigma->arena, (table->owners_count + 1) * sizeof(uint32_t));
        ok = table->owners != NULL;
    }
    if (ok)
        owners_fill(table, clauses);
    for (size_t i = 0; clauses && i < table->variants_count; i++)
        base_free(clauses[i].literals);
    base_free(clauses);
    return ok;
}

// Literals of one slot as Vectorscan wants them.
struct scan_list {
    const char **texts;
    unsigned *flags, *numbers;
    size_t *lengths;
    unsigned count;
};

static bool scan_list_make(struct scan_list *list, size_t room)
{
    list->texts = base_calloc(room, sizeof *list->texts);
    list->flags = base_calloc(room, sizeof *list->flags);
    list->numbers = base_calloc(room, sizeof *list->numbers);
    list->lengths = base_calloc(room, sizeof *list->lengths);
    return list->texts && list->flags && list->numbers && list->lengths;
}

static void scan_list_free(struct scan_list *list)
{
    base_free(list->texts);
    base_free(list->flags);
    base_free(list->numbers);
    base_free(list->lengths);
}

static bool slot_take_literals(struct sigma_table *table, uint32_t number, struct scan_list *list)
{
    struct sigma_slot *slot = &table->slots[number];
    list->count = 0;
    for (size_t i = 0; i < table->literals_count; i++) {
        const struct sigma_literal *literal = &table->literals[i];
        if (literal->slot != number)
            continue;
        if (literal->whole) {
            uint32_t *value = map_add(&slot->whole, literal->text);
            if (!value)
                return false;
            *value = (uint32_t)i;
            continue;
        }
        list->texts[list->count] = (const char *)literal->text.data;
        list->lengths[list->count] = literal->text.len;
        list->numbers[list->count++] = (unsigned)i;
    }
    return true;
}

static bool slot_finish(
    struct sigma *sigma, struct sigma_table *table, uint32_t number, struct scan_list *list)
{
    struct sigma_slot *slot = &table->slots[number];
    hs_compile_error_t *error = NULL;
    map_init(&slot->whole, sizeof(uint32_t), LITERALS_MOST, KEYS_BYTES);
    if (!slot->literals)
        return true;
    if (!slot_take_literals(table, number, list))
        return false;
    if (list->count == 0)
        return true;
    hs_error_t result = hs_compile_lit_multi(list->texts, list->flags, list->numbers, list->lengths,
        list->count, HS_MODE_BLOCK, NULL, &slot->within, &error);
    hs_free_compile_error(error);
    return result == HS_SUCCESS && hs_alloc_scratch(slot->within, &sigma->scratch) == HS_SUCCESS;
}

static bool table_finish(struct sigma *sigma, struct sigma_table *table)
{
    struct scan_list list = {0};
    bool ok = owners_make(sigma, table) && scan_list_make(&list, table->literals_count + 1);
    for (size_t i = 0; i < table->slots_count; i++) // each, so that each can be destroyed
        ok = ok ? slot_finish(sigma, table, (uint32_t)i, &list)
                : (map_init(&table->slots[i].whole, sizeof(uint32_t), 1, 1), false);
    scan_list_free(&list);
    return ok;
}

bool sigma_tables_finish(struct sigma *sigma)
{
    bool ok = true;
    for (int i = RECORD_NONE + 1; i < RECORD_TYPES; i++)
        if (sigma->tables[i])
            ok &= table_finish(sigma, sigma->tables[i]);
    return ok;
}

void sigma_tables_destroy(struct sigma *sigma)
{
    for (int i = 0; i < RECORD_TYPES; i++) {
        struct sigma_table *table = sigma->tables[i];
        for (size_t s = 0; table && s < table->slots_count; s++) {
            hs_free_database(table->slots[s].within);
            map_finish(&table->slots[s].whole);
        }
        if (table) {
            map_finish(&table->slot_names);
            map_finish(&table->literal_numbers);
        }
    }
    hs_free_scratch(sigma->scratch);
}
