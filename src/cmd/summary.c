// SPDX-License-Identifier: Apache-2.0
#include "cmd/summary.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "schema/segment.h"

enum {
    KINDS = 4096,        // protocols, file types
    HOSTS = 1024 * 1024, // hosts told apart
    FIRST_HOSTS = 1024,
    SEGMENT_MASK = 127, // low bits of a host set's entry
    TAKEN = 128,        // set in every entry, so that none is 0
    HASH_SHIFT = 8,     // above both, the bits by which an entry is found
    NAMES = 64 * 1024,  // names told apart
    KINDS_BYTES = 1024 * 1024,
    NAMES_BYTES = 8 * 1024 * 1024,
    NAME_BYTES = 255,
};

void summary_init(struct summary *summary, const struct config *config, uint64_t seed)
{
    memset(summary, 0, sizeof *summary);
    summary->config = config;
    map_init(&summary->protocols, sizeof(struct summary_pair), KINDS, KINDS_BYTES);
    summary->hosts.seed = seed;
    map_init(&summary->names, sizeof(uint64_t), NAMES, NAMES_BYTES);
    map_init(&summary->files, sizeof(struct summary_pair), KINDS, KINDS_BYTES);
}

void summary_finish(struct summary *summary)
{
    map_finish(&summary->protocols);
    base_free(summary->hosts.slots);
    map_finish(&summary->names);
    map_finish(&summary->files);
}

// Where an entry is or would be. There is always an empty slot.
static uint64_t *host_slot(const struct host_set *set, uint64_t entry)
{
    size_t mask = set->room - 1, at = entry >> HASH_SHIFT & mask;
    while (set->slots[at] && (set->slots[at] | SEGMENT_MASK) != (entry | SEGMENT_MASK))
        at = (at + 1) & mask;
    return &set->slots[at];
}

static bool hosts_grow(struct host_set *set)
{
    if (set->count < set->room / 2)
        return true;
    struct host_set old = *set;
    set->room = old.room ? 2 * old.room : FIRST_HOSTS;
    set->slots = set->room <= 2 * HOSTS ? base_calloc(set->room, sizeof *set->slots) : NULL;
    if (!set->slots) {
        *set = old;
        return false;
    }
    for (size_t i = 0; i < old.room; i++)
        if (old.slots[i])
            *host_slot(set, old.slots[i]) = old.slots[i];
    base_free(old.slots);
    return true;
}

// entry: a host's hash and, in the low bits, its segment.
static void host_put(struct host_set *set, uint64_t entry)
{
    if (!hosts_grow(set)) {
        set->refused++;
        return;
    }
    *host_slot(set, entry) = entry;
    set->count++;
}

// One computer's address: not "none yet", all or some of them (RFC 1122, section 3.2.1.3).
static bool is_host(const struct addr *a)
{
    static const struct addr none;
    size_t len = a->version == 4 ? 4 : 16;
    if (a->version == 0 || memcmp(a->bytes, none.bytes, len) == 0)
        return false;
    if (a->version == 6)
        return a->bytes[0] != 0xff;
    bool multicast = (a->bytes[0] & 0xf0) == 0xe0;
    return !multicast && memcmp(a->bytes, "\xff\xff\xff\xff", len) != 0;
}

static void add_host(struct summary *s, const struct addr *a)
{
    if (!is_host(a))
        return;
    struct host_set *set = &s->hosts;
    uint64_t hash = hash_bytes(bytes_make(a, sizeof *a), set->seed) | TAKEN;
    if (set->room && *host_slot(set, hash))
        return;
    host_put(set, (hash & ~(uint64_t)SEGMENT_MASK) | segment_find(s->config, a));
}

void summary_hosts(const struct summary *summary, uint64_t counts[SUMMARY_SEGMENTS + 1])
{
    memset(counts, 0, (SUMMARY_SEGMENTS + 1) * sizeof *counts);
    for (size_t i = 0; i < summary->hosts.room; i++) {
        uint64_t segment = summary->hosts.slots[i] & SEGMENT_MASK;
        if (summary->hosts.slots[i] && segment <= SUMMARY_SEGMENTS)
            counts[segment]++;
    }
}

static void add_flow(struct summary *s, const struct record *record)
{
    const struct record_flow *flow = record->body;
    uint64_t bytes = flow->bytes_toserver + flow->bytes_toclient;
    s->flows++;
    add_host(s, &record->head.src_ip);
    add_host(s, &record->head.dest_ip);
    struct bytes name = record->head.app_proto;
    struct summary_pair *p = map_add(&s->protocols, name.data ? name : BYTES("-"));
    if (p) {
        p->count++;
        p->bytes += bytes;
    }
}

static void count(struct map *map, struct bytes key)
{
    uint64_t *n = map_add(map, bytes_sub(key, 0, NAME_BYTES));
    if (n)
        (*n)++;
}

static void add_file(struct summary *s, const struct record_fileinfo *file)
{
    struct bytes kind = file->mimetype.data ? file->mimetype : BYTES("?");
    struct summary_pair *f = map_add(&s->files, bytes_sub(kind, 0, NAME_BYTES));
    if (f) {
        f->count++;
        f->bytes += file->size;
    }
}

static void add_names(struct summary *s, const struct record_dns *dns)
{
    if (!bytes_equal(dns->type, BYTES("request")))
        return;
    for (size_t i = 0; i < dns->queries_count; i++)
        count(&s->names, dns->queries[i].rrname);
}

void summary_record(struct summary *summary, const struct record *record)
{
    summary->records++;
    switch (record->type) {
    case RECORD_FLOW: add_flow(summary, record); break;
    case RECORD_DNS: add_names(summary, record->body); break;
    case RECORD_FILEINFO: add_file(summary, record->body); break;
    default: break;
    }
}

static void add_counts(struct map *to, const struct map *from)
{
    for (size_t i = 0; i < from->count; i++) {
        uint64_t *n = map_add(to, from->entries[i]->key);
        if (n)
            *n += *(const uint64_t *)from->entries[i]->value;
    }
    to->refused += from->refused;
}

static void add_pairs(struct map *to, const struct map *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct summary_pair *sum = map_add(to, from->entries[i]->key);
        const struct summary_pair *more = from->entries[i]->value;
        if (sum) {
            sum->count += more->count;
            sum->bytes += more->bytes;
        }
    }
    to->refused += from->refused;
}

static void add_hosts(struct host_set *to, const struct host_set *from)
{
    for (size_t i = 0; i < from->room; i++)
        if (from->slots[i] && !(to->room && *host_slot(to, from->slots[i])))
            host_put(to, from->slots[i]);
    to->refused += from->refused;
}

void summary_add(struct summary *to, const struct summary *from)
{
    add_pairs(&to->protocols, &from->protocols);
    add_pairs(&to->files, &from->files);
    add_hosts(&to->hosts, &from->hosts);
    add_counts(&to->names, &from->names);
    to->records += from->records;
    to->flows += from->flows;
}
