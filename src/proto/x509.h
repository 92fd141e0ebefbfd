// SPDX-License-Identifier: Apache-2.0
// What a certificate says of itself (RFC 5280), read without checking its signature.
#pragma once
#include "base/arena.h"
#include "base/bytes.h"

enum {
    X509_NAME_TEXT_BYTES = 2048, // of one distinguished name; longer ones are cut
    X509_NAME_PARTS_MAX = 64,    // attributes of one name
    X509_SANS_MAX = 256,         // alternative names listed; all of them are looked at for a match
    X509_TIME_TEXT_BYTES = 20,
};

// Slices lie in the certificate's bytes.
struct x509 {
    struct bytes serial;  // two's complement, big endian
    struct bytes issuer;  // Name, contents of its SEQUENCE
    struct bytes subject; // the same
    struct bytes sans;    // GeneralNames, contents of its SEQUENCE; {NULL, 0}: none
    int64_t not_before_s; // since 1970
    int64_t not_after_s;
    struct bytes key_type;  // "rsa", "ec", "ed25519", ...; {NULL, 0}: one we do not know
    struct bytes signature; // "sha256WithRSAEncryption"...; {NULL, 0}: one we do not know
    uint32_t key_bits;
    bool signature_weak; // MD2, MD4, MD5 or SHA-1
    bool key_weak;       // below 112 bits of strength
    bool ca;
};

// False: not a certificate in DER.
[[nodiscard]] bool x509_parse(struct bytes der, struct x509 *out);

// "C=US, O=Example, CN=www": the way EVE writes it, UTF-8; " + " between values of one RDN.
// Lives as long as the arena; {NULL, 0} when that is out of memory.
struct bytes x509_name_text(struct bytes name, struct arena *arena);

// "08:3A:FF"; {NULL, 0} when the arena is out of memory.
struct bytes x509_serial_text(struct bytes serial, struct arena *arena);

// "2017-03-23T00:00:00" into out; its length.
size_t x509_time_text(int64_t time_s, char out[X509_TIME_TEXT_BYTES]);

// Alternative names as text (DNS, mail, URI, address), at most `room`; how many were written.
// `cut` is set when there were more.
size_t x509_sans_list(
    const struct x509 *cert, struct bytes *out, size_t room, struct arena *arena, bool *cut);

// Is the certificate made out to this host (RFC 6125: DNS names with one wildcard as the whole
// leftmost label; the common name only when there is no DNS name)?
bool x509_names_host(const struct x509 *cert, struct bytes host);
