// SPDX-License-Identifier: Apache-2.0
// What a connection goes over to: the tunnel behind CONNECT (RFC 9110 section 9.3.6), WebSocket
// (RFC 6455 section 4) and HTTP/2 in clear (RFC 7540 section 3.2) behind 101; else whoever knows
// it.
#include "proto/http.h"
#include "proto/mime_codec.h"
#include "proto/text_out.h"
#include <openssl/sha.h>

enum { DEST_BYTES = 300, NOTE_LINE_BYTES = 1024, SETTINGS_BYTES = 1024 };

static bool names(struct bytes list, const char *protocol)
{
    size_t at = bytes_find_byte(list, ',');
    return bytes_equal_nocase(bytes_trim(bytes_sub(list, 0, at)), bytes_from_text(protocol));
}

// The server proves that it knows WebSocket: base64 of the SHA-1 of the key and a constant.
static void accept_check(struct http_tx *tx)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    struct bytes key = tx->message[FLOW_CLIENT].field[HTTP_WEBSOCKET_KEY];
    struct bytes said = tx->message[FLOW_SERVER].field[HTTP_WEBSOCKET_ACCEPT];
    uint8_t text[64 + sizeof magic], sum[SHA_DIGEST_LENGTH];
    char wanted[32];
    struct text_out out = TEXT_OUT(wanted);
    if (key.len == 0 || key.len > 64)
        return;
    memcpy(text, key.data, key.len);
    memcpy(&text[key.len], magic, sizeof magic - 1);
    SHA1(text, key.len + sizeof magic - 1, sum);
    text_out_base64(&out, bytes_make(sum, sizeof sum));
    if (!bytes_equal(text_out_bytes(&out), said))
        proto_anomaly(tx->pf, ANOMALY_HTTP_WEBSOCKET_WRONG_ACCEPT);
}

// HTTP2-Settings is base64 with the alphabet of RFC 4648 section 5.
static size_t settings_decode(struct bytes text, uint8_t *out)
{
    char plain[SETTINGS_BYTES];
    struct base64 state = {0};
    text = bytes_sub(text, 0, sizeof plain);
    for (size_t i = 0; i < text.len; i++)
        plain[i] = text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : (char)text.data[i];
    return base64_decode(&state, bytes_make(plain, text.len), out);
}

// What HTTP/2 is to know of the request that becomes its stream 1; see http2_upgraded().
static void note_http2(struct http_tx *tx)
{
    const struct bytes *field = tx->message[FLOW_CLIENT].field;
    struct bytes lines[] = {tx->method, tx->target, field[HTTP_HOST], field[HTTP_USER_AGENT]};
    char text[4 * (NOTE_LINE_BYTES + 1) + SETTINGS_BYTES];
    uint8_t settings[SETTINGS_BYTES];
    struct text_out out = TEXT_OUT(text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        text_out_put(&out, bytes_sub(lines[i], 0, NOTE_LINE_BYTES));
        text_out_char(&out, '\n');
    }
    text_out_put(&out, bytes_make(settings, settings_decode(field[HTTP_HTTP2_SETTINGS], settings)));
    proto_switch_note(tx->pf, text_out_bytes(&out));
}

void http_upgrade(struct http_tx *tx)
{
    struct http_flow *http = http_flow(tx->pf);
    struct bytes to = tx->message[FLOW_SERVER].field[HTTP_UPGRADE];
    http->next = &proto_any;
    if (bytes_equal(tx->method, BYTES("CONNECT"))) {
        size_t end = bytes_find_byte(tx->target, ' ');
        http->dest =
            arena_copy(&tx->pf->arena, bytes_sub(bytes_sub(tx->target, 0, end), 0, DEST_BYTES));
    } else if (names(to, "websocket")) {
        accept_check(tx);
        http->next = &proto_websocket;
    } else if (names(to, "h2c")) {
        note_http2(tx);
        http->next = &proto_http2;
    }
}
