// SPDX-License-Identifier: Apache-2.0
// Which flow a packet belongs to. The hash is symmetric, so both directions find the same slot, and
// seeded, so that nobody can choose addresses that collide.
#include "flow/slots.h"
#include "base/alloc.h"

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t endpoint_hash(
    const struct flow_table *t, const uint8_t addr[16], uint8_t version, uint16_t port)
{
    uint64_t h = fold(load64(addr) ^ t->seed[0], port ^ t->seed[1]);
    return version == 6 ? fold(h ^ load64(addr + 8), t->seed[1]) : h;
}

// Type of the message that answers an ICMP type, as Community ID v1 pairs them; -1: none.
static int icmp_counterpart(uint8_t ip_proto, uint16_t type)
{
    static const int8_t v4[][2] = {{0, 8}, {8, 0}, {9, 10}, {10, 9}, {13, 14}, {14, 13}, {15, 16},
        {16, 15}, {17, 18}, {18, 17}};
    static const int16_t v6[][2] = {{128, 129}, {129, 128}, {130, 131}, {131, 130}, {133, 134},
        {134, 133}, {135, 136}, {136, 135}, {139, 140}, {140, 139}, {144, 145}, {145, 144}};
    if (ip_proto == PROTO_ICMP)
        for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
            if (v4[i][0] == type)
                return v4[i][1];
    if (ip_proto == PROTO_ICMPV6)
        for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++)
            if (v6[i][0] == type)
                return v6[i][1];
    return -1;
}

bool flow_is_one_way(const struct flow *flow)
{
    bool icmp = flow->ip_proto == PROTO_ICMP || flow->ip_proto == PROTO_ICMPV6;
    return icmp && icmp_counterpart(flow->ip_proto, flow->port[FLOW_CLIENT]) < 0;
}

void flow_lookup_fill(const struct flow_table *t, const struct decoded *p, struct flow_lookup *l)
{
    l->port[0] = p->src_port;
    l->port[1] = p->dst_port;
    l->one_way = false;
    if (p->kind == DECODE_ICMP || p->kind == DECODE_ICMPV6) {
        int other = icmp_counterpart(p->ip_proto, p->src_port);
        l->one_way = other < 0;
        if (other >= 0)
            l->port[1] = (uint16_t)other;
    }
    uint64_t ends = endpoint_hash(t, p->src, p->ip_version, l->port[0]) +
                    endpoint_hash(t, p->dst, p->ip_version, l->port[1]);
    uint64_t rest = (uint64_t)p->vlan[0] << 48 ^ (uint64_t)p->vlan[1] << 40 ^
                    (uint64_t)p->tunnel_key << 8 ^ p->ip_proto;
    l->hash = (uint32_t)fold(ends ^ t->seed[1], rest ^ t->seed[0]);
}

static inline bool ends_match(
    const struct flow *f, const struct decoded *p, const struct flow_lookup *l, int source)
{
    return f->port[source] == l->port[0] && f->port[1 - source] == l->port[1] &&
           memcmp(f->addr[source], p->src, 16) == 0 && memcmp(f->addr[1 - source], p->dst, 16) == 0;
}

// Is p of flow f, and who sent it?
static inline bool flow_matches(const struct flow *f, const struct decoded *p,
    const struct flow_lookup *l, enum flow_side *side)
{
    if (f->ip_proto != p->ip_proto || f->ip_version != p->ip_version ||
        f->tunnel_key != p->tunnel_key || memcmp(f->vlan, p->vlan, sizeof f->vlan) != 0)
        return false;
    if (ends_match(f, p, l, FLOW_CLIENT)) {
        *side = FLOW_CLIENT;
        return true;
    }
    *side = FLOW_SERVER;
    return !l->one_way && ends_match(f, p, l, FLOW_SERVER);
}

uint32_t flow_slot_of(const struct flow_table *t, const struct decoded *p,
    const struct flow_lookup *l, enum flow_side *side)
{
    uint32_t at = l->hash & t->slot_mask;
    for (; t->slots[at].index != FLOW_NONE; at = (at + 1) & t->slot_mask)
        if (t->slots[at].hash == l->hash &&
            flow_matches(flow_at(t, t->slots[at].index), p, l, side))
            return at;
    return FLOW_NONE;
}

void flow_slot_put(struct flow_slot *slots, uint32_t mask, struct flow_slot entry)
{
    uint32_t at = entry.hash & mask;
    while (slots[at].index != FLOW_NONE)
        at = (at + 1) & mask;
    slots[at] = entry;
}

struct flow_slot *flow_slots_create(uint32_t count)
{
    struct flow_slot *slots = base_malloc_huge(count * sizeof *slots);
    for (uint32_t i = 0; slots && i < count; i++)
        slots[i].index = FLOW_NONE;
    return slots;
}

void flow_slots_grow(struct flow_table *t)
{
    uint32_t size = t->slot_mask + 1;
    if (t->count < size / 4 * 3)
        return;
    struct flow_slot *slots = flow_slots_create(size * 2);
    if (!slots)
        return;
    for (uint32_t i = 0; i < size; i++)
        if (t->slots[i].index != FLOW_NONE)
            flow_slot_put(slots, size * 2 - 1, t->slots[i]);
    base_free(t->slots);
    t->slots = slots;
    t->slot_mask = size * 2 - 1;
}

// Remove by shifting back the entries that would be cut off from their hash.
void flow_slot_remove(struct flow_table *t, const struct flow *f, uint32_t index)
{
    uint32_t mask = t->slot_mask, at = f->hash & mask;
    while (t->slots[at].index != index)
        at = (at + 1) & mask;
    for (uint32_t next = (at + 1) & mask; t->slots[next].index != FLOW_NONE;
         next = (next + 1) & mask) {
        uint32_t home = t->slots[next].hash & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            t->slots[at] = t->slots[next];
            at = next;
        }
    }
    t->slots[at].index = FLOW_NONE;
}
