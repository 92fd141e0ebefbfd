// SPDX-License-Identifier: Apache-2.0
// Handshake messages (RFC 5246 7.4, RFC 8446 4), whole and in the clear, as TLS and DTLS carry
// them: kept until the record is written, or read for the one thing they tell.
#include "proto/tls.h"
#include "proto/tls_names.h"

enum handshake_type {
    HELLO_REQUEST = 0,
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    NEW_SESSION_TICKET = 4,
    HELLO_RETRY_REQUEST_DRAFT = 6,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_STATUS = 22,
};

static bool invalid(struct proto_flow *pf, enum anomaly anomaly)
{
    proto_anomaly(pf, anomaly);
    return false;
}

// Without room the message is left out; the record says so when it is written.
static struct bytes keep(struct proto_flow *pf, struct bytes body)
{
    return arena_copy(&pf->arena, body);
}

static void show_hello(struct proto_flow *pf, enum flow_side side, const struct tls_hello *hello)
{
    struct cursor alpns = cursor_make(hello->alpn);
    if (!pf->watch)
        return;
    proto_show(pf, BUFFER_TLS_RANDOM, side, 0, hello->random);
    proto_show(pf, BUFFER_TLS_RANDOM_TIME, side, 0, bytes_sub(hello->random, 0, 4));
    proto_show(pf, BUFFER_TLS_RANDOM_BYTES, side, 0, bytes_from(hello->random, 4));
    while (cursor_left(&alpns) > 0) {
        struct bytes name = cursor_take(&alpns, cursor_u8(&alpns));
        if (cursor_ok(&alpns))
            proto_show(pf, BUFFER_TLS_ALPN, side, 0, name);
    }
}

static void show_certificates(struct proto_flow *pf, enum flow_side side, struct bytes list)
{
    struct cursor c = cursor_make(list);
    while (proto_wants(pf, BUFFER_TLS_CERTS) && cursor_left(&c) > 0) {
        struct bytes der = cursor_take(&c, cursor_u24(&c));
        if (cursor_ok(&c))
            proto_show(pf, BUFFER_TLS_CERTS, side, 0, der);
    }
}

static bool client_hello(struct proto_flow *pf, struct tls_handshake *h, struct bytes body)
{
    struct tls_hello hello;
    if (!tls_hello_client(body, h->form, &hello))
        return invalid(pf, ANOMALY_TLS_INVALID_HANDSHAKE_MESSAGE);
    if (!h->client_hello.data)
        h->client_hello = keep(pf, body);
    show_hello(pf, FLOW_CLIENT, &hello);
    tls_handshake_show(pf, h);
    return true;
}

static bool server_hello(struct proto_flow *pf, struct tls_handshake *h, struct bytes body)
{
    struct tls_hello hello;
    if (!tls_hello_server(body, &hello))
        return invalid(pf, ANOMALY_TLS_INVALID_HANDSHAKE_MESSAGE);
    if (tls_hello_is_retry(&hello)) {
        h->hello_retry = true;
        return true;
    }
    if (h->server_hello.data)
        return true;
    h->server_hello = keep(pf, body);
    show_hello(pf, FLOW_SERVER, &hello);
    h->version = tls_hello_version(&hello);
    h->cipher = hello.cipher;
    return true;
}

static bool certificate(
    struct proto_flow *pf, struct tls_handshake *h, enum flow_side side, struct bytes body)
{
    struct cursor c = cursor_make(body);
    struct bytes list = cursor_take(&c, cursor_u24(&c));
    if (!cursor_ok(&c))
        return invalid(pf, ANOMALY_TLS_CERTIFICATE_INVALID_LENGTH);
    show_certificates(pf, side, list);
    if (side == FLOW_SERVER)
        h->server_certificate = true;
    if (!h->certificates[side].data && list.len > 0)
        h->certificates[side] = keep(pf, list);
    return true;
}

// ServerECDHParams (RFC 8422 5.4) and ServerDHParams (RFC 5246 7.4.3), told apart by the cipher.
static void server_key_exchange(struct tls_handshake *h, struct bytes body)
{
    struct bytes cipher = tls_cipher_name(h->cipher);
    struct cursor c = cursor_make(body);
    if (bytes_start_with(cipher, BYTES("TLS_ECDHE_PSK")) ||
        bytes_start_with(cipher, BYTES("TLS_DHE_PSK")))
        cursor_skip(&c, cursor_u16(&c)); // identity hint
    if (bytes_start_with(cipher, BYTES("TLS_ECDH"))) {
        bool named = cursor_u8(&c) == 3;
        uint16_t group = cursor_u16(&c);
        h->group = named && cursor_ok(&c) ? group : 0;
    } else if (bytes_start_with(cipher, BYTES("TLS_DH"))) {
        struct bytes prime = cursor_take(&c, cursor_u16(&c));
        while (prime.len > 0 && prime.data[0] == 0)
            prime = bytes_from(prime, 1);
        if (cursor_ok(&c) && prime.len > 0 && prime.len <= UINT16_MAX / 8)
            h->dh_bits = (uint16_t)(prime.len * 8 + 24 - (size_t)__builtin_clz(prime.data[0]));
    }
}

static bool from_server(
    struct proto_flow *pf, struct tls_handshake *h, uint8_t type, struct bytes body)
{
    switch (type) {
    case CLIENT_HELLO: return invalid(pf, ANOMALY_TLS_INVALID_HANDSHAKE_MESSAGE);
    case SERVER_HELLO: return server_hello(pf, h, body);
    case HELLO_RETRY_REQUEST_DRAFT: h->hello_retry = true; return true;
    case SERVER_KEY_EXCHANGE: server_key_exchange(h, body); return true;
    case CERTIFICATE_REQUEST: h->certificate_requested = true; return true;
    case SERVER_HELLO_DONE: h->server_done = true; return true;
    case CERTIFICATE_STATUS: h->ocsp_stapled = true; return true;
    default: return true;
    }
}

bool tls_handshake_message(struct proto_flow *pf, struct tls_handshake *h, enum flow_side side,
    uint8_t type, struct bytes body)
{
    if (type == CERTIFICATE)
        return certificate(pf, h, side, body);
    if (side == FLOW_SERVER)
        return from_server(pf, h, type, body);
    if (type == CLIENT_HELLO)
        return client_hello(pf, h, body);
    return type != SERVER_HELLO || invalid(pf, ANOMALY_TLS_INVALID_HANDSHAKE_MESSAGE);
}

void tls_handshake_alert(
    struct proto_flow *pf, struct tls_handshake *h, enum flow_side side, struct bytes alert)
{
    if (h->alert_count == TLS_ALERTS_MAX) {
        proto_anomaly(pf, ANOMALY_TLS_TOO_MANY_ALERTS);
        return;
    }
    h->alerts[h->alert_count++] = (struct tls_alert){side, bytes_at(alert, 0), bytes_at(alert, 1)};
}
