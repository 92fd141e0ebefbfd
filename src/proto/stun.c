// SPDX-License-Identifier: Apache-2.0
// STUN (RFC 8489, and RFC 3489's form without magic), TURN (RFC 8656) and ICE's attributes (RFC
// 8445) over UDP and TCP. One stun record for a request and its answer; one that says the same as
// an earlier one of the flow is left out, as checks go on for hours. DTLS on the same ports (RFC
// 7983) goes to its parser; relayed data and media are only counted. Limits: STUN_PENDING_MAX
// requests wait, STUN_RECORDS_MAX records a flow.
#include "base/hash.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    STUN_HEADER_BYTES = 20,
    STUN_COOKIE = 0x2112a442,
    STUN_PENDING_MAX = 16,
    STUN_RECORDS_MAX = 256,
    STUN_SEEN_MAX = 32,
    STUN_TEXT_BYTES = 512, // of a name
    STUN_EXCHANGE_BYTES = 8 * 1024,
    STUN_TCP_BYTES = 65536 + STUN_HEADER_BYTES,
};

enum stun_class { REQUEST, INDICATION, SUCCESS, ERROR };

struct stun_header {
    uint16_t method, length;
    enum stun_class class;
    bool classic;
    struct bytes id; // with the magic number
};

struct stun_exchange {
    struct record_stun record;
    struct arena arena;
    int64_t time_us;
    enum flow_side side; // who asked
    bool used;
    uint8_t id[16];
};

struct stun_state {
    struct stun_exchange pending[STUN_PENDING_MAX];
    uint64_t seen[STUN_SEEN_MAX]; // folded records, a ring
    uint32_t records, next_seen;
    bool begun, framed; // over TCP: whether messages have lengths before them is known
};

static bool method_known(uint16_t method)
{
    return method == 1 || method == 3 || method == 4 || (method >= 6 && method <= 12) ||
           method == 0x80;
}

// RFC 8489 section 5.
static bool header_read(struct cursor *in, struct stun_header *h)
{
    uint16_t type = cursor_u16(in);
    h->length = cursor_u16(in);
    h->id = cursor_take(in, 16);
    h->method = (uint16_t)((type & 0x0f) | (type & 0xe0) >> 1 | (type & 0x3e00) >> 2);
    h->class = (enum stun_class)((type >> 4 & 1) | (type >> 7 & 2));
    struct cursor id = cursor_make(h->id);
    h->classic = cursor_u32(&id) != STUN_COOKIE;
    return cursor_ok(in) && type < 0x4000 && (!h->classic || h->length % 4 == 0);
}

// RFC 3489's has nothing but shape: binding and shared secret, attributes that fit and are known.
static bool classic_fits(const struct stun_header *h, struct cursor in)
{
    if (h->method != 1 && h->method != 2)
        return false;
    while (cursor_left(&in) > 0) {
        uint16_t type = cursor_u16(&in), length = cursor_u16(&in);
        bool known = (type >= 1 && type <= 0x0b) || (type >= 0x8000 && type < 0x8100);
        if (!known || length > 256)
            return false;
        cursor_skip(&in, length);
    }
    return cursor_ok(&in);
}

// RFC 4571: each message behind its length.
static bool is_framed(struct bytes data)
{
    struct cursor in = cursor_make(data);
    uint16_t outer = cursor_u16(&in), type = cursor_u16(&in), inner = cursor_u16(&in);
    return cursor_u32(&in) == STUN_COOKIE && cursor_ok(&in) && type < 0x4000 &&
           outer == inner + STUN_HEADER_BYTES;
}

static enum proto_probe stun_probe(const struct proto_first *first)
{
    struct stun_header h;
    struct cursor in = cursor_make(first->data);
    if (bytes_at(first->data, 0) > 3)
        return PROBE_NO;
    if (first->carrier == OVER_TCP && is_framed(first->data))
        cursor_skip(&in, 2);
    if (!header_read(&in, &h)) {
        struct cursor start = cursor_make(first->data);
        cursor_skip(&start, 4);
        bool hope = first->data.len < 8 || cursor_u32(&start) == STUN_COOKIE ||
                    first->data.len < 10 || is_framed(first->data);
        return first->carrier == OVER_TCP && hope && first->data.len < STUN_HEADER_BYTES + 2
                   ? PROBE_MORE
                   : PROBE_NO;
    }
    bool whole = h.length == cursor_left(&in);
    if (h.classic && (!whole || first->carrier == OVER_TCP || !classic_fits(&h, in)))
        return PROBE_NO;
    if (!h.classic && (!method_known(h.method) || (!whole && first->carrier != OVER_TCP)))
        return PROBE_NO;
    if (h.class >= SUCCESS)
        return PROBE_SERVER;
    return h.class == REQUEST ? PROBE_CLIENT : PROBE_EITHER;
}

static const char *method_name(uint16_t method)
{
    static const char *const names[] = {[1] = "binding",
        "shared_secret",
        "allocate",
        "refresh",
        [6] = "send",
        "data",
        "create_permission",
        "channel_bind",
        "connect",
        "connection_bind",
        "connection_attempt"};
    return method < sizeof names / sizeof *names ? names[method] : NULL;
}

static const char *method_title(uint16_t method)
{
    static const char *const names[] = {[1] = "Binding",
        "Shared Secret",
        "Allocate",
        "Refresh",
        [6] = "Send",
        "Data",
        "CreatePermission",
        "ChannelBind",
        "Connect",
        "ConnectionBind",
        "ConnectionAttempt"};
    return method < sizeof names / sizeof *names && names[method] ? names[method] : "Unknown";
}

static struct bytes number_text(struct stun_exchange *x, uint32_t v)
{
    char buffer[12];
    struct text_out out = TEXT_OUT(buffer);
    text_out_u64(&out, v);
    return text_out_keep(&out, &x->arena);
}

// MAPPED-ADDRESS, or XORed with the magic number and the transaction's (RFC 8489 section 14.2).
static bool read_address(struct bytes value, const uint8_t *id, struct addr *addr, uint16_t *port)
{
    struct cursor in = cursor_make(value);
    cursor_skip(&in, 1);
    uint8_t family = cursor_u8(&in);
    *port = cursor_u16(&in);
    struct bytes raw = cursor_take(&in, family == 2 ? 16 : 4);
    uint8_t plain[16] = {0};
    if (!cursor_ok(&in) || family < 1 || family > 2)
        return false;
    for (size_t i = 0; i < raw.len; i++)
        plain[i] = raw.data[i] ^ (id ? id[i] : 0);
    if (id)
        *port ^= (uint16_t)(id[0] << 8 | id[1]);
    *addr = family == 1 ? addr_v4(plain) : addr_v6(plain);
    return true;
}

static void addresses(
    struct stun_exchange *x, uint16_t type, struct bytes value, const struct stun_header *h)
{
    struct record_stun *r = &x->record;
    uint16_t port;
    switch (type) {
    case 0x0001: // an XORed one beside it is the better one
        if (!r->has_mapped_port)
            r->has_mapped_port = read_address(value, NULL, &r->mapped_ip, &r->mapped_port);
        break;
    case 0x0020:
    case 0x8020: // as drafts had it
        r->has_mapped_port = read_address(value, h->id.data, &r->mapped_ip, &r->mapped_port);
        break;
    case 0x0012:
        r->has_peer_port = read_address(value, h->id.data, &r->peer_ip, &r->peer_port);
        break;
    case 0x0016:
        r->has_relayed_port = read_address(value, h->id.data, &r->relayed_ip, &r->relayed_port);
        break;
    case 0x0005:
    case 0x802c:
        if (!read_address(value, NULL, &r->other_ip, &port))
            r->other_ip = (struct addr){.version = 0};
        break;
    default: break;
    }
}

static void attribute(
    struct stun_exchange *x, uint16_t type, struct bytes value, const struct stun_header *h)
{
    struct record_stun *r = &x->record;
    struct cursor in = cursor_make(value);
    struct bytes text = bytes_sub(value, 0, STUN_TEXT_BYTES);
    switch (type) {
    case 0x0006: r->username = arena_copy(&x->arena, text); break;
    case 0x0014: r->realm = arena_copy(&x->arena, text); break;
    case 0x8022: r->software = arena_copy(&x->arena, text); break;
    case 0x802f: r->origin = arena_copy(&x->arena, text); break;
    case 0x0008:
    case 0x001c: r->integrity |= h->class == REQUEST; break;
    case 0x0025: r->use_candidate = true; break;
    case 0x8029: r->ice_role = BYTES("controlled"); break;
    case 0x802a: r->ice_role = BYTES("controlling"); break;
    case 0x0009:
        cursor_skip(&in, 2);
        r->has_error_code = true;
        r->error_code = (uint16_t)(cursor_u8(&in) % 8 * 100);
        r->error_code = (uint16_t)(r->error_code + cursor_u8(&in));
        r->error_reason = arena_copy(&x->arena, bytes_from(text, 4));
        break;
    case 0x000c:
        r->has_channel = true;
        r->channel = cursor_u16(&in);
        break;
    case 0x000d:
        r->has_lifetime = true;
        r->lifetime = cursor_u32(&in);
        break;
    case 0x0019: {
        uint8_t protocol = cursor_u8(&in);
        r->transport = protocol == PROTO_UDP   ? BYTES("udp")
                       : protocol == PROTO_TCP ? BYTES("tcp")
                                               : number_text(x, protocol);
        break;
    }
    default: addresses(x, type, value, h); break;
    }
}

static bool attributes_read(struct stun_exchange *x, struct cursor *in, const struct stun_header *h)
{
    while (cursor_left(in) > 0) {
        uint16_t type = cursor_u16(in), length = cursor_u16(in);
        struct bytes value = cursor_take(in, length);
        if (!cursor_ok(in))
            return false;
        attribute(x, type, value, h);
        size_t padding = (4U - length % 4) % 4;
        cursor_skip(in, padding < cursor_left(in) ? padding : cursor_left(in));
    }
    return true;
}

static uint64_t fold(uint64_t h, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.data[i]) * 0x100000001b3;
    return (h ^ 0xff) * 0x100000001b3;
}

// What a record says, without what differs each time. Never 0.
static uint64_t folded(const struct record_stun *r, enum flow_side side)
{
    uint64_t h = 0xcbf29ce484222325 ^ (uint64_t)side ^ (uint64_t)r->use_candidate << 1;
    h = fold(fold(h, r->type), r->response);
    h = fold(fold(fold(h, r->username), r->realm), r->software);
    h = fold(h, bytes_make(r->mapped_ip.bytes, 16));
    h = fold(h, bytes_make(&r->mapped_port, 2));
    h = fold(h, bytes_make(r->peer_ip.bytes, 16));
    h = fold(h, bytes_make(&r->peer_port, 2));
    h = fold(h, bytes_make(r->relayed_ip.bytes, 16));
    h = fold(h, bytes_make(&r->error_code, 2));
    h = fold(h, bytes_make(&r->lifetime, 4));
    return h ? h : 1;
}

static bool is_news(struct stun_state *state, uint64_t said)
{
    for (size_t i = 0; i < STUN_SEEN_MAX; i++)
        if (state->seen[i] == said)
            return false;
    state->seen[state->next_seen++ % STUN_SEEN_MAX] = said;
    return true;
}

static void emit(struct proto_flow *pf, struct stun_exchange *x)
{
    struct stun_state *state = pf->state;
    if (is_news(state, folded(&x->record, x->side))) {
        if (state->records < STUN_RECORDS_MAX) {
            pf->speaker = x->side;
            x->record.transaction_id =
                bytes_from(bytes_make(x->id, sizeof x->id), x->record.classic ? 0 : 4);
            proto_emit_at(pf, RECORD_STUN, &x->record, pf->tx_count++, x->time_us);
        } else {
            proto_anomaly(pf, ANOMALY_STUN_FLOODED);
        }
        state->records += state->records < STUN_RECORDS_MAX;
    }
    arena_reset(&x->arena);
    x->used = false;
}

static struct stun_exchange *find(struct stun_state *state, struct bytes id)
{
    for (size_t i = 0; i < STUN_PENDING_MAX; i++)
        if (state->pending[i].used && memcmp(state->pending[i].id, id.data, id.len) == 0)
            return &state->pending[i];
    return NULL;
}

// Room for one more; the oldest gives way.
static struct stun_exchange *begin(
    struct proto_flow *pf, enum flow_side side, const struct stun_header *h)
{
    static const char *const classes[] = {"request", "indication", "success", "error"};
    static const char *const titles[] = {
        " Request", " Indication", " Success Response", " Error Response"};
    struct stun_state *state = pf->state;
    struct stun_exchange *x = &state->pending[0];
    for (size_t i = 0; i < STUN_PENDING_MAX && x->used; i++)
        if (!state->pending[i].used || state->pending[i].time_us < x->time_us)
            x = &state->pending[i];
    if (x->used) {
        proto_anomaly(pf, ANOMALY_STUN_TOO_MANY_PENDING);
        emit(pf, x);
    }
    side = h->class >= SUCCESS ? flow_other(side) : side; // the one who asked
    *x = (struct stun_exchange){.used = true, .side = side, .time_us = pf->time_us};
    arena_init(&x->arena, pf->arena.pool, STUN_EXCHANGE_BYTES);
    memcpy(x->id, h->id.data, sizeof x->id);
    char buffer[48];
    struct text_out type = TEXT_OUT(buffer);
    const char *method = method_name(h->method);
    text_out_text(&type, method_title(h->method));
    text_out_text(&type, titles[h->class]);
    x->record.type = text_out_keep(&type, &x->arena);
    x->record.method = method ? bytes_from_text(method) : number_text(x, h->method);
    x->record.class = bytes_from_text(classes[h->class]);
    x->record.classic = h->classic;
    return x;
}

static void message(
    struct proto_flow *pf, enum flow_side side, const struct stun_header *h, struct cursor *body)
{
    struct stun_state *state = pf->state;
    struct stun_exchange *x = find(state, h->id);
    if (x && h->class == REQUEST) {
        x->record.has_retransmits = true;
        x->record.retransmits++;
        return;
    }
    if (x && h->class >= SUCCESS) {
        x->record.has_rtt = true;
        x->record.rtt = (double)(pf->time_us - x->time_us) / 1e6;
    } else {
        x = begin(pf, side, h);
    }
    if (h->class >= SUCCESS)
        x->record.response = h->class == SUCCESS ? BYTES("success") : BYTES("error");
    if (!attributes_read(x, body, h))
        proto_anomaly(pf, ANOMALY_STUN_MALFORMED);
    if (h->class != REQUEST)
        emit(pf, x);
}

static bool is_dtls(const struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct proto_first first = {.data = data,
        .carrier = OVER_UDP,
        .src_port = flow_port(pf->flow, side),
        .dst_port = flow_port(pf->flow, flow_other(side))};
    return proto_dtls.probe(&first) >= PROBE_CLIENT;
}

static enum proto_verdict parse_datagram(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct stun_header h;
    struct cursor at = *in;
    struct bytes rest = cursor_rest(in);
    if (bytes_at(rest, 0) > 3) { // RFC 7983: not STUN
        if (is_dtls(pf, side, rest))
            proto_switch(pf, &proto_dtls);
        return PROTO_MORE;
    }
    if (!header_read(&at, &h) || rest.len < STUN_HEADER_BYTES)
        return PROTO_MORE; // something else uses these ports, too
    size_t left = cursor_left(&at);
    if (h.length > left)
        proto_anomaly(pf, ANOMALY_STUN_MALFORMED);
    struct cursor body = cursor_sub(&at, h.length < left ? h.length : left);
    message(pf, side, &h, &body);
    return PROTO_MORE;
}

// Messages, and channel data padded to four bytes (RFC 8656 section 12.5).
static enum proto_verdict parse_stream(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= 4) {
        struct cursor at = *in;
        struct stun_header h;
        uint16_t type = cursor_u16(&at), length = cursor_u16(&at);
        bool channel = type >= 0x4000 && type < 0x8000;
        size_t whole = channel ? 4 + (length + 3U) / 4 * 4 : STUN_HEADER_BYTES + (size_t)length;
        if (!channel && type >= 0x4000)
            return PROTO_DONE;
        if (cursor_left(in) < whole) {
            pf->need[side] = whole;
            return PROTO_MORE;
        }
        struct cursor one = cursor_sub(in, whole);
        if (channel)
            continue;
        if (!header_read(&one, &h) || h.classic) {
            proto_anomaly(pf, ANOMALY_STUN_MALFORMED);
            return PROTO_DONE;
        }
        message(pf, side, &h, &one);
    }
    return PROTO_MORE;
}

static enum proto_verdict parse_framed(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= 2) {
        struct cursor at = *in;
        uint16_t length = cursor_u16(&at);
        if (cursor_left(&at) < length) {
            pf->need[side] = 2U + length;
            return PROTO_MORE;
        }
        struct cursor one = cursor_sub(&at, length);
        struct stun_header h;
        *in = at;
        if (bytes_at(cursor_rest(&one), 0) <= 3 && header_read(&one, &h) && !h.classic)
            message(pf, side, &h, &one);
    }
    return PROTO_MORE;
}

static enum proto_verdict stun_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct stun_state *state = pf->state;
    if (pf->carrier != OVER_TCP)
        return parse_datagram(pf, side, in);
    if (!state->begun && cursor_left(in) >= STUN_HEADER_BYTES) {
        state->framed = is_framed(cursor_rest(in));
        state->begun = true;
    }
    if (!state->begun)
        return PROTO_MORE;
    return state->framed ? parse_framed(pf, side, in) : parse_stream(pf, side, in);
}

static void stun_finish(struct proto_flow *pf)
{
    struct stun_state *state = pf->state;
    for (;;) {
        struct stun_exchange *first = NULL;
        for (size_t i = 0; i < STUN_PENDING_MAX; i++)
            if (state->pending[i].used && (!first || state->pending[i].time_us < first->time_us))
                first = &state->pending[i];
        if (!first)
            return;
        emit(pf, first);
    }
}

const struct proto proto_stun = {
    .name = "stun",
    .carriers = OVER_UDP | OVER_TCP,
    .state_bytes = sizeof(struct stun_state),
    .buffer_bytes = STUN_TCP_BYTES,
    .probe = stun_probe,
    .parse = stun_parse,
    .finish = stun_finish,
};
