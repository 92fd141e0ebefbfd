// SPDX-License-Identifier: Apache-2.0
// What is kept of one handshake until its record is written; shared by tls.c, dtls.c, tls_emit.c.
#pragma once
#include "proto/proto.h"
#include "proto/tls_hello.h"

enum {
    TLS_MESSAGE_MAX_BYTES = 64 * 1024, // a longer handshake message ends the parser
    TLS_CERTIFICATES_MAX = 16,         // of one chain; more are not looked at
    TLS_ALERTS_MAX = 4,                // listed; a connection has one or two
};

struct tls_alert {
    enum flow_side side;
    uint8_t level, description;
};

// Copies of messages live in the flow's arena; {NULL, 0}: not seen.
struct tls_handshake {
    struct bytes client_hello;    // the first, where there were two
    struct bytes server_hello;    // the last
    struct bytes certificates[2]; // by side: contents of certificate_list
    struct bytes encrypted_alpn;  // the server's choice in TLS 1.3, when it was decrypted
    enum tls_hello_form form;
    uint16_t version; // agreed; 0: the server has not said
    uint16_t cipher;  // the server chose
    uint16_t group;   // of ServerKeyExchange
    uint16_t dh_bits; // of its prime
    struct tls_alert alerts[TLS_ALERTS_MAX];
    uint8_t alert_count;
    bool server_certificate, server_done; // TLS 1.2: one of them means a full handshake
    bool certificate_requested;
    bool hello_retry;
    bool ocsp_stapled;
    bool decrypted;   // with secrets given
    bool changed[2];  // ChangeCipherSpec was seen from that side
    bool established; // both sides went over to encryption
    bool emitted;
};

// One handshake message, whole. False: it breaks the protocol (anomaly is noted).
[[nodiscard]] bool tls_handshake_message(struct proto_flow *pf, struct tls_handshake *h,
    enum flow_side side, uint8_t type, struct bytes body);

// One alert in the clear: level and description.
void tls_handshake_alert(
    struct proto_flow *pf, struct tls_handshake *h, enum flow_side side, struct bytes alert);

// Write the tls record of this handshake, once, if a hello was seen.
void tls_handshake_emit(struct proto_flow *pf, struct tls_handshake *h);
// What the client's hello tells, for rules that ask for no more.
void tls_handshake_show(struct proto_flow *pf, const struct tls_handshake *h);

// The names in an ALPN extension, at most `room`; how many there are.
size_t tls_alpn_list(struct bytes alpn, struct bytes *out, size_t room);
