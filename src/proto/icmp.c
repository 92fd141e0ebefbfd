// SPDX-License-Identifier: Apache-2.0
// ICMP (RFC 792) and ICMPv6 (RFC 4443). Emits one icmp record for an echo request and its reply
// together, with the time between and whether the payload came back unchanged, and one for each
// other message. Floods and long pings: after ICMP_RECORDS_MAX records of a flow messages are only
// counted, and the last record of the flow says how many.
#include "base/hash.h"
#include "proto/icmp_message.h"

enum {
    ICMP_RECORDS_MAX = 32,
    ICMP_WAITING_MAX = 8, // echo requests without reply yet
};

struct icmp_echo {
    int64_t time_us; // 0: free
    uint64_t digest; // of the payload
    uint32_t bytes;
    uint16_t id, seq;
};

struct icmp_state {
    struct icmp_echo waiting[ICMP_WAITING_MAX]; // a ring
    uint8_t next;
    uint8_t records;
    uint8_t last_type, last_code;
    uint64_t counted, counted_replies; // without a record of their own
};

static enum proto_probe icmp_probe(const struct proto_first *first)
{
    return first->ip_proto == PROTO_ICMPV6 ? PROBE_NO : PROBE_EITHER; // the table knows who asks
}

static bool is_echo(uint8_t ip_version, uint8_t type)
{
    return type == (ip_version == 6 ? 128 : 8);
}

static bool is_echo_reply(uint8_t ip_version, uint8_t type)
{
    return type == (ip_version == 6 ? 129 : 0);
}

// Emit, or only count when the flow has had its share.
static void emit(struct proto_flow *pf, const struct record_icmp *icmp, int64_t time_us)
{
    struct icmp_state *state = pf->state;
    if (state->records < ICMP_RECORDS_MAX) {
        state->records++;
        proto_emit_at(pf, RECORD_ICMP, icmp, pf->tx_count++, time_us);
        return;
    }
    state->last_type = icmp->type;
    state->last_code = icmp->code;
    state->counted++;
    state->counted_replies += icmp->has_reply_bytes;
}

static void emit_unanswered(struct proto_flow *pf, struct icmp_echo *echo)
{
    uint8_t version = pf->flow->ip_version;
    struct record_icmp icmp = {.type = version == 6 ? 128 : 8, .unanswered = true};
    if (!echo->time_us)
        return;
    icmp_name(&icmp, version);
    icmp.has_id = icmp.has_seq = icmp.has_payload_bytes = true;
    icmp.id = echo->id;
    icmp.seq = echo->seq;
    icmp.payload_bytes = echo->bytes;
    pf->speaker = FLOW_CLIENT;
    emit(pf, &icmp, echo->time_us);
    echo->time_us = 0;
}

static void read_request(struct proto_flow *pf, struct cursor *in)
{
    struct icmp_state *state = pf->state;
    struct icmp_echo *echo = &state->waiting[state->next];
    uint16_t id = cursor_u16(in), seq = cursor_u16(in);
    struct bytes payload = cursor_rest(in);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_ICMP_MALFORMED_DATA);
        return;
    }
    emit_unanswered(pf, echo);
    *echo = (struct icmp_echo){pf->time_us, hash_bytes(payload, 0), (uint32_t)payload.len, id, seq};
    state->next = (uint8_t)((state->next + 1) % ICMP_WAITING_MAX);
}

static struct icmp_echo *find_echo(struct icmp_state *state, uint16_t id, uint16_t seq)
{
    for (size_t i = 0; i < ICMP_WAITING_MAX; i++) {
        struct icmp_echo *echo = &state->waiting[i];
        if (echo->time_us && echo->id == id && echo->seq == seq)
            return echo;
    }
    return NULL;
}

static void read_reply(
    struct proto_flow *pf, enum flow_side side, struct record_icmp *icmp, struct cursor *in)
{
    uint8_t version = pf->flow->ip_version;
    icmp->id = cursor_u16(in);
    icmp->seq = cursor_u16(in);
    struct bytes payload = cursor_rest(in);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_ICMP_MALFORMED_DATA);
        return;
    }
    struct icmp_echo *echo = find_echo(pf->state, icmp->id, icmp->seq);
    icmp->has_id = icmp->has_seq = icmp->has_reply_bytes = true;
    icmp->reply_bytes = (uint32_t)payload.len;
    pf->speaker = echo ? FLOW_CLIENT : side;
    if (echo) {
        icmp->type = version == 6 ? 128 : 8;
        icmp->has_payload_bytes = icmp->has_rtt_us = true;
        icmp->payload_bytes = echo->bytes;
        icmp->rtt_us = pf->time_us > echo->time_us ? (uint64_t)(pf->time_us - echo->time_us) : 0;
        icmp->reply_differs = echo->bytes != payload.len || echo->digest != hash_bytes(payload, 0);
        echo->time_us = 0;
    }
    icmp_name(icmp, version);
    emit(pf, icmp, pf->time_us);
}

static void read_other(
    struct proto_flow *pf, enum flow_side side, struct record_icmp *icmp, struct cursor *in)
{
    struct icmp_room room;
    const struct decoded *packet = pf->packet;
    bool cut = packet && packet->payload_len < packet->payload_wire_len;
    icmp_name(icmp, pf->flow->ip_version);
    if (!icmp_body_read(icmp, pf->flow->ip_version, in, &room) && !cut)
        proto_anomaly(pf, ANOMALY_ICMP_MALFORMED_DATA);
    pf->speaker = side;
    emit(pf, icmp, pf->time_us);
}

enum proto_verdict icmp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct record_icmp icmp = {.type = cursor_u8(in)};
    icmp.code = cursor_u8(in);
    cursor_skip(in, 2);
    if (!cursor_ok(in))
        proto_anomaly(pf, ANOMALY_ICMP_MALFORMED_DATA);
    else if (is_echo(pf->flow->ip_version, icmp.type))
        read_request(pf, in);
    else if (is_echo_reply(pf->flow->ip_version, icmp.type))
        read_reply(pf, side, &icmp, in);
    else
        read_other(pf, side, &icmp, in);
    return PROTO_MORE;
}

void icmp_finish(struct proto_flow *pf)
{
    struct icmp_state *state = pf->state;
    for (size_t i = 0; i < ICMP_WAITING_MAX; i++)
        emit_unanswered(pf, &state->waiting[(state->next + i) % ICMP_WAITING_MAX]);
    if (!state->counted)
        return;
    struct record_icmp icmp = {.type = state->last_type, .code = state->last_code};
    icmp_name(&icmp, pf->flow->ip_version);
    icmp.has_count = icmp.has_replies = true;
    icmp.count = state->counted;
    icmp.replies = state->counted_replies;
    pf->speaker = FLOW_CLIENT;
    proto_emit(pf, RECORD_ICMP, &icmp, UINT64_MAX);
}

_Static_assert(sizeof(struct icmp_state) <= ICMP_STATE_BYTES, "room for what both versions keep");

const struct proto proto_icmp = {
    .name = "icmp",
    .carriers = OVER_ICMP,
    .state_bytes = ICMP_STATE_BYTES,
    .probe = icmp_probe,
    .parse = icmp_parse,
    .finish = icmp_finish,
};
