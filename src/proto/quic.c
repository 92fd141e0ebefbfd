// SPDX-License-Identifier: Apache-2.0
// QUIC 1 (RFC 9000, 9001), 2 (RFC 9369) and drafts 22 to 34: Initial packets of both sides are
// decrypted and their CRYPTO frames put in order, until both hellos are known; then the flow is
// only counted. Follows Retry, version negotiation (also RFC 9368's, where the server answers in
// another version) and HelloRetryRequest. Google QUIC: version, and the name and user agent of a
// hello in the clear or under Q050's keys. Emits one quic record for a flow.
// Limits: INITIAL_MAX_BYTES, DATAGRAMS_MAX, DERIVATIONS_MAX, and those of pieces.h.
#include "proto/quic_flow.h"
#include "proto/tls_hello.h"

enum {
    CLIENT_INITIAL_LEAST_BYTES = 1200, // RFC 9000 14.1
    INITIAL_MAX_BYTES = 16 * 1024,     // a longer one is not opened; loopback has such datagrams
    PACKETS_MAX = 16,                  // of one datagram
    DATAGRAMS_MAX = 64,                // after which the record is written as it is
    DERIVATIONS_MAX = 8,               // of keys; a connection needs one, after Retry two
    MESSAGE_HEADER_BYTES = 4,
    GOOGLE_HELLO_MAX_AT = 64, // a CHLO in the clear begins within so many bytes
};

enum frame_type {
    FRAME_PADDING = 0x00,
    FRAME_PING = 0x01,
    FRAME_ACK = 0x02,
    FRAME_ACK_ECN = 0x03,
    FRAME_CRYPTO = 0x06,
    FRAME_CRYPTO_GOOGLE = 0x08, // T050 and T051 only; else it begins a STREAM frame
    FRAME_CONNECTION_CLOSE = 0x1c,
};

static void cid_set(struct quic_cid *cid, struct bytes b)
{
    b = bytes_sub(b, 0, QUIC_CID_MAX_BYTES);
    cid->len = (uint8_t)b.len;
    if (b.len > 0)
        memcpy(cid->bytes, b.data, b.len);
}

static bool negotiation_plausible(struct bytes offered)
{
    struct cursor c = cursor_make(offered);
    bool known = false;
    if (offered.len < 4 || offered.len % 4 != 0)
        return false;
    while (!known && cursor_left(&c) >= 4)
        known = quic_version_find(cursor_u32(&c));
    return known;
}

static enum proto_probe quic_probe(const struct proto_first *first)
{
    struct cursor c = cursor_make(first->data);
    struct quic_packet p;
    if (!quic_packet_read(&c, &p) || p.type == QUIC_SHORT || p.type == QUIC_UNKNOWN)
        return PROBE_NO;
    if (p.type == QUIC_NEGOTIATION)
        return negotiation_plausible(p.rest) ? PROBE_SERVER : PROBE_NO;
    if (p.known->handshake == QUIC_GOOGLE_CLEAR)
        return p.dcid.len == 8 ? PROBE_CLIENT : PROBE_NO;
    if (!(bytes_at(first->data, 0) & 0x40))
        return PROBE_NO;
    // A client's first ids have 8 bytes (RFC 9000 7.2); what has fewer answers one.
    if (p.type == QUIC_INITIAL && p.dcid.len < 8)
        return PROBE_SERVER;
    // 0-RTT may overtake the Initial packet it belongs to; only clients send it.
    bool client = p.type == QUIC_ZERO_RTT ||
                  (p.type == QUIC_INITIAL && first->data.len >= CLIENT_INITIAL_LEAST_BYTES);
    return client && p.dcid.len >= 8 ? PROBE_CLIENT : PROBE_NO;
}

// --- keys -------------------------------------------------------------------------------------

static bool secrets_set(struct quic_state *s, const struct quic_packet *p, struct bytes cid)
{
    s->has_keys[FLOW_CLIENT] = s->has_keys[FLOW_SERVER] = false;
    s->secret_version = 0;
    if (s->derivations == DERIVATIONS_MAX)
        return false;
    s->derivations++;
    cid_set(&s->secret_cid, cid);
    if (!quic_secrets_derive(p->known->salt, cid, &s->secrets))
        return false;
    s->secret_version = p->version;
    return true;
}

static const struct quic_keys *keys_get(
    struct quic_state *s, const struct quic_version *v, enum flow_side side)
{
    const uint8_t *secret = side == FLOW_CLIENT ? s->secrets.client : s->secrets.server;
    if (!s->has_keys[side])
        s->has_keys[side] = quic_keys_derive(secret, v->form, &s->keys[side]);
    return s->has_keys[side] ? &s->keys[side] : NULL;
}

static bool packet_open(struct quic_state *s, enum flow_side side, const struct quic_packet *p,
    uint8_t *room, struct bytes *payload)
{
    const struct quic_keys *keys = keys_get(s, p->known, side);
    return keys && quic_packet_open(keys, p->whole, p->number_at, room, payload);
}

// The client begins again in another version (RFC 9368 2.1), with another hello.
static void start_over(struct quic_state *s)
{
    s->stream[FLOW_CLIENT] = NULL;
    s->taken[FLOW_CLIENT] = 0;
    s->client_hello = (struct bytes){NULL, 0};
}

static bool secrets_fit(struct quic_state *s, enum flow_side side, const struct quic_packet *p)
{
    if (s->secret_version == p->version)
        return true;
    if (side == FLOW_CLIENT && s->secret_version != 0)
        start_over(s);
    struct quic_cid cid = s->secret_cid;
    struct bytes id = side == FLOW_CLIENT ? p->dcid : bytes_make(cid.bytes, cid.len);
    return secrets_set(s, p, id);
}

// The secrets follow from the id in the client's first packet. Only when they do not fit, a
// client's packet may bring others: after Retry, or in another version.
static bool initial_open(struct quic_state *s, enum flow_side side, const struct quic_packet *p,
    uint8_t *room, struct bytes *payload)
{
    if (!secrets_fit(s, side, p))
        return false;
    if (packet_open(s, side, p, room, payload))
        return true;
    struct bytes known = bytes_make(s->secret_cid.bytes, s->secret_cid.len);
    return side == FLOW_CLIENT && !s->client_hello.data && !bytes_equal(known, p->dcid) &&
           secrets_set(s, p, p->dcid) && packet_open(s, side, p, room, payload);
}

// --- handshake --------------------------------------------------------------------------------

static void message_read(
    struct proto_flow *pf, enum flow_side side, uint8_t type, struct bytes body)
{
    struct quic_state *s = pf->state;
    struct tls_hello hello;
    if (side == FLOW_CLIENT && type == 1 && !s->client_hello.data &&
        tls_hello_client(body, HELLO_TLS, &hello)) {
        s->client_hello = arena_copy(&pf->arena, body);
        return;
    }
    if (side != FLOW_SERVER || type != 2 || !tls_hello_server(body, &hello))
        return;
    if (tls_hello_is_retry(&hello))
        s->hello_retry = true;
    else if (!s->server_hello.data)
        s->server_hello = arena_copy(&pf->arena, body);
}

// Google's hello begins behind the frame's header, whose form changed from version to version.
static void google_hello_find(struct proto_flow *pf, enum flow_side side, struct bytes frames)
{
    struct quic_state *s = pf->state;
    size_t at = bytes_find(bytes_sub(frames, 0, GOOGLE_HELLO_MAX_AT), BYTES("CHLO"));
    if (side == FLOW_CLIENT && at != BYTES_NOT_FOUND && !s->google_hello.data)
        s->google_hello = arena_copy(&pf->arena, bytes_from(frames, at));
}

// Whole messages at the front of a side's stream.
static void stream_read(struct proto_flow *pf, enum flow_side side)
{
    struct quic_state *s = pf->state;
    struct bytes ready = bytes_from(pieces_front(s->stream[side]), s->taken[side]);
    while (ready.len >= MESSAGE_HEADER_BYTES) {
        struct cursor c = cursor_make(ready);
        uint8_t type = cursor_u8(&c);
        struct bytes body = cursor_take(&c, cursor_u24(&c));
        if (!cursor_ok(&c))
            return;
        message_read(pf, side, type, body);
        s->taken[side] += MESSAGE_HEADER_BYTES + body.len;
        ready = cursor_rest(&c);
    }
}

static void crypto_frame(
    struct proto_flow *pf, enum flow_side side, uint64_t offset, struct bytes data)
{
    struct quic_state *s = pf->state;
    if (!s->stream[side])
        s->stream[side] = arena_zalloc(&pf->arena, sizeof *s->stream[side]);
    if (!s->stream[side])
        return;
    switch (pieces_add(s->stream[side], &pf->arena, offset, data)) {
    case PIECES_TOO_LONG: proto_anomaly(pf, ANOMALY_QUIC_CRYPTO_FRAG_TOO_LONG); break;
    case PIECES_DIFFERENT: proto_anomaly(pf, ANOMALY_QUIC_CRYPTO_OVERLAP_DIFFERENT); break;
    case PIECES_OK:
    case PIECES_NO_MEMORY: // the record says so
        break;
    }
}

static void ack_skip(struct cursor *c, uint64_t type)
{
    quic_varint(c);
    quic_varint(c);
    uint64_t ranges = quic_varint(c);
    quic_varint(c);
    for (uint64_t i = 0; i < ranges && cursor_ok(c); i++) {
        quic_varint(c);
        quic_varint(c);
    }
    for (unsigned i = 0; type == FRAME_ACK_ECN && i < 3; i++)
        quic_varint(c);
}

static uint64_t frame_type_read(const struct quic_state *s, struct cursor *c)
{
    uint64_t type = quic_varint(c);
    bool google = s->version >> 16 == 0x5430;
    return type == FRAME_CRYPTO_GOOGLE && google ? FRAME_CRYPTO : type;
}

static void frame_read(struct proto_flow *pf, enum flow_side side, struct cursor *c)
{
    uint64_t type = frame_type_read(pf->state, c), offset;
    switch (type) {
    case FRAME_PADDING:
    case FRAME_PING: break;
    case FRAME_ACK:
    case FRAME_ACK_ECN: ack_skip(c, type); break;
    case FRAME_CRYPTO:
        offset = quic_varint(c);
        struct bytes data = cursor_take(c, quic_varint(c));
        if (cursor_ok(c))
            crypto_frame(pf, side, offset, data);
        break;
    case FRAME_CONNECTION_CLOSE:
        quic_varint(c);
        quic_varint(c);
        cursor_skip(c, quic_varint(c));
        break;
    default: // nothing else may stand in an Initial packet, RFC 9000 12.5
        cursor_fail(c);
    }
}

static void frames_read(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    struct quic_state *s = pf->state;
    struct cursor c = cursor_make(payload);
    while (cursor_left(&c) > 0)
        frame_read(pf, side, &c);
    if (!cursor_ok(&c))
        proto_anomaly(pf, ANOMALY_QUIC_ERROR_ON_DATA);
    if (s->stream[side])
        stream_read(pf, side);
}

// --- packets ----------------------------------------------------------------------------------

static void initial(struct proto_flow *pf, const struct quic_packet *p, enum flow_side side)
{
    struct quic_state *s = pf->state;
    uint8_t room[INITIAL_MAX_BYTES];
    struct bytes payload = p->rest;
    bool clear = p->known->handshake == QUIC_GOOGLE_CLEAR;
    if (!clear && side == FLOW_SERVER && s->secret_cid.len == 0) {
        s->version = p->version; // the client's packets were not captured: that is all there is
        cid_set(&s->server_cid, p->scid);
        return;
    }
    if (!clear && (p->whole.len > sizeof room || !initial_open(s, side, p, room, &payload))) {
        if (s->version)
            proto_anomaly(pf, ANOMALY_QUIC_FAILED_DECRYPT);
        return;
    }
    s->version = p->version;
    cid_set(side == FLOW_CLIENT ? &s->client_cid : &s->server_cid, p->scid);
    if (p->known->handshake == QUIC_TLS)
        frames_read(pf, side, payload);
    else
        google_hello_find(pf, side, payload);
}

// The client chooses another version; its packets bring new secrets.
static void negotiation(struct quic_state *s, const struct quic_packet *p)
{
    struct cursor c = cursor_make(p->rest);
    while (cursor_left(&c) >= 4 && s->offered_count < QUIC_OFFERED_MAX)
        s->offered[s->offered_count++] = cursor_u32(&c);
}

static void packet(struct proto_flow *pf, const struct quic_packet *p, enum flow_side side)
{
    struct quic_state *s = pf->state;
    switch (p->type) {
    case QUIC_INITIAL: initial(pf, p, side); break;
    case QUIC_RETRY:
        s->retry = true;
        s->secret_version = 0; // the next Initial goes to the id the server just chose
        break;
    case QUIC_NEGOTIATION:
        if (s->offered_count == 0)
            negotiation(s, p);
        break;
    case QUIC_ZERO_RTT:
        s->early_data = true;
        s->version = p->version;
        break;
    case QUIC_HANDSHAKE:
    case QUIC_SHORT: s->beyond[side] = true; break;
    case QUIC_UNKNOWN: break;
    }
}

// Is everything known that is going to be?
static bool is_complete(const struct quic_state *s)
{
    if (s->google_hello.data || (s->client_hello.data && s->server_hello.data))
        return true;
    return s->beyond[FLOW_CLIENT] || s->beyond[FLOW_SERVER];
}

static enum proto_verdict quic_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct quic_state *s = pf->state;
    struct quic_packet p;
    for (unsigned i = 0; i < PACKETS_MAX && cursor_left(in) > 0; i++) {
        // A last datagram may be padded with zeros behind its packets.
        if (i > 0 && bytes_at(cursor_rest(in), 0) == 0)
            break;
        if (!quic_packet_read(in, &p)) {
            proto_anomaly(pf, ANOMALY_QUIC_ERROR_ON_DATA);
            break;
        }
        proto_frame(pf, FRAME_QUIC_PDU, side, p.whole, (int64_t)p.whole.len, UINT64_MAX);
        packet(pf, &p, side);
    }
    cursor_skip(in, cursor_left(in));
    if (s->version == 0 && s->offered_count == 0)
        return PROTO_NOT_MINE; // the first packet does not decrypt
    if (!is_complete(s) && s->datagrams++ < DATAGRAMS_MAX)
        return PROTO_MORE;
    quic_emit(pf, s);
    return PROTO_DONE;
}

static void quic_finish(struct proto_flow *pf)
{
    quic_emit(pf, pf->state);
}

const struct proto proto_quic = {
    .name = "quic",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct quic_state),
    .budget_bytes = 96 * 1024,
    .buffer_bytes = 0, // datagrams are not kept
    .probe = quic_probe,
    .parse = quic_parse,
    .gap = NULL,
    .finish = quic_finish,
};
