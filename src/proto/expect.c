// SPDX-License-Identifier: Apache-2.0
// The hash is not seeded: what gives way when the table is full is the same in every run. Who
// fills it makes others' data flows come unannounced, which then go through the probes.
#include "proto/expect.h"
#include "base/alloc.h"
#include "base/hash.h"

enum {
    EXPECT_WAYS = 4,
    EXPECT_SETS = 256,
    EXPECT_US = 120'000'000, // an announced flow comes within two minutes
};

struct expect_table {
    uint64_t ports[65'536 / 64]; // a bit for each port that was ever announced
    struct expect_entry sets[EXPECT_SETS][EXPECT_WAYS];
};

struct expect_table *expect_create(struct pool *pool)
{
    if (!pool_charge(pool, sizeof(struct expect_table)))
        return NULL;
    struct expect_table *table = base_calloc(1, sizeof *table);
    if (!table)
        pool_discharge(pool, sizeof *table);
    return table;
}

size_t expect_bytes(void)
{
    return sizeof(struct expect_table);
}

void expect_destroy(struct expect_table *table, struct pool *pool)
{
    if (!table)
        return;
    pool_discharge(pool, sizeof *table);
    base_free(table);
}

static struct expect_entry *set_of(
    struct expect_table *table, const struct flow *flow, enum flow_side listener, uint16_t port)
{
    uint64_t a = hash_bytes(bytes_make(flow->addr[listener], 16), port);
    uint64_t b = hash_bytes(bytes_make(flow->addr[flow_other(listener)], 16), flow->ip_proto);
    return table->sets[hash_mix(a ^ b * 3) % EXPECT_SETS];
}

static bool entry_is(const struct expect_entry *entry, const struct flow *flow,
    enum flow_side listener, uint16_t port, uint8_t ip_proto)
{
    return entry->until_us && entry->port == port && entry->ip_version == flow->ip_version &&
           entry->ip_proto == ip_proto && memcmp(entry->addr[0], flow->addr[listener], 16) == 0 &&
           memcmp(entry->addr[1], flow->addr[flow_other(listener)], 16) == 0;
}

// The same announcement again, a free place, or the one that waited longest.
static struct expect_entry *place_for(
    struct expect_entry *set, const struct expect_entry *wanted, int64_t now_us)
{
    struct expect_entry *oldest = set;
    for (size_t i = 0; i < EXPECT_WAYS; i++) {
        if (set[i].until_us == 0 || set[i].until_us < now_us)
            return &set[i];
        if (set[i].port == wanted->port && set[i].ip_proto == wanted->ip_proto &&
            memcmp(set[i].addr, wanted->addr, sizeof wanted->addr) == 0)
            return &set[i];
        if (set[i].until_us < oldest->until_us)
            oldest = &set[i];
    }
    return oldest;
}

bool expect_add(struct expect_table *table, const struct flow *from,
    const struct proto_expected *expected, int64_t now_us)
{
    struct expect_entry entry = {
        .port = expected->port,
        .ip_version = from->ip_version,
        .ip_proto = expected->carrier == OVER_UDP ? PROTO_UDP : PROTO_TCP,
        .listener_is_client = expected->listener_is_client,
        .until_us = now_us + EXPECT_US,
        .proto = expected->proto,
    };
    struct bytes note = bytes_sub(expected->note, 0, PROTO_NOTE_BYTES);
    memcpy(entry.addr[0], from->addr[expected->listener], 16);
    memcpy(entry.addr[1], from->addr[flow_other(expected->listener)], 16);
    if (note.len)
        memcpy(entry.note, note.data, note.len);
    entry.note_len = (uint16_t)note.len;
    struct flow to = *from; // of the same addresses
    to.ip_proto = entry.ip_proto;
    struct expect_entry *set = set_of(table, &to, expected->listener, entry.port);
    struct expect_entry *place = place_for(set, &entry, now_us);
    table->ports[entry.port / 64] |= 1ULL << entry.port % 64;
    bool free = place->until_us < now_us ||
                entry_is(place, from, expected->listener, entry.port, entry.ip_proto);
    *place = entry;
    return free;
}

const struct expect_entry *expect_take(struct expect_table *table, const struct flow *flow)
{
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++) {
        uint16_t port = flow->port[side];
        if (!(table->ports[port / 64] >> port % 64 & 1))
            continue;
        struct expect_entry *set = set_of(table, flow, side, port);
        for (size_t i = 0; i < EXPECT_WAYS; i++) {
            if (!entry_is(&set[i], flow, side, port, flow->ip_proto))
                continue;
            bool in_time = flow->first_us <= set[i].until_us;
            set[i].until_us = 0;
            if (in_time)
                return &set[i];
        }
    }
    return NULL;
}
