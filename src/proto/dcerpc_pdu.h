// SPDX-License-Identifier: Apache-2.0
// DCE/RPC, connection-oriented (C706 chapter 12, MS-RPCE section 2.2.2): the PDUs of one
// association, whatever carries them: TCP, a named pipe of SMB, HTTP. Calls are paired with their
// answers and given to whoever set the association up, one record each.
#pragma once
#include "proto/proto.h"

enum {
    DCERPC_HEADER_BYTES = 16,
    DCERPC_FRAGMENT_BYTES = 65535, // most that a fragment can have
};

struct dcerpc; // an association

// How an association is carried, and who wants its calls.
struct dcerpc_setup {
    const char *transport;   // "ncacn_ip_tcp", "ncacn_np", "ncacn_http"; a constant
    struct bytes named_pipe; // "\\PIPE\\svcctl"; empty where there is none. Copied.
    bool one_way;            // answers travel elsewhere, or calls
    // A call and its answer are complete, or known not to be: `call` and what it points to are
    // good until this returns. time_us: that of the request. NULL: a dcerpc record is written.
    void (*emit)(
        struct proto_flow *pf, void *context, const struct record_dcerpc *call, int64_t time_us);
    void *context;
};

// Could these be the first bytes of a PDU? 8 bytes say it as well as 16 do.
bool dcerpc_likely(struct bytes data);

// NULL: out of memory; the other functions take NULL. The association lives in arenas of its own.
struct dcerpc *dcerpc_create(struct proto_flow *pf, const struct dcerpc_setup *setup);

// What is known of the pipe later than at the start: its name.
void dcerpc_named(struct dcerpc *rpc, struct bytes named_pipe);

// For carriers that keep what is unread (TCP): the whole PDUs in `in`. Answers PROTO_MORE, with
// pf->need set where a PDU is not complete, or PROTO_BROKEN.
enum proto_verdict dcerpc_read(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct cursor *in);

// For carriers that do not (SMB writes and reads, HTTP bodies): any piece of what `side` says. What
// is no DCE/RPC is an anomaly once and ignored from there on.
void dcerpc_feed(struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct bytes data);

// Bytes of `side` are missing here.
void dcerpc_gap(struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side);

// The association ends: calls still waiting are given out as unreplied.
void dcerpc_destroy(struct dcerpc *rpc, struct proto_flow *pf);

// The same call as EVE's smb record shows it. Points into `call`.
void dcerpc_for_smb(const struct record_dcerpc *call, struct record_dcerpc_call *out);
