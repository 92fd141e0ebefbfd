// SPDX-License-Identifier: Apache-2.0
// The krb5 record of a message: EVE's fields are the message's own, the others those of the
// request, which an answer repeats. See krb_message.h.
#include "proto/krb_record.h"
#include "proto/text_out.h"
#include "proto/x509.h"
#include <stdio.h>

static const struct bytes nothing = {NULL, 0};

static struct bytes number_text(int32_t number, struct arena *arena)
{
    char room[16];
    int len = snprintf(room, sizeof room, "%d", (int)number);
    return arena_copy(arena, bytes_make(room, (size_t)len));
}

static struct bytes name_or_number(const char *name, int32_t number, struct arena *arena)
{
    return name ? bytes_from_text(name) : number_text(number, arena);
}

static struct bytes etype_text(int32_t etype, struct arena *arena)
{
    return name_or_number(krb_etype_name(etype), etype, arena);
}

static struct bytes or_empty(struct bytes b)
{
    return b.data ? b : BYTES("<empty>");
}

// Numbers in words; *count is set.
static const struct bytes *word_list(const int32_t *numbers, size_t want,
    const char *(*name)(int32_t), struct arena *arena, size_t *count)
{
    struct bytes *list = want ? arena_alloc(arena, want * sizeof *list) : NULL;
    *count = list ? want : 0;
    for (size_t i = 0; i < *count; i++)
        list[i] = name_or_number(name(numbers[i]), numbers[i], arena);
    return list;
}

static void fill_options(struct record_krb5 *r, const struct krb_message *m, struct arena *arena)
{
    enum { OPTIONS = 16 };
    struct bytes *list = arena_alloc(arena, OPTIONS * sizeof *list);
    bool ap = m->type == KRB_AP_REQ;
    if (!list)
        return;
    r->options = list;
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = krb_option_name(ap, bit);
        if (!name || !(m->options >> (31 - bit) & 1) || r->options_count == OPTIONS)
            continue;
        list[r->options_count++] = bytes_from_text(name);
    }
    r->forwardable = !ap && (m->options >> 30 & 1);
    r->renewable = !ap && (m->options >> 23 & 1);
}

static void fill_ticket(
    struct record_krb5_ticket *out, const struct krb_ticket *ticket, struct arena *arena)
{
    if (!ticket->present)
        return;
    out->realm = ticket->realm;
    out->sname = ticket->sname;
    out->encryption = etype_text(ticket->etype, arena);
    out->sha256 = ticket->sha256;
}

static struct bytes certificate_subject(const struct krb_message *m, struct arena *arena)
{
    struct x509 cert;
    if (!m->certificate.len || !x509_parse(m->certificate, &cert))
        return nothing;
    return x509_name_text(cert.subject, arena);
}

static struct bytes request_type(uint8_t type)
{
    switch (type) {
    case KRB_AS_REQ:
    case KRB_AS_REP: return BYTES("AS");
    case KRB_TGS_REQ:
    case KRB_TGS_REP: return BYTES("TGS");
    case KRB_AP_REQ:
    case KRB_AP_REP: return BYTES("AP");
    default: return nothing;
    }
}

static void fill_request(struct record_krb5 *r, const struct krb_message *m, struct arena *arena)
{
    r->request_type = request_type(m->type);
    r->service = m->sname;
    if (m->cname.data || m->type == KRB_AS_REQ)
        r->client = krb_client(m->cname, m->realm, arena);
    r->from = m->from_us;
    r->till = m->till_us;
    r->renew_till = m->renew_us;
    fill_options(r, m, arena);
    r->requested_encryption =
        word_list(m->etypes, m->etype_count, krb_etype_name, arena, &r->requested_encryption_count);
    r->preauth =
        word_list(m->preauth, m->preauth_count, krb_preauth_name, arena, &r->preauth_count);
    r->addresses = m->addresses;
    r->addresses_count = m->address_count;
    r->for_user = m->for_user;
    r->client_cert_subject = certificate_subject(m, arena);
    fill_ticket(&r->auth_ticket, &m->auth, arena);
    fill_ticket(&r->additional_ticket, &m->evidence, arena);
}

static void fill_given_ticket(
    struct record_krb5 *r, const struct krb_ticket *ticket, struct arena *arena)
{
    if (!ticket->present)
        return;
    r->ticket_encryption = etype_text(ticket->etype, arena);
    r->ticket_weak_encryption = krb_etype_weak(ticket->etype);
    r->ticket_realm = ticket->realm;
    r->ticket_kvno = ticket->kvno;
    r->has_ticket_kvno = true;
}

static void fill_error(struct record_krb5 *r, const struct krb_message *m, struct arena *arena)
{
    char room[12];
    r->error_code = name_or_number(krb_error_name(m->error_code), m->error_code, arena);
    r->error_text = m->error_text.len ? m->error_text : nothing;
    r->server_time = m->server_us;
    if (!m->has_nt_status)
        return;
    int len = snprintf(room, sizeof room, "0x%08x", (unsigned)m->nt_status);
    r->nt_status = arena_copy(arena, bytes_make(room, (size_t)len));
}

static void fill_answer(struct record_krb5 *r, const struct krb_message *m, struct arena *arena)
{
    r->preauth_offered =
        word_list(m->preauth, m->preauth_count, krb_preauth_name, arena, &r->preauth_offered_count);
    if (m->type == KRB_ERROR) {
        fill_error(r, m, arena);
    } else {
        r->request_type = request_type(m->type);
        r->success = true;
        r->new_ticket_sha256 = m->ticket.sha256;
        r->server_cert_subject = certificate_subject(m, arena);
    }
    if (m->cname.data) // with the answer it is what the server made of it
        r->client = krb_client(m->cname, m->crealm, arena);
}

void krb_record_fill(struct record_krb5 *r, const struct krb_message *m,
    const struct krb_message *request, struct arena *arena)
{
    bool asks = m->type == KRB_AS_REQ || m->type == KRB_TGS_REQ;
    bool shows = m->type == KRB_AP_REQ;
    r->msg_type = bytes_from_text(krb_type_name(m->type));
    r->cname = or_empty(m->cname);
    r->realm = or_empty(asks ? m->realm : shows ? m->ticket.realm : m->crealm);
    r->sname = or_empty(asks || m->type == KRB_ERROR ? m->sname : m->ticket.sname);
    r->encryption = m->has_etype ? etype_text(m->etype, arena) : BYTES("<none>");
    r->weak_encryption = m->has_etype && krb_etype_weak(m->etype);
    fill_given_ticket(r, &m->ticket, arena);
    if (request)
        fill_request(r, request, arena);
    if (m->type == KRB_ERROR && request)
        r->failed_request = bytes_from_text(krb_type_name(request->type));
    if (shows) {
        r->service = m->ticket.sname;
        r->new_ticket_sha256 = nothing;
        fill_ticket(&r->auth_ticket, &m->ticket, arena);
    } else if (!asks) {
        fill_answer(r, m, arena);
    }
}

void krb_problems_report(struct proto_flow *pf, uint8_t problems)
{
    if (problems & KRB_MALFORMED)
        proto_anomaly(pf, ANOMALY_KRB5_MALFORMED_DATA);
    if (problems & KRB_CUT)
        proto_anomaly(pf, ANOMALY_KRB5_TEXT_CUT);
    if (problems & KRB_TOO_MANY)
        proto_anomaly(pf, ANOMALY_KRB5_TOO_MANY_ELEMENTS);
}

void krb_emit_carried(struct proto_flow *pf, uint64_t tx_id, struct bytes message)
{
    struct krb_message m;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, KRB_RECORD_BYTES);
    if (krb_read(&m, message, &arena) && m.type != KRB_AP_REP) {
        struct record_krb5 r = {.carrier = bytes_from_text(pf->proto ? pf->proto->name : NULL)};
        krb_problems_report(pf, m.problems);
        krb_record_fill(&r, &m, m.type == KRB_AP_REQ ? &m : NULL, &arena);
        enum flow_side speaker = pf->speaker;
        pf->speaker = FLOW_CLIENT;
        proto_emit(pf, RECORD_KRB5, &r, tx_id);
        pf->speaker = speaker;
    }
    arena_reset(&arena);
}
