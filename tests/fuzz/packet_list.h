// SPDX-License-Identifier: Apache-2.0
// What fuzz_packet and fuzz_path share: an input is a list of packets, each a link type, a length
// and bytes. Every packet is a block of its own on the heap, so that one byte too far is seen.
#pragma once
#include "base/cursor.h"
#include "decode/decode.h"
#include <assert.h>
#include <stdlib.h>

typedef void packet_sink(void *context, const struct packet *packet, uint64_t order);

static inline void packet_list_each(struct bytes input, packet_sink *sink, void *context)
{
    static const uint16_t links[] = {LINK_ETHERNET, LINK_RAW, LINK_LINUX_SLL, LINK_LINUX_SLL2,
        LINK_NULL, LINK_LOOP, LINK_PPP, LINK_RADIOTAP, LINK_IEEE802_11, LINK_IPV6, LINK_PPP_HDLC,
        LINK_PPP_ETHER};
    struct packet packet = {.time_ns = 1'795'248'000'000'000'000};
    struct cursor in = cursor_make(input);
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
        sink(context, &packet, order);
        free(own);
    }
}
