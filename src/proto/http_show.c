// SPDX-License-Identifier: Apache-2.0
// What rules see of an HTTP message (for HTTP/2 also http2_show.c): the buffers Suricata's rule
// language names, in the forms it gives them. Nothing here runs when no rule asks.
#include "proto/http.h"

static void show(struct http_tx *tx, enum rule_buffer buffer, enum flow_side side, struct bytes b)
{
    proto_show(tx->pf, buffer, side, tx->id, b);
}

static void more(struct http_tx *tx, enum rule_buffer buffer, enum flow_side side, struct bytes b)
{
    proto_show_more(tx->pf, buffer, side, tx->id, b);
}

// %xx undone; of %u00xx the low byte. Returns the new length.
static size_t percent_decode(uint8_t *text, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i < len; i++) {
        bool wide = i + 5 < len && text[i] == '%' && (text[i + 1] | 0x20) == 'u';
        size_t at = wide ? i + 4 : i + 1;
        int high = text[i] == '%' && at + 1 < len ? bytes_hex_digit(text[at]) : -1;
        int low = high >= 0 ? bytes_hex_digit(text[at + 1]) : -1;
        if (low >= 0) {
            text[out++] = (uint8_t)(high << 4 | low);
            i = at + 1;
        } else {
            text[out++] = text[i];
        }
    }
    return out;
}

// Backslashes are slashes, several are one, "." and ".." are gone.
static size_t path_normal(uint8_t *path, size_t len)
{
    size_t out = 0;
    for (size_t i = 0; i < len;) {
        uint8_t c = path[i] == '\\' ? '/' : path[i];
        if (c != '/') {
            path[out++] = path[i++];
            continue;
        }
        while (i < len && (path[i] == '/' || path[i] == '\\'))
            i++;
        size_t end = i;
        while (end < len && path[end] != '/' && path[end] != '\\')
            end++;
        bool dot = end - i == 1 && path[i] == '.';
        bool dots = end - i == 2 && path[i] == '.' && path[i + 1] == '.';
        if (dots)
            while (out > 0 && path[--out] != '/')
                ;
        if (dot || dots)
            i = end;
        if (!(dot || dots) || i >= len)
            path[out++] = '/';
    }
    return out;
}

// Scheme and authority before the path.
static struct bytes without_authority(struct bytes target)
{
    size_t scheme = bytes_find(bytes_sub(target, 0, 16), BYTES("://"));
    if (bytes_at(target, 0) == '/' || scheme == BYTES_NOT_FOUND)
        return target;
    struct bytes rest = bytes_from(target, scheme + 3);
    size_t slash = bytes_find_byte(rest, '/');
    return slash == BYTES_NOT_FOUND ? BYTES("/") : bytes_from(rest, slash);
}

static void show_uri(struct http_tx *tx, struct bytes target)
{
    uint8_t text[HTTP_LINE_BYTES];
    struct bytes rest = bytes_sub(without_authority(target), 0, sizeof text);
    size_t query = bytes_find_byte(rest, '?');
    struct bytes path = bytes_sub(rest, 0, query), tail = bytes_from(rest, path.len);
    if (path.len)
        memcpy(text, path.data, path.len);
    size_t len = path_normal(text, percent_decode(text, path.len));
    if (tail.len)
        memcpy(&text[len], tail.data, tail.len);
    len += percent_decode(&text[len], tail.len);
    show(tx, BUFFER_HTTP_URI, FLOW_CLIENT, bytes_make(text, len));
}

void http_show_request(struct http_tx *tx, struct bytes line)
{
    if (!tx->pf->watch)
        return;
    show(tx, BUFFER_HTTP_METHOD, FLOW_CLIENT, tx->method);
    show(tx, BUFFER_HTTP_URI_RAW, FLOW_CLIENT, tx->target);
    show(tx, BUFFER_HTTP_PROTOCOL, FLOW_CLIENT, tx->protocol);
    show(tx, BUFFER_HTTP_REQUEST_LINE, FLOW_CLIENT, line);
    if (proto_wants(tx->pf, BUFFER_HTTP_URI))
        show_uri(tx, tx->target);
    more(tx, BUFFER_HTTP_START, FLOW_CLIENT, line);
    more(tx, BUFFER_HTTP_START, FLOW_CLIENT, BYTES("\r\n"));
}

// "HTTP/1.1 200 OK" in its parts.
void http_show_status(struct http_tx *tx, struct bytes line)
{
    if (!tx->pf->watch)
        return;
    size_t at = bytes_find_byte(line, ' ');
    struct bytes rest = at == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(line, at + 1);
    rest = bytes_trim(rest);
    size_t space = bytes_find_byte(rest, ' ');
    show(tx, BUFFER_HTTP_PROTOCOL, FLOW_SERVER, bytes_sub(line, 0, at));
    show(tx, BUFFER_HTTP_STAT_CODE, FLOW_SERVER, bytes_sub(rest, 0, space));
    if (space != BYTES_NOT_FOUND)
        show(tx, BUFFER_HTTP_STAT_MSG, FLOW_SERVER, bytes_from(rest, space + 1));
    show(tx, BUFFER_HTTP_RESPONSE_LINE, FLOW_SERVER, line);
    more(tx, BUFFER_HTTP_START, FLOW_SERVER, line);
    more(tx, BUFFER_HTTP_START, FLOW_SERVER, BYTES("\r\n"));
}

static const struct {
    struct bytes name;
    enum rule_buffer buffer;
    uint8_t sides; // bit (1 << side)
} fields[] = {
    {{(const uint8_t *)"user-agent", 10}, BUFFER_HTTP_USER_AGENT, 1},
    {{(const uint8_t *)"host", 4}, BUFFER_HTTP_HOST_RAW, 1},
    {{(const uint8_t *)":authority", 10}, BUFFER_HTTP_HOST_RAW, 1},
    {{(const uint8_t *)"accept", 6}, BUFFER_HTTP_ACCEPT, 1},
    {{(const uint8_t *)"accept-encoding", 15}, BUFFER_HTTP_ACCEPT_ENC, 1},
    {{(const uint8_t *)"accept-language", 15}, BUFFER_HTTP_ACCEPT_LANG, 1},
    {{(const uint8_t *)"referer", 7}, BUFFER_HTTP_REFERER, 1},
    {{(const uint8_t *)"connection", 10}, BUFFER_HTTP_CONNECTION, 3},
    {{(const uint8_t *)"content-type", 12}, BUFFER_HTTP_CONTENT_TYPE, 3},
    {{(const uint8_t *)"content-length", 14}, BUFFER_HTTP_CONTENT_LEN, 3},
    {{(const uint8_t *)"cookie", 6}, BUFFER_HTTP_COOKIE, 1},
    {{(const uint8_t *)"set-cookie", 10}, BUFFER_HTTP_COOKIE, 2},
    {{(const uint8_t *)"server", 6}, BUFFER_HTTP_SERVER, 2},
    {{(const uint8_t *)"location", 8}, BUFFER_HTTP_LOCATION, 2},
};

static bool is_cookie(struct bytes name, enum flow_side side)
{
    return bytes_equal_nocase(name, side == FLOW_CLIENT ? BYTES("cookie") : BYTES("set-cookie"));
}

static void show_named(
    struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if ((fields[i].sides >> side & 1) && bytes_equal_nocase(fields[i].name, name))
            show(tx, fields[i].buffer, side, value);
}

void http_show_pair(struct http_tx *tx, enum rule_buffer buffer, enum flow_side side,
    struct bytes name, struct bytes value)
{
    if (!proto_wants(tx->pf, buffer))
        return;
    show(tx, buffer, side, name);
    more(tx, buffer, side, BYTES(": "));
    more(tx, buffer, side, value);
}

void http_show_line(struct http_tx *tx, enum flow_side side, struct bytes line)
{
    enum rule_buffer raw[] = {BUFFER_HTTP_HEADER_RAW, BUFFER_HTTP_START};
    for (size_t i = 0; tx->pf->watch && i < 2; i++) {
        more(tx, raw[i], side, line);
        more(tx, raw[i], side, BYTES("\r\n"));
    }
}

void http_show_field(struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value)
{
    if (!tx->pf->watch)
        return;
    bool first = tx->message[side].field_count == 1;
    show_named(tx, side, name, value);
    http_show_pair(tx,
        side == FLOW_CLIENT ? BUFFER_HTTP_REQUEST_HEADER : BUFFER_HTTP_RESPONSE_HEADER, side, name,
        value);
    if (first)
        show(tx, BUFFER_HTTP_HEADER_NAMES, side, BYTES("\r\n"));
    more(tx, BUFFER_HTTP_HEADER_NAMES, side, name);
    more(tx, BUFFER_HTTP_HEADER_NAMES, side, BYTES("\r\n"));
    if (is_cookie(name, side) || !proto_wants(tx->pf, BUFFER_HTTP_HEADER))
        return;
    struct bytes parts[] = {name, BYTES(": "), value, BYTES("\r\n")};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        more(tx, BUFFER_HTTP_HEADER, side, parts[i]);
}

void http_show_head_end(struct http_tx *tx, enum flow_side side)
{
    if (!tx->pf->watch)
        return;
    if (tx->message[side].field_count > 0)
        more(tx, BUFFER_HTTP_HEADER_NAMES, side, BYTES("\r\n"));
    more(tx, BUFFER_HTTP_HEADER_RAW, side, BYTES("\r\n"));
    more(tx, BUFFER_HTTP_START, side, BYTES("\r\n"));
    if (side == FLOW_CLIENT && tx->host.len > 0)
        show(tx, BUFFER_HTTP_HOST, side, tx->host);
}

void http_show_body(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    more(
        tx, side == FLOW_CLIENT ? BUFFER_HTTP_REQUEST_BODY : BUFFER_HTTP_RESPONSE_BODY, side, data);
}
