// SPDX-License-Identifier: Apache-2.0
// TACACS+ (RFC 8907) over TCP. One tacacs record a session, written when another one begins on the
// connection or it ends: what kind, how many packets of which lengths, and, when bodies are not
// hidden (section 4.5), the user, where from, the arguments and how it ended. Passwords are not
// written. Limits: TACACS_BODY_BYTES, TACACS_ARGUMENTS_MAX.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    TACACS_HEADER_BYTES = 12,
    TACACS_BODY_BYTES = 64 * 1024,
    TACACS_ARGUMENTS_MAX = 32,
    TACACS_LENGTHS = 8,
    UNENCRYPTED = 1, // flags
    SINGLE_CONNECT = 4,
    AUTHENTICATION = 1,
    AUTHORIZATION = 2,
    ACCOUNTING = 3,
};

struct tacacs_state {
    struct record_tacacs record;
    uint32_t lengths[2][TACACS_LENGTHS];
    struct bytes arguments[TACACS_ARGUMENTS_MAX];
    uint8_t session[4];
    struct arena arena; // of the session
    int64_t time_us;
    char number[8];
    bool begun;
};

struct tacacs_header {
    uint8_t version, type, sequence, flags;
    struct bytes session;
    uint32_t length;
};

static bool header_read(struct cursor *in, struct tacacs_header *h)
{
    h->version = cursor_u8(in);
    h->type = cursor_u8(in);
    h->sequence = cursor_u8(in);
    h->flags = cursor_u8(in);
    h->session = cursor_take(in, 4);
    h->length = cursor_u32(in);
    return cursor_ok(in) && (h->version == 0xc0 || h->version == 0xc1) &&
           h->type >= AUTHENTICATION && h->type <= ACCOUNTING && h->sequence > 0 &&
           (h->flags & ~(UNENCRYPTED | SINGLE_CONNECT)) == 0 && h->length > 0 &&
           h->length <= TACACS_BODY_BYTES;
}

static enum proto_probe tacacs_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    struct tacacs_header h;
    uint8_t version = bytes_at(first->data, 0), type = bytes_at(first->data, 1);
    if (version != 0xc0 && version != 0xc1)
        return PROBE_NO;
    if (first->data.len < TACACS_HEADER_BYTES)
        return first->data.len < 2 || (type > 0 && type <= ACCOUNTING) ? PROBE_MORE : PROBE_NO;
    if (!header_read(&in, &h) || h.sequence > 2)
        return PROBE_NO;
    return h.sequence == 1 ? PROBE_CLIENT : PROBE_SERVER;
}

static void emit(struct proto_flow *pf)
{
    struct tacacs_state *s = pf->state;
    struct record_tacacs *r = &s->record;
    if (!s->begun)
        return;
    r->session_id = bytes_make(s->session, sizeof s->session);
    r->request_lengths = s->lengths[FLOW_CLIENT];
    r->request_lengths_count = r->requests < TACACS_LENGTHS ? r->requests : TACACS_LENGTHS;
    r->reply_lengths = s->lengths[FLOW_SERVER];
    r->reply_lengths_count = r->replies < TACACS_LENGTHS ? r->replies : TACACS_LENGTHS;
    r->arguments = s->arguments;
    proto_emit_at(pf, RECORD_TACACS, r, pf->tx_count++, s->time_us);
    arena_reset(&s->arena);
    s->begun = false;
}

static void begin(struct proto_flow *pf, const struct tacacs_header *h)
{
    static const char *const types[] = {
        [1] = "authentication", [2] = "authorization", [3] = "accounting"};
    struct tacacs_state *s = pf->state;
    emit(pf);
    *s = (struct tacacs_state){.begun = true, .time_us = pf->time_us};
    arena_init(&s->arena, pf->arena.pool, TACACS_BODY_BYTES);
    memcpy(s->session, h->session.data, sizeof s->session);
    s->record.type = bytes_from_text(types[h->type]);
    s->record.version = h->version == 0xc0 ? BYTES("12.0") : BYTES("12.1");
    s->record.encrypted = !(h->flags & UNENCRYPTED);
}

static struct bytes keep(struct tacacs_state *s, struct bytes b)
{
    return b.len ? arena_copy(&s->arena, b) : (struct bytes){NULL, 0};
}

static void names(
    struct tacacs_state *s, struct cursor *in, uint8_t user, uint8_t port, uint8_t from)
{
    s->record.user = keep(s, cursor_take(in, user));
    s->record.port = keep(s, cursor_take(in, port));
    s->record.remote_address = keep(s, cursor_take(in, from));
}

// RFC 8907 sections 5.1, 6.1 and 7.1.
static void request(struct proto_flow *pf, uint8_t type, uint8_t sequence, struct cursor *in)
{
    struct tacacs_state *s = pf->state;
    if (type == AUTHENTICATION && sequence > 1)
        return; // an answer to a question: most often the password
    cursor_skip(in, type == ACCOUNTING ? 5 : 4);
    uint8_t user = cursor_u8(in), port = cursor_u8(in), from = cursor_u8(in);
    uint8_t count = cursor_u8(in);
    struct bytes sizes = type == AUTHENTICATION ? (struct bytes){NULL, 0} : cursor_take(in, count);
    names(s, in, user, port, from);
    for (size_t i = 0; i < sizes.len && cursor_ok(in); i++) {
        if (s->record.arguments_count == TACACS_ARGUMENTS_MAX) {
            proto_anomaly(pf, ANOMALY_TACACS_TOO_MANY_ARGUMENTS);
            return;
        }
        struct bytes argument = cursor_take(in, sizes.data[i]);
        if (cursor_ok(in))
            s->arguments[s->record.arguments_count++] = keep(s, argument);
    }
}

static const char *status_name(uint8_t type, uint8_t status)
{
    static const char *const logons[] = {
        [1] = "pass", "fail", "getdata", "getuser", "getpass", "restart", "error", [33] = "follow"};
    switch (type) {
    case AUTHENTICATION: return status < sizeof logons / sizeof *logons ? logons[status] : NULL;
    case AUTHORIZATION:
        return status == 1    ? "pass_add"
               : status == 2  ? "pass_repl"
               : status == 16 ? "fail"
               : status == 17 ? "error"
               : status == 33 ? "follow"
                              : NULL;
    default:
        return status == 1 ? "success" : status == 2 ? "error" : status == 33 ? "follow" : NULL;
    }
}

// Sections 5.2, 6.2 and 7.2.
static void reply(struct tacacs_state *s, uint8_t type, struct cursor *in)
{
    struct cursor at = *in;
    uint8_t status = 0;
    uint16_t length = 0;
    if (type == ACCOUNTING) {
        length = cursor_u16(&at);
        cursor_skip(&at, 2);
        status = cursor_u8(&at);
    } else if (type == AUTHENTICATION) {
        status = cursor_u8(&at);
        cursor_skip(&at, 1);
        length = cursor_u16(&at);
        cursor_skip(&at, 2);
    } else {
        status = cursor_u8(&at);
        uint8_t count = cursor_u8(&at);
        length = cursor_u16(&at);
        cursor_skip(&at, 2U + count);
    }
    struct text_out number = TEXT_OUT(s->number);
    const char *name = status_name(type, status);
    text_out_u64(&number, status);
    s->record.status = name ? bytes_from_text(name) : text_out_bytes(&number);
    struct bytes text = cursor_take(&at, length);
    if (text.len)
        s->record.server_message = keep(s, text);
    *in = at;
}

static void packet(
    struct proto_flow *pf, enum flow_side side, const struct tacacs_header *h, struct cursor *body)
{
    struct tacacs_state *s = pf->state;
    if (!s->begun || memcmp(s->session, h->session.data, sizeof s->session) != 0)
        begin(pf, h);
    uint32_t *count = side == FLOW_CLIENT ? &s->record.requests : &s->record.replies;
    if (*count < TACACS_LENGTHS)
        s->lengths[side][*count] = h->length;
    ++*count;
    if (!(h->flags & UNENCRYPTED))
        return;
    proto_anomaly(pf, ANOMALY_TACACS_NOT_ENCRYPTED);
    if (side == FLOW_CLIENT)
        request(pf, h->type, h->sequence, body);
    else
        reply(s, h->type, body);
    if (!cursor_ok(body))
        proto_anomaly(pf, ANOMALY_TACACS_MALFORMED);
}

static enum proto_verdict tacacs_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    while (cursor_left(in) >= TACACS_HEADER_BYTES) {
        struct cursor at = *in;
        struct tacacs_header h;
        if (!header_read(&at, &h)) {
            proto_anomaly(pf, ANOMALY_TACACS_MALFORMED);
            return PROTO_DONE;
        }
        if (cursor_left(&at) < h.length) {
            pf->need[side] = TACACS_HEADER_BYTES + (size_t)h.length;
            return PROTO_MORE;
        }
        struct cursor body = cursor_sub(&at, h.length);
        packet(pf, side, &h, &body);
        *in = at;
    }
    return PROTO_MORE;
}

static void tacacs_finish(struct proto_flow *pf)
{
    emit(pf);
}

const struct proto proto_tacacs = {
    .name = "tacacs",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct tacacs_state),
    .buffer_bytes = TACACS_HEADER_BYTES + TACACS_BODY_BYTES,
    .probe = tacacs_probe,
    .parse = tacacs_parse,
    .finish = tacacs_finish,
};
