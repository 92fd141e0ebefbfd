// SPDX-License-Identifier: Apache-2.0
// The certificate list of a handshake: in words for the record, and what is wrong with it.
#pragma once
#include "proto/tls.h"
#include "proto/x509.h"

enum tls_chain_problem {
    CHAIN_EXPIRED,
    CHAIN_ISSUER_EXPIRED,
    CHAIN_NOT_YET_VALID,
    CHAIN_NAME_MISMATCH,
    CHAIN_SELF_SIGNED,
    CHAIN_ISSUER_MISMATCH,
    CHAIN_WEAK_KEY,
    CHAIN_WEAK_SIGNATURE,
    CHAIN_BROKEN_CERTIFICATE,
    CHAIN_TOO_MANY_CERTIFICATES,
    CHAIN_PROBLEMS,
};

// Slices live as long as the flow's arena.
struct tls_chain {
    struct record_tls_certificate list[TLS_CERTIFICATES_MAX]; // the peer's own comes first
    size_t count;
    struct bytes problems[CHAIN_PROBLEMS];
    size_t problem_count;
};

// `certificates` is the contents of certificate_list (RFC 5246 7.4.2); `host` the name the client
// asked for, empty for a client's chain. Anomalies are noted.
void tls_chain_read(
    struct proto_flow *pf, struct bytes certificates, struct bytes host, struct tls_chain *out);
