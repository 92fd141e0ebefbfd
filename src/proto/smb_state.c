// SPDX-License-Identifier: Apache-2.0
// What an SMB connection has going: requests that wait for their answer, sessions, tree connects.
// Each has memory of its own; at its limit the oldest is given up, and said so.
#include "proto/ntlmssp.h"
#include "proto/smb.h"

struct bytes smb_keep(struct proto_flow *pf, struct arena *arena, struct bytes text)
{
    struct bytes copy = arena_copy(arena, text);
    if (!copy.data && text.len > 0)
        proto_anomaly(pf, ANOMALY_SMB_OUT_OF_BUDGET);
    return copy;
}

// A zeroed struct of `size` bytes in an arena of its own, which it begins with.
static void *own_new(struct proto_flow *pf, size_t size, size_t budget)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, budget);
    struct arena *own = arena_zalloc(&arena, size);
    if (!own) {
        arena_reset(&arena);
        proto_anomaly(pf, ANOMALY_SMB_OUT_OF_BUDGET);
        return NULL;
    }
    *own = arena;
    return own;
}

static void own_free(struct arena *own)
{
    struct arena arena = *own; // it lies in what it gives back
    arena_reset(&arena);
}

static struct smb_tx **tx_bucket(struct smb_flow *smb, uint64_t key)
{
    return &smb->tx[key % SMB_TX_BUCKETS];
}

struct smb_tx *smb_tx_new(
    struct proto_flow *pf, enum smb_version version, uint64_t key, uint16_t command)
{
    struct smb_flow *smb = smb_flow(pf);
    if (smb->tx_count == SMB_TXS) {
        proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_TRANSACTIONS);
        smb_tx_end(pf, smb->tx_oldest);
    }
    struct smb_tx *tx = own_new(pf, sizeof *tx, SMB_TX_BYTES);
    if (!tx)
        return NULL;
    tx->version = version;
    tx->key = key;
    tx->command = command;
    tx->time_us = pf->time_us;
    struct smb_tx **bucket = tx_bucket(smb, key);
    tx->next = *bucket;
    *bucket = tx;
    tx->older = smb->tx_newest;
    if (smb->tx_newest)
        smb->tx_newest->newer = tx;
    else
        smb->tx_oldest = tx;
    smb->tx_newest = tx;
    smb->tx_count++;
    return tx;
}

void smb_tx_record(struct proto_flow *pf, struct smb_tx *tx)
{
    tx->record = arena_zalloc(&tx->arena, sizeof *tx->record);
    if (!tx->record) {
        proto_anomaly(pf, ANOMALY_SMB_OUT_OF_BUDGET);
        return;
    }
    tx->tx_id = pf->tx_count++;
    tx->record->id = tx->tx_id + 1;
}

struct smb_tx *smb_tx_find(struct smb_flow *smb, uint64_t key)
{
    struct smb_tx *tx = *tx_bucket(smb, key);
    while (tx && tx->key != key)
        tx = tx->next;
    return tx;
}

void smb_tx_drop(struct smb_flow *smb, struct smb_tx *tx)
{
    struct smb_tx **at = tx_bucket(smb, tx->key);
    while (*at != tx)
        at = &(*at)->next;
    *at = tx->next;
    *(tx->older ? &tx->older->newer : &smb->tx_oldest) = tx->newer;
    *(tx->newer ? &tx->newer->older : &smb->tx_newest) = tx->older;
    smb->tx_count--;
    own_free(&tx->arena);
}

void smb_tx_end(struct proto_flow *pf, struct smb_tx *tx)
{
    if (tx->record)
        smb_record_emit(pf, tx);
    smb_tx_drop(smb_flow(pf), tx);
}

struct smb_session *smb_session_find(struct smb_flow *smb, uint64_t id)
{
    struct smb_session *session = smb->sessions;
    while (session && session->session_id != id)
        session = session->next;
    return session;
}

// The last of the list is the oldest.
static void session_drop_oldest(struct proto_flow *pf)
{
    struct smb_session *session = smb_flow(pf)->sessions;
    while (session->next)
        session = session->next;
    proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_SESSIONS);
    smb_session_end(pf, session->session_id, false);
}

struct smb_session *smb_session_get(struct proto_flow *pf, uint64_t id)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_session *session = smb_session_find(smb, id);
    if (session)
        return session;
    if (smb->session_count == SMB_SESSIONS)
        session_drop_oldest(pf);
    session = own_new(pf, sizeof *session, SMB_TEXT_BYTES);
    if (!session)
        return NULL;
    session->session_id = id;
    session->time_us = pf->time_us;
    session->next = smb->sessions;
    smb->sessions = session;
    smb->session_count++;
    return session;
}

void smb_session_end(struct proto_flow *pf, uint64_t id, bool closed)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_session **at = &smb->sessions;
    while (*at && (*at)->session_id != id)
        at = &(*at)->next;
    struct smb_session *session = *at;
    if (!session)
        return;
    *at = session->next;
    smb->session_count--;
    ntlm_result(&session->ntlm, pf, NTLM_UNKNOWN);
    smb_record_session(pf, session, closed);
    own_free(&session->arena);
}

struct smb_tree *smb_tree_find(struct smb_flow *smb, uint64_t session, uint32_t tree)
{
    struct smb_tree *t = smb->trees;
    while (t && (t->session_id != session || t->tree_id != tree))
        t = t->next;
    return t;
}

void smb_tree_drop(struct smb_flow *smb, uint64_t session, uint32_t tree)
{
    struct smb_tree **at = &smb->trees;
    while (*at && ((*at)->session_id != session || (*at)->tree_id != tree))
        at = &(*at)->next;
    struct smb_tree *t = *at;
    if (!t)
        return;
    *at = t->next;
    smb->tree_count--;
    own_free(&t->arena);
}

static void tree_drop_oldest(struct proto_flow *pf)
{
    struct smb_tree *t = smb_flow(pf)->trees;
    while (t->next)
        t = t->next;
    proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_TREES);
    smb_tree_drop(smb_flow(pf), t->session_id, t->tree_id);
}

// The session's own list of shares is for its record.
static void session_share(struct proto_flow *pf, uint64_t id, struct bytes share)
{
    struct smb_session *s = smb_session_find(smb_flow(pf), id);
    if (!s || s->share_count == SMB_SHARES)
        return;
    for (size_t i = 0; i < s->share_count; i++)
        if (bytes_equal(s->shares[i], share))
            return;
    if (!s->shares)
        s->shares = arena_zalloc(&s->arena, SMB_SHARES * sizeof *s->shares);
    if (s->shares)
        s->shares[s->share_count++] = smb_keep(pf, &s->arena, share);
}

void smb_tree_add(
    struct proto_flow *pf, uint64_t session, uint32_t tree, struct bytes share, bool pipe)
{
    struct smb_flow *smb = smb_flow(pf);
    smb_tree_drop(smb, session, tree);
    if (smb->tree_count == SMB_TREES)
        tree_drop_oldest(pf);
    struct smb_tree *t = own_new(pf, sizeof *t, SMB_TEXT_BYTES);
    if (!t)
        return;
    t->session_id = session;
    t->tree_id = tree;
    t->pipe = pipe;
    t->share = smb_keep(pf, &t->arena, share);
    t->next = smb->trees;
    smb->trees = t;
    smb->tree_count++;
    session_share(pf, session, share);
}

static struct smb_handle **handle_bucket(struct smb_flow *smb, const struct smb_fid *fid)
{
    // Servers count somewhere in their ids; an attacker gains only a longer list, of SMB_HANDLES.
    uint32_t sum = 0;
    for (size_t i = 0; i < SMB_FID_BYTES; i++)
        sum = sum * 31 + fid->bytes[i];
    return &smb->handle[sum % SMB_HANDLE_BUCKETS];
}

struct smb_handle *smb_handle_find(struct smb_flow *smb, const struct smb_fid *fid)
{
    struct smb_handle *h = *handle_bucket(smb, fid);
    while (h && memcmp(&h->fid, fid, sizeof *fid) != 0)
        h = h->next;
    return h;
}

// By its id; in a compound, by the request that opened it.
struct smb_handle *smb_handle_of(struct smb_flow *smb, const struct smb_tx *tx)
{
    if (tx->has_fid)
        return smb_handle_find(smb, &tx->fid);
    if (!tx->has_create)
        return NULL;
    struct smb_handle *h = smb->handle_newest;
    for (int i = 0; h && i < SMB_ANDX && h->create_key != tx->create_key; i++)
        h = h->older;
    return h && h->create_key == tx->create_key ? h : NULL;
}

static struct smb_handle *handle_add(struct proto_flow *pf, const struct smb_fid *fid)
{
    struct smb_flow *smb = smb_flow(pf);
    if (smb->handle_count == SMB_HANDLES) {
        proto_anomaly(pf, ANOMALY_SMB_TOO_MANY_FILES);
        smb_handle_close(pf, smb->handle_oldest, false);
    }
    struct smb_handle *h = own_new(pf, sizeof *h, SMB_HANDLE_BYTES);
    if (!h)
        return NULL;
    h->fid = *fid;
    struct smb_handle **bucket = handle_bucket(smb, fid);
    h->next = *bucket;
    *bucket = h;
    h->older = smb->handle_newest;
    *(h->older ? &h->older->newer : &smb->handle_oldest) = h;
    smb->handle_newest = h;
    smb->handle_count++;
    return h;
}

// Where bytes were lost, what is written to a file may be seen before its opening is.
struct smb_handle *smb_handle_new(
    struct proto_flow *pf, const struct smb_tx *tx, const struct smb_fid *fid)
{
    struct smb_flow *smb = smb_flow(pf);
    struct smb_handle *h = smb_handle_find(smb, fid);
    if (h && h->opened) {
        smb_handle_close(pf, h, false); // its end was not seen
        h = NULL;
    }
    h = h ? h : handle_add(pf, fid);
    if (!h)
        return NULL;
    h->time_us = tx->time_us;
    h->create_key = tx->key;
    h->session_id = tx->session_id;
    h->tree_id = tx->tree_id;
    h->version = tx->version;
    h->access = tx->access;
    h->name = smb_keep(pf, &h->arena, tx->name);
    struct smb_tree *tree = smb_tree_find(smb, tx->session_id, tx->tree_id);
    h->pipe |= tree && tree->pipe;
    h->share = tree ? smb_keep(pf, &h->arena, tree->share) : (struct bytes){NULL, 0};
    return h;
}

static void handle_unlink(struct smb_flow *smb, struct smb_handle *h)
{
    struct smb_handle **at = handle_bucket(smb, &h->fid);
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    *(h->older ? &h->older->newer : &smb->handle_oldest) = h->newer;
    *(h->newer ? &h->newer->older : &smb->handle_newest) = h->older;
    smb->handle_count--;
    for (int side = 0; side < 2; side++)
        if (smb->side[side].stream.handle == h)
            smb->side[side].stream.handle = NULL;
}

void smb_handle_close(struct proto_flow *pf, struct smb_handle *h, bool closed)
{
    smb_carve_end(pf, h, FLOW_CLIENT, closed);
    smb_carve_end(pf, h, FLOW_SERVER, closed);
    smb_pipe_end(pf, h);
    smb_record_file(pf, h, closed);
    handle_unlink(smb_flow(pf), h);
    own_free(&h->arena);
}
