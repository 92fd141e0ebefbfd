// SPDX-License-Identifier: Apache-2.0
// HART-IP over TCP and UDP (HCF_SPEC-85): named; one ics record for the first message of a flow.
#include "proto/ics.h"

enum { HART_PORT = 5094, HEAD_BYTES = 8 };

static const struct ics_name messages[] = {{0, "session_initiate"}, {1, "session_close"},
    {2, "keep_alive"}, {3, "token_passing"}, {4, "direct"}, {128, "read_audit_log"}};

static enum proto_probe hart_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    uint8_t type = bytes_at(d, 1), id = bytes_at(d, 2);
    if (bytes_at(d, 0) != 1 || type > 2 || id > 4)
        return PROBE_NO;
    size_t size = bytes_at(d, 6) * 256U + bytes_at(d, 7);
    bool session = id == 0 && size == 13 && bytes_at(d, HEAD_BYTES) <= 1;
    bool port_wait = first->carrier == OVER_TCP && d.len < HEAD_BYTES + 5;
    bool port = first->dst_port == HART_PORT || first->src_port == HART_PORT;
    if (port_wait && port && d.len < size + (d.len < HEAD_BYTES ? HEAD_BYTES : 0))
        return PROBE_MORE;
    // A session begins with the kind of master and a time; what HART carries begins with its frame.
    uint8_t delimiter = bytes_at(d, HEAD_BYTES) & 0x67;
    bool passed = id == 3 && size >= 6 && (delimiter == 2 || delimiter == 6);
    bool bare = (id == 1 || id == 2) && size == HEAD_BYTES && port;
    if (d.len != size || (!session && !passed && !bare) || bytes_at(d, 3) > 64)
        return PROBE_NO;
    return type == 1 ? PROBE_SERVER : PROBE_CLIENT;
}

static enum proto_verdict hart_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes b = cursor_rest(in);
    if (b.len < HEAD_BYTES && pf->carrier == OVER_TCP)
        return PROTO_MORE;
    struct record_ics r = {.protocol = BYTES("hart_ip"), .has_function_raw = true};
    r.function_raw = bytes_at(b, 2);
    r.function = ICS_NAME(messages, r.function_raw);
    pf->speaker = side;
    proto_emit(pf, RECORD_ICS, &r, pf->tx_count++);
    return PROTO_DONE;
}

const struct proto proto_hart_ip = {
    .name = "hart-ip",
    .carriers = OVER_TCP | OVER_UDP,
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = hart_probe,
    .parse = hart_parse,
};
