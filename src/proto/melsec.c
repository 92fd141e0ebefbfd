// SPDX-License-Identifier: Apache-2.0
// Mitsubishi MELSEC communication protocol (SLMP), binary frames 3E and 4E over TCP and UDP: named;
// one ics record for the first request of a flow.
#include "proto/ics.h"

static const struct ics_name commands[] = {{0x0101, "read_type_name"}, {0x0401, "device_read"},
    {0x0403, "device_read_random"}, {0x0406, "device_read_block"}, {0x0613, "memory_read"},
    {0x0619, "self_test"}, {0x1001, "remote_run"}, {0x1002, "remote_stop"},
    {0x1003, "remote_pause"}, {0x1005, "remote_latch_clear"}, {0x1006, "remote_reset"},
    {0x1401, "device_write"}, {0x1402, "device_write_random"}, {0x1406, "device_write_block"},
    {0x1613, "memory_write"}, {0x1617, "clear_error"}, {0x1630, "remote_unlock"},
    {0x1631, "remote_lock"}, {0x1810, "file_directory"}, {0x1827, "file_open"},
    {0x1828, "file_read"}, {0x1829, "file_write"}, {0x182a, "file_close"}};

enum { WAIT_BYTES = 64 }; // for the rest of a request, before it is judged to be none

// The command of a whole request; 0: it is none.
static uint32_t command_of(struct bytes d)
{
    struct cursor in = cursor_make(d);
    uint16_t mark = cursor_u16(&in);
    if (mark != 0x5000 && mark != 0x5400)
        return 0;
    if (mark == 0x5400) {
        cursor_skip(&in, 2);
        if (cursor_u16(&in) != 0)
            return 0;
    }
    cursor_skip(&in, 2); // network, station
    uint16_t module = cursor_u16le(&in);
    cursor_skip(&in, 1);
    uint16_t length = cursor_u16le(&in);
    bool whole = length == cursor_left(&in) && length >= 6;
    cursor_skip(&in, 2); // timer
    uint16_t command = cursor_u16le(&in);
    bool known = ICS_NAME(commands, command).data != NULL;
    return whole && known && module >> 4 == 0x3f && cursor_ok(&in) ? command : 0;
}

static enum proto_probe melsec_probe(const struct proto_first *first)
{
    uint8_t mark = bytes_at(first->data, 0);
    if ((mark != 0x50 && mark != 0x54) || bytes_at(first->data, 1))
        return PROBE_NO;
    if (command_of(first->data))
        return PROBE_CLIENT;
    return first->carrier == OVER_TCP && first->data.len < WAIT_BYTES ? PROBE_MORE : PROBE_NO;
}

static enum proto_verdict melsec_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct record_ics r = {.protocol = BYTES("melsec")};
    r.function_raw = command_of(cursor_rest(in));
    if (!r.function_raw && pf->carrier == OVER_TCP && cursor_left(in) < 64 && !pf->ended[side])
        return PROTO_MORE;
    r.has_function_raw = r.function_raw != 0;
    r.function = ICS_NAME(commands, r.function_raw);
    pf->speaker = side;
    proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
    return PROTO_DONE;
}

const struct proto proto_melsec = {
    .name = "melsec",
    .carriers = OVER_TCP | OVER_UDP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = melsec_probe,
    .parse = melsec_parse,
};
