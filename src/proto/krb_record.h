// SPDX-License-Identifier: Apache-2.0
// How a Kerberos message becomes a krb5 record, for krb5.c and krb_emit_carried().
#pragma once
#include "proto/krb_message.h"

enum { KRB_RECORD_BYTES = 64 * 1024 }; // of memory: names, lists, digests of one message

// request: the request itself, or what an answer answers; NULL when that was not seen.
void krb_record_fill(struct record_krb5 *r, const struct krb_message *m,
    const struct krb_message *request, struct arena *arena);

void krb_problems_report(struct proto_flow *pf, uint8_t problems);
