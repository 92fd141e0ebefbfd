// SPDX-License-Identifier: Apache-2.0
// What the files of SMB1 share: one command of a message, at its place in the AndX chain.
#pragma once
#include "proto/smb.h"

enum smb1_command {
    SMB1_CREATE_DIRECTORY = 0x00,
    SMB1_DELETE_DIRECTORY = 0x01,
    SMB1_OPEN = 0x02,
    SMB1_CREATE = 0x03,
    SMB1_CLOSE = 0x04,
    SMB1_DELETE = 0x06,
    SMB1_RENAME = 0x07,
    SMB1_QUERY_INFORMATION = 0x08,
    SMB1_SET_INFORMATION = 0x09,
    SMB1_READ = 0x0a,
    SMB1_WRITE = 0x0b,
    SMB1_CREATE_NEW = 0x0f,
    SMB1_CHECK_DIRECTORY = 0x10,
    SMB1_LOCKING_ANDX = 0x24,
    SMB1_TRANS = 0x25,
    SMB1_TRANS_SECONDARY = 0x26,
    SMB1_WRITE_AND_CLOSE = 0x2c,
    SMB1_OPEN_ANDX = 0x2d,
    SMB1_READ_ANDX = 0x2e,
    SMB1_WRITE_ANDX = 0x2f,
    SMB1_TRANS2 = 0x32,
    SMB1_TRANS2_SECONDARY = 0x33,
    SMB1_TREE_CONNECT = 0x70,
    SMB1_TREE_DISCONNECT = 0x71,
    SMB1_NEGOTIATE = 0x72,
    SMB1_SESSION_SETUP_ANDX = 0x73,
    SMB1_LOGOFF_ANDX = 0x74,
    SMB1_TREE_CONNECT_ANDX = 0x75,
    SMB1_NT_TRANS = 0xa0,
    SMB1_NT_TRANS_SECONDARY = 0xa1,
    SMB1_NT_CREATE_ANDX = 0xa2,
    SMB1_NT_CANCEL = 0xa4,
    SMB1_NT_RENAME = 0xa5,
    SMB1_NO_ANDX = 0xff,
};

struct smb1_head {
    uint8_t command;
    bool answer, failed, unicode, is_signed, nt_status;
    uint32_t status;
    uint16_t tid, uid;
    uint64_t key;
    struct bytes pdu; // the message from its header on, or its first part
    uint32_t whole;
    enum flow_side side;
    uint8_t word_count;
    struct cursor words;
    struct cursor data; // the byte block; positions are those of the message
};

// The next string of the byte block, as UTF-8; UTF-16 begins at an even place.
struct bytes smb1_string(
    struct proto_flow *pf, struct arena *arena, const struct smb1_head *h, struct cursor *c);
// The same behind a byte that tells its format.
struct bytes smb1_path(
    struct proto_flow *pf, struct arena *arena, const struct smb1_head *h, struct cursor *c);
struct smb_fid smb1_fid(uint16_t fid);
void smb1_take_fid(struct smb_tx *tx, struct cursor *c);

// smb1_setup.c
bool smb1_setup_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);
bool smb1_setup_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);

// smb1_file.c
bool smb1_file_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);
bool smb1_file_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);

// smb1_trans.c. False: more of the answer is to come.
void smb1_trans_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);
void smb1_trans_more(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);
bool smb1_trans_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx);
