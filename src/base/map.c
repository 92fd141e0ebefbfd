// SPDX-License-Identifier: Apache-2.0
// Open addressing with linear probing. A slot holds the hash, so that only the entry looked for is
// touched; a list beside it keeps the entries in the order in which they came, so that going
// through them is the same in every run whatever the seed.
#include "base/map.h"
#include "base/alloc.h"
#include "base/hash.h"
#include <assert.h>
#include <stdlib.h>

enum { FIRST_SLOTS = 64, LIMIT_MOST = INT32_MAX };

void map_init(struct map *map, size_t value_bytes, size_t limit, size_t limit_bytes)
{
    assert(limit <= LIMIT_MOST);
    *map = (struct map){.limit = limit, .value_bytes = value_bytes, .seed = hash_seed()};
    pool_init(&map->pool, 0);
    arena_init(&map->memory, &map->pool, limit_bytes);
}

void map_finish(struct map *map)
{
    arena_reset(&map->memory);
    pool_finish(&map->pool);
    base_free(map->entries);
    base_free(map->slots);
    *map = (struct map){.limit = 0};
}

// The slot where key is, or the empty one where it would be. There is always an empty one.
static struct map_slot *map_slot(const struct map *map, struct bytes key, uint64_t hash)
{
    size_t mask = map->slot_count - 1, at = hash & mask;
    for (; map->slots[at].entry; at = (at + 1) & mask)
        if (map->slots[at].hash == hash && bytes_equal(map->slots[at].entry->key, key))
            break;
    return &map->slots[at];
}

void *map_find(const struct map *map, struct bytes key)
{
    if (map->slot_count == 0)
        return NULL;
    const struct map_entry *entry = map_slot(map, key, hash_bytes(key, map->seed))->entry;
    return entry ? entry->value : NULL;
}

// Put all entries into slots that are empty.
static void map_index(struct map *map)
{
    size_t mask = map->slot_count - 1;
    for (size_t i = 0; i < map->count; i++) {
        size_t at = map->entries[i]->hash & mask;
        while (map->slots[at].entry)
            at = (at + 1) & mask;
        map->slots[at] = (struct map_slot){map->entries[i]->hash, map->entries[i]};
    }
}

// Twice the slots, of which at most half are in use.
static bool map_widen(struct map *map)
{
    size_t slots = map->slot_count ? 2 * map->slot_count : FIRST_SLOTS;
    struct map_slot *fresh = base_calloc(slots, sizeof *fresh);
    if (!fresh)
        return false;
    struct map_entry **entries = base_realloc(map->entries, slots / 2 * sizeof *entries);
    if (!entries) {
        base_free(fresh);
        return false;
    }
    base_free(map->slots);
    map->slots = fresh;
    map->entries = entries;
    map->slot_count = slots;
    map_index(map);
    return true;
}

static struct map_entry *map_make_entry(struct map *map, struct bytes key, uint64_t hash)
{
    struct map_entry *entry = arena_alloc(&map->memory, sizeof *entry);
    void *value = entry ? arena_zalloc(&map->memory, map->value_bytes) : NULL;
    struct bytes copy = value && key.len ? arena_copy(&map->memory, key) : BYTES("");
    if (!value || !copy.data)
        return NULL;
    *entry = (struct map_entry){.hash = hash, .key = copy, .value = value};
    return entry;
}

static void *map_refuse(struct map *map)
{
    map->refused++;
    return NULL;
}

void *map_add(struct map *map, struct bytes key)
{
    uint64_t hash = hash_bytes(key, map->seed);
    if (map->slot_count > 0) {
        const struct map_entry *known = map_slot(map, key, hash)->entry;
        if (known)
            return known->value;
    }
    if (map->count >= map->limit)
        return map_refuse(map);
    if (map->count >= map->slot_count / 2 && !map_widen(map))
        return map_refuse(map);
    struct map_entry *entry = map_make_entry(map, key, hash);
    if (!entry)
        return map_refuse(map);
    *map_slot(map, key, hash) = (struct map_slot){hash, entry};
    map->entries[map->count++] = entry;
    return entry->value;
}

static int compare_keys(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct map_order {
    map_compare *compare;
};

static int compare_entries(const void *left, const void *right, void *context)
{
    const struct map_entry *a = *(struct map_entry *const *)left;
    const struct map_entry *b = *(struct map_entry *const *)right;
    const struct map_order *order = context;
    int first = order->compare(a, b);
    return first ? first : compare_keys(a->key, b->key);
}

void map_sort(struct map *map, map_compare *compare)
{
    struct map_order order = {compare};
    if (map->count == 0)
        return;
    qsort_r(map->entries, map->count, sizeof *map->entries, compare_entries, &order);
}
