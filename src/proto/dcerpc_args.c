// SPDX-License-Identifier: Apache-2.0
// Parameters of well-known operations, read from their stubs.
#include "proto/dcerpc_args.h"

bool dcerpc_args_wanted(const uint8_t uuid[16], uint16_t opnum, enum flow_side side)
{
    (void)uuid, (void)opnum, (void)side;
    return false;
}

void dcerpc_args_fill(
    const struct dcerpc *rpc, struct dcerpc_call *call, struct record_dcerpc *record)
{
    (void)rpc, (void)call, (void)record;
}
