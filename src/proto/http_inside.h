// SPDX-License-Identifier: Apache-2.0
// What travels in HTTP and has records of its own: WS-Management (winrm.c), DCE/RPC (MS-RPCH) and
// DNS (http_doh.c). Memory is the transaction's.
#pragma once
#include "proto/http.h"

// A message's body begins: is it one of these?
void http_inside_begin(struct http_tx *tx);

// The head of a message is over; the body is.
void http_doh_head(struct http_tx *tx, enum flow_side side);
void http_doh_data(struct http_tx *tx, enum flow_side side, struct bytes data);
void http_doh_end(struct http_tx *tx, enum flow_side side);

// Bytes of it after content codings; bytes that are missing.
void http_inside_data(struct http_tx *tx, enum flow_side side, struct bytes data);
void http_inside_gap(struct http_tx *tx, enum flow_side side);

// The transaction is over.
void http_inside_end(struct http_tx *tx);
