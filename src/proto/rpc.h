// SPDX-License-Identifier: Apache-2.0
// ONC RPC's calls and answers, and what NFS makes of them. Shared by rpc.c, nfs.c and their files.
#pragma once
#include "proto/proto.h"

enum {
    RPC_CREDS_AT = 24,     // in a call: behind xid, type, RPC version, program, version, procedure
    RPC_HEAD_BYTES = 8192, // of a message are parsed; of what follows only file data is used
    RPC_SEGMENT_BYTES = 65536,   // that complete them
    RPC_RECORD_BYTES = 16 << 20, // longest record
    RPC_CALLS = 128,             // that wait for their answer
    RPC_CALL_BYTES = 16 << 10,   // memory of one
    RPC_EXPORTS = 64,
    RPC_NAME_BYTES = 255,
    RPC_PORTMAP = 100000,
    RPC_NFS = 100003,
    RPC_MOUNT = 100005,
    NFS_NAMES = 256,     // handles whose names are remembered
    NFS_FILES = 16,      // files read or written at once
    NFS_ENTRIES = 64,    // of a folder
    NFS_OPERATIONS = 32, // of a compound
    NFS_HANDLE_BYTES = 128,
};

struct rpc_head {
    uint32_t xid;
    bool reply, denied;
    uint32_t program, version, procedure;
    uint32_t flavor;
    uint32_t gss_service;
    struct record_rpc_creds creds;
    bool has_creds;
    uint32_t accept;
};

// A file handle as it is remembered.
struct nfs_key {
    uint64_t hash; // 0: none
    uint32_t crc;
};

struct rpc_call {
    struct arena arena; // holds this
    struct rpc_call *next;
    uint64_t tx;
    int64_t time_us;
    struct rpc_head head;
    struct nfs_key key; // of the handle the call names
    struct bytes name;  // in a folder of that handle
    uint64_t offset;    // READ
    bool commits, closes;
    struct record_nfs nfs;
    struct record_rpc rpc;
};

struct nfs_name {
    struct nfs_key key;
    bool plain; // EVE remembers it, too
    uint8_t len;
    char text[RPC_NAME_BYTES];
};

struct nfs_file {
    struct arena arena; // of what is kept of the first call
    struct nfs_key key;
    bool used, write, first;
    bool stable;   // what was written is on disk without COMMIT
    uint64_t next; // offset
    uint64_t tx, id;
    uint32_t chunks, last_xid, version;
    struct bytes name, status;
    struct rpc_head head;
    struct proto_file *file;
};

struct rpc_side {
    uint32_t left;         // bytes of the fragment that pass
    bool more;             // another fragment of the same message follows
    struct nfs_file *sink; // where they go
    uint32_t data_left;
    bool data_last; // the file ends with them
};

struct rpc_flow {
    struct rpc_side side[2];
    struct rpc_call *first, *last;
    unsigned waiting;
    uint64_t ids;
    struct nfs_name *names; // NFS_NAMES of them, once there is one
    struct nfs_file files[NFS_FILES];
};

static inline struct rpc_flow *rpc_flow(struct proto_flow *pf)
{
    return pf->state;
}

// rpc_message.c
bool rpc_head_read(struct cursor *in, struct rpc_head *head);
struct bytes rpc_opaque(struct cursor *in); // RFC 4506 section 4.10
enum proto_probe rpc_probe_program(const struct proto_first *first, bool nfs);
enum proto_verdict rpc_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in);
enum proto_verdict rpc_gap(struct proto_flow *pf, enum flow_side side, size_t lost);
void rpc_finish(struct proto_flow *pf);
struct bytes rpc_auth_name(struct arena *arena, uint32_t flavor);
const char *rpc_status_name(uint32_t status, uint32_t version); // NULL: not one

// rpc_program.c: portmapper, mount, the others
void rpc_program_call(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);
void rpc_program_reply(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);
void rpc_program_emit(struct proto_flow *pf, struct rpc_call *call, const struct rpc_head *reply);

// nfs_call.c: versions 2 and 3; nfs4.c: version 4. False: cannot be read.
bool nfs_call_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);
bool nfs_reply_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);
struct bytes nfs_procedure_name(const struct rpc_head *head); // of versions 2 and 3; empty: none
bool nfs4_call_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);
bool nfs4_reply_read(struct proto_flow *pf, struct rpc_call *call, struct cursor *in);

// nfs_file.c: names and files.
struct nfs_key nfs_key_of(struct bytes handle);
struct bytes nfs_hash_text(struct arena *arena, struct nfs_key key);
void nfs_name_set(struct proto_flow *pf, struct nfs_key key, struct bytes name, bool plain);
struct bytes nfs_name_get(struct proto_flow *pf, struct nfs_key key, bool plain);
// Data of a call; what is missing of `count` follows in the stream. last: of a file that is read,
// the file ends with it; of one that is written, no COMMIT is needed.
void nfs_file_chunk(struct proto_flow *pf, struct rpc_call *call, struct nfs_key key, bool write,
    uint64_t offset, uint32_t count, struct bytes data, bool last);
void nfs_file_more(struct proto_flow *pf, struct rpc_side *side, struct bytes data);
void nfs_file_end(
    struct proto_flow *pf, struct nfs_key key); // COMMIT, CLOSE: what was written is complete
void nfs_file_close(struct proto_flow *pf, struct nfs_file *file, bool complete);
// To rules, which do not wait for an answer.
void nfs_show(struct proto_flow *pf, struct rpc_call *call);
void nfs_emit(struct proto_flow *pf, struct rpc_call *call, const struct rpc_head *reply);
