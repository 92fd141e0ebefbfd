// SPDX-License-Identifier: Apache-2.0
// Fuzzes decode/ alone: the input is a list of packets, each a link type, flags, a length and
// bytes, in heap blocks of their own size. Every slice is read to its end; fragments go to a small
// table.
#include "base/cursor.h"
#include "decode/decode.h"
#include "fuzz.h"
#include <assert.h>
#include <stdlib.h>

static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL, LINK_LINUX_SLL2,
    LINK_NULL, LINK_LOOP, LINK_PPP, LINK_RADIOTAP, LINK_IEEE802_11, LINK_PPP_HDLC, LINK_PPP_ETHER,
    104};

static volatile uint8_t sink;

static void touch(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sink = at[i];
}

static void check(const struct decoded *p)
{
    assert(p->anomaly_count <= DECODE_ANOMALIES && p->tunnels <= DECODE_TUNNELS);
    for (unsigned i = 0; i < p->anomaly_count; i++)
        assert(p->anomalies[i] > ANOMALY_NONE && p->anomalies[i] < ANOMALIES);
    if (p->src_mac)
        touch(p->src_mac, 6);
    if (p->dst_mac)
        touch(p->dst_mac, 6);
    assert((p->tunnels > 0) == (p->tunnel_key != 0));
    if (p->kind == DECODE_NOTHING)
        return;
    assert(p->payload_len <= p->payload_wire_len);
    touch(p->payload, p->payload_len);
    touch(p->l3, p->l3_len);
}

static void one_packet(struct fragments *fragments, const struct packet *packet)
{
    struct decoded p, whole;
    decode_packet(packet, &p);
    check(&p);
    if (p.kind != DECODE_FRAGMENT)
        return;
    bool complete = decode_fragment(fragments, &p, &whole);
    assert(!complete || whole.kind != DECODE_FRAGMENT);
    if (complete)
        check(&whole);
}

void fuzz_decode(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_make(bytes_make(data, size));
    struct fragments *fragments =
        fragments_create(128 * (size_t)1024, 30'000'000'000, CONFIG_DEFRAG_OVERLAP_FIRST);
    assert(fragments);
    struct packet packet = {.time_ns = 1'000'000'000};
    while (cursor_left(&in) > 4) {
        packet.link = links[cursor_u8(&in) % (sizeof links / sizeof *links)];
        uint8_t flags = cursor_u8(&in);
        size_t len = cursor_u16(&in) % 2048;
        struct bytes b = cursor_take(&in, len < cursor_left(&in) ? len : cursor_left(&in));
        uint8_t *own = malloc(b.len ? b.len : 1);
        assert(own);
        if (b.len)
            memcpy(own, b.data, b.len);
        packet.data = bytes_make(own, b.len);
        packet.wire_len = (uint32_t)b.len + (flags & 0x0f) * 16U; // the capture cut it
        packet.time_ns += (int64_t)(flags >> 4) * 1'000'000'000;
        one_packet(fragments, &packet);
        free(own);
    }
    (void)fragments_expire(fragments, packet.time_ns);
    fragments_destroy(fragments);
}
