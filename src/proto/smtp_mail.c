// SPDX-License-Identifier: Apache-2.0
// A mail on its way: made at MAIL FROM, fed with content, emitted when its content was answered,
// when the next one begins or when the session ends. What it says: mail.h.
#include "proto/smtp.h"

struct smtp_mail *smtp_mail_get(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (smtp->mail)
        return smtp->mail;
    struct arena arena;
    struct smtp_mail *mail = arena_hold(&arena, pf->arena.pool, MAIL_BYTES, sizeof *mail);
    if (!mail) {
        proto_anomaly(pf, ANOMALY_SMTP_OUT_OF_BUDGET);
        smtp->closed = true;
        return NULL;
    }
    mail->arena = arena;
    mail->pf = pf;
    mail->id = pf->tx_count++;
    mail->time_us = pf->time_us;
    mail_init(&mail->mail, pf, &mail->arena, FLOW_CLIENT, mail->id);
    smtp->mail = mail;
    return mail;
}

void smtp_mail_finish(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct smtp_mail *mail = smtp->mail;
    if (!mail)
        return;
    mail_end(&mail->mail, mail->ended);
    smtp_emit(pf, mail);
    smtp->mails++;
    smtp->mail = NULL;
    arena_release(&mail->arena); // it holds the mail
}
