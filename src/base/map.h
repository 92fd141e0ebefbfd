// SPDX-License-Identifier: Apache-2.0
// Hash map from bytes to a value of fixed size, for counting what a summary tells: names, hosts,
// user agents. Keys are copied. Entries are never taken out, and stay where they are until
// map_finish(). Seeded, so that nobody can prepare names that collide. Belongs to one thread, and
// must not be moved.
#pragma once
#include "base/arena.h"
#include "base/bytes.h"

struct map_entry {
    uint64_t hash;
    struct bytes key;
    void *value; // aligned to 16
};

struct map_slot {
    uint64_t hash;
    struct map_entry *entry; // NULL: empty
};

struct map {
    struct map_entry **entries; // entries[0 .. count), as added or as map_sort() left them
    size_t count;
    uint64_t refused; // entries not made: the map was full or memory short
    size_t limit;     // most entries
    size_t value_bytes;
    struct map_slot *slots;
    size_t slot_count; // a power of two, or 0 before the first entry
    uint64_t seed;
    struct pool pool; // keys and values
    struct arena memory;
};

// At most `limit` entries (below 2^31), whose keys and values take at most `limit_bytes`.
void map_init(struct map *map, size_t value_bytes, size_t limit, size_t limit_bytes);
void map_finish(struct map *map);

// The value of key, NULL when it isn't there.
[[nodiscard]] void *map_find(const struct map *map, struct bytes key);

// The value of key, all zero when it is new. NULL: new, but no room; counted in map->refused.
[[nodiscard]] void *map_add(struct map *map, struct bytes key);

// Less than 0 when a comes first. Entries it calls equal are put in order of their keys, so that
// the order never depends on the seed or on who came first.
typedef int map_compare(const struct map_entry *a, const struct map_entry *b);

// Put map->entries in order; adding and finding go on working.
void map_sort(struct map *map, map_compare *compare);
