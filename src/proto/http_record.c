// SPDX-License-Identifier: Apache-2.0
// The http record of one transaction, with EVE's names. Passwords are never read: of Basic
// credentials (RFC 7617) only what stands before the colon is decoded.
#include "proto/http.h"
#include "proto/http_inside.h"
#include "proto/mime_codec.h"
#include "proto/text_out.h"

enum { USER_BYTES = 192 };

static struct bytes or_null(struct bytes b)
{
    return b.len ? b : (struct bytes){NULL, 0};
}

// A media type without its parameters.
static struct bytes media_type(struct bytes field)
{
    return or_null(bytes_trim(bytes_sub(field, 0, bytes_find_byte(field, ';'))));
}

static struct bytes basic_user(struct http_tx *tx, struct bytes credentials)
{
    uint8_t *plain = arena_alloc(&tx->arena, base64_room(USER_BYTES));
    struct base64 state = {0};
    if (!plain)
        return (struct bytes){NULL, 0};
    size_t len = base64_decode(&state, bytes_sub(credentials, 0, USER_BYTES), plain);
    struct bytes user = bytes_make(plain, len);
    size_t colon = bytes_find_byte(user, ':');
    return colon == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_sub(user, 0, colon);
}

static struct bytes digest_user(struct bytes credentials)
{
    static const struct bytes key = {(const uint8_t *)"username=\"", 10};
    size_t at = bytes_find(credentials, key);
    if (at == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes user = bytes_from(credentials, at + key.len);
    return bytes_sub(user, 0, bytes_find_byte(user, '"'));
}

static void fill_auth(struct http_tx *tx, struct record_http *r)
{
    const struct bytes *field = tx->message[FLOW_CLIENT].field;
    struct bytes value = field[HTTP_AUTHORIZATION];
    if (value.len == 0)
        value = field[HTTP_PROXY_AUTHORIZATION];
    size_t space = bytes_find_byte(value, ' ');
    if (space == BYTES_NOT_FOUND)
        return;
    r->auth_scheme = bytes_sub(value, 0, space);
    struct bytes credentials = bytes_trim(bytes_from(value, space));
    if (bytes_equal_nocase(r->auth_scheme, BYTES("Basic")))
        r->auth_user = basic_user(tx, credentials);
    else if (bytes_equal_nocase(r->auth_scheme, BYTES("Digest")))
        r->auth_user = digest_user(credentials);
}

// "bytes 0-99/1234", "bytes 0-99/*" (RFC 9110 section 14.4).
static void fill_range(struct http_tx *tx, struct record_http *r)
{
    struct bytes raw = tx->message[FLOW_SERVER].field[HTTP_CONTENT_RANGE];
    if (raw.len == 0)
        return;
    r->content_range.raw = raw;
    struct bytes rest = bytes_trim(raw);
    if (bytes_start_with_nocase(rest, BYTES("bytes")))
        rest = bytes_trim(bytes_from(rest, 5));
    size_t slash = bytes_find_byte(rest, '/');
    struct bytes range = bytes_sub(rest, 0, slash), size = bytes_from(rest, slash);
    size_t dash = bytes_find_byte(range, '-');
    r->content_range.has_start = bytes_to_u64(bytes_sub(range, 0, dash), &r->content_range.start);
    if (dash != BYTES_NOT_FOUND)
        r->content_range.has_end =
            bytes_to_u64(bytes_trim(bytes_from(range, dash + 1)), &r->content_range.end);
    if (size.len > 0)
        r->content_range.has_size =
            bytes_to_u64(bytes_trim(bytes_from(size, 1)), &r->content_range.size);
    bool whole = bytes_equal(range, BYTES("*")) || r->content_range.has_end;
    if (!whole || slash == BYTES_NOT_FOUND ||
        (r->content_range.has_start && r->content_range.has_end &&
            r->content_range.end < r->content_range.start))
        proto_anomaly(tx->pf, ANOMALY_HTTP_RANGE_INVALID);
}

// Fields by which proxies make themselves known, as Zeek has them: "VIA -> 1.1 proxy".
static void fill_proxied(struct http_tx *tx, struct record_http *r)
{
    static const struct {
        enum http_field field;
        const char *name;
    } known[] = {
        {HTTP_FORWARDED, "FORWARDED"},
        {HTTP_X_FORWARDED_FOR, "X-FORWARDED-FOR"},
        {HTTP_X_FORWARDED_FROM, "X-FORWARDED-FROM"},
        {HTTP_CLIENT_IP, "CLIENT-IP"},
        {HTTP_VIA, "VIA"},
        {HTTP_XROXY_CONNECTION, "XROXY-CONNECTION"},
        {HTTP_PROXY_CONNECTION, "PROXY-CONNECTION"},
    };
    enum { KNOWN = sizeof known / sizeof *known };
    const struct bytes *field = tx->message[FLOW_CLIENT].field;
    struct bytes *list = NULL;
    for (size_t i = 0; i < KNOWN; i++) {
        struct bytes value = field[known[i].field];
        struct bytes name = bytes_from_text(known[i].name);
        if (!value.data || (!list && !(list = arena_alloc(&tx->arena, KNOWN * sizeof *list))))
            continue;
        struct text_out out = {.room = name.len + 4 + value.len};
        out.data = arena_alloc(&tx->arena, out.room);
        if (!out.data)
            break;
        text_out_put(&out, name);
        text_out_text(&out, " -> ");
        text_out_put(&out, value);
        list[r->proxied_count++] = text_out_bytes(&out);
    }
    r->proxied = list;
}

static void fill_request(struct http_tx *tx, struct record_http *r)
{
    const struct http_message *m = &tx->message[FLOW_CLIENT];
    if (!m->begun)
        return;
    r->hostname = or_null(tx->host);
    r->http_port = tx->port;
    r->has_http_port = tx->port != 0;
    r->url = or_null(tx->target);
    r->http_user_agent = m->field[HTTP_USER_AGENT];
    r->http_refer = m->field[HTTP_REFERER];
    r->http_method = or_null(tx->method);
    r->protocol = or_null(tx->protocol);
    r->xff = m->field[HTTP_X_FORWARDED_FOR];
    r->request_length = m->body_bytes;
    r->has_request_length = m->body_bytes > 0;
    r->request_content_type = media_type(m->field[HTTP_CONTENT_TYPE]);
    r->request_fields = m->field_count;
    r->has_request_fields = true;
    fill_auth(tx, r);
    fill_proxied(tx, r);
    bool absolute = bytes_at(tx->target, 0) != '/' && bytes_find(tx->target, BYTES("://")) < 16;
    r->proxy_request = absolute || bytes_equal(tx->method, BYTES("CONNECT"));
}

static void fill_websocket(struct http_tx *tx, struct record_http *r)
{
    const struct bytes *asked = tx->message[FLOW_CLIENT].field;
    const struct bytes *agreed = tx->message[FLOW_SERVER].field;
    r->websocket.client_protocols = asked[HTTP_WEBSOCKET_PROTOCOL];
    r->websocket.subprotocol = agreed[HTTP_WEBSOCKET_PROTOCOL];
    r->websocket.client_extensions = asked[HTTP_WEBSOCKET_EXTENSIONS];
    r->websocket.server_extensions = agreed[HTTP_WEBSOCKET_EXTENSIONS];
}

static void fill_response(struct http_tx *tx, struct record_http *r)
{
    const struct http_message *m = &tx->message[FLOW_SERVER];
    r->length = m->body_bytes;
    if (!m->begun)
        return;
    r->status = tx->status;
    r->has_status = tx->status != 0;
    r->http_content_type = media_type(m->field[HTTP_CONTENT_TYPE]);
    r->redirect = m->field[HTTP_LOCATION];
    r->content_encoding = m->field[HTTP_CONTENT_ENCODING];
    r->decoded_length = m->decoded_bytes;
    r->has_decoded_length = m->decoded;
    r->server = m->field[HTTP_SERVER];
    r->response_fields = m->field_count;
    r->has_response_fields = true;
    r->via = m->field[HTTP_VIA];
    r->upgrade = tx->status == 101 ? m->field[HTTP_UPGRADE] : (struct bytes){NULL, 0};
    r->latency_us = tx->latency_us;
    r->has_latency_us = tx->has_latency;
    fill_range(tx, r);
}

void http_fill(struct http_tx *tx, struct record_http *r)
{
    fill_request(tx, r);
    fill_response(tx, r);
    fill_websocket(tx, r);
}

const void *http_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    struct http_tx *tx = http_flow(pf)->first;
    while (tx && tx->id != tx_id)
        tx = tx->next;
    struct record_http *r = tx ? arena_zalloc(&tx->arena, sizeof *r) : NULL;
    if (r)
        http_fill(tx, r);
    *type = RECORD_HTTP;
    return r;
}

void http_emit(struct http_tx *tx)
{
    struct record_http r = {0};
    http_fill(tx, &r);
    http_inside_end(tx);
    tx->pf->aside = tx->aside;
    proto_emit_at(tx->pf, RECORD_HTTP, &r, tx->id, tx->time_us);
    tx->pf->aside = (struct bytes){NULL, 0};
}
