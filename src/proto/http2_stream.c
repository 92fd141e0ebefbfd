// SPDX-License-Identifier: Apache-2.0
// Streams of HTTP/2 (RFC 9113 sections 5, 8): their header fields, bodies and records. A stream is
// an HTTP transaction like HTTP/1.x's, so bodies, files and most of the record are shared.
// Credentials and cookies are not kept: of Authorization the scheme is.
#include "proto/http2.h"
#include "proto/http_inside.h"

struct http2_stream *http2_stream_find(struct proto_flow *pf, uint32_t id)
{
    struct http2_flow *h2 = http2_flow(pf);
    for (size_t i = h2->stream_count; i-- > 0;)
        if (h2->streams[i]->id == id)
            return h2->streams[i];
    return NULL;
}

struct http2_stream *http2_stream_open(struct proto_flow *pf, uint32_t id)
{
    struct http2_flow *h2 = http2_flow(pf);
    struct arena arena;
    if (h2->stream_count == HTTP2_STREAMS) {
        proto_anomaly(pf, ANOMALY_HTTP2_TOO_MANY_STREAMS);
        http2_stream_finish(pf, h2->streams[0]);
    }
    struct http2_stream *stream = arena_hold(&arena, pf->arena.pool, HTTP_TX_BYTES, sizeof *stream);
    if (!stream) {
        proto_anomaly(pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        h2->closed = true;
        return NULL;
    }
    stream->id = id;
    stream->tx =
        (struct http_tx){.arena = arena, .pf = pf, .id = pf->tx_count++, .time_us = pf->time_us};
    h2->streams[h2->stream_count++] = stream;
    return stream;
}

// --- header fields -----------------------------------------------------------------------------

static struct record_http2_header *header_add(struct http2_stream *stream, enum flow_side side)
{
    size_t count = stream->header_count[side], room = stream->header_room[side];
    if (count == HTTP2_HEADERS_MOST) {
        http_anomaly(stream->tx.pf, side, ANOMALY_HTTP_REQUEST_TOO_MANY_HEADERS,
            ANOMALY_HTTP_RESPONSE_TOO_MANY_HEADERS);
        return NULL;
    }
    if (count == room) {
        size_t more = room ? room * 2 : 16;
        struct record_http2_header *grown = arena_grow(
            &stream->tx.arena, stream->header[side], room * sizeof *grown, more * sizeof *grown);
        if (!grown) {
            proto_anomaly(stream->tx.pf, ANOMALY_HTTP_OUT_OF_BUDGET);
            return NULL;
        }
        stream->header[side] = grown;
        stream->header_room[side] = more;
    }
    stream->header_count[side]++;
    stream->header[side][count] = (struct record_http2_header){0};
    return &stream->header[side][count];
}

void http2_stream_table_size(struct http2_stream *stream, enum flow_side side, uint32_t size)
{
    struct record_http2_header *header = header_add(stream, side);
    if (!header)
        return;
    header->table_size_update = size;
    header->has_table_size_update = true;
    http2_show_number(stream->tx.pf, stream, side, SHOWN_HTTP2_SIZE_UPDATE, size);
}

static bool is_secret(struct bytes name)
{
    return bytes_equal_nocase(name, BYTES("cookie")) ||
           bytes_equal_nocase(name, BYTES("set-cookie"));
}

static bool is_credentials(struct bytes name)
{
    return bytes_equal_nocase(name, BYTES("authorization")) ||
           bytes_equal_nocase(name, BYTES("proxy-authorization"));
}

static struct bytes keep(struct http2_stream *stream, struct bytes value)
{
    if (value.len == 0)
        return BYTES("");
    struct bytes copy = arena_copy(&stream->tx.arena, value);
    if (!copy.data)
        proto_anomaly(stream->tx.pf, ANOMALY_HTTP_OUT_OF_BUDGET);
    return copy;
}

// Pseudo-header fields (section 8.3). The first of each counts.
static void pseudo_header(struct http2_stream *stream, struct bytes name, struct bytes value)
{
    struct http_tx *tx = &stream->tx;
    uint64_t status;
    if (bytes_equal(name, BYTES(":method")) && !tx->method.data)
        tx->method = value;
    else if (bytes_equal(name, BYTES(":path")) && !tx->target.data)
        tx->target = value;
    else if (bytes_equal(name, BYTES(":authority"))) {
        if (bytes_find_byte(value, '@') != BYTES_NOT_FOUND)
            proto_anomaly(tx->pf, ANOMALY_HTTP2_USERINFO_IN_URI);
        http_field_keep(tx, FLOW_CLIENT, BYTES("host"), value);
    } else if (bytes_equal(name, BYTES(":status")) && bytes_to_u64(value, &status) && status < 1000)
        tx->status = (uint16_t)status;
}

static void known_header(
    struct http2_stream *stream, enum flow_side side, struct bytes name, struct bytes value)
{
    struct http_tx *tx = &stream->tx;
    if (bytes_equal(name, BYTES("host")) && tx->message[side].repeats[HTTP_HOST] > 0) {
        if (!bytes_equal_nocase(tx->message[side].field[HTTP_HOST], value))
            proto_anomaly(tx->pf, ANOMALY_HTTP_HOST_HEADER_AMBIGUOUS);
        return;
    }
    if (bytes_equal(name, BYTES("grpc-status")))
        stream->grpc_status = value;
    else if (bytes_equal(name, BYTES("grpc-message")))
        stream->grpc_message = value;
    http_field_keep(tx, side, name, value);
}

void http2_stream_header(
    struct http2_stream *stream, enum flow_side side, struct bytes name, struct bytes value)
{
    struct http_message *m = &stream->tx.message[side];
    struct record_http2_header *header = header_add(stream, side);
    struct bytes kept = keep(stream, value), shown = kept;
    name = keep(stream, name);
    if (m->field_count < UINT16_MAX)
        m->field_count++;
    if (is_secret(name))
        shown = (struct bytes){NULL, 0};
    else if (is_credentials(name))
        shown = bytes_sub(kept, 0, bytes_find_byte(kept, ' '));
    if (header) {
        header->name = name;
        header->value = shown;
    }
    http2_show_field(&stream->tx, side, name, kept);
    if (side == FLOW_CLIENT)
        http_aside_field(&stream->tx, name, kept);
    if (bytes_at(name, 0) == ':')
        pseudo_header(stream, name, kept);
    else
        known_header(stream, side, name, kept);
}

// The end of a header block; behind a body it was a trailer. 1xx are not the answer yet.
void http2_stream_head_end(struct http2_stream *stream, enum flow_side side)
{
    struct http_tx *tx = &stream->tx;
    struct http_message *m = &tx->message[side];
    if (m->begun)
        return;
    if (side == FLOW_SERVER && tx->status / 100 == 1)
        return;
    m->begun = true;
    m->version = 11; // no field of its own says how long a body is
    if (side == FLOW_CLIENT)
        http_host(tx);
    http2_show_line(tx, side);
    http_show_head_end(tx, side);
    http_doh_head(tx, side);
    tx->has_latency = side == FLOW_SERVER && tx->message[FLOW_CLIENT].complete;
    if (tx->has_latency)
        tx->latency_us = (uint64_t)(tx->pf->time_us - tx->request_end_us);
    http_body_begin(tx, side);
}

// --- the stream's end --------------------------------------------------------------------------

void http2_stream_end(struct proto_flow *pf, struct http2_stream *stream, enum flow_side side)
{
    struct http_tx *tx = &stream->tx;
    if (stream->ended[side])
        return;
    stream->ended[side] = true;
    http_body_end(tx, side, true);
    proto_show_done(pf, side, tx->id);
    tx->message[side].complete = true;
    if (side == FLOW_CLIENT)
        tx->request_end_us = pf->time_us;
    if (stream->ended[0] && stream->ended[1])
        http2_stream_finish(pf, stream);
}

static struct bytes error_text(uint32_t code)
{
    static const char *const names[] = {"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
        "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
    return code < sizeof names / sizeof *names ? bytes_from_text(names[code]) : BYTES("UNKNOWN");
}

static void request_over(struct proto_flow *pf, struct http2_stream *stream)
{
    if (!stream->ended[FLOW_CLIENT])
        http_body_end(&stream->tx, FLOW_CLIENT, false);
    stream->ended[FLOW_CLIENT] = true;
    proto_show_done(pf, FLOW_CLIENT, stream->tx.id);
}

// Requests cancelled at once, over and over, keep a server busy for nothing (CVE-2023-44487).
void http2_stream_reset(
    struct proto_flow *pf, struct http2_stream *stream, enum flow_side side, uint32_t code)
{
    struct http2_flow *h2 = http2_flow(pf);
    stream->error[side] = error_text(code);
    stream->reset = side == FLOW_CLIENT && !stream->tx.message[FLOW_SERVER].begun;
    h2->resets += stream->reset;
    stream->counted_only = stream->reset && h2->resets > HTTP2_RESETS;
    if (h2->resets > HTTP2_RESETS)
        proto_anomaly(pf, ANOMALY_HTTP2_RAPID_RESET);
    if (stream->reset && h2->resets <= HTTP2_AWAITED) // the answer may be on its way
        request_over(pf, stream);
    else
        http2_stream_finish(pf, stream);
}

// "/package.Service/Method" (gRPC over HTTP/2).
static void fill_grpc(const struct http2_stream *stream, struct record_http *r)
{
    const struct http_tx *tx = &stream->tx;
    struct bytes type = tx->message[FLOW_CLIENT].field[HTTP_CONTENT_TYPE];
    if (!bytes_start_with_nocase(type, BYTES("application/grpc")))
        return;
    struct bytes path = bytes_from(tx->target, 1);
    size_t slash = bytes_find_byte(path, '/');
    r->grpc.service = bytes_sub(path, 0, slash);
    if (slash != BYTES_NOT_FOUND)
        r->grpc.method = bytes_from(path, slash + 1);
    r->grpc.has_status = bytes_to_u64(stream->grpc_status, &r->grpc.status);
    r->grpc.message = stream->grpc_message;
}

static void stream_fill(struct http2_stream *stream, struct record_http *r)
{
    http_fill(&stream->tx, r);
    r->protocol = BYTES("HTTP/2");
    r->version = BYTES("2");
    r->request_headers = stream->header[FLOW_CLIENT];
    r->request_headers_count = stream->header_count[FLOW_CLIENT];
    r->response_headers = stream->header[FLOW_SERVER];
    r->response_headers_count = stream->header_count[FLOW_SERVER];
    r->has_http2 = true;
    r->http2.stream_id = stream->id;
    r->http2.pushed = stream->pushed;
    r->http2.request.has_priority = stream->has_priority;
    r->http2.request.priority = stream->priority;
    r->http2.request.error_code = stream->error[FLOW_CLIENT];
    r->http2.response.error_code = stream->error[FLOW_SERVER];
    fill_grpc(stream, r);
}

const void *http2_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    struct http2_flow *h2 = http2_flow(pf);
    *type = RECORD_HTTP;
    for (size_t i = 0; i < h2->stream_count; i++) {
        struct http2_stream *stream = h2->streams[i];
        if (stream->tx.id != tx_id)
            continue;
        struct record_http *r = arena_zalloc(&stream->tx.arena, sizeof *r);
        if (r)
            stream_fill(stream, r);
        return r;
    }
    return NULL;
}

static void stream_emit(struct proto_flow *pf, struct http2_stream *stream)
{
    struct record_http r = {0};
    stream_fill(stream, &r);
    pf->aside = stream->tx.aside;
    proto_emit_at(pf, RECORD_HTTP, &r, stream->tx.id, stream->tx.time_us);
    pf->aside = (struct bytes){NULL, 0};
}

void http2_stream_finish(struct proto_flow *pf, struct http2_stream *stream)
{
    struct http2_flow *h2 = http2_flow(pf);
    size_t at = 0;
    while (h2->streams[at] != stream)
        at++;
    h2->stream_count--;
    memmove(
        &h2->streams[at], &h2->streams[at + 1], (h2->stream_count - at) * sizeof h2->streams[0]);
    http_body_end(&stream->tx, FLOW_CLIENT, false);
    http_body_end(&stream->tx, FLOW_SERVER, false);
    bool told = stream->header_count[0] > 0 || stream->header_count[1] > 0;
    if (told && !stream->counted_only)
        stream_emit(pf, stream);
    arena_release(&stream->tx.arena); // it holds the stream
}

// --- stream 0 and the upgrade ------------------------------------------------------------------

static void global_emit(struct proto_flow *pf, struct record_http *r)
{
    struct http2_flow *h2 = http2_flow(pf);
    if (h2->globals == HTTP2_GLOBALS) {
        proto_anomaly(pf, ANOMALY_HTTP2_TOO_MANY_SETTINGS);
        return;
    }
    h2->globals++;
    r->version = BYTES("2");
    r->has_http2 = true;
    proto_emit(pf, RECORD_HTTP, r, pf->tx_count++);
}

static struct bytes setting_name(uint16_t id)
{
    static const char *const names[] = {"SETTINGSUNKNOWN", "SETTINGSHEADERTABLESIZE",
        "SETTINGSENABLEPUSH", "SETTINGSMAXCONCURRENTSTREAMS", "SETTINGSINITIALWINDOWSIZE",
        "SETTINGSMAXFRAMESIZE", "SETTINGSMAXHEADERLISTSIZE", "SETTINGSUNKNOWN",
        "SETTINGSENABLECONNECTPROTOCOL", "SETTINGSNORFC7540PRIORITIES"};
    return bytes_from_text(names[id < sizeof names / sizeof *names ? id : 0]);
}

// Section 6.5: pairs of identifier and value. What a side says of its table binds the other.
void http2_settings(struct proto_flow *pf, enum flow_side side, struct bytes payload)
{
    struct http2_flow *h2 = http2_flow(pf);
    struct record_http2_setting list[HTTP2_SETTINGS_MOST];
    struct cursor in = cursor_make(payload);
    size_t count = 0;
    while (cursor_left(&in) >= 6) {
        uint16_t id = cursor_u16(&in);
        uint32_t value = cursor_u32(&in);
        if (id == 1)
            hpack_table_size(h2->side[flow_other(side)].hpack, value);
        if (id == 1 && value > HTTP2_TABLE_BYTES)
            proto_anomaly(pf, ANOMALY_HTTP2_TABLE_TOO_LARGE);
        if (count < HTTP2_SETTINGS_MOST)
            list[count++] = (struct record_http2_setting){setting_name(id), value};
        else
            proto_anomaly(pf, ANOMALY_HTTP2_TOO_MANY_SETTINGS);
    }
    if (cursor_left(&in) > 0)
        proto_anomaly(pf, ANOMALY_HTTP2_MALFORMED);
    struct record_http r = {0};
    struct record_http2_side *half = side == FLOW_CLIENT ? &r.http2.request : &r.http2.response;
    half->settings = list;
    half->settings_count = count;
    if (count > 0)
        global_emit(pf, &r);
}

void http2_goaway(struct proto_flow *pf, enum flow_side side, uint32_t code)
{
    struct record_http r = {0};
    struct record_http2_side *half = side == FLOW_CLIENT ? &r.http2.request : &r.http2.response;
    half->error_code = error_text(code);
    global_emit(pf, &r);
}

void http2_resets(struct proto_flow *pf)
{
    struct record_http r = {.version = BYTES("2"), .has_http2 = true};
    r.http2.resets = http2_flow(pf)->resets;
    r.http2.has_resets = true;
    if (r.http2.resets > HTTP2_RESETS)
        proto_emit(pf, RECORD_HTTP, &r, UINT64_MAX);
}

// `note`: method, target, host and user agent of the HTTP/1.1 request that became stream 1, a line
// each, and the settings it carried.
void http2_upgraded(struct proto_flow *pf, struct bytes note)
{
    static const char *const names[] = {":method", ":path", ":authority", "user-agent"};
    struct cursor in = cursor_make(note);
    struct bytes line;
    struct http2_stream *stream = http2_stream_open(pf, 1);
    for (size_t i = 0; stream && i < sizeof names / sizeof *names && cursor_line(&in, &line); i++)
        if (line.len > 0)
            http2_stream_header(stream, FLOW_CLIENT, bytes_from_text(names[i]), line);
    if (!stream)
        return;
    http2_stream_head_end(stream, FLOW_CLIENT);
    http2_stream_end(pf, stream, FLOW_CLIENT);
    http2_flow(pf)->side[FLOW_CLIENT].last_id = 1;
    http2_settings(pf, FLOW_CLIENT, cursor_rest(&in));
}
