// SPDX-License-Identifier: Apache-2.0
// GE SRTP (service request transport protocol, as its published analyses have it): named; one ics
// record for the first request of a flow. A connection begins with 56 octets of zero from the
// client, to which the server answers with 1 and zeros.
#include "proto/ics.h"

enum { SRTP_PORT = 18245, MESSAGE_BYTES = 56, AT_TYPE = 31, AT_SERVICE = 42 };

static const struct ics_name services[] = {{0x00, "short_status"}, {0x03, "return_program_names"},
    {0x04, "read_system_memory"}, {0x05, "read_task_memory"}, {0x06, "read_program_memory"},
    {0x07, "write_system_memory"}, {0x08, "write_task_memory"}, {0x09, "write_program_memory"},
    {0x20, "programmer_logon"}, {0x21, "change_privilege"}, {0x22, "set_cpu_id"},
    {0x23, "set_plc_state"}, {0x24, "set_clock"}, {0x25, "return_clock"},
    {0x38, "return_fault_table"}, {0x39, "clear_fault_table"}, {0x3f, "program_store"},
    {0x40, "program_load"}, {0x43, "return_controller_type"}, {0x44, "toggle_force"}};

static bool all_zero(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i])
            return false;
    return true;
}

static enum proto_probe srtp_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    bool to = first->dst_port == SRTP_PORT, from = first->src_port == SRTP_PORT;
    if (to == from || d.len > MESSAGE_BYTES || !all_zero(bytes_from(d, 1)))
        return PROBE_NO;
    if (bytes_at(d, 0) != (from ? 1 : 0))
        return PROBE_NO;
    if (d.len < MESSAGE_BYTES)
        return PROBE_MORE;
    return to ? PROBE_CLIENT : PROBE_SERVER;
}

static enum proto_verdict srtp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= MESSAGE_BYTES) {
        struct bytes message = cursor_take(in, MESSAGE_BYTES);
        bool request = bytes_at(message, 0) == 2 && bytes_at(message, AT_TYPE) == 0xc0;
        if (side != FLOW_CLIENT || !request)
            continue;
        struct record_ics r = {.protocol = BYTES("ge_srtp"), .has_function_raw = true};
        r.function_raw = bytes_at(message, AT_SERVICE);
        r.function = ICS_NAME(services, r.function_raw);
        pf->speaker = side;
        proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

const struct proto proto_ge_srtp = {
    .name = "ge_srtp",
    .carriers = OVER_TCP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = srtp_probe,
    .parse = srtp_parse,
};
