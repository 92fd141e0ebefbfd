// SPDX-License-Identifier: Apache-2.0
// Bodies on the wire: of known length, in chunks (RFC 9112 section 7.1), until close.
#include "proto/http.h"

// A response whose request was not seen may answer HEAD: then another one follows at once.
enum peek { PEEK_BODY, PEEK_RESPONSE, PEEK_MORE };

static enum peek body_peek(const struct http_tx *tx, struct bytes rest, bool ended)
{
    static const struct bytes version = {(const uint8_t *)"HTTP/1.", 7};
    if (tx->message[FLOW_CLIENT].begun || tx->message[FLOW_SERVER].body_bytes > 0)
        return PEEK_BODY;
    if (bytes_start_with(rest, version))
        return PEEK_RESPONSE;
    return bytes_start_with(version, rest) && !ended ? PEEK_MORE : PEEK_BODY;
}

bool http_body_bytes(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_side *s = &http_flow(pf)->side[side];
    struct http_tx *tx = s->tx;
    enum peek peek =
        side == FLOW_SERVER ? body_peek(tx, cursor_rest(in), pf->ended[side]) : PEEK_BODY;
    if (peek == PEEK_RESPONSE)
        http_message_end(pf, side);
    if (peek != PEEK_BODY)
        return peek == PEEK_RESPONSE;
    size_t left = cursor_left(in);
    struct bytes data = cursor_take(in, s->left < left ? (size_t)s->left : left);
    http_body_data(tx, side, data);
    enum http_framing framing = tx->message[side].framing;
    if (framing == HTTP_UNTIL_CLOSE)
        return false;
    s->left -= data.len;
    if (s->left > 0)
        return false;
    if (framing == HTTP_CHUNKED)
        s->phase = HTTP_CHUNK_END;
    else
        http_message_end(pf, side);
    return true;
}

static bool chunk_invalid(struct proto_flow *pf, enum flow_side side)
{
    http_anomaly(
        pf, side, ANOMALY_HTTP_INVALID_REQUEST_CHUNK_LEN, ANOMALY_HTTP_INVALID_RESPONSE_CHUNK_LEN);
    return http_let_go(pf);
}

static bool is_hex(uint8_t c)
{
    uint8_t low = c | 0x20;
    return (c >= '0' && c <= '9') || (low >= 'a' && low <= 'f');
}

// Size of "1a3f;name=value" (RFC 9112 section 7.1). Behind the digits clients tolerate all sorts of
// things, before them blanks; so do we, with an anomaly.
static bool read_chunk_size(
    struct proto_flow *pf, enum flow_side side, struct bytes line, uint64_t *size)
{
    size_t semicolon = bytes_find_byte(line, ';');
    if (semicolon != BYTES_NOT_FOUND)
        http_anomaly(
            pf, side, ANOMALY_HTTP_REQUEST_CHUNK_EXTENSION, ANOMALY_HTTP_RESPONSE_CHUNK_EXTENSION);
    struct bytes text = bytes_trim(bytes_sub(line, 0, semicolon));
    if (bytes_hex_to_u64(text, size))
        return *size < INT64_MAX;
    http_anomaly(
        pf, side, ANOMALY_HTTP_INVALID_REQUEST_CHUNK_LEN, ANOMALY_HTTP_INVALID_RESPONSE_CHUNK_LEN);
    if (bytes_at(text, 0) == '\r')
        text = bytes_from(text, 1);
    size_t digits = 0;
    while (digits < text.len && is_hex(text.data[digits]))
        digits++;
    return bytes_hex_to_u64(bytes_sub(text, 0, digits), size) && *size < INT64_MAX;
}

// What was announced as chunked is not: servers do that, and clients read the body as it stands.
static bool chunked_not(struct proto_flow *pf)
{
    struct http_side *s = &http_flow(pf)->side[FLOW_SERVER];
    struct http_message *m = &s->tx->message[FLOW_SERVER];
    proto_anomaly(pf, ANOMALY_HTTP_INVALID_RESPONSE_CHUNK_LEN);
    bool length = m->length > 0;
    m->framing = length ? HTTP_LENGTH : HTTP_UNTIL_CLOSE;
    s->left = length ? m->length : UINT64_MAX;
    s->phase = HTTP_BODY;
    s->scanned = 0;
    return true;
}

bool http_chunk_size(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_side *s = &http_flow(pf)->side[side];
    const struct http_message *m = &s->tx->message[side];
    uint8_t first = cursor_rest(in).data[0];
    bool plain = !is_hex(first) && !strchr("\r\n \t;", first);
    if (plain && side == FLOW_SERVER && m->body_bytes == 0)
        return chunked_not(pf);
    struct bytes line;
    if (!http_line_take(pf, side, in, &line))
        return false;
    if (bytes_trim(line).len == 0) { // not allowed here, but skipped by clients
        http_anomaly(pf, side, ANOMALY_HTTP_INVALID_REQUEST_CHUNK_LEN,
            ANOMALY_HTTP_INVALID_RESPONSE_CHUNK_LEN);
        return true;
    }
    uint64_t size;
    if (!read_chunk_size(pf, side, line, &size))
        return http_let_go(pf);
    s->left = size;
    s->phase = size > 0 ? HTTP_BODY : HTTP_TRAILER;
    return true;
}

bool http_chunk_end(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    if (!http_line_take(pf, side, in, &line))
        return false;
    if (line.len > 0)
        return chunk_invalid(pf, side);
    http_flow(pf)->side[side].phase = HTTP_CHUNK_SIZE;
    return true;
}

bool http_trailer_line(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    if (!http_line_take(pf, side, in, &line))
        return false;
    if (line.len == 0)
        http_message_end(pf, side);
    return true;
}
