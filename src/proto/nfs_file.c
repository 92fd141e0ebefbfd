// SPDX-License-Identifier: Apache-2.0
// What NFS remembers of handles: names, and files that are being read or written.
#include "base/hash.h"
#include "proto/rpc.h"
#include "proto/text_out.h"
#include <zlib.h>

enum { NFS_FILE_BYTES = 2048 };

struct nfs_key nfs_key_of(struct bytes handle)
{
    if (handle.len == 0 || handle.len > NFS_HANDLE_BYTES)
        return (struct nfs_key){0, 0};
    uint32_t crc = (uint32_t)crc32(0, handle.data, (unsigned)handle.len);
    return (struct nfs_key){hash_bytes(handle, 0) | 1, crc};
}

struct bytes nfs_hash_text(struct arena *arena, struct nfs_key key)
{
    char room[8];
    struct text_out out = TEXT_OUT(room);
    uint8_t crc[4] = {(uint8_t)(key.crc >> 24), (uint8_t)(key.crc >> 16), (uint8_t)(key.crc >> 8),
        (uint8_t)key.crc};
    if (key.hash == 0)
        return (struct bytes){NULL, 0};
    text_out_hex(&out, bytes_make(crc, 4));
    return text_out_keep(&out, arena);
}

static bool key_same(struct nfs_key a, struct nfs_key b)
{
    return a.hash == b.hash && a.crc == b.crc;
}

void nfs_name_set(struct proto_flow *pf, struct nfs_key key, struct bytes name, bool plain)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    if (!rpc->names)
        rpc->names = arena_zalloc(&pf->arena, NFS_NAMES * sizeof *rpc->names);
    if (!rpc->names || key.hash == 0 || name.len == 0 || name.len > RPC_NAME_BYTES)
        return;
    struct nfs_name *entry = &rpc->names[key.crc % NFS_NAMES]; // what stood there gives way
    entry->plain = plain || (key_same(entry->key, key) && entry->plain);
    entry->key = key;
    entry->len = (uint8_t)name.len;
    memcpy(entry->text, name.data, name.len);
}

struct bytes nfs_name_get(struct proto_flow *pf, struct nfs_key key, bool plain)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    if (!rpc->names || key.hash == 0)
        return (struct bytes){NULL, 0};
    const struct nfs_name *entry = &rpc->names[key.crc % NFS_NAMES];
    if (!key_same(entry->key, key) || (plain && !entry->plain))
        return (struct bytes){NULL, 0};
    return bytes_make(entry->text, entry->len);
}

static struct nfs_file *file_find(struct rpc_flow *rpc, struct nfs_key key, bool write)
{
    for (size_t i = 0; i < NFS_FILES; i++)
        if (rpc->files[i].used && rpc->files[i].write == write && key_same(rpc->files[i].key, key))
            return &rpc->files[i];
    return NULL;
}

static struct nfs_file *file_place(struct proto_flow *pf)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    struct nfs_file *oldest = &rpc->files[0];
    for (size_t i = 0; i < NFS_FILES; i++) {
        if (!rpc->files[i].used)
            return &rpc->files[i];
        if (rpc->files[i].tx < oldest->tx)
            oldest = &rpc->files[i];
    }
    proto_anomaly(pf, ANOMALY_NFS_TOO_MANY_FILES);
    nfs_file_close(pf, oldest, false);
    return oldest;
}

static struct nfs_file *file_begin(
    struct proto_flow *pf, struct rpc_call *call, struct nfs_key key, bool write, uint64_t offset)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    struct nfs_file *file = file_place(pf);
    struct bytes name = nfs_name_get(pf, key, false);
    *file = (struct nfs_file){.key = key, .used = true, .write = write, .first = offset == 0};
    arena_init(&file->arena, pf->arena.pool, NFS_FILE_BYTES);
    file->head = call->head;
    file->head.creds.machine_name = arena_copy(&file->arena, call->head.creds.machine_name);
    file->name = arena_copy(&file->arena, name);
    file->version = call->head.version;
    file->tx = call->tx;
    file->id = ++rpc->ids;
    file->file = proto_file_open(pf, write ? FLOW_CLIENT : FLOW_SERVER, name, call->tx);
    if (offset)
        proto_file_gap(pf, file->file, (size_t)offset);
    file->next = offset;
    return file;
}

static void record_fill(struct nfs_file *file, struct record_nfs *r, bool complete)
{
    struct record_nfs_transfer how = {file->first, complete, file->last_xid, file->chunks};
    r->version = file->version;
    r->procedure = file->write ? BYTES("WRITE") : BYTES("READ");
    r->filename = file->name.data ? file->name : BYTES("");
    r->hhash = nfs_hash_text(&file->arena, file->key);
    r->has_id = true;
    r->id = file->id;
    r->file_tx = true;
    r->type = BYTES("response");
    r->status = BYTES("OK");
    r->has_read = !file->write;
    r->has_write = file->write;
    *(file->write ? &r->write : &r->read) = how;
    r->rpc.xid = file->last_xid;
    r->rpc.status = BYTES("ACCEPTED");
    r->rpc.auth_type = rpc_auth_name(&file->arena, file->head.flavor);
    r->rpc.has_creds = file->head.has_creds;
    r->rpc.creds = file->head.creds;
}

void nfs_file_close(struct proto_flow *pf, struct nfs_file *file, bool complete)
{
    struct rpc_flow *rpc = rpc_flow(pf);
    struct record_nfs record = {.version = 0};
    record_fill(file, &record, complete);
    pf->speaker = file->write ? FLOW_CLIENT : FLOW_SERVER;
    proto_emit(pf, RECORD_NFS, &record, file->tx);
    proto_file_close(pf, file->file, complete);
    for (size_t i = 0; i < 2; i++)
        if (rpc->side[i].sink == file)
            rpc->side[i].sink = NULL;
    arena_reset(&file->arena);
    file->used = false;
}

void nfs_file_chunk(struct proto_flow *pf, struct rpc_call *call, struct nfs_key key, bool write,
    uint64_t offset, uint32_t count, struct bytes data, bool last)
{
    struct rpc_side *side = &rpc_flow(pf)->side[write ? FLOW_CLIENT : FLOW_SERVER];
    struct nfs_file *file = file_find(rpc_flow(pf), key, write);
    if (key.hash == 0 || (count == 0 && !file))
        return;
    if (!file)
        file = file_begin(pf, call, key, write, offset);
    file->chunks++;
    file->last_xid = call->head.xid;
    if (offset > file->next)
        proto_file_gap(pf, file->file, (size_t)(offset - file->next));
    bool fresh = offset >= file->next;
    if (fresh) {
        proto_file_data(pf, file->file, data);
        file->next = offset + count;
    }
    side->sink = NULL;
    side->data_left = count - (uint32_t)data.len;
    side->data_last = last && !write;
    file->stable = write && last;
    if (side->data_left && fresh)
        side->sink = file;
    else if (last && !write)
        nfs_file_close(pf, file, true);
}

void nfs_file_more(struct proto_flow *pf, struct rpc_side *side, struct bytes data)
{
    if (!side->sink)
        return;
    data = bytes_sub(data, 0, side->data_left);
    proto_file_data(pf, side->sink->file, data);
    side->data_left -= (uint32_t)data.len;
    if (side->data_left)
        return;
    struct nfs_file *file = side->sink;
    side->sink = NULL;
    if (side->data_last)
        nfs_file_close(pf, file, true);
}

void nfs_file_end(struct proto_flow *pf, struct nfs_key key)
{
    struct nfs_file *file = key.hash ? file_find(rpc_flow(pf), key, true) : NULL;
    if (file)
        nfs_file_close(pf, file, true);
}

// What is known of a call, with its answer or before it.
static void call_tell(struct rpc_call *call, const struct rpc_head *reply)
{
    struct record_nfs *r = &call->nfs;
    const struct rpc_head *head = &call->head;
    r->version = head->version;
    if (!r->filename.data)
        r->filename = BYTES("");
    if (bytes_equal(r->object, BYTES(".")) || bytes_equal(r->object, BYTES("..")))
        r->object = (struct bytes){NULL, 0}; // where that is is not known
    r->type = reply ? BYTES("response") : BYTES("request");
    r->rpc.xid = head->xid;
    if (reply)
        r->rpc.status = reply->denied ? BYTES("DENIED") : BYTES("ACCEPTED");
    r->rpc.auth_type = rpc_auth_name(&call->arena, head->flavor);
    r->rpc.has_creds = head->has_creds;
    r->rpc.creds = head->creds;
}

void nfs_show(struct proto_flow *pf, struct rpc_call *call)
{
    struct record_nfs shown;
    if (!proto_wants_record(pf, RECORD_NFS) || call->head.program != RPC_NFS)
        return;
    call_tell(call, NULL);
    shown = call->nfs;
    if (!shown.procedure.data)
        shown.procedure = nfs_procedure_name(&call->head);
    if (shown.procedure.data)
        proto_show_known(pf, FLOW_CLIENT, call->tx, RECORD_NFS, &shown);
}

void nfs_emit(struct proto_flow *pf, struct rpc_call *call, const struct rpc_head *reply)
{
    if (!call->nfs.procedure.data)
        return; // it is not told of
    call_tell(call, reply);
    pf->speaker = reply ? FLOW_SERVER : FLOW_CLIENT;
    proto_emit(pf, RECORD_NFS, &call->nfs, call->tx);
}
