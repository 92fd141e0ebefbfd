// SPDX-License-Identifier: Apache-2.0
// The smtp record: envelope, session and the mail's header (RFC 5322 section 3.6), encoded words
// decoded to UTF-8 (RFC 2047). Address lists are cut at commas outside quotes and comments.
#include "proto/smtp.h"

static void add_addresses(struct smtp_mail *mail, struct smtp_list *list, struct bytes value)
{
    bool quoted = false;
    unsigned comment = 0;
    size_t start = 0;
    for (size_t i = 0; i <= value.len; i++) {
        uint8_t c = i < value.len ? value.data[i] : ',';
        if (c == '\\' && quoted) {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == '(') {
            comment++;
        } else if (!quoted && c == ')' && comment) {
            comment--;
        } else if (i >= value.len || (c == ',' && !quoted && !comment)) {
            struct bytes address = bytes_trim(bytes_sub(value, start, i - start));
            if (address.len > 0)
                smtp_list_add(mail, list, mime_words(&mail->arena, address), SMTP_LIST);
            start = i + 1;
        }
    }
}

static struct bytes keep(struct smtp_mail *mail, struct bytes value)
{
    struct bytes copy = arena_copy(&mail->arena, value);
    if (!copy.data && value.len > 0)
        proto_anomaly(mail->pf, ANOMALY_SMTP_OUT_OF_BUDGET);
    return copy;
}

static void keep_decoded(struct smtp_mail *mail, struct bytes *field, struct bytes value)
{
    if (!field->data)
        *field = mime_words(&mail->arena, keep(mail, value));
}

static void keep_raw(struct smtp_mail *mail, struct bytes *field, struct bytes value)
{
    if (!field->data)
        *field = keep(mail, value);
}

void smtp_field(struct smtp_mail *mail, struct bytes name, struct bytes value)
{
    if (value.len == 0)
        return;
    if (bytes_equal_nocase(name, BYTES("from")))
        keep_decoded(mail, &mail->header_from, value);
    else if (bytes_equal_nocase(name, BYTES("subject")))
        keep_decoded(mail, &mail->subject, value);
    else if (bytes_equal_nocase(name, BYTES("to")))
        add_addresses(mail, &mail->to, keep(mail, value));
    else if (bytes_equal_nocase(name, BYTES("cc")))
        add_addresses(mail, &mail->cc, keep(mail, value));
    else if (bytes_equal_nocase(name, BYTES("reply-to")))
        keep_decoded(mail, &mail->reply_to, value);
    else if (bytes_equal_nocase(name, BYTES("date")))
        keep_raw(mail, &mail->date, value);
    else if (bytes_equal_nocase(name, BYTES("message-id")))
        keep_raw(mail, &mail->message_id, value);
    else if (bytes_equal_nocase(name, BYTES("x-mailer")) ||
             bytes_equal_nocase(name, BYTES("user-agent")))
        keep_decoded(mail, &mail->mailer, value);
    else if (bytes_equal_nocase(name, BYTES("received")) && mail->received.count < SMTP_LIST)
        smtp_list_add(mail, &mail->received, keep(mail, value), SMTP_LIST);
}

static void fill_email(struct smtp_mail *mail, struct record_smtp *r)
{
    if (!mail->mime)
        return;
    bool whole = mail->ended && !mail->broken;
    r->email.status = whole          ? BYTES("PARSE_DONE")
                      : mail->broken ? BYTES("PARSE_ERROR")
                                     : BYTES("BODY_STARTED");
    r->email.from = mail->header_from;
    r->email.to = mail->to.item;
    r->email.to_count = mail->to.count;
    r->email.cc = mail->cc.item;
    r->email.cc_count = mail->cc.count;
    r->email.reply_to = mail->reply_to;
    r->email.subject = mail->subject;
    r->email.date = mail->date;
    r->email.message_id = mail->message_id;
    r->email.x_mailer = mail->mailer;
    r->email.received = mail->received.item;
    r->email.received_count = mail->received.count;
    r->email.attachment = mail->attachment.item;
    r->email.attachment_count = mail->attachment.count;
    r->email.url = mail->url.item;
    r->email.url_count = mail->url.count;
    r->message_length = mail->length;
    r->has_message_length = true;
}

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
    fill_email(mail, r);
}

void smtp_emit(struct proto_flow *pf, struct smtp_mail *mail)
{
    const struct smtp_flow *smtp = smtp_flow(pf);
    struct record_smtp r = {
        .helo = smtp_text_get(&smtp->helo),
        .banner = smtp_text_get(&smtp->banner),
        .starttls = smtp->starttls,
        .auth = {.mechanism = smtp_text_get(&smtp->mechanism),
            .user = smtp_text_get(&smtp->user),
            .success = smtp->auth_success,
            .failures = smtp->auth_failures,
            .has_failures = smtp->auth_failures > 0},
    };
    if (!mail) {
        proto_emit(pf, RECORD_SMTP, &r, pf->tx_count++);
        return;
    }
    fill_mail(mail, &r);
    proto_emit_at(pf, RECORD_SMTP, &r, mail->id, mail->time_us);
}
