// SPDX-License-Identifier: Apache-2.0
// Link-Local Multicast Name Resolution (RFC 4795): DNS messages to 224.0.0.252 or ff02::1:3, port
// 5355, answered from there; over TCP with a length before each. Emits one llmnr record a message,
// as EVE's: type names in lower case. A multicast question and its answers are different flows and
// so not paired. Limits: those of one DNS message (dns_message.h).
#include "proto/dns_message.h"

enum { LLMNR_PORT = 5355, LLMNR_TCP_BYTES = 2 + 65535 };

static enum proto_probe llmnr_probe(const struct proto_first *first)
{
    bool response, whole = first->carrier == OVER_UDP;
    struct bytes message = first->data;
    if (first->src_port != LLMNR_PORT && first->dst_port != LLMNR_PORT)
        return PROBE_NO; // without the port nothing tells it from DNS
    if (!whole) {
        struct cursor in = cursor_make(first->data);
        uint16_t length = cursor_u16(&in);
        if (!cursor_ok(&in))
            return PROBE_MORE;
        message = bytes_sub(cursor_rest(&in), 0, length);
        whole = message.len == length;
    }
    switch (dns_message_likely(message, whole, false, &response)) {
    case DNS_UNLIKELY: return PROBE_NO;
    case DNS_UNDECIDED: return PROBE_MORE;
    default: return response ? PROBE_SERVER : PROBE_CLIENT;
    }
}

static void emit_message(struct proto_flow *pf, enum flow_side side, struct dns_message *m)
{
    bool response = dns_is_response(m->flags);
    struct record_llmnr record = {
        .type = response ? BYTES("response") : BYTES("request"),
        .id = m->id,
        .opcode = dns_opcode(m->flags),
        .flags = m->flags,
        .conflict = m->flags >> 10 & 1,
        .tc = m->flags >> 9 & 1,
        .tentative = m->flags >> 8 & 1,
        .rcode = response ? dns_rcode_name(m->arena, m->rcode) : (struct bytes){NULL, 0},
        .queries = m->queries,
        .queries_count = m->query_count,
    };
    dns_lower_questions(m);
    record.answers_count = dns_named_values(m, 0, &record.answers);
    record.authorities_count = dns_named_values(m, 1, &record.authorities);
    record.additionals_count = dns_named_values(m, 2, &record.additionals);
    pf->speaker = side;
    proto_emit(pf, RECORD_LLMNR, &record, pf->tx_count++);
}

static void take_message(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, DNS_MESSAGE_BUDGET);
    struct dns_message m = {.arena = &arena, .utf8 = true};
    struct cursor in = cursor_make(data);
    if (dns_message_read(&m, &in))
        emit_message(pf, side, &m);
    else
        m.problems |= DNS_MALFORMED;
    dns_message_report(&m, pf);
    arena_reset(&arena);
}

static enum proto_verdict llmnr_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier == OVER_UDP) {
        take_message(pf, side, cursor_rest(in));
        return PROTO_MORE;
    }
    while (cursor_left(in) >= 2) {
        struct cursor ahead = *in;
        uint16_t length = cursor_u16(&ahead);
        if (cursor_left(&ahead) < length) {
            pf->need[side] = 2U + length;
            return PROTO_MORE;
        }
        if (length < DNS_HEADER_BYTES) {
            proto_anomaly(pf, ANOMALY_DNS_MALFORMED_DATA);
            return PROTO_BROKEN;
        }
        take_message(pf, side, cursor_take(&ahead, length));
        *in = ahead;
    }
    return PROTO_MORE;
}

const struct proto proto_llmnr = {
    .name = "llmnr",
    .carriers = OVER_UDP | OVER_TCP,
    .buffer_bytes = LLMNR_TCP_BYTES,
    .probe = llmnr_probe,
    .parse = llmnr_parse,
};
