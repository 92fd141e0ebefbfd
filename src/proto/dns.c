// SPDX-License-Identifier: Apache-2.0
// DNS over UDP and TCP (RFC 1035 sections 4.2.1, 4.2.2). Emits one dns record a message, as EVE's
// version 3, with the time since the request in responses; a request still without response when
// its flow ends comes again as "unanswered". A response belongs to the newest waiting request with
// its id and question. After a gap in TCP the next thing that looks like a length and a message is
// taken for one. Limits: DNS_PENDING_MAX waiting requests a flow; those of a message in
// dns_message.h.
#include "proto/dns_message.h"

enum {
    DNS_PENDING_MAX = 64,
    DNS_PENDING_NAME_BYTES = 255,
    DNS_TCP_MESSAGE_BYTES = 2 + 65535,
};
static const int64_t dns_patience_us = 10'000'000; // an answer later than this is none

struct dns_request {
    struct dns_request *next; // older
    int64_t time_us;
    uint64_t tx;
    uint16_t id, flags;
    uint8_t name_len, type_len;
    char name[DNS_PENDING_NAME_BYTES];
    char type[16];
};

struct dns_state {
    struct dns_request *pending; // newest first
    struct dns_request *spare;
    uint32_t pending_count;
    bool asked;     // a request was seen
    bool resync[2]; // bytes are missing: look for the next message
    bool lossy;     // bytes were missing: what came after them was held back, times mislead
};

static enum proto_probe dns_probe(const struct proto_first *first)
{
    uint16_t src = first->src_port, dst = first->dst_port;
    bool strict = src != 53 && dst != 53, response = false, whole = first->carrier == OVER_UDP;
    struct bytes message = first->data;
    if (src == 137 || dst == 137 || dst == 5353 || src == 5355 || dst == 5355)
        return PROBE_NO; // NetBIOS, mDNS, LLMNR look alike
    if (!whole) {
        struct cursor in = cursor_make(first->data);
        uint16_t length = cursor_u16(&in);
        if (!cursor_ok(&in))
            return PROBE_MORE;
        message = bytes_sub(cursor_rest(&in), 0, length);
        whole = message.len == length;
    }
    switch (dns_message_likely(message, whole, strict, &response)) {
    case DNS_UNLIKELY: return PROBE_NO;
    case DNS_UNDECIDED: return PROBE_MORE;
    default: return response ? PROBE_SERVER : PROBE_CLIENT;
    }
}

static void record_head(struct record_dns *record, uint16_t flags, const char *type)
{
    record->version = 3;
    record->type = bytes_from_text(type);
    record->flags = flags;
    record->qr = flags >> 15;
    record->aa = flags >> 10 & 1;
    record->tc = flags >> 9 & 1;
    record->rd = flags >> 8 & 1;
    record->ra = flags >> 7 & 1;
    record->z = flags >> 6 & 1;
    record->opcode = dns_opcode(flags);
}

static void emit_unanswered(struct proto_flow *pf, const struct dns_request *request)
{
    struct record_dns_query query = {
        .rrname = bytes_make(request->name, request->name_len),
        .rrname_truncated = request->name_len == sizeof request->name,
        .rrtype = bytes_make(request->type, request->type_len),
    };
    struct record_dns record = {.tx_id = request->tx, .id = request->id};
    record_head(&record, request->flags, "unanswered");
    if (request->type_len) {
        record.queries = &query;
        record.queries_count = 1;
    }
    pf->speaker = FLOW_CLIENT;
    proto_emit_at(pf, RECORD_DNS, &record, request->tx, request->time_us);
}

static struct bytes question_name(const struct dns_message *m)
{
    return m->query_count ? bytes_sub(m->queries[0].rrname, 0, DNS_PENDING_NAME_BYTES)
                          : (struct bytes){NULL, 0};
}

static struct bytes question_type(const struct dns_message *m)
{
    return m->query_count ? m->queries[0].rrtype : (struct bytes){NULL, 0};
}

// Take the oldest waiting request out of the list, to use its memory.
static struct dns_request *drop_oldest(struct proto_flow *pf, struct dns_state *state)
{
    struct dns_request **at = &state->pending;
    while (*at && (*at)->next)
        at = &(*at)->next;
    struct dns_request *oldest = *at;
    if (!oldest)
        return NULL;
    *at = NULL;
    state->pending_count--;
    if (pf->time_us - oldest->time_us > dns_patience_us)
        emit_unanswered(pf, oldest);
    else
        proto_anomaly(pf, ANOMALY_DNS_FLOODED);
    return oldest;
}

static struct dns_request *new_request(struct proto_flow *pf, struct dns_state *state)
{
    struct dns_request *request = state->spare;
    if (request)
        state->spare = request->next;
    else if (state->pending_count < DNS_PENDING_MAX)
        request = arena_alloc(&pf->arena, sizeof *request);
    return request ? request : drop_oldest(pf, state);
}

// A request waits for its response from now on. Returns its transaction number.
static uint64_t add_request(
    struct proto_flow *pf, struct dns_state *state, const struct dns_message *m)
{
    struct dns_request *request = new_request(pf, state);
    struct bytes name = question_name(m), type = question_type(m);
    uint64_t tx = pf->tx_count++;
    state->asked = true;
    if (!request)
        return tx;
    *request = (struct dns_request){.next = state->pending,
        .time_us = pf->time_us,
        .tx = tx,
        .id = m->id,
        .flags = m->flags,
        .name_len = (uint8_t)name.len};
    if (name.len)
        memcpy(request->name, name.data, name.len);
    if (type.len && type.len <= sizeof request->type) {
        request->type_len = (uint8_t)type.len;
        memcpy(request->type, type.data, type.len);
    }
    state->pending = request;
    state->pending_count++;
    return tx;
}

static bool same_question(const struct dns_request *request, const struct dns_message *m)
{
    return !m->query_count ||
           (bytes_equal_nocase(bytes_make(request->name, request->name_len), question_name(m)) &&
               bytes_equal(bytes_make(request->type, request->type_len), question_type(m)));
}

// The request this response answers, taken off the list; NULL: none.
static struct dns_request *match_request(
    struct proto_flow *pf, struct dns_state *state, const struct dns_message *m)
{
    bool id_seen = false;
    for (struct dns_request **at = &state->pending; *at; at = &(*at)->next) {
        struct dns_request *request = *at;
        if (request->id != m->id)
            continue;
        id_seen = true;
        if (!same_question(request, m))
            continue;
        *at = request->next;
        request->next = state->spare;
        state->spare = request;
        state->pending_count--;
        return request;
    }
    if (id_seen)
        proto_anomaly(pf, ANOMALY_DNS_RESPONSE_MISMATCH);
    else if (state->asked)
        proto_anomaly(pf, ANOMALY_DNS_UNSOLICITED_RESPONSE);
    return NULL;
}

static void group(
    const struct dns_message *m, uint16_t type, const struct bytes **list, size_t *count)
{
    const struct dns_section *answers = &m->sections[0];
    size_t found = 0;
    for (size_t i = 0; i < answers->count; i++)
        found += answers->types[i] == type;
    struct bytes *values = found ? arena_alloc(m->arena, found * sizeof *values) : NULL;
    if (!values)
        return;
    for (size_t i = 0; i < answers->count; i++)
        if (answers->types[i] == type)
            values[(*count)++] = answers->records[i].rdata;
    *list = values;
}

static void group_answers(const struct dns_message *m, struct record_dns *record)
{
    group(m, DNS_A, &record->grouped.a, &record->grouped.a_count);
    group(m, DNS_AAAA, &record->grouped.aaaa, &record->grouped.aaaa_count);
    group(m, DNS_CNAME, &record->grouped.cname, &record->grouped.cname_count);
    group(m, DNS_MX, &record->grouped.mx, &record->grouped.mx_count);
    group(m, DNS_NS, &record->grouped.ns, &record->grouped.ns_count);
    group(m, DNS_PTR, &record->grouped.ptr, &record->grouped.ptr_count);
    group(m, DNS_TXT, &record->grouped.txt, &record->grouped.txt_count);
}

static struct record_dns message_record(const struct dns_message *m)
{
    bool response = dns_is_response(m->flags);
    struct record_dns record = {
        .id = m->id,
        .rcode = dns_rcode_name(m->arena, m->rcode),
        .queries = m->queries,
        .queries_count = m->query_count,
        .answers = m->sections[0].records,
        .answers_count = m->sections[0].count,
        .authorities = m->sections[1].records,
        .authorities_count = m->sections[1].count,
        .additionals = m->sections[2].records,
        .additionals_count = m->sections[2].count,
        .edns = m->edns,
    };
    record_head(&record, m->flags, response ? "response" : "request");
    if (response)
        group_answers(m, &record);
    return record;
}

static void note_time(struct record_dns *record, int64_t asked_us, int64_t now_us)
{
    record->has_rtt_us = now_us >= asked_us;
    if (record->has_rtt_us)
        record->rtt_us = (uint64_t)(now_us - asked_us);
}

static void emit_message(struct proto_flow *pf, enum flow_side side, const struct dns_message *m)
{
    struct dns_state *state = pf->state;
    struct record_dns record = message_record(m);
    if (!dns_is_response(m->flags)) {
        record.tx_id = add_request(pf, state, m);
    } else {
        const struct dns_request *request = match_request(pf, state, m);
        record.tx_id = request ? request->tx : pf->tx_count++;
        if (request && !state->lossy)
            note_time(&record, request->time_us, pf->time_us);
    }
    pf->speaker = side;
    proto_emit(pf, RECORD_DNS, &record, record.tx_id);
}

static void note_oddities(struct proto_flow *pf, enum flow_side side, struct dns_message *m)
{
    const struct decoded *packet = pf->packet;
    uint8_t opcode = dns_opcode(m->flags);
    // Two name servers ask each other from and to port 53: either side may ask there.
    bool both_ask = flow_port(pf->flow, FLOW_CLIENT) == flow_port(pf->flow, FLOW_SERVER);
    if (pf->carrier == OVER_UDP && packet && packet->payload_len < packet->payload_wire_len)
        m->problems &= ~(unsigned)DNS_MALFORMED; // the capture cut it, not the sender
    if (opcode == 3 || opcode > 6)
        proto_anomaly(pf, ANOMALY_DNS_INVALID_OPCODE);
    if (m->flags & 0x40)
        proto_anomaly(pf, ANOMALY_DNS_Z_FLAG_SET);
    if (dns_is_response(m->flags) != (side == FLOW_SERVER) && !both_ask)
        proto_anomaly(pf, ANOMALY_DNS_WRONG_DIRECTION);
    dns_message_report(m, pf);
}

static void parse_message(struct proto_flow *pf, enum flow_side side, struct bytes data, bool whole)
{
    struct arena arena;
    bool response;
    if (dns_message_likely(data, whole, false, &response) == DNS_UNLIKELY) {
        proto_anomaly(pf, ANOMALY_DNS_MALFORMED_DATA);
        return;
    }
    arena_init(&arena, pf->arena.pool, DNS_MESSAGE_BUDGET);
    struct dns_message m = {.arena = &arena};
    struct cursor in = cursor_make(data);
    proto_frame(pf, FRAME_DNS_PDU, side, data, (int64_t)data.len, UINT64_MAX);
    if (dns_message_read(&m, &in)) {
        note_oddities(pf, side, &m);
        emit_message(pf, side, &m);
    }
    arena_reset(&arena);
}

void dns_carried(
    struct proto_flow *pf, enum flow_side side, uint64_t tx_id, struct bytes data, int64_t asked_us)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, DNS_MESSAGE_BUDGET);
    struct dns_message m = {.arena = &arena};
    struct cursor in = cursor_make(data);
    if (dns_message_read(&m, &in)) {
        struct record_dns record = message_record(&m);
        note_oddities(pf, side, &m);
        record.tx_id = tx_id;
        if (dns_is_response(m.flags) && asked_us)
            note_time(&record, asked_us, pf->time_us);
        pf->speaker = side;
        pf->goes_on = true;
        proto_emit(pf, RECORD_DNS, &record, tx_id);
        pf->goes_on = false;
        pf->speaker = FLOW_CLIENT;
    } else {
        proto_anomaly(pf, ANOMALY_DNS_MALFORMED_DATA);
    }
    arena_reset(&arena);
}

// Skip to what looks like a length and a message of this side. False: not among these bytes.
static bool find_message(struct dns_state *state, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= 2) {
        struct cursor ahead = *in;
        uint16_t length = cursor_u16(&ahead);
        struct bytes message = bytes_sub(cursor_rest(&ahead), 0, length);
        bool whole = message.len == length, response = side == FLOW_SERVER;
        enum dns_likely likely = dns_message_likely(message, whole, true, &response);
        if (likely != DNS_UNLIKELY && response == (side == FLOW_SERVER)) {
            state->resync[side] = !(whole && likely == DNS_LIKELY);
            return !state->resync[side];
        }
        cursor_skip(in, 1);
    }
    return false;
}

static enum proto_verdict parse_stream(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dns_state *state = pf->state;
    if (state->resync[side] && !find_message(state, side, in))
        return PROTO_MORE;
    while (cursor_left(in) >= 2) {
        struct cursor ahead = *in;
        uint16_t length = cursor_u16(&ahead);
        if (length < DNS_HEADER_BYTES) {
            proto_anomaly(pf, ANOMALY_DNS_MALFORMED_DATA);
            return PROTO_BROKEN;
        }
        if (cursor_left(&ahead) < length) {
            pf->need[side] = 2U + length;
            break;
        }
        parse_message(pf, side, cursor_take(&ahead, length), true);
        *in = ahead;
    }
    return PROTO_MORE;
}

static enum proto_verdict dns_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier == OVER_TCP)
        return parse_stream(pf, side, in);
    const struct decoded *packet = pf->packet;
    bool whole = !packet || packet->payload_len >= packet->payload_wire_len;
    parse_message(pf, side, cursor_take(in, cursor_left(in)), whole);
    return PROTO_MORE;
}

static enum proto_verdict dns_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct dns_state *state = pf->state;
    (void)lost;
    state->resync[side] = true;
    state->lossy = true;
    return PROTO_MORE;
}

static void dns_finish(struct proto_flow *pf)
{
    struct dns_state *state = pf->state;
    struct dns_request *oldest = NULL;
    while (state->pending) { // turn the list round: oldest first
        struct dns_request *request = state->pending;
        state->pending = request->next;
        request->next = oldest;
        oldest = request;
    }
    for (; oldest; oldest = oldest->next)
        emit_unanswered(pf, oldest);
}

const struct proto proto_dns = {
    .name = "dns",
    .carriers = OVER_UDP | OVER_TCP,
    .state_bytes = sizeof(struct dns_state),
    .budget_bytes = 32768,
    .buffer_bytes = DNS_TCP_MESSAGE_BYTES,
    .probe = dns_probe,
    .parse = dns_parse,
    .gap = dns_gap,
    .finish = dns_finish,
};
