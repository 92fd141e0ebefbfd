// SPDX-License-Identifier: Apache-2.0
#include "behaviour/rpc.h"

static struct bytes name_of(
    const struct record_dcerpc_interface *interfaces, size_t count, struct bytes endpoint)
{
    return count && interfaces->service.len ? interfaces->service : endpoint;
}

static void view_flow(const struct record_dcerpc *call, struct rpc_view *view)
{
    *view = (struct rpc_view){
        .request = call->request,
        .interface = name_of(call->interfaces, call->interfaces_count, call->endpoint),
        .operation = call->operation,
        .object = call->object,
        .opnum = call->req.opnum,
        .args = call->args,
        .args_count = call->args_count,
    };
}

static void view_pipe(const struct record_smb *smb, struct rpc_view *view)
{
    const struct record_dcerpc_call *call = &smb->dcerpc;
    *view = (struct rpc_view){
        .request = call->request,
        .interface = name_of(call->interfaces, call->interfaces_count, call->endpoint),
        .operation = call->operation,
        .object = call->object,
        .opnum = call->opnum,
        .args = call->args,
        .args_count = call->args_count,
    };
}

bool rpc_view_of(const struct record *record, struct rpc_view *view)
{
    if (record->type == RECORD_DCERPC)
        view_flow(record->body, view);
    else if (record->type == RECORD_SMB)
        view_pipe(record->body, view);
    else
        return false;
    return view->operation.len || bytes_equal(view->request, BYTES("REQUEST"));
}

struct bytes rpc_arg(const struct rpc_view *view, const char *name)
{
    for (size_t i = 0; i < view->args_count; i++)
        if (bytes_equal(view->args[i].name, bytes_from_text(name)))
            return view->args[i].value;
    return (struct bytes){NULL, 0};
}

struct bytes rpc_arg_of(const struct rpc_view *view, const char *const *names)
{
    struct bytes value = {NULL, 0};
    for (; *names && value.len == 0; names++)
        value = rpc_arg(view, *names);
    return value;
}
