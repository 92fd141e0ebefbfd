// SPDX-License-Identifier: Apache-2.0
// RADIUS over UDP (RFC 2865), accounting (RFC 2866), changes of authorization (RFC 5176), EAP in it
// (RFC 3579) and IPv6 (RFC 3162, 6911). One radius record for a question and its answer, joined by
// identifier; also when no answer comes or only the answer was seen. Passwords are hidden by the
// protocol and not tried: the record says that one was given. Of vendor-specific attributes only
// the vendors and Microsoft's CHAP are looked at. Limits: RADIUS_PENDING_MAX questions wait in a
// flow, RADIUS_VENDORS_MAX vendors a packet.
#include "proto/radius.h"
#include "proto/text_out.h"

enum {
    RADIUS_PENDING_MAX = 64,
    RADIUS_PENDING_BYTES = 64 * 1024,
};

struct radius_pending {
    struct radius_exchange *exchange; // lives in its own arena
    struct arena arena;
};

struct radius_state {
    struct radius_pending pending[RADIUS_PENDING_MAX]; // NULL exchange: free
};

static bool is_request(uint8_t code)
{
    return code == RADIUS_ACCESS_REQUEST || code == RADIUS_ACCOUNTING_REQUEST ||
           code == RADIUS_STATUS_SERVER || code == RADIUS_DISCONNECT_REQUEST ||
           code == RADIUS_COA_REQUEST;
}

static const char *const *code_names(void)
{
    static const char *const names[64] = {[1] = "access_request",
        [2] = "access_accept",
        [3] = "access_reject",
        [4] = "accounting_request",
        [5] = "accounting_response",
        [11] = "access_challenge",
        [12] = "status_server",
        [13] = "status_client",
        [40] = "disconnect_request",
        [41] = "disconnect_ack",
        [42] = "disconnect_nak",
        [43] = "coa_request",
        [44] = "coa_ack",
        [45] = "coa_nak"};
    return names;
}

static struct bytes code_name(uint8_t code)
{
    return bytes_from_text(code < 64 ? code_names()[code] : NULL);
}

// Attributes must fill the packet. `known`: how many are such as any packet carries.
static bool attributes_fit(struct cursor *in, unsigned *known)
{
    while (cursor_left(in) > 0) {
        uint8_t type = cursor_u8(in), length = cursor_u8(in);
        if (length < 2 || type == 0)
            return false;
        cursor_skip(in, length - 2U);
        *known += type == 1 || type == 4 || type == 6 || type == 18 || type == 31 || type == 32 ||
                  type == 40 || type == 44 || type == 79 || type == 80 || type == 26 || type == 95;
    }
    return cursor_ok(in);
}

static bool is_port(uint16_t port)
{
    return port == 1812 || port == 1813 || port == 1645 || port == 1646 || port == 3799;
}

static enum proto_probe radius_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t code = cursor_u8(&in);
    unsigned known = 0;
    if (!code_name(code).data)
        return PROBE_NO;
    cursor_skip(&in, 1);
    uint16_t length = cursor_u16(&in);
    cursor_skip(&in, RADIUS_HEADER_BYTES - 4);
    bool port = is_port(first->src_port) || is_port(first->dst_port);
    if (!cursor_ok(&in) || length < RADIUS_HEADER_BYTES || length > first->data.len)
        return PROBE_NO;
    if (length != first->data.len && !port)
        return PROBE_NO;
    struct cursor attributes = cursor_sub(&in, length - RADIUS_HEADER_BYTES);
    if (!attributes_fit(&attributes, &known) || (!port && known < 2))
        return PROBE_NO;
    return is_request(code) ? PROBE_CLIENT : PROBE_SERVER;
}

static struct radius_pending *find(struct radius_state *state, uint8_t id)
{
    for (size_t i = 0; i < RADIUS_PENDING_MAX; i++)
        if (state->pending[i].exchange && state->pending[i].exchange->record.id == id)
            return &state->pending[i];
    return NULL;
}

static void emit(struct proto_flow *pf, struct radius_pending *p)
{
    struct radius_exchange *x = p->exchange;
    radius_exchange_close(x);
    proto_emit_at(pf, RECORD_RADIUS, &x->record, x->tx, x->time_us);
    p->exchange = NULL;
    arena_reset(&p->arena);
}

// Room for one more; the oldest gives way.
static struct radius_pending *place(struct proto_flow *pf, struct radius_state *state)
{
    struct radius_pending *oldest = &state->pending[0];
    for (size_t i = 0; i < RADIUS_PENDING_MAX; i++) {
        if (!state->pending[i].exchange)
            return &state->pending[i];
        if (state->pending[i].exchange->tx < oldest->exchange->tx)
            oldest = &state->pending[i];
    }
    proto_anomaly(pf, ANOMALY_RADIUS_TOO_MANY_PENDING);
    emit(pf, oldest);
    return oldest;
}

static struct radius_pending *begin(struct proto_flow *pf, struct radius_state *state)
{
    struct radius_pending *p = place(pf, state);
    arena_init(&p->arena, pf->arena.pool, RADIUS_PENDING_BYTES);
    p->exchange = arena_zalloc(&p->arena, sizeof *p->exchange);
    if (!p->exchange)
        return NULL;
    p->exchange->arena = &p->arena;
    p->exchange->tx = pf->tx_count++;
    p->exchange->time_us = pf->time_us;
    return p;
}

static void attributes(
    struct proto_flow *pf, struct radius_exchange *x, struct cursor *in, bool answer)
{
    if (!radius_attributes_read(x, in, answer))
        proto_anomaly(pf, ANOMALY_RADIUS_MALFORMED);
    if (x->too_many_vendors)
        proto_anomaly(pf, ANOMALY_RADIUS_TOO_MANY_VENDORS);
}

static void question(struct proto_flow *pf, struct radius_state *state, uint8_t code, uint8_t id,
    struct bytes authenticator, struct cursor *in)
{
    struct radius_pending *p = find(state, id);
    if (p && memcmp(p->exchange->authenticator, authenticator.data,
                 sizeof p->exchange->authenticator) == 0) {
        p->exchange->record.has_retransmits = true;
        p->exchange->record.retransmits++;
        return;
    }
    if (p)
        emit(pf, p);
    p = begin(pf, state);
    if (!p)
        return;
    struct radius_exchange *x = p->exchange;
    memcpy(x->authenticator, authenticator.data, sizeof x->authenticator);
    x->record.has_code = true;
    x->record.code = code;
    x->record.id = id;
    x->record.type = code_name(code);
    attributes(pf, x, in, false);
}

static void answer(
    struct proto_flow *pf, struct radius_state *state, uint8_t code, uint8_t id, struct cursor *in)
{
    struct radius_pending *p = find(state, id);
    bool asked = p != NULL;
    if (!p)
        p = begin(pf, state);
    if (!p)
        return;
    struct radius_exchange *x = p->exchange;
    x->record.id = id;
    x->record.has_response_code = true;
    x->record.response_code = code;
    x->record.response_type = code_name(code);
    x->record.has_ttl = asked;
    x->record.ttl = (double)(pf->time_us - x->time_us) / 1e6;
    attributes(pf, x, in, true);
    emit(pf, p);
}

static enum proto_verdict radius_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct radius_state *state = pf->state;
    (void)side; // two servers may ask each other over one pair of ports
    uint8_t code = cursor_u8(in), id = cursor_u8(in);
    uint16_t length = cursor_u16(in);
    struct bytes authenticator = cursor_take(in, 16);
    size_t left = cursor_left(in);
    if (!cursor_ok(in) || length < RADIUS_HEADER_BYTES || !code_name(code).data) {
        proto_anomaly(pf, ANOMALY_RADIUS_MALFORMED);
        return PROTO_MORE;
    }
    size_t wanted = length - (size_t)RADIUS_HEADER_BYTES;
    if (wanted > left)
        proto_anomaly(pf, ANOMALY_RADIUS_MALFORMED);
    struct cursor body = cursor_sub(in, wanted < left ? wanted : left);
    if (is_request(code))
        question(pf, state, code, id, authenticator, &body);
    else
        answer(pf, state, code, id, &body);
    return PROTO_MORE;
}

static void radius_finish(struct proto_flow *pf)
{
    struct radius_state *state = pf->state;
    for (;;) {
        struct radius_pending *first = NULL;
        for (size_t i = 0; i < RADIUS_PENDING_MAX; i++) {
            struct radius_pending *p = &state->pending[i];
            if (p->exchange && (!first || p->exchange->tx < first->exchange->tx))
                first = p;
        }
        if (!first)
            return;
        emit(pf, first);
    }
}

const struct proto proto_radius = {
    .name = "radius",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct radius_state),
    .probe = radius_probe,
    .parse = radius_parse,
    .finish = radius_finish,
};
