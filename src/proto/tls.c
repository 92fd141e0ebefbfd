// SPDX-License-Identifier: Apache-2.0
// TLS over TCP: SSLv2 hellos (RFC 6101 E), SSLv3 (RFC 6101), TLS 1.0 to 1.2 (RFC 5246), 1.3
// (RFC 8446). Reads records, puts handshake messages together over them, and lets the flow go as
// soon as the rest is ciphertext: up to 1.2 after ChangeCipherSpec of both sides, in 1.3 with the
// first encrypted record behind the ServerHello. Emits one tls record for a handshake.
// Ignores: compression, and, unless secrets were given (tls_decrypt.h), all that is encrypted.
// Limits: TLS_MESSAGE_MAX_BYTES of one message, TLS_CERTIFICATES_MAX, TLS_ALERTS_MAX.
#include "proto/tls.h"
#include "proto/tls_decrypt.h"

enum {
    RECORD_HEADER_BYTES = 5,
    RECORD_MAX_BYTES = 16'384 + 2048, // TLSCiphertext, RFC 5246 6.2.3
    MESSAGE_HEADER_BYTES = 4,
    SSL2_HELLO_LEAST_BYTES = 11,
    EARLY_RECORDS_MAX = 64,            // of 0-RTT; RFC 8446 4.2.10 leaves the amount to the server
    HEARTBEAT_OVERHEAD_BYTES = 3 + 16, // RFC 6520 4
};

enum content_type {
    CHANGE_CIPHER_SPEC = 20,
    ALERT = 21,
    HANDSHAKE = 22,
    APPLICATION_DATA = 23,
    HEARTBEAT = 24,
};

struct tls_side {
    uint8_t *message; // put together over records; room for `want` bytes
    size_t have;
    size_t want; // with its header; 0: nothing begun
    size_t skip; // rest of a record nobody looks at
    uint8_t header[MESSAGE_HEADER_BYTES];
};

struct tls_state {
    struct tls_handshake handshake;
    struct tls_side side[2];
    struct tls_decrypt *decrypt; // NULL: no secrets were given
    bool asked;                  // whether there are any
    bool recognised;             // at least one record was TLS
    bool over;                   // the handshake is written: only record lengths are wanted
    uint8_t early_records;       // application data of the client before the ServerHello
    bool ssl2_reply;             // the client began in SSLv2's form: the server may, too
};

enum step { STEP_NEXT, STEP_WAIT, STEP_DONE, STEP_BROKEN };

static bool is_version(uint16_t version)
{
    return version >> 8 == 3 && (version & 0xff) <= 4;
}

// A whole SSLv2 CLIENT-HELLO: every length in it must fit.
static bool is_ssl2_hello(struct bytes data)
{
    struct cursor c = cursor_make(data);
    uint16_t length = cursor_u16(&c);
    uint8_t type = cursor_u8(&c);
    uint16_t version = cursor_u16(&c);
    uint16_t ciphers = cursor_u16(&c), session = cursor_u16(&c), challenge = cursor_u16(&c);
    if (!cursor_ok(&c) || !(length & 0x8000) || type != 1)
        return false;
    return (version == SSL_2 || is_version(version)) && ciphers > 0 && ciphers % 3 == 0 &&
           (session == 0 || session == 16) && challenge >= 16 && challenge <= 32 &&
           (length & 0x7fff) == 9 + ciphers + session + challenge;
}

// The hello is cut over records right at its beginning, which hides its name from careless eyes:
// another handshake record must follow.
static enum proto_probe short_record_probe(struct cursor c, uint16_t length, enum proto_probe sure)
{
    cursor_skip(&c, length - 1U);
    uint8_t content = cursor_u8(&c), major = cursor_u8(&c);
    if (!cursor_ok(&c))
        return PROBE_MORE;
    return content == HANDSHAKE && major == 3 ? sure : PROBE_NO;
}

static enum proto_probe record_probe(struct cursor c)
{
    uint8_t content = cursor_u8(&c);
    uint16_t version = cursor_u16(&c), length = cursor_u16(&c);
    uint8_t type = cursor_u8(&c);
    enum proto_probe sure = type == 1 ? PROBE_CLIENT : PROBE_SERVER;
    if (content != HANDSHAKE || !is_version(version) || length == 0 || length > RECORD_MAX_BYTES ||
        (type != 1 && type != 2))
        return PROBE_NO;
    if (length < MESSAGE_HEADER_BYTES + 2)
        return short_record_probe(c, length, sure);
    uint32_t message = cursor_u24(&c);
    uint16_t hello = cursor_u16(&c);
    if (!cursor_ok(&c))
        return PROBE_MORE;
    // Drafts of TLS 1.3 put their number (0x7fxx) into the ServerHello.
    bool known = is_version(hello) || (type == 2 && hello >> 8 == 0x7f);
    return known && message >= 38 && message <= TLS_MESSAGE_MAX_BYTES ? sure : PROBE_NO;
}

static enum proto_probe tls_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    uint8_t start = bytes_at(data, 0);
    if (start == HANDSHAKE && (data.len < 2 || bytes_at(data, 1) == 3))
        return data.len > RECORD_HEADER_BYTES ? record_probe(cursor_make(data)) : PROBE_MORE;
    if (data.len >= SSL2_HELLO_LEAST_BYTES)
        return is_ssl2_hello(data) ? PROBE_CLIENT : PROBE_NO;
    return start & 0x80 && (data.len < 3 || data.data[2] == 1) ? PROBE_MORE : PROBE_NO;
}

// Nothing is wrong with bytes that were never TLS.
static enum step broken(struct proto_flow *pf, enum anomaly anomaly)
{
    const struct tls_state *s = pf->state;
    if (s->recognised)
        proto_anomaly(pf, anomaly);
    return STEP_BROKEN;
}

// --- messages over records --------------------------------------------------------------------

static enum step message_done(struct proto_flow *pf, enum flow_side side, struct bytes whole)
{
    struct tls_state *s = pf->state;
    uint8_t type = bytes_at(whole, 0);
    struct bytes body = bytes_from(whole, MESSAGE_HEADER_BYTES);
    if (s->decrypt)
        body = tls_decrypt_body(pf, &s->handshake, type, body);
    bool good = tls_handshake_message(pf, &s->handshake, side, type, body);
    if (good && s->decrypt)
        tls_decrypt_message(pf, s->decrypt, &s->handshake, side, whole);
    return good ? STEP_NEXT : STEP_BROKEN;
}

// The length of the message that `header` begins, with the header.
static size_t message_length(struct bytes header)
{
    struct cursor c = cursor_make(header);
    cursor_skip(&c, 1);
    return MESSAGE_HEADER_BYTES + cursor_u24(&c);
}

// Its header is there: make room for all of it.
static enum step message_begin(struct proto_flow *pf, struct tls_side *s)
{
    s->want = message_length(bytes_make(s->header, MESSAGE_HEADER_BYTES));
    if (s->want > TLS_MESSAGE_MAX_BYTES)
        return broken(pf, ANOMALY_TLS_HANDSHAKE_TOO_LONG);
    s->message = arena_alloc(&pf->arena, s->want);
    if (!s->message)
        return broken(pf, ANOMALY_TLS_OUT_OF_BUDGET);
    memcpy(s->message, s->header, MESSAGE_HEADER_BYTES);
    return STEP_NEXT;
}

static void header_add(struct tls_side *s, struct cursor *c)
{
    while (s->have < MESSAGE_HEADER_BYTES && cursor_left(c) > 0)
        s->header[s->have++] = cursor_u8(c);
}

// Add a record's bytes to the message begun in an earlier one.
static enum step message_add(struct proto_flow *pf, enum flow_side side, struct cursor *c)
{
    struct tls_state *state = pf->state;
    struct tls_side *s = &state->side[side];
    if (s->want == 0) {
        header_add(s, c);
        if (s->have < MESSAGE_HEADER_BYTES)
            return STEP_NEXT;
        enum step step = message_begin(pf, s);
        if (step != STEP_NEXT)
            return step;
    }
    size_t left = cursor_left(c);
    struct bytes part = cursor_take(c, left < s->want - s->have ? left : s->want - s->have);
    if (part.len > 0)
        memcpy(s->message + s->have, part.data, part.len);
    s->have += part.len;
    if (s->have < s->want)
        return STEP_NEXT;
    struct bytes whole = bytes_make(s->message, s->want);
    s->have = s->want = 0;
    return message_done(pf, side, whole);
}

// A message that lies whole in its record needs no copy.
static bool message_in_place(struct cursor *c, struct bytes *whole)
{
    struct bytes rest = cursor_rest(c);
    if (rest.len < MESSAGE_HEADER_BYTES || message_length(rest) > rest.len)
        return false;
    *whole = cursor_take(c, message_length(rest));
    return true;
}

static enum step handshake_record(struct proto_flow *pf, enum flow_side side, struct bytes content)
{
    struct tls_state *state = pf->state;
    struct tls_side *s = &state->side[side];
    struct cursor c = cursor_make(content);
    enum step step = STEP_NEXT;
    while (step == STEP_NEXT && cursor_left(&c) > 0) {
        struct bytes whole;
        if (s->have == 0 && message_in_place(&c, &whole))
            step = message_done(pf, side, whole);
        else
            step = message_add(pf, side, &c);
    }
    return step;
}

// --- records ----------------------------------------------------------------------------------

static enum step change_cipher_spec(struct tls_state *s, enum flow_side side)
{
    struct tls_handshake *h = &s->handshake;
    if (tls_is_13(h->version) || h->hello_retry)
        return STEP_NEXT; // sent for middleboxes only, RFC 8446 D.4
    h->changed[side] = true;
    h->established = h->changed[FLOW_CLIENT] && h->changed[FLOW_SERVER];
    bool readable = s->decrypt && tls_decrypt_change(s->decrypt, side);
    return h->established && !readable ? STEP_DONE : STEP_NEXT;
}

// Before the ServerHello this is 0-RTT data of the client, and more of the handshake follows;
// unless that hello was never captured.
static enum step application_data(struct tls_state *s, enum flow_side side)
{
    struct tls_handshake *h = &s->handshake;
    h->established = h->version != 0;
    bool early = !h->established && side == FLOW_CLIENT && s->early_records++ < EARLY_RECORDS_MAX;
    return early ? STEP_NEXT : STEP_DONE;
}

// A request whose payload cannot be in the record: CVE-2014-0160.
static void heartbeat(struct proto_flow *pf, struct bytes content)
{
    struct cursor c = cursor_make(content);
    bool request = cursor_u8(&c) == 1;
    uint16_t payload = cursor_u16(&c);
    if (cursor_ok(&c) && request && (size_t)payload + HEARTBEAT_OVERHEAD_BYTES > content.len)
        proto_anomaly(pf, ANOMALY_TLS_OVERFLOW_HEARTBEAT_MESSAGE);
}

static enum step record_content(
    struct proto_flow *pf, enum flow_side side, uint8_t type, struct bytes content)
{
    struct tls_state *s = pf->state;
    struct tls_handshake *h = &s->handshake;
    if (type == CHANGE_CIPHER_SPEC)
        return change_cipher_spec(s, side);
    if (h->changed[side])
        return STEP_NEXT; // encrypted: Finished, or an alert nobody can read
    if (type == HANDSHAKE)
        return handshake_record(pf, side, content);
    if (type == ALERT && content.len == 2)
        tls_handshake_alert(pf, h, side, content);
    else if (type == HEARTBEAT)
        heartbeat(pf, content);
    return STEP_NEXT;
}

// A record whose keys are known. Plaintext goes to whoever speaks within.
static enum step protected_record(struct proto_flow *pf, enum flow_side side, struct bytes record)
{
    struct tls_state *s = pf->state;
    struct tls_handshake *h = &s->handshake;
    struct bytes plain;
    uint8_t type;
    switch (tls_decrypt_record(pf, s->decrypt, side, record, &type, &plain)) {
    case TLS_SKIPPED: return STEP_NEXT;
    case TLS_FAILED: h->established = true; return STEP_DONE;
    case TLS_OPENED: break;
    }
    h->established = h->decrypted = true;
    if (type == CHANGE_CIPHER_SPEC)
        return tls_decrypt_change(s->decrypt, side) ? STEP_NEXT : STEP_DONE;
    if (type == HANDSHAKE)
        return handshake_record(pf, side, plain);
    if (type == ALERT && plain.len == 2)
        tls_handshake_alert(pf, h, side, plain);
    if (type != APPLICATION_DATA)
        return STEP_NEXT;
    tls_handshake_emit(pf, h);
    return tls_decrypt_give(pf, s->decrypt, side, plain) ? STEP_NEXT : STEP_DONE;
}

static enum step record_header_check(
    struct proto_flow *pf, uint8_t type, uint16_t version, uint16_t length)
{
    if (type < CHANGE_CIPHER_SPEC || type > HEARTBEAT)
        return broken(pf, ANOMALY_TLS_INVALID_RECORD_TYPE);
    if (!is_version(version) && version >> 8 != 0x7f)
        return broken(pf, ANOMALY_TLS_INVALID_RECORD_VERSION);
    if (length > RECORD_MAX_BYTES)
        return broken(pf, ANOMALY_TLS_INVALID_RECORD_LENGTH);
    return STEP_NEXT;
}

static enum step record_wait(struct proto_flow *pf, enum flow_side side, size_t need)
{
    pf->need[side] = need;
    return STEP_WAIT;
}

static void record_frames(
    struct proto_flow *pf, enum flow_side side, struct bytes from, uint8_t type, uint16_t length)
{
    struct bytes content = bytes_from(from, RECORD_HEADER_BYTES);
    proto_frames(pf, FRAME_TLS_PDU, side, from, RECORD_HEADER_BYTES,
        RECORD_HEADER_BYTES + (int64_t)length, UINT64_MAX);
    if (type == ALERT)
        proto_frame(pf, FRAME_TLS_ALERT_DATA, side, content, length, UINT64_MAX);
    if (type == HEARTBEAT)
        proto_frame(pf, FRAME_TLS_HB_DATA, side, content, length, UINT64_MAX);
}

static enum step record_next(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tls_state *s = pf->state;
    struct cursor c = *in;
    uint8_t type = cursor_u8(&c);
    uint16_t version = cursor_u16(&c), length = cursor_u16(&c);
    if (!cursor_ok(&c))
        return record_wait(pf, side, RECORD_HEADER_BYTES);
    enum step step = record_header_check(pf, type, version, length);
    if (step != STEP_NEXT)
        return step;
    if (type == APPLICATION_DATA || cursor_left(&c) >= length)
        record_frames(pf, side, cursor_rest(in), type, length);
    s->recognised = true;
    bool readable = s->decrypt && tls_decrypt_wants(s->decrypt, side, type);
    if (type == APPLICATION_DATA && !readable) {
        proto_note_record(pf, side, length);
        s->side[side].skip = length;
        *in = c;
        return application_data(s, side);
    }
    struct bytes content = cursor_take(&c, length);
    if (!cursor_ok(&c))
        return record_wait(pf, side, RECORD_HEADER_BYTES + (size_t)length);
    proto_note_record(pf, side, length);
    step = readable ? protected_record(
                          pf, side, bytes_sub(cursor_rest(in), 0, RECORD_HEADER_BYTES + length))
                    : record_content(pf, side, type, content);
    *in = c;
    return step;
}

// --- SSLv2 ------------------------------------------------------------------------------------

// SERVER-HELLO of SSLv2: the certificate stands alone in it, so give it the length of a list.
static void ssl2_server_hello(struct proto_flow *pf, struct tls_handshake *h, struct bytes body)
{
    struct cursor c = cursor_make(body);
    cursor_skip(&c, 1);
    bool resumed = cursor_u8(&c) != 0;
    cursor_skip(&c, 1);
    uint16_t version = cursor_u16(&c), length = cursor_u16(&c);
    cursor_skip(&c, 4);
    struct bytes der = cursor_take(&c, length);
    if (!cursor_ok(&c) || version != SSL_2)
        return;
    h->version = SSL_2;
    uint8_t *list = resumed || der.len == 0 ? NULL : arena_alloc(&pf->arena, der.len + 3);
    if (!list)
        return;
    list[0] = 0;
    list[1] = (uint8_t)(der.len >> 8);
    list[2] = (uint8_t)der.len;
    memcpy(list + 3, der.data, der.len);
    h->certificates[FLOW_SERVER] = bytes_make(list, der.len + 3);
}

static enum step ssl2_record(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tls_state *s = pf->state;
    struct cursor c = *in;
    size_t length = cursor_u16(&c) & 0x7fff;
    struct bytes body = cursor_take(&c, length);
    if (!cursor_ok(&c))
        return record_wait(pf, side, 2 + length);
    proto_frame(pf, FRAME_TLS_SSL2_PDU, side, cursor_rest(in), 2 + (int64_t)length, UINT64_MAX);
    proto_frame(pf, FRAME_TLS_SSL2_HDR, side, cursor_rest(in), 2, UINT64_MAX);
    *in = c;
    s->recognised = true;
    if (side == FLOW_SERVER && bytes_at(body, 0) == 4) {
        ssl2_server_hello(pf, &s->handshake, body);
        return STEP_DONE; // what follows is SSLv2's own key exchange
    }
    s->ssl2_reply = true;
    return STEP_NEXT;
}

static bool ssl2_is_next(const struct tls_state *s, enum flow_side side, const struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    if (!(bytes_at(rest, 0) & 0x80))
        return false;
    return side == FLOW_CLIENT ? !s->recognised && is_ssl2_hello(rest) : s->ssl2_reply;
}

// --- flow -------------------------------------------------------------------------------------

// Behind the handshake: only the lengths of a few more records are wanted.
static enum step follow_next(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tls_state *s = pf->state;
    struct cursor c = *in;
    if (!flow_wants_records(pf->flow))
        return STEP_DONE;
    uint8_t type = cursor_u8(&c);
    uint16_t version = cursor_u16(&c), length = cursor_u16(&c);
    if (!cursor_ok(&c))
        return record_wait(pf, side, RECORD_HEADER_BYTES);
    if (type < 20 || type > 24 || version >> 8 != 3)
        return STEP_DONE;
    proto_note_record(pf, side, length);
    s->side[side].skip = length;
    *in = c;
    return STEP_NEXT;
}

static enum step step_next(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tls_state *s = pf->state;
    struct tls_side *me = &s->side[side];
    if (me->skip > 0) {
        size_t left = cursor_left(in), n = left < me->skip ? left : me->skip;
        cursor_skip(in, n);
        me->skip -= n;
        return STEP_NEXT;
    }
    if (s->over)
        return follow_next(pf, side, in);
    bool ssl2 = !s->recognised && bytes_at(cursor_rest(in), 0) & 0x80;
    if (ssl2 && cursor_left(in) < SSL2_HELLO_LEAST_BYTES)
        return record_wait(pf, side, SSL2_HELLO_LEAST_BYTES);
    if (ssl2_is_next(s, side, in))
        return ssl2_record(pf, side, in);
    return record_next(pf, side, in);
}

static enum proto_verdict tls_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tls_state *s = pf->state;
    if (!s->asked)
        s->decrypt = tls_decrypt_begin(pf);
    s->asked = true;
    while (cursor_left(in) > 0) {
        enum step step = step_next(pf, side, in);
        if (step == STEP_WAIT)
            break;
        if (step == STEP_NEXT)
            continue;
        tls_handshake_emit(pf, &s->handshake);
        if (step == STEP_DONE && !s->over && s->handshake.version != SSL_2) {
            s->over = true;
            continue;
        }
        if (step == STEP_DONE)
            return PROTO_DONE;
        return s->recognised ? PROTO_BROKEN : PROTO_NOT_MINE;
    }
    if (s->decrypt && pf->ended[side])
        tls_decrypt_side_end(pf, s->decrypt, side);
    return PROTO_MORE;
}

static void tls_finish(struct proto_flow *pf)
{
    struct tls_state *s = pf->state;
    tls_handshake_emit(pf, &s->handshake);
    if (s->decrypt)
        tls_decrypt_end(pf, s->decrypt);
}

const struct proto proto_tls = {
    .name = "tls",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct tls_state),
    .budget_bytes = 384 * 1024,
    .buffer_bytes = RECORD_HEADER_BYTES + RECORD_MAX_BYTES,
    .probe = tls_probe,
    .parse = tls_parse,
    .gap = NULL, // what was learnt is written; records cannot be found again in ciphertext
    .finish = tls_finish,
};
