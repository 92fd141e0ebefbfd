// SPDX-License-Identifier: Apache-2.0
// Towers of the endpoint mapper: where an interface can be reached.
#pragma once
#include "proto/dcerpc_state.h"

// Is this a call of the endpoint mapper that has towers?
bool dcerpc_tower_wanted(const uint8_t uuid[16], uint16_t opnum);

// The towers of its answer, else the one that was asked for. wide: the stub is NDR64.
void dcerpc_tower_fill(struct dcerpc_call *call, bool wide, struct record_dcerpc *record);
