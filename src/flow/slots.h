// SPDX-License-Identifier: Apache-2.0
// Open addressing over (hash, index) pairs.
#pragma once
#include "flow/internal.h"

// What identifies a packet's flow, as its sender sees it.
struct flow_lookup {
    uint32_t hash;
    uint16_t port[2];
    bool one_way; // no counterpart: the other direction is another flow
};

// What to look for: the packet's ports as the flow keeps them, its hash.
void flow_lookup_fill(const struct flow_table *t, const struct decoded *p, struct flow_lookup *l);

// The slot of the packet's flow, and who of the flow sent it. FLOW_NONE: there is no such flow.
uint32_t flow_slot_of(const struct flow_table *t, const struct decoded *p,
    const struct flow_lookup *l, enum flow_side *side);

void flow_slot_put(struct flow_slot *slots, uint32_t mask, struct flow_slot entry);
void flow_slot_remove(struct flow_table *t, const struct flow *f, uint32_t index);

// Empty slots; NULL: out of memory.
struct flow_slot *flow_slots_create(uint32_t count);

// Double the slots when three quarters are taken. Out of memory: keep the old ones while any is
// free.
void flow_slots_grow(struct flow_table *t);
