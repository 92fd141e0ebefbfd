// SPDX-License-Identifier: Apache-2.0
// What rules have to remember of a flow: bits, numbers, windows of its stream, what its
// transactions showed. All of it lies in arenas of the worker's pool; the side table finds it by
// the flow's index, so that struct flow does not grow and a flow nobody asks about has none.
#include "base/alloc.h"
#include "rules/inspect.h"

enum flow_side inspect_sender(const struct flow *flow, const struct decoded *packet)
{
    size_t len = flow->ip_version == 4 ? 4 : 16;
    bool client = packet->src_port == flow->port[FLOW_CLIENT] &&
                  memcmp(packet->src, flow->addr[FLOW_CLIENT], len) == 0;
    return client ? FLOW_CLIENT : FLOW_SERVER;
}

bool inspect_is_over(const struct rule_flow *state, const struct decoded *packet)
{
    return state && state->passed && !(packet && state->dropped_ns == packet->time_ns);
}

struct rule_flow *rule_flow_find(struct rules_worker *w, const struct flow *flow)
{
    struct rule_flow *state = flow && flow->index < w->flows_room ? w->flows[flow->index] : NULL;
    if (!state)
        return NULL;
    bool reversed = (flow->flags & FLOW_REVERSED) != 0;
    if (state->reversed != reversed) {
        struct rule_window window = state->window[0];
        state->window[0] = state->window[1];
        state->window[1] = window;
        const char *spoke = state->spoke[0];
        state->spoke[0] = state->spoke[1];
        state->spoke[1] = spoke;
        state->reversed = reversed;
    }
    if (state->generation != w->generation) { // numbers of rules mean others now
        state->told_count = state->payload_count = 0;
        state->generation = w->generation;
    }
    return state;
}

static bool table_grow(struct rules_worker *w, uint32_t index)
{
    uint32_t room = w->flows_room ? w->flows_room : 1024;
    while (room <= index)
        room *= 2;
    if (room == w->flows_room)
        return true;
    struct rule_flow **flows = base_realloc(w->flows, room * sizeof(struct rule_flow *));
    if (!flows)
        return false;
    for (uint32_t i = w->flows_room; i < room; i++)
        flows[i] = NULL;
    w->flows = flows;
    w->flows_room = room;
    return true;
}

struct rule_flow *rule_flow_of(struct rules_worker *w, const struct flow *flow)
{
    struct rule_flow *state = rule_flow_find(w, flow);
    if (state || !flow || !table_grow(w, flow->index))
        return state;
    struct arena arena;
    state = arena_hold(&arena, w->pool, w->config->rules.flow_memory_bytes, sizeof *state);
    if (!state)
        return NULL;
    state->arena = arena;
    state->reversed = (flow->flags & FLOW_REVERSED) != 0;
    state->generation = w->generation;
    w->flows[flow->index] = state;
    return state;
}

void rule_flow_end(struct rules_worker *w, const struct flow *flow)
{
    struct rule_flow *state = flow->index < w->flows_room ? w->flows[flow->index] : NULL;
    if (!state)
        return;
    inspect_frames_end(state, -1);
    while (state->txs)
        rule_tx_end(state, state->txs);
    w->flows[flow->index] = NULL;
    for (int side = 0; side < 2; side++)
        if (state->window[side].data)
            arena_reset(&state->window[side].arena);
    arena_release(&state->arena);
}

// One more element at the end of an array in an arena. Arrays grow by powers of two.
static void *array_room(struct arena *arena, void *array, size_t count, size_t size, size_t most)
{
    if (count >= most)
        return NULL;
    if (count && (count & (count - 1)))
        return array;
    return arena_grow(arena, array, count * size, (count ? count * 2 : 1) * size);
}

bool rule_flow_bit(const struct rule_flow *state, uint64_t id)
{
    for (size_t i = 0; state && i < state->bits_count; i++)
        if (state->bits[i] == id)
            return true;
    return false;
}

void rule_flow_bit_set(struct rule_flow *state, uint64_t id, bool on)
{
    for (size_t i = 0; i < state->bits_count; i++) {
        if (state->bits[i] != id)
            continue;
        if (!on)
            state->bits[i] = 0; // its place is taken by the next one
        return;
    }
    if (!on)
        return;
    for (size_t i = 0; i < state->bits_count; i++)
        if (state->bits[i] == 0) {
            state->bits[i] = id;
            return;
        }
    uint64_t *bits =
        array_room(&state->arena, state->bits, state->bits_count, sizeof *bits, INSPECT_LIST);
    if (!bits)
        return;
    state->bits = bits;
    bits[state->bits_count++] = id;
}

struct rule_flow_int *rule_flow_int(struct rule_flow *state, uint64_t id, bool make)
{
    for (size_t i = 0; state && i < state->ints_count; i++)
        if (state->ints[i].id == id)
            return &state->ints[i];
    if (!state || !make)
        return NULL;
    struct rule_flow_int *ints =
        array_room(&state->arena, state->ints, state->ints_count, sizeof *ints, INSPECT_LIST);
    if (!ints)
        return NULL;
    state->ints = ints;
    ints[state->ints_count] = (struct rule_flow_int){id, 0};
    return &ints[state->ints_count++];
}

bool rule_flow_noted(const uint64_t *list, size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == key)
            return true;
    return false;
}

bool rule_flow_note(struct rule_flow *state, uint64_t **list, size_t *count, uint64_t key)
{
    if (rule_flow_noted(*list, *count, key))
        return true;
    uint64_t *grown = array_room(&state->arena, *list, *count, sizeof *grown, INSPECT_LIST);
    if (!grown)
        return false;
    *list = grown;
    grown[(*count)++] = key;
    return true;
}

struct rule_tx *rule_tx_find(struct rule_flow *state, const struct proto *proto, uint64_t id)
{
    struct rule_tx *tx = state ? state->txs : NULL;
    while (tx && (tx->id != id || tx->proto != proto))
        tx = tx->next;
    return tx;
}

struct rule_tx *rule_tx_of(
    struct rules_worker *w, struct rule_flow *state, const struct proto *proto, uint64_t id)
{
    struct rule_tx *tx = rule_tx_find(state, proto, id);
    if (tx || !state)
        return tx;
    if (state->txs_count >= w->config->rules.transactions) { // the oldest stands last
        struct rule_tx *oldest = state->txs;
        while (oldest->next)
            oldest = oldest->next;
        rule_tx_end(state, oldest);
        w->metrics->rules_tx_dropped++;
    }
    struct arena arena;
    tx = arena_hold(&arena, w->pool, w->config->rules.tx_memory_bytes, sizeof *tx);
    if (!tx) {
        w->metrics->rules_memcap++;
        return NULL;
    }
    tx->arena = arena;
    tx->proto = proto;
    tx->id = id;
    tx->last = &tx->first;
    tx->next = state->txs;
    state->txs = tx;
    state->txs_count++;
    return tx;
}

static bool tx_unlink(struct rule_flow *state, struct rule_tx *tx)
{
    struct rule_tx **link = &state->txs;
    while (*link && *link != tx)
        link = &(*link)->next;
    if (!*link)
        return false;
    *link = tx->next;
    state->txs_count--;
    return true;
}

void rule_tx_end(struct rule_flow *state, struct rule_tx *tx)
{
    if (!tx_unlink(state, tx))
        return;
    for (struct rule_tx *file = tx->files ? state->txs : NULL, *next; file; file = next) {
        next = file->next;
        if (file->carrier == tx && tx_unlink(state, file))
            arena_release(&file->arena);
    }
    arena_release(&tx->arena);
}
