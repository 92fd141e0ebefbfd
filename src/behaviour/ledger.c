// SPDX-License-Identifier: Apache-2.0
#include "behaviour/ledger.h"
#include "base/alloc.h"
#include "base/hash.h"

enum { BUCKETS_FIRST = 256 };

struct leaf {
    struct leaf *in_bucket, *newer, *older;
    uint64_t hash;
    _Alignas(16) uint8_t room[]; // the entry, then its key
};

struct ledger {
    size_t key_bytes, entry_bytes, most, count;
    struct leaf **buckets;
    size_t buckets_count;
    struct leaf *newest, *oldest;
    uint64_t seed;
    struct metrics *metrics;
};

struct ledger *ledger_create(
    size_t key_bytes, size_t entry_bytes, size_t most, struct metrics *metrics)
{
    struct ledger *l = base_calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct ledger){.key_bytes = key_bytes, .entry_bytes = entry_bytes, .most = most};
    l->metrics = metrics;
    l->seed = hash_seed();
    l->buckets_count = BUCKETS_FIRST;
    l->buckets = base_calloc(BUCKETS_FIRST, sizeof(struct leaf *));
    if (l->buckets)
        return l;
    base_free(l);
    return NULL;
}

void ledger_destroy(struct ledger *ledger)
{
    if (!ledger)
        return;
    for (struct leaf *leaf = ledger->newest, *next; leaf; leaf = next) {
        next = leaf->older;
        base_free(leaf);
    }
    base_free(ledger->buckets);
    base_free(ledger);
}

static void *key_of(const struct ledger *l, struct leaf *leaf)
{
    return &leaf->room[l->entry_bytes];
}

static struct leaf **bucket_of(const struct ledger *l, uint64_t hash)
{
    return &l->buckets[hash & (l->buckets_count - 1)];
}

static uint64_t hash_of(const struct ledger *l, const void *key)
{
    return hash_bytes(bytes_make(key, l->key_bytes), l->seed);
}

static struct leaf *find(const struct ledger *l, const void *key, uint64_t hash)
{
    struct leaf *leaf = *bucket_of(l, hash);
    while (leaf && (leaf->hash != hash || memcmp(key_of(l, leaf), key, l->key_bytes) != 0))
        leaf = leaf->in_bucket;
    return leaf;
}

static void unlink_leaf(struct ledger *l, struct leaf *leaf)
{
    *(leaf->newer ? &leaf->newer->older : &l->newest) = leaf->older;
    *(leaf->older ? &leaf->older->newer : &l->oldest) = leaf->newer;
}

static void link_newest(struct ledger *l, struct leaf *leaf)
{
    leaf->newer = NULL;
    leaf->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = leaf;
    l->newest = leaf;
}

static void drop(struct ledger *l, struct leaf *leaf)
{
    struct leaf **at = bucket_of(l, leaf->hash);
    while (*at != leaf)
        at = &(*at)->in_bucket;
    *at = leaf->in_bucket;
    unlink_leaf(l, leaf);
    base_free(leaf);
    l->count--;
}

static void put(struct ledger *l, struct leaf *leaf)
{
    struct leaf **at = bucket_of(l, leaf->hash);
    leaf->in_bucket = *at;
    *at = leaf;
}

static void grow(struct ledger *l)
{
    size_t room = 2 * l->buckets_count;
    struct leaf **buckets = l->count < l->buckets_count ? NULL : base_calloc(room, sizeof *buckets);
    if (!buckets)
        return; // chains grow instead
    base_free(l->buckets);
    l->buckets = buckets;
    l->buckets_count = room;
    for (struct leaf *leaf = l->newest; leaf; leaf = leaf->older)
        put(l, leaf);
}

static struct leaf *add(struct ledger *l, const void *key, uint64_t hash)
{
    if (l->count == l->most) {
        drop(l, l->oldest);
        l->metrics->behaviour_forgotten++;
    }
    struct leaf *leaf = base_calloc(1, sizeof *leaf + l->entry_bytes + l->key_bytes);
    if (!leaf)
        return NULL;
    leaf->hash = hash;
    memcpy(key_of(l, leaf), key, l->key_bytes);
    put(l, leaf);
    link_newest(l, leaf);
    l->count++;
    grow(l);
    return leaf;
}

void *ledger_entry(struct ledger *ledger, const void *key)
{
    uint64_t hash = hash_of(ledger, key);
    struct leaf *leaf = find(ledger, key, hash);
    if (!leaf) {
        leaf = add(ledger, key, hash);
        return leaf ? leaf->room : NULL;
    }
    if (leaf != ledger->newest) {
        unlink_leaf(ledger, leaf);
        link_newest(ledger, leaf);
    }
    return leaf->room;
}

void *ledger_find(const struct ledger *ledger, const void *key)
{
    struct leaf *leaf = find(ledger, key, hash_of(ledger, key));
    return leaf ? leaf->room : NULL;
}

void ledger_forget(struct ledger *ledger, const void *key)
{
    struct leaf *leaf = find(ledger, key, hash_of(ledger, key));
    if (leaf)
        drop(ledger, leaf);
}

void ledger_each(struct ledger *ledger, ledger_visit *visit, void *context)
{
    for (struct leaf *leaf = ledger->oldest; leaf; leaf = leaf->newer)
        visit(context, key_of(ledger, leaf), leaf->room);
}

size_t ledger_count(const struct ledger *ledger)
{
    return ledger->count;
}
