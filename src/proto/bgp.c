// SPDX-License-Identifier: Apache-2.0
// BGP-4 (RFC 4271; capabilities RFC 5492, AS of four bytes RFC 6793, reasons of a shutdown RFC
// 9003). A bgp record for each OPEN and NOTIFICATION, the first KEEPALIVE of each side and the
// first ROUTE-REFRESH; updates are counted into one record at the end of the session. After lost
// bytes the next marker is looked for. Limits: BGP_CAPABILITIES_MAX, BGP_RECORDS_MAX a session.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    BGP_HEADER_BYTES = 19,
    BGP_MARKER_BYTES = 16,
    BGP_MESSAGE_BYTES = 65535, // RFC 8654
    BGP_CAPABILITIES_MAX = 32,
    BGP_RECORDS_MAX = 64,
    OPEN = 1,
    UPDATE,
    NOTIFICATION,
    KEEPALIVE,
    ROUTE_REFRESH,
    CAPABILITY_AS4 = 65,
    ATTRIBUTE_MP_REACH = 14,
    ATTRIBUTE_MP_UNREACH = 15,
};

struct bgp_state {
    struct record_bgp_side sides[2];
    bool alive[2], searching[2]; // a KEEPALIVE was recorded; a marker is looked for
    uint8_t records;
};

static bool is_marker(struct bytes b)
{
    for (size_t i = 0; i < b.len && i < BGP_MARKER_BYTES; i++)
        if (b.data[i] != 0xff)
            return false;
    return b.len > 0;
}

static enum proto_probe bgp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    if (!is_marker(first->data))
        return PROBE_NO;
    cursor_skip(&in, BGP_MARKER_BYTES);
    uint16_t length = cursor_u16(&in);
    uint8_t type = cursor_u8(&in);
    if (!cursor_ok(&in))
        return PROBE_MORE;
    bool fits = length >= BGP_HEADER_BYTES && type >= OPEN && type <= ROUTE_REFRESH &&
                (type != KEEPALIVE || length == BGP_HEADER_BYTES);
    if (!fits)
        return PROBE_NO;
    if (first->src_port == 179 && first->dst_port != 179)
        return PROBE_SERVER;
    return first->dst_port == 179 && first->src_port != 179 ? PROBE_CLIENT : PROBE_EITHER;
}

static void emit(struct proto_flow *pf, enum flow_side side, const struct record_bgp *r)
{
    struct bgp_state *state = pf->state;
    pf->speaker = side;
    if (state->records == BGP_RECORDS_MAX) {
        proto_anomaly(pf, ANOMALY_BGP_FLOODED);
        return;
    }
    state->records++;
    proto_emit(pf, RECORD_BGP, r, pf->tx_count++);
}

struct capabilities {
    struct bytes list[BGP_CAPABILITIES_MAX];
    char numbers[BGP_CAPABILITIES_MAX][4];
    size_t count;
    bool too_many;
};

static void capability(
    struct record_bgp *r, struct capabilities *c, uint8_t code, struct cursor *in)
{
    static const char *const names[] = {[1] = "multiprotocol",
        [2] = "route_refresh",
        [3] = "outbound_route_filtering",
        [5] = "extended_next_hop",
        [6] = "extended_message",
        [7] = "bgpsec",
        [8] = "multiple_labels",
        [9] = "role",
        [64] = "graceful_restart",
        [65] = "four_octet_as",
        [67] = "dynamic",
        [69] = "add_path",
        [70] = "enhanced_route_refresh",
        [71] = "long_lived_graceful_restart",
        [73] = "fqdn",
        [128] = "route_refresh_old"};
    if (code == CAPABILITY_AS4) {
        r->as = cursor_u32(in);
    }
    if (c->count == BGP_CAPABILITIES_MAX) {
        c->too_many = true;
        return;
    }
    struct text_out out = TEXT_OUT(c->numbers[c->count]);
    text_out_u64(&out, code);
    bool named = code < sizeof names / sizeof *names && names[code];
    c->list[c->count++] = named ? bytes_from_text(names[code]) : text_out_bytes(&out);
}

// RFC 5492 section 4: optional parameters of type 2; RFC 9072: 255 means longer lengths.
static bool parameters(struct record_bgp *r, struct capabilities *c, struct cursor *in)
{
    uint16_t length = cursor_u8(in);
    bool extended = length == 255 && bytes_at(cursor_rest(in), 0) == 255;
    if (extended) {
        cursor_skip(in, 1);
        length = cursor_u16(in);
    }
    struct cursor all = cursor_sub(in, length);
    while (cursor_left(&all) > 0) {
        uint8_t type = cursor_u8(&all);
        struct cursor one = cursor_sub(&all, extended ? cursor_u16(&all) : cursor_u8(&all));
        while (type == 2 && cursor_left(&one) > 0) {
            uint8_t code = cursor_u8(&one);
            struct cursor value = cursor_sub(&one, cursor_u8(&one));
            if (!cursor_ok(&one))
                return false;
            capability(r, c, code, &value);
        }
    }
    return cursor_ok(&all);
}

static bool open_message(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct capabilities c = {.count = 0};
    struct record_bgp r = {
        .type = BYTES("open"), .has_version = true, .has_as = true, .has_hold_time = true};
    r.version = cursor_u8(in);
    r.as = cursor_u16(in);
    r.hold_time = cursor_u16(in);
    struct bytes id = cursor_take(in, 4);
    if (!cursor_ok(in))
        return false;
    r.router_id = addr_v4(id.data);
    bool good = parameters(&r, &c, in);
    r.capabilities = c.list;
    r.capabilities_count = c.count;
    if (c.too_many)
        proto_anomaly(pf, ANOMALY_BGP_TOO_MANY_CAPABILITIES);
    emit(pf, side, &r);
    return good;
}

// How many prefixes: bits, and as many bytes as they need (RFC 4271 section 4.3).
static uint64_t prefixes(struct cursor *in)
{
    uint64_t count = 0;
    for (; cursor_left(in) > 0; count++)
        cursor_skip(in, (cursor_u8(in) + 7U) / 8);
    return count;
}

static bool update_message(struct record_bgp_side *s, struct cursor *in)
{
    s->updates++;
    struct cursor withdrawn = cursor_sub(in, cursor_u16(in));
    struct cursor attributes = cursor_sub(in, cursor_u16(in));
    s->withdrawn += prefixes(&withdrawn);
    while (cursor_left(&attributes) > 0) {
        uint8_t flags = cursor_u8(&attributes), type = cursor_u8(&attributes);
        uint16_t length = flags & 0x10 ? cursor_u16(&attributes) : cursor_u8(&attributes);
        cursor_skip(&attributes, length);
        s->announced += cursor_ok(&attributes) && type == ATTRIBUTE_MP_REACH;
        s->withdrawn += cursor_ok(&attributes) && type == ATTRIBUTE_MP_UNREACH;
    }
    s->announced += prefixes(in);
    return cursor_ok(in) && cursor_ok(&withdrawn) && cursor_ok(&attributes);
}

static bool notification(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    static const char *const errors[] = {[1] = "message_header",
        "open_message",
        "update_message",
        "hold_timer_expired",
        "state_machine",
        "cease",
        "route_refresh_message"};
    char buffer[4];
    struct text_out number = TEXT_OUT(buffer);
    struct record_bgp r = {
        .type = BYTES("notification"), .has_error_code = true, .has_error_subcode = true};
    r.error_code = cursor_u8(in);
    r.error_subcode = cursor_u8(in);
    text_out_u64(&number, r.error_code);
    bool named = r.error_code > 0 && r.error_code < sizeof errors / sizeof *errors;
    r.error = named ? bytes_from_text(errors[r.error_code]) : text_out_bytes(&number);
    bool good = cursor_ok(in);
    if (r.error_code == 6 && (r.error_subcode == 2 || r.error_subcode == 4) &&
        cursor_left(in) > 0) {
        r.reason = cursor_take(in, cursor_u8(in));
        good = cursor_ok(in);
    }
    if (bytes_at(r.reason, 0) == 0)
        r.reason = (struct bytes){NULL, 0};
    emit(pf, side, &r);
    return good;
}

static bool message(struct proto_flow *pf, enum flow_side side, uint8_t type, struct cursor *in)
{
    struct bgp_state *state = pf->state;
    switch (type) {
    case OPEN: return open_message(pf, side, in);
    case UPDATE: return update_message(&state->sides[side], in);
    case NOTIFICATION: return notification(pf, side, in);
    case KEEPALIVE:
        if (!state->alive[side])
            emit(pf, side, &(struct record_bgp){.type = BYTES("keepalive")});
        state->alive[side] = true;
        return true;
    case ROUTE_REFRESH:
        emit(pf, side, &(struct record_bgp){.type = BYTES("route_refresh")});
        return true;
    default: return false;
    }
}

// After a gap: go to the next marker. False: it is not here yet.
static bool find_marker(struct bgp_state *state, enum flow_side side, struct cursor *in)
{
    static const uint8_t marker[BGP_MARKER_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct bytes rest = cursor_rest(in);
    size_t at = bytes_find(rest, bytes_make(marker, sizeof marker));
    if (at == BYTES_NOT_FOUND) {
        cursor_skip(in, rest.len < BGP_MARKER_BYTES ? 0 : rest.len - BGP_MARKER_BYTES + 1);
        return false;
    }
    cursor_skip(in, at);
    state->searching[side] = false;
    return true;
}

static enum proto_verdict bgp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bgp_state *state = pf->state;
    if (state->searching[side] && !find_marker(state, side, in))
        return PROTO_MORE;
    while (cursor_left(in) >= BGP_HEADER_BYTES) {
        struct cursor at = *in;
        struct bytes marker = cursor_take(&at, BGP_MARKER_BYTES);
        uint16_t length = cursor_u16(&at);
        uint8_t type = cursor_u8(&at);
        if (!is_marker(marker) || length < BGP_HEADER_BYTES) {
            proto_anomaly(pf, ANOMALY_BGP_LOST);
            return PROTO_DONE;
        }
        if (cursor_left(in) < length) {
            pf->need[side] = length;
            return PROTO_MORE;
        }
        struct cursor body = cursor_sub(&at, length - (size_t)BGP_HEADER_BYTES);
        if (!message(pf, side, type, &body))
            proto_anomaly(pf, ANOMALY_BGP_MALFORMED);
        *in = at;
    }
    return PROTO_MORE;
}

static enum proto_verdict bgp_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct bgp_state *state = pf->state;
    (void)lost;
    state->searching[side] = true;
    return PROTO_MORE;
}

static void bgp_finish(struct proto_flow *pf)
{
    const struct bgp_state *state = pf->state;
    struct record_bgp r = {
        .type = BYTES("update"),
        .has_to_server = state->sides[FLOW_CLIENT].updates > 0,
        .to_server = state->sides[FLOW_CLIENT],
        .has_to_client = state->sides[FLOW_SERVER].updates > 0,
        .to_client = state->sides[FLOW_SERVER],
    };
    pf->speaker = FLOW_CLIENT;
    if (r.has_to_server || r.has_to_client)
        proto_emit(pf, RECORD_BGP, &r, pf->tx_count++);
}

const struct proto proto_bgp = {
    .name = "bgp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct bgp_state),
    .buffer_bytes = BGP_MESSAGE_BYTES,
    .probe = bgp_probe,
    .parse = bgp_parse,
    .gap = bgp_gap,
    .finish = bgp_finish,
};
