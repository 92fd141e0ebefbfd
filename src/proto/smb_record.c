// SPDX-License-Identifier: Apache-2.0
// The records of SMB: exchanges, files that crossed, opened files, sessions.
#include "proto/smb.h"

static const struct bytes none = {NULL, 0};

static struct bytes dialect_of(const struct smb_flow *smb)
{
    return smb->dialect.data ? smb->dialect : BYTES("unknown");
}

static struct record_smb_account account_of(struct smb_flow *smb, uint64_t session_id)
{
    struct smb_session *session = smb_session_find(smb, session_id);
    return session ? session->account : (struct record_smb_account){0};
}

void smb_record_status(struct smb_tx *tx, uint32_t status)
{
    tx->answered = true;
    if (!tx->record)
        return;
    tx->record->status = smb_status_name(status);
    tx->record->status_code = smb_text_hex(&tx->arena, "0x", status, 1);
}

// Until the answer tells what the share is, its name does.
void smb_tree_name(struct smb_tx *tx)
{
    const struct bytes ipc = BYTES("IPC$");
    tx->wants_account = true;
    if (!tx->record)
        return;
    struct bytes tail =
        tx->name.len < ipc.len ? none : bytes_from(tx->name, tx->name.len - ipc.len);
    *(bytes_equal_nocase(tail, ipc) ? &tx->record->named_pipe : &tx->record->share) = tx->name;
}

void smb_record_times(struct record_smb *r, const int64_t times[4])
{
    r->created = times[0] / 1'000'000;
    r->accessed = times[1] / 1'000'000;
    r->modified = times[2] / 1'000'000;
    r->changed = times[3] / 1'000'000;
    r->has_created = r->has_accessed = r->has_modified = r->has_changed = true;
}

// Name, share and user of the file a request is about. What it points to lives as long as the
// request: the file may be closed before it is answered.
void smb_record_about(struct proto_flow *pf, struct smb_tx *tx, const struct smb_handle *h)
{
    struct record_smb *r = tx->record;
    struct smb_tree *tree = smb_tree_find(smb_flow(pf), tx->session_id, tx->tree_id);
    if (!r) // there was no memory for it
        return;
    if (h && !r->filename.data)
        r->filename = smb_keep(pf, &tx->arena, h->name);
    if (tree && !r->share.data)
        r->share = smb_keep(pf, &tx->arena, tree->share);
}

static bool is_negotiate(const struct smb_tx *tx)
{
    enum { SMB1_NEGOTIATE = 0x72 };
    return tx->command == (tx->version == SMB_2 ? SMB2_NEGOTIATE : SMB1_NEGOTIATE);
}

// What was said before SMB goes with its beginning.
static void put_session_request(struct smb_flow *smb, struct record_smb *r)
{
    r->called_name = smb->called;
    r->calling_name = smb->calling;
    smb->called = smb->calling = none;
}

static struct bytes command_name(const struct smb_tx *tx)
{
    return tx->version == SMB_2 ? smb2_command_name(tx->command)
                                : smb1_command_name((uint8_t)tx->command);
}

void smb_record_emit(struct proto_flow *pf, struct smb_tx *tx)
{
    struct smb_flow *smb = smb_flow(pf);
    struct record_smb *r = tx->record;
    r->dialect = dialect_of(smb);
    r->command = command_name(tx);
    r->session_id = tx->session_id;
    r->tree_id = tx->tree_id;
    // Those it asks for are not known before the answer.
    r->has_session_id = tx->answered || tx->session_id != 0;
    r->has_tree_id = tx->answered || tx->tree_id != 0;
    if (tx->wants_account)
        r->account = account_of(smb, tx->session_id);
    if (is_negotiate(tx)) {
        put_session_request(smb, r);
        r->dialect = tx->answered ? r->dialect : BYTES("unknown");
    }
    proto_emit_at(pf, RECORD_SMB, r, tx->tx_id, tx->time_us);
}

static struct bytes carve_command(const struct smb_handle *h, enum flow_side side)
{
    if (h->version == SMB_1)
        return smb1_command_name(side == FLOW_CLIENT ? 0x2f : 0x2e);
    return smb2_command_name(side == FLOW_CLIENT ? 9 : 8);
}

void smb_record_carve(struct proto_flow *pf, const struct smb_handle *h, enum flow_side side)
{
    struct smb_flow *smb = smb_flow(pf);
    const struct smb_carve *c = &h->carve[side];
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 4096);
    struct record_smb r = {
        .id = c->id,
        .dialect = dialect_of(smb),
        .command = carve_command(h, side),
        .session_id = h->session_id,
        .has_session_id = true,
        .tree_id = h->tree_id,
        .has_tree_id = true,
        .filename = h->name,
        .share = h->share,
        .fuid = smb_text_guid(&arena, bytes_make(h->fid.bytes, SMB_FID_BYTES)),
        .account = account_of(smb, h->session_id),
    };
    if (c->answered) {
        r.status = smb_status_name(c->status);
        r.status_code = smb_text_hex(&arena, "0x", c->status, 1);
    }
    proto_emit_at(pf, RECORD_SMB, &r, c->tx_id, c->time_us);
    arena_reset(&arena);
}

static struct bytes pick(const struct smb_handle *h, const char *file, const char *pipe)
{
    return bytes_from_text(h->pipe ? pipe : file);
}

static size_t actions_of(const struct smb_handle *h, struct bytes out[5])
{
    size_t n = 0;
    if (h->opened)
        out[n++] = pick(h, "FILE_OPEN", "PIPE_OPEN");
    if (h->carve[FLOW_SERVER].bytes > 0)
        out[n++] = pick(h, "FILE_READ", "PIPE_READ");
    if (h->carve[FLOW_CLIENT].bytes > 0)
        out[n++] = pick(h, "FILE_WRITE", "PIPE_WRITE");
    if (h->new_name.data)
        out[n++] = BYTES("FILE_RENAME");
    if (h->deleted)
        out[n++] = BYTES("FILE_DELETE");
    return n;
}

static struct bytes opened_name(const struct smb_handle *h)
{
    static const char *const names[] = {"superseded", "opened", "created", "overwritten"};
    return bytes_from_text(h->opened && h->action < 4 ? names[h->action] : NULL);
}

void smb_record_file(struct proto_flow *pf, const struct smb_handle *h, bool closed)
{
    struct bytes action[5];
    size_t action_count = actions_of(h, action);
    if (action_count == 0)
        return; // only asked for
    struct arena arena;
    arena_init(&arena, pf->arena.pool, 4096);
    struct record_smb_file r = {
        .action = action,
        .action_count = action_count,
        .path = h->share,
        .name = h->name,
        .new_name = h->new_name,
        .size = h->size,
        .has_size = h->size_known,
        .times = {h->times[0], h->times[1], h->times[2], h->times[3]},
        .fuid = smb_text_guid(&arena, bytes_make(h->fid.bytes, SMB_FID_BYTES)),
        .directory = h->directory,
        .pipe = h->pipe,
        .opened = opened_name(h),
        .bytes_read = h->carve[FLOW_SERVER].bytes,
        .bytes_written = h->carve[FLOW_CLIENT].bytes,
        .closed = closed,
        .session_id = h->session_id,
        .tree_id = h->tree_id,
        .account = account_of(smb_flow(pf), h->session_id),
    };
    if (h->access != 0)
        r.access_mask = smb_text_hex(&arena, "0x", h->access, 8);
    proto_emit_at(pf, RECORD_SMB_FILE, &r, UINT64_MAX, h->time_us);
    arena_reset(&arena);
}

void smb_record_session(struct proto_flow *pf, struct smb_session *s, bool closed)
{
    if (!s->established && s->encrypted_messages == 0)
        return; // a log-on that failed
    struct record_smb_session r = {
        .dialect = dialect_of(smb_flow(pf)),
        .session_id = s->session_id,
        .account = s->account,
        .guest = s->guest,
        .anonymous = s->anonymous,
        .is_signed = s->is_signed,
        .encrypted = s->encrypted_messages > 0,
        .encrypted_messages = s->encrypted_messages,
        .has_encrypted_messages = s->encrypted_messages > 0,
        .encrypted_bytes = s->encrypted_bytes,
        .has_encrypted_bytes = s->encrypted_messages > 0,
        .requests = s->requests,
        .shares = s->shares,
        .shares_count = s->share_count,
        .files_opened = s->files_opened,
        .start = s->time_us,
        .closed = closed,
    };
    proto_emit_at(pf, RECORD_SMB_SESSION, &r, UINT64_MAX, s->time_us);
}
