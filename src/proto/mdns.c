// SPDX-License-Identifier: Apache-2.0
// Multicast DNS (RFC 6762) and with it DNS-SD (RFC 6763): DNS messages between port 5353 and a
// multicast address. Emits one mdns record a message, as EVE's: type names in lower case, the
// values people look for under their type's name. Names are UTF-8. There are no transactions:
// anybody answers anybody, once, later or unasked. Limits: those of one DNS message
// (dns_message.h).
#include "proto/dns_message.h"

enum { MDNS_PORT = 5353 };

static enum proto_probe mdns_probe(const struct proto_first *first)
{
    bool response;
    if (first->src_port != MDNS_PORT && first->dst_port != MDNS_PORT)
        return PROBE_NO; // without the port nothing tells it from DNS
    if (dns_message_likely(first->data, true, false, &response) != DNS_LIKELY)
        return PROBE_NO;
    return PROBE_EITHER;
}

static void emit_message(struct proto_flow *pf, enum flow_side side, struct dns_message *m)
{
    struct record_mdns record = {
        .type = dns_is_response(m->flags) ? BYTES("response") : BYTES("request"),
        .id = m->id,
        .flags = m->flags,
        .queries = m->queries,
        .queries_count = m->query_count,
    };
    dns_lower_questions(m);
    record.answers_count = dns_named_values(m, 0, &record.answers);
    record.authorities_count = dns_named_values(m, 1, &record.authorities);
    record.additionals_count = dns_named_values(m, 2, &record.additionals);
    pf->speaker = side;
    proto_emit(pf, RECORD_MDNS, &record, pf->tx_count++);
}

static enum proto_verdict mdns_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, DNS_MESSAGE_BUDGET);
    struct dns_message m = {.arena = &arena, .utf8 = true};
    if (!dns_message_read(&m, in))
        m.problems |= DNS_MALFORMED;
    else if (dns_opcode(m.flags) == 0 &&
             (m.flags & 15) == 0) // others are to be ignored (18.3, 18.11)
        emit_message(pf, side, &m);
    dns_message_report(&m, pf);
    arena_reset(&arena);
    return PROTO_MORE;
}

const struct proto proto_mdns = {
    .name = "mdns",
    .carriers = OVER_UDP,
    .probe = mdns_probe,
    .parse = mdns_parse,
};
