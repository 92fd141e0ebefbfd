// SPDX-License-Identifier: Apache-2.0
// WS-Management in a transaction of HTTP.
#pragma once
#include "proto/http.h"

struct winrm;

// NULL: it is none, or out of memory.
struct winrm *winrm_begin(struct http_tx *tx);
void winrm_data(struct http_tx *tx, enum flow_side side, struct bytes data);
void winrm_gap(struct http_tx *tx, enum flow_side side);

// Emits the winrm record.
void winrm_end(struct http_tx *tx);
