// SPDX-License-Identifier: Apache-2.0
// OpenVPN (its "openvpn-rfc" wire protocol draft) over UDP and TCP: a session's hard resets and the
// TLS handshake its control packets carry, in the order of their numbers. One openvpn record a
// flow, a tls record beside it. Digests of tls-auth are skipped by their length, which the first
// packet tells; what tls-crypt encrypts is not read. Lets go at the first data of both sides.
// Limits: TLS flights of PIECES_MAX_BYTES a side, OPENVPN_PACKETS_MAX control packets.
#include "proto/pieces.h"
#include "proto/tls.h"

enum {
    SESSION_BYTES = 8,
    OPENVPN_PACKETS_MAX = 512,
    OPENVPN_PACKET_BYTES = 16 * 1024,
    ACKS_MAX = 8,
    RESET_CLIENT_V1 = 1,
    RESET_SERVER_V1 = 2,
    SOFT_RESET = 3,
    CONTROL_V1 = 4,
    ACK_V1 = 5,
    DATA_V1 = 6,
    RESET_CLIENT_V2 = 7,
    RESET_SERVER_V2 = 8,
    DATA_V2 = 9,
    RESET_CLIENT_V3 = 10,
    RECORD_BYTES = 5, // header of a TLS record
};

struct openvpn_side {
    struct pieces *tls; // in the flow's arena
    uint32_t next;      // number of the control packet that is due
    uint32_t len, read; // bytes of TLS put together, and of records read
    uint8_t session[SESSION_BYTES];
    bool known, over; // a session id was seen; no more TLS is read
};

struct openvpn_state {
    struct tls_handshake handshake;
    struct openvpn_side sides[2];
    uint32_t packets;
    uint8_t opcode, digest; // of the first reset; bytes of tls-auth's digest
    bool crypt, emitted, data[2];
};

// Length of the digest in a hard reset; -1: it is none. 255: it is encrypted (tls-crypt).
static int reset_digest(struct bytes packet)
{
    static const uint8_t digests[] = {0, 16, 20, 32, 64};
    struct bytes tail = bytes_from(packet, packet.len < 5 ? packet.len : packet.len - 5);
    bool zeros = true;
    for (size_t i = 0; i < tail.len; i++)
        zeros &= tail.data[i] == 0;
    for (size_t i = 0; i < sizeof digests; i++) {
        size_t length = 1U + SESSION_BYTES + digests[i] + (digests[i] ? 8U : 0) + 5U;
        if (packet.len == length && zeros)
            return digests[i];
    }
    struct cursor in = cursor_make(packet); // tls-crypt: number 1 and a time come first
    cursor_skip(&in, 1 + SESSION_BYTES);
    uint32_t number = cursor_u32(&in), time = cursor_u32(&in);
    uint8_t opcode = (uint8_t)(bytes_at(packet, 0) >> 3);
    bool length = packet.len == 54 || (opcode == RESET_CLIENT_V3 && packet.len > 54);
    return cursor_ok(&in) && length && (number & 0xffffff) == 1 && time > 1'000'000'000 ? 255 : -1;
}

// A server's reset acknowledges number 0 of the client's and is number 0 itself.
static bool is_server_reset(struct bytes packet)
{
    static const uint8_t before[] = {9, 9 + 24, 9 + 28, 9 + 40, 9 + 72}; // with the digests
    for (size_t i = 0; i < sizeof before; i++) {
        struct cursor in = cursor_make(bytes_from(packet, before[i]));
        bool one = cursor_u8(&in) == 1 && cursor_u32(&in) == 0;
        cursor_skip(&in, SESSION_BYTES);
        if (one && cursor_u32(&in) == 0 && cursor_ok(&in) && cursor_left(&in) == 0)
            return true;
    }
    return false;
}

static enum proto_probe openvpn_probe(const struct proto_first *first)
{
    struct bytes packet = first->data;
    if (first->carrier == OVER_TCP) {
        struct cursor in = cursor_make(packet);
        uint16_t length = cursor_u16(&in);
        uint8_t opcode = cursor_u8(&in);
        if (packet.len > 0 && bytes_at(packet, 0) > 4)
            return PROBE_NO;
        bool reset = opcode == RESET_CLIENT_V2 << 3 || opcode == RESET_SERVER_V2 << 3 ||
                     opcode == RESET_CLIENT_V3 << 3;
        if (cursor_ok(&in) && (!reset || length < 14 || length > 1100))
            return PROBE_NO;
        if (packet.len < 3 || cursor_left(&in) + 1 < length)
            return PROBE_MORE;
        packet = bytes_sub(packet, 2, length);
    }
    switch (bytes_at(packet, 0)) { // key 0
    case RESET_CLIENT_V1 << 3:
    case RESET_CLIENT_V2 << 3:
    case RESET_CLIENT_V3 << 3: return reset_digest(packet) >= 0 ? PROBE_CLIENT : PROBE_NO;
    case RESET_SERVER_V1 << 3:
    case RESET_SERVER_V2 << 3: return is_server_reset(packet) ? PROBE_SERVER : PROBE_NO;
    default: return PROBE_NO;
    }
}

static void emit(struct proto_flow *pf)
{
    static const char *const opcodes[] = {[RESET_CLIENT_V1] = "hard_reset_client_v1",
        [RESET_SERVER_V1] = "hard_reset_server_v1",
        [RESET_CLIENT_V2] = "hard_reset_client_v2",
        [RESET_SERVER_V2] = "hard_reset_server_v2",
        [RESET_CLIENT_V3] = "hard_reset_client_v3"};
    struct openvpn_state *s = pf->state;
    const struct openvpn_side *client = &s->sides[FLOW_CLIENT], *server = &s->sides[FLOW_SERVER];
    if (s->emitted)
        return;
    s->emitted = true;
    struct record_openvpn r = {
        .opcode = bytes_from_text(opcodes[s->opcode]),
        .session_id =
            bytes_make(client->known ? client->session : NULL, client->known ? SESSION_BYTES : 0),
        .server_session_id =
            bytes_make(server->known ? server->session : NULL, server->known ? SESSION_BYTES : 0),
        .answered = server->known,
        .tls_crypt = s->crypt,
        .control_packets = s->packets,
        .data = s->data[0] || s->data[1],
    };
    r.tls_auth = s->digest == 16   ? BYTES("md5")
                 : s->digest == 20 ? BYTES("sha1")
                 : s->digest == 32 ? BYTES("sha256")
                 : s->digest == 64 ? BYTES("sha512")
                                   : (struct bytes){NULL, 0};
    proto_emit(pf, RECORD_OPENVPN, &r, pf->tx_count++);
    tls_handshake_emit(pf, &s->handshake);
}

// Whole handshake messages of a record; one that goes on in the next record is not read.
static bool tls_record(
    struct proto_flow *pf, enum flow_side side, uint8_t type, struct bytes content)
{
    struct openvpn_state *s = pf->state;
    struct cursor in = cursor_make(content);
    if (type == 21)
        tls_handshake_alert(pf, &s->handshake, side, content);
    if (type == 20)
        s->handshake.changed[side] = true;
    s->handshake.established = s->handshake.changed[0] && s->handshake.changed[1];
    if (type != 22 || s->handshake.changed[side])
        return type != 23;
    while (cursor_left(&in) > 0) {
        uint8_t kind = cursor_u8(&in);
        struct bytes body = cursor_take(&in, cursor_u24(&in));
        if (!cursor_ok(&in))
            return false;
        if (!tls_handshake_message(pf, &s->handshake, side, kind, body))
            return false;
    }
    return true;
}

static void tls_records(struct proto_flow *pf, enum flow_side side)
{
    struct openvpn_state *s = pf->state;
    struct openvpn_side *o = &s->sides[side];
    while (!o->over) {
        struct cursor in = cursor_make(bytes_from(pieces_front(o->tls), o->read));
        uint8_t type = cursor_u8(&in);
        cursor_skip(&in, 2);
        struct bytes content = cursor_take(&in, cursor_u16(&in));
        if (!cursor_ok(&in))
            return;
        o->read += RECORD_BYTES + (uint32_t)content.len;
        o->over = type < 20 || type > 23 || !tls_record(pf, side, type, content);
    }
}

static void tls_bytes(
    struct proto_flow *pf, enum flow_side side, uint32_t number, struct bytes data)
{
    struct openvpn_state *s = pf->state;
    struct openvpn_side *o = &s->sides[side];
    if (o->over || number < o->next)
        return; // sent once more
    if (!o->tls)
        o->tls = arena_zalloc(&pf->arena, sizeof *o->tls);
    bool good =
        o->tls && number == o->next && pieces_add(o->tls, &pf->arena, o->len, data) == PIECES_OK;
    if (!good) {
        proto_anomaly(pf, ANOMALY_OPENVPN_TLS_LOST);
        o->over = true;
        return;
    }
    o->next = number + 1;
    o->len += (uint32_t)data.len;
    tls_records(pf, side);
}

// Behind the digest: acknowledgements, the packet's number, TLS.
static bool control(struct proto_flow *pf, enum flow_side side, uint8_t opcode, struct cursor *in)
{
    struct openvpn_state *s = pf->state;
    cursor_skip(in, s->digest ? s->digest + 8U : 0);
    uint8_t acks = cursor_u8(in);
    cursor_skip(in, acks * 4U + (acks ? SESSION_BYTES : 0U));
    if (acks > ACKS_MAX || opcode == ACK_V1)
        return cursor_ok(in) && acks <= ACKS_MAX;
    uint32_t number = cursor_u32(in);
    if (!cursor_ok(in))
        return false;
    if (opcode == CONTROL_V1)
        tls_bytes(pf, side, number, cursor_rest(in));
    else
        s->sides[side].next = number + 1;
    return true;
}

static bool is_reset(uint8_t opcode)
{
    return opcode == RESET_CLIENT_V1 || opcode == RESET_SERVER_V1 || opcode == RESET_CLIENT_V2 ||
           opcode == RESET_SERVER_V2 || opcode == RESET_CLIENT_V3;
}

static bool packet(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct openvpn_state *s = pf->state;
    struct openvpn_side *o = &s->sides[side];
    struct cursor in = cursor_make(data);
    uint8_t opcode = (uint8_t)(cursor_u8(&in) >> 3);
    if (opcode == DATA_V1 || opcode == DATA_V2) {
        s->data[side] = true;
        return true;
    }
    if (opcode < RESET_CLIENT_V1 || opcode > RESET_CLIENT_V3 + 1)
        return false;
    if (is_reset(opcode) && s->opcode == 0) {
        int digest = side == FLOW_CLIENT ? reset_digest(data) : 255;
        s->opcode = opcode;
        s->crypt = digest == 255 && side == FLOW_CLIENT;
        s->digest = digest > 0 && digest < 255 ? (uint8_t)digest : 0;
        s->handshake.form = HELLO_TLS;
        s->sides[0].over = s->sides[1].over =
            digest == 255 || digest < 0; // where TLS stands is not known
    }
    struct bytes session = cursor_take(&in, SESSION_BYTES);
    if (!cursor_ok(&in))
        return false;
    memcpy(o->session, session.data, SESSION_BYTES);
    o->known = true;
    s->packets++;
    return s->crypt || o->over || control(pf, side, opcode, &in);
}

static enum proto_verdict one(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct openvpn_state *s = pf->state;
    if (!packet(pf, side, data))
        proto_anomaly(pf, ANOMALY_OPENVPN_MALFORMED);
    bool over = (s->data[0] && s->data[1]) || s->packets >= OPENVPN_PACKETS_MAX;
    return over ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict openvpn_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier != OVER_TCP)
        return cursor_left(in) > 0 ? one(pf, side, cursor_rest(in)) : PROTO_MORE;
    while (cursor_left(in) >= 2) {
        struct cursor at = *in;
        uint16_t length = cursor_u16(&at);
        if (length == 0 || length > OPENVPN_PACKET_BYTES) {
            proto_anomaly(pf, ANOMALY_OPENVPN_MALFORMED);
            return PROTO_DONE;
        }
        if (cursor_left(&at) < length) {
            pf->need[side] = 2U + length;
            return PROTO_MORE;
        }
        struct bytes data = cursor_take(&at, length);
        *in = at;
        if (one(pf, side, data) == PROTO_DONE)
            return PROTO_DONE;
    }
    return PROTO_MORE;
}

static void openvpn_finish(struct proto_flow *pf)
{
    emit(pf);
}

const struct proto proto_openvpn = {
    .name = "openvpn",
    .carriers = OVER_UDP | OVER_TCP,
    .state_bytes = sizeof(struct openvpn_state),
    .budget_bytes = 192 * 1024,
    .buffer_bytes = OPENVPN_PACKET_BYTES + 2,
    .probe = openvpn_probe,
    .parse = openvpn_parse,
    .finish = openvpn_finish,
};
