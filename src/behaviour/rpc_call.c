// SPDX-License-Identifier: Apache-2.0
// Remote procedure calls by which a Windows domain is administered, and by which it is taken over:
// services, tasks, WMI, DCOM, accounts, secrets, traces. One call says little; rpc_call.def says
// which say something, content/detectors how much. Calls whose parameters are sealed are told as
// well, without them. Beginnings of associations that were not seen leave no names: then DCOM
// alone is known, by the object that is called (MS-DCOM 2.2.13.2) and IDispatch's numbers.
#include "behaviour/rpc_call.h"
#include "base/addr.h"
#include "behaviour/seat.h"

enum { IDISPATCH_GET_IDS = 5, IDISPATCH_INVOKE = 6 };

static const struct call {
    const char *operation, *detector, *kind;
} calls[] = {
#define CALL(operation, detector, kind) {operation, detector, kind},
#include "behaviour/rpc_call.def"
#undef CALL
};

static const struct call unnamed_dcom = {"IDispatch", "remote.execution", "dcom_unnamed"};
static const struct call coercion = {"", "domain.exploit", "coercion"};

static const struct call *call_of(const struct rpc_view *view)
{
    for (size_t i = 0; view->operation.len && i < sizeof calls / sizeof *calls; i++)
        if (bytes_equal(view->operation, bytes_from_text(calls[i].operation)))
            return &calls[i];
    bool unnamed = view->operation.len == 0 && view->interface.len == 0 && view->object.len;
    return unnamed && view->opnum == IDISPATCH_GET_IDS ? &unnamed_dcom : NULL;
}

// "\\192.0.2.1\share\file", "\\host@8080\share": the server is sent to a place that is not itself.
static bool leads_away(struct bytes path, const struct addr *server)
{
    while (bytes_at(path, 0) == '\\')
        path = bytes_from(path, 1);
    struct bytes host = bytes_sub(path, 0, bytes_find_byte(path, '\\'));
    if (bytes_find_byte(host, '@') != BYTES_NOT_FOUND)
        return true;
    struct addr addr;
    return addr_parse(host, &addr) && memcmp(&addr, server, sizeof addr) != 0;
}

static bool is_lure(const struct rpc_view *view, const struct addr *server)
{
    static const char *const paths[] = {"file", "machine", "share", "server", NULL};
    for (const char *const *name = paths; *name; name++)
        if (leads_away(rpc_arg(view, *name), server))
            return true;
    return false;
}

// A path that leads elsewhere makes the server log on there; without one, registering for a
// printer's news is what every client does.
static const struct call *judge(
    const struct call *call, const struct rpc_view *view, const struct addr *server)
{
    if (strcmp(call->detector, coercion.detector) != 0)
        return call;
    if (is_lure(view, server))
        return &coercion;
    return strcmp(call->kind, "printer_notice") == 0 ? NULL : call;
}

const char *rpc_call_kind(const struct record *record, const char *detector)
{
    struct rpc_view view;
    const struct call *call = rpc_view_of(record, &view) ? call_of(&view) : NULL;
    return call && strcmp(call->detector, detector) == 0 ? call->kind : NULL;
}

static void tell(const struct seat *seat, const struct record *record, const struct call *call,
    const struct rpc_view *view)
{
    static const char *const objects[] = {"service", "path", "file", "object", "query", "key",
        "secret", "user", "machine", "share", "server", NULL};
    static const char *const commands[] = {"binary_path", "command", "method", NULL};
    struct telling telling;
    telling_begin(&telling, call->detector, record, bytes_from_text(call->kind));
    telling.hit.rule = telling.hit.kind;
    struct bytes operation =
        view->operation.len ? view->operation : bytes_from_text(call->operation);
    struct bytes what = rpc_arg_of(view, objects), command = rpc_arg_of(view, commands);
    telling_text(&telling, "operation", operation);
    if (what.len)
        telling_text(&telling, "what", what);
    if (command.len)
        telling_text(&telling, "command", command);
    telling_match(&telling, "dcerpc.operation", operation);
    telling_match(&telling, "dcerpc.args", what);
    telling_match(&telling, "dcerpc.args", command);
    telling_end(&telling, seat);
}

static void record(const struct seat *seat, const struct record *record)
{
    struct rpc_view view;
    if (!rpc_view_of(record, &view))
        return;
    const struct call *call = call_of(&view);
    call = call ? judge(call, &view, &record->head.dest_ip) : NULL;
    if (call)
        tell(seat, record, call, &view);
}

const struct look rpc_call_look = {
    .types = (const enum record_type[]){RECORD_DCERPC, RECORD_SMB, RECORD_NONE},
    .record = record,
};
