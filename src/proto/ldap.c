// SPDX-License-Identifier: Apache-2.0
// LDAP (RFC 4511) over TCP, with StartTLS (4.14) and SASL layers (RFC 4513; GSS-API wrap tokens of
// RFC 4121 and NTLM that sign without encrypting are read through, encrypted ones end the parser),
// and CLDAP over UDP (MS-ADTS 3.1.1.3.1.11). Emits one ldap record a request with its answers, ntlm
// and krb5 records of binds. Ignored: values of controls, passwords. Limits: ldap.h. After a gap:
// the next message that looks like one.
#include "proto/ldap.h"
#include "proto/krb_message.h"

enum { HEAD_BYTES = 24, SASL_MARK = 4, NTLM_SIGNATURE = 16, CFX_HEAD = 16, CFX_SEALED = 2 };

struct ldap_tx {
    struct arena arena; // of everything here, itself included
    struct ldap_tx *next;
    uint32_t message_id;
    uint8_t op;
    int64_t time_us;
    uint64_t tx_id;
    struct record_ldap record;
    struct record_ldap_response *responses; // room for LDAP_RESPONSES and the last
    size_t response_count;
    uint64_t omitted;
    bool has_last; // the place behind LDAP_RESPONSES is taken
    struct bytes extension;
};

struct ldap_state {
    struct ldap_tx *first, *last; // oldest first
    unsigned pending;
    struct ntlm_session *ntlm;
    size_t skip[2];  // bytes of a message that is passed over
    bool lost[2];    // after a gap: find a message
    bool sasl_bind;  // a bind by SASL succeeded: a security layer may begin
    bool wrapped[2]; // it did
    bool starttls;   // asked for
    bool tls;        // agreed on
    bool closed;
    struct bytes mechanism; // of the SASL bind in progress, in the flow's arena
};

static bool is_op(uint8_t tag)
{
    return ldap_op_asks(tag) ||
           (tag >= LDAP_BIND_RESPONSE && tag <= LDAP_INTERMEDIATE_RESPONSE && (tag & 0x20) &&
               tag != 0x62 && tag != 0x6a && tag != 0x70 && tag != 0x71 && tag != 0x72 &&
               tag < 0x7a && !(tag > 0x73 && tag < 0x78));
}

// What an operation begins with: the tag of its first member. 0: it may be empty.
static uint8_t first_member(uint8_t op)
{
    switch (op) {
    case LDAP_BIND_REQUEST: return DER_INTEGER;
    case LDAP_UNBIND_REQUEST:
    case LDAP_DEL_REQUEST:
    case LDAP_ABANDON_REQUEST:
    case LDAP_INTERMEDIATE_RESPONSE: return 0;
    case LDAP_EXTENDED_REQUEST: return DER_CONTEXT;
    default:
        return ldap_op_asks(op) || op == LDAP_SEARCH_ENTRY || op == LDAP_SEARCH_REFERENCE
                   ? DER_OCTET_STRING
                   : 0x0a; // ENUMERATED: a result
    }
}

// The head of a message: its whole size, 0 when it is none; *op is its operation.
static size_t message_size(struct bytes data, uint8_t *op)
{
    struct cursor c = cursor_make(data);
    if (cursor_u8(&c) != DER_SEQUENCE)
        return 0;
    size_t length = der_length(&c), size = cursor_pos(&c) + length;
    struct bytes id = der_take(&c, DER_INTEGER);
    size_t before = cursor_pos(&c);
    *op = cursor_u8(&c);
    size_t inner = der_length(&c);
    if (!cursor_ok(&c) || id.len == 0 || id.len > 4 || (id.data[0] & 0x80) || !is_op(*op))
        return 0;
    size_t end = cursor_pos(&c) + inner;
    uint8_t first = first_member(*op);
    if (end > size || before > size || (inner == 0 && first))
        return 0;
    if (first && inner && cursor_left(&c) > 0 && cursor_u8(&c) != first)
        return 0;
    return size;
}

static enum proto_probe ldap_probe(const struct proto_first *first)
{
    uint8_t op;
    struct bytes data = first->data;
    if (bytes_at(data, 0) != DER_SEQUENCE)
        return PROBE_NO;
    if (data.len < 7)
        return first->carrier == OVER_TCP ? PROBE_MORE : PROBE_NO;
    size_t size = message_size(bytes_sub(data, 0, 40), &op);
    if (size == 0)
        return first->carrier == OVER_TCP && data.len < HEAD_BYTES ? PROBE_MORE : PROBE_NO;
    if (first->carrier == OVER_UDP && size > data.len)
        return PROBE_NO;
    // What is short and vague must at least be whole.
    if (first_member(op) == 0 && size != data.len)
        return PROBE_NO;
    return ldap_op_asks(op) ? PROBE_CLIENT : PROBE_SERVER;
}

static struct ldap_tx *tx_create(struct proto_flow *pf)
{
    struct arena arena;
    struct ldap_tx *tx = arena_hold(&arena, pf->arena.pool, LDAP_TX_BYTES, sizeof *tx);
    if (!tx) {
        proto_anomaly(pf, ANOMALY_LDAP_OUT_OF_BUDGET);
        return NULL;
    }
    tx->arena = arena;
    tx->tx_id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

static void responses_fill(struct ldap_tx *tx)
{
    tx->record.responses = tx->responses;
    tx->record.responses_count = tx->response_count;
    tx->record.responses_omitted = tx->omitted;
    tx->record.has_responses_omitted = tx->omitted > 0;
}

static void tx_emit(struct proto_flow *pf, struct ldap_tx *tx)
{
    responses_fill(tx);
    if (tx->arena.exhausted)
        proto_anomaly(pf, ANOMALY_LDAP_OUT_OF_BUDGET);
    proto_emit_at(pf, RECORD_LDAP, &tx->record, tx->tx_id, tx->time_us);
    arena_release(&tx->arena); // it holds tx
}

static void tx_append(struct proto_flow *pf, struct ldap_tx *tx)
{
    struct ldap_state *state = pf->state;
    if (state->pending == LDAP_PENDING) {
        struct ldap_tx *oldest = state->first;
        proto_anomaly(pf, ANOMALY_LDAP_TOO_MANY_REQUESTS);
        state->first = oldest->next;
        state->pending--;
        tx_emit(pf, oldest);
    }
    if (state->first)
        state->last->next = tx;
    else
        state->first = tx;
    state->last = tx;
    state->pending++;
}

// The exchange a message belongs to; it is taken off the list when `take`.
static struct ldap_tx *tx_find(struct ldap_state *state, uint32_t message_id, bool take)
{
    struct ldap_tx *before = NULL;
    for (struct ldap_tx *tx = state->first; tx; before = tx, tx = tx->next) {
        if (tx->message_id != message_id)
            continue;
        if (!take)
            return tx;
        if (before)
            before->next = tx->next;
        else
            state->first = tx->next;
        if (state->last == tx)
            state->last = before;
        state->pending--;
        return tx;
    }
    return NULL;
}

static void problems_report(struct proto_flow *pf, uint8_t problems)
{
    if (problems & LDAP_MALFORMED)
        proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
    if (problems & LDAP_CUT)
        proto_anomaly(pf, ANOMALY_LDAP_TEXT_CUT);
    if (problems & LDAP_TOO_MANY)
        proto_anomaly(pf, ANOMALY_LDAP_TOO_MANY_ELEMENTS);
    if (problems & LDAP_DEEP)
        proto_anomaly(pf, ANOMALY_LDAP_FILTER_TOO_DEEP);
}

static void feed_token(struct proto_flow *pf, uint64_t tx_id, struct bytes token)
{
    struct ldap_state *state = pf->state;
    struct gss_token gss;
    if (token.len && gss_feed(&state->ntlm, pf, tx_id, token, &gss) && gss.kind == GSS_KERBEROS)
        krb_emit_carried(pf, tx_id, gss.inner);
}

static void bind_request(struct proto_flow *pf, struct ldap_tx *tx, const struct ldap_message *m)
{
    struct ldap_state *state = pf->state;
    state->sasl_bind = false;
    if (m->mechanism.len && !bytes_equal(m->mechanism, state->mechanism))
        state->mechanism = arena_copy(&pf->arena, bytes_sub(m->mechanism, 0, 64));
    feed_token(pf, tx->tx_id, m->credentials);
}

static void bind_response(struct proto_flow *pf, uint64_t tx_id, const struct ldap_message *m)
{
    enum { SUCCESS = 0, IN_PROGRESS = 14 };
    struct ldap_state *state = pf->state;
    feed_token(pf, tx_id, m->credentials);
    if (m->result_code == IN_PROGRESS)
        return;
    state->sasl_bind = m->result_code == SUCCESS && state->mechanism.len > 0;
    if (m->result_code == SUCCESS && !ntlm_session_message(state->ntlm, NTLM_AUTHENTICATE))
        return; // Sicily: the answer to its first step is a success, too
    ntlm_result(&state->ntlm, pf, m->result_code == SUCCESS ? NTLM_SUCCESS : NTLM_FAILURE);
}

static void take_request(struct proto_flow *pf, struct bytes message)
{
    struct ldap_state *state = pf->state;
    struct ldap_message m;
    struct ldap_tx *tx = tx_create(pf);
    if (!tx || !ldap_message_read(&m, message, &tx->arena)) {
        struct arena none = {0}, arena = tx ? tx->arena : none;
        if (tx)
            arena_reset(&arena);
        proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
        return;
    }
    problems_report(pf, m.problems);
    tx->message_id = m.id;
    tx->op = m.op;
    tx->record.request = m.request;
    tx->record.has_request = true;
    tx->record.opcode = bytes_from_text(m.opcode);
    tx->record.authtype = bytes_from_text(m.authtype);
    tx->record.bindname = m.bindname;
    tx->record.user = m.user;
    tx->record.sasl_wrapped =
        state->wrapped[FLOW_CLIENT] ? BYTES("integrity") : (struct bytes){NULL, 0};
    tx->extension = m.request.extended_request.extension;
    if (m.op == LDAP_BIND_REQUEST)
        bind_request(pf, tx, &m);
    state->starttls |= bytes_equal(tx->extension, BYTES("StartTLS"));
    if (m.op == LDAP_UNBIND_REQUEST || m.op == LDAP_ABANDON_REQUEST) {
        tx_emit(pf, tx);
        return;
    }
    proto_show_known(pf, FLOW_CLIENT, tx->tx_id, RECORD_LDAP, &tx->record);
    tx_append(pf, tx);
}

// Another answer, until there are too many: then the last one is kept.
static void response_add(struct ldap_tx *tx, const struct record_ldap_response *response)
{
    if (!tx->responses)
        tx->responses = arena_alloc(&tx->arena, (LDAP_RESPONSES + 1) * sizeof *tx->responses);
    if (!tx->responses) {
        tx->omitted++;
        return;
    }
    if (tx->response_count <= LDAP_RESPONSES) {
        tx->responses[tx->response_count++] = *response;
        return;
    }
    tx->responses[LDAP_RESPONSES] = *response;
    tx->omitted++;
}

static bool is_last(uint8_t op)
{
    return op != LDAP_SEARCH_ENTRY && op != LDAP_SEARCH_REFERENCE &&
           op != LDAP_INTERMEDIATE_RESPONSE;
}

static void count_result(struct ldap_tx *tx, const struct ldap_message *m)
{
    if (m->op == LDAP_SEARCH_ENTRY)
        tx->record.result_count++;
    tx->record.has_result_count |= m->op == LDAP_SEARCH_ENTRY || m->op == LDAP_SEARCH_DONE;
    if (m->result_code != LDAP_NO_CODE)
        tx->record.result = ldap_result_words(m->result_code, &tx->arena);
    if (m->has_netlogon) {
        tx->record.netlogon = m->netlogon;
        tx->record.has_netlogon = true;
    }
}

static void starttls_answer(
    struct proto_flow *pf, const struct ldap_tx *tx, const struct ldap_message *m)
{
    struct ldap_state *state = pf->state;
    if (m->op != LDAP_EXTENDED_RESPONSE || !bytes_equal(tx->extension, BYTES("StartTLS")))
        return;
    state->starttls = false;
    state->tls = m->result_code == 0;
}

// Past LDAP_RESPONSES only what ends an exchange is read; entries before it are counted.
static bool counts_only(struct ldap_tx *tx, uint8_t op)
{
    if (is_last(op) || !tx || tx->response_count < LDAP_RESPONSES)
        return false;
    tx->omitted++;
    tx->record.result_count += op == LDAP_SEARCH_ENTRY;
    tx->record.has_result_count = true;
    return true;
}

static void take_response(struct proto_flow *pf, struct bytes message, uint8_t op)
{
    struct ldap_state *state = pf->state;
    struct ldap_message m;
    struct cursor c = cursor_make(message);
    struct cursor inner = der_enter(&c, DER_SEQUENCE);
    uint32_t id = 0;
    struct bytes raw = der_take(&inner, DER_INTEGER);
    for (size_t i = 0; i < raw.len; i++)
        id = id << 8 | raw.data[i];
    struct ldap_tx *tx = id ? tx_find(state, id, is_last(op)) : NULL;
    if (counts_only(tx, op))
        return;
    bool alone = !tx;
    if (alone && !(tx = tx_create(pf)))
        return;
    bool known = ldap_message_read(&m, message, &tx->arena);
    if (known) {
        problems_report(pf, m.problems);
        m.response.has_message_id = true;
        m.response.message_id = id;
        response_add(tx, &m.response);
        count_result(tx, &m);
        if (m.op == LDAP_BIND_RESPONSE)
            bind_response(pf, tx->tx_id, &m);
        starttls_answer(pf, tx, &m);
    } else {
        proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
    }
    if (state->wrapped[FLOW_SERVER])
        tx->record.sasl_wrapped = BYTES("integrity");
    if (!is_last(op)) {
        responses_fill(tx);
        proto_show_known(pf, FLOW_SERVER, tx->tx_id, RECORD_LDAP, &tx->record);
    }
    if (!is_last(op) && alone) { // the request may have been missed: wait for the rest of it
        tx->message_id = id;
        tx_append(pf, tx);
    } else if (is_last(op)) {
        tx_emit(pf, tx);
    }
}

static void take_message(struct proto_flow *pf, struct bytes message, uint8_t op)
{
    if (ldap_op_asks(op))
        take_request(pf, message);
    else
        take_response(pf, message, op);
}

// Every whole message of `c`. False: what stands there is none.
static bool take_messages(struct proto_flow *pf, struct cursor *c)
{
    struct ldap_state *state = pf->state;
    while (cursor_left(c) > 0 && !state->tls) {
        uint8_t op;
        size_t size = message_size(cursor_rest(c), &op);
        if (size == 0 || size > cursor_left(c))
            return false;
        take_message(pf, cursor_take(c, size), op);
    }
    return true;
}

// A record that says why nothing follows.
static void emit_privacy(struct proto_flow *pf)
{
    struct ldap_state *state = pf->state;
    struct record_ldap r = {.sasl_wrapped = BYTES("privacy")};
    proto_emit(pf, RECORD_LDAP, &r, pf->tx_count++);
    state->closed = true;
}

// What a GSS-API wrap token protects when it only signs: RFC 4121 section 4.2.4, or the signature
// of NTLM (MS-NLMP section 2.2.2.9). {NULL, 0}: it is encrypted.
static struct bytes unwrap(struct bytes buffer)
{
    uint8_t op;
    struct cursor c = cursor_make(buffer);
    uint16_t id = cursor_u16(&c);
    uint8_t flags = cursor_u8(&c);
    cursor_skip(&c, 1);
    uint16_t extra = cursor_u16(&c), rotation = cursor_u16(&c);
    if (id == 0x0504 && cursor_ok(&c) && !(flags & CFX_SEALED)) {
        // Rotated to the right by RRC, the checksum stands before the message.
        size_t at = CFX_HEAD + (rotation ? extra : 0U);
        struct bytes inner = bytes_from(buffer, at);
        return bytes_sub(inner, 0, rotation || inner.len < extra ? inner.len : inner.len - extra);
    }
    struct bytes inner = bytes_from(buffer, NTLM_SIGNATURE);
    bool ntlm = bytes_start_with(buffer, BYTES("\1\0\0\0")) && message_size(inner, &op) > 0;
    return ntlm ? inner : (struct bytes){NULL, 0};
}

// A buffer of a SASL layer whose bind was not seen, or not accepted where we could see it.
static bool looks_wrapped(struct bytes data)
{
    struct bytes token = bytes_from(data, SASL_MARK);
    return bytes_at(data, 0) == 0 &&
           (bytes_start_with(token, BYTES("\5\4")) || bytes_start_with(token, BYTES("\1\0\0\0")) ||
               bytes_start_with(token, BYTES("\x60")));
}

// One buffer of the SASL layer (RFC 4422 section 3.7). False: more bytes are needed.
static bool wrapped_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ldap_state *state = pf->state;
    struct cursor ahead = *in;
    uint32_t size = cursor_u32(&ahead);
    if (!cursor_ok(&ahead))
        return false;
    if (size == 0 || size > LDAP_MESSAGE_BYTES) {
        emit_privacy(pf); // a layer we know nothing of
        return false;
    }
    if (cursor_left(&ahead) < size) {
        pf->need[side] = SASL_MARK + size;
        return false;
    }
    struct bytes inner = unwrap(cursor_take(&ahead, size));
    *in = ahead;
    struct cursor c = cursor_make(inner);
    if (!inner.data)
        emit_privacy(pf);
    else if (!take_messages(pf, &c))
        proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
    return !state->closed;
}

// After a gap: the next place where a message begins, or let go of what is here.
static void find_message(struct ldap_state *state, enum flow_side side, struct cursor *in)
{
    uint8_t op;
    while (cursor_left(in) >= HEAD_BYTES) {
        struct bytes rest = cursor_rest(in);
        size_t at = bytes_find_byte(rest, DER_SEQUENCE);
        cursor_skip(in, at == BYTES_NOT_FOUND ? rest.len : at);
        rest = cursor_rest(in);
        if (rest.len < HEAD_BYTES)
            return;
        if (message_size(bytes_sub(rest, 0, HEAD_BYTES), &op) && first_member(op) &&
            (side == FLOW_CLIENT) == ldap_op_asks(op)) {
            state->lost[side] = false;
            return;
        }
        cursor_skip(in, 1);
    }
}

static void skip_bytes(struct ldap_state *state, enum flow_side side, struct cursor *in)
{
    size_t left = cursor_left(in);
    size_t step = state->skip[side] < left ? state->skip[side] : left;
    cursor_skip(in, step);
    state->skip[side] -= step;
}

// A message, or the wait for the rest of it. False: nothing more can be done now.
static bool plain_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ldap_state *state = pf->state;
    uint8_t op;
    struct bytes rest = cursor_rest(in);
    size_t size = message_size(rest, &op);
    bool head = rest.data[0] == DER_SEQUENCE || rest.data[0] == 0;
    if (size == 0 && rest.len < HEAD_BYTES && head && !pf->ended[side])
        return false; // its head is not whole
    if (size == 0) {
        proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
        state->closed = true;
        return false;
    }
    if (size > LDAP_MESSAGE_BYTES) {
        proto_anomaly(pf, ANOMALY_LDAP_TOO_LONG);
        state->skip[side] = size;
        return true;
    }
    if (rest.len < size) {
        pf->need[side] = size;
        return false;
    }
    proto_frame(pf, FRAME_LDAP_PDU, side, rest, (int64_t)size, UINT64_MAX);
    take_message(pf, cursor_take(in, size), op);
    return true;
}

static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ldap_state *state = pf->state;
    uint8_t first = bytes_at(cursor_rest(in), 0);
    if (state->skip[side]) {
        skip_bytes(state, side, in);
        return true;
    }
    if (state->lost[side]) {
        find_message(state, side, in);
        return !state->lost[side];
    }
    if (state->starttls && side == FLOW_CLIENT) {
        if (first == 0x16)
            state->tls = true; // the answer was not captured
        else
            proto_anomaly(pf, ANOMALY_LDAP_DATA_AFTER_STARTTLS);
        if (state->tls)
            return false;
    }
    if (state->wrapped[side] ||
        (first != DER_SEQUENCE && (state->sasl_bind || looks_wrapped(cursor_rest(in))))) {
        state->wrapped[side] = true;
        return wrapped_step(pf, side, in);
    }
    return plain_step(pf, side, in);
}

static enum proto_verdict ldap_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ldap_state *state = pf->state;
    if (pf->carrier == OVER_UDP) {
        if (!take_messages(pf, in))
            proto_anomaly(pf, ANOMALY_LDAP_MALFORMED_DATA);
        return PROTO_MORE;
    }
    while (cursor_left(in) > 0 && !state->closed && !state->tls)
        if (!step(pf, side, in))
            break;
    if (state->tls) {
        proto_switch(pf, &proto_tls);
        return PROTO_DONE;
    }
    return state->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict ldap_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct ldap_state *state = pf->state;
    if (state->wrapped[side])
        return PROTO_DONE; // the buffers of the SASL layer have no mark
    if (lost <= state->skip[side]) {
        state->skip[side] -= lost;
    } else {
        state->skip[side] = 0;
        state->lost[side] = true;
    }
    return PROTO_MORE;
}

static void ldap_finish(struct proto_flow *pf)
{
    struct ldap_state *state = pf->state;
    while (state->first) {
        struct ldap_tx *tx = state->first;
        state->first = tx->next;
        tx_emit(pf, tx);
    }
    ntlm_result(&state->ntlm, pf, NTLM_UNKNOWN);
}

const struct proto proto_ldap = {
    .name = "ldap",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct ldap_state),
    .budget_bytes = 4096,
    .buffer_bytes = LDAP_MESSAGE_BYTES + SASL_MARK,
    .probe = ldap_probe,
    .parse = ldap_parse,
    .gap = ldap_gap,
    .finish = ldap_finish,
};
