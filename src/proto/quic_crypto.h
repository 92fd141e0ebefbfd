// SPDX-License-Identifier: Apache-2.0
// Protection of QUIC Initial packets. Their keys follow from a connection id anyone can read
// (RFC 9001 5.2), so that a sensor reads them as the peers do.
#pragma once
#include "base/bytes.h"

enum {
    QUIC_PACKET_MAX_BYTES = 65'527, // a UDP datagram over IPv4
    QUIC_SAMPLE_BYTES = 16,
    QUIC_TAG_BYTES = 16,
    QUIC_SALT_BYTES = 20,
};

enum quic_form { QUIC_FORM_1, QUIC_FORM_2 }; // RFC 9000; RFC 9369: other labels and type bits

struct quic_keys {
    uint8_t key[16], iv[12], hp[16];
};

struct quic_secrets {
    uint8_t client[32], server[32];
};

// Initial secrets of a connection whose client chose `cid`. False: OpenSSL refused.
[[nodiscard]] bool quic_secrets_derive(
    const uint8_t salt[QUIC_SALT_BYTES], struct bytes cid, struct quic_secrets *out);

[[nodiscard]] bool quic_keys_derive(
    const uint8_t secret[32], enum quic_form form, struct quic_keys *out);

// Takes the protection off one long-header packet: `packet` reaches to its end by its length
// field, its packet number begins at `number_at`. The payload is written to `room`, which holds
// packet.len bytes. False: not protected with these keys, or damaged.
[[nodiscard]] bool quic_packet_open(const struct quic_keys *keys, struct bytes packet,
    size_t number_at, uint8_t *room, struct bytes *payload);
