// SPDX-License-Identifier: Apache-2.0
// Fuzzes decoding and flows: the input is a list of packets, each a link type, a length and bytes.
// Decoded packets go through fragments and the flow table into the engine, as in a worker.
#include "base/json.h"
#include "fuzz.h"
#include "packet_list.h"
#include "proto/proto.h"

static struct pool pool;
static struct metrics metrics;
static struct json line;

static void take_record(void *context, const struct record *record)
{
    (void)context;
    json_clear(&line);
    record_write_json(&line, record);
    assert(!line.failed);
}

struct path {
    struct flow_table *flows;
    struct fragments *fragments;
    struct proto_engine *engine;
};

static void one_packet(void *context, const struct packet *packet, uint64_t order)
{
    struct path *path = context;
    struct decoded decoded, whole;
    decode_packet(packet, &decoded);
    const struct decoded *one = &decoded;
    if (decoded.kind == DECODE_FRAGMENT) {
        if (!decode_fragment(path->fragments, &decoded, &whole))
            return;
        one = &whole;
    }
    if (one->kind == DECODE_ARP)
        proto_engine_packet(path->engine, one);
    else if (one->kind != DECODE_NOTHING && one->kind != DECODE_FRAGMENT)
        flow_table_packets(path->flows, &one, &order, 1);
}

void fuzz_packet(const uint8_t *data, size_t size)
{
    static struct config config;
    static struct proto_engine *engine;
    if (!engine) {
        config = config_defaults;
        config.ndpi.enabled = false;
        pool_init(&pool, 0);
        json_init(&line);
        engine = proto_engine_create(&config, &pool, &metrics, take_record, NULL);
        assert(engine);
    }
    struct flow_table *flows =
        flow_table_create(&config, proto_engine_handler(engine), &pool, &metrics);
    struct fragments *fragments =
        fragments_create(1 << 20, config.defrag.timeout_us * 1000, config.defrag.overlap);
    assert(flows && fragments);
    packet_list_each(bytes_make(data, size), one_packet, &(struct path){flows, fragments, engine});
    flow_table_flush(flows);
    flow_table_destroy(flows);
    fragments_destroy(fragments);
    assert(pool.used_bytes == proto_engine_held_bytes(engine));
}
