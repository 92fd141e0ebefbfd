// SPDX-License-Identifier: Apache-2.0
// Remote Desktop (MS-RDPBCGR): TPKT (RFC 1006) and X.224 connection request and confirm with
// cookie, token and security negotiation (sections 2.2.1.1, 2.2.1.2), then MCS Connect-Initial and
// -Response (rdp_gcc.c), or TLS, which is left to the TLS parser on a state of its own, so that the
// flow keeps its name and the tls record comes as everywhere. Emits an rdp record a step. Over UDP:
// rdp_udp.c. Not seen: what TLS or RDP's own encryption hides (CredSSP among it). Limit:
// RDP_PDU_BYTES.
#include "proto/rdp.h"
#include "proto/tls.h"
#include "proto/x509.h"

enum {
    RDP_PDU_BYTES = 65535,
    TPKT_BYTES = 4,
    X224_REQUEST = 0xe0,
    X224_CONFIRM = 0xd0,
    X224_DATA = 0xf0,
    X224_HEAD_BYTES = 7, // length, code, two references, class
    NEG_REQUEST = 1,
    NEG_RESPONSE = 2,
    NEG_FAILURE = 3,
    NEG_BYTES = 8,
    RDP_PORT = 3389,
    MESSAGE_ARENA_BYTES = 64 * 1024,
    SERIALS_MAX = 16,
    COOKIE_BYTES = 512,
};

enum phase { NEGOTIATION, CONNECTION, OVER_TLS };

struct rdp_state {
    enum phase phase;
    bool serials_told, asked;
    void *tls; // state of the TLS parser
};

static const struct bytes cookie_mark = {(const uint8_t *)"Cookie: mstshash=", 17};

// The variable part of a connection request that is RDP's, and not another's (S7, MMS, H.323).
static enum proto_probe request_probe(struct bytes rest, uint8_t length, bool port)
{
    struct cursor in = cursor_make(rest);
    if (length == X224_HEAD_BYTES - 1)
        return port ? PROBE_CLIENT : PROBE_NO; // nothing tells: the port may
    if (rest.len < 4)
        return PROBE_MORE;
    if (bytes_start_with(rest, BYTES("Cook")))
        return PROBE_CLIENT;
    uint8_t type = cursor_u8(&in);
    cursor_skip(&in, 1);
    if (type == NEG_REQUEST && cursor_u16le(&in) == NEG_BYTES)
        return PROBE_CLIENT;
    return port && proto_is_text(bytes_sub(rest, 0, 4)) ? PROBE_CLIENT : PROBE_NO; // a token
}

static enum proto_probe confirm_probe(struct bytes rest, uint8_t length, bool port)
{
    struct cursor in = cursor_make(rest);
    if (length == X224_HEAD_BYTES - 1)
        return port ? PROBE_SERVER : PROBE_NO;
    if (rest.len < 4)
        return PROBE_MORE;
    uint8_t type = cursor_u8(&in);
    cursor_skip(&in, 1);
    bool right = (type == NEG_RESPONSE || type == NEG_FAILURE) && cursor_u16le(&in) == NEG_BYTES;
    return right ? PROBE_SERVER : PROBE_NO;
}

// MCS Connect-Initial or -Response: the connection's beginning was not seen.
static enum proto_probe data_probe(struct bytes rest)
{
    if (rest.len < 3)
        return PROBE_MORE;
    if (rest.data[0] != 0x80 || rest.data[1] != 0x7f)
        return PROBE_NO;
    return rest.data[2] == 0x65 ? PROBE_CLIENT : rest.data[2] == 0x66 ? PROBE_SERVER : PROBE_NO;
}

static enum proto_probe rdp_probe(const struct proto_first *first)
{
    if (first->carrier == OVER_UDP)
        return rdp_udp_probe(first->data);
    struct cursor in = cursor_make(first->data);
    uint8_t version = cursor_u8(&in), reserved = cursor_u8(&in);
    uint16_t whole = cursor_u16(&in);
    uint8_t length = cursor_u8(&in), code = cursor_u8(&in);
    if (version != 3 || reserved != 0)
        return PROBE_NO;
    if (!cursor_ok(&in))
        return PROBE_MORE;
    if (code == X224_DATA && length == 2)
        return data_probe(cursor_rest(&in));
    // Some clients count the cookie's length wrongly, but all count the header.
    if (length < X224_HEAD_BYTES - 1 || whole < TPKT_BYTES + X224_HEAD_BYTES || length + 5 > whole)
        return PROBE_NO;
    bool port = first->src_port == RDP_PORT || first->dst_port == RDP_PORT;
    cursor_skip(&in, 5);
    if (!cursor_ok(&in))
        return PROBE_MORE;
    switch (code) {
    case X224_REQUEST: return request_probe(cursor_rest(&in), length, port);
    case X224_CONFIRM: return confirm_probe(cursor_rest(&in), length, port);
    default: return PROBE_NO;
    }
}

size_t rdp_flags(
    uint32_t flags, const char *const *names, size_t name_count, struct bytes out[RDP_FLAGS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < name_count && count < RDP_FLAGS_MAX; i++)
        if (names[i] && (flags >> i & 1))
            out[count++] = bytes_from_text(names[i]);
    return count;
}

static void emit(struct proto_flow *pf, enum flow_side speaker, struct record_rdp *record)
{
    (void)speaker;
    record->tx_id = pf->tx_count;
    proto_emit(pf, RECORD_RDP, record, pf->tx_count++);
}

static void read_cookie(struct cursor *in, struct record_rdp *record)
{
    struct bytes rest = cursor_rest(in), line;
    if (bytes_at(rest, 0) < 0x20 || !cursor_line(in, &line)) // a binary structure, or nothing
        return;
    if (bytes_start_with_nocase(line, cookie_mark))
        record->cookie = bytes_sub(bytes_from(line, cookie_mark.len), 0, COOKIE_BYTES);
    else
        record->routing_token = bytes_sub(line, 0, COOKIE_BYTES);
}

static void take_request(struct proto_flow *pf, struct cursor in)
{
    static const char *const flag_names[] = {"restricted_admin_mode_required",
        "redirected_authentication_mode_required", NULL, "correlation_info_present"};
    static const char *const protocols[] = {"ssl", "hybrid", "rds_tls", "hybrid_ex", "rds_aad"};
    struct rdp_state *state = pf->state;
    struct record_rdp record = {.event_type = BYTES("initial_request")};
    struct bytes flags[RDP_FLAGS_MAX], requested[RDP_FLAGS_MAX];
    state->asked = true;
    read_cookie(&in, &record);
    if (cursor_left(&in) >= NEG_BYTES) {
        uint8_t type = cursor_u8(&in), set = cursor_u8(&in);
        uint16_t length = cursor_u16le(&in);
        if (type != NEG_REQUEST || length != NEG_BYTES)
            proto_anomaly(pf, ANOMALY_RDP_MALFORMED);
        record.flags_count = rdp_flags(set, flag_names, 4, flags);
        record.requested_count = rdp_flags(cursor_u32le(&in), protocols, 5, requested);
        record.flags = flags;
        record.requested = requested;
    }
    emit(pf, FLOW_CLIENT, &record);
}

// What security a number stands for: as EVE has it, and as Zeek.
static void name_protocol(uint32_t protocol, struct record_rdp *record)
{
    static const struct {
        uint32_t protocol;
        const char *eve, *zeek;
    } names[] = {{0, "rdp", "RDP"}, {1, "ssl", "SSL"}, {2, "hybrid", "HYBRID"},
        {4, "rds_tls", "RDS_TLS"}, {8, "hybrid_ex", "HYBRID_EX"}, {16, "rds_aad", "RDS_AAD"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].protocol == protocol) {
            record->protocol = bytes_from_text(names[i].eve);
            record->security_protocol = bytes_from_text(names[i].zeek);
        }
}

static void name_failure(uint32_t code, struct record_rdp *record)
{
    static const struct {
        const char *eve, *zeek;
    } names[] = {{NULL, NULL}, {"ssl required by server", "SSL_REQUIRED_BY_SERVER"},
        {"ssl not allowed by server", "SSL_NOT_ALLOWED_BY_SERVER"},
        {"ssl cert not on server", "SSL_CERT_NOT_ON_SERVER"},
        {"inconsistent flags", "INCONSISTENT_FLAGS"},
        {"hybrid required by server", "HYBRID_REQUIRED_BY_SERVER"},
        {"ssl with user auth required by server", "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"}};
    record->has_error_code = true;
    record->error_code = code;
    if (code >= sizeof names / sizeof *names)
        return;
    record->reason = bytes_from_text(names[code].eve);
    record->result = bytes_from_text(names[code].zeek);
}

static void take_confirm(struct proto_flow *pf, struct cursor in)
{
    static const char *const flag_names[] = {
        "extended_client_data", "dynvc_gfx", NULL, "restricted_admin", "redirected_authentication"};
    struct rdp_state *state = pf->state;
    struct record_rdp record = {.event_type = BYTES("initial_response")};
    struct bytes flags[RDP_FLAGS_MAX];
    state->phase = CONNECTION;
    record.security_protocol = BYTES("RDP");
    if (cursor_left(&in) >= NEG_BYTES) {
        uint8_t type = cursor_u8(&in), set = cursor_u8(&in);
        cursor_skip(&in, 2);
        uint32_t value = cursor_u32le(&in);
        if (type == NEG_FAILURE) {
            name_failure(value, &record);
            record.security_protocol = (struct bytes){NULL, 0};
        } else if (type == NEG_RESPONSE) {
            record.server_supports_count = rdp_flags(set, flag_names, 5, flags);
            record.server_supports = flags;
            name_protocol(value, &record);
            state->phase = value ? OVER_TLS : CONNECTION;
        } else {
            proto_anomaly(pf, ANOMALY_RDP_MALFORMED);
        }
    }
    if (state->phase == OVER_TLS)
        record.result = BYTES("encrypted");
    emit(pf, FLOW_SERVER, &record);
}

// Connect-Initial, Connect-Response. True: all that can be read in clear was.
static bool take_data(struct proto_flow *pf, enum flow_side side, struct cursor in)
{
    struct arena arena;
    struct record_rdp record = {0};
    bool ok = true, emitted = true;
    struct bytes rest = cursor_rest(&in);
    arena_init(&arena, pf->arena.pool, MESSAGE_ARENA_BYTES);
    if (side == FLOW_CLIENT && bytes_start_with(rest, BYTES("\x7f\x65"))) {
        record.event_type = BYTES("connect_request");
        ok = rdp_connect_request(pf, &arena, in, &record);
    } else if (side == FLOW_SERVER && bytes_start_with(rest, BYTES("\x7f\x66"))) {
        record.event_type = BYTES("connect_response");
        ok = rdp_connect_response(pf, &arena, in, &record);
    } else {
        emitted = false;
    }
    if (!ok)
        proto_anomaly(pf, ANOMALY_RDP_MALFORMED);
    if (emitted)
        emit(pf, side, &record);
    arena_reset(&arena);
    return side == FLOW_SERVER;
}

// The serial numbers of the certificates that the TLS parser has seen by now.
static void tell_serials(struct proto_flow *pf)
{
    struct rdp_state *state = pf->state;
    const struct tls_handshake *handshake = state->tls;
    struct record_rdp record = {.event_type = BYTES("tls_handshake")};
    struct bytes serials[SERIALS_MAX];
    struct cursor list = cursor_make(handshake->certificates[FLOW_SERVER]);
    if (state->serials_told || cursor_left(&list) == 0)
        return;
    state->serials_told = true;
    while (cursor_left(&list) > 0 && record.x509_serials_count < SERIALS_MAX) {
        struct x509 x509;
        struct bytes der = cursor_take(&list, cursor_u24(&list));
        if (cursor_ok(&list) && x509_parse(der, &x509))
            serials[record.x509_serials_count++] = rdp_serial(&pf->arena, x509.serial);
    }
    record.x509_serials = serials;
    emit(pf, FLOW_SERVER, &record);
}

static enum proto_verdict tls_run(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rdp_state *state = pf->state;
    if (!state->tls)
        state->tls = arena_zalloc(&pf->arena, proto_tls.state_bytes);
    if (!state->tls)
        return PROTO_DONE;
    pf->state = state->tls;
    enum proto_verdict verdict = proto_tls.parse(pf, side, in);
    pf->state = state;
    tell_serials(pf);
    return verdict == PROTO_NOT_MINE ? PROTO_DONE : verdict;
}

static enum proto_verdict take_pdu(struct proto_flow *pf, enum flow_side side, struct cursor pdu)
{
    const struct rdp_state *state = pf->state;
    uint8_t length = cursor_u8(&pdu), code = cursor_u8(&pdu);
    cursor_skip(&pdu, code == X224_DATA ? 1 : 5);
    (void)length; // wrong in some clients' requests; TPKT's counts
    if (!cursor_ok(&pdu)) {
        proto_anomaly(pf, ANOMALY_RDP_MALFORMED);
        return PROTO_BROKEN;
    }
    if (code == X224_REQUEST && side == FLOW_CLIENT && state->phase == NEGOTIATION)
        take_request(pf, pdu);
    else if (code == X224_CONFIRM && side == FLOW_SERVER && state->phase == NEGOTIATION)
        take_confirm(pf, pdu);
    else if (code == X224_DATA)
        return take_data(pf, side, pdu) ? PROTO_DONE : PROTO_MORE;
    else
        return PROTO_BROKEN;
    return PROTO_MORE;
}

static enum proto_verdict rdp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rdp_state *state = pf->state;
    if (pf->carrier == OVER_UDP)
        return rdp_udp_parse(pf, side, in);
    while (state->phase != OVER_TLS && cursor_left(in) >= TPKT_BYTES) {
        struct cursor ahead = *in;
        uint8_t version = cursor_u8(&ahead);
        cursor_skip(&ahead, 1);
        size_t length = cursor_u16(&ahead);
        if (version == 0x16 && state->asked) { // TLS, and the confirm was not seen
            state->phase = OVER_TLS;
            break;
        }
        if (version != 3 || length < TPKT_BYTES + 3) {
            proto_anomaly(pf, ANOMALY_RDP_MALFORMED);
            return PROTO_BROKEN;
        }
        if (cursor_left(&ahead) < length - TPKT_BYTES) {
            pf->need[side] = length;
            return PROTO_MORE;
        }
        enum proto_verdict verdict = take_pdu(pf, side, cursor_sub(&ahead, length - TPKT_BYTES));
        *in = ahead;
        if (verdict != PROTO_MORE)
            return verdict;
    }
    return state->phase == OVER_TLS && cursor_left(in) > 0 ? tls_run(pf, side, in) : PROTO_MORE;
}

static void rdp_finish(struct proto_flow *pf)
{
    struct rdp_state *state = pf->state;
    if (!state->tls)
        return;
    pf->state = state->tls;
    proto_tls.finish(pf);
    pf->state = state;
}

const struct proto proto_rdp = {
    .name = "rdp",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct rdp_state),
    .budget_bytes = 448 * 1024, // TLS's, and a little
    .buffer_bytes = RDP_PDU_BYTES,
    .probe = rdp_probe,
    .parse = rdp_parse,
    .gap = NULL, // nothing marks a beginning
    .finish = rdp_finish,
};
