// SPDX-License-Identifier: Apache-2.0
// TDS 7.0 to 8.0 (MS-TDS), as SQL Server speaks it. One tds record for the prelogin, the log-on,
// each batch or remote call, with the answer: user, client and server, statement, first error,
// rows. NTLM of a log-on gives an ntlm record. Where TLS begins inside of TDS packets it is
// followed by lengths only, up to clear packets again or to the end. Not kept: passwords,
// parameters, rows. Of a message the first packet's first bytes and the last bytes are looked at:
// tds.h. After a gap outside what is skipped: let go.
#include "proto/tds.h"

enum { HEADER_BYTES = 8, END_OF_MESSAGE = 1 };

static enum proto_probe tds_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t type = cursor_u8(&in), status = cursor_u8(&in);
    if (type != TDS_PRELOGIN && type != TDS_LOGIN)
        return PROBE_NO;
    if (status > 1)
        return PROBE_NO;
    uint16_t length = cursor_u16(&in);
    if (first->data.len < HEADER_BYTES + 12)
        return first->data.len < 4 || length >= 20 ? PROBE_MORE : PROBE_NO;
    uint16_t spid = cursor_u16(&in);
    cursor_u8(&in);
    uint8_t window = cursor_u8(&in);
    if (spid != 0 || window != 0 || length < 20 || length > 4096)
        return PROBE_NO;
    if (type == TDS_LOGIN) {
        uint32_t whole = cursor_u32le(&in), version = cursor_u32le(&in);
        bool known = (version >> 28 == 7 && (version & 0xffff00) <= 0x0b0000) ||
                     version == 0x08000000 || (version >> 16 == 0x0700);
        bool fits = status == 0 || whole + HEADER_BYTES == length;
        return known && fits && whole >= 86 ? PROBE_CLIENT : PROBE_NO;
    }
    uint8_t token = cursor_u8(&in);
    uint16_t offset = cursor_u16(&in), size = cursor_u16(&in);
    bool likely = token == 0 && size == 6 && offset >= 6 && offset < length && offset % 5 == 1;
    return likely && cursor_u8(&in) != 0 ? PROBE_CLIENT : PROBE_NO;
}

static struct bytes command_name(uint8_t type)
{
    switch (type) {
    case TDS_BATCH: return BYTES("sql_batch");
    case TDS_RPC: return BYTES("rpc");
    case TDS_ATTENTION: return BYTES("attention");
    case TDS_BULK: return BYTES("bulk_load");
    case TDS_TRANSACTION: return BYTES("transaction");
    case TDS_LOGIN: return BYTES("login");
    default: return BYTES("prelogin");
    }
}

static struct bytes known(struct tds_flow *tds, const struct tds_name *name)
{
    return name->len > 0 ? arena_copy(&tds->arena, bytes_make(name->text, name->len))
                         : (struct bytes){NULL, 0};
}

void tds_begin(struct proto_flow *pf, uint8_t type)
{
    struct tds_flow *tds = tds_flow(pf);
    if (tds->active) {
        tds->owed++; // what comes next is not of this one
        tds_end(pf, false);
    }
    arena_init(&tds->arena, pf->arena.pool, TDS_TX_BYTES);
    tds->active = true;
    tds->type = type;
    tds->measured = false;
    tds->tx_id = pf->tx_count++;
    tds->time_us = pf->time_us;
    tds->record = (struct record_tds){
        .command = command_name(type),
        .user = known(tds, &tds->user),
        .database = known(tds, &tds->database),
    };
}

void tds_end(struct proto_flow *pf, bool answered)
{
    struct tds_flow *tds = tds_flow(pf);
    struct record_tds *out = &tds->record;
    if (!answered) {
        tds->database.len = 0; // it may have changed that
        out->has_success = out->has_rows = out->has_return_status = false;
    }
    if (tds->type == TDS_BATCH && !tds->measured) // how long it is is told by its end
        out->has_statement_length = out->statement_truncated = false;
    proto_emit_at(pf, RECORD_TDS, out, tds->tx_id, tds->time_us);
    tds->active = false;
    arena_reset(&tds->arena);
}

static void tail_add(struct tds_side *s, struct bytes data)
{
    if (data.len >= TDS_TAIL_BYTES) {
        memcpy(s->tail, bytes_from(data, data.len - TDS_TAIL_BYTES).data, TDS_TAIL_BYTES);
        s->tail_len = TDS_TAIL_BYTES;
        return;
    }
    size_t keep = TDS_TAIL_BYTES - data.len;
    if (s->tail_len > keep) {
        memmove(s->tail, &s->tail[s->tail_len - keep], keep);
        s->tail_len = keep;
    }
    if (data.len > 0)
        memcpy(&s->tail[s->tail_len], data.data, data.len);
    s->tail_len += data.len;
}

// A batch has ended: its text is what stands behind its headers.
static void measure_batch(struct tds_flow *tds)
{
    struct record_tds *out = &tds->record;
    uint64_t before = out->statement_length, whole = tds->side[FLOW_CLIENT].length;
    out->statement_length = whole > before ? whole - before : 0;
    out->statement_truncated = out->statement_length > 2U * STATEMENT_BYTES;
    tds->measured = true;
}

// A packet has gone by.
static void packet_over(struct proto_flow *pf, enum flow_side side)
{
    struct tds_flow *tds = tds_flow(pf);
    struct tds_side *s = &tds->side[side];
    if (s->tls) {
        s->tls = false;
        return;
    }
    s->inside = !(s->status & END_OF_MESSAGE);
    if (s->inside)
        return;
    if (side == FLOW_SERVER)
        tds_server_over(pf);
    else if (tds->active && tds->type == TDS_BATCH)
        measure_batch(tds);
    else if (tds->active && tds->type == TDS_ATTENTION)
        tds_end(pf, true);
}

static void skip_left(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tds_side *s = &tds_flow(pf)->side[side];
    struct bytes data = cursor_take(in, s->left < cursor_left(in) ? s->left : cursor_left(in));
    s->left -= (uint32_t)data.len;
    tail_add(s, data);
    if (s->left == 0)
        packet_over(pf, side);
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

// A record of TLS between packets: the log-on alone is encrypted, or everything.
static enum step take_tls(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tds_side *s = &tds_flow(pf)->side[side];
    cursor_skip(in, 3);
    s->left = cursor_u16(in);
    s->tls = true;
    return cursor_ok(in) ? STEP_ON : STEP_WAIT;
}

static enum step take_packet(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tds_flow *tds = tds_flow(pf);
    struct tds_side *s = &tds->side[side];
    uint8_t first = cursor_rest(in).data[0];
    if (first >= 0x14 && first <= 0x17)
        return take_tls(pf, side, in);
    uint8_t type = cursor_u8(in), status = cursor_u8(in);
    uint16_t length = cursor_u16(in);
    cursor_skip(in, 4);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (length < HEADER_BYTES || type > TDS_PRELOGIN ||
        (side == FLOW_SERVER && type != TDS_RESULT && type != TDS_PRELOGIN))
        return STEP_BROKEN;
    uint32_t size = length - HEADER_BYTES;
    size_t look = s->inside ? 0 : size < TDS_LOOK_BYTES ? size : TDS_LOOK_BYTES;
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    bool begins = !s->inside;
    struct cursor body = cursor_sub(in, look);
    s->left = size - (uint32_t)look;
    s->status = status;
    if (begins)
        s->tail_len = 0, s->length = 0;
    s->length += size;
    tail_add(s, cursor_rest(&body));
    bool wrapped = side == FLOW_SERVER && type == TDS_PRELOGIN;
    s->tls = wrapped;
    bool good = true;
    if (begins && side == FLOW_CLIENT)
        good = tds_client_message(pf, type, body);
    else if (begins && !wrapped)
        tds_server_message(pf, body);
    if (s->left == 0)
        packet_over(pf, side);
    return good ? STEP_ON : STEP_BROKEN;
}

static enum proto_verdict tds_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tds_flow *tds = tds_flow(pf);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = STEP_ON;
        if (tds->side[side].left > 0)
            skip_left(pf, side, in);
        else
            step = take_packet(pf, side, in);
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_TDS_MALFORMED);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict tds_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct tds_side *s = &tds_flow(pf)->side[side];
    if (lost >= s->left)
        return PROTO_DONE;
    s->left -= (uint32_t)lost;
    return PROTO_MORE;
}

static void tds_finish(struct proto_flow *pf)
{
    struct tds_flow *tds = tds_flow(pf);
    ntlm_result(&tds->ntlm, pf, NTLM_UNKNOWN);
    if (tds->active)
        tds_end(pf, false);
}

const struct proto proto_tds = {
    .name = "tds",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct tds_flow),
    .budget_bytes = 1024,
    .buffer_bytes = TDS_LOOK_BYTES + 2048,
    .probe = tds_probe,
    .parse = tds_parse,
    .gap = tds_gap,
    .finish = tds_finish,
};
