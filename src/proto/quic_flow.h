// SPDX-License-Identifier: Apache-2.0
// What is kept of one QUIC connection until its record is written; shared by quic.c, quic_emit.c.
#pragma once
#include "proto/pieces.h"
#include "proto/proto.h"
#include "proto/quic.h"

enum { QUIC_OFFERED_MAX = 16 }; // versions listed of a version negotiation

struct quic_cid {
    uint8_t len;
    uint8_t bytes[QUIC_CID_MAX_BYTES];
};

struct quic_state {
    uint32_t version;           // of the last packet that was understood
    struct quic_cid secret_cid; // which the secrets follow from
    uint32_t secret_version;    // 0: there are none yet
    struct quic_secrets secrets;
    struct quic_keys keys[2];
    bool has_keys[2];
    struct pieces *stream[2];  // CRYPTO frames
    size_t taken[2];           // bytes of messages read from its front
    struct bytes client_hello; // bodies, in the flow's arena; {NULL, 0}: not seen
    struct bytes server_hello;
    struct bytes google_hello; // tag-value block of a CHLO
    struct quic_cid client_cid, server_cid;
    uint32_t offered[QUIC_OFFERED_MAX];
    uint8_t offered_count;
    uint8_t derivations, datagrams;
    bool retry, hello_retry, early_data;
    bool beyond[2]; // that side went past Initial packets
    bool emitted;
};

// Write the quic record, once, if a packet was understood.
void quic_emit(struct proto_flow *pf, struct quic_state *s);
