// SPDX-License-Identifier: Apache-2.0
// Beckhoff ADS over AMS/TCP: named; one ics record for the first message of a flow.
#include "proto/ics.h"

enum { TCP_BYTES = 6, AMS_BYTES = 32 };

static const struct ics_name commands[] = {{1, "read_device_info"}, {2, "read"}, {3, "write"},
    {4, "read_state"}, {5, "write_control"}, {6, "add_notification"}, {7, "delete_notification"},
    {8, "notification"}, {9, "read_write"}};

static enum proto_probe ads_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    if (bytes_at(first->data, 0) || bytes_at(first->data, 1))
        return PROBE_NO;
    cursor_skip(&in, 2);
    uint32_t length = cursor_u32le(&in);
    if (first->data.len < TCP_BYTES + AMS_BYTES)
        return first->data.len < 6 || (length >= AMS_BYTES && length < 1 << 20) ? PROBE_MORE
                                                                                : PROBE_NO;
    cursor_skip(&in, 16);
    uint16_t command = cursor_u16le(&in), flags = cursor_u16le(&in);
    uint32_t data = cursor_u32le(&in);
    cursor_skip(&in, 8);
    if (!cursor_ok(&in) || length != AMS_BYTES + data || command < 1 || command > 9 ||
        (flags & 0xfffe) != 4)
        return PROBE_NO;
    return flags & 1 ? PROBE_SERVER : PROBE_CLIENT;
}

// Six octets and a port: 192.168.0.1.1.1:851
static struct bytes address(struct cursor *in, struct text_out *out)
{
    for (int i = 0; i < 6; i++) {
        text_out_text(out, i ? "." : "");
        text_out_u64(out, cursor_u8(in));
    }
    text_out_char(out, ':');
    text_out_u64(out, cursor_u16le(in));
    return text_out_bytes(out);
}

static enum proto_verdict ads_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    char from[40], to[40];
    struct text_out source = TEXT_OUT(from), destination = TEXT_OUT(to);
    struct record_ics r = {.protocol = BYTES("ads"), .has_function_raw = true};
    if (cursor_left(in) < TCP_BYTES + AMS_BYTES)
        return PROTO_MORE;
    cursor_skip(in, TCP_BYTES);
    r.destination = address(in, &destination);
    r.source = address(in, &source);
    r.function_raw = cursor_u16le(in);
    r.function = ICS_NAME(commands, r.function_raw);
    pf->speaker = side;
    proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
    return PROTO_DONE;
}

const struct proto proto_ads = {
    .name = "ads",
    .carriers = OVER_TCP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = ads_probe,
    .parse = ads_parse,
};
