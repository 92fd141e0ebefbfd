// SPDX-License-Identifier: Apache-2.0
// TeamViewer's own protocol is named by its packets' marks, over TCP and UDP (no published
// document; as its programs send it). There is nothing in it that can be read. Over TLS it is told
// by the server's name.
#include "proto/proto.h"

enum { TEAMVIEWER_PORT = 5938, MARK_AT_UDP = 11, COMMANDS_MAX = 0x60 };

// 17 24, command, length of 16 bits; or 11 30, command, zero, length of 32 bits; little endian.
static enum proto_probe stream_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint16_t mark = cursor_u16(&in);
    uint8_t command = cursor_u8(&in);
    bool port = first->src_port == TEAMVIEWER_PORT || first->dst_port == TEAMVIEWER_PORT;
    if (mark == 0x1724) {
        uint16_t length = cursor_u16le(&in);
        bool fits = cursor_ok(&in) && command > 0 && command < COMMANDS_MAX && length > 0;
        return fits && (port || length == cursor_left(&in)) ? PROBE_EITHER : PROBE_NO;
    }
    uint8_t zero = cursor_u8(&in);
    uint32_t length = cursor_u32le(&in);
    bool fits = cursor_ok(&in) && zero == 0 && command > 0 && command < COMMANDS_MAX;
    return mark == 0x1130 && fits && (port || length == cursor_left(&in)) ? PROBE_EITHER : PROBE_NO;
}

static enum proto_probe teamviewer_probe(const struct proto_first *first)
{
    uint8_t a = bytes_at(first->data, 0);
    if (first->carrier == OVER_TCP)
        return a == 0x17 || a == 0x11 ? stream_probe(first) : PROBE_NO;
    bool mark = a == 0 && bytes_at(first->data, MARK_AT_UDP) == 0x17 &&
                bytes_at(first->data, MARK_AT_UDP + 1) == 0x24;
    return mark && first->data.len > MARK_AT_UDP + 2 ? PROBE_EITHER : PROBE_NO;
}

static enum proto_verdict teamviewer_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    (void)pf, (void)side, (void)in;
    return PROTO_DONE;
}

const struct proto proto_teamviewer = {
    .name = "teamviewer",
    .carriers = OVER_TCP | OVER_UDP,
    .probe = teamviewer_probe,
    .parse = teamviewer_parse,
};
