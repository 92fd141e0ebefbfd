// SPDX-License-Identifier: Apache-2.0
// WireGuard's handshakes (its white paper, section 5.4): initiation and response joined into one
// wireguard record by session numbers. Nothing in them can be read but these; data is counted by
// the flow. Messages have fixed lengths, which is what the probe rests on.
#include "proto/proto.h"

enum {
    INITIATION = 1,
    RESPONSE = 2,
    COOKIE = 3,
    DATA = 4,
    INITIATION_BYTES = 148,
    RESPONSE_BYTES = 92,
    COOKIE_BYTES = 64,
    DATA_BYTES = 32,
    MAC_BYTES = 16,
};

struct wireguard_state {
    bool waiting, told; // an initiation waits; something was recorded
    enum flow_side side;
    int64_t time_us;
    uint8_t sender[4], ephemeral[32];
    bool cookie;
};

// The message's type when length and reserved bytes fit it; 0: none.
static uint8_t message_type(struct bytes data)
{
    uint8_t type = bytes_at(data, 0);
    if (bytes_at(data, 1) || bytes_at(data, 2) || bytes_at(data, 3))
        return 0;
    switch (type) {
    case INITIATION: return data.len == INITIATION_BYTES ? type : 0;
    case RESPONSE: return data.len == RESPONSE_BYTES ? type : 0;
    case COOKIE: return data.len == COOKIE_BYTES ? type : 0;
    case DATA: return data.len >= DATA_BYTES && data.len % 16 == 0 ? type : 0;
    default: return 0;
    }
}

static enum proto_probe wireguard_probe(const struct proto_first *first)
{
    switch (message_type(first->data)) {
    case INITIATION: return PROBE_CLIENT;
    case RESPONSE: return PROBE_SERVER;
    case DATA: { // the counter, little endian, is far from its end
        struct cursor in = cursor_make(first->data);
        cursor_skip(&in, 8);
        return cursor_u64le(&in) >> 32 == 0 ? PROBE_EITHER : PROBE_NO;
    }
    default: return PROBE_NO;
    }
}

static void emit(struct proto_flow *pf, struct bytes receiver, bool answered)
{
    struct wireguard_state *s = pf->state;
    struct record_wireguard r = {
        .type = BYTES("handshake"),
        .sender_index = s->waiting ? bytes_make(s->sender, 4) : (struct bytes){NULL, 0},
        .ephemeral = s->waiting ? bytes_make(s->ephemeral, 32) : (struct bytes){NULL, 0},
        .receiver_index = receiver,
        .answered = answered,
        .cookie = s->waiting && s->cookie,
        .has_rtt = s->waiting && answered,
        .rtt = (double)(pf->time_us - s->time_us) / 1e6,
    };
    if (s->waiting)
        pf->speaker = s->side;
    proto_emit_at(pf, RECORD_WIREGUARD, &r, pf->tx_count++, s->waiting ? s->time_us : pf->time_us);
    s->waiting = false;
    s->told = true;
}

static void initiation(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct wireguard_state *s = pf->state;
    if (s->waiting)
        emit(pf, (struct bytes){NULL, 0}, false);
    memcpy(s->sender, cursor_take(in, 4).data, 4);
    memcpy(s->ephemeral, cursor_take(in, 32).data, 32);
    struct bytes mac2 = bytes_from(cursor_rest(in), cursor_left(in) - MAC_BYTES);
    s->cookie = false;
    for (size_t i = 0; i < mac2.len; i++)
        s->cookie |= mac2.data[i] != 0;
    s->waiting = true;
    s->side = side;
    s->time_us = pf->time_us;
}

static void other(
    struct proto_flow *pf, enum flow_side side, const char *type, struct bytes receiver)
{
    struct wireguard_state *s = pf->state;
    struct record_wireguard r = {.type = bytes_from_text(type), .receiver_index = receiver};
    pf->speaker = side;
    proto_emit(pf, RECORD_WIREGUARD, &r, pf->tx_count++);
    s->told = true;
}

static enum proto_verdict wireguard_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct wireguard_state *s = pf->state;
    uint8_t type = message_type(cursor_rest(in));
    cursor_skip(in, 4);
    switch (type) {
    case INITIATION: initiation(pf, side, in); break;
    case RESPONSE: {
        struct bytes sender = cursor_take(in, 4), receiver = cursor_take(in, 4);
        s->waiting = s->waiting && memcmp(s->sender, receiver.data, 4) == 0;
        pf->speaker = flow_other(side);
        emit(pf, sender, true);
        break;
    }
    case COOKIE: other(pf, side, "cookie_reply", cursor_take(in, 4)); break;
    case DATA:
        if (!s->told && !s->waiting)
            other(pf, side, "transport", cursor_take(in, 4));
        break;
    default: proto_anomaly(pf, ANOMALY_WIREGUARD_MALFORMED); break;
    }
    return PROTO_MORE;
}

static void wireguard_finish(struct proto_flow *pf)
{
    const struct wireguard_state *s = pf->state;
    if (s->waiting)
        emit(pf, (struct bytes){NULL, 0}, false);
}

const struct proto proto_wireguard = {
    .name = "wireguard",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct wireguard_state),
    .probe = wireguard_probe,
    .parse = wireguard_parse,
    .finish = wireguard_finish,
};
