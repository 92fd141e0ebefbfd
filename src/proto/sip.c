// SPDX-License-Identifier: Apache-2.0
// SIP over UDP and TCP (RFC 3261): one sip record a message, as EVE's, with the header fields that
// tell who calls whom, and the session description (RFC 8866) it carries. Streams it announces
// between the same two hosts are named rtp. Requests and responses are joined by call_id and seq.
// Limits: SIP_HEAD_BYTES, SIP_HEADERS_MAX fields, bodies up to SIP_BODY_BYTES are looked at, longer
// ones skipped.
#include "proto/sip.h"

enum { SIP_PORT = 5060, SIP_MESSAGE_BUDGET = 160 * 1024, KEEPALIVE_BYTES = 4 };

struct sip_state {
    uint64_t skip[2];   // of a body that is not looked at
    size_t searched[2]; // bytes of an unfinished head known not to hold its end
};

// Between messages clients send blank lines or zeros to keep ways open (RFC 5626 section 3.5.1).
static bool is_keepalive(struct bytes data)
{
    for (size_t i = 0; i < data.len; i++)
        if (data.data[i] != '\r' && data.data[i] != '\n' && data.data[i] != 0)
            return false;
    return data.len > 0;
}

static enum proto_probe keepalive_probe(const struct proto_first *first)
{
    bool port = first->src_port == SIP_PORT || first->dst_port == SIP_PORT;
    if (!port)
        return PROBE_NO;
    return first->carrier == OVER_TCP ? PROBE_MORE : PROBE_EITHER;
}

static enum proto_probe sip_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    struct record_sip record = {0};
    uint8_t letter = bytes_at(data, 0);
    if (letter == 0 || letter == '\r') {
        if (is_keepalive(bytes_sub(data, 0, KEEPALIVE_BYTES)) && data.len <= KEEPALIVE_BYTES)
            return keepalive_probe(first);
        data = bytes_from(data, KEEPALIVE_BYTES);
        letter = bytes_at(data, 0);
    }
    if (letter < 'A' || letter > 'Z')
        return PROBE_NO;
    size_t lf = bytes_find_byte(bytes_sub(data, 0, 1024), '\n');
    if (lf == BYTES_NOT_FOUND) {
        bool text = data.len < 1024 && first->carrier == OVER_TCP && proto_is_text(data);
        return text ? PROBE_MORE : PROBE_NO;
    }
    struct bytes line = bytes_sub(data, 0, lf > 0 && data.data[lf - 1] == '\r' ? lf - 1 : lf);
    return sip_first_line(line, &record) ? PROBE_EITHER : PROBE_NO; // either side may call
}

// End of the head with its blank line; BYTES_NOT_FOUND: not there yet.
static size_t head_end(struct bytes data, size_t from)
{
    for (size_t at = from;;) {
        size_t lf = bytes_find_byte(bytes_from(data, at), '\n');
        if (lf == BYTES_NOT_FOUND)
            return BYTES_NOT_FOUND;
        at += lf + 1;
        if (bytes_at(data, at) == '\n')
            return at + 1;
        if (bytes_at(data, at) == '\r' && bytes_at(data, at + 1) == '\n')
            return at + 2;
    }
}

static void emit(struct proto_flow *pf, enum flow_side side, struct sip_message *m)
{
    if (m->too_many)
        proto_anomaly(pf, ANOMALY_SIP_TOO_MANY_HEADERS);
    if (m->sdp_too_long)
        proto_anomaly(pf, ANOMALY_SIP_SDP_TOO_LONG);
    pf->speaker = side;
    proto_emit(pf, RECORD_SIP, &m->record, pf->tx_count++);
    sip_sdp_expect(pf, side, m);
}

// How much of the body to wait for, once the head is read.
static uint64_t body_length(const struct proto_flow *pf, const struct sip_message *m, size_t there)
{
    if (pf->carrier != OVER_TCP && !m->has_length)
        return there;
    return m->has_length ? m->length : 0;
}

static enum proto_verdict body(struct proto_flow *pf, enum flow_side side, struct sip_message *m,
    struct cursor *in, struct cursor mark)
{
    struct sip_state *state = pf->state;
    uint64_t length = body_length(pf, m, cursor_left(in));
    bool last = pf->carrier != OVER_TCP || pf->ended[side];
    m->record.has_body_len = length > 0;
    m->record.body_len = length;
    if (length > SIP_BODY_BYTES) {
        state->skip[side] = length;
    } else if (cursor_left(in) >= length) {
        sip_sdp_read(m, cursor_take(in, length));
    } else if (last) {
        proto_anomaly(pf, ANOMALY_SIP_BODY_TRUNCATED);
        sip_sdp_read(m, cursor_take(in, cursor_left(in)));
    } else {
        pf->need[side] = cursor_pos(in) - cursor_pos(&mark) + length;
        *in = mark;
        return PROTO_MORE;
    }
    emit(pf, side, m);
    return PROTO_MORE;
}

static void tell_frames(struct proto_flow *pf, enum flow_side side, struct bytes head,
    struct bytes first_line, int64_t body)
{
    bool request = !bytes_start_with_nocase(first_line, BYTES("SIP/"));
    size_t line = bytes_find_byte(head, '\n') + 1, blank = head.len;
    blank -= blank > line && head.data[blank - 1] == '\n';
    blank -= blank > line && head.data[blank - 1] == '\r';
    proto_frame(pf, FRAME_SIP_PDU, side, head, (int64_t)head.len + body, UINT64_MAX);
    proto_frame(pf, request ? FRAME_SIP_REQUEST_LINE : FRAME_SIP_RESPONSE_LINE, side, head,
        (int64_t)line, UINT64_MAX);
    proto_frame(pf, request ? FRAME_SIP_REQUEST_HEADERS : FRAME_SIP_RESPONSE_HEADERS, side,
        bytes_from(head, line), (int64_t)(blank - line), UINT64_MAX);
    if (body > 0)
        proto_frame(pf, request ? FRAME_SIP_REQUEST_BODY : FRAME_SIP_RESPONSE_BODY, side,
            bytes_from(head, head.len), body, UINT64_MAX);
}

static enum proto_verdict message(struct proto_flow *pf, enum flow_side side, struct cursor *in,
    struct bytes head, struct cursor mark)
{
    struct arena arena;
    struct bytes line;
    struct cursor lines = cursor_make(head);
    arena_init(&arena, pf->arena.pool, SIP_MESSAGE_BUDGET);
    struct sip_message *m = arena_zalloc(&arena, sizeof *m);
    enum proto_verdict verdict = PROTO_MORE;
    if (!m)
        return PROTO_DONE;
    m->arena = &arena;
    if (!cursor_line(&lines, &line))
        line = cursor_rest(&lines), cursor_skip(&lines, cursor_left(&lines));
    if (sip_first_line(line, &m->record)) {
        sip_head_read(m, cursor_rest(&lines));
        verdict = body(pf, side, m, in, mark);
        if (cursor_pos(in) > cursor_pos(&mark) && cursor_pos(&lines) > 0 && head.len > line.len)
            tell_frames(pf, side, head, line, (int64_t)m->record.body_len);
    } else {
        proto_anomaly(pf, ANOMALY_SIP_MALFORMED);
        verdict = pf->carrier == OVER_TCP ? PROTO_DONE : PROTO_MORE;
    }
    arena_reset(&arena);
    return verdict;
}

static void skip_blank(struct cursor *in)
{
    while (cursor_left(in) > 0 && is_keepalive(bytes_sub(cursor_rest(in), 0, 1)))
        cursor_skip(in, 1);
}

// One message of a TCP stream. *again: there may be another one.
static enum proto_verdict next_message(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, bool *again)
{
    struct sip_state *state = pf->state;
    struct cursor mark = *in;
    struct bytes rest = cursor_rest(in);
    size_t end = head_end(rest, state->searched[side]);
    *again = false;
    if (end == BYTES_NOT_FOUND && (pf->carrier != OVER_TCP || pf->ended[side]))
        end = rest.len;
    if (end == BYTES_NOT_FOUND ? rest.len > SIP_HEAD_BYTES : end > SIP_HEAD_BYTES) {
        proto_anomaly(pf, ANOMALY_SIP_HEADER_TOO_LONG);
        return PROTO_DONE;
    }
    if (end == BYTES_NOT_FOUND) {
        state->searched[side] = rest.len > 2 ? rest.len - 3 : 0;
        return PROTO_MORE;
    }
    enum proto_verdict verdict = message(pf, side, in, cursor_take(in, end), mark);
    *again = verdict == PROTO_MORE && cursor_pos(in) > cursor_pos(&mark);
    if (*again)
        state->searched[side] = 0;
    return verdict;
}

static enum proto_verdict sip_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct sip_state *state = pf->state;
    enum proto_verdict verdict = PROTO_MORE;
    for (bool again = true; again && verdict == PROTO_MORE;) {
        uint64_t left = cursor_left(in);
        uint64_t skip = state->skip[side] < left ? state->skip[side] : left;
        state->skip[side] = pf->carrier == OVER_TCP ? state->skip[side] - skip : 0;
        cursor_skip(in, skip);
        if (state->searched[side] == 0)
            skip_blank(in);
        if (cursor_left(in) == 0)
            break;
        verdict = next_message(pf, side, in, &again);
    }
    return verdict;
}

// Bytes of a body that is skipped may be lost; anything else is not found again safely.
static enum proto_verdict sip_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct sip_state *state = pf->state;
    if (state->skip[side] < lost)
        return PROTO_DONE;
    state->skip[side] -= lost;
    return PROTO_MORE;
}

const struct proto proto_sip = {
    .name = "sip",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct sip_state),
    .buffer_bytes = SIP_HEAD_BYTES + SIP_BODY_BYTES + 4096,
    .probe = sip_probe,
    .parse = sip_parse,
    .gap = sip_gap,
};
