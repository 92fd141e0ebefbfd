// SPDX-License-Identifier: Apache-2.0
// Parameters of well-known operations, read from their stubs.
#pragma once
#include "proto/dcerpc_state.h"

// Is anything to be had from what `side` says in this operation?
bool dcerpc_args_wanted(const uint8_t uuid[16], uint16_t opnum, enum flow_side side);

// Read the stubs kept into the record; memory is the call's.
void dcerpc_args_fill(
    const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record);
