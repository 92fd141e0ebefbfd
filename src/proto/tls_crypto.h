// SPDX-License-Identifier: Apache-2.0
// Keys of TLS records out of secrets, and records opened with them. OpenSSL does the arithmetic.
#pragma once
#include "base/bytes.h"
#include "proto/tls_secrets.h"

enum {
    TLS_MASTER_BYTES = 48,
    TLS_HASH_MAX_BYTES = 48,
    TLS_KEY_MAX_BYTES = 32,
    TLS_IV_MAX_BYTES = 16,
    TLS_MAC_MAX_BYTES = 48,
};

enum tls_protection { PROTECT_AEAD, PROTECT_CBC };

// What a cipher suite protects records with.
struct tls_suite {
    uint16_t id;
    enum tls_protection protection;
    const char *cipher; // OpenSSL's names
    const char *mac;    // of CBC
    const char *hash;   // of key derivation in 1.2 and later
    uint8_t key_bytes, iv_bytes, mac_bytes;
    bool rsa; // the premaster secret travels, encrypted for the server's key
};

// NULL: not a suite that is decrypted.
const struct tls_suite *tls_suite_find(uint16_t id);

// What opens the records of one side.
struct tls_key {
    const struct tls_suite *suite; // NULL: none
    uint16_t version;
    bool mac_outside; // RFC 7366
    uint64_t number;  // of the next record
    uint8_t key[TLS_KEY_MAX_BYTES], iv[TLS_IV_MAX_BYTES], mac[TLS_MAC_MAX_BYTES];
};

// RFC 5246 8.1; with the hash of the messages so far instead of the randoms: RFC 7627 4.
[[nodiscard]] bool tls_master_derive(uint16_t version, const struct tls_suite *suite,
    struct bytes premaster, bool extended, struct bytes seed, uint8_t out[TLS_MASTER_BYTES]);

// The hash an extended master secret is bound to. Its length, 0 when OpenSSL refuses.
size_t tls_session_hash(uint16_t version, const struct tls_suite *suite, struct bytes messages,
    uint8_t out[TLS_HASH_MAX_BYTES]);

// RFC 5246 6.3. seed: the server's random, then the client's.
[[nodiscard]] bool tls_keys_derive(uint16_t version, const struct tls_suite *suite,
    struct bytes master, struct bytes seed, bool mac_outside, struct tls_key out[2]);

// RFC 8446 7.3.
[[nodiscard]] bool tls_keys_derive_13(
    const struct tls_suite *suite, struct bytes secret, struct tls_key *out);

// RFC 8446 7.2, in place.
[[nodiscard]] bool tls_secret_update(const struct tls_suite *suite, uint8_t *secret, size_t len);

// One record: its header's five bytes and its contents; `room` holds content.len bytes. False: it
// was not protected with this key. The plaintext of 1.3 still has its inner type and padding.
[[nodiscard]] bool tls_record_open(struct tls_key *key, const uint8_t header[5],
    struct bytes content, uint8_t *room, struct bytes *plain);
