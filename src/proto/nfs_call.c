// SPDX-License-Identifier: Apache-2.0
// Calls and answers of NFS version 2 (RFC 1094 section 2.2) and 3 (RFC 1813 section 3.3).
#include "proto/rpc.h"
#include "proto/text_out.h"

enum { HANDLE2_BYTES = 32, ATTRIBUTES2_BYTES = 68, ATTRIBUTES3_BYTES = 84 };

// Both versions' procedures by what they say.
enum nfs_procedure {
    P_NONE,
    P_GETATTR,
    P_SETATTR,
    P_LOOKUP,
    P_ACCESS,
    P_READLINK,
    P_READ,
    P_WRITE,
    P_CREATE,
    P_MKDIR,
    P_SYMLINK,
    P_MKNOD,
    P_REMOVE,
    P_RMDIR,
    P_RENAME,
    P_LINK,
    P_READDIR,
    P_READDIRPLUS,
    P_FSSTAT,
    P_FSINFO,
    P_PATHCONF,
    P_COMMIT,
    P_STATFS,
    P_ROOT,
    P_WRITECACHE,
};

static const char *const names[] = {"NULL", "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK",
    "READ", "WRITE", "CREATE", "MKDIR", "SYMLINK", "MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK",
    "READDIR", "READDIRPLUS", "FSSTAT", "FSINFO", "PATHCONF", "COMMIT", "STATFS", "ROOT",
    "WRITECACHE"};

static enum nfs_procedure procedure_of(const struct rpc_head *head)
{
    static const uint8_t old[] = {P_NONE, P_GETATTR, P_SETATTR, P_ROOT, P_LOOKUP, P_READLINK,
        P_READ, P_WRITECACHE, P_WRITE, P_CREATE, P_REMOVE, P_RENAME, P_LINK, P_SYMLINK, P_MKDIR,
        P_RMDIR, P_READDIR, P_STATFS};
    if (head->version == 2)
        return head->procedure < sizeof old ? (enum nfs_procedure)old[head->procedure] : P_NONE;
    return head->version == 3 && head->procedure <= P_COMMIT ? (enum nfs_procedure)head->procedure
                                                             : P_NONE;
}

struct bytes nfs_procedure_name(const struct rpc_head *head)
{
    enum nfs_procedure procedure = procedure_of(head);
    return bytes_from_text(procedure == P_NONE ? NULL : names[procedure]);
}

static struct nfs_key handle_read(const struct rpc_call *call, struct cursor *in)
{
    struct bytes handle = call->head.version == 2 ? cursor_take(in, HANDLE2_BYTES) : rpc_opaque(in);
    return nfs_key_of(handle);
}

static struct bytes name_read(struct rpc_call *call, struct cursor *in)
{
    return arena_copy(&call->arena, bytes_sub(rpc_opaque(in), 0, 1024));
}

static void rename_read(struct rpc_call *call, struct cursor *in)
{
    call->nfs.rename.from = call->name;
    handle_read(call, in);
    call->nfs.rename.to = name_read(call, in);
}

// struct sattr3: a choice before each of mode, uid, gid, size, times.
static void attributes_skip(const struct rpc_call *call, struct cursor *in)
{
    static const uint8_t sizes[] = {4, 4, 4, 8};
    if (call->head.version == 2) {
        cursor_skip(in, 32);
        return;
    }
    for (size_t i = 0; i < 4; i++)
        cursor_skip(in, cursor_u32(in) ? sizes[i] : 0);
    for (size_t i = 0; i < 2; i++)
        cursor_skip(in, cursor_u32(in) == 2 ? 8 : 0);
}

static void symlink_read(struct rpc_call *call, struct cursor *in)
{
    if (call->head.version == 3)
        attributes_skip(call, in);
    call->nfs.target = name_read(call, in);
}

static void link_read(struct rpc_call *call, struct cursor *in)
{
    handle_read(call, in);
    call->nfs.target = name_read(call, in);
}

static void write_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    bool old = call->head.version == 2;
    cursor_skip(in, old ? 4 : 0);
    uint64_t offset = old ? cursor_u32(in) : cursor_u64(in);
    cursor_skip(in, 4); // count, or where the file ends
    bool stable = old ? cursor_skip(in, 4), true : cursor_u32(in) != 0;
    uint32_t count = cursor_u32(in);
    struct bytes data = bytes_sub(cursor_rest(in), 0, count);
    if (cursor_ok(in) && count <= RPC_RECORD_BYTES)
        nfs_file_chunk(pf, call, call->key, true, offset, count, data, stable);
}

static void arguments_read(
    struct proto_flow *pf, struct rpc_call *call, enum nfs_procedure procedure, struct cursor *in)
{
    struct record_nfs *r = &call->nfs;
    switch (procedure) {
    case P_LOOKUP:
    case P_CREATE:
    case P_MKDIR:
    case P_MKNOD:
    case P_REMOVE:
    case P_RMDIR:
    case P_RENAME:
    case P_SYMLINK: call->name = name_read(call, in); break;
    case P_READ: call->offset = call->head.version == 2 ? cursor_u32(in) : cursor_u64(in); break;
    case P_WRITE: write_read(pf, call, in); break;
    case P_LINK: link_read(call, in); break;
    default: break;
    }
    if (procedure == P_RENAME)
        rename_read(call, in);
    if (procedure == P_SYMLINK)
        symlink_read(call, in);
    else if (procedure != P_LINK)
        r->filename = call->name;
}

bool nfs_call_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    enum nfs_procedure procedure = procedure_of(&call->head);
    struct record_nfs *r = &call->nfs;
    if (procedure == P_NONE || procedure == P_ROOT || procedure == P_WRITECACHE)
        return true;
    call->key = handle_read(call, in);
    if (!cursor_ok(in))
        return false;
    if (procedure != P_READ && procedure != P_WRITE) {
        r->has_id = true;
        r->id = ++rpc_flow(pf)->ids;
    }
    arguments_read(pf, call, procedure, in);
    if (procedure == P_GETATTR || procedure == P_READ || procedure == P_WRITE)
        return cursor_ok(in);
    r->procedure = bytes_from_text(names[procedure]);
    r->hhash =
        procedure == P_LOOKUP ? (struct bytes){NULL, 0} : nfs_hash_text(&call->arena, call->key);
    r->object = arena_copy(&call->arena, nfs_name_get(pf, call->key, false));
    if (procedure == P_ACCESS || procedure == P_READDIRPLUS || procedure == P_COMMIT)
        r->filename = arena_copy(&call->arena, nfs_name_get(pf, call->key, true));
    return cursor_ok(in);
}

static void attributes_optional(struct cursor *in)
{
    if (cursor_u32(in) == 1)
        cursor_skip(in, ATTRIBUTES3_BYTES);
}

static void read_reply(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    bool last = false;
    uint32_t size = UINT32_MAX;
    if (call->head.version == 2) {
        cursor_skip(in, 20);
        size = cursor_u32(in);
        cursor_skip(in, ATTRIBUTES2_BYTES - 24);
    } else {
        attributes_optional(in);
        cursor_skip(in, 4);
        last = cursor_u32(in) == 1;
    }
    uint32_t count = cursor_u32(in);
    last |= call->head.version == 2 && call->offset + count >= size;
    struct bytes data = bytes_sub(cursor_rest(in), 0, count);
    if (cursor_ok(in) && count <= RPC_RECORD_BYTES)
        nfs_file_chunk(pf, call, call->key, false, call->offset, count, data, last);
}

// What was found or made: its handle has a name now.
static void found_reply(
    struct proto_flow *pf, struct rpc_call *call, bool lookup, bool plain, struct cursor *in)
{
    if (!lookup && call->head.version == 3 && cursor_u32(in) != 1)
        return;
    struct nfs_key key = handle_read(call, in);
    if (!cursor_ok(in))
        return;
    if (lookup)
        call->nfs.hhash = nfs_hash_text(&call->arena, key);
    nfs_name_set(pf, key, call->name, plain);
}

// READDIR, READDIRPLUS. What lies past the head that is kept is left out.
static void folder_reply(struct proto_flow *pf, struct rpc_call *call, bool plus, struct cursor *in)
{
    bool old = call->head.version == 2;
    struct bytes *list = arena_zalloc(&call->arena, NFS_ENTRIES * sizeof *list);
    size_t count = 0;
    if (!old)
        attributes_optional(in);
    cursor_skip(in, old ? 0 : 8);
    while (list && count < NFS_ENTRIES && cursor_u32(in) == 1) {
        cursor_skip(in, old ? 4 : 8);
        struct bytes name = arena_copy(&call->arena, rpc_opaque(in));
        cursor_skip(in, old ? 4 : 8);
        if (plus)
            attributes_optional(in);
        struct nfs_key key =
            plus && cursor_u32(in) == 1 ? handle_read(call, in) : (struct nfs_key){0, 0};
        if (!cursor_ok(in))
            break;
        nfs_name_set(pf, key, name, true);
        list[count++] = name.data ? name : BYTES("");
    }
    call->nfs.entries = list;
    call->nfs.entries_count = list ? count : 0;
}

static struct bytes status_text(struct rpc_call *call, uint32_t status)
{
    const char *name = rpc_status_name(status, call->head.version);
    char room[12];
    struct text_out out = TEXT_OUT(room);
    if (name)
        return bytes_from_text(name);
    text_out_u64(&out, status);
    return text_out_keep(&out, &call->arena);
}

bool nfs_reply_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in)
{
    enum nfs_procedure procedure = procedure_of(&call->head);
    if (procedure == P_NONE || procedure == P_ROOT || procedure == P_WRITECACHE)
        return true;
    uint32_t status = cursor_u32(in);
    if (!cursor_ok(in))
        return false;
    call->nfs.status = status_text(call, status);
    if (status)
        return true;
    switch (procedure) {
    case P_LOOKUP: found_reply(pf, call, true, true, in); break;
    case P_CREATE: found_reply(pf, call, false, true, in); break;
    case P_MKDIR: found_reply(pf, call, false, false, in); break;
    case P_SYMLINK:
        if (call->head.version == 3)
            found_reply(pf, call, false, false, in);
        break;
    case P_READ: read_reply(pf, call, in); break;
    case P_READDIR: folder_reply(pf, call, false, in); break;
    case P_READDIRPLUS: folder_reply(pf, call, true, in); break;
    case P_READLINK:
        if (call->head.version == 3)
            attributes_optional(in);
        call->nfs.target = name_read(call, in);
        break;
    case P_COMMIT: nfs_file_end(pf, call->key); break;
    default: break;
    }
    return cursor_ok(in);
}
