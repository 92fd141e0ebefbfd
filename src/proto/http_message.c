// SPDX-License-Identifier: Apache-2.0
// Where messages begin: which line is a request or status line, which transaction a response is
// for, how a head ends. Browsers are lenient with responses, and an attacker who knows that hides
// from whoever is not: what they accept is accepted here, with an anomaly.
#include "proto/http.h"
#include "proto/http_inside.h"

static void body_start(struct proto_flow *pf, enum flow_side side);

// Bytes behind a request that are none: a body that was not announced, until the answer.
static bool request_unannounced(struct proto_flow *pf)
{
    struct http_flow *http = http_flow(pf);
    struct http_tx *tx = http->last;
    proto_anomaly(pf, tx || pf->tx_count ? ANOMALY_HTTP_REQUEST_BODY_UNEXPECTED
                                         : ANOMALY_HTTP_REQUEST_LINE_INVALID);
    const struct http_message *request = tx ? &tx->message[FLOW_CLIENT] : NULL;
    if (!tx || tx->message[FLOW_SERVER].begun || request->framing != HTTP_NO_BODY ||
        request->field[HTTP_UPGRADE].len) // it asked for another protocol
        return http_let_go(pf);
    tx->message[FLOW_CLIENT].complete = false;
    tx->message[FLOW_CLIENT].framing = HTTP_UNTIL_CLOSE;
    http->side[FLOW_CLIENT].tx = tx;
    body_start(pf, FLOW_CLIENT);
    return true;
}

// Can this be the beginning of a request line?
static bool is_request(struct bytes text)
{
    size_t n = http_method_length(text);
    return n == text.len || (n > 0 && n < 33 && (text.data[n] == ' ' || text.data[n] == '\t'));
}

static bool is_blank_byte(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool http_request_start(struct proto_flow *pf, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    struct cursor mark = *in;
    struct bytes line;
    if (!http->side[FLOW_CLIENT].skipping && !is_blank_byte(cursor_rest(in).data[0]) &&
        !is_request(cursor_rest(in)))
        return request_unannounced(pf);
    if (!http_line_take(pf, FLOW_CLIENT, in, &line))
        return false;
    struct bytes text = bytes_trim(line);
    if (bytes_equal(text, BYTES("PRI * HTTP/2.0"))) { // upgraded, and the answer was not captured
        *in = mark;
        http->next = &proto_http2;
        http->tunnel = true;
        return false;
    }
    if (text.len == 0)
        return true; // RFC 9112 section 2.2: empty lines before a request are ignored
    if (!is_request(text)) {
        *in = mark;
        return request_unannounced(pf);
    }
    if (http->waiting >= HTTP_PIPELINE) {
        proto_anomaly(pf, ANOMALY_HTTP_TOO_MANY_TRANSACTIONS);
        http->orphans += !http->first->message[FLOW_SERVER].complete;
        http_tx_finish_first(http);
    }
    struct http_tx *tx = http_tx_create(pf);
    if (!tx)
        return false;
    http->side[FLOW_CLIENT].tx = tx;
    http->side[FLOW_CLIENT].phase = HTTP_HEAD;
    http_request_line(tx, line);
    http_show_request(tx, line);
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
    return http_tx_create(pf);
}

static void head_end(struct proto_flow *pf, enum flow_side side);
static void response_line(struct http_tx *tx, struct bytes line);

static void latency_note(struct proto_flow *pf, struct http_tx *tx)
{
    tx->has_latency =
        tx->message[FLOW_CLIENT].complete && !tx->has_latency && pf->time_us >= tx->request_end_us;
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

enum line_kind { LINE_STATUS, LINE_BARE, LINE_JUNK, LINE_UNKNOWN };

enum { JUNK_BYTES = 256 }; // longest line before a status line that is passed over

static enum line_kind first_kind(struct bytes rest, bool ended)
{
    static const struct bytes http = {(const uint8_t *)"HTTP/", 5};
    static const struct bytes icy = {(const uint8_t *)"ICY ", 4};
    if (bytes_start_with_nocase(rest, http) || bytes_start_with(rest, icy))
        return LINE_STATUS;
    if (!ended && (bytes_start_with_nocase(http, rest) || bytes_start_with(icy, rest)))
        return LINE_UNKNOWN;
    return LINE_BARE;
}

// What the server begins with. Browsers look for the status line behind a line that is none.
static enum line_kind response_kind(struct bytes rest, bool ended)
{
    enum line_kind kind = first_kind(rest, ended);
    if (kind != LINE_BARE)
        return kind;
    size_t lf = bytes_find_byte(bytes_sub(rest, 0, JUNK_BYTES), '\n');
    if (lf == BYTES_NOT_FOUND)
        return ended || rest.len >= JUNK_BYTES ? LINE_BARE : LINE_UNKNOWN;
    struct bytes next = bytes_from(rest, lf + 1);
    if (next.len == 0)
        return ended ? LINE_BARE : LINE_UNKNOWN;
    kind = first_kind(next, ended);
    return kind == LINE_STATUS ? LINE_JUNK : kind;
}

// HTTP/0.9 answers begin with the body itself.
static enum line_kind answer_kind(struct proto_flow *pf, struct bytes rest)
{
    const struct http_tx *tx = http_flow(pf)->first;
    bool ended = pf->ended[FLOW_SERVER];
    bool bare = tx && tx->message[FLOW_CLIENT].version == 9;
    return bare ? first_kind(rest, ended) : response_kind(rest, ended);
}

// Past what stands before a status line.
static bool junk_skip(struct proto_flow *pf, struct cursor *in, size_t n)
{
    proto_anomaly(pf, ANOMALY_HTTP_RESPONSE_INVALID_PROTOCOL);
    cursor_skip(in, n);
    return true;
}

bool http_response_start(struct proto_flow *pf, struct cursor *in)
{
    struct http_flow *http = http_flow(pf);
    struct bytes rest = cursor_rest(in), line;
    if (rest.data[0] == '\r' || rest.data[0] == '\n') {
        cursor_skip(in, 1);
        return true;
    }
    if (rest.data[0] == ' ' || rest.data[0] == '\t' || rest.data[0] == 0)
        return junk_skip(pf, in, 1);
    enum line_kind kind = answer_kind(pf, rest);
    if (kind != LINE_STATUS && first_kind(rest, false) == LINE_BARE)
        proto_mismatch(pf, FLOW_SERVER, rest);
    if (kind == LINE_UNKNOWN)
        return false;
    if (kind == LINE_JUNK)
        return junk_skip(pf, in, bytes_find_byte(rest, '\n') + 1);
    if (kind == LINE_BARE && !http->first) {
        proto_anomaly(pf, ANOMALY_HTTP_RESPONSE_BODY_UNEXPECTED);
        return http_let_go(pf);
    }
    if (kind == LINE_STATUS && !http_line_take(pf, FLOW_SERVER, in, &line))
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
    size_t cr = bytes_find_byte(line, '\r');
    http_status_line(tx, bytes_sub(line, 0, cr));
    http_show_status(tx, bytes_sub(line, 0, cr));
    if (cr != BYTES_NOT_FOUND)
        response_line(tx, bytes_from(line, cr + 1));
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
    http_head_flush(tx, FLOW_SERVER);
    http_show_head_end(tx, FLOW_SERVER);
    http_doh_head(tx, FLOW_SERVER);
    http_frame(tx, FLOW_SERVER);
    if (tx->status / 100 == 1 && tx->status != 101) {
        interim_end(pf, tx);
        return;
    }
    bool tunnel = tx->tunnel;
    if (tunnel)
        http_upgrade(tx);
    if (http->side[FLOW_CLIENT].phase == HTTP_WAIT && !tunnel)
        http->side[FLOW_CLIENT].phase = HTTP_START;
    if (tx->message[FLOW_SERVER].framing == HTTP_NO_BODY)
        http_message_end(pf, FLOW_SERVER);
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
    http_head_flush(tx, side);
    http_host(tx);
    http_show_head_end(tx, side);
    http_doh_head(tx, side);
    http_frame(tx, side);
    if (tx->message[side].framing == HTTP_NO_BODY)
        http_message_end(pf, side);
    else
        body_start(pf, side);
}

// A line of a response's head, in which clients take CR alone for a line end.
static void response_line(struct http_tx *tx, struct bytes line)
{
    while (line.len > 0) {
        size_t cr = bytes_find_byte(line, '\r');
        struct bytes piece = bytes_sub(line, 0, cr);
        if (cr != BYTES_NOT_FOUND)
            proto_anomaly(tx->pf, ANOMALY_HTTP_BARE_CR_IN_HEADER);
        if (piece.len > 0)
            http_head_line(tx, FLOW_SERVER, piece);
        line = bytes_from(line, cr == BYTES_NOT_FOUND ? cr : cr + 1);
    }
}

static bool is_blank(struct bytes line)
{
    size_t i = 0;
    while (i < line.len && (line.data[i] == ' ' || line.data[i] == '\t' || line.data[i] == '\r'))
        i++;
    return i == line.len;
}

// A line of blanks behind one that ended with LF alone ends the head of a response for most
// clients, unless the empty line follows it.
static enum line_kind blank_kind(struct proto_flow *pf, const struct cursor *in)
{
    if (cursor_left(in) == 0)
        return pf->ended[FLOW_SERVER] ? LINE_BARE : LINE_UNKNOWN;
    uint8_t next = cursor_rest(in).data[0];
    return next == '\r' || next == '\n' ? LINE_JUNK : LINE_BARE;
}

bool http_response_head_line(struct proto_flow *pf, struct cursor *in)
{
    struct http_side *s = &http_flow(pf)->side[FLOW_SERVER];
    struct http_tx *tx = s->tx;
    struct cursor mark = *in;
    struct bytes line;
    bool bare_lf = s->bare_lf;
    if (!http_line_take(pf, FLOW_SERVER, in, &line))
        return false;
    bool blank = bare_lf && line.len > 0 && is_blank(line);
    enum line_kind kind = blank ? blank_kind(pf, in) : LINE_STATUS;
    if (kind == LINE_UNKNOWN) {
        *in = mark;
        s->bare_lf = bare_lf;
        return false;
    }
    if (line.len == 0 || kind == LINE_BARE)
        head_end(pf, FLOW_SERVER);
    else if (kind == LINE_STATUS)
        response_line(tx, line);
    return !http_flow(pf)->tunnel;
}

bool http_request_head_line(struct proto_flow *pf, struct cursor *in)
{
    struct bytes line;
    if (!http_line_take(pf, FLOW_CLIENT, in, &line))
        return false;
    if (line.len == 0)
        head_end(pf, FLOW_CLIENT);
    else
        http_head_line(http_flow(pf)->side[FLOW_CLIENT].tx, FLOW_CLIENT, line);
    return true;
}
