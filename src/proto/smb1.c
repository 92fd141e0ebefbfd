// SPDX-License-Identifier: Apache-2.0
// Messages of SMB1 (MS-CIFS section 2.2.3): one command, or several chained by AndX, each kept
// until its answer comes, by process and multiplex id and place in the chain.
#include "proto/smb1.h"

enum {
    HEAD_BYTES = 32,
    DATA_HEAD_BYTES = 96, // of a read or write: words, and enough of the data to tell DCE/RPC
    FLAG_ANSWER = 0x80,
    FLAG2_SIGNED = 0x0004,
    FLAG2_NT_STATUS = 0x4000,
    FLAG2_UNICODE = 0x8000,
    MID_NOTICE = 0xffff, // an oplock break
};

uint32_t smb1_message_needs(struct proto_flow *pf, struct bytes head, uint32_t whole)
{
    uint8_t command = bytes_at(head, 4);
    bool answer = bytes_at(head, 9) & FLAG_ANSWER;
    uint32_t most = SMB_PDU_BYTES;
    if ((command == SMB1_READ_ANDX && answer) || (command == SMB1_WRITE_ANDX && !answer))
        most = DATA_HEAD_BYTES;
    else if (whole > most)
        proto_anomaly(pf, ANOMALY_SMB_RECORD_OVERFLOW);
    return whole < most ? whole : most;
}

static bool read_head(struct smb1_head *h)
{
    struct cursor c = cursor_make(h->pdu);
    cursor_skip(&c, 4);
    h->command = cursor_u8(&c);
    h->status = cursor_u32le(&c);
    h->answer = cursor_u8(&c) & FLAG_ANSWER;
    uint16_t flags = cursor_u16le(&c);
    h->unicode = flags & FLAG2_UNICODE;
    h->is_signed = flags & FLAG2_SIGNED;
    h->nt_status = flags & FLAG2_NT_STATUS;
    cursor_skip(&c, 12);
    h->tid = cursor_u16le(&c);
    uint16_t pid = cursor_u16le(&c);
    h->uid = cursor_u16le(&c);
    h->key = (uint64_t)pid << 16 | cursor_u16le(&c);
    // A warning (severity 2) carries data.
    h->failed = h->nt_status ? h->status >> 30 == 3 ||
                                   (h->status && h->status < 0x40000000 && h->status >> 16)
                             : h->status != 0;
    return cursor_ok(&c);
}

// Words and bytes of the command that begins at `at`.
static bool read_block(struct smb1_head *h, size_t at)
{
    struct cursor c = cursor_make(h->pdu);
    cursor_seek(&c, at);
    h->word_count = cursor_u8(&c);
    h->words = cursor_window(&c, 2U * h->word_count);
    cursor_skip(&c, 2U * h->word_count);
    uint16_t count = cursor_u16le(&c);
    size_t left = cursor_left(&c);
    h->data = cursor_window(&c, count < left ? count : left);
    return cursor_ok(&c) && cursor_ok(&h->words);
}

struct bytes smb1_string(
    struct proto_flow *pf, struct arena *arena, const struct smb1_head *h, struct cursor *c)
{
    if (!h->unicode) {
        struct bytes text = cursor_rest(c);
        size_t end = bytes_find_byte(text, 0);
        text = cursor_take(c, end == BYTES_NOT_FOUND ? text.len : end);
        cursor_skip(c, cursor_left(c) > 0 ? 1 : 0);
        return smb_text_oem(pf, arena, text);
    }
    if (cursor_pos(c) % 2 && cursor_left(c) > 0)
        cursor_skip(c, 1);
    struct bytes text = cursor_rest(c);
    while (cursor_left(c) >= 2 && cursor_u16le(c) != 0)
        ;
    return smb_text_utf16(pf, arena, text);
}

struct bytes smb1_path(
    struct proto_flow *pf, struct arena *arena, const struct smb1_head *h, struct cursor *c)
{
    enum { FORMAT_ASCII = 4 };
    if (cursor_left(c) > 0 && cursor_u8(c) != FORMAT_ASCII)
        cursor_fail(c);
    return smb1_string(pf, arena, h, c);
}

struct smb_fid smb1_fid(uint16_t fid)
{
    struct smb_fid out = {{(uint8_t)fid, (uint8_t)(fid >> 8)}};
    return out;
}

void smb1_take_fid(struct smb_tx *tx, struct cursor *c)
{
    uint16_t fid = cursor_u16le(c);
    tx->has_fid = cursor_ok(c);
    tx->fid = smb1_fid(fid);
}

static bool is_andx(uint8_t command)
{
    switch (command) {
    case SMB1_LOCKING_ANDX:
    case SMB1_OPEN_ANDX:
    case SMB1_READ_ANDX:
    case SMB1_WRITE_ANDX:
    case SMB1_SESSION_SETUP_ANDX:
    case SMB1_LOGOFF_ANDX:
    case SMB1_TREE_CONNECT_ANDX:
    case SMB1_NT_CREATE_ANDX: return true;
    default: return false;
    }
}

static bool makes_record(uint8_t command)
{
    switch (command) {
    case SMB1_READ_ANDX:
    case SMB1_WRITE_ANDX:
    case SMB1_READ:
    case SMB1_WRITE:
    case SMB1_TRANS:
    case SMB1_TRANS2: return false;
    default: return true;
    }
}

static bool request_dispatch(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB1_NEGOTIATE:
    case SMB1_SESSION_SETUP_ANDX:
    case SMB1_TREE_CONNECT:
    case SMB1_TREE_CONNECT_ANDX: return smb1_setup_request(pf, h, tx);
    case SMB1_TRANS:
    case SMB1_TRANS2:
    case SMB1_NT_TRANS: smb1_trans_request(pf, h, tx); return true;
    default: return smb1_file_request(pf, h, tx);
    }
}

static bool answer_dispatch(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB1_NEGOTIATE:
    case SMB1_SESSION_SETUP_ANDX:
    case SMB1_TREE_CONNECT:
    case SMB1_TREE_CONNECT_ANDX: return smb1_setup_answer(pf, h, tx);
    case SMB1_TREE_DISCONNECT:
        if (!h->failed)
            smb_tree_drop(smb_flow(pf), tx->session_id, tx->tree_id);
        return true;
    default: return smb1_file_answer(pf, h, tx);
    }
}

static bool is_secondary(uint8_t command)
{
    return command == SMB1_TRANS_SECONDARY || command == SMB1_TRANS2_SECONDARY ||
           command == SMB1_NT_TRANS_SECONDARY;
}

static void request(struct proto_flow *pf, struct smb1_head *h)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_tx *known = smb_tx_find(smb, h->key);
    if (is_secondary(h->command)) {
        if (known)
            smb1_trans_more(pf, h, known);
        return;
    }
    if (known)
        smb_tx_end(pf, known); // its answer was lost
    struct smb_tx *tx = smb_tx_new(pf, SMB_1, h->key, h->command);
    if (!tx)
        return;
    tx->session_id = h->uid;
    tx->tree_id = h->tid;
    if (makes_record(h->command))
        smb_tx_record(pf, tx);
    struct smb_session *session = smb_session_find(smb, h->uid);
    if (session)
        session->requests++;
    if (!request_dispatch(pf, h, tx) || !cursor_ok(&h->words))
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    if (h->command == SMB1_NT_CANCEL)
        smb_tx_end(pf, tx); // never answered
}

// MS-CIFS 2.2.2.4: DOS errors stand in the same four bytes, and under that flag too.
static void put_status(struct smb_tx *tx, const struct smb1_head *h)
{
    uint8_t class = (uint8_t)h->status;
    uint16_t code = (uint16_t)(h->status >> 16);
    bool dos = class >= 1 && class <= 3 && (h->status >> 8 & 0xff) == 0;
    if (h->status == 0 || (h->nt_status && !(dos && code > 0 && code < 0x4000))) {
        smb_record_status(tx, h->status);
        return;
    }
    tx->answered = true;
    if (!tx->record)
        return;
    tx->record->status = smb_dos_error_name(class, code);
    tx->record->status_code = smb_text_hex(&tx->arena, "0x", code, 4);
}

static void answer(struct proto_flow *pf, struct smb1_head *h)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_tx *tx = smb_tx_find(smb, h->key);
    if (!tx || tx->version != SMB_1 || tx->command != h->command)
        return;
    put_status(tx, h);
    if (tx->record && h->is_signed)
        tx->record->is_signed = true;
    bool trans = h->command == SMB1_TRANS || h->command == SMB1_TRANS2;
    if (trans && !smb1_trans_answer(pf, h, tx))
        return;
    if (!trans && !answer_dispatch(pf, h, tx))
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    uint64_t session = tx->session_id;
    smb_tx_end(pf, tx);
    if (h->command == SMB1_LOGOFF_ANDX && !h->failed)
        smb_session_end(pf, session, true);
}

// Those behind a command that failed are not carried out.
static void end_rest(struct proto_flow *pf, uint64_t key)
{
    for (unsigned i = 1; i < SMB_ANDX; i++) {
        struct smb_tx *tx = smb_tx_find(smb_flow(pf), key + ((uint64_t)i << 32));
        if (!tx)
            return;
        smb_tx_end(pf, tx);
    }
}

// Each command of the chain; the next one's place stands in its first words.
static void walk(struct proto_flow *pf, struct smb1_head *h)
{
    size_t at = HEAD_BYTES;
    for (unsigned i = 0;; i++) {
        if (i == SMB_ANDX) {
            proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_AND);
            return;
        }
        if (!read_block(h, at)) {
            proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
            return;
        }
        struct cursor andx = h->words;
        uint8_t next = cursor_u8(&andx);
        cursor_skip(&andx, 1);
        size_t next_at = cursor_u16le(&andx);
        bool chained = is_andx(h->command) && h->word_count >= 2 && next != SMB1_NO_ANDX;
        if (h->answer)
            answer(pf, h);
        else
            request(pf, h);
        if (!chained || next_at <= at || next_at >= h->pdu.len) {
            if (h->answer)
                end_rest(pf, h->key);
            return;
        }
        at = next_at;
        h->command = next;
        h->key += 1ULL << 32; // of the next place
    }
}

void smb1_message(struct proto_flow *pf, enum flow_side side, struct bytes pdu, uint32_t whole)
{
    struct smb1_head h = {.side = side, .whole = whole, .pdu = pdu};
    if (!read_head(&h)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    if ((h.key & MID_NOTICE) == MID_NOTICE && h.command == SMB1_LOCKING_ANDX)
        return;
    if (h.answer && side == FLOW_CLIENT)
        proto_anomaly(pf, ANOMALY_SMB_RESPONSE_TO_SERVER);
    else if (!h.answer && side == FLOW_SERVER)
        proto_anomaly(pf, ANOMALY_SMB_REQUEST_TO_CLIENT);
    else
        walk(pf, &h);
}
