// SPDX-License-Identifier: Apache-2.0
// Pipes of a file server: what is spoken over them is DCE/RPC (MS-RPCE 2.1.1.2), whose calls make
// smb records. What is not is left alone.
#include "proto/dcerpc_pdu.h"
#include "proto/smb.h"
#include <stdio.h>

bool smb_pipe_likely(struct bytes data)
{
    return dcerpc_likely(data);
}

static void note_command(struct smb_handle *h, int64_t time_us, uint16_t command)
{
    unsigned at = h->rpc_by_next++ % SMB_PIPE_COMMANDS;
    h->rpc_by[at].time_us = time_us;
    h->rpc_by[at].command = command;
}

// The command that carried a request: the last one that began before it.
static uint16_t command_at(const struct smb_handle *h, int64_t time_us)
{
    for (unsigned i = 1; i <= SMB_PIPE_COMMANDS && i <= h->rpc_by_next; i++) {
        unsigned at = (h->rpc_by_next - i) % SMB_PIPE_COMMANDS;
        if (h->rpc_by[at].time_us <= time_us)
            return h->rpc_by[at].command;
    }
    return h->rpc_by[h->rpc_by_next % SMB_PIPE_COMMANDS].command;
}

// A call with its answer: the record of the request that brought it.
static void emit_call(
    struct proto_flow *pf, void *context, const struct record_dcerpc *call, int64_t time_us)
{
    const struct smb_handle *h = context;
    const struct smb_carve *written = &h->carve[FLOW_CLIENT];
    struct record_smb r = {.named_pipe = h->name, .share = h->share};
    struct smb_tx tx = {.version = h->version,
        .command = command_at(h, time_us),
        .session_id = h->session_id,
        .tree_id = h->tree_id,
        .time_us = time_us,
        .tx_id = pf->tx_count++,
        .record = &r,
        .answered = true,
        .wants_account = true};
    arena_init(&tx.arena, pf->arena.pool, 1024);
    dcerpc_for_smb(call, &r.dcerpc);
    r.id = tx.tx_id + 1;
    if (written->answered)
        smb_record_status(&tx, written->status);
    smb_record_emit(pf, &tx);
    arena_reset(&tx.arena);
}

static struct dcerpc *rpc_new(struct proto_flow *pf, struct smb_handle *h)
{
    char room[SMB_NAME_BYTES + 8];
    struct bytes name = bytes_from(h->name, bytes_at(h->name, 0) == '\\'); // SMB1 begins with it
    int len = snprintf(room, sizeof room, "\\PIPE\\%.*s", (int)name.len, (const char *)name.data);
    struct dcerpc_setup setup = {.transport = "ncacn_np",
        .named_pipe = bytes_make(room, len > 0 && h->name.len > 0 ? (size_t)len : 0),
        .emit = emit_call,
        .context = h};
    return dcerpc_create(pf, &setup);
}

// The first bytes written to a pipe decide; fewer than a header's get the benefit of the doubt.
bool smb_pipe_begin(
    struct proto_flow *pf, struct smb_handle *h, uint16_t command, struct bytes first)
{
    note_command(h, pf->time_us, command);
    if (h->rpc || h->not_rpc)
        return h->rpc != NULL;
    bool likely = first.len >= 8 ? dcerpc_likely(first) : bytes_at(first, 0) == 5;
    if (likely)
        h->rpc = rpc_new(pf, h);
    h->not_rpc = !h->rpc;
    return h->rpc != NULL;
}

void smb_pipe_data(
    struct proto_flow *pf, struct smb_handle *h, enum flow_side side, struct bytes data)
{
    h->carve[side].bytes += data.len;
    if (h->rpc)
        dcerpc_feed(h->rpc, pf, side, data);
}

void smb_pipe_gap(struct proto_flow *pf, struct smb_handle *h, enum flow_side side)
{
    if (h->rpc)
        dcerpc_gap(h->rpc, pf, side);
}

void smb_pipe_end(struct proto_flow *pf, struct smb_handle *h)
{
    dcerpc_destroy(h->rpc, pf);
    h->rpc = NULL;
}
