// SPDX-License-Identifier: Apache-2.0
// What calls of portmapper and mount say.
#include "proto/rpc.h"
#include "proto/text_out.h"

static const char *program_name(uint32_t program)
{
    static const struct {
        uint32_t program;
        const char *name;
    } names[] = {{100000, "portmapper"}, {100001, "rstatd"}, {100002, "rusersd"}, {100003, "nfs"},
        {100004, "ypserv"}, {100005, "mountd"}, {100007, "ypbind"}, {100008, "walld"},
        {100009, "yppasswdd"}, {100011, "rquotad"}, {100012, "sprayd"}, {100021, "nlockmgr"},
        {100024, "status"}, {100068, "cmsd"}, {100083, "ttdbserverd"}, {100227, "nfs_acl"},
        {100232, "sadmind"}, {395183, "vxi11_core"}, {395184, "vxi11_async"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].program == program)
            return names[i].name;
    return NULL;
}

static const char *procedure_name(const struct rpc_head *head)
{
    static const char *const portmap[] = {"NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT"};
    static const char *const rpcbind[] = {"NULL", "SET", "UNSET", "GETADDR", "DUMP", "CALLIT",
        "GETTIME", "UADDR2TADDR", "TADDR2UADDR", "GETVERSADDR", "INDIRECT", "GETADDRLIST",
        "GETSTAT"};
    static const char *const mount[] = {
        "NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT", "EXPORTALL"};
    if (head->program == RPC_PORTMAP && head->version <= 2 && head->procedure < 6)
        return portmap[head->procedure];
    if (head->program == RPC_PORTMAP && head->version > 2 && head->procedure < 13)
        return rpcbind[head->procedure];
    if (head->program == RPC_MOUNT && head->procedure < 7)
        return mount[head->procedure];
    return head->procedure == 0 ? "NULL" : NULL;
}

static struct bytes number_text(struct arena *arena, uint32_t number)
{
    char room[12];
    struct text_out out = TEXT_OUT(room);
    text_out_u64(&out, number);
    return text_out_keep(&out, arena);
}

static struct bytes protocol_name(struct arena *arena, uint32_t protocol)
{
    if (protocol == PROTO_TCP || protocol == PROTO_UDP)
        return protocol == PROTO_TCP ? BYTES("tcp") : BYTES("udp");
    return number_text(arena, protocol);
}

// Version 2: program, version, protocol, port. Version 3 and 4: program, version, netid, address.
static void portmap_call(struct rpc_call *call, struct cursor *in)
{
    struct record_rpc *r = &call->rpc;
    uint32_t procedure = call->head.procedure;
    if (procedure == 0 || procedure > 3)
        return;
    r->portmap.program = cursor_u32(in);
    r->portmap.program_name = bytes_from_text(program_name(r->portmap.program));
    r->portmap.version = cursor_u32(in);
    if (call->head.version <= 2) {
        r->portmap.protocol = protocol_name(&call->arena, cursor_u32(in));
        r->portmap.port = (uint16_t)cursor_u32(in);
        r->portmap.has_port = procedure == 1;
    } else {
        r->portmap.protocol = arena_copy(&call->arena, bytes_sub(rpc_opaque(in), 0, 16));
    }
    r->has_portmap = cursor_ok(in);
}

void rpc_program_call(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    (void)pf;
    const struct rpc_head *head = &call->head;
    struct record_rpc *r = &call->rpc;
    if (head->program == RPC_PORTMAP)
        portmap_call(call, in);
    else if (head->program == RPC_MOUNT && (head->procedure == 1 || head->procedure == 3))
        r->mount_path = arena_copy(&call->arena, bytes_sub(rpc_opaque(in), 0, 1024));
}

// "a.b.c.d.p1.p2" (RFC 5665 section 5.2.3.3): the port of a universal address.
static bool address_port(struct bytes text, uint16_t *port)
{
    uint64_t part[2];
    for (size_t i = 0; i < 2; i++) {
        size_t dot = text.len;
        while (dot > 0 && text.data[dot - 1] != '.')
            dot--;
        if (dot == 0 || !bytes_to_u64(bytes_from(text, dot), &part[i]) || part[i] > 255)
            return false;
        text = bytes_sub(text, 0, dot - 1);
    }
    *port = (uint16_t)(part[1] << 8 | part[0]);
    return true;
}

static void portmap_reply(struct rpc_call *call, struct cursor *in)
{
    struct record_rpc *r = &call->rpc;
    if (call->head.procedure != 3 || !r->has_portmap)
        return;
    if (call->head.version <= 2) {
        r->portmap.port = (uint16_t)cursor_u32(in);
        r->portmap.has_port = cursor_ok(in);
    } else {
        struct bytes address = rpc_opaque(in);
        r->portmap.has_port = address_port(address, &r->portmap.port) || address.len == 0;
    }
}

static void exports_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    struct bytes *paths = arena_zalloc(&call->arena, RPC_EXPORTS * sizeof *paths);
    size_t count = 0;
    (void)pf;
    while (paths && count < RPC_EXPORTS && cursor_u32(in) == 1) {
        paths[count++] = arena_copy(&call->arena, rpc_opaque(in));
        while (cursor_u32(in) == 1) // groups that may
            rpc_opaque(in);
        if (!cursor_ok(in))
            count--;
        if (!cursor_ok(in))
            break;
    }
    call->rpc.exports = paths;
    call->rpc.exports_count = paths ? count : 0;
}

static void mount_reply(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    struct record_rpc *r = &call->rpc;
    if (call->head.procedure == 5)
        exports_read(pf, call, in);
    if (call->head.procedure != 1)
        return;
    uint32_t status = cursor_u32(in);
    if (!cursor_ok(in))
        return;
    const char *name = rpc_status_name(status, 3);
    r->mount_status = name ? bytes_from_text(name) : number_text(&call->arena, status);
    if (status)
        return;
    struct bytes handle = call->head.version == 3 ? rpc_opaque(in) : cursor_take(in, 32);
    if (cursor_ok(in))
        r->hhash = nfs_hash_text(&call->arena, nfs_key_of(handle));
}

void rpc_program_reply(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    if (call->head.program == RPC_PORTMAP)
        portmap_reply(call, in);
    else if (call->head.program == RPC_MOUNT)
        mount_reply(pf, call, in);
}

void rpc_program_emit(struct proto_flow *pf, struct rpc_call *call, const struct rpc_head *reply)
{
    static const char *const accepted[] = {
        "SUCCESS", "PROG_UNAVAIL", "PROG_MISMATCH", "PROC_UNAVAIL", "GARBAGE_ARGS", "SYSTEM_ERR"};
    struct record_rpc *r = &call->rpc;
    const struct rpc_head *head = &call->head;
    r->xid = head->xid;
    if (reply)
        r->status = reply->denied ? BYTES("DENIED") : BYTES("ACCEPTED");
    if (reply && !reply->denied && reply->accept < 6)
        r->accept_status = bytes_from_text(accepted[reply->accept]);
    r->auth_type = rpc_auth_name(&call->arena, head->flavor);
    r->has_creds = head->has_creds;
    r->creds = head->creds;
    r->program = head->program;
    r->program_name = bytes_from_text(program_name(head->program));
    r->version = head->version;
    r->procedure = head->procedure;
    r->procedure_name = bytes_from_text(procedure_name(head));
    pf->speaker = FLOW_CLIENT;
    proto_emit_at(pf, RECORD_RPC, r, call->tx, call->time_us);
}
