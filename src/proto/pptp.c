// SPDX-License-Identifier: Apache-2.0
// PPTP's control connection (RFC 2637 section 2) over TCP. One pptp record for a request and its
// reply; also when none came. Echoes are not recorded. What the tunnel carries is GRE's. Limit: one
// request waits for its reply at a time.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    PPTP_HEADER_BYTES = 12,
    PPTP_MESSAGE_BYTES = 512, // the longest one has 220
    PPTP_COOKIE = 0x1a2b3c4d,
    START_REQUEST = 1,
    START_REPLY,
    STOP_REQUEST,
    STOP_REPLY,
    ECHO_REQUEST,
    ECHO_REPLY,
    OUT_REQUEST,
    OUT_REPLY,
    IN_REQUEST,
    IN_REPLY,
    IN_CONNECTED,
    CLEAR_REQUEST,
    DISCONNECT,
    WAN_ERROR,
    SET_LINK,
    NAME_BYTES = 64,
};

struct pptp_state {
    struct record_pptp record;
    int64_t time_us;
    enum flow_side side;
    uint8_t waiting; // for the reply to this message; 0: none
    char texts[6][NAME_BYTES];
};

static bool header_read(struct cursor *in, uint16_t *length, uint16_t *type)
{
    *length = cursor_u16(in);
    uint16_t kind = cursor_u16(in);
    uint32_t cookie = cursor_u32(in);
    *type = cursor_u16(in);
    cursor_skip(in, 2);
    return cursor_ok(in) && kind == 1 && cookie == PPTP_COOKIE && *length >= PPTP_HEADER_BYTES &&
           *length <= PPTP_MESSAGE_BYTES && *type >= START_REQUEST && *type <= SET_LINK;
}

static enum proto_probe pptp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint16_t length, type;
    if (bytes_at(first->data, 0) > 1 || bytes_at(first->data, 2) != 0)
        return PROBE_NO;
    if (first->data.len < PPTP_HEADER_BYTES) {
        cursor_skip(&in, 2);
        bool hope = first->data.len < 8 || cursor_u32(&in) == (1U << 16 | PPTP_COOKIE >> 16);
        return hope && bytes_at(first->data, 3) <= 1 ? PROBE_MORE : PROBE_NO;
    }
    if (!header_read(&in, &length, &type))
        return PROBE_NO;
    return type == START_REPLY ? PROBE_SERVER : type == START_REQUEST ? PROBE_CLIENT : PROBE_EITHER;
}

static struct bytes put_text(struct pptp_state *s, size_t which, struct bytes raw)
{
    struct bytes b = bytes_sub(raw, 0, bytes_find_byte(raw, 0));
    if (b.len == 0)
        return (struct bytes){NULL, 0};
    memcpy(s->texts[which], b.data, b.len); // raw is NAME_BYTES long
    return bytes_make(s->texts[which], b.len);
}

static void emit(struct proto_flow *pf)
{
    struct pptp_state *s = pf->state;
    pf->speaker = s->side;
    proto_emit_at(pf, RECORD_PPTP, &s->record, pf->tx_count++, s->time_us);
    s->waiting = 0;
}

static void begin(struct proto_flow *pf, enum flow_side side, uint16_t type)
{
    static const char *const types[] = {[START_REQUEST] = "start_control_connection",
        "start_control_connection",
        "stop_control_connection",
        "stop_control_connection",
        [OUT_REQUEST] = "outgoing_call",
        "outgoing_call",
        "incoming_call",
        "incoming_call",
        "incoming_call",
        "call_clear",
        "call_disconnect",
        "wan_error"};
    struct pptp_state *s = pf->state;
    if (s->waiting)
        emit(pf);
    s->record = (struct record_pptp){.type = bytes_from_text(types[type])};
    s->side = side;
    s->time_us = pf->time_us;
}

static void start(struct pptp_state *s, struct cursor *in, bool is_reply)
{
    struct record_pptp *r = &s->record;
    struct text_out version = TEXT_OUT(s->texts[5]);
    uint8_t major = cursor_u8(in), minor = cursor_u8(in);
    uint8_t result = cursor_u8(in), error = cursor_u8(in);
    cursor_skip(in, 12); // capabilities, channels, firmware
    struct bytes host = cursor_take(in, NAME_BYTES), vendor = cursor_take(in, NAME_BYTES);
    text_out_u64(&version, major);
    text_out_char(&version, '.');
    text_out_u64(&version, minor);
    r->version = text_out_bytes(&version);
    if (is_reply) {
        r->has_result = r->has_error = true;
        r->result = result;
        r->error = error;
        r->server_hostname = put_text(s, 2, host);
        r->server_vendor = put_text(s, 3, vendor);
    } else {
        r->hostname = put_text(s, 0, host);
        r->vendor = put_text(s, 1, vendor);
    }
}

static void result(struct record_pptp *r, struct cursor *in)
{
    r->has_result = r->has_error = true;
    r->result = cursor_u8(in);
    r->error = cursor_u8(in);
}

static void call_request(struct pptp_state *s, uint16_t type, struct cursor *in)
{
    struct record_pptp *r = &s->record;
    r->has_call_id = true;
    r->call_id = cursor_u16(in);
    cursor_skip(in, type == OUT_REQUEST ? 26 : 10); // serial, speeds, windows, lengths
    if (type == IN_REQUEST)
        cursor_skip(in, 4);
    r->phone_number = put_text(s, 4, cursor_take(in, NAME_BYTES));
}

static void reply(struct pptp_state *s, uint16_t type, struct cursor *in)
{
    struct record_pptp *r = &s->record;
    switch (type) {
    case START_REPLY: start(s, in, true); break;
    case STOP_REPLY: result(r, in); break;
    default: { // OUT_REPLY, IN_REPLY: the answerer's number, then the asker's
        uint16_t own = cursor_u16(in), other = cursor_u16(in);
        r->has_peer_call_id = r->has_call_id = true;
        r->peer_call_id = own;
        r->call_id = other;
        result(r, in);
        break;
    }
    }
}

static void single(struct pptp_state *s, uint16_t type, struct cursor *in)
{
    struct record_pptp *r = &s->record;
    r->has_call_id = type != STOP_REQUEST;
    if (r->has_call_id)
        r->call_id = cursor_u16(in);
    if (type == STOP_REQUEST || type == DISCONNECT)
        r->has_result = true, r->result = cursor_u8(in);
}

static void message(struct proto_flow *pf, enum flow_side side, uint16_t type, struct cursor *in)
{
    struct pptp_state *s = pf->state;
    switch (type) {
    case START_REQUEST:
    case OUT_REQUEST:
    case IN_REQUEST:
    case STOP_REQUEST:
        begin(pf, side, type);
        if (type == START_REQUEST)
            start(s, in, false);
        else if (type == STOP_REQUEST)
            single(s, type, in);
        else
            call_request(s, type, in);
        s->waiting = (uint8_t)type;
        break;
    case START_REPLY:
    case STOP_REPLY:
    case OUT_REPLY:
    case IN_REPLY:
        if (s->waiting != type - 1)
            begin(pf, flow_other(side), type);
        s->record.answered = true;
        reply(s, type, in);
        emit(pf);
        break;
    case CLEAR_REQUEST:
    case DISCONNECT:
    case WAN_ERROR:
        begin(pf, side, type);
        single(s, type, in);
        emit(pf);
        break;
    default: break; // echoes and what the link is like
    }
    if (!cursor_ok(in))
        proto_anomaly(pf, ANOMALY_PPTP_MALFORMED);
}

static enum proto_verdict pptp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= PPTP_HEADER_BYTES) {
        struct cursor at = *in;
        uint16_t length, type;
        if (!header_read(&at, &length, &type)) {
            proto_anomaly(pf, ANOMALY_PPTP_MALFORMED);
            return PROTO_DONE;
        }
        if (cursor_left(in) < length) {
            pf->need[side] = length;
            return PROTO_MORE;
        }
        struct cursor body = cursor_sub(&at, length - (size_t)PPTP_HEADER_BYTES);
        message(pf, side, type, &body);
        *in = at;
    }
    return PROTO_MORE;
}

static void pptp_finish(struct proto_flow *pf)
{
    const struct pptp_state *s = pf->state;
    if (s->waiting)
        emit(pf);
}

const struct proto proto_pptp = {
    .name = "pptp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct pptp_state),
    .buffer_bytes = PPTP_MESSAGE_BYTES,
    .probe = pptp_probe,
    .parse = pptp_parse,
    .finish = pptp_finish,
};
