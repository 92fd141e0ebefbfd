// SPDX-License-Identifier: Apache-2.0
// Flows: who talks to whom. The table, its timeouts, TCP put back in order, the flow record.
#pragma once
#include "base/addr.h"
#include "base/bytes.h"
#include "decode/decode.h"
#include "schema/records.h"

enum flow_side { FLOW_CLIENT, FLOW_SERVER }; // who sent it; EVE's to_server, to_client

struct flow;

static inline enum flow_side flow_other(enum flow_side side)
{
    return side == FLOW_CLIENT ? FLOW_SERVER : FLOW_CLIENT;
}

uint16_t flow_port(const struct flow *flow, enum flow_side side);
struct addr flow_addr(const struct flow *flow, enum flow_side side);
