// SPDX-License-Identifier: Apache-2.0
// How long a body is (RFC 9112 section 6) and which host was meant (RFC 9110 section 7.2).
// Two parties that answer these two questions differently can be played against each other, so
// every way of answering them differently is an anomaly. We answer as RFC 9112 section 6.3 does.
#include "proto/http.h"

// The next element of a comma-separated list, trimmed; takes it off the list.
static bool next_element(struct bytes *list, struct bytes *element)
{
    if (!list->data)
        return false;
    size_t comma = bytes_find_byte(*list, ',');
    *element = bytes_trim(bytes_sub(*list, 0, comma));
    *list = comma == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*list, comma + 1);
    return true;
}

static void length_invalid(struct http_tx *tx, enum flow_side side)
{
    http_anomaly(tx->pf, side, ANOMALY_HTTP_INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST,
        ANOMALY_HTTP_INVALID_CONTENT_LENGTH_FIELD_IN_RESPONSE);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

// The next number in `text`, which is then behind it.
static bool next_number(struct bytes *text, uint64_t *out)
{
    size_t from = 0, digits = 0;
    while (from < text->len && !is_digit(text->data[from]))
        from++;
    while (digits < 18 && is_digit(bytes_at(*text, from + digits)))
        digits++;
    struct bytes number = bytes_sub(*text, from, digits);
    *text = bytes_from(*text, from + digits);
    return bytes_to_u64(number, out);
}

// "5" and, with an anomaly, "+5" and "5abc"; of "5 7" the greater number if `most`. False: no
// number at all, or a negative one.
static bool read_length(
    struct http_tx *tx, enum flow_side side, struct bytes text, bool most, uint64_t *out)
{
    if (bytes_to_u64(text, out) && text.len < 19)
        return true;
    length_invalid(tx, side);
    uint64_t number;
    if (!(bytes_at(text, 0) == '+' || is_digit(bytes_at(text, 0))) || !next_number(&text, out))
        return false;
    while (most && next_number(&text, &number))
        *out = number > *out ? number : *out;
    return true;
}

// Nothing can follow this response on its connection.
static bool is_last(const struct http_message *m)
{
    struct bytes connection = m->field[HTTP_CONNECTION];
    return http_contains(connection, BYTES("close")) ||
           (m->version < 11 && !http_contains(connection, BYTES("keep-alive")));
}

// All of Content-Length, which may be a list or stand there twice. The first number counts; where
// nothing can follow the body the greatest, so that clients that take another one see no more.
static bool content_length(struct http_tx *tx, enum flow_side side, uint64_t *out)
{
    struct http_message *m = &tx->message[side];
    struct bytes list = m->field[HTTP_CONTENT_LENGTH], element;
    bool found = false, most = side == FLOW_SERVER && is_last(m);
    unsigned count = 0;
    while (next_element(&list, &element)) {
        uint64_t length;
        count++;
        if (!read_length(tx, side, element, most, &length))
            continue;
        if (found && length != *out)
            http_anomaly(tx->pf, side, ANOMALY_HTTP_CONFLICTING_CONTENT_LENGTH_IN_REQUEST,
                ANOMALY_HTTP_CONFLICTING_CONTENT_LENGTH_IN_RESPONSE);
        if (!found || (most && length > *out))
            *out = length;
        found = true;
    }
    if (count > 1)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST,
            ANOMALY_HTTP_DUPLICATE_CONTENT_LENGTH_FIELD_IN_RESPONSE);
    return found;
}

static bool known_transfer_coding(struct bytes coding)
{
    return bytes_equal_nocase(coding, BYTES("gzip")) ||
           bytes_equal_nocase(coding, BYTES("deflate")) ||
           bytes_equal_nocase(coding, BYTES("compress")) ||
           bytes_equal_nocase(coding, BYTES("x-gzip"));
}

// Is chunked among the transfer codings? Anything but plain "chunked" is odd; what is not a coding
// at all ("xchunked", "chunked" followed by something) is what smugglers send, and clients read.
static bool transfer_chunked(struct http_tx *tx, enum flow_side side)
{
    struct bytes list = tx->message[side].field[HTTP_TRANSFER_ENCODING], element;
    bool chunked = false, odd = false;
    while (next_element(&list, &element)) {
        if (chunked)
            odd = true;
        if (bytes_equal_nocase(element, BYTES("chunked")))
            chunked = true;
        else if (side == FLOW_SERVER && http_contains(element, BYTES("chunked")))
            chunked = odd = true;
        else if (!bytes_equal_nocase(element, BYTES("identity")) && !known_transfer_coding(element))
            odd = true;
    }
    if (odd)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_INVALID_TRANSFER_ENCODING_VALUE_IN_REQUEST,
            ANOMALY_HTTP_INVALID_TRANSFER_ENCODING_VALUE_IN_RESPONSE);
    return chunked;
}

static void frame_by_fields(struct http_tx *tx, enum flow_side side)
{
    struct http_message *m = &tx->message[side];
    bool has_length = content_length(tx, side, &m->length);
    bool coded = m->repeats[HTTP_TRANSFER_ENCODING] > 0;
    if (coded && transfer_chunked(tx, side)) {
        m->framing = HTTP_CHUNKED;
        if (m->version < 11)
            http_anomaly(tx->pf, side, ANOMALY_HTTP_REQUEST_CHUNKED_OLD_PROTO,
                ANOMALY_HTTP_RESPONSE_CHUNKED_OLD_PROTO);
    } else if (has_length) {
        m->framing = m->length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
    } else {
        m->framing = side == FLOW_SERVER ? HTTP_UNTIL_CLOSE : HTTP_NO_BODY;
    }
    if (coded && m->repeats[HTTP_CONTENT_LENGTH] > 0)
        http_anomaly(tx->pf, side, ANOMALY_HTTP_LENGTH_AND_CHUNKED_IN_REQUEST,
            ANOMALY_HTTP_LENGTH_AND_CHUNKED_IN_RESPONSE);
}

void http_frame(struct http_tx *tx, enum flow_side side)
{
    struct http_message *m = &tx->message[side];
    frame_by_fields(tx, side);
    bool connect = bytes_equal(tx->method, BYTES("CONNECT"));
    if (side == FLOW_CLIENT) {
        if (connect)
            m->framing = HTTP_NO_BODY;
        return;
    }
    uint16_t status = tx->status;
    tx->tunnel = status == 101 || (connect && status / 100 == 2);
    bool bodiless = status == 204 || status == 304; // that have one all the same are read as others
    bool framed = is_last(m) && (m->framing == HTTP_LENGTH || m->framing == HTTP_CHUNKED);
    if (tx->tunnel || status / 100 == 1 || (bodiless && !framed) ||
        bytes_equal(tx->method, BYTES("HEAD")))
        m->framing = HTTP_NO_BODY;
}

static bool is_host_character(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == ':' || c >= 0x80;
}

static void check_host(struct http_tx *tx, struct bytes host)
{
    if (bytes_at(host, 0) == '[')
        return;
    for (size_t i = 0; i < host.len && i < 256; i++)
        if (!is_host_character(host.data[i])) {
            proto_anomaly(tx->pf, ANOMALY_HTTP_HEADER_HOST_INVALID);
            return;
        }
}

static struct bytes lower(struct http_tx *tx, struct bytes text)
{
    uint8_t *out = text.len ? arena_alloc(&tx->arena, text.len) : NULL;
    if (!out)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        out[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
    }
    return bytes_make(out, text.len);
}

// "host:port", "[v6]:port" → host, port (0: none named).
static struct bytes split_port(struct http_tx *tx, struct bytes authority, uint16_t *port)
{
    size_t from = 0;
    if (bytes_at(authority, 0) == '[') {
        from = bytes_find_byte(authority, ']');
        if (from == BYTES_NOT_FOUND)
            return authority;
    }
    size_t colon = bytes_find_byte(bytes_from(authority, from), ':');
    if (colon == BYTES_NOT_FOUND)
        return authority;
    struct bytes digits = bytes_from(authority, from + colon + 1);
    uint64_t number = 0;
    if (digits.len > 0 && (!bytes_to_u64(digits, &number) || number == 0 || number > UINT16_MAX)) {
        proto_anomaly(tx->pf, ANOMALY_HTTP_INVALID_AUTHORITY_PORT);
        number = 0;
    }
    *port = (uint16_t)number;
    return bytes_sub(authority, 0, from + colon);
}

static struct bytes without_user(struct bytes authority)
{
    size_t at = bytes_find_byte(authority, '@');
    return at == BYTES_NOT_FOUND ? authority : bytes_from(authority, at + 1);
}

// The authority within the request target: absolute form, or CONNECT's (RFC 9112 section 3.2).
static struct bytes target_authority(const struct http_tx *tx)
{
    struct bytes target = tx->target;
    if (bytes_equal(tx->method, BYTES("CONNECT")) && bytes_at(target, 0) != '/')
        return target;
    if (bytes_at(target, 0) == '/' || bytes_find_byte(bytes_sub(target, 0, 16), ':') > 16)
        return (struct bytes){NULL, 0};
    size_t scheme = bytes_find(bytes_sub(target, 0, 16), BYTES("://"));
    if (scheme == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes authority = bytes_from(target, scheme + 3);
    authority = bytes_sub(authority, 0, bytes_find_byte(authority, '/'));
    return without_user(bytes_sub(authority, 0, bytes_find_byte(authority, '?')));
}

void http_host(struct http_tx *tx)
{
    struct http_message *m = &tx->message[FLOW_CLIENT];
    struct bytes field = m->field[HTTP_HOST], authority = target_authority(tx);
    uint16_t field_port = 0;
    if (m->repeats[HTTP_HOST] > 1)
        proto_anomaly(tx->pf, ANOMALY_HTTP_HOST_HEADER_AMBIGUOUS);
    if (m->repeats[HTTP_HOST] == 0 && m->version == 11)
        proto_anomaly(tx->pf, ANOMALY_HTTP_MISSING_HOST_HEADER);
    struct bytes field_host = split_port(tx, without_user(field), &field_port);
    check_host(tx, field_host);
    if (authority.len == 0) {
        tx->host = lower(tx, field_host);
        tx->port = field_port;
        return;
    }
    struct bytes host = split_port(tx, authority, &tx->port);
    if (field_host.len > 0 && !bytes_equal_nocase(host, field_host))
        proto_anomaly(tx->pf, ANOMALY_HTTP_HOST_HEADER_AMBIGUOUS);
    tx->host = lower(tx, host);
}
