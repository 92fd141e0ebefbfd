// SPDX-License-Identifier: Apache-2.0
// What the files of this room share.
#pragma once
#include "flow/flow.h"

enum {
    FLOW_NONE = UINT32_MAX,
    FLOW_SLAB = 8192,          // flows allocated at a time: 2 MiB
    FLOW_WHEEL_SECONDS = 4096, // timers reach this far; longer ones are looked at again
};

// A flow's place in the wheel. Timers lie apart from their flows: neighbours in a bucket are mostly
// flows that began together, whose timers share a line of the cache.
struct flow_timer {
    uint32_t prev, next, bucket; // next also links free flows
};

enum {
    // A flow and its slots, of which at most three quarters are taken and at least three eighths.
    FLOW_BYTES = sizeof(struct flow) + sizeof(struct flow_timer) + 24,
};

struct flow_slot {
    uint32_t hash;
    uint32_t index; // FLOW_NONE: free
};

struct flow_ended {
    uint64_t order;
    uint32_t index, hash;
};

struct flow_table {
    const struct config *config;
    const struct flow_handler *handler;
    struct pool *pool;
    struct metrics *metrics;
    uint64_t seed[2];
    uint64_t segment_seed; // of the hashes of delivered segments
    struct flow_slot *slots;
    uint32_t slot_mask;
    uint32_t count;
    uint64_t order;             // see flow_table_order
    struct flow **slabs;        // flow i lives in slabs[i / FLOW_SLAB]
    struct flow_timer **timers; // and its timer there
    uint32_t slab_count;
    uint32_t free_head; // linked by their timers
    uint32_t wheel[FLOW_WHEEL_SECONDS];
    int64_t wheel_second; // all buckets before it have been emptied
    bool wheel_started;
    struct flow_ended *ended; // on their way out, for sorting
    size_t ended_count, ended_room, ended_done;
    uint32_t max_flows;
    size_t stream_bytes, max_stream_bytes; // out-of-order bytes held over all flows
    int64_t timeout_us[4][FLOW_STATES];    // TCP, UDP, ICMP, other
};

static inline struct flow *flow_at(const struct flow_table *table, uint32_t index)
{
    return &table->slabs[index / FLOW_SLAB][index % FLOW_SLAB];
}

static inline struct flow_timer *flow_timer_at(const struct flow_table *table, uint32_t index)
{
    return &table->timers[index / FLOW_SLAB][index % FLOW_SLAB];
}

// Packet time in the unit of records.
static inline int64_t flow_packet_us(const struct decoded *packet)
{
    return packet->time_ns / 1000;
}

// TCP: state, order, gaps. Calls the handler with payload in order.
void flow_tcp_packet(
    struct flow_table *table, struct flow *flow, enum flow_side side, const struct decoded *packet);

// Before its state changes: what is odd about it is told. True: it is not of this connection.
bool flow_tcp_is_forged(
    struct flow_table *table, struct flow *flow, enum flow_side side, const struct decoded *packet);

// No handshake was seen; what one side acknowledges tells where the other one stands, so that a
// loss right at the beginning is a gap and not the beginning.
void flow_tcp_midstream(struct flow *f, enum flow_side other, const struct decoded *p);

// Its bytes came before, and were acknowledged perhaps.
void flow_tcp_repeats(
    const struct flow_table *table, struct flow *flow, const struct decoded *packet, bool acked);

// Hand over what still waits behind gaps, then forget the stream. `packet` may be NULL.
void flow_tcp_finish(struct flow_table *table, struct flow *flow);

// The sides of a flow change places. stream may be NULL.
void flow_stream_reverse(struct flow_stream *stream);

// Show the consumer a packet, where it wants to see them.
static inline void flow_show_packet(const struct flow_table *table, struct flow *flow,
    enum flow_side side, const struct decoded *packet)
{
    if (table->handler->packet)
        table->handler->packet(table->handler->context, flow, side, packet);
}

// Keep the first payload bytes of a side for the record.
void flow_note_first(struct flow *flow, enum flow_side side, struct bytes data);

// Deliver payload to the consumer while it wants it.
void flow_deliver(struct flow_table *table, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet);

// A stream anomaly: metric always, record once a flow and kind.
void flow_stream_anomaly(struct flow_table *table, struct flow *flow, const struct decoded *packet,
    enum anomaly anomaly);

// What happens all the time: for rules alone.
static inline void flow_stream_event(const struct flow_table *table, struct flow *flow,
    const struct decoded *packet, enum anomaly anomaly)
{
    if (table->handler->anomaly)
        table->handler->anomaly(table->handler->context, flow, packet, anomaly);
}

// An ICMP message that has no counterpart: its ports are type and code, not type and type.
bool flow_is_one_way(const struct flow *flow);

// Lengths, directions and times of a flow's payload (flow/detail.c).
void flow_detail_packet(
    struct flow_table *table, struct flow *flow, enum flow_side side, const struct decoded *packet);
void flow_detail_reverse(struct flow *flow);

// What a record of them points to.
struct flow_detail_room {
    int64_t lengths[FLOW_LENGTHS], records[FLOW_RECORDS];
    uint32_t times[FLOW_LENGTHS];
    uint64_t bins[2][FLOW_BINS];
};
void flow_detail_fill(
    const struct flow *flow, struct flow_detail_room *room, struct record_flow *record);

// Emit the flow record.
void flow_emit_record(struct flow_table *table, struct flow *flow, enum flow_reason reason);
