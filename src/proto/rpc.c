// SPDX-License-Identifier: Apache-2.0
// ONC RPC over UDP and TCP (RFC 5531): portmapper (RFC 1833 section 3), mount version 1 to 3 (RFC
// 1813 section 5); of other programs the call alone. One rpc record a call, with its answer. The
// same flow machinery reads NFS (nfs.c). Limits: RPC_CALLS without answer, RPC_HEAD_BYTES of a
// message.
#include "proto/rpc.h"

static enum proto_probe rpc_probe(const struct proto_first *first)
{
    return rpc_probe_program(first, false);
}

const struct proto proto_rpc = {
    .name = "rpc",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct rpc_flow),
    .budget_bytes = 4096,
    .buffer_bytes = RPC_HEAD_BYTES + RPC_SEGMENT_BYTES,
    .probe = rpc_probe,
    .parse = rpc_parse,
    .gap = rpc_gap,
    .finish = rpc_finish,
};
