// SPDX-License-Identifier: Apache-2.0
// Secrets of one's own TLS sessions, given by the operator: lines of a key log (the format of
// SSLKEYLOGFILE) and RSA private keys. Filled before the workers start, only read from then on;
// never written anywhere.
#pragma once
#include "proto/proto.h"

enum {
    TLS_RANDOM_BYTES = 32,
    TLS_SECRET_MAX_BYTES = 48,
    TLS_PREMASTER_BYTES = 48,
    TLS_KEY_LOG_MAX = 1 << 20, // secrets of one run; 96 MiB
};

enum tls_secret_kind {
    SECRET_MASTER, // up to TLS 1.2
    SECRET_CLIENT_HANDSHAKE,
    SECRET_SERVER_HANDSHAKE,
    SECRET_CLIENT_TRAFFIC,
    SECRET_SERVER_TRAFFIC,
};

struct tls_secret {
    uint8_t random[TLS_RANDOM_BYTES]; // of the ClientHello
    uint8_t kind, len;
    uint8_t value[TLS_SECRET_MAX_BYTES];
};

// NULL: the log has none of that kind for this ClientHello.
const struct tls_secret *tls_secrets_find(
    const struct tls_secrets *secrets, struct bytes random, enum tls_secret_kind kind);

bool tls_secrets_have_keys(const struct tls_secrets *secrets);

// The premaster secret that a client encrypted for the holder of `certificate` (DER). False: that
// is none of the keys given. What does not decrypt gives a random secret, as a server would use.
[[nodiscard]] bool tls_secrets_premaster(const struct tls_secrets *secrets,
    struct bytes certificate, struct bytes encrypted, uint16_t offered, uint16_t agreed,
    uint8_t out[TLS_PREMASTER_BYTES]);
