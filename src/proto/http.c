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
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

size_t http_method_length(struct bytes data)
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
    size_t n = http_method_length(data);
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
        return known && data.len >= 2048 ? PROBE_CLIENT
               : proto_is_text(line)     ? PROBE_MORE
                                         : PROBE_NO;
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

struct http_tx *http_tx_create(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    struct arena arena;
    struct http_tx *tx = arena_hold(&arena, pf->arena.pool, HTTP_TX_BYTES, sizeof *tx);
    if (!tx) {
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
void http_tx_finish_first(struct http_flow *http)
{
    struct http_tx *tx = http->first;
    for (int side = 0; side < 2; side++)
        if (http->side[side].tx == tx)
            http->side[side].tx = NULL;
    http->first = tx->next;
    if (!http->first)
        http->last = NULL;
    http->waiting--;
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++) {
        http_head_flush(tx, side);
        http_body_end(tx, side, false);
    }
    http_emit(tx);
    http_auth_feed(tx);
    arena_release(&tx->arena); // it holds tx
}

static void tx_finish_complete(struct http_flow *http)
{
    while (http->first && http->first->message[FLOW_SERVER].complete &&
           (http->first->message[FLOW_CLIENT].complete || !http->first->message[FLOW_CLIENT].begun))
        http_tx_finish_first(http);
}

static void line_too_long(struct proto_flow *pf, enum flow_side side)
{
    http_anomaly(
        pf, side, ANOMALY_HTTP_REQUEST_FIELD_TOO_LONG, ANOMALY_HTTP_RESPONSE_FIELD_TOO_LONG);
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
bool http_line_take(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct bytes *line)
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
    s->bare_lf = len == 0 || rest.data[len - 1] != '\r';
    return cursor_line(in, line);
}

void http_message_end(struct proto_flow *pf, enum flow_side side)
{
    struct http_flow *http = http_flow(pf);
    struct http_side *s = &http->side[side];
    struct http_tx *tx = s->tx;
    http_body_end(tx, side, true);
    proto_show_done(pf, side, tx->id);
    tx->message[side].complete = true;
    const struct http_side *client = &http->side[FLOW_CLIENT];
    if (side == FLOW_SERVER && client->tx == tx &&
        tx->message[FLOW_CLIENT].framing == HTTP_UNTIL_CLOSE)
        http_message_end(pf, FLOW_CLIENT);
    if (side == FLOW_CLIENT)
        tx->request_end_us = pf->time_us;
    s->tx = NULL;
    s->phase = side == FLOW_CLIENT && bytes_equal(tx->method, BYTES("CONNECT")) &&
                       !tx->message[FLOW_SERVER].complete
                   ? HTTP_WAIT
                   : HTTP_START;
    tx_finish_complete(http);
}

bool http_let_go(struct proto_flow *pf)
{
    http_flow(pf)->closed = true;
    return false;
}

// One step of one side. False: nothing more can be done with the bytes that are there.
static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    switch (http_flow(pf)->side[side].phase) {
    case HTTP_START:
        return side == FLOW_CLIENT ? http_request_start(pf, in) : http_response_start(pf, in);
    case HTTP_HEAD:
        return side == FLOW_CLIENT ? http_request_head_line(pf, in)
                                   : http_response_head_line(pf, in);
    case HTTP_BODY: return http_body_bytes(pf, side, in);
    case HTTP_CHUNK_SIZE: return http_chunk_size(pf, side, in);
    case HTTP_CHUNK_END: return http_chunk_end(pf, side, in);
    case HTTP_TRAILER: return http_trailer_line(pf, side, in);
    case HTTP_WAIT: return false;
    }
    return false;
}

// The same, told as a frame from the first line to where the message ends.
static bool framed_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    const struct http_side *s = &http_flow(pf)->side[side];
    enum rule_frame frame = side == FLOW_CLIENT ? FRAME_HTTP1_REQUEST : FRAME_HTTP1_RESPONSE;
    struct bytes from = cursor_rest(in);
    bool began = s->phase == HTTP_START, more = step(pf, side, in);
    bool inside = s->phase != HTTP_START && s->phase != HTTP_WAIT;
    if (began && inside)
        proto_frame(pf, frame, side, from, PROTO_FRAME_OPEN, s->tx->id);
    else if (!began && !inside)
        proto_frame_ends(pf, frame, side, cursor_rest(in));
    return more;
}

// A body that lasts until close is whole now; a trailer may lack its empty line.
static void side_end(struct proto_flow *pf, enum flow_side side)
{
    struct http_side *s = &http_flow(pf)->side[side];
    bool until_close = s->phase == HTTP_BODY && s->left == UINT64_MAX;
    if (s->tx && (until_close || s->phase == HTTP_TRAILER))
        http_message_end(pf, side);
}

static enum proto_verdict http_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    while (cursor_left(in) > 0 && !http->closed && framed_step(pf, side, in))
        ;
    if (pf->ended[side] && !http->closed && !http->tunnel)
        side_end(pf, side);
    if (http->tunnel) {
        if (http->dest.len > 0)
            proto_tunnel(pf, http->dest);
        proto_switch(pf, http->next);
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
        http_message_end(pf, side);
    return PROTO_MORE;
}

static void http_finish(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    while (http->first)
        http_tx_finish_first(http);
    ntlm_result(&http->ntlm, pf, NTLM_UNKNOWN);
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
    .draft = http_draft,
};
