// SPDX-License-Identifier: Apache-2.0
// S7comm over the ISO transport service (Siemens S7-300/400 and compatible; as its published
// analyses have it). Emits one s7comm record a job: paired with its answer by the reference
// number; a job without answer is written when the flow ends or a newer one needs its place.
// Variables, blocks, program invocations and status lists are s7comm_job.c's.
// Limits: S7COMM_ITEMS_MAX, S7COMM_DATA_BYTES, S7COMM_MESSAGE_BYTES.
#include "proto/s7comm.h"

struct s7comm_state {
    struct ics_waits waits;
    bool lost[2];
    struct arena arenas[2]; // of messages in several frames
    uint8_t *parts[2];
    size_t lengths[2];
};

static enum proto_probe s7comm_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    if (!cotp_begins_with(d, S7COMM_MARK) || d.len < 17)
        return PROBE_NO;
    uint8_t kind = bytes_at(d, 8);
    bool kind_known = (kind >= 1 && kind <= 3) || kind == S7COMM_USERDATA;
    if (!kind_known || bytes_at(d, 9) || bytes_at(d, 10))
        return PROBE_NO;
    if (kind == S7COMM_JOB)
        return PROBE_CLIENT;
    return kind == S7COMM_USERDATA ? PROBE_EITHER : PROBE_SERVER;
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    pf->speaker = wait->key >> 16 & 1;
    proto_emit_at(pf, RECORD_S7COMM, wait->request, wait->tx_id, wait->time_us);
}

static bool read_header(struct bytes message, struct s7comm_message *m)
{
    struct cursor in = cursor_make(message);
    bool marked = cursor_u8(&in) == S7COMM_MARK;
    m->rosctr = cursor_u8(&in);
    cursor_skip(&in, 2);
    m->reference = cursor_u16(&in);
    size_t parameters = cursor_u16(&in), data = cursor_u16(&in);
    m->has_error = m->rosctr == S7COMM_ACK || m->rosctr == S7COMM_ACK_DATA;
    if (m->has_error) {
        m->error_class = cursor_u8(&in);
        m->error_code = cursor_u8(&in);
    }
    m->parameters = cursor_take(&in, parameters);
    m->data = cursor_take(&in, data);
    return marked && cursor_ok(&in);
}

// User data goes either way and says itself whether it asks, answers or pushes.
static bool is_request(const struct s7comm_message *m)
{
    if (m->rosctr == S7COMM_USERDATA)
        return bytes_at(m->parameters, 5) >> 4 == 4;
    return m->rosctr == S7COMM_JOB;
}

static uint64_t key_of(enum flow_side asker, uint16_t reference)
{
    return (uint64_t)asker << 16 | reference;
}

static void take_request(struct proto_flow *pf, enum flow_side side, const struct s7comm_message *m)
{
    struct s7comm_state *state = pf->state;
    struct ics_wait *wait = ics_wait_begin(pf, &state->waits, key_of(side, m->reference),
        sizeof(struct record_s7comm), S7COMM_EXCHANGE_BYTES);
    if (!wait)
        return;
    struct record_s7comm *r = wait->request;
    r->pduref = m->reference;
    if (!s7comm_request_read(pf, m, r, &wait->arena))
        proto_anomaly(pf, ANOMALY_S7COMM_MALFORMED);
}

static void take_answer(struct proto_flow *pf, enum flow_side side, const struct s7comm_message *m)
{
    struct s7comm_state *state = pf->state;
    enum flow_side asker = flow_other(side);
    struct ics_wait *wait = ics_wait_find(&state->waits, key_of(asker, m->reference));
    struct record_s7comm orphan = {.pduref = m->reference}, *r = wait ? wait->request : &orphan;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, S7COMM_EXCHANGE_BYTES);
    if (!s7comm_answer_read(pf, m, r, wait ? &wait->arena : &arena))
        proto_anomaly(pf, ANOMALY_S7COMM_MALFORMED);
    if (wait) {
        r->has_rtt_us = pf->time_us >= wait->time_us;
        r->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
        emit_wait(pf, wait);
        ics_wait_end(wait);
    } else {
        if (m->rosctr != S7COMM_USERDATA) // a push is asked for once
            proto_anomaly(pf, ANOMALY_S7COMM_UNSOLICITED_RESPONSE);
        pf->speaker = asker;
        proto_emit(pf, RECORD_S7COMM, r, pf->tx_count++);
    }
    arena_reset(&arena);
}

static void take_message(struct proto_flow *pf, enum flow_side side, struct bytes message)
{
    struct s7comm_message m = {.rosctr = 0};
    if (bytes_at(message, 0) == 0x72) {
        proto_switch(pf, &proto_s7comm_plus); // the controller can both; so the newer one goes on
        return;
    }
    if (!read_header(message, &m)) {
        proto_anomaly(pf, ANOMALY_S7COMM_MALFORMED);
        return;
    }
    if (is_request(&m))
        take_request(pf, side, &m);
    else
        take_answer(pf, side, &m);
}

static void parts_drop(struct s7comm_state *state, enum flow_side side)
{
    arena_reset(&state->arenas[side]);
    state->parts[side] = NULL;
    state->lengths[side] = 0;
}

// A frame that does not end its message, or one after such.
static void take_part(struct proto_flow *pf, enum flow_side side, const struct cotp_frame *frame)
{
    struct s7comm_state *state = pf->state;
    size_t length = state->lengths[side], more = frame->payload.len;
    if (length == 0)
        arena_init(&state->arenas[side], pf->arena.pool, 4 * S7COMM_MESSAGE_BYTES);
    uint8_t *grown =
        length + more <= S7COMM_MESSAGE_BYTES
            ? arena_grow(&state->arenas[side], state->parts[side], length, length + more + 1)
            : NULL;
    if (!grown) {
        proto_anomaly(pf, ANOMALY_S7COMM_MALFORMED);
        parts_drop(state, side);
        return;
    }
    if (more)
        memcpy(&grown[length], frame->payload.data, more);
    state->parts[side] = grown;
    state->lengths[side] = length + more;
    if (!frame->last)
        return;
    take_message(pf, side, bytes_make(grown, length + more));
    parts_drop(state, side);
}

static bool whole_frames(struct cursor in)
{
    struct cotp_frame frame;
    size_t need;
    while (cursor_left(&in) > 0)
        if (cotp_frame_read(&in, &frame, &need) != COTP_FRAME)
            return false;
    return true;
}

static enum proto_verdict s7comm_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct s7comm_state *state = pf->state;
    state->waits.emit = emit_wait;
    if (state->lost[side] && !whole_frames(*in)) {
        cursor_skip(in, cursor_left(in));
        return PROTO_MORE;
    }
    state->lost[side] = false;
    while (cursor_left(in) > 0 && !pf->switch_to) {
        struct cursor mark = *in;
        struct cotp_frame frame;
        size_t need;
        enum cotp_read answer = cotp_frame_read(in, &frame, &need);
        pf->need[side] = answer == COTP_MORE ? need : 0;
        if (answer == COTP_MORE)
            return PROTO_MORE;
        if (answer == COTP_BAD) {
            proto_anomaly(pf, ANOMALY_S7COMM_MALFORMED);
            return PROTO_BROKEN;
        }
        if (frame.type != COTP_DT || frame.payload.len == 0)
            continue;
        if (frame.last && state->lengths[side] == 0)
            take_message(pf, side, frame.payload);
        else
            take_part(pf, side, &frame);
        if (pf->switch_to)
            *in = mark;
    }
    return PROTO_MORE;
}

static enum proto_verdict s7comm_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct s7comm_state *state = pf->state;
    (void)lost;
    state->lost[side] = true;
    parts_drop(state, side);
    return PROTO_MORE;
}

static void s7comm_finish(struct proto_flow *pf)
{
    struct s7comm_state *state = pf->state;
    state->waits.emit = emit_wait;
    ics_waits_finish(pf, &state->waits);
    parts_drop(state, FLOW_CLIENT);
    parts_drop(state, FLOW_SERVER);
}

const struct proto proto_s7comm = {
    .name = "s7comm",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct s7comm_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = s7comm_probe,
    .parse = s7comm_parse,
    .gap = s7comm_gap,
    .finish = s7comm_finish,
};
