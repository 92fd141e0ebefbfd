// SPDX-License-Identifier: Apache-2.0
// Fingerprints of TLS hellos: JA3, JA3S, and of JA4 the part for TLS clients.
#pragma once
#include "proto/tls_hello.h"

enum {
    JA_HASH_TEXT_BYTES = 32,
    JA3_TEXT_BYTES = 16'384, // three lists of TLS_HELLO_LIST_MAX numbers, and 255 point formats
    JA4_TEXT_BYTES = 36,
};

struct ja3 {
    char hash[JA_HASH_TEXT_BYTES];
    size_t len;
    char text[JA3_TEXT_BYTES];
};

enum ja4_carrier { JA4_TLS = 't', JA4_QUIC = 'q', JA4_DTLS = 'd' };

// A hello that is too_long has no fingerprint: the answer is false.
[[nodiscard]] bool ja3_client(const struct tls_hello *client, struct ja3 *out);
[[nodiscard]] bool ja3_server(const struct tls_hello *server, struct ja3 *out);
[[nodiscard]] bool ja4_client(
    const struct tls_hello *client, enum ja4_carrier carrier, char out[JA4_TEXT_BYTES]);
