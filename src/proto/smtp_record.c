// SPDX-License-Identifier: Apache-2.0
// The smtp record: envelope, session and what the mail says.
#include "proto/smtp.h"

static void fill_mail(struct smtp_mail *mail, struct record_smtp *r)
{
    r->mail_from = mail->from;
    r->rcpt_to = mail->rcpt.item;
    r->rcpt_to_count = mail->rcpt.count;
    r->rcpt_rejected = mail->rejected.item;
    r->rcpt_rejected_count = mail->rejected.count;
    r->reply_code = mail->reply_code;
    r->has_reply_code = mail->reply_code != 0;
    r->reply = mail->reply;
    mail_fill(&mail->mail, mail->ended, &r->email);
    r->message_length = mail->mail.length;
    r->has_message_length = mail->mail.mime != NULL;
}

static struct record_smtp session_record(const struct smtp_flow *smtp)
{
    return (struct record_smtp){
        .helo = smtp_text_get(&smtp->helo),
        .banner = smtp_text_get(&smtp->banner),
        .starttls = smtp->starttls,
        .auth = {.mechanism = smtp_text_get(&smtp->mechanism),
            .user = smtp_text_get(&smtp->user),
            .success = smtp->auth_success,
            .failures = smtp->auth_failures,
            .has_failures = smtp->auth_failures > 0},
    };
}

const void *smtp_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    const struct smtp_flow *smtp = smtp_flow(pf);
    struct smtp_mail *mail = smtp->mail && smtp->mail->id == tx_id ? smtp->mail : NULL;
    struct arena *arena = mail                    ? &mail->arena
                          : tx_id == pf->tx_count ? &pf->arena // the log-on before a mail
                                                  : NULL;
    struct record_smtp *r = arena ? arena_alloc(arena, sizeof *r) : NULL;
    *type = RECORD_SMTP;
    if (!r)
        return NULL;
    *r = session_record(smtp);
    if (mail)
        fill_mail(mail, r);
    return r;
}

void smtp_emit(struct proto_flow *pf, struct smtp_mail *mail)
{
    struct record_smtp r = session_record(smtp_flow(pf));
    if (!mail) {
        proto_emit(pf, RECORD_SMTP, &r, pf->tx_count++);
        return;
    }
    fill_mail(mail, &r);
    proto_emit_at(pf, RECORD_SMTP, &r, mail->id, mail->time_us);
}
