// SPDX-License-Identifier: Apache-2.0
// Remote procedure calls by which a Windows domain is administered, and by which it is taken over:
// services, tasks, WMI, DCOM, accounts, secrets, traces. One call says little; rpc_call.def says
// which say something, content/detectors how much. Calls whose parameters are sealed are told as
// well, without them. Associations whose beginning was not seen have no names: then calls of DCOM
// (MS-DCOM 2.2.13.2) and of LsarRetrievePrivateData are known by their numbers.
#include "behaviour/rpc_call.h"
#include "base/addr.h"
#include "behaviour/seat.h"
#include "behaviour/words.h"

enum {
    IDISPATCH_GET_IDS = 5,
    LSA_RETRIEVE_PRIVATE_DATA = 43,
    MANY_NAMES = 100, // looked up by one call: no list of permissions has so many
};

static const struct call {
    struct bytes operation;
    const char *detector, *kind;
} calls[] = {
#define CALL(operation, detector, kind) {BYTES(operation), detector, kind},
#include "behaviour/rpc_call.def"
#undef CALL
};

static const struct call unnamed_dcom = {BYTES("IDispatch"), "remote.execution", "dcom_unnamed"};
static const struct call unnamed_secret = {
    BYTES("LsarRetrievePrivateData"), "domain.credentials", "private_data_unnamed"};
static const struct call coercion = {.detector = "domain.exploit", .kind = "coercion"};
static const struct call service_command = {
    .detector = "remote.execution", .kind = "service_command"};
static const struct call many_users = {.detector = "domain.enumeration", .kind = "users"};

// Pipes' and objects' calls of the numbers that nothing else uses there.
static const struct call *guess(const struct record *record, const struct rpc_view *view)
{
    if (view->interface.len)
        return NULL;
    if (view->object.len && view->opnum == IDISPATCH_GET_IDS)
        return &unnamed_dcom;
    bool is_pipe = record->type == RECORD_SMB;
    return is_pipe && view->opnum == LSA_RETRIEVE_PRIVATE_DATA ? &unnamed_secret : NULL;
}

static const struct call *call_of(const struct record *record, const struct rpc_view *view)
{
    for (size_t i = 0; view->operation.len && i < sizeof calls / sizeof *calls; i++)
        if (bytes_equal(view->operation, calls[i].operation))
            return &calls[i];
    return view->operation.len ? NULL : guess(record, view);
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

// A service that is a command line, not a program of its own.
static bool is_command(struct bytes path)
{
    static const char *const words[] = {"%comspec%", "cmd.exe", "cmd /", "powershell", "rundll32",
        "mshta", "\\\\127.0.0.1\\", NULL};
    for (const char *const *word = words; *word; word++)
        if (words_hold(path, *word))
            return true;
    return false;
}

static uint64_t number_of(const struct rpc_view *view, const char *name)
{
    uint64_t number = 0;
    return bytes_to_u64(rpc_arg(view, name), &number) ? number : 0;
}

// Domain, Schema and Enterprise Admins, Administrators (MS-SAMR 2.2.1.14 and MS-DTYP 2.4.2.4).
static bool is_privileged(uint64_t rid)
{
    return rid == 512 || rid == 518 || rid == 519 || rid == 544;
}

// A path that leads elsewhere makes the server log on there; without one, registering for a
// printer's news is what every client does.
static const struct call *judge_exploit(
    const struct call *call, const struct rpc_view *view, const struct addr *server)
{
    if (is_lure(view, server))
        return &coercion;
    return strcmp(call->kind, "printer_notice") == 0 ? NULL : call;
}

// What it is by its parameters. NULL: nothing.
static const struct call *judge(const struct record *record, const struct rpc_view *view)
{
    const struct call *call = call_of(record, view);
    if (!call)
        return NULL;
    if (strcmp(call->detector, coercion.detector) == 0)
        return judge_exploit(call, view, &record->head.dest_ip);
    if (strcmp(call->kind, "many_names") == 0)
        return number_of(view, "sids") >= MANY_NAMES ? &many_users : NULL;
    if (strcmp(call->kind, "privileged_groups") == 0)
        return is_privileged(number_of(view, "rid")) ? call : NULL;
    bool is_service =
        strcmp(call->kind, "service") == 0 || strcmp(call->kind, "service_change") == 0;
    return is_service && is_command(rpc_arg(view, "binary_path")) ? &service_command : call;
}

const char *rpc_call_kind(const struct record *record, const char *detector)
{
    struct rpc_view view;
    const struct call *call = rpc_view_of(record, &view) ? judge(record, &view) : NULL;
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
    struct bytes operation = view->operation.len ? view->operation : call->operation;
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
    const struct call *call = rpc_view_of(record, &view) ? judge(record, &view) : NULL;
    if (call)
        tell(seat, record, call, &view);
}

const struct look rpc_call_look = {
    .types = (const enum record_type[]){RECORD_DCERPC, RECORD_SMB, RECORD_NONE},
    .record = record,
};
