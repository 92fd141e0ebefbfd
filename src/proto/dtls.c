// SPDX-License-Identifier: Apache-2.0
// DTLS 1.0 (RFC 4347), 1.2 (RFC 6347) and the hellos of 1.3 (RFC 9147): records in datagrams,
// handshake messages in fragments; the messages are TLS's own and so is the record that is
// written. Lets the flow go at ciphertext of both sides. One message a side is put together at a
// time: fragments of the next one in between drop it, as a retransmission brings it again.
#include "proto/pieces.h"
#include "proto/tls.h"

enum {
    RECORD_HEADER_BYTES = 13,
    RECORDS_MAX = 32, // of one datagram
    DATAGRAMS_MAX = 64,
    MESSAGE_HEADER_BYTES = 12,
};

enum content_type { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };

struct dtls_side {
    struct pieces *message; // in the flow's arena
    uint16_t sequence;
    bool begun;
};

struct dtls_state {
    struct tls_handshake handshake;
    struct dtls_side side[2];
    uint8_t datagrams;
};

struct dtls_record {
    uint8_t type;
    uint16_t version, epoch;
    struct bytes content;
};

struct dtls_fragment {
    uint8_t type;
    uint32_t length, offset;
    uint16_t sequence;
    struct bytes data;
};

static bool is_version(uint16_t version)
{
    return version == DTLS_1_0 || version == DTLS_1_2 || version == DTLS_1_3 || version == 0x0100;
}

static bool record_read(struct cursor *in, struct dtls_record *out)
{
    out->type = cursor_u8(in);
    out->version = cursor_u16(in);
    out->epoch = cursor_u16(in);
    cursor_skip(in, 6); // sequence number
    out->content = cursor_take(in, cursor_u16(in));
    return cursor_ok(in) && is_version(out->version) && out->type >= CHANGE_CIPHER_SPEC &&
           out->type <= APPLICATION_DATA + 3;
}

static bool fragment_read(struct cursor *c, struct dtls_fragment *out)
{
    out->type = cursor_u8(c);
    out->length = cursor_u24(c);
    out->sequence = cursor_u16(c);
    out->offset = cursor_u24(c);
    out->data = cursor_take(c, cursor_u24(c));
    return cursor_ok(c) && out->offset <= out->length && out->data.len <= out->length - out->offset;
}

static enum proto_probe dtls_probe(const struct proto_first *first)
{
    struct cursor c = cursor_make(first->data);
    struct dtls_record record;
    struct dtls_fragment fragment;
    if (!record_read(&c, &record) || record.type != HANDSHAKE || record.epoch != 0)
        return PROBE_NO;
    struct cursor content = cursor_make(record.content);
    if (!fragment_read(&content, &fragment) || fragment.sequence > 1)
        return PROBE_NO;
    if (fragment.type == 1)
        return PROBE_CLIENT;
    return fragment.type == 2 || fragment.type == 3 ? PROBE_SERVER : PROBE_NO;
}

static bool fragment_add(struct proto_flow *pf, struct dtls_side *s, const struct dtls_fragment *f)
{
    if (!s->message)
        s->message = arena_zalloc(&pf->arena, sizeof *s->message);
    if (!s->message)
        return true; // the record says so
    if (!s->begun || s->sequence != f->sequence)
        pieces_clear(s->message);
    s->begun = true;
    s->sequence = f->sequence;
    if (pieces_add(s->message, &pf->arena, f->offset, f->data) != PIECES_TOO_LONG)
        return true;
    proto_anomaly(pf, ANOMALY_TLS_HANDSHAKE_TOO_LONG);
    return false;
}

static bool fragment(struct proto_flow *pf, enum flow_side side, const struct dtls_fragment *f)
{
    struct dtls_state *state = pf->state;
    struct dtls_side *s = &state->side[side];
    struct bytes whole = f->data;
    if (f->data.len < f->length) {
        if (!fragment_add(pf, s, f))
            return false;
        whole = s->message ? pieces_front(s->message) : (struct bytes){NULL, 0};
        if (whole.len < f->length)
            return true;
        s->begun = false;
    }
    return tls_handshake_message(
        pf, &state->handshake, side, f->type, bytes_sub(whole, 0, f->length));
}

static bool handshake(struct proto_flow *pf, enum flow_side side, struct bytes content)
{
    struct cursor c = cursor_make(content);
    struct dtls_fragment f;
    while (cursor_left(&c) > 0) {
        if (!fragment_read(&c, &f)) {
            proto_anomaly(pf, ANOMALY_TLS_INVALID_HANDSHAKE_MESSAGE);
            return false;
        }
        if (!fragment(pf, side, &f))
            return false;
    }
    return true;
}

static bool record(struct proto_flow *pf, enum flow_side side, const struct dtls_record *r)
{
    struct dtls_state *s = pf->state;
    struct tls_handshake *h = &s->handshake;
    bool encrypted = r->epoch > 0 || h->changed[side];
    if (r->type == CHANGE_CIPHER_SPEC)
        h->changed[side] = true;
    else if (r->type == HANDSHAKE && !encrypted)
        return handshake(pf, side, r->content);
    else if (r->type == ALERT && !encrypted && r->content.len == 2)
        tls_handshake_alert(pf, h, side, r->content);
    else if (r->type >= APPLICATION_DATA)
        h->established = h->version != 0;
    h->established = h->established || (h->changed[FLOW_CLIENT] && h->changed[FLOW_SERVER]);
    return true;
}

// Since 1.3 ciphertext has a short header of its own (RFC 9147 4).
static bool is_unified(const struct cursor *in)
{
    return (bytes_at(cursor_rest(in), 0) & 0xe0) == 0x20;
}

// False: a record cannot be read; what stands behind it neither.
static bool datagram(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dtls_state *s = pf->state;
    for (unsigned i = 0; i < RECORDS_MAX && cursor_left(in) > 0; i++) {
        struct dtls_record r;
        if (is_unified(in)) {
            s->handshake.established = s->handshake.version != 0;
            return true;
        }
        if (!record_read(in, &r)) // other protocols share the port (RFC 7983)
            return true;
        if (!record(pf, side, &r))
            return false;
    }
    return true;
}

static enum proto_verdict dtls_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dtls_state *s = pf->state;
    s->handshake.form = HELLO_DTLS;
    bool good = datagram(pf, side, in);
    cursor_skip(in, cursor_left(in));
    if (good && !s->handshake.established && s->datagrams++ < DATAGRAMS_MAX)
        return PROTO_MORE;
    tls_handshake_emit(pf, &s->handshake);
    return good ? PROTO_DONE : PROTO_BROKEN;
}

static void dtls_finish(struct proto_flow *pf)
{
    struct dtls_state *s = pf->state;
    tls_handshake_emit(pf, &s->handshake);
}

const struct proto proto_dtls = {
    .name = "dtls",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct dtls_state),
    .budget_bytes = 192 * 1024,
    .buffer_bytes = 0, // datagrams are not kept
    .probe = dtls_probe,
    .parse = dtls_parse,
    .gap = NULL,
    .finish = dtls_finish,
};
