// SPDX-License-Identifier: Apache-2.0
// OPC UA over TCP (OPC 10000-6 section 7, 10000-4 services): hello, secure channels, and services
// as long as they are not encrypted. Emits opcua records: one a hello with its answer, an error, a
// secure channel opened; of services the first of each kind in a flow, those that open sessions or
// change something, and those that fail; polling repeats nothing. Chunks after the first and what
// is read or written are not looked at. Limits: KINDS_MAX, TEXT_BYTES.
#include "proto/ics.h"

enum {
    HEAD_BYTES = 8,
    MESSAGE_BYTES = 16 * 1024 * 1024, // far more than servers take; only heads are kept
    KEPT_BYTES = 4096,                // of one message
    KINDS_MAX = 128,
    TEXT_BYTES = 256,
    EXCHANGE_BYTES = 4096,
    CHANNEL_REQUEST = 446,
    SERVICE_FAULT = 397,
};

static const struct ics_name services[] = {
#define N(value, name) {value, name},
#include "proto/opcua_services.def"
};

static const struct ics_name statuses[] = {
#include "proto/opcua_statuses.def"
};

static const struct ics_name modes[] = {
    {0, "invalid"}, {1, "none"}, {2, "sign"}, {3, "sign_and_encrypt"}};

static const struct ics_name tokens[] = {
    {321, "anonymous"}, {324, "username"}, {327, "certificate"}, {940, "issued"}};

enum service { CREATE_SESSION = 461, ACTIVATE_SESSION = 467 };

struct opcua_state {
    struct ics_waits waits;
    uint16_t seen[KINDS_MAX];
    size_t count;
    size_t skip[2]; // rest of a message whose beginning was read
};

enum kind { HELLO, CHANNEL, SERVICE };

static bool kind_is(struct bytes d, const char *kind)
{
    return bytes_start_with(d, bytes_make(kind, 3));
}

static enum proto_probe opcua_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    bool hello = kind_is(d, "HEL"), answer = kind_is(d, "ACK") || kind_is(d, "ERR");
    bool reverse = kind_is(d, "RHE"), later = kind_is(d, "OPN") || kind_is(d, "MSG");
    if (!hello && !answer && !reverse && !later)
        return PROBE_NO;
    if (d.len < HEAD_BYTES + 4)
        return PROBE_MORE;
    struct cursor in = cursor_make(d);
    cursor_skip(&in, 3);
    uint8_t chunk = cursor_u8(&in);
    uint32_t size = cursor_u32le(&in), version = cursor_u32le(&in);
    if (size < 16 || size > MESSAGE_BYTES || (chunk != 'F' && !(later && chunk == 'C')))
        return PROBE_NO;
    if ((hello && version > 16) || (kind_is(d, "ACK") && size != 28) || (!later && size > 8192))
        return PROBE_NO;
    if (later && size > d.len + 65536)
        return PROBE_NO;
    return hello ? PROBE_CLIENT : answer || reverse ? PROBE_SERVER : PROBE_EITHER;
}

static struct bytes read_text(struct cursor *in)
{
    uint32_t length = cursor_u32le(in);
    if (length == UINT32_MAX)
        return (struct bytes){NULL, 0};
    return cursor_take(in, length);
}

static struct bytes keep_text(struct cursor *in, struct arena *arena)
{
    struct bytes text = read_text(in);
    return text.len ? arena_copy(arena, bytes_sub(text, 0, TEXT_BYTES)) : (struct bytes){NULL, 0};
}

// A node identifier; only numbers up to 16 bits name services.
static uint16_t read_node(struct cursor *in)
{
    uint8_t form = cursor_u8(in) & 0x3f;
    switch (form) {
    case 0: return cursor_u8(in);
    case 1: cursor_skip(in, 1); return cursor_u16le(in);
    case 2: cursor_skip(in, 2); return (uint16_t)cursor_u32le(in);
    case 3:
    case 5:
        cursor_skip(in, 2);
        read_text(in);
        return 0;
    case 4: cursor_skip(in, 18); return 0;
    default: cursor_fail(in); return 0;
    }
}

static void set_status(struct record_opcua *r, uint32_t status, struct arena *arena)
{
    r->has_status = true;
    r->status = status;
    struct bytes name = ICS_NAME(statuses, status >> 16);
    r->status_name = ics_name_or(name, status >> 30 == 2 ? "Bad-" : "code-", status >> 16, arena);
}

static void emit_wait(struct proto_flow *pf, struct ics_wait *wait)
{
    const struct record_opcua *r = wait->request;
    if (wait->key >> 32 == SERVICE && !r->has_status)
        return; // one of many of its kind, without an answer
    pf->speaker = FLOW_CLIENT;
    proto_emit_at(pf, RECORD_OPCUA, wait->request, wait->tx_id, wait->time_us);
}

static uint64_t key_of(enum kind kind, uint32_t number)
{
    return (uint64_t)kind << 32 | number;
}

static struct record_opcua *begin(struct proto_flow *pf, uint64_t key, struct ics_wait **wait)
{
    struct opcua_state *state = pf->state;
    *wait = ics_wait_begin(pf, &state->waits, key, sizeof(struct record_opcua), EXCHANGE_BYTES);
    return *wait ? (*wait)->request : NULL;
}

static void answered(struct proto_flow *pf, struct ics_wait *wait)
{
    struct record_opcua *r = wait->request;
    r->has_rtt_us = pf->time_us >= wait->time_us;
    r->rtt_us = (uint64_t)(pf->time_us - wait->time_us);
    emit_wait(pf, wait);
    ics_wait_end(wait);
}

static void take_hello(struct proto_flow *pf, struct cursor *in)
{
    struct ics_wait *wait;
    struct record_opcua *r = begin(pf, key_of(HELLO, 0), &wait);
    if (!r)
        return;
    r->message = BYTES("hello");
    r->protocol_version = cursor_u32le(in);
    cursor_skip(in, 16);
    r->endpoint = keep_text(in, &wait->arena);
    r->has_protocol_version = cursor_ok(in);
}

static void take_error(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, EXCHANGE_BYTES);
    struct record_opcua r = {.message = BYTES("error")};
    set_status(&r, cursor_u32le(in), &arena);
    r.reason = keep_text(in, &arena);
    pf->speaker = side;
    proto_emit(pf, RECORD_OPCUA, &r, pf->tx_count++);
    arena_reset(&arena);
}

static void take_reverse(struct proto_flow *pf, struct cursor *in)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, EXCHANGE_BYTES);
    struct record_opcua r = {.message = BYTES("reverse_hello")};
    r.server_uri = keep_text(in, &arena);
    r.endpoint = keep_text(in, &arena);
    pf->speaker = FLOW_SERVER;
    proto_emit(pf, RECORD_OPCUA, &r, pf->tx_count++);
    arena_reset(&arena);
}

// Token, time, number, diagnostics, audit entry, time-out, an extension.
static void skip_request_header(struct cursor *in)
{
    read_node(in);
    cursor_skip(in, 16);
    read_text(in);
    cursor_skip(in, 4);
    read_node(in);
    if (cursor_u8(in))
        read_text(in);
}

static void take_channel_request(struct proto_flow *pf, uint32_t channel, struct bytes policy,
    uint32_t certificate, struct cursor *in)
{
    cursor_skip(in, 4); // sequence number
    uint32_t number = cursor_u32le(in);
    struct ics_wait *wait;
    struct record_opcua *r = begin(pf, key_of(CHANNEL, number), &wait);
    if (!r)
        return;
    size_t mark = bytes_find_byte(policy, '#');
    policy = mark == BYTES_NOT_FOUND ? policy : bytes_from(policy, mark + 1);
    r->message = BYTES("channel");
    r->has_channel = channel > 0;
    r->channel = channel;
    r->security_policy = arena_copy(&wait->arena, bytes_sub(policy, 0, TEXT_BYTES));
    r->has_certificate_bytes = certificate > 0;
    r->certificate_bytes = certificate;
    if (!bytes_equal(policy, BYTES("None")) || read_node(in) != CHANNEL_REQUEST)
        return;
    skip_request_header(in);
    cursor_skip(in, 4); // version
    uint32_t type = cursor_u32le(in), mode = cursor_u32le(in);
    read_text(in); // nonce
    r->lifetime = cursor_u32le(in);
    if (!cursor_ok(in))
        return;
    r->has_lifetime = true;
    r->request_type = type ? BYTES("renew") : BYTES("issue");
    r->security_mode = ics_name_or(ICS_NAME(modes, mode), "unknown-", mode, &wait->arena);
}

static void take_channel(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct opcua_state *state = pf->state;
    uint32_t channel = cursor_u32le(in);
    struct bytes policy = read_text(in), certificate = read_text(in);
    read_text(in); // thumb print
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_OPCUA_MALFORMED);
        return;
    }
    struct bytes name = BYTES("#None");
    bool none =
        policy.len >= name.len && bytes_equal(bytes_from(policy, policy.len - name.len), name);
    if (side == FLOW_CLIENT) {
        take_channel_request(pf, channel, policy, (uint32_t)certificate.len, in);
        return;
    }
    cursor_skip(in, 4);
    struct ics_wait *wait =
        none ? ics_wait_find(&state->waits, key_of(CHANNEL, cursor_u32le(in))) : NULL;
    for (size_t i = 0; i < ICS_WAITS_MAX && !none && !wait; i++) // its number is encrypted
        if (state->waits.slots[i].used && state->waits.slots[i].key >> 32 == CHANNEL)
            wait = &state->waits.slots[i];
    if (!wait)
        return;
    struct record_opcua *r = wait->request;
    r->has_channel = true;
    r->channel = channel;
    answered(pf, wait);
}

static bool is_new(struct opcua_state *state, uint16_t kind)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->seen[i] == kind)
            return false;
    if (state->count < KINDS_MAX)
        state->seen[state->count++] = kind;
    return true;
}

// Sessions, nodes added or deleted, writes, calls, transfers of subscriptions.
static bool is_kept(uint16_t service)
{
    bool session = service >= CREATE_SESSION && service <= 473;
    bool nodes = service >= 486 && service <= 506;
    return session || nodes || service == 673 || service == 700 || service == 712 || service == 841;
}

// A description of the client, then the names of server, endpoint and session.
static void read_create(struct cursor *in, struct record_opcua *r, struct arena *arena)
{
    skip_request_header(in);
    r->application_uri = keep_text(in, arena);
    read_text(in);                 // product
    uint8_t parts = cursor_u8(in); // of a localised text
    if (parts & 1)
        read_text(in);
    if (parts & 2)
        read_text(in);
    cursor_skip(in, 4); // kind of application
    read_text(in);
    read_text(in);
    uint32_t urls = cursor_u32le(in);
    for (uint32_t i = 0; urls != UINT32_MAX && i < urls && cursor_ok(in); i++)
        read_text(in);
    read_text(in);
    r->endpoint = keep_text(in, arena);
    r->session_name = keep_text(in, arena);
}

static void read_activate(struct cursor *in, struct record_opcua *r, struct arena *arena)
{
    skip_request_header(in);
    read_text(in); // algorithm
    read_text(in); // signature
    uint32_t certificates = cursor_u32le(in);
    for (uint32_t i = 0; certificates != UINT32_MAX && i < certificates && cursor_ok(in); i++) {
        read_text(in);
        read_text(in);
    }
    uint32_t locales = cursor_u32le(in);
    for (uint32_t i = 0; locales != UINT32_MAX && i < locales && cursor_ok(in); i++)
        read_text(in);
    uint16_t kind = read_node(in);
    cursor_skip(in, 5); // how it is encoded, length
    if (!cursor_ok(in))
        return;
    r->token_type = ics_name_or(kind == 319   ? BYTES("anonymous")
                                : kind == 322 ? BYTES("username")
                                              : ICS_NAME(tokens, kind),
        "unknown-", kind, arena);
    read_text(in); // policy
    if (kind != 322 && kind != 324)
        return;
    r->user = keep_text(in, arena);
    r->password_given = read_text(in).len > 0;
}

static void take_request(
    struct proto_flow *pf, uint32_t number, uint16_t service, struct cursor *in)
{
    struct opcua_state *state = pf->state;
    struct ics_wait *wait;
    struct record_opcua *r = begin(pf, key_of(SERVICE, number), &wait);
    if (!r)
        return;
    r->message = BYTES("service");
    r->service = ics_name_or(ICS_NAME(services, service), "unknown-", service, &wait->arena);
    if (service == CREATE_SESSION)
        read_create(in, r, &wait->arena);
    else if (service == ACTIVATE_SESSION)
        read_activate(in, r, &wait->arena);
    // Those that say nothing new are kept until their answer, which may be an error.
    wait->key |= is_new(state, service) || is_kept(service) ? (uint64_t)1 << 63 : 0;
}

static void take_answer(struct proto_flow *pf, uint32_t number, struct cursor *in)
{
    struct opcua_state *state = pf->state;
    uint64_t key = key_of(SERVICE, number);
    struct ics_wait *wait = ics_wait_find(&state->waits, key | (uint64_t)1 << 63);
    bool kept = wait != NULL;
    if (!wait)
        wait = ics_wait_find(&state->waits, key);
    cursor_skip(in, 12); // time, number
    uint32_t status = cursor_u32le(in);
    if (!wait)
        return;
    if (cursor_ok(in))
        set_status(wait->request, status, &wait->arena);
    if (kept || status >> 31)
        answered(pf, wait);
    else
        ics_wait_end(wait);
}

static void take_service(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    cursor_skip(in, 12); // channel, token, sequence number
    uint32_t number = cursor_u32le(in);
    uint8_t form = bytes_at(cursor_rest(in), 0), space = bytes_at(cursor_rest(in), 1);
    uint16_t service = read_node(in);
    bool clear = cursor_ok(in) && form == 1 && space == 0 && ICS_NAME(services, service).data;
    if (side == FLOW_CLIENT && clear)
        take_request(pf, number, service, in);
    else if (side == FLOW_SERVER && form == 1 && space == 0 && cursor_ok(in))
        take_answer(pf, number, in);
}

static void take_message(struct proto_flow *pf, enum flow_side side, struct bytes message)
{
    struct opcua_state *state = pf->state;
    struct cursor in = cursor_make(message);
    bool last = bytes_at(message, 3) == 'F';
    cursor_skip(&in, HEAD_BYTES);
    struct ics_wait *hello = ics_wait_find(&state->waits, key_of(HELLO, 0));
    if (kind_is(message, "HEL")) {
        take_hello(pf, &in);
    } else if (kind_is(message, "ACK") && hello) {
        struct record_opcua *r = hello->request;
        r->accepted = true;
        answered(pf, hello);
    } else if (kind_is(message, "ERR")) {
        take_error(pf, side, &in);
    } else if (kind_is(message, "RHE")) {
        take_reverse(pf, &in);
    } else if (kind_is(message, "OPN")) {
        take_channel(pf, side, &in);
    } else if (kind_is(message, "MSG") && (last || bytes_at(message, 3) == 'C')) {
        take_service(pf, side, &in);
    }
}

static bool head_known(struct bytes d)
{
    static const char *const kinds[] = {"MSG", "OPN", "CLO", "HEL", "ACK", "ERR", "RHE"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kind_is(d, kinds[i]))
            return true;
    return false;
}

static enum proto_verdict opcua_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct opcua_state *state = pf->state;
    state->waits.emit = emit_wait;
    while (cursor_left(in) > 0) {
        if (state->skip[side] > 0) {
            size_t part = cursor_left(in) < state->skip[side] ? cursor_left(in) : state->skip[side];
            cursor_skip(in, part);
            state->skip[side] -= part;
            continue;
        }
        struct cursor ahead = *in;
        struct bytes head = cursor_take(&ahead, HEAD_BYTES);
        if (!cursor_ok(&ahead))
            return PROTO_MORE;
        size_t size = head.data[4] | (size_t)head.data[5] << 8 | (size_t)head.data[6] << 16 |
                      (size_t)head.data[7] << 24;
        if (!head_known(head) || size < HEAD_BYTES || size > MESSAGE_BYTES) {
            proto_anomaly(pf, ANOMALY_OPCUA_MALFORMED);
            return PROTO_BROKEN;
        }
        size_t kept = size < KEPT_BYTES ? size : KEPT_BYTES;
        if (cursor_left(in) < kept) {
            pf->need[side] = kept;
            return PROTO_MORE;
        }
        take_message(pf, side, cursor_take(in, kept));
        state->skip[side] = size - kept;
    }
    return PROTO_MORE;
}

// Inside a message that is skipped anyway nothing is lost; else the next head can't be found.
static enum proto_verdict opcua_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct opcua_state *state = pf->state;
    if (lost > state->skip[side])
        return PROTO_DONE;
    state->skip[side] -= lost;
    return PROTO_MORE;
}

static void opcua_finish(struct proto_flow *pf)
{
    struct opcua_state *state = pf->state;
    state->waits.emit = emit_wait;
    ics_waits_finish(pf, &state->waits);
}

const struct proto proto_opcua = {
    .name = "opcua",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct opcua_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = opcua_probe,
    .parse = opcua_parse,
    .gap = opcua_gap,
    .finish = opcua_finish,
};
