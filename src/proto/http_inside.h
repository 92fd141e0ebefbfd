// SPDX-License-Identifier: Apache-2.0
// What travels in the bodies of HTTP and has records of its own: WS-Management (winrm.c) and
// DCE/RPC (MS-RPCH). Memory is the transaction's.
#pragma once
#include "proto/http.h"

// A message's body begins: is it one of these?
void http_inside_begin(struct http_tx *tx);

// Bytes of it after content codings; bytes that are missing.
void http_inside_data(struct http_tx *tx, enum flow_side side, struct bytes data);
void http_inside_gap(struct http_tx *tx, enum flow_side side);

// The transaction is over.
void http_inside_end(struct http_tx *tx);
