// SPDX-License-Identifier: Apache-2.0
// How an SMB1 connection is set up (MS-CIFS 2.2.4.50 to 2.2.4.55, MS-SMB 2.2.4.5 to 2.2.4.7):
// dialects, sessions with GSS-API tokens or with answers to a challenge, tree connects. Passwords
// and answers are passed over.
#include "proto/smb1.h"

#define CAP_EXTENDED 0x80000000U

enum {
    WORDS_NEGOTIATE_NT = 17,
    WORDS_SETUP_TOKEN = 12,
    WORDS_SETUP_NT = 13,
    WORDS_SETUP_LANMAN = 10,
    WORDS_SETUP_ANSWER_TOKEN = 4,
    ACTION_GUEST = 1,
};

static bool negotiate_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    enum { FORMAT_DIALECT = 2 };
    struct bytes *list = arena_alloc(&tx->arena, SMB_LIST * sizeof *list);
    size_t count = 0;
    if (smb_flow(pf)->session_seen)
        proto_anomaly(pf, ANOMALY_SMB_DUPLICATE_NEGOTIATE);
    if (!list || !tx->record)
        return true;
    while (cursor_left(&h->data) > 1 && cursor_u8(&h->data) == FORMAT_DIALECT) {
        struct bytes rest = cursor_rest(&h->data);
        size_t len = bytes_find_byte(rest, 0);
        if (len == BYTES_NOT_FOUND) {
            proto_anomaly(pf, ANOMALY_SMB_NEGOTIATE_MALFORMED_DIALECTS);
            break;
        }
        if (count == SMB_LIST) {
            proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_DIALECTS);
            break;
        }
        list[count++] = smb_text_oem(pf, &tx->arena, cursor_take(&h->data, len));
        cursor_skip(&h->data, 1);
    }
    tx->record->client_dialects = list;
    tx->record->client_dialects_count = count;
    return true;
}

static void negotiate_tail(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx,
    uint32_t capabilities, uint8_t challenge)
{
    struct record_smb *r = tx->record;
    if (capabilities & CAP_EXTENDED) {
        r->server_guid = smb_text_guid(&tx->arena, cursor_take(&h->data, 16));
        smb_auth_offer(tx, cursor_rest(&h->data));
        return;
    }
    cursor_skip(&h->data, challenge);
    // These names follow without padding (MS-CIFS 2.2.4.52.2): they are aligned to each other
    // alone.
    struct cursor names = cursor_make(cursor_rest(&h->data));
    if (cursor_left(&names) > 0)
        r->domain = smb1_string(pf, &tx->arena, h, &names);
    if (cursor_left(&names) > 0)
        r->server_name = smb1_string(pf, &tx->arena, h, &names);
}

static bool negotiate_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct record_smb *r = tx->record;
    struct cursor c = h->words;
    uint16_t index = cursor_u16le(&c);
    if (h->failed || !r)
        return true;
    if (index < r->client_dialects_count)
        smb_flow(pf)->dialect = smb_keep(pf, &pf->arena, r->client_dialects[index]);
    if (h->word_count != WORDS_NEGOTIATE_NT)
        return cursor_ok(&c);
    uint8_t mode = cursor_u8(&c);
    cursor_skip(&c, 16);
    uint32_t capabilities = cursor_u32le(&c);
    r->system_time = smb_time(cursor_u64le(&c));
    cursor_skip(&c, 2); // time zone
    uint8_t challenge = cursor_u8(&c);
    r->server_signing = mode & 8   ? BYTES("required")
                        : mode & 4 ? BYTES("enabled")
                                   : BYTES("disabled");
    negotiate_tail(pf, h, tx, capabilities, challenge);
    return cursor_ok(&c);
}

static void read_native(
    struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx, struct record_smb_native *out)
{
    if (cursor_left(&h->data) > 0)
        out->native_os = smb1_string(pf, &tx->arena, h, &h->data);
    if (cursor_left(&h->data) > 0)
        out->native_lm = smb1_string(pf, &tx->arena, h, &h->data);
    if (cursor_left(&h->data) > 1)
        out->primary_domain = smb1_string(pf, &tx->arena, h, &h->data);
}

static bool session_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct record_smb *r = tx->record;
    struct cursor c = h->words;
    smb_flow(pf)->session_seen = true;
    cursor_skip(&c, 14); // AndX, buffer size, multiplex and circuit numbers, session key
    uint16_t first = cursor_u16le(&c), second = cursor_u16le(&c);
    if (!r || !cursor_ok(&c))
        return cursor_ok(&c);
    if (h->word_count == WORDS_SETUP_TOKEN) {
        smb_auth_request(pf, tx, cursor_take(&h->data, first));
        read_native(pf, h, tx, &r->request);
        return true;
    }
    if (h->word_count != WORDS_SETUP_NT && h->word_count != WORDS_SETUP_LANMAN)
        return false;
    cursor_skip(&h->data, first + (h->word_count == WORDS_SETUP_NT ? second : 0U));
    r->account.user = smb1_string(pf, &tx->arena, h, &h->data);
    r->account.domain = smb1_string(pf, &tx->arena, h, &h->data);
    read_native(pf, h, tx, &r->request);
    return cursor_ok(&h->data);
}

static bool session_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct cursor c = h->words;
    cursor_skip(&c, 4);
    uint16_t action = cursor_u16le(&c);
    struct bytes token = {NULL, 0};
    if (h->word_count == WORDS_SETUP_ANSWER_TOKEN)
        token = cursor_take(&h->data, cursor_u16le(&c));
    tx->session_id = h->uid;
    bool more = h->status == SMB_STATUS_MORE_PROCESSING;
    struct smb_session *session = smb_session_get(pf, h->uid);
    if (!session)
        return true;
    smb_auth_answer(pf, tx, session, token);
    if (!more) {
        smb_auth_end(pf, tx, session, !h->failed);
        session->guest = !h->failed && (action & ACTION_GUEST);
    }
    if (!tx->record || h->word_count < 3)
        return true;
    tx->record->guest = session->guest;
    read_native(pf, h, tx, &tx->record->response);
    return cursor_ok(&c);
}

static bool tree_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    tx->tree_id = 0; // the answer tells
    if (h->command == SMB1_TREE_CONNECT) {
        tx->name = smb1_path(pf, &tx->arena, h, &h->data);
        smb_tree_name(tx);
        return cursor_ok(&h->data);
    }
    struct cursor c = h->words;
    cursor_skip(&c, 6);                      // AndX, flags
    cursor_skip(&h->data, cursor_u16le(&c)); // password
    tx->name = smb1_string(pf, &tx->arena, h, &h->data);
    smb_tree_name(tx);
    struct bytes service = cursor_rest(&h->data); // never in UTF-16
    if (tx->record)
        tx->record->service.request = smb_text_oem(pf, &tx->arena, service);
    return cursor_ok(&c) && cursor_ok(&h->data);
}

static struct bytes share_type(struct bytes service)
{
    if (bytes_start_with(service, BYTES("IPC")))
        return BYTES("PIPE");
    if (bytes_start_with(service, BYTES("LPT")))
        return BYTES("PRINT");
    return BYTES("FILE");
}

static bool tree_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    struct record_smb *r = tx->record;
    if (h->failed)
        return true;
    struct cursor c = h->words;
    cursor_skip(&c, h->command == SMB1_TREE_CONNECT ? 2 : 0);
    tx->tree_id = h->command == SMB1_TREE_CONNECT ? cursor_u16le(&c) : h->tid;
    struct bytes service = cursor_rest(&h->data);
    service = bytes_sub(service, 0, bytes_find_byte(service, 0));
    bool pipe = bytes_start_with(service, BYTES("IPC"));
    smb_tree_add(pf, tx->session_id, tx->tree_id, tx->name, pipe);
    if (!r)
        return true;
    r->named_pipe = pipe ? tx->name : (struct bytes){NULL, 0};
    r->share = pipe ? (struct bytes){NULL, 0} : tx->name;
    if (h->command == SMB1_TREE_CONNECT)
        return true;
    r->share_type = share_type(service);
    r->service.response = smb_text_oem(pf, &tx->arena, service);
    cursor_skip(&h->data, service.len + 1);
    if (cursor_left(&h->data) > 2)
        r->native_file_system = smb1_string(pf, &tx->arena, h, &h->data);
    return true;
}

bool smb1_setup_request(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB1_NEGOTIATE: return negotiate_request(pf, h, tx);
    case SMB1_SESSION_SETUP_ANDX: return session_request(pf, h, tx);
    default: return tree_request(pf, h, tx);
    }
}

bool smb1_setup_answer(struct proto_flow *pf, struct smb1_head *h, struct smb_tx *tx)
{
    switch (h->command) {
    case SMB1_NEGOTIATE: return negotiate_answer(pf, h, tx);
    case SMB1_SESSION_SETUP_ANDX: return session_answer(pf, h, tx);
    default: return tree_answer(pf, h, tx);
    }
}
