// SPDX-License-Identifier: Apache-2.0
// AMQP 0-9-1 (amqp.org, 2008) and 1.0 (OASIS 2012). Of 0-9-1 one amqp record for the log-on up to
// the open virtual host, one for each queue, exchange and consumer that is declared with the
// answer, one for each message published, delivered, fetched or returned with its length, one for
// each close. Of 1.0 one for each open, attach, close and step of SASL. Not kept: passwords,
// messages. Limits: amqp.h. After a gap outside what is skipped: let go.
#include "proto/amqp.h"

enum { HEADER_BYTES = 8, FRAME_METHOD = 1, FRAME_HEADER = 2, FRAME_END = 0xce };

// A method of AMQP 0-9-1 with the mark at its end: the client's header was not seen.
static enum proto_probe probe_method(struct bytes data)
{
    struct cursor in = cursor_make(data);
    cursor_u8(&in);
    uint16_t channel = cursor_u16(&in);
    uint32_t size = cursor_u32(&in);
    uint16_t class = cursor_u16(&in), method = cursor_u16(&in);
    if (data.len < 3 ? bytes_at(data, 1) > 8 : channel > 2047)
        return PROBE_NO;
    if (data.len >= 7 && (size < 4 || size > 4096))
        return PROBE_NO;
    if (data.len < 11)
        return PROBE_MORE;
    bool known = (class == 10 || class == 20 || class == 40 || class == 50 || class == 60) &&
                 method >= 10 && method <= 111 && (class != 10 || channel == 0);
    if (!known)
        return PROBE_NO;
    if (data.len < 8 + size)
        return class == 10 && method == 10 && bytes_at(data, 12) == 9 ? PROBE_SERVER : PROBE_MORE;
    if (data.data[7 + size] != FRAME_END)
        return PROBE_NO;
    if (class == 60 && (method == 40 || method == 80))
        return PROBE_CLIENT;
    return (class == 60 && method == 60) || (class == 10 && method == 10) ? PROBE_SERVER
                                                                          : PROBE_EITHER;
}

static enum proto_probe amqp_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    struct bytes tag = BYTES("AMQP");
    if (data.data[0] == 'A' && data.len < HEADER_BYTES)
        return bytes_start_with(data, bytes_sub(tag, 0, data.len)) || bytes_start_with(data, tag)
                   ? PROBE_MORE
                   : PROBE_NO;
    if (bytes_start_with(data, tag)) // what kind; 0 or 1; version 0-9-1 or 1.0, or an older one
        return data.data[4] <= 3 && data.data[5] <= 9 && data.data[6] <= 10 ? PROBE_EITHER
                                                                            : PROBE_NO;
    return data.data[0] == 1 ? probe_method(data) : PROBE_NO;
}

struct bytes amqp_keep(struct amqp_tx *tx, struct bytes text)
{
    return text_keep_start(&tx->arena, text, AMQP_TEXT_BYTES);
}

// Authorization, user and password, with zeros between.
void amqp_take_plain(struct amqp_tx *tx, struct bytes response)
{
    size_t zero = bytes_find_byte(response, 0);
    if (zero == BYTES_NOT_FOUND)
        return;
    struct bytes rest = bytes_from(response, zero + 1);
    tx->record.user = amqp_keep(tx, bytes_sub(rest, 0, bytes_find_byte(rest, 0)));
}

struct amqp_tx *amqp_begin(struct proto_flow *pf, enum flow_side side, struct bytes method)
{
    struct arena arena;
    struct amqp_tx *tx = arena_hold(&arena, pf->arena.pool, AMQP_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    tx->side = side;
    tx->record.method = method;
    tx->record.from_client = side == FLOW_CLIENT;
    if (amqp_flow(pf)->greeted)
        tx->record.version = amqp_flow(pf)->modern ? BYTES("1.0") : BYTES("0-9-1");
    return tx;
}

void amqp_end(struct proto_flow *pf, struct amqp_tx *tx)
{
    proto_emit_at(pf, RECORD_AMQP, &tx->record, tx->id, tx->time_us);
    arena_release(&tx->arena); // it holds tx
}

struct amqp_tx *amqp_take(struct amqp_flow *amqp, size_t at)
{
    struct amqp_tx *tx = amqp->pending[at];
    amqp->count--;
    memmove(&amqp->pending[at], &amqp->pending[at + 1], (amqp->count - at) * sizeof *amqp->pending);
    return tx;
}

void amqp_wait(struct proto_flow *pf, struct amqp_tx *tx)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    if (amqp->count == AMQP_PENDING) {
        proto_anomaly(pf, ANOMALY_AMQP_TOO_MANY_REQUESTS);
        amqp_end(pf, amqp_take(amqp, 0));
    }
    amqp->pending[amqp->count++] = tx;
}

struct amqp_tx *amqp_connection(struct proto_flow *pf)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    if (!amqp->connection)
        amqp->connection = amqp_begin(pf, FLOW_CLIENT, BYTES("connection"));
    return amqp->connection;
}

void amqp_connection_over(struct proto_flow *pf)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    amqp_end(pf, amqp->connection);
    amqp->connection = NULL;
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

// "AMQP", which protocol behind it (0: AMQP, 2: TLS, 3: SASL), major, minor, revision
static enum step take_header(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    cursor_skip(in, 4);
    uint8_t what = cursor_u8(in), major = cursor_u8(in);
    cursor_skip(in, 2);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (side == FLOW_CLIENT || !amqp->greeted)
        amqp->modern = what == 3 || what == 2 || major == 1;
    amqp->greeted = true;
    amqp->tls |= what == 2 && side == FLOW_SERVER; // both go over to TLS
    return STEP_ON;
}

// How much of a frame is wanted: of one with a message's body nothing.
static size_t look_bytes(const struct amqp_flow *amqp, uint8_t type, size_t size)
{
    if (!amqp->modern && type != FRAME_METHOD && type != FRAME_HEADER)
        return 0;
    return size < AMQP_LOOK_BYTES ? size : AMQP_LOOK_BYTES;
}

static enum step take_frame(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    uint8_t type = cursor_u8(in);
    uint16_t channel = cursor_u16(in);
    uint32_t size = cursor_u32(in);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (type == 0 || (type > 3 && type != 8) || size > 1U << 30)
        return STEP_BROKEN;
    size_t look = look_bytes(amqp, type, size);
    if (cursor_left(in) < look) {
        pf->need[side] = 7 + look;
        return STEP_WAIT;
    }
    struct cursor body = cursor_sub(in, look);
    amqp->left[side] = size - look + 1; // with the mark of its end
    if (type == FRAME_METHOD)
        return amqp_method(pf, side, channel, body) ? STEP_ON : STEP_BROKEN;
    if (type == FRAME_HEADER)
        amqp_content(pf, side, channel, body);
    return STEP_ON;
}

static enum step take_frame10(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    uint32_t size = cursor_u32(in);
    uint8_t offset = cursor_u8(in), type = cursor_u8(in);
    uint16_t channel = cursor_u16(in);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (size < HEADER_BYTES || offset < 2 || offset * 4U > size || type > 1)
        return STEP_BROKEN;
    size_t look = look_bytes(amqp, type, size - HEADER_BYTES);
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    struct cursor body = cursor_sub(in, look);
    amqp->left[side] = size - HEADER_BYTES - look;
    cursor_skip(&body, offset * 4U - HEADER_BYTES); // extended header
    amqp_performative(pf, side, channel, body);
    return STEP_ON;
}

static enum step take_one(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    size_t left = cursor_left(in);
    if (amqp->left[side] > 0) {
        size_t here = left < amqp->left[side] ? left : (size_t)amqp->left[side];
        struct bytes data = cursor_take(in, here);
        amqp->left[side] -= here;
        bool end = amqp->left[side] == 0 && !amqp->modern;
        return end && data.data[here - 1] != FRAME_END ? STEP_BROKEN : STEP_ON;
    }
    if (cursor_rest(in).data[0] == 'A')
        return take_header(pf, side, in);
    return amqp->modern ? take_frame10(pf, side, in) : take_frame(pf, side, in);
}

static enum proto_verdict amqp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = take_one(pf, side, in);
        if (amqp->tls) {
            proto_switch(pf, &proto_tls);
            return PROTO_DONE;
        }
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_AMQP_MALFORMED);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict amqp_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    if (lost >= amqp->left[side])
        return PROTO_DONE;
    amqp->left[side] -= lost;
    return PROTO_MORE;
}

static void amqp_finish(struct proto_flow *pf)
{
    struct amqp_flow *amqp = amqp_flow(pf);
    if (amqp->connection)
        amqp_connection_over(pf);
    while (amqp->count > 0)
        amqp_end(pf, amqp_take(amqp, 0));
}

const struct proto proto_amqp = {
    .name = "amqp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct amqp_flow),
    .budget_bytes = 1024,
    .buffer_bytes = AMQP_LOOK_BYTES + 2048,
    .probe = amqp_probe,
    .parse = amqp_parse,
    .gap = amqp_gap,
    .finish = amqp_finish,
};
