// SPDX-License-Identifier: Apache-2.0
// For tests of parsers: a real engine, one made-up flow, and the JSON of what was emitted.
#pragma once
#include "base/json.h"
#include "base/test.h"
#include "proto/proto.h"

struct parse_test {
    struct pool pool;
    struct metrics metrics;
    struct config config;
    struct proto_engine *engine;
    struct flow flow;
    struct decoded packet;
    struct json out; // records, one a line
    bool wanted;     // the engine's last answer
};

static inline void parse_test_emit(void *context, const struct record *record)
{
    struct parse_test *t = context;
    record_write_json(&t->out, record);
    json_raw(&t->out, "\n", 1);
    t->out.comma = false;
}

static inline void parse_test_begin(struct parse_test *t, const struct proto *proto,
    uint8_t ip_proto, uint16_t client_port, uint16_t server_port)
{
    *t = (struct parse_test){.config = config_defaults, .wanted = true};
    t->config.ndpi.enabled = false;
    pool_init(&t->pool, 0);
    json_init(&t->out);
    t->engine = proto_engine_create(&t->config, &t->pool, &t->metrics, parse_test_emit, t);
    if (proto)
        proto_engine_force(t->engine, proto);
    t->flow.ip_version = 4;
    t->flow.ip_proto = ip_proto;
    t->flow.port[FLOW_CLIENT] = client_port;
    t->flow.port[FLOW_SERVER] = server_port;
    memcpy(t->flow.addr[FLOW_CLIENT], "\xc0\x00\x02\x01", 4);
    memcpy(t->flow.addr[FLOW_SERVER], "\xc0\x00\x02\x35", 4);
    t->packet.time_ns = 1'700'000'000'000'000'000;
}

// A segment or datagram, a millisecond after the last one.
static inline void parse_test_send(struct parse_test *t, enum flow_side side, struct bytes data)
{
    const struct flow_handler *handler = proto_engine_handler(t->engine);
    t->packet.time_ns += 1'000'000;
    t->packet.payload = data.data;
    t->packet.payload_len = t->packet.payload_wire_len = (uint32_t)data.len;
    t->packet.ip_version = t->flow.ip_version;
    t->flow.last_us = t->packet.time_ns / 1000;
    if (t->wanted)
        t->wanted = handler->payload(handler->context, &t->flow, side, data, &t->packet);
}

// The same, `piece` bytes at a time.
static inline void parse_test_split(
    struct parse_test *t, enum flow_side side, struct bytes data, size_t piece)
{
    for (size_t at = 0; at < data.len; at += piece)
        parse_test_send(t, side, bytes_sub(data, at, piece));
}

static inline void parse_test_gap(struct parse_test *t, enum flow_side side, size_t lost)
{
    const struct flow_handler *handler = proto_engine_handler(t->engine);
    if (t->wanted)
        t->wanted = handler->gap(handler->context, &t->flow, side, lost, &t->packet);
}

// The flow ends. What was emitted stays readable until parse_test_finish.
static inline struct bytes parse_test_end(struct parse_test *t)
{
    const struct flow_handler *handler = proto_engine_handler(t->engine);
    handler->end(handler->context, &t->flow);
    return bytes_make(t->out.data, t->out.len);
}

static inline void parse_test_finish(struct parse_test *t)
{
    proto_engine_destroy(t->engine);
    flow_note_end(&t->flow, &t->pool);
    CHECK_EQ(t->pool.used_bytes, 0); // everything was given back
    json_finish(&t->out);
    pool_finish(&t->pool);
}

static inline bool parse_test_has(struct bytes out, const char *text)
{
    if (bytes_find(out, bytes_from_text(text)) != BYTES_NOT_FOUND)
        return true;
    printf("# no %s in:\n# %.*s\n", text, (int)out.len, (const char *)out.data);
    return false;
}

static inline size_t parse_test_count(struct bytes out, const char *text)
{
    struct bytes needle = bytes_from_text(text);
    size_t count = 0;
    for (size_t at; (at = bytes_find(out, needle)) != BYTES_NOT_FOUND; count++)
        out = bytes_from(out, at + needle.len);
    return count;
}
