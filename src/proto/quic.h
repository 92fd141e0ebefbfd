// SPDX-License-Identifier: Apache-2.0
// Parts of the QUIC parser: versions and packet headers.
#pragma once
#include "base/cursor.h"
#include "proto/quic_crypto.h"

enum {
    QUIC_CID_MAX_BYTES = 20,
    QUIC_VERSION_TEXT_BYTES = 16,
};

// What carries the handshake in Initial packets.
enum quic_handshake {
    QUIC_TLS,          // CRYPTO frames, TLS 1.3
    QUIC_GOOGLE,       // Google's own in CRYPTO frames (Q050)
    QUIC_GOOGLE_CLEAR, // Google's own, not encrypted (Q043, Q046...)
};

struct quic_version {
    uint32_t number;
    enum quic_handshake handshake;
    enum quic_form form;
    const uint8_t *salt;
};

const struct quic_version *quic_version_find(uint32_t number); // NULL: not one we read
struct bytes quic_version_text(uint32_t number, char room[QUIC_VERSION_TEXT_BYTES]);

enum quic_packet_type {
    QUIC_INITIAL,
    QUIC_ZERO_RTT,
    QUIC_HANDSHAKE,
    QUIC_RETRY,
    QUIC_NEGOTIATION,
    QUIC_SHORT,
    QUIC_UNKNOWN, // a long header of a version we do not read
};

struct quic_packet {
    enum quic_packet_type type;
    uint32_t version;
    const struct quic_version *known;
    struct bytes dcid, scid;
    struct bytes whole; // to the end by its own length; by the datagram's where it has none
    size_t number_at;   // packet number, in `whole`
    struct bytes rest;  // behind the connection ids: versions offered, frames in the clear
};

// The next packet of a datagram, which the cursor passes. False: not QUIC, or cut off.
[[nodiscard]] bool quic_packet_read(struct cursor *datagram, struct quic_packet *out);

uint64_t quic_varint(struct cursor *c);
