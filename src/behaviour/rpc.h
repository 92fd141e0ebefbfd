// SPDX-License-Identifier: Apache-2.0
// A DCE/RPC call, whether it came over TCP or through a pipe of a file server.
#pragma once
#include "schema/records.h"

struct rpc_view {
    struct bytes request;                      // type of the message; logs of others have none
    struct bytes interface, operation, object; // by name; object: a UUID, of DCOM
    uint16_t opnum;
    const struct record_dcerpc_arg *args;
    size_t args_count;
};

// False: the record is no call, or a call of which nothing is known.
bool rpc_view_of(const struct record *record, struct rpc_view *view);

// A parameter's value; empty: there is none of that name.
struct bytes rpc_arg(const struct rpc_view *view, const char *name);

// The first parameter of those names (up to NULL) that has a value.
struct bytes rpc_arg_of(const struct rpc_view *view, const char *const *names);
