// SPDX-License-Identifier: Apache-2.0
// Which ranges an address lies in. Ranges are cut into prefixes, which lie within each other or
// apart; so the line of addresses falls into stretches, each with its narrowest prefix, and each
// prefix has a wider one around it or none. A look-up is one search for the stretch: for IPv4
// within the few that begin in the same 65,536 addresses.
#include "base/alloc.h"
#include "intel/internal.h"
#include <stdlib.h>

enum { HIGH_VALUES = 65'536, PREFETCH = 8 };

// An address as a number; IPv4 in the upper 32 bits of `high`.
struct place {
    uint64_t high, low;
};

struct piece4 {
    uint32_t first, ref, wider;
    uint8_t bits;
};

struct piece6 {
    struct place first;
    uint32_t ref, wider;
    uint8_t bits;
};

// Where a stretch begins, and its piece or STORE_NONE.
struct stretch4 {
    uint32_t first, owner;
};

struct ranges {
    struct piece4 *pieces4;
    struct piece6 *pieces6;
    uint32_t count4, count6, room4, room6;
    struct stretch4 *starts4; // where stretches begin
    struct place *starts6;
    uint32_t *owners6;
    uint32_t stretches4, stretches6;
    uint32_t *index4; // of each upper 16 bits: the first stretch that begins there or later
};

// ---- Numbers.

static struct place place_of(const uint8_t *raw, size_t len)
{
    struct place p = {0, 0};
    for (size_t i = 0; i < 16; i++) {
        p.high = p.high << 8 | p.low >> 56;
        p.low = p.low << 8 | (i < len ? raw[i] : 0);
    }
    return p;
}

static int place_compare(struct place a, struct place b)
{
    if (a.high != b.high)
        return a.high < b.high ? -1 : 1;
    return (a.low > b.low) - (a.low < b.low);
}

// The last address of a prefix.
static struct place place_end(struct place p, unsigned bits)
{
    if (bits < 64)
        p.high |= bits ? UINT64_MAX >> bits : UINT64_MAX;
    p.low |= bits <= 64 ? UINT64_MAX : bits == 128 ? 0 : UINT64_MAX >> (bits - 64);
    return p;
}

// The next address; false: there is none.
static bool place_next(struct place *p)
{
    p->high += ++p->low == 0;
    return p->low || p->high;
}

static unsigned trailing_zeros(struct place p)
{
    if (p.low)
        return (unsigned)__builtin_ctzll(p.low);
    return p.high ? 64 + (unsigned)__builtin_ctzll(p.high) : 128;
}

// ---- Cutting into prefixes.

static bool piece_add(struct ranges *r, size_t len, struct place first, unsigned bits, uint32_t ref)
{
    uint32_t *room = len == 4 ? &r->room4 : &r->room6;
    uint32_t count = len == 4 ? r->count4 : r->count6;
    size_t size = len == 4 ? sizeof *r->pieces4 : sizeof *r->pieces6;
    void *pieces = len == 4 ? (void *)r->pieces4 : (void *)r->pieces6;
    if (count == *room) {
        uint32_t more = *room ? *room + *room / 2 : 64;
        pieces = more > *room ? base_realloc(pieces, more * size) : NULL;
        if (!pieces)
            return false;
        *room = more;
    }
    if (len == 4) {
        r->pieces4 = pieces;
        r->pieces4[r->count4++] = (struct piece4){
            .first = (uint32_t)(first.high >> 32), .ref = ref, .bits = (uint8_t)bits};
        return true;
    }
    r->pieces6 = pieces;
    r->pieces6[r->count6++] = (struct piece6){.first = first, .ref = ref, .bits = (uint8_t)bits};
    return true;
}

// The widest prefix that begins at `first` and does not go past `last`.
static unsigned widest(struct place first, struct place last, unsigned most)
{
    unsigned zeros = trailing_zeros(first);
    unsigned bits = zeros >= 128 ? 0 : 128 - zeros;
    while (bits < most && place_compare(place_end(first, bits), last) > 0)
        bits++;
    return bits;
}

static bool cut(struct ranges *r, struct bytes key, uint32_t ref)
{
    size_t len = key.len / 2;
    unsigned most = (unsigned)len * 8;
    struct place first = place_of(key.data, len);
    struct place last = place_end(place_of(&key.data[len], len), most);
    for (;;) {
        unsigned bits = widest(first, last, most);
        if (!piece_add(r, len, first, bits, ref))
            return false;
        first = place_end(first, bits);
        if (place_compare(first, last) >= 0 || !place_next(&first))
            return true;
    }
}

// ---- Stretches.

static int compare4(const void *left, const void *right)
{
    const struct piece4 *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->bits != b->bits ? a->bits - b->bits : (a->ref > b->ref) - (a->ref < b->ref);
}

static int compare6(const void *left, const void *right)
{
    const struct piece6 *a = left, *b = right;
    int order = place_compare(a->first, b->first);
    if (order)
        return order;
    return a->bits != b->bits ? a->bits - b->bits : (a->ref > b->ref) - (a->ref < b->ref);
}

static struct piece6 piece_at(const struct ranges *r, bool v6, uint32_t i)
{
    if (v6)
        return r->pieces6[i];
    struct piece4 p = r->pieces4[i];
    return (struct piece6){{(uint64_t)p.first << 32, 0}, p.ref, p.wider, p.bits};
}

static void wider_set(struct ranges *r, bool v6, uint32_t i, uint32_t wider)
{
    if (v6)
        r->pieces6[i].wider = wider;
    else
        r->pieces4[i].wider = wider;
}

// From here on the addresses are `owner`'s.
static void stretch(struct ranges *r, bool v6, struct place from, uint32_t owner)
{
    uint32_t *count = v6 ? &r->stretches6 : &r->stretches4;
    uint32_t i = *count;
    bool same = i > 0 && (v6 ? place_compare(r->starts6[i - 1], from) == 0
                             : r->starts4[i - 1].first == from.high >> 32);
    i -= same;
    *count = i + 1;
    if (!v6) {
        r->starts4[i] = (struct stretch4){(uint32_t)(from.high >> 32), owner};
        return;
    }
    r->starts6[i] = from;
    r->owners6[i] = owner;
}

// The address behind a prefix; false: it ends the line.
static bool behind(const struct ranges *r, bool v6, uint32_t piece, struct place *out)
{
    struct piece6 p = piece_at(r, v6, piece);
    *out = place_end(p.first, p.bits);
    return place_next(out);
}

// Prefixes that end before `until` give way to those around them.
static uint32_t leave(struct ranges *r, bool v6, uint32_t open, const struct place *until)
{
    struct place end;
    while (open != STORE_NONE &&
           (!until || (behind(r, v6, open, &end) && place_compare(end, *until) <= 0))) {
        uint32_t wider = piece_at(r, v6, open).wider;
        if (behind(r, v6, open, &end))
            stretch(r, v6, end, wider);
        open = wider;
    }
    return open;
}

static void sweep(struct ranges *r, bool v6)
{
    uint32_t open = STORE_NONE, count = v6 ? r->count6 : r->count4;
    stretch(r, v6, (struct place){0, 0}, STORE_NONE);
    for (uint32_t i = 0; i < count; i++) {
        struct place first = piece_at(r, v6, i).first;
        open = leave(r, v6, open, &first);
        wider_set(r, v6, i, open);
        stretch(r, v6, first, i);
        open = i;
    }
    (void)leave(r, v6, open, NULL);
}

static bool stretches_make(struct ranges *r)
{
    r->starts4 = base_malloc_huge(((size_t)r->count4 * 2 + 1) * sizeof *r->starts4);
    r->starts6 = base_malloc(((size_t)r->count6 * 2 + 1) * sizeof *r->starts6);
    r->owners6 = base_malloc(((size_t)r->count6 * 2 + 1) * sizeof *r->owners6);
    r->index4 = base_malloc(r->count4 ? (HIGH_VALUES + 1) * sizeof *r->index4 : 1);
    if (!r->starts4 || !r->starts6 || !r->owners6 || !r->index4)
        return false;
    if (r->count4)
        qsort(r->pieces4, r->count4, sizeof *r->pieces4, compare4);
    if (r->count6)
        qsort(r->pieces6, r->count6, sizeof *r->pieces6, compare6);
    sweep(r, false);
    sweep(r, true);
    uint32_t at = 0;
    for (uint32_t high = 0; r->count4 && high <= HIGH_VALUES; high++) {
        while (at < r->stretches4 && r->starts4[at].first >> 16 < high)
            at++;
        r->index4[high] = at;
    }
    return true;
}

bool ranges_make(struct store *store)
{
    struct ranges *r = base_calloc(1, sizeof *r);
    if (!r)
        return false;
    ranges_destroy(store->ranges);
    store->ranges = r;
    for (uint32_t ref = store_next(store, STORE_NONE);
         store_has(store, INTEL_RANGE) && ref != STORE_NONE; ref = store_next(store, ref)) {
        struct entry entry = store_entry(store, ref);
        if (entry.kind == INTEL_RANGE && !cut(r, entry.key, ref))
            return false;
    }
    return stretches_make(r);
}

void ranges_destroy(struct ranges *r)
{
    if (!r)
        return;
    base_free(r->pieces4);
    base_free(r->pieces6);
    base_free(r->starts4);
    base_free(r->starts6);
    base_free(r->owners6);
    base_free(r->index4);
    base_free(r);
}

uint64_t ranges_bytes(const struct ranges *r)
{
    if (!r)
        return 0;
    return r->room4 * sizeof *r->pieces4 + r->room6 * sizeof *r->pieces6 +
           ((uint64_t)r->count4 * 2 + 1) * sizeof *r->starts4 +
           ((uint64_t)r->count6 * 2 + 1) * (sizeof *r->starts6 + sizeof *r->owners6) +
           (r->count4 ? (HIGH_VALUES + 1) * sizeof *r->index4 : 0);
}

// ---- Looking up.

static uint32_t find4(const struct ranges *r, uint32_t address)
{
    uint32_t low = r->index4[address >> 16], high = r->index4[(address >> 16) + 1];
    while (low < high) { // the first stretch that begins behind the address
        uint32_t middle = low + (high - low) / 2;
        if (r->starts4[middle].first <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return r->starts4[low - 1].owner; // the first begins at 0
}

static uint32_t find6(const struct ranges *r, struct place address)
{
    uint32_t low = 0, high = r->stretches6;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (place_compare(r->starts6[middle], address) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return r->owners6[low - 1];
}

void ranges_prefetch(const struct ranges *r, const struct addr *a)
{
    if (a->version != 4 || !r->count4)
        return;
    const struct stretch4 *first = &r->starts4[r->index4[(uint32_t)a->bytes[0] << 8 | a->bytes[1]]];
    __builtin_prefetch(first);
    __builtin_prefetch(&first[PREFETCH]);
}

uint32_t ranges_find(const struct ranges *r, const struct addr *a)
{
    if (a->version == 4)
        return r->count4 ? find4(r, (uint32_t)(place_of(a->bytes, 4).high >> 32)) : STORE_NONE;
    return r->count6 && a->version == 6 ? find6(r, place_of(a->bytes, 16)) : STORE_NONE;
}

uint32_t ranges_wider(const struct ranges *r, const struct addr *a, uint32_t piece)
{
    return a->version == 4 ? r->pieces4[piece].wider : r->pieces6[piece].wider;
}

uint32_t ranges_ref(const struct ranges *r, const struct addr *a, uint32_t piece)
{
    return a->version == 4 ? r->pieces4[piece].ref : r->pieces6[piece].ref;
}
