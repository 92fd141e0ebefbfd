// SPDX-License-Identifier: Apache-2.0
// Compounds of NFS version 4 (RFC 7530 section 16, RFC 8881 section 18): operations one by one, as
// far as those are known that come before.
#include "proto/rpc.h"
#include "proto/text_out.h"

enum operation {
    ACCESS = 3,
    CLOSE,
    COMMIT,
    CREATE,
    GETATTR = 9,
    GETFH,
    LINK,
    LOOKUP = 15,
    LOOKUPP,
    OPEN = 18,
    OPEN_CONFIRM = 20,
    PUTFH = 22,
    PUTPUBFH,
    PUTROOTFH,
    READ,
    READDIR,
    READLINK,
    REMOVE,
    RENAME,
    RENEW,
    RESTOREFH,
    SAVEFH,
    SECINFO,
    SETATTR,
    SETCLIENTID,
    SETCLIENTID_CONFIRM,
    WRITE = 38,
    SEQUENCE = 53,
};

enum { OPERATIONS = 60, STATEID_BYTES = 16, CHANGE_BYTES = 20 };

static const char *const operations[OPERATIONS] = {[3] = "ACCESS",
    "CLOSE",
    "COMMIT",
    "CREATE",
    "DELEGPURGE",
    "DELEGRETURN",
    "GETATTR",
    "GETFH",
    "LINK",
    "LOCK",
    "LOCKT",
    "LOCKU",
    "LOOKUP",
    "LOOKUPP",
    "NVERIFY",
    "OPEN",
    "OPENATTR",
    "OPEN_CONFIRM",
    "OPEN_DOWNGRADE",
    "PUTFH",
    "PUTPUBFH",
    "PUTROOTFH",
    "READ",
    "READDIR",
    "READLINK",
    "REMOVE",
    "RENAME",
    "RENEW",
    "RESTOREFH",
    "SAVEFH",
    "SECINFO",
    "SETATTR",
    "SETCLIENTID",
    "SETCLIENTID_CONFIRM",
    "VERIFY",
    "WRITE",
    "RELEASE_LOCKOWNER",
    "BACKCHANNEL_CTL",
    "BIND_CONN_TO_SESSION",
    "EXCHANGE_ID",
    "CREATE_SESSION",
    "DESTROY_SESSION",
    "FREE_STATEID",
    "GET_DIR_DELEGATION",
    "GETDEVICEINFO",
    "GETDEVICELIST",
    "LAYOUTCOMMIT",
    "LAYOUTGET",
    "LAYOUTRETURN",
    "SECINFO_NO_NAME",
    "SEQUENCE",
    "SET_SSV",
    "TEST_STATEID",
    "WANT_DELEGATION",
    "DESTROY_CLIENTID",
    "RECLAIM_COMPLETE"};

// Operations a compound is for, if no other tells of something.
static bool is_telling(uint32_t op)
{
    switch (op) {
    case CREATE:
    case LINK:
    case LOOKUP:
    case OPEN:
    case READDIR:
    case READLINK:
    case REMOVE:
    case RENAME:
    case SETATTR:
    case SECINFO: return true;
    default: return false;
    }
}

static struct bytes name_read(struct rpc_call *call, struct cursor *in)
{
    return arena_copy(&call->arena, bytes_sub(rpc_opaque(in), 0, 1024));
}

static void bitmap_skip(struct cursor *in)
{
    uint32_t words = cursor_u32(in);
    cursor_skip(in, words < 64 ? 4 * (size_t)words : SIZE_MAX);
}

static void attributes_skip(struct cursor *in)
{
    bitmap_skip(in);
    rpc_opaque(in);
}

static void create_args(struct rpc_call *call, struct cursor *in)
{
    uint32_t type = cursor_u32(in);
    if (type == 5)
        call->nfs.target = name_read(call, in);
    if (type == 3 || type == 4)
        cursor_skip(in, 8);
    call->name = name_read(call, in);
    attributes_skip(in);
}

static void open_args(struct rpc_call *call, struct cursor *in)
{
    cursor_skip(in, 12 + 8); // seqid, access, deny, clientid
    rpc_opaque(in);
    if (cursor_u32(in) == 1) {
        uint32_t mode = cursor_u32(in);
        cursor_skip(in, mode >= 2 ? 8 : 0);
        if (mode != 2)
            attributes_skip(in);
    }
    uint32_t claim = cursor_u32(in);
    cursor_skip(in, claim == 1 ? 4 : claim == 2 || claim == 5 ? STATEID_BYTES : 0);
    if (claim == 0 || claim == 2 || claim == 3)
        call->name = name_read(call, in);
}

static void write_args(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    cursor_skip(in, STATEID_BYTES);
    uint64_t offset = cursor_u64(in);
    bool stable = cursor_u32(in) != 0;
    struct cursor at = *in;
    uint32_t count = cursor_u32(&at);
    struct bytes data = bytes_sub(cursor_rest(&at), 0, count);
    if (cursor_ok(&at) && count <= RPC_RECORD_BYTES)
        nfs_file_chunk(pf, call, call->key, true, offset, count, data, stable);
    rpc_opaque(in);
}

// False: its arguments are not known, and those of the ones behind it can't be found.
static bool operation_args(
    struct proto_flow *pf, struct rpc_call *call, uint32_t op, struct cursor *in)
{
    switch (op) {
    case GETFH:
    case LOOKUPP:
    case PUTPUBFH:
    case PUTROOTFH:
    case READLINK:
    case RESTOREFH:
    case SAVEFH: return true;
    case ACCESS: cursor_skip(in, 4); return true;
    case CLOSE:
        cursor_skip(in, 4 + STATEID_BYTES);
        call->closes = true;
        return true;
    case COMMIT:
        cursor_skip(in, 12);
        call->commits = true;
        return true;
    case GETATTR: bitmap_skip(in); return true;
    case CREATE: create_args(call, in); return true;
    case OPEN: open_args(call, in); return true;
    case OPEN_CONFIRM: cursor_skip(in, STATEID_BYTES + 4); return true;
    case PUTFH: call->key = nfs_key_of(rpc_opaque(in)); return true;
    case LOOKUP:
    case REMOVE:
    case SECINFO: call->name = name_read(call, in); return true;
    case LINK: call->nfs.target = name_read(call, in); return true;
    case RENAME:
        call->name = call->nfs.rename.from = name_read(call, in);
        call->nfs.rename.to = name_read(call, in);
        return true;
    case READ:
        cursor_skip(in, STATEID_BYTES);
        call->offset = cursor_u64(in);
        cursor_skip(in, 4);
        return true;
    case READDIR:
        cursor_skip(in, 24);
        bitmap_skip(in);
        return true;
    case RENEW: cursor_skip(in, 8); return true;
    case SETATTR:
        cursor_skip(in, STATEID_BYTES);
        attributes_skip(in);
        return true;
    case SETCLIENTID_CONFIRM: cursor_skip(in, 16); return true;
    case WRITE: write_args(pf, call, in); return true;
    case SEQUENCE: cursor_skip(in, 32); return true;
    default: return false;
    }
}

static const char *operation_name(uint32_t op)
{
    const char *name = op < OPERATIONS ? operations[op] : NULL;
    return name ? name : "ILLEGAL";
}

bool nfs4_call_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    struct record_nfs *r = &call->nfs;
    struct bytes *list = arena_zalloc(&call->arena, NFS_OPERATIONS * sizeof *list);
    if (call->head.procedure != 1 || !list)
        return true;
    rpc_opaque(in); // tag
    r->minor_version = cursor_u32(in);
    r->has_minor_version = cursor_ok(in);
    uint32_t count = cursor_u32(in), op = 0, tells = 0;
    bool known = true;
    for (uint32_t i = 0; known && i < count && i < NFS_OPERATIONS; i++) {
        op = cursor_u32(in);
        if (!cursor_ok(in))
            break;
        list[r->operations_count++] = bytes_from_text(operation_name(op));
        known = operation_args(pf, call, op, in);
        // The last one that tells: a path is looked up step by step.
        tells = is_telling(op) || (!known && !tells) ? op : tells;
    }
    r->operations = list;
    if (tells) {
        r->procedure = bytes_from_text(operation_name(tells));
        r->filename = call->name;
        r->hhash = nfs_hash_text(&call->arena, call->key);
        r->object = arena_copy(&call->arena, nfs_name_get(pf, call->key, false));
    }
    return cursor_ok(in);
}

static void ace_skip(struct cursor *in)
{
    cursor_skip(in, 12);
    rpc_opaque(in);
}

static void open_result(struct cursor *in)
{
    cursor_skip(in, STATEID_BYTES + CHANGE_BYTES + 4);
    bitmap_skip(in);
    uint32_t delegation = cursor_u32(in);
    if (delegation == 1 || delegation == 2) {
        cursor_skip(in, STATEID_BYTES + 4 + (delegation == 2 ? 12 : 0));
        ace_skip(in);
    }
    if (delegation == 3) {
        uint32_t why = cursor_u32(in);
        cursor_skip(in, why == 1 || why == 2 ? 4 : 0);
    }
}

static void read_result(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    bool last = cursor_u32(in) == 1;
    struct cursor at = *in;
    uint32_t count = cursor_u32(&at);
    struct bytes data = bytes_sub(cursor_rest(&at), 0, count);
    if (cursor_ok(&at) && count <= RPC_RECORD_BYTES)
        nfs_file_chunk(pf, call, call->key, false, call->offset, count, data, last);
    rpc_opaque(in);
}

static void folder_result(struct rpc_call *call, struct cursor *in)
{
    struct bytes *list = arena_zalloc(&call->arena, NFS_ENTRIES * sizeof *list);
    size_t count = 0;
    cursor_skip(in, 8);
    while (list && count < NFS_ENTRIES && cursor_u32(in) == 1) {
        cursor_skip(in, 8);
        struct bytes name = arena_copy(&call->arena, rpc_opaque(in));
        attributes_skip(in);
        if (!cursor_ok(in))
            break;
        list[count++] = name.data ? name : BYTES("");
    }
    call->nfs.entries = list;
    call->nfs.entries_count = list ? count : 0;
}

static void handle_result(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    struct nfs_key key = nfs_key_of(rpc_opaque(in));
    if (!cursor_ok(in))
        return;
    nfs_name_set(pf, key, call->name, true);
    if (call->nfs.procedure.data)
        call->nfs.hhash = nfs_hash_text(&call->arena, key);
}

static bool operation_result(
    struct proto_flow *pf, struct rpc_call *call, uint32_t op, struct cursor *in)
{
    switch (op) {
    case LOOKUP:
    case LOOKUPP:
    case PUTFH:
    case PUTPUBFH:
    case PUTROOTFH:
    case RESTOREFH:
    case RENEW:
    case SETCLIENTID_CONFIRM:
    case SAVEFH: return true;
    case ACCESS: cursor_skip(in, 8); return true;
    case CLOSE: cursor_skip(in, STATEID_BYTES); return true;
    case COMMIT: cursor_skip(in, 8); return true;
    case CREATE:
        cursor_skip(in, CHANGE_BYTES);
        bitmap_skip(in);
        return true;
    case GETATTR: attributes_skip(in); return true;
    case GETFH: handle_result(pf, call, in); return true;
    case LINK:
    case REMOVE: cursor_skip(in, CHANGE_BYTES); return true;
    case RENAME: cursor_skip(in, 2 * CHANGE_BYTES); return true;
    case OPEN: open_result(in); return true;
    case OPEN_CONFIRM: cursor_skip(in, STATEID_BYTES); return true;
    case READ: read_result(pf, call, in); return true;
    case READDIR: folder_result(call, in); return true;
    case READLINK: call->nfs.target = name_read(call, in); return true;
    case SETATTR: bitmap_skip(in); return true;
    case WRITE: cursor_skip(in, 16); return true;
    case SEQUENCE: cursor_skip(in, 36); return true;
    default: return false;
    }
}

static struct bytes status_text(struct rpc_call *call, uint32_t status)
{
    const char *name = rpc_status_name(status, 4);
    char room[12];
    struct text_out out = TEXT_OUT(room);
    if (name)
        return bytes_from_text(name);
    text_out_u64(&out, status);
    return text_out_keep(&out, &call->arena);
}

bool nfs4_reply_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    if (call->head.procedure != 1)
        return true;
    uint32_t status = cursor_u32(in);
    rpc_opaque(in); // tag
    uint32_t count = cursor_u32(in);
    if (!cursor_ok(in))
        return false;
    call->nfs.status = status_text(call, status);
    bool known = true;
    for (uint32_t i = 0; known && i < count && i < NFS_OPERATIONS; i++) {
        uint32_t op = cursor_u32(in);
        known = cursor_u32(in) == 0 && operation_result(pf, call, op, in) && cursor_ok(in);
    }
    if (status == 0 && (call->closes || call->commits))
        nfs_file_end(pf, call->key);
    return cursor_ok(in);
}
