// SPDX-License-Identifier: Apache-2.0
// How an SMB2 connection is set up (MS-SMB2 sections 2.2.3 to 2.2.10): dialects, signing, ciphers,
// sessions, tree connects.
#include "proto/smb.h"

enum {
    CONTEXT_ENCRYPTION = 2,
    CONTEXT_COMPRESSION = 3,
    CONTEXTS = 16,
    CAP_ENCRYPTION = 0x40,
    SESSION_GUEST = 1,
    SESSION_NULL = 2,
    SESSION_ENCRYPT = 4,
    SHARE_ENCRYPT = 0x8000,
    DIALECT_311 = 0x0311,
    DIALECT_WILDCARD = 0x02ff,
};

static struct bytes signing_name(uint16_t mode)
{
    return mode & 2 ? BYTES("required") : mode & 1 ? BYTES("enabled") : BYTES("disabled");
}

static struct bytes cipher_name(uint16_t id)
{
    static const char *const names[] = {
        NULL, "AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"};
    return bytes_from_text(id < sizeof names / sizeof *names ? names[id] : NULL);
}

static struct bytes compression_name(uint16_t id)
{
    static const char *const names[] = {NULL, "LZNT1", "LZ77", "LZ77+Huffman", "Pattern_V1", "LZ4"};
    return bytes_from_text(id < sizeof names / sizeof *names ? names[id] : NULL);
}

// A list of 16-bit numbers by name; what has none is left out.
static const struct bytes *read_names(struct proto_flow *pf, struct arena *arena, struct cursor *c,
    uint16_t number, struct bytes (*name_of)(uint16_t), size_t *count)
{
    *count = 0;
    if (number > SMB_LIST) {
        proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_DIALECTS);
        number = SMB_LIST;
    }
    struct bytes *list = arena_alloc(arena, (number + 1U) * sizeof *list);
    for (uint16_t i = 0; list && i < number; i++) {
        struct bytes name = name_of(cursor_u16le(c));
        if (cursor_ok(c) && name.data)
            list[(*count)++] = name;
    }
    return list;
}

static void read_context(
    struct proto_flow *pf, struct smb_tx *tx, uint16_t type, struct cursor c, bool answer)
{
    struct record_smb *r = tx->record;
    uint16_t count = cursor_u16le(&c);
    if (type == CONTEXT_ENCRYPTION && answer) {
        r->cipher = cipher_name(cursor_u16le(&c));
    } else if (type == CONTEXT_ENCRYPTION) {
        r->client_ciphers =
            read_names(pf, &tx->arena, &c, count, cipher_name, &r->client_ciphers_count);
    } else if (type == CONTEXT_COMPRESSION && answer) {
        cursor_skip(&c, 6); // padding, flags
        r->compression =
            read_names(pf, &tx->arena, &c, count, compression_name, &r->compression_count);
    }
}

// Section 2.2.3.1: each begins at a multiple of 8.
static void read_contexts(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx,
    uint32_t offset, uint16_t count, bool answer)
{
    struct cursor c = cursor_make(h->pdu);
    cursor_seek(&c, offset);
    for (int i = 0; i < count && i < CONTEXTS && cursor_left(&c) >= 8; i++) {
        uint16_t type = cursor_u16le(&c), len = cursor_u16le(&c);
        cursor_skip(&c, 4);
        struct cursor data = cursor_sub(&c, len);
        if (cursor_ok(&data))
            read_context(pf, tx, type, data, answer);
        if (cursor_left(&c) > 0)
            cursor_skip(&c, (8 - cursor_pos(&c) % 8) % 8);
    }
    if (!cursor_ok(&c))
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
}

void smb2_negotiate_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct record_smb *r = tx->record;
    if (smb_flow(pf)->session_seen)
        proto_anomaly(pf, ANOMALY_SMB_DUPLICATE_NEGOTIATE);
    if (!r)
        return;
    struct cursor c = smb2_body(h);
    uint16_t count = cursor_u16le(&c);
    r->client_signing = signing_name(cursor_u16le(&c));
    cursor_skip(&c, 6); // reserved, capabilities
    r->client_guid = smb_text_guid(&tx->arena, cursor_take(&c, 16));
    uint32_t contexts = cursor_u32le(&c);
    uint16_t context_count = cursor_u16le(&c);
    cursor_skip(&c, 2);
    struct cursor dialects = c;
    r->client_dialects =
        read_names(pf, &tx->arena, &c, count, smb2_dialect_name, &r->client_dialects_count);
    if (!cursor_ok(&c) || count == 0)
        proto_anomaly(pf, ANOMALY_SMB_NEGOTIATE_MALFORMED_DIALECTS);
    bool has_contexts = false; // else a time stands there
    for (uint16_t i = 0; i < count && i < SMB_LIST; i++)
        has_contexts |= cursor_u16le(&dialects) == DIALECT_311;
    if (has_contexts)
        read_contexts(pf, h, tx, contexts, context_count, false);
}

void smb2_negotiate_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct record_smb *r = tx->record;
    struct smb_flow *smb = smb_flow(pf);
    if (h->status != 0 || !r)
        return;
    struct cursor c = smb2_body(h);
    r->server_signing = signing_name(cursor_u16le(&c));
    uint16_t dialect = cursor_u16le(&c), context_count = cursor_u16le(&c);
    struct bytes guid = cursor_take(&c, 16);
    uint32_t capabilities = cursor_u32le(&c);
    cursor_skip(&c, 4); // transactions
    r->max_read_size = cursor_u32le(&c);
    r->max_write_size = cursor_u32le(&c);
    int64_t system = smb_time(cursor_u64le(&c)), boot = smb_time(cursor_u64le(&c));
    uint16_t token_at = cursor_u16le(&c), token_len = cursor_u16le(&c);
    uint32_t contexts = cursor_u32le(&c);
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    r->has_max_read_size = r->has_max_write_size = true;
    r->server_guid = smb_text_guid(&tx->arena, guid);
    r->system_time = system;
    r->boot_time = boot;
    r->encryption = dialect >= 0x0300 && dialect < DIALECT_311 && (capabilities & CAP_ENCRYPTION);
    struct bytes name = smb2_dialect_name(dialect);
    smb->dialect = name.data ? name : smb_text_hex(&pf->arena, "0x", dialect, 4);
    smb_auth_offer(tx, smb2_buffer(h, token_at, token_len));
    if (dialect == DIALECT_311)
        read_contexts(pf, h, tx, contexts, context_count, true);
}

void smb2_setup_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    smb_flow(pf)->session_seen = true;
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 1); // flags
    if (tx->record)
        tx->record->client_signing = signing_name(cursor_u8(&c));
    cursor_seek(&c, 64 + 12);
    uint16_t at = cursor_u16le(&c), len = cursor_u16le(&c);
    struct bytes token = smb2_buffer(h, at, len);
    if (!cursor_ok(&c) || (len > 0 && !token.data))
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    else
        smb_auth_request(pf, tx, token);
}

void smb2_setup_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    uint16_t flags = cursor_u16le(&c), at = cursor_u16le(&c), len = cursor_u16le(&c);
    bool going = h->status == 0 || h->status == SMB_STATUS_MORE_PROCESSING;
    tx->session_id = h->session_id;
    struct bytes token = going && cursor_ok(&c) ? smb2_buffer(h, at, len) : (struct bytes){NULL, 0};
    struct smb_session *session = smb_session_get(pf, h->session_id);
    if (!session)
        return;
    smb_auth_answer(pf, tx, session, token);
    if (h->status == SMB_STATUS_MORE_PROCESSING)
        return;
    smb_auth_end(pf, tx, session, h->status == 0);
    if (h->status != 0 || !cursor_ok(&c))
        return;
    session->guest = flags & SESSION_GUEST;
    session->anonymous = flags & SESSION_NULL;
    if (!tx->record)
        return;
    tx->record->guest = session->guest;
    tx->record->anonymous = session->anonymous;
    tx->record->encryption = flags & SESSION_ENCRYPT;
}

void smb2_tree_request(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    cursor_skip(&c, 2);
    uint16_t at = cursor_u16le(&c), len = cursor_u16le(&c);
    struct bytes path = smb2_buffer(h, at, len);
    if (!cursor_ok(&c) || !path.data)
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
    tx->name = smb_text_utf16(pf, &tx->arena, path);
    smb_tree_name(tx);
}

static struct bytes share_type_name(uint8_t type)
{
    static const char *const names[] = {"UNKNOWN", "FILE", "PIPE", "PRINT"};
    return bytes_from_text(names[type <= 3 ? type : 0]);
}

void smb2_tree_answer(struct proto_flow *pf, const struct smb2_head *h, struct smb_tx *tx)
{
    struct cursor c = smb2_body(h);
    uint8_t type = cursor_u8(&c);
    cursor_skip(&c, 1);
    uint32_t flags = cursor_u32le(&c);
    struct record_smb *r = tx->record;
    if (h->status != 0)
        return;
    if (!cursor_ok(&c)) {
        proto_anomaly(pf, ANOMALY_SMB_MALFORMED_DATA);
        return;
    }
    tx->tree_id = h->tree_id;
    smb_tree_add(pf, tx->session_id, h->tree_id, tx->name, type == 2);
    if (!r)
        return;
    r->named_pipe = type == 2 ? tx->name : (struct bytes){NULL, 0};
    r->share = type == 2 ? (struct bytes){NULL, 0} : tx->name;
    r->share_type = share_type_name(type);
    r->encryption = flags & SHARE_ENCRYPT;
}
