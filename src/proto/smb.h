// SPDX-License-Identifier: Apache-2.0
// What the files of the SMB parser share: requests that wait for their answer, sessions, tree
// connects, open files. Nobody else's.
#pragma once
#include "proto/proto.h"

enum {
    SMB_PDU_BYTES = 72 * 1024, // of a message are looked at; what is read or written passes through
    SMB_TXS = 512,             // requests that wait for their answer
    SMB_TX_BUCKETS = 64,
    SMB_SESSIONS = 32,
    SMB_TREES = 128,
    SMB_HANDLES = 512,
    SMB_HANDLE_BUCKETS = 64,
    SMB_LIST = 32,                // dialects, ciphers
    SMB_SHARES = 32,              // of a session's record
    SMB_NAME_BYTES = 2048,        // of a name are kept, UTF-8
    SMB_TX_BYTES = 64 * 1024,     // memory of one request
    SMB_HANDLE_BYTES = 96 * 1024, // of one open file, without what waits
    SMB_TEXT_BYTES = 64 * 1024,   // of sessions and tree connects
    SMB_WINDOW_BYTES = 4 << 20,   // of one file wait for what comes before them
    SMB_WINDOW_PIECES = 64,       // so many pieces at most
    SMB_PIPE_COMMANDS = 8,        // of a pipe are remembered
    SMB_ANDX = 8,                 // commands in one message
    SMB_FID_BYTES = 16,
};

enum smb2_command {
    SMB2_NEGOTIATE,
    SMB2_SESSION_SETUP,
    SMB2_LOGOFF,
    SMB2_TREE_CONNECT,
    SMB2_TREE_DISCONNECT,
    SMB2_CREATE,
    SMB2_CLOSE,
    SMB2_FLUSH,
    SMB2_READ,
    SMB2_WRITE,
    SMB2_LOCK,
    SMB2_IOCTL,
    SMB2_CANCEL,
    SMB2_ECHO,
    SMB2_FIND,
    SMB2_NOTIFY,
    SMB2_GET_INFO,
    SMB2_SET_INFO,
    SMB2_OPLOCK_BREAK,
};

#define SMB_STATUS_PENDING         0x00000103U
#define SMB_STATUS_BUFFER_OVERFLOW 0x80000005U
#define SMB_STATUS_MORE_PROCESSING 0xc0000016U

enum smb_version { SMB_1 = 1, SMB_2 = 2 };

// 16 bytes that name an open file; SMB1: UID, TID, FID and zeros.
struct smb_fid {
    uint8_t bytes[SMB_FID_BYTES];
};

// Part of a file that came before its turn.
struct smb_piece {
    struct arena arena; // itself
    struct smb_piece *next;
    uint64_t offset;
    size_t len, room;
    uint8_t *data;
};

// One direction of an open file: bytes put in order and handed on.
struct smb_carve {
    struct proto_file *file;
    uint64_t id, tx_id; // of the record to write
    int64_t time_us;
    uint64_t next;            // offset of the byte expected
    uint64_t bytes;           // moved, repeated ones too
    struct smb_piece *pieces; // ascending, none before next
    size_t waiting, piece_count;
    uint32_t status; // of the first answer
    bool begun, answered, holes, repeated, over;
};

struct smb_handle {
    struct arena arena;      // itself and its texts
    struct smb_handle *next; // in its bucket
    struct smb_handle *older, *newer;
    struct smb_fid fid;
    uint64_t create_key; // message that opened it, for compounds
    uint64_t session_id;
    uint32_t tree_id;
    enum smb_version version;
    struct bytes name, new_name, share;
    bool opened, directory, pipe, size_known, deleted, not_rpc;
    uint64_t size;
    int64_t time_us;  // when it was opened
    int64_t times[4]; // created, accessed, modified, changed; µs since 1970
    uint32_t access;
    uint32_t action;           // what opening did
    struct smb_carve carve[2]; // what the client wrote, what the server sent
    struct dcerpc *rpc;        // NULL: nothing was said yet
    struct {                   // by which commands the last requests came
        int64_t time_us;
        uint16_t command;
    } rpc_by[SMB_PIPE_COMMANDS];
    unsigned rpc_by_next;
};

struct smb_tree {
    struct arena arena; // itself and its text
    struct smb_tree *next;
    uint64_t session_id;
    uint32_t tree_id;
    bool pipe;
    struct bytes share;
};

struct smb_session {
    struct arena arena; // itself and its texts
    struct smb_session *next;
    uint64_t session_id;
    struct record_smb_account account;
    bool established, guest, anonymous, is_signed;
    uint64_t encrypted_messages, encrypted_bytes, requests, files_opened;
    struct bytes *shares;
    size_t share_count;
    int64_t time_us;
    struct ntlm_session *ntlm; // a log-on that goes on
};

struct smb_tx {
    struct arena arena;  // itself and all its record points to
    struct smb_tx *next; // in its bucket
    struct smb_tx *older, *newer;
    uint64_t key; // SMB2: message id; SMB1: PID and MID
    uint64_t session_id;
    uint32_t tree_id;
    enum smb_version version;
    uint16_t command, sub;
    uint64_t tx_id;
    int64_t time_us;
    bool has_fid;
    struct smb_fid fid;
    bool has_create;
    uint64_t create_key; // the request of the same compound whose file this is about
    uint64_t offset;
    uint32_t access, options;
    struct bytes name;
    struct bytes token; // of its log-on
    bool answered, rename, delete, transceive, wants_account;
    struct record_smb *record; // NULL: none is written
};

// Bytes of a read or a write that pass without being gathered.
struct smb_stream {
    struct smb_handle *handle; // NULL: nobody wants them
    uint64_t offset;
};

enum smb_phase {
    SMB_FRAME,   // a NetBIOS session header
    SMB_MESSAGE, // an SMB message, or the next of a compound
    SMB_DATA,    // bytes that are read or written
    SMB_LOST,    // after a gap: look for the next message
};

// What a message of a compound hands on to those behind it (MS-SMB2 3.2.4.1.4).
struct smb_compound {
    bool has_fid, has_create;
    struct smb_fid fid;
    uint64_t create_key;
    uint64_t session_id;
    uint32_t tree_id;
};

struct smb_side {
    enum smb_phase phase;
    uint32_t message; // bytes left of the message
    uint32_t pdu;     // of the PDU
    uint32_t before;  // to skip before data
    uint32_t data;
    struct smb_stream stream;
    struct smb_compound compound;
    bool seen; // a message began
};

struct smb_flow {
    struct smb_side side[2];
    struct smb_tx *tx[SMB_TX_BUCKETS];
    struct smb_tx *tx_oldest, *tx_newest;
    size_t tx_count;
    struct smb_handle *handle[SMB_HANDLE_BUCKETS];
    struct smb_handle *handle_oldest, *handle_newest;
    size_t handle_count;
    struct smb_session *sessions;
    size_t session_count;
    struct smb_tree *trees;
    size_t tree_count;
    struct bytes dialect;
    struct bytes called, calling, nbss_error;
    size_t waiting; // bytes of files that came before their turn
    bool session_seen, nbss_seen;
};

static inline struct smb_flow *smb_flow(struct proto_flow *pf)
{
    return pf->state;
}

// smb2.c, smb1.c: one message, or its first SMB_PDU_BYTES; `whole` is its length. They say in
// the side what of it is data that passes.
void smb2_message(struct proto_flow *pf, enum flow_side side, struct bytes pdu, uint32_t whole);
void smb1_message(struct proto_flow *pf, enum flow_side side, struct bytes pdu, uint32_t whole);

// How many of its first bytes they need.
uint32_t smb2_message_needs(struct proto_flow *pf, struct bytes head, uint32_t whole);
uint32_t smb1_message_needs(struct proto_flow *pf, struct bytes head, uint32_t whole);

// Data at `at` of a message, `len` bytes, goes to an open file from `offset` on.
void smb_stream_begin(struct smb_side *s, uint32_t whole, uint32_t at, uint32_t len,
    struct smb_handle *handle, uint64_t offset);

// smb2_setup.c: NEGOTIATE, SESSION_SETUP, TREE_CONNECT of SMB2.
struct smb2_head {
    uint16_t command;
    uint32_t status, flags, tree_id, whole;
    uint64_t key, session_id;
    struct bytes pdu;
    enum flow_side side;
};
void smb2_negotiate_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_negotiate_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_setup_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_setup_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_tree_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_tree_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);

struct cursor smb2_body(const struct smb2_head *h);
struct bytes smb2_buffer(const struct smb2_head *h, uint32_t offset, uint32_t len);

// smb_auth.c: log-on by GSS-API tokens.
void smb_auth_offer(struct smb_tx *tx, struct bytes token); // of NEGOTIATE
void smb_auth_request(struct proto_flow *pf, struct smb_tx *tx, struct bytes token);
void smb_auth_answer(
    struct proto_flow *pf, struct smb_tx *tx, struct smb_session *session, struct bytes token);
void smb_auth_end(
    struct proto_flow *pf, struct smb_tx *tx, struct smb_session *session, bool success);

// smb2_file.c: commands about files.
void smb2_file_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);
void smb2_file_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx);

// smb_state.c. A request. NULL: out of memory.
struct smb_tx *smb_tx_new(
    struct proto_flow *pf, enum smb_version version, uint64_t key, uint16_t command);
void smb_tx_record(struct proto_flow *pf, struct smb_tx *tx); // it is to make a record
struct smb_tx *smb_tx_find(struct smb_flow *smb, uint64_t key);
void smb_tx_end(struct proto_flow *pf, struct smb_tx *tx); // its record is written, if it has one
void smb_tx_drop(struct smb_flow *smb, struct smb_tx *tx);
struct smb_session *smb_session_get(struct proto_flow *pf, uint64_t id); // found or new
struct smb_session *smb_session_find(struct smb_flow *smb, uint64_t id);
void smb_session_end(struct proto_flow *pf, uint64_t id, bool closed);
struct smb_tree *smb_tree_find(struct smb_flow *smb, uint64_t session, uint32_t tree);
void smb_tree_add(
    struct proto_flow *pf, uint64_t session, uint32_t tree, struct bytes share, bool pipe);
void smb_tree_drop(struct smb_flow *smb, uint64_t session, uint32_t tree);
struct bytes smb_keep(struct proto_flow *pf, struct arena *arena, struct bytes text);

// Open files.
struct smb_handle *smb_handle_find(struct smb_flow *smb, const struct smb_fid *fid);
struct smb_handle *smb_handle_of(struct smb_flow *smb, const struct smb_tx *tx);
struct smb_handle *smb_handle_new(
    struct proto_flow *pf, const struct smb_tx *tx, const struct smb_fid *fid);
void smb_handle_close(struct proto_flow *pf, struct smb_handle *handle, bool closed);

// smb_pipe.c: what is spoken over a pipe.
bool smb_pipe_likely(struct bytes data); // are these the first bytes of a PDU?
bool smb_pipe_begin(                     // false: what is said is nothing that is understood
    struct proto_flow *pf, struct smb_handle *handle, uint16_t command, struct bytes first);
void smb_pipe_data(
    struct proto_flow *pf, struct smb_handle *handle, enum flow_side side, struct bytes data);
void smb_pipe_gap(struct proto_flow *pf, struct smb_handle *handle, enum flow_side side);
void smb_pipe_end(struct proto_flow *pf, struct smb_handle *handle);

// smb_carve.c
void smb_carve_data(struct proto_flow *pf, struct smb_handle *handle, enum flow_side side,
    uint64_t offset, struct bytes data, size_t more);
void smb_carve_gap(struct proto_flow *pf, struct smb_handle *handle, enum flow_side side,
    uint64_t offset, size_t lost);
void smb_carve_end(
    struct proto_flow *pf, struct smb_handle *handle, enum flow_side side, bool closed);

// smb_record.c
void smb_record_about(struct proto_flow *pf, struct smb_tx *tx, const struct smb_handle *handle);
void smb_record_emit(struct proto_flow *pf, struct smb_tx *tx);
void smb_record_carve(struct proto_flow *pf, const struct smb_handle *handle, enum flow_side side);
void smb_record_file(struct proto_flow *pf, const struct smb_handle *handle, bool closed);
void smb_record_session(struct proto_flow *pf, struct smb_session *session, bool closed);
void smb_record_status(struct smb_tx *tx, uint32_t status);
void smb_tree_name(struct smb_tx *tx); // of a tree connect
void smb_record_times(struct record_smb *r, const int64_t times[4]);

// smb_names.c: names as EVE spells them. NULL .data: there is none.
struct bytes smb_status_name(uint32_t status);
struct bytes smb_dos_error_name(uint8_t class, uint16_t code);
struct bytes smb1_command_name(uint8_t command);
struct bytes smb2_command_name(uint16_t command);
struct bytes smb2_dialect_name(uint16_t dialect);
struct bytes smb_disposition_name(uint32_t disposition);
struct bytes smb_function_name(uint32_t code);
struct bytes smb_info_level_name(uint8_t level);

// smb_text.c
struct bytes smb_text_guid(struct arena *arena, struct bytes guid);
struct bytes smb_text_hex(struct arena *arena, const char *prefix, uint64_t v, int digits);
struct bytes smb_text_utf16(struct proto_flow *pf, struct arena *arena, struct bytes text);
struct bytes smb_text_oem(struct proto_flow *pf, struct arena *arena, struct bytes text);
int64_t smb_time(uint64_t filetime); // µs since 1970; 0: none
