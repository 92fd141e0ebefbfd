// SPDX-License-Identifier: Apache-2.0
// HTTP/2: RFC 9113, 7541 (http2_hpack.c), in clear: by prior knowledge or after an upgrade from
// HTTP/1.1 (RFC 7540 section 3.2). One http record a stream with EVE's http2 object, one for each
// SETTINGS and GOAWAY; bodies become files as HTTP/1.x's do; gRPC is named with service and status.
// Frames other than DATA are read whole, DATA streams through. Ignored: PING, WINDOW_UPDATE, what
// comes late for a closed stream. Limits: http2.h. A gap within DATA is passed over, another ends
// it: header compression does not survive it.
#include "proto/http2.h"

enum { FRAME_HEADER_BYTES = 9, PREFACE_BYTES = 24 };

static const struct bytes preface = {
    (const uint8_t *)"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", PREFACE_BYTES};

static enum proto_probe http2_probe(const struct proto_first *first)
{
    if (bytes_start_with(first->data, preface))
        return PROBE_CLIENT;
    return bytes_start_with(preface, first->data) ? PROBE_MORE : PROBE_NO;
}

// Nothing more can be understood.
static bool give_up(struct proto_flow *pf, enum anomaly anomaly)
{
    proto_anomaly(pf, anomaly);
    http2_flow(pf)->closed = true;
    return false;
}

// --- header blocks -----------------------------------------------------------------------------

struct block {
    struct http2_stream *stream; // NULL: read, but nobody's
    enum flow_side side;
};

static void on_header(void *ctx, struct bytes name, struct bytes value)
{
    const struct block *block = ctx;
    if (block->stream)
        http2_stream_header(block->stream, block->side, name, value);
}

// A block may begin with changes of the table's size (RFC 7541 section 6.3): three bits, then an
// integer with a prefix of five.
static void table_size_note(struct http2_stream *stream, enum flow_side side, struct bytes block)
{
    struct cursor in = cursor_make(block);
    for (int i = 0; stream && i < 2 && bytes_at(cursor_rest(&in), 0) >> 5 == 1; i++) {
        uint32_t value = cursor_u8(&in) & 31;
        uint8_t more = value == 31 ? 0x80 : 0;
        for (unsigned shift = 0; (more & 0x80) && shift < 28; shift += 7) {
            more = cursor_u8(&in);
            value += (uint32_t)(more & 0x7f) << shift;
        }
        if (cursor_ok(&in))
            http2_stream_table_size(stream, side, value);
    }
}

static bool block_feed(struct proto_flow *pf, enum flow_side side, struct bytes piece, bool last)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    struct http2_stream *stream = http2_stream_find(pf, s->block_for);
    struct block block = {stream, s->block_side};
    if (s->block_frames == 0)
        table_size_note(stream, s->block_side, piece);
    s->block_bytes += (uint32_t)piece.len;
    if (s->block_bytes > HTTP2_BLOCK_BYTES || s->block_frames++ > HTTP2_CONTINUATIONS)
        return give_up(pf, ANOMALY_HTTP2_CONTINUATION_FLOOD);
    if (!hpack_feed(s->hpack, piece, last, on_header, &block))
        return give_up(pf, ANOMALY_HTTP2_FAILED_DECOMPRESSION);
    if (!last)
        return true;
    s->block_stream = 0;
    if (stream)
        http2_stream_head_end(stream, s->block_side);
    if (stream && s->block_ends)
        http2_stream_end(pf, stream, s->block_side);
    return true;
}

static bool block_begin(struct proto_flow *pf, enum flow_side side, const struct http2_frame *frame,
    struct http2_stream *stream, struct bytes piece)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    s->block_stream = frame->id;
    s->block_for = stream ? stream->id : 0;
    s->block_bytes = s->block_frames = 0;
    return block_feed(pf, side, piece, frame->flags & HTTP2_END_HEADERS);
}

// --- frames ------------------------------------------------------------------------------------

// The payload without its padding (section 6.1). False: there is more padding than payload.
static bool unpad(const struct http2_frame *frame, struct bytes *payload)
{
    if (!(frame->flags & HTTP2_PADDED))
        return true;
    size_t padding = bytes_at(*payload, 0) + 1U;
    if (padding > payload->len)
        return false;
    *payload = bytes_sub(*payload, 1, payload->len - padding);
    return true;
}

// The stream a header block is for. Both sides begin streams in ascending order.
static struct http2_stream *stream_for(struct proto_flow *pf, uint32_t id)
{
    struct http2_flow *h2 = http2_flow(pf);
    struct http2_stream *stream = http2_stream_find(pf, id);
    struct http2_side *owner = &h2->side[id % 2 == 1 ? FLOW_CLIENT : FLOW_SERVER];
    if (stream || id <= owner->last_id)
        return stream;
    owner->last_id = id;
    return http2_stream_open(pf, id);
}

static void weight(struct http2_stream *stream, enum flow_side side, uint8_t value)
{
    if (!stream)
        return;
    stream->has_priority = true;
    stream->priority = value;
    http2_show_number(stream->tx.pf, stream, side, SHOWN_HTTP2_PRIORITY, value);
}

static bool headers(struct proto_flow *pf, enum flow_side side, struct http2_stream *stream,
    const struct http2_frame *frame, struct bytes payload)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    size_t skip = frame->flags & HTTP2_PRIORITIZED ? 5 : 0;
    if (!unpad(frame, &payload) || payload.len < skip || frame->id == 0)
        return give_up(pf, ANOMALY_HTTP2_MALFORMED);
    if (skip && side == FLOW_CLIENT)
        weight(stream, side, payload.data[4]);
    s->block_side = side;
    s->block_ends = frame->flags & HTTP2_END_STREAM;
    return !http2_flow(pf)->closed &&
           block_begin(pf, side, frame, stream, bytes_from(payload, skip));
}

// The server sends the request too (section 6.6).
static bool push_promise(struct proto_flow *pf, enum flow_side side,
    const struct http2_frame *frame, struct bytes payload)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    if (!unpad(frame, &payload) || payload.len < 4 || side == FLOW_CLIENT)
        return give_up(pf, ANOMALY_HTTP2_MALFORMED);
    struct cursor in = cursor_make(payload);
    uint32_t id = cursor_u32(&in) & 0x7fffffff;
    struct http2_stream *stream = id % 2 == 0 ? stream_for(pf, id) : NULL;
    if (stream)
        stream->pushed = true;
    s->block_side = FLOW_CLIENT;
    s->block_ends = true;
    return !http2_flow(pf)->closed && block_begin(pf, side, frame, stream, cursor_rest(&in));
}

static bool rst_stream(
    struct proto_flow *pf, enum flow_side side, struct http2_stream *stream, struct bytes payload)
{
    struct cursor in = cursor_make(payload);
    uint32_t code = cursor_u32(&in);
    if (payload.len != 4)
        return give_up(pf, ANOMALY_HTTP2_MALFORMED);
    if (stream)
        http2_stream_reset(pf, stream, side, code);
    return true;
}

static void goaway(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    struct cursor in = cursor_make(payload);
    cursor_skip(&in, 4);
    uint32_t code = cursor_u32(&in);
    if (cursor_ok(&in))
        http2_goaway(pf, side, code);
    else
        proto_anomaly(pf, ANOMALY_HTTP2_MALFORMED);
}

static bool frame_act(struct proto_flow *pf, enum flow_side side, const struct http2_frame *frame,
    struct bytes payload)
{
    struct http2_stream *stream = frame->type == HTTP2_HEADERS && frame->id
                                      ? stream_for(pf, frame->id)
                                      : http2_stream_find(pf, frame->id);
    if (stream && stream->reset && side == FLOW_CLIENT)
        stream = NULL; // only the answer still counts
    http2_show_frame(pf, stream, side, frame, payload);
    switch (frame->type) {
    case HTTP2_HEADERS: return headers(pf, side, stream, frame, payload);
    case HTTP2_PUSH_PROMISE: return push_promise(pf, side, frame, payload);
    case HTTP2_CONTINUATION: return block_feed(pf, side, payload, frame->flags & HTTP2_END_HEADERS);
    case HTTP2_RST_STREAM: return rst_stream(pf, side, stream, payload);
    case HTTP2_PRIORITY:
        if (payload.len == 5)
            weight(stream, side, payload.data[4]);
        return true;
    case HTTP2_GOAWAY: goaway(pf, side, payload); return true;
    case HTTP2_SETTINGS:
        if (!(frame->flags & HTTP2_ACK))
            http2_settings(pf, side, payload);
        return true;
    default: return true; // PING, WINDOW_UPDATE, extensions
    }
}

// --- DATA --------------------------------------------------------------------------------------

static void data_end(struct proto_flow *pf, enum flow_side side)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    struct http2_stream *stream = http2_stream_find(pf, s->data_stream);
    if (s->left == 0 && s->padding == 0 && s->data_ends && stream)
        http2_stream_end(pf, stream, side);
    if (s->left == 0 && s->padding == 0)
        s->data_stream = 0;
}

// The frame's head was taken; its pad length is in `rest` where it has one.
static bool data_begin(
    struct proto_flow *pf, enum flow_side side, const struct http2_frame *frame, struct cursor *in)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    s->left = frame->length;
    s->padding = 0;
    if (frame->flags & HTTP2_PADDED) {
        s->padding = cursor_u8(in);
        if (frame->length < s->padding + 1U || frame->id == 0)
            return give_up(pf, ANOMALY_HTTP2_MALFORMED);
        s->left -= s->padding + 1U;
    }
    http2_show_frame(pf, http2_stream_find(pf, frame->id), side, frame, BYTES(""));
    s->data_stream = frame->id;
    s->data_ends = frame->flags & HTTP2_END_STREAM;
    data_end(pf, side);
    return true;
}

static bool data_bytes(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    struct http2_stream *stream = http2_stream_find(pf, s->data_stream);
    size_t most = cursor_left(in);
    if (s->left > 0) {
        struct bytes data = cursor_take(in, s->left < most ? (size_t)s->left : most);
        s->left -= data.len;
        if (stream && !stream->ended[side])
            http_body_data(&stream->tx, side, data);
    } else {
        size_t skip = s->padding < most ? s->padding : most;
        cursor_skip(in, skip);
        s->padding -= (uint32_t)skip;
    }
    data_end(pf, side);
    return true;
}

// --- the flow ----------------------------------------------------------------------------------

static bool frame_head(struct cursor *in, struct http2_frame *frame)
{
    frame->length = cursor_u24(in);
    frame->type = cursor_u8(in);
    frame->flags = cursor_u8(in);
    frame->id = cursor_u32(in) & 0x7fffffff;
    return cursor_ok(in);
}

// Within a header block only its continuation may stand, and only there (section 6.10).
static bool in_order(const struct http2_side *s, const struct http2_frame *frame)
{
    if (frame->type == HTTP2_CONTINUATION)
        return s->block_stream != 0 && s->block_stream == frame->id;
    return s->block_stream == 0;
}

static bool frame_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    struct cursor c = *in;
    struct http2_frame frame;
    if (!frame_head(&c, &frame))
        return false;
    if (frame.type == HTTP2_DATA || cursor_left(&c) >= frame.length)
        proto_frames(pf, FRAME_HTTP2_PDU, side, cursor_rest(in), FRAME_HEADER_BYTES,
            FRAME_HEADER_BYTES + (int64_t)frame.length, UINT64_MAX);
    if (!in_order(s, &frame))
        return give_up(pf, ANOMALY_HTTP2_INVALID_FRAME_SEQUENCE);
    if (frame.type == HTTP2_DATA) {
        if ((frame.flags & HTTP2_PADDED) && cursor_left(&c) == 0)
            return false;
        *in = c;
        return data_begin(pf, side, &frame, in);
    }
    if (frame.length > HTTP2_FRAME_BYTES)
        return give_up(pf, ANOMALY_HTTP2_FRAME_TOO_LONG);
    struct bytes payload = cursor_take(&c, frame.length);
    if (!cursor_ok(&c)) {
        pf->need[side] = FRAME_HEADER_BYTES + frame.length;
        return false;
    }
    *in = c;
    return frame_act(pf, side, &frame, payload);
}

static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http2_flow *h2 = http2_flow(pf);
    struct http2_side *s = &h2->side[side];
    if (side == FLOW_CLIENT && !s->preface) {
        if (cursor_left(in) < PREFACE_BYTES)
            return false;
        s->preface = true;
        if (!bytes_equal(cursor_take(in, PREFACE_BYTES), preface))
            return give_up(pf, ANOMALY_HTTP2_MALFORMED);
        return true;
    }
    return s->data_stream ? data_bytes(pf, side, in) : frame_step(pf, side, in);
}

static bool begin(struct proto_flow *pf)
{
    struct http2_flow *h2 = http2_flow(pf);
    h2->begun = true;
    for (int side = 0; side < 2; side++) {
        h2->side[side].hpack = hpack_create(&pf->arena);
        if (!h2->side[side].hpack)
            return give_up(pf, ANOMALY_HTTP_OUT_OF_BUDGET);
    }
    if (pf->note.len > 0)
        http2_upgraded(pf, pf->note);
    return true;
}

static enum proto_verdict http2_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http2_flow *h2 = http2_flow(pf);
    if (!h2->begun && !begin(pf))
        return PROTO_DONE;
    while (cursor_left(in) > 0 && !h2->closed && step(pf, side, in))
        ;
    return h2->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict http2_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct http2_side *s = &http2_flow(pf)->side[side];
    struct http2_stream *stream = http2_stream_find(pf, s->data_stream);
    if (s->data_stream == 0 || lost > s->left + s->padding)
        return PROTO_DONE;
    size_t of_data = s->left < lost ? (size_t)s->left : lost;
    if (stream && !stream->ended[side] && of_data > 0)
        http_body_gap(&stream->tx, side, of_data);
    s->left -= of_data;
    s->padding -= (uint32_t)(lost - of_data);
    data_end(pf, side);
    return PROTO_MORE;
}

static void http2_finish(struct proto_flow *pf)
{
    struct http2_flow *h2 = http2_flow(pf);
    while (h2->stream_count > 0)
        http2_stream_finish(pf, h2->streams[0]);
    http2_resets(pf);
    hpack_destroy(h2->side[FLOW_CLIENT].hpack);
    hpack_destroy(h2->side[FLOW_SERVER].hpack);
}

const struct proto proto_http2 = {
    .name = "http2",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct http2_flow),
    .budget_bytes = 4096,
    .buffer_bytes = HTTP2_FRAME_BYTES + 4096,
    .probe = http2_probe,
    .parse = http2_parse,
    .gap = http2_gap,
    .finish = http2_finish,
    .draft = http2_draft,
};
