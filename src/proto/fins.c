// SPDX-License-Identifier: Apache-2.0
// Omron FINS over UDP and TCP (W227, W342): named; one ics record for the first command of a flow.
#include "proto/ics.h"

static const struct ics_name functions[] = {{0x0000, "node_address"}, {0x0101, "memory_area_read"},
    {0x0102, "memory_area_write"}, {0x0103, "memory_area_fill"}, {0x0104, "multiple_memory_read"},
    {0x0105, "memory_area_transfer"}, {0x0201, "parameter_area_read"},
    {0x0202, "parameter_area_write"}, {0x0203, "parameter_area_clear"},
    {0x0306, "program_area_read"}, {0x0307, "program_area_write"}, {0x0308, "program_area_clear"},
    {0x0401, "run"}, {0x0402, "stop"}, {0x0501, "controller_data_read"},
    {0x0502, "connection_data_read"}, {0x0601, "controller_status_read"},
    {0x0620, "cycle_time_read"}, {0x0701, "clock_read"}, {0x0702, "clock_write"},
    {0x0920, "message_read"}, {0x0c01, "access_right_acquire"},
    {0x0c02, "access_right_forced_acquire"}, {0x0c03, "access_right_release"},
    {0x2101, "error_clear"}, {0x2102, "error_log_read"}, {0x2201, "file_name_read"},
    {0x2202, "file_read"}, {0x2203, "file_write"}, {0x2301, "forced_set_reset"},
    {0x2302, "forced_set_reset_cancel"}};

enum { HEAD_BYTES = 10, TCP_HEAD_BYTES = 16 };

// The header: control, reserved, gateways, both addresses, service id; then the command.
static bool header_good(struct bytes b)
{
    uint8_t control = bytes_at(b, 0);
    uint32_t code = bytes_at(b, HEAD_BYTES) * 256U + bytes_at(b, HEAD_BYTES + 1);
    return b.len >= HEAD_BYTES + 2 && (control & 0x3e) == 0 && control & 0x80 &&
           bytes_at(b, 1) == 0 && bytes_at(b, 2) <= 7 && ICS_NAME(functions, code).data && code;
}

static enum proto_probe fins_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (first->carrier == OVER_UDP)
        return !header_good(d) ? PROBE_NO : bytes_at(d, 0) & 0x40 ? PROBE_SERVER : PROBE_CLIENT;
    if (!bytes_start_with(d, BYTES("FINS")))
        return d.len < 4 && bytes_start_with(BYTES("FINS"), d) ? PROBE_MORE : PROBE_NO;
    if (d.len < TCP_HEAD_BYTES)
        return PROBE_MORE;
    if (bytes_at(d, 4) || bytes_at(d, 5) || bytes_at(d, 8) || bytes_at(d, 9) || bytes_at(d, 10))
        return PROBE_NO;
    return bytes_at(d, 11) == 1 ? PROBE_SERVER : PROBE_CLIENT;
}

static struct bytes address(const uint8_t *parts, struct text_out *out)
{
    for (size_t i = 0; i < 3; i++) {
        text_out_text(out, i ? "." : "");
        text_out_u64(out, parts[i]);
    }
    return text_out_bytes(out);
}

static enum proto_verdict fins_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes b = cursor_rest(in);
    if (pf->carrier == OVER_TCP) {
        if (b.len < TCP_HEAD_BYTES)
            return PROTO_MORE;
        size_t size = bytes_at(b, 6) * 256U + bytes_at(b, 7) + 8U;
        if (b.len < size && size < 4096) {
            pf->need[side] = size;
            return PROTO_MORE;
        }
        if (bytes_at(b, 11) != 2) { // node addresses are agreed on first
            cursor_skip(in, b.len < size ? b.len : size);
            return PROTO_MORE;
        }
        b = bytes_from(b, TCP_HEAD_BYTES);
    }
    if (!header_good(b))
        return PROTO_DONE;
    char from[16], to[16];
    struct text_out source = TEXT_OUT(from), destination = TEXT_OUT(to);
    struct record_ics r = {.protocol = BYTES("fins"), .has_function_raw = true};
    r.function_raw = bytes_at(b, HEAD_BYTES) * 256U + bytes_at(b, HEAD_BYTES + 1);
    r.function = ICS_NAME(functions, r.function_raw);
    r.destination = address(&b.data[3], &destination);
    r.source = address(&b.data[6], &source);
    pf->speaker = side;
    proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
    return PROTO_DONE;
}

const struct proto proto_fins = {
    .name = "fins",
    .carriers = OVER_TCP | OVER_UDP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = fins_probe,
    .parse = fins_parse,
};
