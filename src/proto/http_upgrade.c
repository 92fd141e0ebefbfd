// SPDX-License-Identifier: Apache-2.0
// What a connection goes over to: the tunnel behind CONNECT (RFC 9110 section 9.3.6), WebSocket
// (RFC 6455 section 4) and HTTP/2 in clear (RFC 7540 section 3.2) behind 101; else whoever knows
// it.
#include "proto/http.h"
#include "proto/text_out.h"
#include <openssl/sha.h>

enum { DEST_BYTES = 300 };

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
    }
}
