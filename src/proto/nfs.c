// SPDX-License-Identifier: Apache-2.0
// NFS version 2 (RFC 1094), 3 (RFC 1813) and 4 (RFC 7530, 8881) over ONC RPC. One nfs record a call
// with its answer (GETATTR, NULL and compounds that only look are left out); one a file that READ
// or WRITE carry, which is carved. Names are remembered for handles. Limits: NFS_NAMES handles,
// NFS_FILES files at once, RPC_HEAD_BYTES of a message beside file data. Chunks of a file that
// come out of order are a gap. What RPCSEC_GSS encrypts is not read.
#include "proto/rpc.h"

static enum proto_probe nfs_probe(const struct proto_first *first)
{
    return rpc_probe_program(first, true);
}

const struct proto proto_nfs = {
    .name = "nfs",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct rpc_flow),
    .budget_bytes = NFS_NAMES * sizeof(struct nfs_name) + 4096,
    .buffer_bytes = RPC_HEAD_BYTES + RPC_SEGMENT_BYTES,
    .probe = nfs_probe,
    .parse = rpc_parse,
    .gap = rpc_gap,
    .finish = rpc_finish,
};
