// SPDX-License-Identifier: Apache-2.0
// Messages of SMB2 and SMB3 (MS-SMB2 section 2.2.1): a request is kept until its answer comes, by
// message id; interim answers (SMB_STATUS_PENDING) and notices of the server pass.
#include "proto/smb.h"

enum {
    HEAD_BYTES = 64,
    FLAG_ANSWER = 1,
    FLAG_RELATED = 4,
    FLAG_SIGNED = 8,
    READ_BYTES = HEAD_BYTES + 16 + 8, // with enough of the data to tell DCE/RPC
    WRITE_BYTES = HEAD_BYTES + 48 + 8,
    LISTING_BYTES = HEAD_BYTES + 256, // answers of which the status is enough
};

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t smb2_message_needs(struct proto_flow *pf, struct bytes head, uint32_t whole)
{
    struct cursor c = cursor_make(head);
    cursor_skip(&c, 12);
    uint16_t command = cursor_u16le(&c);
    cursor_skip(&c, 2);
    bool answer = cursor_u32le(&c) & FLAG_ANSWER;
    if (command == SMB2_READ && answer)
        return least(whole, READ_BYTES);
    if (command == SMB2_WRITE && !answer)
        return least(whole, WRITE_BYTES);
    if (answer && (command == SMB2_FIND || command == SMB2_GET_INFO || command == SMB2_NOTIFY))
        return least(whole, LISTING_BYTES);
    if (whole > SMB_PDU_BYTES && command != SMB2_IOCTL)
        proto_anomaly(pf, ANOMALY_SMB_RECORD_OVERFLOW);
    return least(whole, SMB_PDU_BYTES);
}

static bool read_head(struct smb2_head *h, struct bytes pdu)
{
    struct cursor c = cursor_make(pdu);
    cursor_skip(&c, 8);
    h->status = cursor_u32le(&c);
    h->command = cursor_u16le(&c);
    cursor_skip(&c, 2);
    h->flags = cursor_u32le(&c);
    cursor_skip(&c, 4);
    h->key = cursor_u64le(&c);
    cursor_skip(&c, 4);
    h->tree_id = cursor_u32le(&c);
    h->session_id = cursor_u64le(&c);
    cursor_skip(&c, 16);
    h->pdu = pdu;
    return cursor_ok(&c);
}

// The fixed part behind the header, whose first two bytes are its length.
struct cursor smb2_body(const struct smb2_head *h)
{
    struct cursor c = cursor_make(h->pdu);
    cursor_skip(&c, HEAD_BYTES + 2);
    return c;
}

// `len` bytes at an offset counted from the header on; {NULL, 0}: they lie outside.
struct bytes smb2_buffer(const struct smb2_head *h, uint32_t offset, uint32_t len)
{
    if (offset < HEAD_BYTES || offset > h->pdu.len || len > h->pdu.len - offset)
        return (struct bytes){NULL, 0};
    return bytes_sub(h->pdu, offset, len);
}

static void request_dispatch(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB2_NEGOTIATE: smb2_negotiate_request(pf, h, tx); break;
    case SMB2_SESSION_SETUP: smb2_setup_request(pf, h, tx); break;
    case SMB2_TREE_CONNECT: smb2_tree_request(pf, h, tx); break;
    default: smb2_file_request(pf, h, tx); break;
    }
}

static void answer_dispatch(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB2_NEGOTIATE: smb2_negotiate_answer(pf, h, tx); break;
    case SMB2_SESSION_SETUP: smb2_setup_answer(pf, h, tx); break;
    case SMB2_LOGOFF: break;
    case SMB2_TREE_CONNECT: smb2_tree_answer(pf, h, tx); break;
    case SMB2_TREE_DISCONNECT: smb_tree_drop(smb_flow(pf), tx->session_id, tx->tree_id); break;
    default: smb2_file_answer(pf, h, tx); break;
    }
}

// Reads and writes are told of as files, attributes not at all, what is set and control codes
// where they matter.
static bool makes_record(uint16_t command)
{
    return command != SMB2_READ && command != SMB2_WRITE && command != SMB2_GET_INFO &&
           command != SMB2_SET_INFO && command != SMB2_IOCTL;
}

// Which session and tree a request of a compound is in that leaves it to the one before.
static void relate(struct smb_compound *compound, struct smb2_head *h)
{
    if (h->flags & FLAG_RELATED) {
        if (h->session_id == UINT64_MAX)
            h->session_id = compound->session_id;
        if (h->tree_id == UINT32_MAX)
            h->tree_id = compound->tree_id;
    } else {
        *compound = (struct smb_compound){0};
    }
    compound->session_id = h->session_id;
    compound->tree_id = h->tree_id;
}

static void request(struct proto_flow *pf, struct smb2_head *h)
{
    struct smb_flow *smb = smb_flow(pf);
    relate(&smb->side[h->side].compound, h);
    struct smb_tx *known = smb_tx_find(smb, h->key);
    if (known && h->command != SMB2_CANCEL)
        smb_tx_end(pf, known); // its id is used once more
    struct smb_tx *tx = smb_tx_new(pf, SMB_2, h->key, h->command);
    if (!tx)
        return;
    tx->session_id = h->session_id;
    tx->tree_id = h->tree_id;
    if (makes_record(h->command))
        smb_tx_record(pf, tx);
    if (tx->record)
        tx->record->is_signed = h->flags & FLAG_SIGNED;
    struct smb_session *session = smb_session_find(smb, h->session_id);
    if (session) {
        session->requests++;
        session->is_signed |= (h->flags & FLAG_SIGNED) != 0;
    }
    request_dispatch(pf, h, tx);
    if (h->command == SMB2_CANCEL)
        smb_tx_end(pf, tx); // never answered
}

// A client that speaks both asks in SMB1, and is answered in SMB2 (section 3.3.5.3.1).
static bool answer_to_smb1(struct proto_flow *pf, const struct smb2_head *h)
{
    enum { NEGOTIATE = 0x72 };
    struct smb_tx *tx = smb_flow(pf)->tx_oldest;
    if (h->command != SMB2_NEGOTIATE || h->key != 0 || !tx || tx->version != SMB_1 ||
        tx->command != NEGOTIATE)
        return false;
    smb_record_status(tx, h->status);
    smb2_negotiate_answer(pf, h, tx);
    smb_tx_end(pf, tx);
    if (bytes_equal(smb_flow(pf)->dialect, BYTES("2.??"))) // which one is still to be agreed
        smb_flow(pf)->dialect = (struct bytes){NULL, 0};
    return true;
}

static void answer(struct proto_flow *pf, const struct smb2_head *h)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_tx *tx = smb_tx_find(smb, h->key);
    if (answer_to_smb1(pf, h))
        return;
    if (!tx || tx->version != SMB_2 || tx->command != h->command || h->status == SMB_STATUS_PENDING)
        return;
    smb_record_status(tx, h->status);
    if (tx->record)
        tx->record->is_signed |= (h->flags & FLAG_SIGNED) != 0;
    answer_dispatch(pf, h, tx);
    uint64_t session = tx->session_id;
    bool over = h->command == SMB2_LOGOFF && h->status == 0;
    smb_tx_end(pf, tx);
    if (over)
        smb_session_end(pf, session, true);
}

void smb2_message(struct proto_flow *pf, enum flow_side side, struct bytes pdu, uint32_t whole)
{
    struct smb2_head h = {.side = side, .whole = whole};
    if (!read_head(&h, pdu)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    bool is_answer = h.flags & FLAG_ANSWER;
    if (is_answer && side == FLOW_CLIENT)
        proto_anomaly(pf, ANOMALY_SMB_RESPONSE_TO_SERVER);
    else if (!is_answer && side == FLOW_SERVER)
        proto_anomaly(pf, ANOMALY_SMB_REQUEST_TO_CLIENT);
    else if (is_answer)
        answer(pf, &h);
    else
        request(pf, &h);
}
