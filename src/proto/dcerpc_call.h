// SPDX-License-Identifier: Apache-2.0
// Calls that wait for their answers, and the records made of them.
#pragma once
#include "proto/dcerpc_state.h"

struct dcerpc_call *dcerpc_call_find(const struct dcerpc *rpc, uint32_t id);

// A new call, the youngest. NULL: out of memory. Where too many wait the oldest is given out first.
struct dcerpc_call *dcerpc_call_begin(struct dcerpc *rpc, struct proto_flow *pf, uint32_t id);

// Note that a message of this type belongs to it.
void dcerpc_call_message(struct dcerpc_call *call, uint8_t type);

// A half that is complete, to rules; nothing where the call is part of its carrier's transaction.
void dcerpc_call_show(struct proto_flow *pf, struct dcerpc_call *call, enum flow_side half);

// Give it out and forget it.
void dcerpc_call_finish(struct dcerpc *rpc, struct proto_flow *pf, struct dcerpc_call *call);

// What the verifier of a bind, its answer or auth3 says about who is there. dcerpc_auth.c
void dcerpc_auth(struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_pdu *pdu);

// A call was answered, or refused: the log-on before it was good, or not.
void dcerpc_auth_result(struct dcerpc *rpc, struct proto_flow *pf, const struct dcerpc_call *call);
