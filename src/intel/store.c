// SPDX-License-Identifier: Apache-2.0
// The store: values one after another, found through buckets of one cache line. References are
// offsets into `values`, so a table that has become too small is given back before its successor is
// made, and filled from the values themselves.
#include "base/alloc.h"
#include "base/hash.h"
#include "intel/internal.h"

enum {
    ENTRY_HEAD = 7, // statement, kind and flags, length
    KIND_BITS = 5,
    KIND_MASK = (1 << KIND_BITS) - 1,
    BUCKETS_FIRST = 64,
    BUCKET_FULL_TENTHS = 75,   // on average while it grows: slots used in ten buckets
    BUCKET_NEW_TENTHS = 50,    // when it has grown
    BUCKET_FROZEN_TENTHS = 65, // few spill then
    FILTER_BITS = 10,          // for each value
    CHUNK_BITS = 24,           // values lie in huge pages, which spares most misses of the TLB
    CHUNK_BYTES = 1 << CHUNK_BITS,
};
_Static_assert(INTEL_KINDS <= 1 << KIND_BITS, "a kind fits its bits");

static uint32_t load32(const uint8_t *from)
{
    uint32_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

static void save32(uint8_t *to, uint32_t v)
{
    memcpy(to, &v, sizeof v);
}

// ---- Entries.

static uint8_t *entry_at(const struct store *store, uint32_t ref)
{
    return &store->chunks[ref >> CHUNK_BITS][ref & (CHUNK_BYTES - 1)];
}

static struct bytes entry_key(const struct store *store, uint32_t ref)
{
    const uint8_t *at = entry_at(store, ref);
    return bytes_make(&at[ENTRY_HEAD], (size_t)at[5] | (size_t)at[6] << 8);
}

struct entry store_entry(const struct store *store, uint32_t ref)
{
    const uint8_t *at = entry_at(store, ref);
    return (struct entry){.kind = at[4] & KIND_MASK,
        .flags = at[4] >> KIND_BITS,
        .statement = load32(at),
        .key = entry_key(store, ref)};
}

void store_flag(struct store *store, uint32_t ref, unsigned flags)
{
    entry_at(store, ref)[4] |= (uint8_t)(flags << KIND_BITS);
}

void store_say(struct store *store, uint32_t ref, uint32_t statement)
{
    save32(entry_at(store, ref), statement);
}

uint32_t store_next(const struct store *store, uint32_t ref)
{
    size_t next = ref == STORE_NONE ? 0 : ref + ENTRY_HEAD + entry_key(store, ref).len;
    size_t chunk = ref >> CHUNK_BITS;
    if (ref != STORE_NONE && chunk < store->values_len >> CHUNK_BITS &&
        next == store->chunk_ends[chunk])
        next = (chunk + 1) << CHUNK_BITS;
    return next < store->values_len ? (uint32_t)next : STORE_NONE;
}

// The chunk in which `need` bytes more have room: the present one or the next.
static bool chunk_ready(struct store *store, size_t need)
{
    size_t chunk = store->values_len >> CHUNK_BITS;
    if ((store->values_len & (CHUNK_BYTES - 1)) + need > CHUNK_BYTES) {
        store->chunk_ends[chunk++] = store->values_len;
        store->values_len = chunk << CHUNK_BITS;
    }
    if (chunk >= STORE_CHUNKS)
        return false;
    if (!store->chunks[chunk])
        store->chunks[chunk] = base_malloc_huge(CHUNK_BYTES);
    return store->chunks[chunk] != NULL;
}

static bool value_append(
    struct store *store, const struct key *key, uint32_t statement, uint32_t *ref)
{
    size_t need = ENTRY_HEAD + key->len;
    if (!chunk_ready(store, need))
        return false;
    *ref = (uint32_t)store->values_len;
    uint8_t *at = entry_at(store, *ref);
    save32(at, statement);
    at[4] = (uint8_t)key->kind;
    at[5] = (uint8_t)key->len;
    at[6] = (uint8_t)(key->len >> 8);
    memcpy(&at[ENTRY_HEAD], key->data, key->len);
    store->values_len += need;
    return true;
}

// ---- Buckets.

// "host/" is found where "host" is: a name is asked for as both.
uint64_t store_hash(const struct store *store, enum intel_kind kind, struct bytes key)
{
    if (kind == INTEL_URL && bytes_find_byte(key, '/') + 1 == key.len)
        key.len--;
    return hash_bytes(key, store->seed);
}

static uint64_t bucket_of(const struct store *store, uint64_t hash)
{
    return (uint64_t)((unsigned __int128)hash * store->bucket_count >> 64);
}

static uint16_t print_of(enum intel_kind kind, uint64_t hash)
{
    return (uint16_t)(((uint32_t)hash + (uint32_t)kind * 0x9e37'79b1U) >> 16);
}

static uint64_t *filter_word(const struct store *store, uint64_t hash)
{
    return &store->filter[(uint64_t)((unsigned __int128)hash * store->filter_words >> 64)];
}

static uint64_t filter_bits(enum intel_kind kind, uint64_t hash)
{
    uint16_t print = print_of(kind, hash);
    return 1ULL << (print & 63) | 1ULL << (print >> 6 & 63);
}

void store_prefetch(const struct store *store, uint64_t hash)
{
    if (store->filter)
        __builtin_prefetch(filter_word(store, hash));
    __builtin_prefetch(&store->buckets[bucket_of(store, hash)]);
}

void store_prefetch_entry(const struct store *store, uint32_t ref)
{
    __builtin_prefetch(entry_at(store, ref));
}

bool store_is(const struct store *store, uint32_t ref, enum intel_kind kind, struct bytes key)
{
    return (entry_at(store, ref)[4] & KIND_MASK) == (int)kind &&
           bytes_equal(entry_key(store, ref), key);
}

// A bit for each slot with that fingerprint, without a branch that would be guessed wrong.
static uint32_t bucket_same(const struct bucket *bucket, uint16_t print)
{
    uint32_t same = 0;
    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        same |= (uint32_t)(bucket->prints[i] == print) << i;
    return same & ((1U << bucket->used) - 1);
}

size_t store_candidates(
    const struct store *store, enum intel_kind kind, uint64_t hash, uint32_t refs[BUCKET_ALIKE])
{
    uint64_t at = bucket_of(store, hash);
    uint16_t print = print_of(kind, hash);
    size_t count = 0;
    uint64_t bits = filter_bits(kind, hash);
    if (store->filter && (*filter_word(store, hash) & bits) != bits)
        return 0;
    for (uint64_t steps = 0; steps < store->bucket_count; steps++) {
        const struct bucket *bucket = &store->buckets[at];
        for (uint32_t same = bucket_same(bucket, print); same; same &= same - 1) {
            if (count < BUCKET_ALIKE)
                refs[count++] = bucket->refs[__builtin_ctz(same)];
        }
        if (!bucket->spilled)
            break;
        at = at + 1 == store->bucket_count ? 0 : at + 1;
    }
    return count;
}

static uint32_t find_hash(
    const struct store *store, enum intel_kind kind, struct bytes key, uint64_t hash)
{
    uint32_t refs[BUCKET_ALIKE];
    size_t count = store_candidates(store, kind, hash, refs);
    for (size_t i = 0; i < count; i++) {
        if (store_is(store, refs[i], kind, key))
            return refs[i];
    }
    return STORE_NONE;
}

uint32_t store_find(const struct store *store, enum intel_kind kind, struct bytes key)
{
    if (!store_has(store, kind))
        return STORE_NONE;
    return find_hash(store, kind, key, store_hash(store, kind, key));
}

static void bucket_add(struct store *store, enum intel_kind kind, uint64_t hash, uint32_t ref)
{
    uint64_t at = bucket_of(store, hash);
    while (store->buckets[at].used == BUCKET_SLOTS) {
        store->buckets[at].spilled = 1;
        at = at + 1 == store->bucket_count ? 0 : at + 1;
    }
    struct bucket *bucket = &store->buckets[at];
    bucket->refs[bucket->used] = ref;
    bucket->prints[bucket->used++] = print_of(kind, hash);
}

static bool filter_make(struct store *store)
{
    store->filter_words = store->count * FILTER_BITS / 64 + 1;
    size_t bytes = store->filter_words * sizeof *store->filter;
    store->filter = base_malloc_huge(bytes);
    if (!store->filter)
        return false;
    memset(store->filter, 0, bytes);
    for (uint32_t ref = store_next(store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        uint64_t hash = store_hash(store, entry.kind, entry.key);
        *filter_word(store, hash) |= filter_bits(entry.kind, hash);
    }
    return true;
}

// A table of so many buckets in place of the present one, filled from the values.
static bool buckets_make(struct store *store, uint64_t count)
{
    base_free(store->buckets);
    store->buckets = base_malloc_huge(count * sizeof *store->buckets);
    store->bucket_count = store->buckets ? count : 0;
    if (!store->buckets)
        return false;
    memset(store->buckets, 0, count * sizeof *store->buckets);
    for (uint32_t ref = store_next(store, STORE_NONE); ref != STORE_NONE;
         ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        bucket_add(store, entry.kind, store_hash(store, entry.kind, entry.key), ref);
    }
    return true;
}

static uint64_t buckets_wanted(const struct store *store)
{
    return store->count * 10 / BUCKET_NEW_TENTHS + BUCKETS_FIRST;
}

enum store_put store_put(
    struct store *store, const struct key *key, uint32_t statement, uint32_t *ref)
{
    struct bytes value = bytes_make(key->data, key->len);
    uint64_t hash = store_hash(store, key->kind, value);
    *ref = find_hash(store, key->kind, value, hash);
    if (*ref != STORE_NONE)
        return STORE_OLD;
    if ((store->count + 1) * 10 > store->bucket_count * BUCKET_FULL_TENTHS &&
        !buckets_make(store, buckets_wanted(store)))
        return STORE_FULL;
    if (!value_append(store, key, statement, ref))
        return STORE_FULL;
    bucket_add(store, key->kind, hash, *ref);
    store->count++;
    store->kinds[key->kind]++;
    return STORE_NEW;
}

// ---- From beginning to end.

bool store_init(struct store *store)
{
    memset(store, 0, sizeof *store);
    store->seed = store->labels.seed = hash_seed();
    return texts_init(&store->texts) && buckets_make(store, BUCKETS_FIRST);
}

void store_finish(struct store *store)
{
    for (size_t i = 0; i < STORE_CHUNKS; i++)
        base_free(store->chunks[i]);
    base_free(store->buckets);
    base_free(store->filter);
    base_free(store->said);
    base_free(store->manners);
    base_free(store->links);
    base_free(store->sources);
    texts_finish(&store->texts);
    labels_finish(&store->labels);
    ranges_destroy(store->ranges);
}

struct store_mark store_mark(const struct store *store)
{
    struct store_mark mark = {.values = store->values_len,
        .said = store->said_len,
        .manners = store->manners_len,
        .links = store->links_len,
        .sources = store->sources_len,
        .texts = store->texts.len,
        .labels = {store->labels.count, store->labels.len},
        .count = store->count};
    memcpy(mark.kinds, store->kinds, sizeof mark.kinds);
    return mark;
}

bool store_back(struct store *store, const struct store_mark *mark)
{
    bool fewer = store->values_len != mark->values;
    store->values_len = mark->values;
    store->said_len = mark->said;
    store->manners_len = mark->manners;
    store->links_len = mark->links;
    store->sources_len = mark->sources;
    store->count = mark->count;
    memcpy(store->kinds, mark->kinds, sizeof store->kinds);
    labels_back(&store->labels, mark->labels);
    memset(store->recent, 0, sizeof store->recent);
    memset(store->recent_manners, 0, sizeof store->recent_manners);
    return texts_back(&store->texts, mark->texts) &&
           (!fewer || buckets_make(store, buckets_wanted(store)));
}

static void *shrunk(void *old, size_t len, size_t *room, size_t size)
{
    void *smaller = len && len < *room ? base_realloc(old, len * size) : NULL;
    if (smaller)
        *room = len;
    return smaller ? smaller : old;
}

bool store_freeze(struct store *store)
{
    store->said = shrunk(store->said, store->said_len, &store->said_room, sizeof *store->said);
    store->manners =
        shrunk(store->manners, store->manners_len, &store->manners_room, sizeof *store->manners);
    store->links = shrunk(store->links, store->links_len, &store->links_room, sizeof *store->links);
    texts_freeze(&store->texts);
    labels_freeze(&store->labels);
    uint64_t fit = store->count * 10 / BUCKET_FROZEN_TENTHS + 1;
    return buckets_make(store, fit) && filter_make(store) && ranges_make(store);
}

uint64_t store_bytes(const struct store *store)
{
    return store->values_len + store->bucket_count * sizeof *store->buckets +
           store->filter_words * sizeof *store->filter + store->said_room * sizeof *store->said +
           store->manners_room * sizeof *store->manners + store->links_room * sizeof *store->links +
           store->sources_room * sizeof *store->sources + texts_bytes(&store->texts) +
           labels_bytes(&store->labels) + ranges_bytes(store->ranges);
}
