// SPDX-License-Identifier: Apache-2.0
// Control messages of L2TP version 2 (RFC 2661) and 3 (RFC 3931) over UDP: an l2tp record for each
// that sets up or takes down. Data messages are decoded as a tunnel before they come here; what
// comes is only counted. Hidden parts are not read. Limit: L2TP_RECORDS_MAX a flow.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    CONTROL = 0xc8, // T, L and S are set, O and P not
    L2TP_RECORDS_MAX = 256,
    HELLO = 6,
    AVP_BYTES = 6,
};

struct l2tp_state {
    uint32_t records;
};

static bool header_read(struct cursor *in, uint8_t *version, uint16_t *length)
{
    uint8_t flags = cursor_u8(in);
    *version = cursor_u8(in);
    *length = cursor_u16(in);
    return cursor_ok(in) && flags == CONTROL && (*version == 2 || *version == 3) && *length >= 12;
}

static enum proto_probe l2tp_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint8_t version;
    uint16_t length;
    if (!header_read(&in, &version, &length) || length != first->data.len)
        return PROBE_NO;
    cursor_skip(&in, 8); // tunnel and session, numbers
    if (cursor_left(&in) == 0)
        return first->src_port == 1701 || first->dst_port == 1701 ? PROBE_EITHER : PROBE_NO;
    uint16_t size = cursor_u16(&in) & 0x3ff, vendor = cursor_u16(&in), type = cursor_u16(&in);
    uint16_t message = cursor_u16(&in);
    if (!cursor_ok(&in) || size != 8 || vendor != 0 || type != 0)
        return PROBE_NO; // the first part is the message's type
    return message == 1 ? PROBE_CLIENT : message == 2 ? PROBE_SERVER : PROBE_EITHER;
}

static void part(struct record_l2tp *r, uint16_t type, struct cursor *in)
{
    switch (type) {
    case 1:
        r->has_result = true;
        r->result = cursor_u16(in);
        r->has_error = cursor_left(in) >= 2;
        r->error = r->has_error ? cursor_u16(in) : 0;
        r->error_message = cursor_left(in) > 0 ? cursor_rest(in) : (struct bytes){NULL, 0};
        break;
    case 7: r->hostname = cursor_rest(in); break;
    case 8: r->vendor = cursor_rest(in); break;
    case 9:
        r->has_assigned_tunnel_id = true;
        r->assigned_tunnel_id = cursor_u16(in);
        break;
    case 61:
        r->has_assigned_tunnel_id = true;
        r->assigned_tunnel_id = cursor_u32(in);
        break;
    case 11: r->challenge = true; break;
    case 14:
        r->has_assigned_session_id = true;
        r->assigned_session_id = cursor_u16(in);
        break;
    case 63:
        r->has_assigned_session_id = true;
        r->assigned_session_id = cursor_u32(in);
        break;
    case 21: r->called_number = cursor_rest(in); break;
    case 22: r->calling_number = cursor_rest(in); break;
    case 30: r->user = cursor_rest(in); break;
    default: break;
    }
}

// RFC 2661 section 4.1: bits, length, vendor, type, value.
static bool parts(struct record_l2tp *r, struct cursor *in, uint16_t *message)
{
    while (cursor_left(in) > 0) {
        uint16_t head = cursor_u16(in), vendor = cursor_u16(in), type = cursor_u16(in);
        uint16_t size = head & 0x3ff;
        struct cursor value =
            cursor_sub(in, size < AVP_BYTES ? SIZE_MAX : size - (size_t)AVP_BYTES);
        if (!cursor_ok(in))
            return false;
        r->hidden |= (head & 0x4000) != 0;
        if (vendor != 0 || head & 0x4000)
            continue;
        if (type == 0)
            *message = cursor_u16(&value);
        else
            part(r, type, &value);
        if (!cursor_ok(&value))
            return false;
    }
    return true;
}

static enum proto_verdict l2tp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    static const char *const types[] = {[1] = "sccrq",
        "sccrp",
        "scccn",
        "stopccn",
        [7] = "ocrq",
        "ocrp",
        "occn",
        "icrq",
        "icrp",
        "iccn",
        [14] = "cdn",
        "wen",
        "sli"};
    struct l2tp_state *state = pf->state;
    struct record_l2tp r = {0};
    char buffer[8];
    struct text_out number = TEXT_OUT(buffer);
    uint16_t length, message = 0;
    size_t size = cursor_left(in);
    if (!(bytes_at(cursor_rest(in), 0) & 0x80))
        return PROTO_MORE; // data
    if (!header_read(in, &r.version, &length) || length > size) {
        proto_anomaly(pf, ANOMALY_L2TP_MALFORMED);
        return PROTO_MORE;
    }
    struct cursor body = cursor_sub(in, length - 4U);
    r.has_session_id = r.version == 2;
    r.tunnel_id = r.version == 2 ? cursor_u16(&body) : cursor_u32(&body);
    r.session_id = r.version == 2 ? cursor_u16(&body) : 0;
    cursor_skip(&body, 4); // numbers
    if (!parts(&r, &body, &message))
        proto_anomaly(pf, ANOMALY_L2TP_MALFORMED);
    if (message == 0 || message == HELLO || message == 20)
        return PROTO_MORE; // acknowledges, or asks whether somebody is there
    text_out_u64(&number, message);
    bool named = message < sizeof types / sizeof *types && types[message];
    r.type = named ? bytes_from_text(types[message]) : text_out_bytes(&number);
    pf->speaker = side;
    if (state->records == L2TP_RECORDS_MAX)
        proto_anomaly(pf, ANOMALY_L2TP_FLOODED);
    else
        proto_emit(pf, RECORD_L2TP, &r, pf->tx_count++), state->records++;
    return PROTO_MORE;
}

const struct proto proto_l2tp = {
    .name = "l2tp",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct l2tp_state),
    .probe = l2tp_probe,
    .parse = l2tp_parse,
};
