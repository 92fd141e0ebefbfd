// SPDX-License-Identifier: Apache-2.0
// Fuzzes one parser as the engine drives it. The input is a list of operations, one byte each: who
// sends, how much, where bytes are lost, who ends. Every piece of data is a block of its own on the
// heap, so that reading one byte too far is seen. Afterwards the memory pool must be empty and
// every record must have come out as JSON without a raw control character.
#include "base/json.h"
#include "fuzz.h"
#include "proto/proto.h"
#include <assert.h>
#include <stdlib.h>

enum { OPERATION_GAP = 6, OPERATION_END = 7, GAP_MOST = 70'000 };

struct fuzz {
    struct proto_engine *engine;
    const struct flow_handler *handler;
    struct flow flow;
    struct json text;
    struct decoded packet;
    bool wanted;
};

const struct proto *fuzz_proto_under_test;

static struct pool pool;
static struct metrics metrics;

static void take_record(void *context, const struct record *record)
{
    struct fuzz *fuzz = context;
    json_clear(&fuzz->text);
    record_write_json(&fuzz->text, record);
    assert(!fuzz->text.failed);
    for (size_t i = 0; i < fuzz->text.len; i++)
        assert((unsigned char)fuzz->text.data[i] >= 0x20);
}

// What a parser over IP itself may get: OSPF, EIGRP, VRRP, ESP, AH; fuzz_run.py has the same list.
static const uint8_t ip_protos[] = {89, 88, 112, 50, 51};

// The server's port, for probes that take a hint from it; fuzz_run.py has the same list.
static const uint16_t ports[] = {443, 53, 5355, 18245};

static uint8_t ip_proto_of(uint8_t carriers, uint8_t ip_version, uint8_t choice)
{
    if (carriers & OVER_TCP)
        return 6;
    if (carriers & OVER_UDP)
        return 17;
    if (carriers & OVER_IP)
        return ip_protos[(choice >> 3) % sizeof ip_protos];
    if (carriers & OVER_SCTP)
        return 132;
    return ip_version == 6 ? 58 : 1;
}

static uint8_t kind_of(uint8_t ip_proto)
{
    switch (ip_proto) {
    case 6: return DECODE_TCP;
    case 17: return DECODE_UDP;
    case 1: return DECODE_ICMP;
    case 58: return DECODE_ICMPV6;
    default: return DECODE_IP;
    }
}

static void start(struct fuzz *fuzz, uint8_t choice)
{
    uint8_t carriers = fuzz_proto_under_test->carriers;
    if ((carriers & OVER_TCP) && (carriers & OVER_UDP) && (choice & 1))
        carriers = OVER_UDP;
    uint8_t ip_version = choice & 4 ? 6 : 4;
    fuzz->flow = (struct flow){
        .addr = {{10, 30, 1, 10}, {10, 30, 1, 80}},
        .port = {50'000, ports[(choice >> 1 & 1) | (choice >> 5 & 2)]},
        .ip_version = ip_version,
        .ip_proto = ip_proto_of(carriers, ip_version, choice),
        .first_us = 1'795'248'000'000'000,
        .last_us = 1'795'248'000'000'000,
        .order = 1,
    };
    fuzz->wanted = true;
}

static void describe(struct fuzz *fuzz, enum flow_side side, struct bytes data)
{
    bool icmp = fuzz->flow.ip_proto == 1 || fuzz->flow.ip_proto == 58;
    fuzz->flow.last_us += 1000;
    fuzz->packet = (struct decoded){
        .time_ns = fuzz->flow.last_us * 1000,
        .l3 = data.data,
        .l3_len = (uint32_t)data.len,
        .payload = data.data,
        .payload_len = (uint32_t)data.len,
        .payload_wire_len = (uint32_t)data.len,
        .frame_len = (uint32_t)data.len + 54,
        .ip_version = fuzz->flow.ip_version,
        .ip_proto = fuzz->flow.ip_proto,
        .kind = kind_of(fuzz->flow.ip_proto),
        .src_port = icmp ? bytes_at(data, 0) : fuzz->flow.port[side],
        .dst_port = icmp ? bytes_at(data, 1) : fuzz->flow.port[flow_other(side)],
    };
    memcpy(fuzz->packet.src, fuzz->flow.addr[side], 16);
    memcpy(fuzz->packet.dst, fuzz->flow.addr[flow_other(side)], 16);
}

// The engine is told which parser to run; what its probe makes of the same bytes is asked here.
static void ask_probe(const struct fuzz *fuzz, enum flow_side side, struct bytes data)
{
    enum proto_carrier carrier = OVER_IP;
    switch (fuzz->flow.ip_proto) {
    case 1:
    case 58: carrier = OVER_ICMP; break;
    case 6: carrier = OVER_TCP; break;
    case 17: carrier = OVER_UDP; break;
    default: break;
    }
    struct proto_first first = {
        .data = data,
        .carrier = carrier,
        .src_port = fuzz->flow.port[side],
        .dst_port = fuzz->flow.port[flow_other(side)],
        .ip_proto = fuzz->flow.ip_proto,
    };
    assert(fuzz_proto_under_test->probe(&first) <= PROBE_EITHER);
}

static void give(struct fuzz *fuzz, enum flow_side side, struct bytes data)
{
    uint8_t *own = malloc(data.len ? data.len : 1);
    assert(own);
    if (data.len)
        memcpy(own, data.data, data.len);
    struct bytes block = bytes_make(own, data.len);
    describe(fuzz, side, block);
    if (fuzz_proto_under_test->carriers & OVER_LINK) {
        fuzz->packet.kind = DECODE_ARP;
        fuzz->packet.ether_type = 0x0806;
        proto_engine_packet(fuzz->engine, &fuzz->packet);
    } else if (fuzz->wanted && data.len > 0) {
        void *context = fuzz->handler->context;
        ask_probe(fuzz, side, block);
        fuzz->wanted = fuzz->handler->payload(context, &fuzz->flow, side, block, &fuzz->packet);
    }
    free(own);
}

static void operate(struct fuzz *fuzz, uint8_t operation, struct cursor *in)
{
    enum flow_side side = operation & 8 ? FLOW_SERVER : FLOW_CLIENT;
    size_t size = operation >> 4 ? operation >> 4 : cursor_u16(in) % 4096;
    const struct flow_handler *handler = fuzz->handler;
    switch (operation & 7) {
    case OPERATION_GAP:
        if (fuzz->wanted && fuzz->flow.ip_proto == 6)
            fuzz->wanted = handler->gap(
                handler->context, &fuzz->flow, side, size * 17 % GAP_MOST + 1, &fuzz->packet);
        break;
    case OPERATION_END:
        if (fuzz->wanted)
            handler->side_end(handler->context, &fuzz->flow, side, &fuzz->packet);
        break;
    default:
        if (size > cursor_left(in))
            size = cursor_left(in);
        give(fuzz, side, cursor_take(in, size));
    }
}

void fuzz_proto(const uint8_t *data, size_t size)
{
    static struct fuzz fuzz;
    static struct config config;
    if (!fuzz.engine) {
        config = config_defaults;
        config.ndpi.enabled = false;
        pool_init(&pool, 0);
        json_init(&fuzz.text);
        fuzz.engine = proto_engine_create(&config, &pool, &metrics, take_record, &fuzz);
        assert(fuzz.engine);
        fuzz.handler = proto_engine_handler(fuzz.engine);
        proto_engine_force(fuzz.engine, fuzz_proto_under_test);
    }
    struct cursor in = cursor_make(bytes_make(data, size));
    start(&fuzz, cursor_u8(&in));
    while (cursor_left(&in) > 1)
        operate(&fuzz, cursor_u8(&in), &in);
    fuzz.handler->end(fuzz.handler->context, &fuzz.flow);
    flow_note_end(&fuzz.flow, &pool);
    assert(pool.used_bytes == proto_engine_held_bytes(fuzz.engine));
}
