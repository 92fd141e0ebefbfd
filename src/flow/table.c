// SPDX-License-Identifier: Apache-2.0
// The flow table: flows in slabs that never move, found through slots (slots.c), ended by the wheel
// (wheel.c). Where flows lie never shows in the records.
#include "base/alloc.h"
#include "base/hash.h"
#include "flow/slots.h"
#include "flow/wheel.h"
#include <assert.h>
#include <stdlib.h>

enum {
    FIRST_SLOTS = 4096,
    AHEAD = 4, // packets between fetching a flow, what its consumer keeps, and its turn
    LINE_BYTES = 64,
    EVICT_SPARED = 16,  // flows found alive before one is evicted all the same
    APP_BYTES = 256,    // of the consumer's state that are fetched ahead
    DETAIL_BYTES = 192, // of what is kept of its payload
    STREAM_BYTES = 448, // of its TCP stream, without the copies
};

// Room for one slab more in both lists.
static bool slabs_grow(struct flow_table *t)
{
    size_t count = t->slab_count + 1;
    struct flow **slabs = base_realloc(t->slabs, count * sizeof *slabs);
    t->slabs = slabs ? slabs : t->slabs;
    struct flow_timer **timers = base_realloc(t->timers, count * sizeof *timers);
    t->timers = timers ? timers : t->timers;
    return slabs && timers;
}

static bool slab_add(struct flow_table *t)
{
    if (!slabs_grow(t))
        return false;
    struct flow *slab = base_malloc_huge(FLOW_SLAB * sizeof *slab);
    struct flow_timer *timers = base_malloc(FLOW_SLAB * sizeof *timers);
    if (!slab || !timers) {
        base_free(slab);
        base_free(timers);
        return false;
    }
    t->slabs[t->slab_count] = slab;
    t->timers[t->slab_count] = timers;
    uint32_t first = t->slab_count++ * FLOW_SLAB;
    for (uint32_t i = FLOW_SLAB; i-- > 0;) {
        timers[i].next = t->free_head;
        t->free_head = first + i;
    }
    return true;
}

static int64_t flow_timeout_us(const struct flow_table *t, const struct flow *f)
{
    bool icmp = f->ip_proto == PROTO_ICMP || f->ip_proto == PROTO_ICMPV6;
    int kind = f->ip_proto == PROTO_TCP ? 0 : f->ip_proto == PROTO_UDP ? 1 : icmp ? 2 : 3;
    return t->timeout_us[kind][f->state];
}

static void flow_end(struct flow_table *t, uint32_t index, enum flow_reason reason)
{
    struct flow *f = flow_at(t, index);
    flow_tcp_finish(t, f);
    t->handler->end(t->handler->context, f);
    flow_emit_record(t, f, reason);
    flow_note_end(f, t->pool);
    flow_slot_remove(t, f, index);
    flow_timer_at(t, index)->next = t->free_head;
    t->free_head = index;
    t->count--;
}

// The table is full: the flow that would end soonest gives way. Timers are not moved by packets, so
// a few flows that are alive are put where they belong first.
static void evict_one(struct flow_table *t)
{
    int spared = 0;
    for (int64_t s = t->wheel_second; s < t->wheel_second + FLOW_WHEEL_SECONDS;) {
        uint32_t index = t->wheel[(uint64_t)s % FLOW_WHEEL_SECONDS];
        if (index == FLOW_NONE) {
            s++;
            continue;
        }
        flow_wheel_remove(t, index);
        const struct flow *f = flow_at(t, index);
        flow_wheel_add(t, index, f->last_us + flow_timeout_us(t, f));
        if (flow_timer_at(t, index)->bucket != (uint64_t)s % FLOW_WHEEL_SECONDS &&
            spared++ < EVICT_SPARED)
            continue;
        flow_wheel_remove(t, index);
        t->metrics->flow_evicted++;
        flow_end(t, index, FLOW_ENDED_EVICTED);
        return;
    }
}

static void flow_begin(
    struct flow *f, const struct decoded *p, const struct flow_lookup *l, uint64_t order)
{
    memset(f, 0, sizeof *f);
    // A SYN-ACK comes from the server; of anything else the first sender is the client until a
    // protocol knows better.
    bool from_server =
        p->kind == DECODE_TCP && (p->tcp_flags & TCP_SYN) && (p->tcp_flags & TCP_ACK);
    int source = from_server ? FLOW_SERVER : FLOW_CLIENT;
    memcpy(f->addr[source], p->src, 16);
    memcpy(f->addr[1 - source], p->dst, 16);
    f->port[source] = l->port[0];
    f->port[1 - source] = l->port[1];
    memcpy(f->vlan, p->vlan, sizeof f->vlan);
    f->tunnel_key = p->tunnel_key;
    f->tunnels = p->tunnels;
    f->ip_version = p->ip_version;
    f->ip_proto = p->ip_proto;
    f->hash = l->hash;
    f->order = order;
    f->first_us = f->last_us = flow_packet_us(p);
    f->flags = from_server ? FLOW_REVERSED : 0;
    if (p->kind == DECODE_TCP && !(p->tcp_flags & TCP_SYN))
        f->flags |= FLOW_MIDSTREAM;
}

static uint32_t flow_create(
    struct flow_table *t, const struct decoded *p, const struct flow_lookup *l, uint64_t order)
{
    if (t->count >= t->max_flows)
        evict_one(t);
    flow_slots_grow(t);
    if ((t->free_head == FLOW_NONE && !slab_add(t)) || t->count >= t->slot_mask) {
        t->metrics->flow_memcap++;
        return FLOW_NONE;
    }
    uint32_t index = t->free_head;
    struct flow *f = flow_at(t, index);
    t->free_head = flow_timer_at(t, index)->next;
    flow_begin(f, p, l, order);
    f->index = index;
    flow_slot_put(t->slots, t->slot_mask, (struct flow_slot){l->hash, index});
    flow_wheel_add(t, index, f->last_us + flow_timeout_us(t, f));
    t->count++;
    t->metrics->flow_total++;
    return index;
}

static bool is_late(const struct flow_table *t, const struct flow *f, const struct decoded *p)
{
    return flow_packet_us(p) - f->last_us > flow_timeout_us(t, f);
}

// A connection that was closed begins anew.
static bool is_reused(const struct flow *f, const struct decoded *p)
{
    return p->kind == DECODE_TCP && f->state == FLOW_CLOSED &&
           (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static uint32_t flow_find_or_create(struct flow_table *t, const struct decoded *p,
    const struct flow_lookup *l, uint64_t order, enum flow_side *side)
{
    uint32_t at = flow_slot_of(t, p, l, side);
    if (at != FLOW_NONE) {
        uint32_t index = t->slots[at].index;
        bool late = is_late(t, flow_at(t, index), p);
        if (!late && !is_reused(flow_at(t, index), p))
            return index;
        flow_wheel_remove(t, index);
        flow_end(t, index, late ? FLOW_ENDED_TIMEOUT : FLOW_ENDED_REUSED);
    }
    uint32_t index = flow_create(t, p, l, order);
    *side = index != FLOW_NONE && (flow_at(t, index)->flags & FLOW_REVERSED) ? FLOW_SERVER
                                                                             : FLOW_CLIENT;
    return index;
}

static void flow_count(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    int64_t now = flow_packet_us(p);
    if (now > f->last_us)
        f->last_us = now;
    f->packets[side] += p->frames;
    f->bytes[side] += p->frame_len;
    if (f->packets[FLOW_CLIENT] && f->packets[FLOW_SERVER])
        f->flags |= FLOW_BOTH_SIDES;
    if (p->payload_wire_len > 0)
        flow_detail_packet(t, f, side, p);
}

void flow_note_first(struct flow *flow, enum flow_side side, struct bytes data)
{
    uint8_t had = flow->first_count[side];
    if (had == FLOW_FIRST_BYTES || data.len == 0 || (flow->first_closed & 1U << side))
        return;
    size_t room = FLOW_FIRST_BYTES - (size_t)had, n = data.len < room ? data.len : room;
    memcpy(&flow->first[side][had], data.data, n);
    flow->first_count[side] = (uint8_t)(had + n);
}

// The last byte of urgent data is not part of what programs read (RFC 6093 section 2), where it
// ends a segment that comes in order.
static struct bytes without_urgent(struct bytes data, const struct decoded *p)
{
    bool ends = p && p->kind == DECODE_TCP && p->tcp_urgent && p->tcp_urgent == p->payload_len &&
                data.len && &data.data[data.len - 1] == &p->payload[p->payload_len - 1];
    return ends ? bytes_sub(data, 0, data.len - 1) : data;
}

void flow_deliver(struct flow_table *table, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet)
{
    data = without_urgent(data, packet);
    if ((flow->flags & FLOW_UNWANTED) || data.len == 0)
        return;
    if (!table->handler->payload(table->handler->context, flow, side, data, packet))
        flow->flags |= FLOW_UNWANTED;
}

// A connection that closes is due earlier than its timer says.
static void handle_tcp(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint8_t before = f->state;
    flow_tcp_packet(t, f, side, p);
    if (f->state == FLOW_CLOSED && before != FLOW_CLOSED) {
        flow_wheel_remove(t, f->index);
        flow_wheel_add(t, f->index, f->last_us + flow_timeout_us(t, f));
    }
}

static bool has_transport(const struct decoded *p)
{
    return p->ip_proto == PROTO_TCP || p->ip_proto == PROTO_UDP || p->ip_proto == PROTO_SCTP;
}

static void flow_handle(
    struct flow_table *t, const struct decoded *p, const struct flow_lookup *l, uint64_t order)
{
    enum flow_side side;
    t->order = order;
    uint32_t index = flow_find_or_create(t, p, l, order, &side);
    if (index == FLOW_NONE)
        return;
    struct flow *f = flow_at(t, index);
    flow_count(t, f, side, p);
    if (p->kind == DECODE_TCP) {
        handle_tcp(t, f, side, p);
        return;
    }
    bool damaged = p->kind == DECODE_IP && has_transport(p);
    if (!damaged && (f->flags & FLOW_BOTH_SIDES) && f->state == FLOW_NEW)
        f->state = FLOW_ESTABLISHED;
    flow_show_packet(t, f, side, p);
    if (damaged)
        return; // its transport header is damaged or cut: what follows is nobody's payload
    struct bytes data = bytes_make(p->payload, p->payload_len);
    if (f->first_count[side] == 0) // one datagram, not a stream of them
        flow_note_first(f, side, data);
    flow_deliver(t, f, side, data, p);
}

// The flow with a packet's hash: all but always the packet's.
static struct flow *flow_expected(const struct flow_table *t, const struct flow_lookup *l)
{
    uint32_t at = l->hash & t->slot_mask;
    while (t->slots[at].index != FLOW_NONE && t->slots[at].hash != l->hash)
        at = (at + 1) & t->slot_mask;
    return t->slots[at].index == FLOW_NONE ? NULL : flow_at(t, t->slots[at].index);
}

static void fetch_lines(const void *at, size_t bytes)
{
    for (size_t line = 0; line < bytes; line += LINE_BYTES)
        __builtin_prefetch((const char *)at + line); // lint: an address to prefetch, never read
}

static void fetch_flow(const struct flow_table *t, const struct flow_lookup *l)
{
    const struct flow *flow = flow_expected(t, l);
    if (flow)
        fetch_lines(flow, sizeof *flow);
}

// What a flow points to, once the flow itself is there.
static void fetch_owned(const struct flow *flow)
{
    if (flow->app)
        fetch_lines(flow->app, APP_BYTES);
    if (flow->detail)
        fetch_lines(flow->detail, DETAIL_BYTES);
    if (flow->stream)
        fetch_lines(flow->stream, STREAM_BYTES);
}

static void fetch_next(const struct flow_table *t, const struct flow_lookup *l)
{
    const struct flow *flow = flow_expected(t, l);
    if (flow)
        fetch_owned(flow);
}

void flow_table_packets(struct flow_table *table, const struct decoded *const *packets,
    const uint64_t *orders, size_t count)
{
    struct flow_lookup lookups[DECODE_BATCH];
    assert(count <= DECODE_BATCH);
    for (size_t i = 0; i < count; i++) {
        flow_lookup_fill(table, packets[i], &lookups[i]);
        __builtin_prefetch(&table->slots[lookups[i].hash & table->slot_mask]);
    }
    for (size_t i = 0; i < count + 2 * AHEAD; i++) {
        if (i < count)
            fetch_flow(table, &lookups[i]);
        if (i >= AHEAD && i - AHEAD < count)
            fetch_next(table, &lookups[i - AHEAD]);
        if (i < 2 * AHEAD)
            continue;
        size_t turn = i - 2 * AHEAD;
        flow_handle(table, packets[turn], &lookups[turn], orders[turn]);
    }
}

static int by_order(const void *a, const void *b)
{
    const struct flow_ended *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

// Keep a flow for end_sorted. Out of memory: it ends at once, in a less tidy order but not lost.
static void end_later(struct flow_table *t, uint32_t index, enum flow_reason reason)
{
    if (t->ended_count == t->ended_room) {
        size_t room = t->ended_room ? t->ended_room * 2 : 1024;
        struct flow_ended *ended = base_realloc(t->ended, room * sizeof *ended);
        if (!ended) {
            flow_end(t, index, reason);
            return;
        }
        t->ended = ended;
        t->ended_room = room;
    }
    const struct flow *f = flow_at(t, index);
    t->ended[t->ended_count++] = (struct flow_ended){f->order, index, f->hash};
}

// Ask for the memory of flows that end soon.
static void fetch_ended(const struct flow_table *t, size_t i)
{
    if (i < t->ended_count) {
        fetch_lines(flow_at(t, t->ended[i].index), sizeof(struct flow));
        fetch_lines(&t->slots[t->ended[i].hash & t->slot_mask], LINE_BYTES);
    }
    if (i >= AHEAD && i - AHEAD < t->ended_count)
        fetch_owned(flow_at(t, t->ended[i - AHEAD].index));
}

static void sort_ended(struct flow_table *t)
{
    if (t->ended_count)
        qsort(t->ended, t->ended_count, sizeof *t->ended, by_order);
    for (size_t i = 0; i < 2 * AHEAD; i++)
        fetch_ended(t, i);
}

// Flows end in the order in which they began, whichever bucket or worker they came from: those
// collected and sorted that began before packet `below`.
static void end_sorted(struct flow_table *t, uint64_t below, enum flow_reason reason)
{
    for (; t->ended_done < t->ended_count && t->ended[t->ended_done].order < below;
         t->ended_done++) {
        struct flow_ended ended = t->ended[t->ended_done];
        fetch_ended(t, t->ended_done + 2 * AHEAD);
        t->order = FLOW_ORDER_EXPIRY | ended.order;
        flow_end(t, ended.index, reason);
    }
    if (t->ended_done == t->ended_count)
        t->ended_done = t->ended_count = 0;
}

void flow_table_expire(struct flow_table *table, int64_t now_us)
{
    uint32_t index;
    while ((index = flow_wheel_take(table, now_us)) != FLOW_NONE) {
        const struct flow *f = flow_at(table, index);
        int64_t due = f->last_us + flow_timeout_us(table, f);
        if (due < now_us)
            end_later(table, index, FLOW_ENDED_TIMEOUT);
        else
            flow_wheel_add(table, index, due);
    }
    sort_ended(table);
    end_sorted(table, UINT64_MAX, FLOW_ENDED_TIMEOUT);
}

void flow_table_flush_before(struct flow_table *table, uint64_t below)
{
    if (table->ended_count == 0) {
        for (uint32_t at = 0; at <= table->slot_mask; at++)
            if (table->slots[at].index != FLOW_NONE)
                end_later(table, table->slots[at].index, FLOW_ENDED_SHUTDOWN);
        sort_ended(table);
        flow_wheel_init(table);
    }
    end_sorted(table, below, FLOW_ENDED_SHUTDOWN);
}

void flow_table_flush(struct flow_table *table)
{
    while (table->count) // again only where memory was short
        flow_table_flush_before(table, UINT64_MAX);
}

uint64_t flow_table_order(const struct flow_table *table)
{
    return table->order;
}

void flow_table_consumer(struct flow_table *table, const struct flow_handler *handler)
{
    table->handler = handler;
}

size_t flow_table_count(const struct flow_table *table)
{
    return table->count;
}

void flow_reverse(struct flow *flow)
{
    struct flow old = *flow;
    for (int side = 0; side < 2; side++) {
        int from = 1 - side;
        memcpy(flow->addr[side], old.addr[from], sizeof flow->addr[side]);
        memcpy(flow->first[side], old.first[from], sizeof flow->first[side]);
        flow->port[side] = old.port[from];
        flow->packets[side] = old.packets[from];
        flow->bytes[side] = old.bytes[from];
        flow->tcp_next[side] = old.tcp_next[from];
        flow->tcp_flags[side] = old.tcp_flags[from];
        flow->tcp_sync[side] = old.tcp_sync[from];
        flow->tcp_fin[side] = old.tcp_fin[from];
        flow->first_count[side] = old.first_count[from];
    }
    flow->reset = (old.reset << 1 | old.reset >> 1) & 3;
    flow->first_closed = (old.first_closed << 1 | old.first_closed >> 1) & 3;
    flow_detail_reverse(flow);
    flow->flags ^= FLOW_REVERSED;
    flow_stream_reverse(flow->stream);
}

static void timeouts_fill(struct flow_table *t)
{
    for (int state = 0; state < FLOW_STATES; state++) {
        t->timeout_us[1][state] = t->config->flow.timeout_udp_us;
        t->timeout_us[2][state] = t->config->flow.timeout_icmp_us;
        t->timeout_us[3][state] = t->config->flow.timeout_other_us;
    }
    t->timeout_us[0][FLOW_NEW] = t->config->flow.timeout_tcp_new_us;
    t->timeout_us[0][FLOW_ESTABLISHED] = t->config->flow.timeout_tcp_established_us;
    t->timeout_us[0][FLOW_CLOSED] = t->config->flow.timeout_tcp_closed_us;
}

void flow_table_share(struct flow_table *table, unsigned tables)
{
    const struct config *config = table->config;
    uint64_t by_memory = config->flow.memory_bytes / FLOW_BYTES / tables;
    uint64_t by_count = config->flow.max_flows / tables;
    uint64_t most = by_memory < by_count ? by_memory : by_count;
    table->max_flows = most < FLOW_NONE ? (uint32_t)most : FLOW_NONE;
    table->max_flows = table->max_flows ? table->max_flows : 1;
    table->max_stream_bytes = config->stream.memory_bytes / tables;
}

struct flow_table *flow_table_create(const struct config *config,
    const struct flow_handler *handler, struct pool *pool, struct metrics *metrics)
{
    struct flow_table *t = base_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->config = config;
    t->handler = handler;
    t->pool = pool;
    t->metrics = metrics;
    t->seed[0] = hash_seed();
    t->seed[1] = hash_seed();
    t->segment_seed = hash_seed();
    t->free_head = FLOW_NONE;
    t->slot_mask = FIRST_SLOTS - 1;
    t->slots = flow_slots_create(FIRST_SLOTS);
    timeouts_fill(t);
    flow_table_share(t, 1);
    flow_wheel_init(t);
    if (!t->slots) {
        flow_table_destroy(t);
        return NULL;
    }
    return t;
}

void flow_table_destroy(struct flow_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->slab_count; i++) {
        base_free(table->slabs[i]);
        base_free(table->timers[i]);
    }
    base_free(table->slabs);
    base_free(table->timers);
    base_free(table->slots);
    base_free(table->ended);
    base_free(table);
}
