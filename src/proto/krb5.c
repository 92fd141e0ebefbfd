// SPDX-License-Identifier: Apache-2.0
// Kerberos 5 with its KDC: RFC 4120 sections 5 and 7.2 (UDP; TCP behind a record mark of four
// bytes), and password changes (RFC 3244). Emits one krb5 record a message, as EVE does; an
// answer's has what was asked, too. Ignored: what is encrypted, SAFE, PRIV and CRED beyond their
// name. Limits: KRB_MESSAGE_BYTES a message, and those of krb_message.h. After a gap: let go.
#include "proto/der.h"
#include "proto/krb_record.h"

enum {
    MARK_BYTES = 4,
    KPASSWD_HEAD = 6, // length, version, length of the AP-REQ or AP-REP
    KPASSWD_VERSION = 1,
    KPASSWD_VERSION_SET = 0xff80, // RFC 3244: somebody else's password may be set, too
};

struct krb5_state {
    struct arena arena; // of the request; its pool is NULL before the first
    struct krb_message request;
    bool asked;     // there is one
    uint64_t tx_id; // of the request
};

static enum proto_probe verdict_of(uint8_t type)
{
    return type == KRB_AS_REQ || type == KRB_TGS_REQ || type == KRB_AP_REQ ? PROBE_CLIENT
                                                                           : PROBE_SERVER;
}

// The head of a message of `size` bytes, of which `data` are here.
static enum proto_probe probe_message(struct bytes data, size_t size, bool whole)
{
    enum { HEAD_BYTES = 24 };
    struct cursor c = cursor_make(data);
    if (data.len == 0)
        return whole ? PROBE_NO : PROBE_MORE;
    uint8_t tag = cursor_u8(&c), type = tag & 0x1f;
    if ((tag & 0xe0) != 0x60 || !(type == KRB_ERROR || (type >= KRB_AS_REQ && type <= KRB_AP_REP)))
        return PROBE_NO;
    if (data.len < HEAD_BYTES)
        return whole ? PROBE_NO : PROBE_MORE;
    size_t length = der_length(&c);
    if (!cursor_ok(&c) || cursor_pos(&c) + length != size)
        return PROBE_NO;
    // The sequence may be longer than what is here: look at its beginning alone.
    uint8_t sequence = cursor_u8(&c);
    size_t at = cursor_pos(&c), inner = der_length(&c);
    if (sequence != DER_SEQUENCE || inner + (cursor_pos(&c) - at) + 1 != length)
        return PROBE_NO;
    struct bytes head = bytes_from(data, cursor_pos(&c));
    uint8_t first = type == KRB_AS_REQ || type == KRB_TGS_REQ ? 0xa1 : 0xa0;
    const uint8_t want[] = {first, 3, 2, 1, 5, (uint8_t)(first + 1), 3, 2, 1, type};
    return bytes_start_with(head, bytes_make(want, sizeof want)) ? verdict_of(type) : PROBE_NO;
}

// The Kerberos message in what one datagram or record holds: all of it, or behind the head of a
// password change.
static struct bytes message_in(struct bytes data)
{
    struct cursor c = cursor_make(data);
    uint16_t size = cursor_u16(&c), version = cursor_u16(&c), ap = cursor_u16(&c);
    if (!cursor_ok(&c) || size != data.len || ap > data.len - KPASSWD_HEAD ||
        (version != KPASSWD_VERSION && version != KPASSWD_VERSION_SET))
        return data;
    return ap ? bytes_sub(data, KPASSWD_HEAD, ap) : bytes_from(data, KPASSWD_HEAD);
}

static enum proto_probe probe_datagram(struct bytes data)
{
    struct bytes message = message_in(data);
    return probe_message(message, message.len, true);
}

static enum proto_probe probe_stream(struct bytes data)
{
    struct cursor c = cursor_make(data);
    if (data.len < MARK_BYTES)
        return bytes_at(data, 0) ? PROBE_NO : PROBE_MORE;
    uint32_t size = cursor_u32(&c);
    if (size < KPASSWD_HEAD || size > KRB_MESSAGE_BYTES)
        return PROBE_NO;
    struct bytes rest = cursor_rest(&c);
    if (rest.len < KPASSWD_HEAD)
        return PROBE_MORE;
    uint16_t first = cursor_u16(&c), version = cursor_u16(&c), ap = cursor_u16(&c);
    if (first == size && (version == KPASSWD_VERSION || version == KPASSWD_VERSION_SET))
        return probe_message(bytes_from(rest, KPASSWD_HEAD), ap ? ap : size - KPASSWD_HEAD, false);
    return probe_message(rest, size, false);
}

static enum proto_probe krb5_probe(const struct proto_first *first)
{
    return first->carrier == OVER_TCP ? probe_stream(first->data) : probe_datagram(first->data);
}

static void emit(struct proto_flow *pf, const struct krb_message *m,
    const struct krb_message *request, struct arena *arena, uint64_t tx_id)
{
    struct record_krb5 r = {0};
    krb_record_fill(&r, m, request, arena);
    krb_problems_report(pf, m->problems);
    pf->answers = m != request;
    proto_emit(pf, RECORD_KRB5, &r, tx_id);
    pf->answers = false;
}

static bool is_request(struct bytes message)
{
    uint8_t type = bytes_at(message, 0) & 0x1f;
    return type == KRB_AS_REQ || type == KRB_TGS_REQ || type == KRB_AP_REQ;
}

// A request is kept for its answer, and a second answer when it is sent again.
static bool take_request(struct proto_flow *pf, struct bytes message)
{
    struct krb5_state *state = pf->state;
    if (state->arena.pool)
        arena_reset(&state->arena);
    else
        arena_init(&state->arena, pf->arena.pool, KRB_RECORD_BYTES);
    state->asked = krb_read(&state->request, message, &state->arena);
    if (!state->asked)
        return false;
    state->tx_id = pf->tx_count++;
    emit(pf, &state->request, &state->request, &state->arena, state->tx_id);
    krb_own(&state->request);
    return true;
}

static bool answers(uint8_t reply, uint8_t request)
{
    return reply == KRB_ERROR || reply == request + 1;
}

static bool take_answer(struct proto_flow *pf, struct bytes message)
{
    struct krb5_state *state = pf->state;
    struct krb_message m;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, KRB_RECORD_BYTES);
    bool known = krb_read(&m, message, &arena);
    if (known) {
        bool paired = state->asked && answers(m.type, state->request.type);
        emit(pf, &m, paired ? &state->request : NULL, &arena,
            paired ? state->tx_id : pf->tx_count++);
        bool given = m.type == KRB_AS_REP || m.type == KRB_TGS_REP;
        if (given && (krb_etype_weak(m.etype) || krb_etype_weak(m.ticket.etype)))
            proto_anomaly(pf, ANOMALY_KRB5_WEAK_ENCRYPTION);
    }
    arena_reset(&arena);
    return known;
}

static bool take_message(struct proto_flow *pf, struct bytes data)
{
    struct bytes message = message_in(data);
    bool known = is_request(message) ? take_request(pf, message) : take_answer(pf, message);
    if (!known)
        proto_anomaly(pf, ANOMALY_KRB5_MALFORMED_DATA);
    return known;
}

static enum proto_verdict parse_stream(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= MARK_BYTES) {
        struct cursor ahead = *in;
        uint32_t size = cursor_u32(&ahead);
        if (size > KRB_MESSAGE_BYTES) {
            proto_anomaly(pf, ANOMALY_KRB5_TOO_LONG);
            return PROTO_BROKEN;
        }
        if (cursor_left(&ahead) < size) {
            pf->need[side] = MARK_BYTES + size;
            return PROTO_MORE;
        }
        struct bytes data = cursor_take(&ahead, size);
        *in = ahead;
        if (!take_message(pf, data))
            return PROTO_BROKEN;
    }
    return PROTO_MORE;
}

static enum proto_verdict krb5_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier == OVER_TCP)
        return parse_stream(pf, side, in);
    take_message(pf, cursor_rest(in));
    return PROTO_MORE;
}

static void krb5_finish(struct proto_flow *pf)
{
    struct krb5_state *state = pf->state;
    if (state->arena.pool)
        arena_reset(&state->arena);
}

const struct proto proto_krb5 = {
    .name = "krb5",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct krb5_state),
    .budget_bytes = 4096,
    .buffer_bytes = KRB_MESSAGE_BYTES + MARK_BYTES,
    .probe = krb5_probe,
    .parse = krb5_parse,
    .finish = krb5_finish,
};
