// SPDX-License-Identifier: Apache-2.0
// The ISO transport service over TCP (RFC 1006, X.224 class 0): connections that name transport
// selectors. Emits one cotp record a connection; the first data frame tells who goes on: S7comm,
// S7comm-plus or MMS. A connection request with a cookie or a negotiation is RDP's and not taken.
#include "proto/cotp.h"

enum { TPKT_BYTES = 4, PARAMETER_SIZE = 0xc0, PARAMETER_SOURCE = 0xc1, PARAMETER_TARGET = 0xc2 };

struct cotp_state {
    struct record_cotp record;
    bool asked, emitted;
    bool dead[2]; // what that side sends is no frames any more
};

enum cotp_read cotp_frame_read(struct cursor *in, struct cotp_frame *frame, size_t *need)
{
    struct cursor ahead = *in;
    uint16_t version = cursor_u16(&ahead);
    size_t length = cursor_u16(&ahead);
    *need = TPKT_BYTES;
    if (!cursor_ok(&ahead))
        return COTP_MORE;
    if (version != 0x0300 || length < TPKT_BYTES + 2)
        return COTP_BAD;
    *need = length;
    struct cursor body = cursor_sub(&ahead, length - TPKT_BYTES);
    if (!cursor_ok(&ahead))
        return COTP_MORE;
    struct cursor head = cursor_sub(&body, cursor_u8(&body));
    frame->type = cursor_u8(&head);
    frame->fields = cursor_rest(&head);
    frame->payload = cursor_rest(&body);
    frame->last = frame->type == COTP_DT && bytes_at(frame->fields, 0) & 0x80;
    if (!cursor_ok(&body) || !cursor_ok(&head))
        return COTP_BAD;
    *in = ahead;
    return COTP_FRAME;
}

bool cotp_begins_with(struct bytes data, uint8_t mark)
{
    return bytes_start_with(data, BYTES("\x03\x00")) && bytes_at(data, 4) == 2 &&
           bytes_at(data, 5) == COTP_DT && bytes_at(data, 7) == mark && data.len > 8;
}

// Parameters of a connection request. False: not the form that selectors have.
static bool read_parameters(struct bytes fields, struct record_cotp *out)
{
    struct cursor in = cursor_make(fields);
    bool selector = false;
    cursor_skip(&in, 5); // references, class
    while (cursor_left(&in) > 0) {
        uint8_t code = cursor_u8(&in);
        struct bytes value = cursor_take(&in, cursor_u8(&in));
        if (code == PARAMETER_SIZE && value.len == 1 && value.data[0] >= 7 && value.data[0] <= 13) {
            out->has_tpdu_size = true;
            out->tpdu_size = (uint16_t)(1U << value.data[0]);
        }
        if (code == PARAMETER_SOURCE)
            out->source_tsap = value;
        if (code == PARAMETER_TARGET)
            out->destination_tsap = value;
        selector |= code == PARAMETER_SOURCE || code == PARAMETER_TARGET;
    }
    return selector && cursor_ok(&in);
}

static enum proto_probe cotp_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (!bytes_start_with(d, BYTES("\x03\x00")))
        return d.len == 1 && d.data[0] == 3 ? PROBE_MORE : PROBE_NO;
    if (d.len > 5 && bytes_at(d, 5) != COTP_CR && bytes_at(d, 5) != COTP_CC)
        return PROBE_NO;
    struct cursor in = cursor_make(d);
    struct cotp_frame frame;
    struct record_cotp record = {.accepted = false};
    size_t need;
    enum cotp_read answer = cotp_frame_read(&in, &frame, &need);
    if (answer == COTP_MORE && need < 512)
        return PROBE_MORE;
    if (answer != COTP_FRAME || frame.payload.len > 0 || !read_parameters(frame.fields, &record))
        return PROBE_NO;
    return frame.type == COTP_CR ? PROBE_CLIENT : PROBE_SERVER;
}

static void take_request(struct proto_flow *pf, const struct cotp_frame *frame)
{
    static const char *const connections[] = {"", "PG", "OP", "S7 basic"};
    struct cotp_state *state = pf->state;
    struct record_cotp *record = &state->record;
    state->asked = read_parameters(frame->fields, record);
    record->source_tsap = arena_copy(&pf->arena, record->source_tsap);
    record->destination_tsap = arena_copy(&pf->arena, record->destination_tsap);
    struct bytes target = record->destination_tsap;
    uint8_t kind = bytes_at(target, 0);
    if (target.len != 2 || kind < 1 || kind > 3)
        return;
    record->has_rack = record->has_slot = true;
    record->rack = bytes_at(target, 1) >> 5;
    record->slot = bytes_at(target, 1) & 31;
    record->connection = bytes_from_text(connections[kind]);
}

static void emit(struct proto_flow *pf)
{
    struct cotp_state *state = pf->state;
    if (!state->emitted && state->asked)
        proto_emit(pf, RECORD_COTP, &state->record, pf->tx_count++);
    state->emitted = true;
}

// The first data frame: whose is it?
static enum proto_verdict hand_over(struct proto_flow *pf, struct bytes payload)
{
    struct cotp_state *state = pf->state;
    uint8_t mark = bytes_at(payload, 0);
    const struct proto *next = mark == 0x32                   ? &proto_s7comm
                               : mark == 0x72                 ? &proto_s7comm_plus
                               : mark == 0x0d || mark == 0x01 ? &proto_mms
                                                              : NULL;
    state->record.carries = next ? bytes_from_text(next->name) : BYTES("unknown");
    emit(pf);
    if (!next)
        return PROTO_DONE;
    proto_switch(pf, next);
    return PROTO_MORE;
}

static enum proto_verdict cotp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct cotp_state *state = pf->state;
    struct cotp_frame frame;
    while (cursor_left(in) > 0 && !state->dead[side]) {
        struct cursor mark = *in;
        size_t need;
        enum cotp_read answer = cotp_frame_read(in, &frame, &need);
        pf->need[side] = answer == COTP_MORE ? need : 0;
        if (answer == COTP_MORE)
            return PROTO_MORE;
        if (answer == COTP_BAD) {
            proto_anomaly(pf, ANOMALY_COTP_MALFORMED);
            state->dead[side] = true;
            break;
        }
        if (frame.type == COTP_CR && side == FLOW_CLIENT && !state->asked)
            take_request(pf, &frame);
        state->record.accepted |= frame.type == COTP_CC;
        if (frame.type == COTP_DR) {
            state->record.has_reason = true;
            state->record.reason = bytes_at(frame.fields, 4);
        }
        if (frame.type == COTP_DT && frame.payload.len > 0) {
            *in = mark; // the next parser reads this frame again
            return hand_over(pf, frame.payload);
        }
    }
    if (state->dead[side])
        cursor_skip(in, cursor_left(in));
    return PROTO_MORE;
}

const struct proto proto_cotp = {
    .name = "cotp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct cotp_state),
    .budget_bytes = 4096,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = cotp_probe,
    .parse = cotp_parse,
    .finish = emit,
};
