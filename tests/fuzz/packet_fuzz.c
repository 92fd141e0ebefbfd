// SPDX-License-Identifier: Apache-2.0
// Fuzzes decoding and flows: the input is a list of packets, each a link type, a length and bytes.
// Decoded packets go through fragments and the flow table into the engine, as in a worker.
#include "base/json.h"
#include "proto/proto.h"
#include <assert.h>
#include <stdlib.h>

static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL, LINK_LINUX_SLL2,
    LINK_NULL, LINK_LOOP, LINK_PPP, LINK_RADIOTAP, LINK_IEEE802_11, LINK_IPV6, LINK_PPP_HDLC,
    LINK_PPP_ETHER};

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

static void one_packet(struct flow_table *flows, struct fragments *fragments,
    struct proto_engine *engine, const struct packet *packet, uint64_t order)
{
    struct decoded decoded, whole;
    decode_packet(packet, &decoded);
    const struct decoded *one = &decoded;
    if (decoded.kind == DECODE_FRAGMENT) {
        if (!decode_fragment(fragments, &decoded, &whole))
            return;
        one = &whole;
    }
    if (one->kind == DECODE_ARP)
        proto_engine_packet(engine, one);
    else if (one->kind != DECODE_NOTHING && one->kind != DECODE_FRAGMENT)
        flow_table_packets(flows, &one, &order, 1);
}

static void all_packets(struct cursor in, struct flow_table *flows, struct fragments *fragments,
    struct proto_engine *engine)
{
    struct packet packet = {.time_ns = 1'795'248'000'000'000'000};
    for (uint64_t order = 0; cursor_left(&in) > 3; order++) {
        packet.link = links[cursor_u8(&in) % (sizeof links / sizeof *links)];
        size_t size = cursor_u16(&in) % 2048;
        struct bytes data = cursor_take(&in, size < cursor_left(&in) ? size : cursor_left(&in));
        uint8_t *own = malloc(data.len ? data.len : 1);
        assert(own);
        if (data.len)
            memcpy(own, data.data, data.len);
        packet.data = bytes_make(own, data.len);
        packet.wire_len = (uint32_t)data.len;
        packet.time_ns += 10'000'000;
        one_packet(flows, fragments, engine, &packet, order);
        free(own);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
    all_packets(cursor_make(bytes_make(data, size)), flows, fragments, engine);
    flow_table_flush(flows);
    flow_table_destroy(flows);
    fragments_destroy(fragments);
    assert(pool.used_bytes == proto_engine_held_bytes(engine));
    return 0;
}
