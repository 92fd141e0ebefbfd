// SPDX-License-Identifier: Apache-2.0
// RFB, the protocol of VNC: RFC 6143 section 7.1 to 7.3, and version 3.3's handshake (its
// appendix). Emits one rfb record a connection: when the screen is known, the server refuses, what
// follows the chosen security type is not read (all but None and VNC), or the flow ends. Screen,
// keys and pointer are not read. Limits: RFB_TEXT_BYTES of a desktop's name or a reason.
#include "base/utf8.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum { RFB_TEXT_BYTES = 1024, RFB_VERSION_BYTES = 12, RFB_TYPES = 255 };

enum security { NONE = 1, VNC = 2 };

enum phase { VERSION, SECURITY, CHALLENGE, RESPONSE, RESULT, REASON, INIT, OVER };

struct rfb_flow {
    enum phase phase[2];
    bool emitted;
    unsigned minor; // version the client chose
    bool shared, has_shared;
    struct record_rfb record;
};

static bool version_read(struct bytes data, struct record_rfb_version *version)
{
    for (size_t i = 4; i < RFB_VERSION_BYTES - 1; i++)
        if (i != 7 && (data.data[i] < '0' || data.data[i] > '9'))
            return false;
    *version = (struct record_rfb_version){bytes_sub(data, 4, 3), bytes_sub(data, 8, 3)};
    return bytes_start_with(data, BYTES("RFB ")) && data.data[7] == '.' && data.data[11] == '\n';
}

static enum proto_probe rfb_probe(const struct proto_first *first)
{
    struct record_rfb_version version;
    struct bytes data = bytes_sub(first->data, 0, RFB_VERSION_BYTES);
    if (data.len < RFB_VERSION_BYTES)
        return bytes_start_with(BYTES("RFB "), bytes_sub(data, 0, 4)) ? PROBE_MORE : PROBE_NO;
    // Both sides begin so; the client sends nothing before the server has.
    return version_read(data, &version) ? PROBE_EITHER : PROBE_NO;
}

static void rfb_emit(struct proto_flow *pf)
{
    struct rfb_flow *rfb = pf->state;
    if (rfb->emitted || !rfb->record.server_protocol_version.major.data)
        return;
    rfb->emitted = true;
    rfb->record.has_screen_shared = rfb->has_shared;
    rfb->record.screen_shared = rfb->shared;
    proto_emit(pf, RECORD_RFB, &rfb->record, pf->tx_count++);
}

static struct bytes method_name(uint32_t type)
{
    switch (type) {
    case 0: return BYTES("Invalid");
    case 1: return BYTES("None");
    case 2: return BYTES("VNC");
    case 5: return BYTES("RA2");
    case 6: return BYTES("RA2ne");
    case 16: return BYTES("Tight");
    case 17: return BYTES("Ultra");
    case 18: return BYTES("TLS");
    case 19: return BYTES("VeNCrypt");
    case 20: return BYTES("SASL");
    case 21: return BYTES("MD5");
    case 22: return BYTES("xvp");
    case 30: return BYTES("Apple Remote Desktop");
    default: return BYTES("unknown");
    }
}

// What comes next once the security type is known.
static void security_chosen(struct rfb_flow *rfb, uint32_t type)
{
    rfb->record.authentication.has_security_type = true;
    rfb->record.authentication.security_type = type;
    rfb->record.authentication.method = method_name(type);
    if (type == VNC) {
        rfb->phase[FLOW_SERVER] = CHALLENGE;
        rfb->phase[FLOW_CLIENT] = RESPONSE;
    } else if (type == NONE) {
        rfb->phase[FLOW_SERVER] = rfb->minor >= 8 ? RESULT : INIT;
        rfb->phase[FLOW_CLIENT] = INIT;
    } else {
        rfb->phase[FLOW_SERVER] = type ? OVER : REASON;
        rfb->phase[FLOW_CLIENT] = OVER;
    }
}

static bool utf8_valid(struct bytes raw)
{
    size_t bad = 0;
    for (size_t at = 0, len; at < raw.len; at += len) {
        struct bytes rest = bytes_from(raw, at);
        len = rest.data[0] < 0x80 ? 1 : utf8_character(rest.data, rest.len, &bad);
        if (len == 0)
            return false;
    }
    return true;
}

// Names have no charset: bytes that are not ASCII are written as EVE has them, \xa0.
static struct bytes text_plain(struct proto_flow *pf, struct bytes raw)
{
    char room[4 * RFB_TEXT_BYTES];
    struct text_out out = TEXT_OUT(room);
    if (utf8_valid(raw))
        return arena_copy(&pf->arena, raw);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] < 0x80) {
            text_out_char(&out, (char)raw.data[i]);
            continue;
        }
        text_out_text(&out, "\\x");
        text_out_hex(&out, bytes_sub(raw, i, 1));
    }
    return text_out_keep(&out, &pf->arena);
}

// Text behind its length. False: not all of it is there.
static bool text_read(struct proto_flow *pf, struct cursor *in, struct bytes *text)
{
    uint32_t len = cursor_u32(in);
    struct bytes raw = cursor_take(in, len < RFB_TEXT_BYTES ? len : RFB_TEXT_BYTES);
    if (!cursor_ok(in))
        return false;
    if (len > RFB_TEXT_BYTES)
        proto_anomaly(pf, ANOMALY_RFB_TEXT_TOO_LONG);
    *text = text_plain(pf, raw);
    return true;
}

static void version_take(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    struct bytes data = arena_copy(&pf->arena, cursor_take(in, RFB_VERSION_BYTES));
    struct record_rfb_version version = {.major.data = NULL};
    if (!data.data)
        return;
    if (!version_read(data, &version))
        proto_anomaly(pf, ANOMALY_RFB_MALFORMED);
    rfb->phase[side] = SECURITY;
    if (side == FLOW_SERVER) {
        rfb->record.server_protocol_version = version;
        return;
    }
    rfb->record.client_protocol_version = version;
    rfb->minor = (unsigned)(bytes_at(version.minor, 2) - '0');
    if (!bytes_start_with(version.minor, BYTES("00")))
        rfb->minor = 8; // 3.889: Apple's, which speaks 3.8
    if (rfb->minor < 7)
        rfb->phase[FLOW_CLIENT] = RESPONSE; // it is not asked
}

// What the server offers (from 3.7 on), or decides on (3.3).
static void security_take(struct proto_flow *pf, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    if (rfb->minor < 7) {
        uint32_t type = cursor_u32(in);
        if (cursor_ok(in))
            security_chosen(rfb, type);
        return;
    }
    struct bytes types = cursor_take(in, cursor_u8(in));
    if (!cursor_ok(in))
        return;
    rfb->record.security_types = arena_copy(&pf->arena, types).data;
    rfb->record.security_types_count = rfb->record.security_types ? types.len : 0;
    rfb->phase[FLOW_SERVER] = types.len ? CHALLENGE : REASON;
    if (types.len == 0)
        rfb->record.authentication.method = method_name(0);
}

static void result_take(struct proto_flow *pf, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    uint32_t result = cursor_u32(in);
    if (!cursor_ok(in))
        return;
    rfb->record.authentication.security_result = result == 0   ? BYTES("OK")
                                                 : result == 1 ? BYTES("FAIL")
                                                               : BYTES("TOOMANY");
    if (result > 2)
        proto_anomaly(pf, ANOMALY_RFB_MALFORMED);
    rfb->phase[FLOW_SERVER] = result == 0 ? INIT : rfb->minor >= 8 ? REASON : OVER;
}

static void init_take(struct proto_flow *pf, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    struct record_rfb r = rfb->record;
    r.framebuffer.width = cursor_u16(in);
    r.framebuffer.height = cursor_u16(in);
    r.framebuffer.pixel_format.bits_per_pixel = cursor_u8(in);
    r.framebuffer.pixel_format.depth = cursor_u8(in);
    r.framebuffer.pixel_format.big_endian = cursor_u8(in) != 0;
    r.framebuffer.pixel_format.true_color = cursor_u8(in) != 0;
    r.framebuffer.pixel_format.red_max = cursor_u16(in);
    r.framebuffer.pixel_format.green_max = cursor_u16(in);
    r.framebuffer.pixel_format.blue_max = cursor_u16(in);
    r.framebuffer.pixel_format.red_shift = cursor_u8(in);
    r.framebuffer.pixel_format.green_shift = cursor_u8(in);
    r.framebuffer.pixel_format.blue_shift = cursor_u8(in);
    cursor_skip(in, 3);
    if (!cursor_ok(in) || !text_read(pf, in, &r.framebuffer.name))
        return;
    r.has_framebuffer = true;
    rfb->record = r;
    rfb->phase[FLOW_SERVER] = OVER;
}

static void server_take(struct proto_flow *pf, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    struct record_rfb *r = &rfb->record;
    struct bytes bytes;
    switch (rfb->phase[FLOW_SERVER]) {
    case VERSION: version_take(pf, FLOW_SERVER, in); break;
    case SECURITY:
        if (rfb->phase[FLOW_CLIENT] != VERSION)
            security_take(pf, in);
        break;
    case CHALLENGE:
        if (rfb->phase[FLOW_CLIENT] == SECURITY)
            break; // what it is for is not chosen yet
        bytes = cursor_take(in, 16);
        r->authentication.vnc.challenge = arena_copy(&pf->arena, bytes);
        if (cursor_ok(in))
            rfb->phase[FLOW_SERVER] = RESULT;
        break;
    case RESULT: result_take(pf, in); break;
    case REASON:
        if (text_read(pf, in, &bytes)) {
            r->server_security_failure_reason = bytes;
            rfb->phase[FLOW_SERVER] = OVER;
        }
        break;
    case INIT: init_take(pf, in); break;
    default: break;
    }
}

static void client_take(struct proto_flow *pf, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    struct record_rfb *r = &rfb->record;
    switch (rfb->phase[FLOW_CLIENT]) {
    case VERSION: version_take(pf, FLOW_CLIENT, in); break;
    case SECURITY: security_chosen(rfb, cursor_u8(in)); break;
    case RESPONSE:
        if (!r->authentication.vnc.challenge.data)
            break; // not asked for yet
        r->authentication.vnc.response = arena_copy(&pf->arena, cursor_take(in, 16));
        if (cursor_ok(in))
            rfb->phase[FLOW_CLIENT] = INIT;
        break;
    case INIT:
        rfb->shared = cursor_u8(in) != 0;
        rfb->has_shared = cursor_ok(in);
        rfb->phase[FLOW_CLIENT] = OVER;
        break;
    default: break;
    }
}

static enum proto_verdict rfb_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rfb_flow *rfb = pf->state;
    while (cursor_left(in) > 0 && rfb->phase[FLOW_SERVER] != OVER) {
        struct cursor mark = *in;
        if (side == FLOW_SERVER)
            server_take(pf, in);
        else
            client_take(pf, in);
        if (cursor_ok(in) && in->at != mark.at)
            proto_frame(pf, FRAME_RFB_PDU, side, cursor_rest(&mark),
                (int64_t)(cursor_pos(in) - cursor_pos(&mark)), UINT64_MAX);
        if (cursor_ok(in) && in->at != mark.at && rfb->phase[side] != OVER)
            continue;
        if (!cursor_ok(in)) {
            *in = mark;
            return PROTO_MORE;
        }
        if (in->at == mark.at)
            return PROTO_MORE;
    }
    if (rfb->phase[FLOW_SERVER] != OVER)
        return PROTO_MORE;
    rfb_emit(pf);
    return PROTO_DONE;
}

static void rfb_finish(struct proto_flow *pf)
{
    rfb_emit(pf);
}

const struct proto proto_rfb = {
    .name = "rfb",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct rfb_flow),
    .budget_bytes = 8192,
    .buffer_bytes = 4096,
    .probe = rfb_probe,
    .parse = rfb_parse,
    .finish = rfb_finish,
};
