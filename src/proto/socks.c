// SPDX-License-Identifier: Apache-2.0
// SOCKS 4, 4a (the published memos) and 5 (RFC 1928, user and password: RFC 1929). One socks record
// a connection: who asked for which destination, what the proxy said. Behind a granted CONNECT, or
// the second reply to BIND, the flow goes to whoever knows it, and its records name the
// destination. UDP ASSOCIATE announces the relay's flow; its datagrams give one record for each new
// destination, SOCKS_PEERS at most. Passwords are never read. GSSAPI (RFC 1961): named, let go.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    SOCKS_METHODS = 16,    // offered by a client we believe in
    SOCKS_USER_BYTES = 64, // of a user's name are kept
    SOCKS_NAME_BYTES = 255,
    SOCKS_PEERS = 16, // destinations of one UDP relay
};

enum socks_command { SOCKS_CONNECT = 1, SOCKS_BIND = 2, SOCKS_UDP = 3 };

enum socks_phase {
    SOCKS_HELLO,   // client: greeting (5) or request (4); server: method or reply
    SOCKS_LOG_ON,  // user and password, and the answer to them
    SOCKS_REQUEST, // client: request (5); server: reply
    SOCKS_WAIT,    // client: until the reply
};

struct socks_endpoint {
    struct addr addr;
    uint16_t port;
    bool known;
    uint8_t name_len;
    char name[SOCKS_NAME_BYTES];
};

struct socks_flow {
    uint8_t version, command;
    enum socks_phase phase[2];
    bool method_seen, replied, user_given, refused, log_on_failed, emitted, done;
    uint8_t method, status;
    uint8_t replies;
    uint8_t user_len;
    char user[SOCKS_USER_BYTES];
    struct socks_endpoint request, bound;
    int64_t time_us;
    uint64_t id;
    struct socks_endpoint peers[SOCKS_PEERS]; // of a UDP relay
    size_t peer_count;
};

// --- wire --------------------------------------------------------------------------------------

static bool read_endpoint(struct cursor *c, struct socks_endpoint *out)
{
    uint8_t type = cursor_u8(c);
    struct bytes b = cursor_take(c, type == 1 ? 4 : type == 4 ? 16 : type == 3 ? cursor_u8(c) : 0);
    out->port = cursor_u16(c);
    if (!cursor_ok(c))
        return false;
    out->known = true;
    if (type == 1)
        out->addr = addr_v4(b.data);
    else if (type == 4)
        out->addr = addr_v6(b.data);
    out->name_len = type == 3 ? (uint8_t)b.len : 0;
    if (out->name_len > 0)
        memcpy(out->name, b.data, b.len);
    return true;
}

static bool is_address_type(uint8_t type)
{
    return type == 1 || type == 3 || type == 4;
}

// NUL within `most` bytes: its index; BYTES_NOT_FOUND and *bad: there is none, and never will be.
static size_t find_nul(struct bytes b, size_t most, bool *bad)
{
    size_t at = bytes_find_byte(bytes_sub(b, 0, most + 1), 0);
    *bad = at == BYTES_NOT_FOUND && b.len > most;
    return at;
}

// --- probe -------------------------------------------------------------------------------------

// What may follow the greeting of a client that does not wait for the answer.
static bool may_follow(struct bytes rest)
{
    uint8_t second = bytes_at(rest, 1);
    if (rest.len == 0 || rest.data[0] == 1)
        return true; // log-on
    return rest.data[0] == 5 && (rest.len < 4 || (second >= 1 && second <= 3 && rest.data[2] == 0 &&
                                                     is_address_type(rest.data[3])));
}

static enum proto_probe probe_v5(struct bytes data)
{
    size_t count = bytes_at(data, 1);
    bool basic = false;
    if (data.len < 2)
        return PROBE_MORE;
    if (count == 0 || count > SOCKS_METHODS)
        return PROBE_NO;
    if (count == 2 && bytes_at(data, 2) == 1)
        return PROBE_NO; // a server that wants a password (5, 2) and is content with it (1, 0)
    for (size_t i = 2; i < data.len && i < count + 2; i++) {
        if (data.data[i] > 9 && data.data[i] < 0x80)
            return PROBE_NO; // not assigned
        basic |= data.data[i] <= 2;
    }
    if (data.len < count + 2)
        return PROBE_MORE;
    return basic && may_follow(bytes_from(data, count + 2)) ? PROBE_CLIENT : PROBE_NO;
}

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    return true;
}

// 4, command, port, address, user, NUL; 4a: 0.0.0.x for address, then name, NUL.
static enum proto_probe probe_v4(struct bytes data)
{
    bool bad, named = data.len >= 8 && data.data[4] == 0 && data.data[5] == 0 &&
                      data.data[6] == 0 && data.data[7] != 0;
    if (data.len >= 2 && (data.data[1] < 1 || data.data[1] > 2))
        return PROBE_NO;
    if (data.len < 9)
        return PROBE_MORE;
    struct bytes rest = bytes_from(data, 8);
    if ((!named && data.data[4] == 0) || (data.data[2] == 0 && data.data[3] == 0))
        return PROBE_NO;
    for (int i = 0; i <= (named ? 1 : 0); i++) {
        size_t nul = find_nul(rest, SOCKS_NAME_BYTES, &bad);
        if (bad || !is_printable(bytes_sub(rest, 0, nul)) || (i == 1 && nul == 0))
            return PROBE_NO;
        if (nul == BYTES_NOT_FOUND)
            return PROBE_MORE;
        rest = bytes_from(rest, nul + 1);
    }
    return rest.len == 0 ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe socks_probe(const struct proto_first *first)
{
    if (first->carrier != OVER_TCP)
        return PROBE_NO; // relays are announced
    uint8_t version = bytes_at(first->data, 0);
    return version == 5 ? probe_v5(first->data) : version == 4 ? probe_v4(first->data) : PROBE_NO;
}

// --- record ------------------------------------------------------------------------------------

static struct bytes status_text(const struct socks_flow *s)
{
    static const char *const v5[] = {"succeeded", "general SOCKS server failure",
        "connection not allowed by ruleset", "network unreachable", "host unreachable",
        "connection refused", "TTL expired", "command not supported", "address type not supported"};
    static const char *const v4[] = {"succeeded", "request rejected or failed",
        "identd of the client is not running", "identd of the client names another user"};
    if (s->log_on_failed)
        return BYTES("authentication failed");
    if (s->refused)
        return BYTES("no acceptable methods");
    if (!s->replied)
        return BYTES("unanswered");
    if (s->version == 5 && s->status < sizeof v5 / sizeof *v5)
        return bytes_from_text(v5[s->status]);
    if (s->version == 4 && s->status >= 0x5a && s->status <= 0x5d)
        return bytes_from_text(v4[s->status - 0x5a]);
    return BYTES("unknown");
}

static struct bytes method_text(const struct socks_flow *s)
{
    if (!s->method_seen || s->method == 0xff)
        return (struct bytes){NULL, 0};
    return s->method == 0   ? BYTES("none")
           : s->method == 1 ? BYTES("gssapi")
           : s->method == 2 ? BYTES("password")
                            : BYTES("other");
}

static struct record_socks_endpoint endpoint_fill(const struct socks_endpoint *e)
{
    return (struct record_socks_endpoint){
        .host = e->addr,
        .name = e->name_len ? bytes_make(e->name, e->name_len) : (struct bytes){NULL, 0},
        .port = e->port,
        .has_port = e->known,
    };
}

static struct bytes command_text(uint8_t command)
{
    return command == SOCKS_CONNECT ? BYTES("connect")
           : command == SOCKS_BIND  ? BYTES("bind")
           : command == SOCKS_UDP   ? BYTES("udp_associate")
                                    : (struct bytes){NULL, 0};
}

static void emit(struct proto_flow *pf)
{
    struct socks_flow *s = pf->state;
    if (s->emitted || s->version == 0)
        return;
    s->emitted = true;
    struct record_socks r = {
        .version = s->version,
        .command = command_text(s->command),
        .auth_method = method_text(s),
        .user = s->user_len ? bytes_make(s->user, s->user_len) : (struct bytes){NULL, 0},
        .password_given = s->user_given,
        .status = status_text(s),
        .request = endpoint_fill(&s->request),
        .bound = endpoint_fill(&s->bound),
    };
    proto_emit_at(pf, RECORD_SOCKS, &r, s->id, s->time_us);
}

// --- the client --------------------------------------------------------------------------------

static void keep_user(struct socks_flow *s, struct bytes user)
{
    user = bytes_sub(user, 0, SOCKS_USER_BYTES);
    s->user_len = (uint8_t)user.len;
    if (user.len > 0)
        memcpy(s->user, user.data, user.len);
}

enum step { STEP_NEXT, STEP_MORE, STEP_BROKEN };

// CONNECT or BIND of version 4. The probe saw its end, but not every probe was asked.
static enum step request_v4(struct socks_flow *s, struct cursor *in)
{
    struct cursor c = *in;
    bool bad = false;
    cursor_skip(&c, 1);
    s->command = cursor_u8(&c);
    s->request.port = cursor_u16(&c);
    struct bytes ip = cursor_take(&c, 4);
    struct bytes user =
        bytes_sub(cursor_rest(&c), 0, find_nul(cursor_rest(&c), SOCKS_NAME_BYTES, &bad));
    cursor_skip(&c, user.len + 1);
    if (!cursor_ok(&c))
        return bad ? STEP_BROKEN : STEP_MORE;
    if (ip.data[0] == 0 && ip.data[1] == 0 && ip.data[2] == 0 && ip.data[3] != 0) {
        struct bytes rest = cursor_rest(&c);
        struct bytes name = bytes_sub(rest, 0, find_nul(rest, SOCKS_NAME_BYTES, &bad));
        cursor_skip(&c, name.len + 1);
        if (!cursor_ok(&c))
            return bad ? STEP_BROKEN : STEP_MORE;
        s->request.name_len = (uint8_t)name.len;
        memcpy(s->request.name, name.data, name.len);
    } else {
        s->request.addr = addr_v4(ip.data);
    }
    s->request.known = true;
    keep_user(s, user);
    s->phase[FLOW_CLIENT] = SOCKS_WAIT;
    *in = c;
    return STEP_NEXT;
}

static enum step hello(struct proto_flow *pf, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    struct cursor c = *in;
    s->version = cursor_u8(&c);
    if (s->version == 4)
        return request_v4(s, in);
    cursor_skip(&c, cursor_u8(&c));
    if (s->version != 5)
        return STEP_BROKEN;
    if (!cursor_ok(&c))
        return STEP_MORE;
    s->phase[FLOW_CLIENT] = SOCKS_REQUEST;
    *in = c;
    return STEP_NEXT;
}

// RFC 1929: 1, user, password. Of the password not even the length is of interest.
static enum step log_on(struct socks_flow *s, struct cursor *in)
{
    struct cursor c = *in;
    cursor_skip(&c, 1);
    struct bytes user = cursor_take(&c, cursor_u8(&c));
    cursor_skip(&c, cursor_u8(&c));
    if (!cursor_ok(&c))
        return STEP_MORE;
    keep_user(s, user);
    s->user_given = true;
    *in = c;
    return STEP_NEXT;
}

// Version 5: what the client says tells its kind by its first byte.
static enum step request(struct socks_flow *s, struct cursor *in)
{
    struct cursor c = *in;
    uint8_t first = cursor_u8(&c);
    if (first == 1 && !s->user_given && !(s->method_seen && s->method != 2))
        return log_on(s, in);
    s->command = cursor_u8(&c);
    uint8_t reserved = cursor_u8(&c);
    if (first != 5 || (cursor_ok(&c) && (reserved != 0 || s->command < 1 || s->command > 3)))
        return STEP_BROKEN;
    uint8_t type = bytes_at(cursor_rest(&c), 0);
    if (cursor_left(&c) > 0 && !is_address_type(type))
        return STEP_BROKEN;
    if (!read_endpoint(&c, &s->request))
        return STEP_MORE;
    s->phase[FLOW_CLIENT] = SOCKS_WAIT;
    *in = c;
    return STEP_NEXT;
}

static enum step client_step(struct proto_flow *pf, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    if (s->phase[FLOW_CLIENT] == SOCKS_HELLO)
        return hello(pf, in);
    return s->phase[FLOW_CLIENT] == SOCKS_REQUEST ? request(s, in) : STEP_MORE;
}

// --- the server --------------------------------------------------------------------------------

static enum step method(struct proto_flow *pf, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    if (cursor_left(in) < 2)
        return STEP_MORE;
    if (cursor_u8(in) != 5)
        return STEP_BROKEN;
    s->method = cursor_u8(in);
    s->method_seen = true;
    s->refused = s->method == 0xff;
    s->phase[FLOW_SERVER] = s->method == 2 ? SOCKS_LOG_ON : SOCKS_REQUEST;
    s->done = s->method != 0 && s->method != 2; // refused, or wrapped in what cannot be read
    return STEP_NEXT;
}

static enum step log_on_answer(struct socks_flow *s, struct cursor *in)
{
    if (cursor_left(in) < 2)
        return STEP_MORE;
    cursor_skip(in, 1); // the version; servers write 1 or 5
    s->log_on_failed = cursor_u8(in) != 0;
    s->done = s->log_on_failed;
    s->phase[FLOW_SERVER] = SOCKS_REQUEST;
    return STEP_NEXT;
}

static void announce_relay(struct proto_flow *pf)
{
    const struct socks_flow *s = pf->state;
    struct proto_expected expected = {
        .carrier = OVER_UDP,
        .listener = FLOW_SERVER,
        .port = s->bound.port,
        .proto = &proto_socks,
    };
    if (s->bound.port != 0)
        proto_expect(pf, &expected);
}

static void tunnel_begin(struct proto_flow *pf)
{
    const struct socks_flow *s = pf->state;
    char text[SOCKS_NAME_BYTES + 8];
    struct text_out out = TEXT_OUT(text);
    if (s->request.name_len > 0)
        text_out_put(&out, bytes_make(s->request.name, s->request.name_len));
    else
        text_out_addr(&out, &s->request.addr);
    text_out_char(&out, ':');
    text_out_u64(&out, s->request.port);
    proto_tunnel(pf, text_out_bytes(&out));
    proto_switch(pf, &proto_any);
}

static void replied(struct proto_flow *pf)
{
    struct socks_flow *s = pf->state;
    bool granted = s->status == (s->version == 5 ? 0 : 0x5a);
    s->replied = true;
    s->replies++;
    if (granted && s->command == SOCKS_BIND && s->replies == 1)
        return; // it listens; who has come is told in the second reply
    emit(pf);
    s->done = true;
    if (granted && s->command == SOCKS_UDP)
        announce_relay(pf);
    else if (granted)
        tunnel_begin(pf);
}

static enum step reply(struct proto_flow *pf, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    struct cursor c = *in;
    struct socks_endpoint bound = {0};
    uint8_t version = cursor_u8(&c);
    uint8_t status = cursor_u8(&c);
    if (s->version == 4) {
        bound.port = cursor_u16(&c);
        struct bytes ip = cursor_take(&c, 4);
        bound.known = cursor_ok(&c);
        if (bound.known)
            bound.addr = addr_v4(ip.data);
    } else {
        cursor_skip(&c, 1);
        if (cursor_left(&c) > 0 && !is_address_type(cursor_rest(&c).data[0]))
            return STEP_BROKEN;
        read_endpoint(&c, &bound);
    }
    if (version != (s->version == 4 ? 0 : 5))
        return STEP_BROKEN;
    if (!cursor_ok(&c))
        return STEP_MORE;
    *in = c;
    s->status = status;
    s->bound = bound;
    replied(pf);
    return STEP_NEXT;
}

static enum step server_step(struct proto_flow *pf, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    if (s->version == 0)
        return STEP_MORE; // before the client has spoken
    if (s->version == 5 && s->phase[FLOW_SERVER] == SOCKS_HELLO)
        return method(pf, in);
    if (s->phase[FLOW_SERVER] == SOCKS_LOG_ON)
        return s->user_given ? log_on_answer(s, in) : STEP_MORE;
    // What it answers was lost: the gap will be told.
    return s->phase[FLOW_CLIENT] == SOCKS_WAIT ? reply(pf, in) : STEP_MORE;
}

// --- the relay ---------------------------------------------------------------------------------

static bool same_peer(const struct socks_endpoint *a, const struct socks_endpoint *b)
{
    return a->port == b->port && a->name_len == b->name_len &&
           memcmp(&a->addr, &b->addr, sizeof a->addr) == 0 &&
           memcmp(a->name, b->name, a->name_len) == 0;
}

static void peer_note(struct proto_flow *pf, const struct socks_endpoint *peer)
{
    struct socks_flow *s = pf->state;
    for (size_t i = 0; i < s->peer_count; i++)
        if (same_peer(&s->peers[i], peer))
            return;
    if (s->peer_count == SOCKS_PEERS) {
        proto_anomaly(pf, ANOMALY_SOCKS_TOO_MANY_PEERS);
        return;
    }
    s->peers[s->peer_count++] = *peer;
    struct record_socks r = {
        .version = 5,
        .command = BYTES("udp_relay"),
        .request = endpoint_fill(peer),
    };
    proto_emit(pf, RECORD_SOCKS, &r, pf->tx_count++);
}

// RFC 1928 section 7: two zero bytes, fragment, destination, data.
static enum proto_verdict relay(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct socks_endpoint peer = {0};
    uint16_t reserved = cursor_u16(in);
    cursor_skip(in, 1);
    uint8_t type = bytes_at(cursor_rest(in), 0);
    if (!is_address_type(type) || !read_endpoint(in, &peer) || reserved != 0)
        proto_anomaly(pf, ANOMALY_SOCKS_MALFORMED);
    else if (side == FLOW_CLIENT)
        peer_note(pf, &peer);
    return PROTO_MORE;
}

// --- the flow ----------------------------------------------------------------------------------

static enum proto_verdict socks_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct socks_flow *s = pf->state;
    if (pf->carrier == OVER_UDP)
        return relay(pf, side, in);
    if (s->version == 0) {
        s->time_us = pf->time_us;
        s->id = pf->tx_count++;
    }
    enum step step = STEP_NEXT;
    while (step == STEP_NEXT && cursor_left(in) > 0 && !s->done)
        step = side == FLOW_CLIENT ? client_step(pf, in) : server_step(pf, in);
    if (step == STEP_BROKEN && s->phase[FLOW_CLIENT] != SOCKS_WAIT && !s->method_seen) {
        s->emitted = true; // what was taken for a greeting was none
        return PROTO_NOT_MINE;
    }
    if (step == STEP_BROKEN) {
        proto_anomaly(pf, ANOMALY_SOCKS_MALFORMED);
        return PROTO_DONE;
    }
    return s->done ? PROTO_DONE : PROTO_MORE;
}

static void socks_finish(struct proto_flow *pf)
{
    if (pf->carrier == OVER_TCP)
        emit(pf);
}

const struct proto proto_socks = {
    .name = "socks",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct socks_flow),
    .budget_bytes = 1024,
    .buffer_bytes = 64 * 1024,
    .probe = socks_probe,
    .parse = socks_parse,
    .finish = socks_finish,
};
