// SPDX-License-Identifier: Apache-2.0
// Modbus over TCP and UDP (Modbus Application Protocol V1.1b3, Modbus Messaging on TCP/IP V1.0b).
// Emits one modbus record an exchange: request and response are paired by transaction identifier
// and unit; an exchange that stays one-sided is written when the flow ends or a newer one needs its
// place (ICS_WAITS_MAX). Function 43/14 yields the device's identity, function 90 (UMAS) the name
// of the programming command. File records, FIFO contents and other rare functions are only bytes.
#include "proto/modbus.h"

static bool shape_request(struct bytes pdu)
{
    uint8_t function = bytes_at(pdu, 0);
    size_t count = bytes_at(pdu, 5);
    switch (function) {
    case 1:
    case 2:
    case 3:
    case 4: {
        unsigned quantity = bytes_at(pdu, 3) * 256U + bytes_at(pdu, 4);
        return pdu.len == 5 && quantity > 0 && quantity <= (function < 3 ? 2000 : 125);
    }
    case 5: return pdu.len == 5 && bytes_at(pdu, 4) == 0 && (uint8_t)(bytes_at(pdu, 3) + 1) < 2;
    case 6: return pdu.len == 5;
    case 15:
    case 16: return pdu.len == 6 + count && count > 0;
    case 23: return pdu.len == 10U + bytes_at(pdu, 9) && pdu.len > 10;
    case 43: return pdu.len == 4 && bytes_at(pdu, 1) == 14 && bytes_at(pdu, 2) - 1U < 4;
    default: return false;
    }
}

// Without the port only a whole message of the commonest functions counts.
static enum proto_probe modbus_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (bytes_at(d, 2) || bytes_at(d, 3) || bytes_at(d, 4) > 1)
        return PROBE_NO;
    bool to = first->dst_port == MODBUS_PORT, from = first->src_port == MODBUS_PORT;
    if (d.len < 8)
        return PROBE_MORE;
    size_t len = bytes_at(d, 4) * 256U + bytes_at(d, 5);
    uint8_t function = bytes_at(d, 7);
    if (len < 2 || len > MODBUS_ADU_BYTES - 6 || (function & 127) == 0)
        return PROBE_NO;
    if (to || from)
        return from && !to ? PROBE_SERVER : function < 128 ? PROBE_CLIENT : PROBE_EITHER;
    struct bytes pdu = bytes_sub(d, 7, len - 1);
    bool common = function <= 23 || function == 43;
    if (first->carrier == OVER_TCP && common && d.len < 6 + len)
        return PROBE_MORE;
    return d.len == 6 + len && shape_request(pdu) ? PROBE_CLIENT : PROBE_NO;
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    struct record_modbus *modbus = wait->request;
    proto_emit_at(pf, RECORD_MODBUS, modbus, wait->tx_id, wait->time_us);
}

static void take_request(struct proto_flow *pf, const struct modbus_adu *adu)
{
    struct modbus_state *state = pf->state;
    struct ics_wait *wait =
        ics_wait_begin(pf, &state->waits, (uint64_t)adu->transaction << 8 | adu->unit,
            sizeof(struct record_modbus), MODBUS_EXCHANGE_BYTES);
    if (!wait)
        return;
    struct record_modbus *modbus = wait->request;
    modbus->id = wait->tx_id + 1;
    modbus_message_read(pf, adu, false, modbus, &wait->arena);
}

// A response alone, whose request was not seen.
static void take_orphan(struct proto_flow *pf, const struct modbus_adu *adu)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, MODBUS_EXCHANGE_BYTES);
    struct record_modbus modbus = {.id = ++pf->tx_count};
    proto_anomaly(pf, ANOMALY_MODBUS_UNSOLICITED_RESPONSE);
    modbus_message_read(pf, adu, true, &modbus, &arena);
    proto_emit(pf, RECORD_MODBUS, &modbus, modbus.id - 1);
    arena_reset(&arena);
}

static void take_response(struct proto_flow *pf, const struct modbus_adu *adu)
{
    struct modbus_state *state = pf->state;
    struct ics_wait *wait =
        ics_wait_find(&state->waits, (uint64_t)adu->transaction << 8 | adu->unit);
    if (!wait) {
        take_orphan(pf, adu);
        return;
    }
    struct record_modbus *modbus = wait->request;
    modbus_message_read(pf, adu, true, modbus, &wait->arena);
    if ((modbus->response.function_raw & 127) != modbus->request.function_raw)
        proto_anomaly(pf, ANOMALY_MODBUS_FUNCTION_MISMATCH);
    modbus->has_rtt_us = pf->time_us >= wait->time_us;
    modbus->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
    proto_emit_at(pf, RECORD_MODBUS, modbus, wait->tx_id, wait->time_us);
    ics_wait_end(wait);
}

// One message. False: not whole yet, or no Modbus (then *bad).
static bool read_adu(struct cursor *in, struct modbus_adu *adu, size_t *need, bool *bad)
{
    struct cursor ahead = *in;
    adu->transaction = cursor_u16(&ahead);
    adu->protocol = cursor_u16(&ahead);
    size_t len = cursor_u16(&ahead);
    if (!cursor_ok(&ahead))
        return false;
    *bad = len < 2 || len > MODBUS_ADU_BYTES - 6;
    *need = 6 + len;
    adu->unit = cursor_u8(&ahead);
    adu->pdu = cursor_take(&ahead, len - 1);
    if (*bad || !cursor_ok(&ahead))
        return false;
    *in = ahead;
    return true;
}

// Do these bytes hold whole messages and nothing else? Asked after bytes were lost.
static bool whole_messages(struct cursor in)
{
    struct modbus_adu adu;
    size_t need;
    bool bad = false;
    while (cursor_left(&in) > 0)
        if (!read_adu(&in, &adu, &need, &bad) || adu.protocol != 0)
            return false;
    return true;
}

static enum proto_verdict modbus_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct modbus_state *state = pf->state;
    state->waits.emit = emit_wait;
    struct modbus_adu adu;
    size_t need = 0;
    bool bad = false;
    if (state->lost[side] && !whole_messages(*in)) {
        cursor_skip(in, cursor_left(in));
        return PROTO_MORE;
    }
    state->lost[side] = false;
    while (cursor_left(in) > 0 && read_adu(in, &adu, &need, &bad)) {
        if (adu.protocol != 0) {
            proto_anomaly(pf, ANOMALY_MODBUS_INVALID_PROTOCOL_ID);
            continue;
        }
        if (side == FLOW_CLIENT)
            take_request(pf, &adu);
        else
            take_response(pf, &adu);
    }
    bool cut = pf->carrier == OVER_UDP && cursor_left(in) > 0;
    if (bad || cut) {
        proto_anomaly(pf, ANOMALY_MODBUS_MALFORMED);
        return cut && !bad ? PROTO_MORE : PROTO_BROKEN;
    }
    pf->need[side] = cursor_left(in) >= 6 ? need : 0;
    return PROTO_MORE;
}

static enum proto_verdict modbus_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct modbus_state *state = pf->state;
    (void)lost;
    state->lost[side] = true;
    return PROTO_MORE;
}

static void modbus_finish(struct proto_flow *pf)
{
    struct modbus_state *state = pf->state;
    ics_waits_finish(pf, &state->waits);
}

const struct proto proto_modbus = {
    .name = "modbus",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct modbus_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = modbus_probe,
    .parse = modbus_parse,
    .gap = modbus_gap,
    .finish = modbus_finish,
};
