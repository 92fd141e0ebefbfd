// SPDX-License-Identifier: Apache-2.0
// Transactions of SMB1 (MS-CIFS sections 2.2.4.33, 2.2.4.46, 2.2.4.62): what is said to a pipe,
// names and attributes that are set, others by their function. An answer may come in parts; each
// is passed on as it comes, in order.
#include "proto/smb1.h"

enum {
    PIPE_TRANSACT = 0x26,
    PIPE_WRITE = 0x37,
    PIPE_CALL = 0x54,
    SET_PATH_INFO = 0x06,
    SET_FILE_INFO = 0x08,
    SESSION_SETUP = 0x0e, // never implemented; a backdoor listens for it
    LEVEL_DISPOSITION = 0x0102,
    PASS_THROUGH = 1000, // and an information class of MS-FSCC
    CLASS_RENAME = 10,
    CLASS_DISPOSITION = 13,
};

// Where parameters and data lie, and the first words of the setup.
struct parts {
    uint32_t param_len, param_at, data_len, data_at, data_total, data_shift;
    uint16_t setup[2];
    uint8_t setup_count;
    uint16_t function; // of NT_TRANS
};

static struct bytes part_of(const struct smb1_head *h, uint32_t at, uint32_t len)
{
    if (at > h->pdu.len || len > h->pdu.len - at)
        return (struct bytes){NULL, 0};
    return bytes_sub(h->pdu, at, len);
}

static bool read_setup(struct parts *p, struct cursor *c)
{
    for (uint8_t i = 0; i < p->setup_count && i < 2; i++)
        p->setup[i] = cursor_u16le(c);
    return cursor_ok(c);
}

static bool read_request(struct parts *p, struct cursor c)
{
    *p = (struct parts){0};
    cursor_skip(&c, 2);
    p->data_total = cursor_u16le(&c);
    cursor_skip(&c, 14);
    p->param_len = cursor_u16le(&c);
    p->param_at = cursor_u16le(&c);
    p->data_len = cursor_u16le(&c);
    p->data_at = cursor_u16le(&c);
    p->setup_count = cursor_u8(&c);
    cursor_skip(&c, 1);
    return read_setup(p, &c);
}

static bool read_nt_request(struct parts *p, struct cursor c)
{
    *p = (struct parts){0};
    cursor_skip(&c, 35); // limits, counts and places
    cursor_skip(&c, 1);  // setup words
    p->function = cursor_u16le(&c);
    return cursor_ok(&c);
}

static bool read_answer(struct parts *p, struct cursor c)
{
    *p = (struct parts){0};
    cursor_skip(&c, 2);
    p->data_total = cursor_u16le(&c);
    cursor_skip(&c, 8);
    p->data_len = cursor_u16le(&c);
    p->data_at = cursor_u16le(&c);
    p->data_shift = cursor_u16le(&c);
    return cursor_ok(&c);
}

static bool pipe_request(
    struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx, const struct parts *p)
{
    if (p->setup[0] != PIPE_TRANSACT && p->setup[0] != PIPE_WRITE)
        return true;
    struct bytes data = part_of(h, p->data_at, p->data_len);
    tx->has_fid = true;
    tx->fid = smb1_fid(p->setup[1]);
    tx->transceive = true;
    struct smb_handle *file = smb_handle_of(smb_flow(pf), tx);
    if (!file)
        file = smb_handle_new(pf, tx, &tx->fid);
    if (!file)
        return true;
    file->pipe = true;
    smb_pipe_begin(pf, file, h->command, data);
    smb_pipe_data(pf, file, h->side, data);
    return data.data || p->data_len == 0;
}

static const char *function_name(uint16_t function)
{
    static const char *const names[] = {NULL, "NT_TRANSACT_CREATE", "NT_TRANSACT_IOCTL",
        "NT_TRANSACT_SET_SECURITY_DESC", "NT_TRANSACT_NOTIFY_CHANGE", "NT_TRANSACT_RENAME",
        "NT_TRANSACT_QUERY_SECURITY_DESC", "NT_TRANSACT_GET_USER_QUOTA",
        "NT_TRANSACT_SET_USER_QUOTA"};
    return function < sizeof names / sizeof *names ? names[function] : NULL;
}

static void put_rename(struct proto_flow *pf, struct smb_tx *tx, struct bytes data)
{
    struct cursor c = cursor_make(data);
    cursor_skip(&c, 8); // replace it?, its directory
    struct bytes to = cursor_take(&c, cursor_u32le(&c));
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    tx->rename = true;
    tx->name = smb_text_utf16(pf, &tx->arena, to);
    tx->record->rename.from = tx->record->filename;
    tx->record->rename.to = tx->name;
}

// Only names and deletion make a record.
static bool set_info_request(
    struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx, const struct parts *p)
{
    bool path = p->setup[0] == SET_PATH_INFO;
    struct cursor c = cursor_make(h->pdu);
    cursor_seek(&c, p->param_at);
    c = cursor_window(&c, p->param_len);
    if (!path)
        smb1_take_fid(tx, &c);
    uint16_t level = cursor_u16le(&c);
    cursor_skip(&c, path ? 4 : 2);
    bool rename = level == PASS_THROUGH + CLASS_RENAME;
    if (!cursor_ok(&c) ||
        (!rename && level != LEVEL_DISPOSITION && level != PASS_THROUGH + CLASS_DISPOSITION))
        return cursor_ok(&c);
    smb_tx_record(pf, tx);
    if (!tx->record)
        return true;
    tx->wants_account = true;
    tx->sub = 1;
    if (path)
        tx->record->filename = smb1_string(pf, &tx->arena, h, &c);
    smb_record_about(pf, tx, smb_handle_of(smb_flow(pf), tx));
    tx->record->set_info.class = path ? BYTES("SET_PATH_INFO") : BYTES("SET_FILE_INFO");
    struct bytes data = part_of(h, p->data_at, p->data_len);
    if (rename) {
        tx->record->set_info.info_level = BYTES("SET_FILE_RENAME_INFO");
        put_rename(pf, tx, data);
    } else {
        tx->delete = bytes_at(data, 0) & 1;
        tx->record->set_info.info_level = BYTES("SET_FILE_DISPOSITION_INFO");
        tx->record->access = tx->delete ? BYTES("delete on close") : BYTES("normal");
    }
    return true;
}

static void put_session_setup(struct proto_flow *pf, struct smb_tx *tx)
{
    smb_tx_record(pf, tx);
    if (tx->record)
        tx->record->function = BYTES("TRANS2_SESSION_SETUP");
}

void smb1_trans_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct parts p;
    bool fine;
    if (h->command == SMB1_NT_TRANS) {
        fine = read_nt_request(&p, h->words);
        if (fine && tx->record)
            tx->record->function = bytes_from_text(function_name(p.function));
    } else {
        fine = read_request(&p, h->words);
        if (fine && h->command == SMB1_TRANS && p.setup_count == 2)
            fine = pipe_request(pf, h, tx, &p);
        else if (fine && h->command == SMB1_TRANS2 && p.setup_count > 0 &&
                 (p.setup[0] == SET_PATH_INFO || p.setup[0] == SET_FILE_INFO))
            fine = set_info_request(pf, h, tx, &p);
        else if (fine && h->command == SMB1_TRANS2 && p.setup_count > 0 &&
                 p.setup[0] == SESSION_SETUP)
            put_session_setup(pf, tx);
    }
    if (!fine)
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
}

// The rest of a request that did not fit into one message: of what is said to a pipe.
void smb1_trans_more(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct smb_handle *file = tx->transceive ? smb_handle_of(smb_flow(pf), tx) : NULL;
    struct cursor c = h->words;
    cursor_skip(&c, 10); // totals, parameters
    uint16_t len = cursor_u16le(&c), at = cursor_u16le(&c);
    if (!file || h->command != SMB1_TRANS_SECONDARY)
        return;
    struct bytes data = cursor_ok(&c) ? part_of(h, at, len) : (struct bytes){NULL, 0};
    if (!data.data)
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    else
        smb_pipe_data(pf, file, h->side, data);
}

static void set_info_answer(struct proto_flow *pf, struct smb_tx *tx)
{
    struct smb_handle *file = tx->sub ? smb_handle_of(smb_flow(pf), tx) : NULL;
    if (file && tx->rename)
        file->new_name = smb_keep(pf, &file->arena, tx->name);
    else if (file)
        file->deleted = tx->delete;
}

bool smb1_trans_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct parts p;
    if (h->failed || h->word_count == 0)
        return h->failed; // an interim answer has no words
    if (!read_answer(&p, h->words)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return true;
    }
    if (h->command == SMB1_TRANS2)
        set_info_answer(pf, tx);
    struct smb_handle *file = tx->transceive ? smb_handle_of(smb_flow(pf), tx) : NULL;
    struct bytes data = part_of(h, p.data_at, p.data_len);
    if (file) {
        file->carve[FLOW_CLIENT].status = h->status;
        file->carve[FLOW_CLIENT].answered = true;
        smb_pipe_data(pf, file, h->side, data);
    }
    return p.data_shift + p.data_len >= p.data_total;
}
