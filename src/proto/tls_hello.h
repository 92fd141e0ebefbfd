// SPDX-License-Identifier: Apache-2.0
// ClientHello and ServerHello, shared by TLS, DTLS and QUIC. Values stay slices of the message.
#pragma once
#include "base/cursor.h"

enum {
    TLS_HELLO_LIST_MAX = 512, // cipher suites, extensions or groups; more is not fingerprinted
    TLS_ALPN_MAX = 16,        // application protocols listed
};

enum tls_version {
    SSL_2 = 0x0002,
    SSL_3 = 0x0300,
    TLS_1_0 = 0x0301,
    TLS_1_1 = 0x0302,
    TLS_1_2 = 0x0303,
    TLS_1_3 = 0x0304,
    DTLS_1_0 = 0xfeff,
    DTLS_1_2 = 0xfefd,
    DTLS_1_3 = 0xfefc,
};

enum tls_hello_form { HELLO_TLS, HELLO_DTLS }; // DTLS adds a cookie (RFC 6347 4.2.1)

struct tls_hello {
    uint16_t version; // legacy_version as it stands on the wire
    struct bytes random;
    struct bytes session_id;
    struct bytes ciphers;    // client: 16-bit values
    uint16_t cipher;         // server's choice
    struct bytes extensions; // contents of the list
    size_t extension_count;
    bool too_long; // some list is longer than TLS_HELLO_LIST_MAX
    // out of the extensions; {NULL, 0}: that one is not there
    struct bytes sni;                  // first host name
    struct bytes alpn;                 // names, each with a length byte before it
    struct bytes versions;             // client: 16-bit values
    struct bytes groups;               // client: 16-bit values
    struct bytes point_formats;        // bytes
    struct bytes signature_algorithms; // client: 16-bit values
    struct bytes quic_parameters;      // transport parameters (RFC 9001 8.2)
    uint16_t selected_version;         // server, from supported_versions; 0: not there
    uint16_t selected_group;           // server, from key_share
    bool has_sni;
    bool psk;        // pre_shared_key: client offers, server takes
    bool ticket;     // session ticket extension with a ticket in it
    bool ech;        // encrypted_client_hello
    bool early_data; // client sends 0-RTT
};

// The body of a handshake message. False: not one.
[[nodiscard]] bool tls_hello_client(
    struct bytes body, enum tls_hello_form form, struct tls_hello *out);
[[nodiscard]] bool tls_hello_server(struct bytes body, struct tls_hello *out);

// The version both ends speak, from the server's hello; highest one offered, from a client's
// (GREASE left out).
uint16_t tls_hello_version(const struct tls_hello *hello);

// Is a ServerHello in truth a HelloRetryRequest (RFC 8446 4.1.3)?
bool tls_hello_is_retry(const struct tls_hello *server);

// RFC 8701: values that mean nothing and keep peers honest.
static inline bool tls_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static inline bool tls_is_13(uint16_t version)
{
    unsigned draft = version >> 8; // 0x7f: of the IETF, 0xfb: of Facebook
    return version == TLS_1_3 || draft == 0x7f || draft == 0xfb || version == DTLS_1_3;
}
