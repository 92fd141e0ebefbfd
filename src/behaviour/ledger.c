// SPDX-License-Identifier: Apache-2.0
// A hash leads to a place (open addressing, linear probing), which names a slot; rooms (key, entry)
// are looked at when the hash is theirs. Slots link what was touched: a ring through slot 0, which
// is nobody's. Places and slots are small and lie together, so that most of them are in the
// processor's cache. All doubles at once; rooms never move, each doubling brings as many more.
#include "behaviour/ledger.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "behaviour/distinct.h"

enum { SLOTS_FIRST = 64, ALIGNMENT = 8, DOUBLINGS = 24 };

struct place {
    uint32_t hash, slot; // 0: free
};

struct slot {
    uint32_t newer, older, hash;
};

struct ledger {
    size_t key_bytes, entry_bytes, sets, most, count;
    size_t entry_at, room_bytes; // the entry stands behind the key
    struct place *places;        // twice as many as slots
    struct slot *slots;
    size_t slots_count, used; // without slot 0; those used once at least
    uint32_t unused;          // of these, linked as `older`
    uint8_t *rooms[DOUBLINGS];
    uint64_t seed;
    struct metrics *metrics;
};

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct ledger *ledger_create(
    size_t key_bytes, size_t entry_bytes, size_t most, struct metrics *metrics)
{
    return ledger_create_of_sets(key_bytes, entry_bytes, 0, most, metrics);
}

struct ledger *ledger_create_of_sets(
    size_t key_bytes, size_t entry_bytes, size_t sets, size_t most, struct metrics *metrics)
{
    struct ledger *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct ledger){.key_bytes = key_bytes,
        .entry_bytes = entry_bytes,
        .sets = sets,
        .most = most,
        .entry_at = aligned(key_bytes),
        .room_bytes = aligned(key_bytes) + aligned(entry_bytes),
        .seed = hash_seed(),
        .metrics = metrics};
    return l;
}

static uint8_t *room_of(const struct ledger *l, uint32_t slot)
{
    size_t at = slot - 1, doubling = 0, before = 0;
    if (at >= SLOTS_FIRST) {
        doubling = 64u - (unsigned)__builtin_clzll(at / SLOTS_FIRST);
        before = (size_t)SLOTS_FIRST << (doubling - 1);
    }
    return &l->rooms[doubling][(at - before) * l->room_bytes];
}

static void *entry_of(const struct ledger *l, uint32_t slot)
{
    return slot ? &room_of(l, slot)[l->entry_at] : NULL;
}

static void clear_sets(const struct ledger *l, void *entry)
{
    struct distinct *set = entry;
    for (size_t i = 0; i < l->sets; i++)
        distinct_clear(&set[i]);
}

void ledger_clear(const struct ledger *ledger, void *entry)
{
    clear_sets(ledger, entry);
    memset(entry, 0, ledger->entry_bytes);
}

void ledger_destroy(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (uint32_t slot = 1; slot <= ledger->used; slot++)
        clear_sets(ledger, entry_of(ledger, slot));
    for (size_t i = 0; i < DOUBLINGS; i++)
        base_free(ledger->rooms[i]);
    base_free(ledger->slots);
    base_free(ledger->places);
    base_free(ledger);
}

static size_t next_place(const struct ledger *l, size_t at)
{
    return (at + 1) & (2 * l->slots_count - 1);
}

static size_t home_of(const struct ledger *l, uint32_t hash)
{
    return hash & (2 * l->slots_count - 1);
}

static uint32_t hash_of(const struct ledger *l, const void *key)
{
    return (uint32_t)hash_bytes(bytes_make(key, l->key_bytes), l->seed);
}

// 0: there is none.
static uint32_t find(const struct ledger *l, const void *key, uint32_t hash)
{
    if (l->slots_count == 0)
        return 0;
    const struct place *p = &l->places[home_of(l, hash)];
    while (p->slot && (p->hash != hash || memcmp(room_of(l, p->slot), key, l->key_bytes)))
        p = &l->places[next_place(l, (size_t)(p - l->places))];
    return p->slot;
}

static void take_from_ring(struct ledger *l, uint32_t slot)
{
    l->slots[l->slots[slot].newer].older = l->slots[slot].older;
    l->slots[l->slots[slot].older].newer = l->slots[slot].newer;
}

static void make_newest(struct ledger *l, uint32_t slot)
{
    uint32_t before = l->slots[0].older;
    l->slots[slot].newer = 0;
    l->slots[slot].older = before;
    l->slots[before].newer = slot;
    l->slots[0].older = slot;
}

static void *touch(struct ledger *l, uint32_t slot)
{
    if (slot && l->slots[0].older != slot) {
        take_from_ring(l, slot);
        make_newest(l, slot);
    }
    return entry_of(l, slot);
}

// Those behind a free place that could not be put there move up.
static void free_place(struct ledger *l, uint32_t slot)
{
    size_t at = home_of(l, l->slots[slot].hash);
    while (l->places[at].slot != slot)
        at = next_place(l, at);
    for (size_t i = next_place(l, at); l->places[i].slot; i = next_place(l, i)) {
        size_t home = home_of(l, l->places[i].hash);
        bool between = at < i ? at < home && home <= i : at < home || home <= i;
        if (between)
            continue;
        l->places[at] = l->places[i];
        at = i;
    }
    l->places[at].slot = 0;
}

static void drop(struct ledger *l, uint32_t slot)
{
    free_place(l, slot);
    take_from_ring(l, slot);
    ledger_clear(l, entry_of(l, slot));
    l->slots[slot].older = l->unused;
    l->unused = slot;
    l->count--;
}

static void put(struct ledger *l, uint32_t slot, uint32_t hash)
{
    size_t at = home_of(l, hash);
    while (l->places[at].slot)
        at = next_place(l, at);
    l->places[at] = (struct place){hash, slot};
    l->slots[slot].hash = hash;
}

// All slots are in use here.
static bool grow(struct ledger *l)
{
    size_t more = l->slots_count ? l->slots_count : SLOTS_FIRST, doubling = 0;
    size_t count = l->slots_count + more;
    while (doubling < DOUBLINGS && l->rooms[doubling])
        doubling++;
    if (doubling == DOUBLINGS)
        return false;
    struct slot *slots = base_realloc(l->slots, (count + 1) * sizeof *slots);
    if (!slots)
        return false;
    if (!l->slots)
        memset(slots, 0, sizeof *slots);
    l->slots = slots;
    struct place *places = base_calloc(2 * count, sizeof *places);
    l->rooms[doubling] = places ? base_calloc(more, l->room_bytes) : NULL;
    if (!l->rooms[doubling]) {
        base_free(places);
        return false;
    }
    base_free(l->places);
    l->places = places;
    l->slots_count = count;
    for (uint32_t slot = 1; slot <= l->used; slot++)
        put(l, slot, slots[slot].hash);
    return true;
}

// An entry of its own, cleared. 0: out of memory.
static uint32_t add(struct ledger *l, const void *key, uint32_t hash)
{
    if (l->count == l->most) {
        drop(l, l->slots[0].newer);
        l->metrics->behaviour_forgotten++;
    }
    uint32_t slot = l->unused;
    if (slot)
        l->unused = l->slots[slot].older;
    else if (l->used < l->slots_count || grow(l))
        slot = (uint32_t)++l->used;
    else
        return 0;
    memcpy(room_of(l, slot), key, l->key_bytes);
    put(l, slot, hash);
    make_newest(l, slot);
    l->count++;
    return slot;
}

void *ledger_entry(struct ledger *ledger, const void *key)
{
    uint32_t hash = hash_of(ledger, key), slot = find(ledger, key, hash);
    return slot ? touch(ledger, slot) : entry_of(ledger, add(ledger, key, hash));
}

void *ledger_touch(struct ledger *ledger, const void *key)
{
    return touch(ledger, find(ledger, key, hash_of(ledger, key)));
}

void *ledger_find(const struct ledger *ledger, const void *key)
{
    return entry_of(ledger, find(ledger, key, hash_of(ledger, key)));
}

void ledger_forget(struct ledger *ledger, const void *key)
{
    uint32_t slot = find(ledger, key, hash_of(ledger, key));
    if (slot)
        drop(ledger, slot);
}

void ledger_each(struct ledger *ledger, ledger_visit *visit, void *context)
{
    for (uint32_t at = ledger->count ? ledger->slots[0].newer : 0; at; at = ledger->slots[at].newer)
        visit(context, room_of(ledger, at), entry_of(ledger, at));
}

size_t ledger_count(const struct ledger *ledger)
{
    return ledger->count;
}
