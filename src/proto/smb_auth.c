// SPDX-License-Identifier: Apache-2.0
// Log-on to an SMB session (MS-SMB2 3.2.4.2.3): tokens of GSS-API. The client's NEGOTIATE of NTLM
// comes before the session has its id; it is kept until the server's answer gives one.
#include "proto/gss.h"
#include "proto/krb_message.h"
#include "proto/smb.h"

static void put_mechs(struct smb_tx *tx, const struct gss_token *gss)
{
    struct record_smb *r = tx->record;
    struct bytes *list = arena_alloc(&tx->arena, GSS_MECHS * sizeof *list);
    if (!list || r->mechanisms_count > 0)
        return;
    for (size_t i = 0; i < gss->mech_count; i++)
        list[i] = bytes_from_text(gss_mech_name(gss->mechs[i]));
    r->mechanisms = list;
    r->mechanisms_count = gss->mech_count;
}

void smb_auth_offer(struct smb_tx *tx, struct bytes token)
{
    struct gss_token gss;
    if (tx->record && gss_read(&gss, token))
        put_mechs(tx, &gss);
}

static void put_ntlm(struct smb_tx *tx, struct bytes inner)
{
    struct record_smb_ntlmssp *out = &tx->record->ntlmssp;
    struct ntlm_message m;
    if (!ntlm_read(&m, inner, &tx->arena) || m.type != NTLM_AUTHENTICATE)
        return;
    out->domain = m.domain;
    out->user = m.user;
    out->host = m.workstation;
    out->version = ntlm_version_eve(&m.version, &tx->arena);
}

// "cifs/files.city.example" by its components.
static void put_service(struct smb_tx *tx, struct bytes sname)
{
    enum { COMPONENTS = 4 };
    struct record_smb_kerberos *out = &tx->record->kerberos;
    struct bytes *list = arena_alloc(&tx->arena, COMPONENTS * sizeof *list);
    size_t count = 0;
    while (list && sname.len > 0 && count < COMPONENTS) {
        size_t slash = count + 1 < COMPONENTS ? bytes_find_byte(sname, '/') : BYTES_NOT_FOUND;
        list[count++] = bytes_sub(sname, 0, slash);
        sname = slash == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(sname, slash + 1);
    }
    out->snames = list;
    out->snames_count = list ? count : 0;
}

static void put_kerberos(struct smb_tx *tx, struct bytes inner)
{
    struct krb_message m;
    if (!krb_read(&m, inner, &tx->arena) || !m.ticket.present)
        return;
    tx->record->kerberos.realm = m.ticket.realm;
    put_service(tx, m.ticket.sname);
}

void smb_auth_request(struct proto_flow *pf, struct smb_tx *tx, struct bytes token)
{
    struct gss_token gss;
    tx->token = smb_keep(pf, &tx->arena, token);
    if (!tx->record || !gss_read(&gss, tx->token))
        return;
    put_mechs(tx, &gss);
    if (gss.kind == GSS_NTLM)
        put_ntlm(tx, gss.inner);
    else if (gss.kind == GSS_KERBEROS)
        put_kerberos(tx, gss.inner);
}

void smb_auth_answer(
    struct proto_flow *pf, struct smb_tx *tx, struct smb_session *session, struct bytes token)
{
    struct gss_token gss;
    if (tx->token.len > 0)
        gss_feed(&session->ntlm, pf, tx->tx_id, tx->token, &gss);
    if (token.len > 0)
        gss_feed(&session->ntlm, pf, tx->tx_id, token, &gss);
}

static void put_account(struct proto_flow *pf, struct smb_tx *tx, struct smb_session *session)
{
    const struct ntlm_message *m = ntlm_session_message(session->ntlm, NTLM_AUTHENTICATE);
    if (m) {
        session->account.user = smb_keep(pf, &session->arena, m->user);
        session->account.domain = smb_keep(pf, &session->arena, m->domain);
        session->account.host = smb_keep(pf, &session->arena, m->workstation);
    } else if (tx->record) {
        session->account.domain = smb_keep(pf, &session->arena, tx->record->kerberos.realm);
    }
}

void smb_auth_end(
    struct proto_flow *pf, struct smb_tx *tx, struct smb_session *session, bool success)
{
    if (success)
        put_account(pf, tx, session);
    ntlm_result(&session->ntlm, pf, success ? NTLM_SUCCESS : NTLM_FAILURE);
    session->established |= success;
}
