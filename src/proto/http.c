// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x: RFC 9110, 9112; HTTP/0.9 and SHOUTcast as they are met. One http record a transaction,
// a fileinfo record a body. Requests wait in a bounded queue for their responses, which come in the
// same order (section 9.3.2 of RFC 9112). Heads are read line by line as lines complete, bodies
// stream through unbuffered, so that records do not depend on segmentation and work is linear.
// Behind CONNECT and 101 the flow goes to whoever knows it. After a gap outside a body: let go.
#include "proto/http.h"
#include "base/arena.h"

static const char *const methods[] = {"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ",
    "CONNECT ", "TRACE ", "PATCH ", "PROPFIND ", "PROPPATCH ", "MKCOL ", "COPY ", "MOVE ", "LOCK ",
    "UNLOCK ", "SEARCH ", "REPORT ", "MKACTIVITY ", "CHECKOUT ", "MERGE ", "BITS_POST ",
    "CCM_POST ", "RPC_IN_DATA ", "RPC_OUT_DATA ", "SUBSCRIBE ", "UNSUBSCRIBE ", "NOTIFY ",
    "SOURCE ", "QUERY ", "PURGE "};

// Characters of a method that a request can be told by: RFC 9110 tokens without the odd ones.
static bool is_method_character(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
}

static size_t method_length(struct bytes data)
{
    size_t n = 0;
    while (n < data.len && n < 33 && is_method_character(data.data[n]))
        n++;
    return n;
}

static bool known_method(struct bytes data)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (bytes_start_with_nocase(data, bytes_from_text(methods[i])))
            return true;
    return false;
}

static enum proto_probe probe_request(struct bytes data)
{
    size_t n = method_length(data);
    if (n == data.len && n < 33)
        return PROBE_MORE;
    if (n == 0 || n >= 33 || data.data[n] != ' ')
        return PROBE_NO;
    size_t lf = bytes_find_byte(data, '\n');
    struct bytes line = bytes_sub(data, 0, lf);
    if (bytes_find(line, BYTES(" HTTP/1.")) != BYTES_NOT_FOUND ||
        bytes_find(line, BYTES(" HTTP/0.9")) != BYTES_NOT_FOUND)
        return PROBE_CLIENT;
    bool known = known_method(data);
    if (lf == BYTES_NOT_FOUND)
        return known && data.len >= 2048 ? PROBE_CLIENT : proto_is_text(line) ? PROBE_MORE : PROBE_NO;
    uint8_t target = bytes_at(data, n + 1); // no version: HTTP/0.9, or a careless client
    return known && (target == '/' || target == '*') ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe http_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    while (data.len > 0 && (data.data[0] == '\r' || data.data[0] == '\n'))
        data = bytes_from(data, 1);
    if (data.len == 0)
        return PROBE_MORE;
    if (bytes_start_with(data, BYTES("HTTP/1.")) || bytes_start_with(data, BYTES("ICY 200")))
        return PROBE_SERVER;
    return probe_request(data);
}

static struct http_tx *tx_create(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    struct arena arena;
    arena_init(&arena, pf->arena.pool, HTTP_TX_BYTES);
    struct http_tx *tx = arena_zalloc(&arena, sizeof *tx);
    if (!tx) {
        arena_reset(&arena);
        proto_anomaly(pf, ANOMALY_HTTP_OUT_OF_BUDGET);
        http->closed = true;
        return NULL;
    }
    tx->arena = arena;
    tx->pf = pf;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    if (http->last)
        http->last->next = tx;
    else
        http->first = tx;
    http->last = tx;
    http->waiting++;
    return tx;
}

// Emit the oldest transaction and give its memory back.
static void tx_finish_first(struct http_flow *http)
{
    struct http_tx *tx = http->first;
    for (int side = 0; side < 2; side++)
        if (http->side[side].tx == tx)
            http->side[side].tx = NULL;
    http->first = tx->next;
    if (!http->first)
        http->last = NULL;
    http->waiting--;
    http_body_end(tx, FLOW_CLIENT, false);
    http_body_end(tx, FLOW_SERVER, false);
    http_emit(tx);
    struct arena arena = tx->arena; // it holds tx
    arena_reset(&arena);
}

static void tx_finish_complete(struct http_flow *http)
{
    while (http->first && http->first->message[FLOW_SERVER].complete &&
           (http->first->message[FLOW_CLIENT].complete || !http->first->message[FLOW_CLIENT].begun))
        tx_finish_first(http);
}

static void line_too_long(struct proto_flow *pf, enum flow_side side)
{
    http_anomaly(pf, side, ANOMALY_HTTP_REQUEST_FIELD_TOO_LONG,
        ANOMALY_HTTP_RESPONSE_FIELD_TOO_LONG);
}

// Past the rest of a line whose beginning was too long. False: its end is not there yet.
static bool line_skip(struct http_side *s, struct cursor *in)
{
    size_t lf = bytes_find_byte(cursor_rest(in), '\n');
    s->skipping = lf == BYTES_NOT_FOUND;
    cursor_skip(in, s->skipping ? cursor_left(in) : lf + 1);
    return !s->skipping;
}

// The next line; one that is too long is cut. False: none complete yet. What was looked through
// for its end is not looked through again.
static bool line_take(struct proto_flow *pf, enum flow_side side, struct cursor *in,
    struct bytes *line)
{
    struct http_side *s = &http_flow(pf)->side[side];
    if (s->skipping && !line_skip(s, in))
        return false;
    struct bytes rest = cursor_rest(in);
    size_t lf = bytes_find_byte(bytes_from(rest, s->scanned), '\n');
    size_t len = lf == BYTES_NOT_FOUND ? rest.len : s->scanned + lf;
    if (len > HTTP_LINE_BYTES) {
        line_too_long(pf, side);
        *line = bytes_sub(rest, 0, HTTP_LINE_BYTES);
        cursor_skip(in, HTTP_LINE_BYTES);
        s->scanned = 0;
        s->skipping = true;
        return true;
    }
    s->scanned = rest.len;
    if (lf == BYTES_NOT_FOUND)
        return false;
    s->scanned = 0;
    return cursor_line(in, line);
}

static void message_end(struct proto_flow *pf, enum flow_side side)
{
    struct http_flow *http = http_flow(pf);
    struct http_side *s = &http->side[side];
    struct http_tx *tx = s->tx;
    http_body_end(tx, side, true);
    tx->message[side].complete = true;
    if (side == FLOW_CLIENT)
        tx->request_end_us = pf->time_us;
    s->tx = NULL;
    s->phase = side == FLOW_CLIENT && bytes_equal(tx->method, BYTES("CONNECT")) &&
                       !tx->message[FLOW_SERVER].complete
                   ? HTTP_WAIT
                   : HTTP_START;
    tx_finish_complete(http);
}

static bool let_go(struct proto_flow *pf)
{
    http_flow(pf)->closed = true;
    return false;
}

static bool request_start(struct proto_flow *pf, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    struct bytes line;
    if (!line_take(pf, FLOW_CLIENT, in, &line))
        return false;
    struct bytes text = bytes_trim(line);
    if (text.len == 0)
        return true; // RFC 9112 section 2.2: empty lines before a request are ignored
    size_t n = method_length(text);
    bool plausible = n > 0 && n < 33 && (n == text.len || text.data[n] == ' ' || text.data[n] == '\t');
    if (!plausible) {
        proto_anomaly(pf, http->first || pf->tx_count ? ANOMALY_HTTP_REQUEST_BODY_UNEXPECTED
                                                      : ANOMALY_HTTP_REQUEST_LINE_INVALID);
        return let_go(pf);
    }
    if (http->waiting >= HTTP_PIPELINE) {
        proto_anomaly(pf, ANOMALY_HTTP_TOO_MANY_TRANSACTIONS);
        http->orphans += !http->first->message[FLOW_SERVER].complete;
        tx_finish_first(http);
    }
    struct http_tx *tx = tx_create(pf);
    if (!tx)
        return false;
    http->side[FLOW_CLIENT].tx = tx;
    http->side[FLOW_CLIENT].phase = HTTP_HEAD;
    http_request_line(tx, line);
    return true;
}

// The transaction the next response belongs to; a new one when no request waits.
static struct http_tx *response_tx(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    struct http_tx *tx = http->orphans ? NULL : http->first;
    while (tx && tx->message[FLOW_SERVER].complete)
        tx = tx->next;
    if (tx)
        return tx;
    if (http->orphans)
        http->orphans--;
    else if (pf->tx_count > 0)
        proto_anomaly(pf, ANOMALY_HTTP_UNABLE_TO_MATCH_RESPONSE_TO_REQUEST);
    return tx_create(pf);
}

static void head_end(struct proto_flow *pf, enum flow_side side);

static void latency_note(struct proto_flow *pf, struct http_tx *tx)
{
    tx->has_latency = tx->message[FLOW_CLIENT].complete && !tx->has_latency &&
                      pf->time_us >= tx->request_end_us;
    if (tx->has_latency)
        tx->latency_us = (uint64_t)(pf->time_us - tx->request_end_us);
}

// A response without status line: HTTP/0.9, or something that is not HTTP. Until close, a body.
static bool response_bare(struct proto_flow *pf, struct http_tx *tx)
{
    struct http_side *s = &http_flow(pf)->side[FLOW_SERVER];
    struct http_message *m = &tx->message[FLOW_SERVER];
    if (tx->message[FLOW_CLIENT].version != 9)
        proto_anomaly(pf, ANOMALY_HTTP_RESPONSE_INVALID_PROTOCOL);
    m->version = 9;
    m->framing = HTTP_UNTIL_CLOSE;
    s->tx = tx;
    s->phase = HTTP_BODY;
    s->left = UINT64_MAX;
    return true;
}

enum line_kind { LINE_STATUS, LINE_BARE, LINE_UNKNOWN };

static enum line_kind response_kind(struct bytes rest, bool ended)
{
    static const struct bytes http = {(const uint8_t *)"HTTP/", 5}, icy = {(const uint8_t *)"ICY ", 4};
    if (bytes_start_with_nocase(rest, http) || bytes_start_with(rest, icy))
        return LINE_STATUS;
    if (!ended && (bytes_start_with_nocase(http, rest) || bytes_start_with(icy, rest)))
        return LINE_UNKNOWN;
    return LINE_BARE;
}

static bool response_start(struct proto_flow *pf, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    struct bytes rest = cursor_rest(in), line;
    if (rest.data[0] == '\r' || rest.data[0] == '\n') {
        cursor_skip(in, 1);
        return true;
    }
    enum line_kind kind = response_kind(rest, pf->ended[FLOW_SERVER]);
    if (kind == LINE_UNKNOWN)
        return false;
    if (kind == LINE_BARE && !http->first) {
        proto_anomaly(pf, ANOMALY_HTTP_RESPONSE_BODY_UNEXPECTED);
        return let_go(pf);
    }
    if (kind == LINE_STATUS && !line_take(pf, FLOW_SERVER, in, &line))
        return false;
    struct http_tx *tx = response_tx(pf);
    if (!tx)
        return false;
    struct http_side *client = &http->side[FLOW_CLIENT];
    if (client->tx == tx && client->phase == HTTP_HEAD && tx->message[FLOW_CLIENT].version == 9)
        head_end(pf, FLOW_CLIENT); // HTTP/0.9 requests have no empty line
    latency_note(pf, tx);
    if (kind == LINE_BARE)
        return response_bare(pf, tx);
    http->side[FLOW_SERVER].tx = tx;
    http->side[FLOW_SERVER].phase = HTTP_HEAD;
    http_status_line(tx, line);
    return true;
}

static void body_start(struct proto_flow *pf, enum flow_side side)
{
    struct http_side *s = &http_flow(pf)->side[side];
    const struct http_message *m = &s->tx->message[side];
    http_body_begin(s->tx, side);
    s->phase = m->framing == HTTP_CHUNKED ? HTTP_CHUNK_SIZE : HTTP_BODY;
    s->left = m->framing == HTTP_LENGTH ? m->length : UINT64_MAX;
}

// 1xx: another status line follows for the same request (RFC 9110 section 15.2).
static void interim_end(struct proto_flow *pf, struct http_tx *tx)
{
    struct http_side *s = &http_flow(pf)->side[FLOW_SERVER];
    if (tx->status == 100) {
        if (tx->saw_continue)
            proto_anomaly(pf, ANOMALY_HTTP_100_CONTINUE_ALREADY_SEEN);
        tx->saw_continue = true;
    }
    memset(&tx->message[FLOW_SERVER], 0, sizeof tx->message[FLOW_SERVER]);
    tx->status = 0;
    s->phase = HTTP_START;
    s->tx = NULL;
}

static void response_head_end(struct proto_flow *pf, struct http_tx *tx)
{
    struct http_flow *http = http_flow(pf);
    http_frame(tx, FLOW_SERVER);
    if (tx->status / 100 == 1 && tx->status != 101) {
        interim_end(pf, tx);
        return;
    }
    bool tunnel = tx->tunnel;
    if (http->side[FLOW_CLIENT].phase == HTTP_WAIT && !tunnel)
        http->side[FLOW_CLIENT].phase = HTTP_START;
    if (tx->message[FLOW_SERVER].framing == HTTP_NO_BODY)
        message_end(pf, FLOW_SERVER);
    else
        body_start(pf, FLOW_SERVER);
    http->tunnel = tunnel;
}

static void head_end(struct proto_flow *pf, enum flow_side side)
{
    struct http_tx *tx = http_flow(pf)->side[side].tx;
    if (side == FLOW_SERVER) {
        response_head_end(pf, tx);
        return;
    }
    http_host(tx);
    http_frame(tx, side);
    if (tx->message[side].framing == HTTP_NO_BODY)
        message_end(pf, side);
    else
        body_start(pf, side);
}

static bool head_line(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    if (!line_take(pf, side, in, &line))
        return false;
    if (line.len == 0)
        head_end(pf, side);
    else
        http_field_line(http_flow(pf)->side[side].tx, side, line);
    return !http_flow(pf)->tunnel;
}

static bool body_bytes(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_side *s = &http_flow(pf)->side[side];
    struct http_tx *tx = s->tx;
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
        message_end(pf, side);
    return true;
}

static bool chunk_invalid(struct proto_flow *pf, enum flow_side side)
{
    http_anomaly(pf, side, ANOMALY_HTTP_INVALID_REQUEST_CHUNK_LEN,
        ANOMALY_HTTP_INVALID_RESPONSE_CHUNK_LEN);
    return let_go(pf);
}

// "1a3f;name=value" (RFC 9112 section 7.1); 0 is the last chunk.
static bool chunk_size(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_side *s = &http_flow(pf)->side[side];
    struct bytes line;
    if (!line_take(pf, side, in, &line))
        return false;
    size_t semicolon = bytes_find_byte(line, ';');
    if (semicolon != BYTES_NOT_FOUND)
        http_anomaly(pf, side, ANOMALY_HTTP_REQUEST_CHUNK_EXTENSION,
            ANOMALY_HTTP_RESPONSE_CHUNK_EXTENSION);
    uint64_t size;
    if (!bytes_hex_to_u64(bytes_trim(bytes_sub(line, 0, semicolon)), &size) || size >= INT64_MAX)
        return chunk_invalid(pf, side);
    s->left = size;
    s->phase = size > 0 ? HTTP_BODY : HTTP_TRAILER;
    return true;
}

static bool chunk_end(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    if (!line_take(pf, side, in, &line))
        return false;
    if (line.len > 0)
        return chunk_invalid(pf, side);
    http_flow(pf)->side[side].phase = HTTP_CHUNK_SIZE;
    return true;
}

static bool trailer_line(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    if (!line_take(pf, side, in, &line))
        return false;
    if (line.len == 0)
        message_end(pf, side);
    return true;
}

// One step of one side. False: nothing more can be done with the bytes that are there.
static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    switch (http_flow(pf)->side[side].phase) {
    case HTTP_START:
        return side == FLOW_CLIENT ? request_start(pf, in) : response_start(pf, in);
    case HTTP_HEAD: return head_line(pf, side, in);
    case HTTP_BODY: return body_bytes(pf, side, in);
    case HTTP_CHUNK_SIZE: return chunk_size(pf, side, in);
    case HTTP_CHUNK_END: return chunk_end(pf, side, in);
    case HTTP_TRAILER: return trailer_line(pf, side, in);
    case HTTP_WAIT: return false;
    }
    return false;
}

// A body that lasts until close is whole now; a trailer may lack its empty line.
static void side_end(struct proto_flow *pf, enum flow_side side)
{
    struct http_side *s = &http_flow(pf)->side[side];
    bool until_close = s->phase == HTTP_BODY && s->left == UINT64_MAX;
    if (s->tx && (until_close || s->phase == HTTP_TRAILER))
        message_end(pf, side);
}

static enum proto_verdict http_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    while (cursor_left(in) > 0 && !http->closed && step(pf, side, in))
        ;
    if (pf->ended[side] && !http->closed && !http->tunnel)
        side_end(pf, side);
    if (http->tunnel) {
        proto_switch(pf, &proto_any);
        return PROTO_DONE;
    }
    return http->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict http_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct http_side *s = &http_flow(pf)->side[side];
    if (s->phase != HTTP_BODY || lost > s->left)
        return PROTO_DONE;
    http_body_gap(s->tx, side, lost);
    if (s->left == UINT64_MAX)
        return PROTO_MORE;
    s->left -= lost;
    if (s->left > 0)
        return PROTO_MORE;
    if (s->tx->message[side].framing == HTTP_CHUNKED)
        s->phase = HTTP_CHUNK_END;
    else
        message_end(pf, side);
    return PROTO_MORE;
}

static void http_finish(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    while (http->first)
        tx_finish_first(http);
}

const struct proto proto_http = {
    .name = "http",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct http_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 2 * HTTP_LINE_BYTES,
    .probe = http_probe,
    .parse = http_parse,
    .gap = http_gap,
    .finish = http_finish,
};
