// SPDX-License-Identifier: Apache-2.0
// DNS over HTTPS (RFC 8484), in any version of HTTP that can be read: messages are bodies of the
// type application/dns-message, questions also a parameter of the path. One dns record a message,
// in the transaction that carries it. A message of more than 65,535 bytes is none (section 6).
#include "proto/dns_message.h"
#include "proto/http_inside.h"
#include "proto/mime_codec.h"

enum { MESSAGE_BYTES = 65535 };

struct doh {
    uint8_t *data[2]; // by enum flow_side
    size_t len[2], room[2];
    bool too_long[2];
};

static bool is_message(struct bytes type)
{
    struct bytes name = bytes_trim(bytes_sub(type, 0, bytes_find_byte(type, ';')));
    return bytes_equal_nocase(name, BYTES("application/dns-message"));
}

static void message(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    const struct http_message *asked = &tx->message[FLOW_CLIENT];
    if (tx->pf->proto == &proto_http2)
        proto_name(tx->pf, "doh2");
    if (data.len > 0)
        dns_carried(tx->pf, side, tx->id, data, asked->complete ? tx->request_end_us : 0);
}

// "?dns=AAABAAABAAAAAAAAA3d3dw..." in the alphabet of RFC 4648 section 5.
static void question(struct http_tx *tx)
{
    struct bytes text = tx->target;
    size_t at = bytes_find(text, BYTES("?dns="));
    at = at == BYTES_NOT_FOUND ? bytes_find(text, BYTES("&dns=")) : at;
    text = bytes_from(text, at);
    text = bytes_sub(text, 5, bytes_find_byte(bytes_from(text, 5), '&'));
    size_t padded = (text.len + 3) / 4 * 4;
    char *plain = padded ? arena_alloc(&tx->arena, padded) : NULL;
    uint8_t *out = plain ? arena_alloc(&tx->arena, base64_room(padded)) : NULL;
    struct base64 state = {0};
    if (!out)
        return;
    for (size_t i = 0; i < text.len; i++)
        plain[i] = text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : (char)text.data[i];
    memset(&plain[text.len], '=', padded - text.len);
    size_t len = base64_decode(&state, bytes_make(plain, padded), out);
    message(tx, FLOW_CLIENT, bytes_make(out, len));
}

void http_doh_head(struct http_tx *tx, enum flow_side side)
{
    const struct bytes *field = tx->message[side].field;
    if (side == FLOW_CLIENT && bytes_equal(tx->method, BYTES("GET")) &&
        is_message(field[HTTP_ACCEPT]))
        question(tx);
    if (is_message(field[HTTP_CONTENT_TYPE]) && !tx->doh)
        tx->doh = arena_zalloc(&tx->arena, sizeof *tx->doh);
}

void http_doh_data(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    struct doh *doh = tx->doh;
    size_t len = doh->len[side] + data.len;
    if (!is_message(tx->message[side].field[HTTP_CONTENT_TYPE]) || data.len == 0)
        return;
    doh->too_long[side] |= len > MESSAGE_BYTES;
    if (doh->too_long[side]) {
        http_anomaly(
            tx->pf, side, ANOMALY_HTTP2_DNS_REQUEST_TOO_LONG, ANOMALY_HTTP2_DNS_RESPONSE_TOO_LONG);
        return;
    }
    if (len > doh->room[side]) {
        size_t room = len * 2;
        uint8_t *grown = arena_grow(&tx->arena, doh->data[side], doh->room[side], room);
        if (!grown) {
            proto_anomaly(tx->pf, ANOMALY_HTTP_OUT_OF_BUDGET);
            return;
        }
        doh->data[side] = grown;
        doh->room[side] = room;
    }
    memcpy(&doh->data[side][doh->len[side]], data.data, data.len);
    doh->len[side] = len;
}

void http_doh_end(struct http_tx *tx, enum flow_side side)
{
    struct doh *doh = tx->doh;
    if (doh->len[side] > 0 && !doh->too_long[side])
        message(tx, side, bytes_make(doh->data[side], doh->len[side]));
    doh->len[side] = 0;
}
