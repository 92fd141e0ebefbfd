// SPDX-License-Identifier: Apache-2.0
// Decryption of one TLS connection whose secrets were given (tls_secrets.h). Without them there is
// no struct tls_decrypt, and nothing here is called.
#pragma once
#include "proto/tls.h"

struct tls_decrypt;

// NULL: no secrets were given, or memory is short.
struct tls_decrypt *tls_decrypt_begin(struct proto_flow *pf);

// End what runs within, forget the keys. Before the parser goes.
void tls_decrypt_end(struct proto_flow *pf, struct tls_decrypt *d);

// The body of a handshake message as TLS 1.2 has it: the certificates of 1.3 have more around them.
struct bytes tls_decrypt_body(
    struct proto_flow *pf, const struct tls_handshake *h, uint8_t type, struct bytes body);

// A handshake message, whole, which `h` has taken: keys follow from it.
void tls_decrypt_message(struct proto_flow *pf, struct tls_decrypt *d, struct tls_handshake *h,
    enum flow_side side, struct bytes whole);

// ChangeCipherSpec up to TLS 1.2. True: what follows from that side can be read.
bool tls_decrypt_change(struct tls_decrypt *d, enum flow_side side);

// Is a record of that type to be opened?
bool tls_decrypt_wants(const struct tls_decrypt *d, enum flow_side side, uint8_t type);

enum tls_opened {
    TLS_OPENED,
    TLS_SKIPPED, // 0-RTT data, whose keys are others
    TLS_FAILED,  // noted; no record will be opened any more
};

// On success *type is what the record holds, *plain its contents, good until the next record.
enum tls_opened tls_decrypt_record(struct proto_flow *pf, struct tls_decrypt *d,
    enum flow_side side, struct bytes record, uint8_t *type, struct bytes *plain);

// Application data for whoever speaks within. False: nobody wants more.
bool tls_decrypt_give(
    struct proto_flow *pf, struct tls_decrypt *d, enum flow_side side, struct bytes data);

void tls_decrypt_side_end(struct proto_flow *pf, struct tls_decrypt *d, enum flow_side side);
