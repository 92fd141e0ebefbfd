// SPDX-License-Identifier: Apache-2.0
// For tests of this room: a real table, packets made by hand, and what its consumer was told.
#pragma once
#include "base/json.h"
#include "base/test.h"
#include "flow/internal.h"

enum { MADE_TCP = 6, MADE_UDP = 17, MADE_CLIENT_PORT = 40'000, MADE_SERVER_PORT = 80 };

static struct {
    struct pool pool;
    struct metrics metrics;
    struct config config;
    struct flow_handler handler;
    struct flow_table *table;
    struct json records; // one a line
    char told[4096]; // "c:abc " bytes of the client, "s-7 " a gap, "c. " its end, "# " the flow's
    size_t told_len;
    size_t bytes[2], lost[2]; // payload and gaps told of each side
    size_t ended;             // flows
    uint64_t orders_of_ended[8];
    bool refuse, reverse; // what to do when payload comes next
    int64_t now_us;
    uint64_t order;
} made;

static inline void made_tell(const char *text, size_t len)
{
    if (made.told_len + len > sizeof made.told)
        return;
    memcpy(&made.told[made.told_len], text, len);
    made.told_len += len;
}

static inline bool made_payload(void *context, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet)
{
    (void)context;
    (void)packet;
    made.bytes[side] += data.len;
    made_tell(side == FLOW_CLIENT ? "c:" : "s:", 2);
    made_tell((const char *)data.data, data.len);
    made_tell(" ", 1);
    if (made.reverse)
        flow_reverse(flow);
    made.reverse = false;
    return !made.refuse;
}

static inline bool made_gap(void *context, struct flow *flow, enum flow_side side, size_t lost,
    const struct decoded *packet)
{
    (void)context;
    (void)flow;
    (void)packet;
    char text[32];
    made.lost[side] += lost;
    made_tell(text, (size_t)snprintf(text, sizeof text, "%c-%zu ", "cs"[side], lost));
    return !made.refuse;
}

static inline void made_side_end(
    void *context, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    (void)context;
    (void)flow;
    (void)packet;
    made_tell(side == FLOW_CLIENT ? "c. " : "s. ", 3);
}

static inline void made_end(void *context, struct flow *flow)
{
    (void)context;
    if (made.ended < sizeof made.orders_of_ended / sizeof *made.orders_of_ended)
        made.orders_of_ended[made.ended] = flow->order;
    made.ended++;
    made_tell("# ", 2);
}

static inline void made_emit(void *context, const struct record *record)
{
    (void)context;
    record_write_json(&made.records, record);
    json_raw(&made.records, "\n", 1);
    made.records.comma = false;
}

// Everything as at the start but the configuration, which a test may have changed before.
static inline void made_begin_with(const struct config *config)
{
    memset(&made, 0, sizeof made);
    made.config = *config;
    made.handler = (struct flow_handler){
        NULL, made_payload, made_gap, made_side_end, made_end, made_emit, NULL, NULL, NULL};
    pool_init(&made.pool, 0);
    json_init(&made.records);
    made.now_us = 1'700'000'000'000'000;
    made.table = flow_table_create(&made.config, &made.handler, &made.pool, &made.metrics);
    CHECK(made.table != NULL);
}

static inline void made_begin(void)
{
    made_begin_with(&config_defaults);
}

static inline void made_finish(void)
{
    flow_table_flush(made.table);
    CHECK_EQ(flow_table_count(made.table), 0);
    CHECK_EQ(made.table->stream_bytes, 0);
    flow_table_destroy(made.table);
    CHECK_EQ(made.pool.used_bytes, 0);
    pool_finish(&made.pool);
    json_finish(&made.records);
}

static inline struct bytes made_told(void)
{
    return bytes_make(made.told, made.told_len);
}

static inline size_t made_count(const char *text)
{
    struct bytes left = bytes_make(made.records.data, made.records.len);
    struct bytes needle = bytes_from_text(text);
    size_t count = 0;
    for (size_t at; (at = bytes_find(left, needle)) != BYTES_NOT_FOUND; count++)
        left = bytes_from(left, at + needle.len);
    return count;
}

static inline bool made_has(const char *text)
{
    if (made_count(text) > 0)
        return true;
    printf("# no %s in:\n# %.*s\n", text, (int)made.records.len, (const char *)made.records.data);
    return false;
}

// 10.0.0.1:40000 to 10.0.0.2:80, a frame of 54 bytes and the payload.
static inline struct decoded made_packet(uint8_t ip_proto, enum flow_side side, struct bytes data)
{
    struct decoded p = {
        .time_ns = made.now_us * 1000,
        .payload = data.data,
        .payload_len = (uint32_t)data.len,
        .payload_wire_len = (uint32_t)data.len,
        .frame_len = 54 + (uint32_t)data.len,
        .src = {10, 0, 0, side == FLOW_CLIENT ? 1 : 2},
        .dst = {10, 0, 0, side == FLOW_CLIENT ? 2 : 1},
        .ip_version = 4,
        .ip_proto = ip_proto,
        .kind = ip_proto == MADE_TCP   ? DECODE_TCP
                : ip_proto == MADE_UDP ? DECODE_UDP
                                       : DECODE_IP,
        .frames = 1,
    };
    p.src_port = side == FLOW_CLIENT ? MADE_CLIENT_PORT : MADE_SERVER_PORT;
    p.dst_port = side == FLOW_CLIENT ? MADE_SERVER_PORT : MADE_CLIENT_PORT;
    return p;
}

// Hand a packet over, a millisecond after the last one.
static inline void made_send(const struct decoded *p)
{
    flow_table_packets(made.table, &p, &made.order, 1);
    made.order++;
    made.now_us += 1000;
}

static inline void made_udp(enum flow_side side, const char *text)
{
    struct decoded p = made_packet(MADE_UDP, side, bytes_from_text(text));
    made_send(&p);
}

static inline void made_tcp(
    enum flow_side side, uint8_t flags, uint32_t seq, uint32_t ack, const char *text)
{
    struct decoded p = made_packet(MADE_TCP, side, bytes_from_text(text));
    p.tcp_flags = flags;
    p.tcp_seq = seq;
    p.tcp_ack = ack;
    p.tcp_urgent = flags & TCP_URG ? (uint16_t)p.payload_len : 0;
    made_send(&p);
}

// A handshake after which the client's next byte is 100 and the server's 500.
static inline void made_handshake(void)
{
    made_tcp(FLOW_CLIENT, TCP_SYN, 99, 0, "");
    made_tcp(FLOW_SERVER, TCP_SYN | TCP_ACK, 499, 100, "");
    made_tcp(FLOW_CLIENT, TCP_ACK, 100, 500, "");
}
