// SPDX-License-Identifier: Apache-2.0
// A mail on its way: made at MAIL FROM, fed with content, emitted when its content was answered,
// when the next one begins or when the session ends. Parts become files.
#include "proto/smtp.h"

void smtp_list_add(struct smtp_mail *mail, struct smtp_list *list, struct bytes item, size_t limit)
{
    if (list->count >= limit)
        return;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 4;
        struct bytes *grown =
            arena_grow(&mail->arena, list->item, list->room * sizeof *grown, room * sizeof *grown);
        if (!grown) {
            proto_anomaly(mail->pf, ANOMALY_SMTP_OUT_OF_BUDGET);
            return;
        }
        list->item = grown;
        list->room = room;
    }
    list->item[list->count++] = item;
}

struct smtp_mail *smtp_mail_get(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (smtp->mail)
        return smtp->mail;
    struct arena arena;
    arena_init(&arena, pf->arena.pool, SMTP_MAIL_BYTES);
    struct smtp_mail *mail = arena_zalloc(&arena, sizeof *mail);
    if (!mail) {
        arena_reset(&arena);
        proto_anomaly(pf, ANOMALY_SMTP_OUT_OF_BUDGET);
        smtp->closed = true;
        return NULL;
    }
    mail->arena = arena;
    mail->pf = pf;
    mail->id = pf->tx_count++;
    mail->time_us = pf->time_us;
    smtp->mail = mail;
    return mail;
}

static void on_field(void *ctx, struct bytes name, struct bytes value)
{
    smtp_field(ctx, name, value);
}

static void on_part(void *ctx, const struct mime_part *part)
{
    struct smtp_mail *mail = ctx;
    if (part->filename.len > 0)
        smtp_list_add(mail, &mail->attachment, part->filename, SMTP_LIST);
    mail->file_text = part->text && !part->attachment;
    mail->file = proto_file_open(mail->pf, FLOW_CLIENT, part->filename, mail->id);
}

static void on_data(void *ctx, struct bytes data)
{
    struct smtp_mail *mail = ctx;
    proto_file_data(mail->pf, mail->file, data);
    if (mail->file_text)
        smtp_urls_feed(mail, data);
}

static void on_end(void *ctx, bool complete)
{
    struct smtp_mail *mail = ctx;
    if (mail->file_text)
        smtp_urls_end(mail);
    proto_file_close(mail->pf, mail->file, complete);
    mail->file = NULL;
}

static void on_problem(void *ctx, enum mime_problem problem)
{
    static const enum anomaly anomalies[] = {
        [MIME_PARSE_FAILED] = ANOMALY_SMTP_MIME_PARSE_FAILED,
        [MIME_LONG_HEADER] = ANOMALY_SMTP_MIME_LONG_HEADER,
        [MIME_LONG_LINE] = ANOMALY_SMTP_MIME_LONG_LINE,
        [MIME_LONG_ENC_LINE] = ANOMALY_SMTP_MIME_LONG_ENC_LINE,
        [MIME_LONG_BOUNDARY] = ANOMALY_SMTP_MIME_LONG_BOUNDARY,
        [MIME_TOO_DEEP] = ANOMALY_SMTP_MIME_TOO_DEEP,
        [MIME_TOO_MANY_PARTS] = ANOMALY_SMTP_MIME_TOO_MANY_PARTS,
        [MIME_INVALID_BASE64] = ANOMALY_SMTP_MIME_INVALID_BASE64,
        [MIME_INVALID_QP] = ANOMALY_SMTP_MIME_INVALID_QP,
        [MIME_OUT_OF_BUDGET] = ANOMALY_SMTP_OUT_OF_BUDGET,
    };
    struct smtp_mail *mail = ctx;
    mail->broken |= problem == MIME_PARSE_FAILED;
    proto_anomaly(mail->pf, anomalies[problem]);
}

static const struct mime_sink sink = {on_field, on_part, on_data, on_end, on_problem};

void smtp_mail_content(struct smtp_mail *mail, struct bytes data)
{
    if (!mail->mime)
        mail->mime = mime_create(&mail->arena, (struct bytes){NULL, 0}, &sink, mail);
    mail->length += data.len;
    if (mail->mime)
        mime_feed(mail->mime, data);
}

// What follows a gap cannot be told apart: the part that passes ends here, incomplete.
void smtp_mail_gap(struct smtp_mail *mail)
{
    if (mail->mime)
        mime_finish(mail->mime, false);
    mail->broken = true;
}

void smtp_mail_finish(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct smtp_mail *mail = smtp->mail;
    if (!mail)
        return;
    if (mail->mime)
        mime_finish(mail->mime, mail->ended);
    smtp_emit(pf, mail);
    smtp->mails++;
    smtp->mail = NULL;
    struct arena arena = mail->arena; // it holds the mail
    arena_reset(&arena);
}
