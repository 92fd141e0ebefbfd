// SPDX-License-Identifier: Apache-2.0
// What rules see of HTTP/2 beside what it shares with HTTP/1.x: header fields as HTTP/2 has them,
// first lines as HTTP/1.x would have, numbers of frames. Nothing here runs when no rule asks.
#include "proto/http2.h"
#include "proto/text_out.h"

static void show(struct http_tx *tx, enum rule_buffer buffer, enum flow_side side, struct bytes b)
{
    proto_show(tx->pf, buffer, side, tx->id, b);
}

// A field; those that begin with a colon make up the first line.
void http2_show_field(
    struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value)
{
    if (!tx->pf->watch)
        return;
    show(tx, BUFFER_HTTP2_HEADER_NAME, side, name);
    http_show_pair(tx, BUFFER_HTTP2_HEADER, side, name, value);
    if (bytes_equal(name, BYTES(":method")))
        show(tx, BUFFER_HTTP_METHOD, side, value);
    else if (bytes_equal(name, BYTES(":status")))
        show(tx, BUFFER_HTTP_STAT_CODE, side, value);
    else if (bytes_equal(name, BYTES(":path"))) {
        show(tx, BUFFER_HTTP_URI_RAW, side, value);
        if (proto_wants(tx->pf, BUFFER_HTTP_URI))
            show(tx, BUFFER_HTTP_URI, side, value);
    }
    http_show_field(tx, side, name, value);
}

// "GET /a HTTP/2", "HTTP/2 200": what HTTP/1.x would have said.
void http2_show_line(struct http_tx *tx, enum flow_side side)
{
    bool asks = side == FLOW_CLIENT;
    char status[8];
    struct text_out number = TEXT_OUT(status);
    text_out_u64(&number, tx->status);
    const struct bytes version = BYTES("HTTP/2"), space = BYTES(" "), end = BYTES("\r\n");
    const struct bytes request[] = {tx->method, space, tx->target, space, version, end};
    const struct bytes response[] = {version, space, text_out_bytes(&number), end};
    const struct bytes *parts = asks ? request : response;
    size_t count = asks ? sizeof request / sizeof *request : sizeof response / sizeof *response;
    enum rule_buffer line = asks ? BUFFER_HTTP_REQUEST_LINE : BUFFER_HTTP_RESPONSE_LINE;
    show(tx, BUFFER_HTTP_PROTOCOL, side, version);
    for (size_t i = 0; i < count; i++)
        proto_show_more(tx->pf, line, side, tx->id, parts[i]);
    if (!asks)
        show(tx, BUFFER_HTTP_STAT_MSG, side, BYTES(""));
}

void http2_show_number(struct proto_flow *pf, const struct http2_stream *stream,
    enum flow_side side, enum rule_shown kind, uint32_t value)
{
    proto_show_number(pf, side, stream ? stream->tx.id : PROTO_TX_NEXT,
        (struct shown_number){.kind = (uint16_t)kind, .value = value});
}

static void show_settings(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    for (size_t i = 0; i < HTTP2_SETTINGS_MOST && cursor_left(in) >= 6; i++) {
        uint16_t id = cursor_u16(in);
        struct shown_number number = {
            .kind = SHOWN_HTTP2_SETTINGS, .id = id, .value = cursor_u32(in)};
        proto_show_number(pf, side, PROTO_TX_NEXT, number);
    }
}

void http2_show_frame(struct proto_flow *pf, const struct http2_stream *stream, enum flow_side side,
    const struct http2_frame *frame, struct bytes payload)
{
    struct cursor in = cursor_make(payload);
    if (!proto_wants(pf, BUFFER_NUMBERS))
        return;
    http2_show_number(pf, stream, side, SHOWN_HTTP2_FRAMETYPE, frame->type);
    bool recorded = stream || frame->type == HTTP2_GOAWAY;
    switch (frame->type) {
    case HTTP2_SETTINGS:
        recorded = !(frame->flags & HTTP2_ACK) && payload.len >= 6;
        show_settings(pf, side, &in);
        break;
    case HTTP2_GOAWAY: cursor_skip(&in, 4); [[fallthrough]];
    case HTTP2_RST_STREAM:
        http2_show_number(pf, stream, side, SHOWN_HTTP2_ERRORCODE, cursor_u32(&in));
        break;
    case HTTP2_WINDOW_UPDATE:
        http2_show_number(pf, stream, side, SHOWN_HTTP2_WINDOW, cursor_u32(&in) & 0x7fffffff);
        break;
    default: break;
    }
    if (!recorded) // a transaction of its own
        proto_show_done(pf, side, PROTO_TX_NEXT);
}
