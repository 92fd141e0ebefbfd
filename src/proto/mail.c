// SPDX-License-Identifier: Apache-2.0
// A mail's content (RFC 5322 section 3.6, MIME: mime.h): header fields with encoded words decoded
// to UTF-8 (RFC 2047), parts as files. Address lists are cut at commas outside quotes and comments.
// What cannot be read is told under smtp's anomalies, whichever protocol carries the mail.
#include "proto/mail.h"

void mail_list_add(struct mail *mail, struct mail_list *list, struct bytes item, size_t limit)
{
    if (list->count >= limit)
        return;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 4;
        struct bytes *grown =
            arena_grow(mail->arena, list->item, list->room * sizeof *grown, room * sizeof *grown);
        if (!grown) {
            proto_anomaly(mail->pf, ANOMALY_SMTP_OUT_OF_BUDGET);
            return;
        }
        list->item = grown;
        list->room = room;
    }
    list->item[list->count++] = item;
}

static void add_addresses(struct mail *mail, struct mail_list *list, struct bytes value)
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
                mail_list_add(mail, list, mime_words(mail->arena, address), MAIL_LIST);
            start = i + 1;
        }
    }
}

static struct bytes keep(struct mail *mail, struct bytes value)
{
    struct bytes copy = arena_copy(mail->arena, value);
    if (!copy.data && value.len > 0)
        proto_anomaly(mail->pf, ANOMALY_SMTP_OUT_OF_BUDGET);
    return copy;
}

static void keep_decoded(struct mail *mail, struct bytes *field, struct bytes value)
{
    if (!field->data)
        *field = mime_words(mail->arena, keep(mail, value));
}

static void keep_raw(struct mail *mail, struct bytes *field, struct bytes value)
{
    if (!field->data)
        *field = keep(mail, value);
}

static void on_field(void *ctx, struct bytes name, struct bytes value)
{
    struct mail *mail = ctx;
    if (value.len == 0)
        return;
    if (bytes_equal_nocase(name, BYTES("from")))
        keep_decoded(mail, &mail->from, value);
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
    else if (bytes_equal_nocase(name, BYTES("received")) && mail->received.count < MAIL_LIST)
        mail_list_add(mail, &mail->received, keep(mail, value), MAIL_LIST);
}

static void on_part(void *ctx, const struct mime_part *part)
{
    struct mail *mail = ctx;
    if (part->filename.len > 0)
        mail_list_add(mail, &mail->attachment, part->filename, MAIL_LIST);
    mail->file_text = part->text && !part->attachment;
    if (!mail->header_only)
        mail->file = proto_file_open(mail->pf, mail->sender, part->filename, mail->tx);
}

static void on_data(void *ctx, struct bytes data)
{
    struct mail *mail = ctx;
    proto_file_data(mail->pf, mail->file, data);
    if (mail->file_text)
        mail_urls_feed(mail, data);
}

static void on_end(void *ctx, bool complete)
{
    struct mail *mail = ctx;
    if (mail->file_text)
        mail_urls_end(mail);
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
    struct mail *mail = ctx;
    mail->broken |= problem == MIME_PARSE_FAILED;
    proto_anomaly(mail->pf, anomalies[problem]);
}

static const struct mime_sink sink = {on_field, on_part, on_data, on_end, on_problem};

void mail_init(struct mail *mail, struct proto_flow *pf, struct arena *arena, enum flow_side sender,
    uint64_t tx)
{
    *mail = (struct mail){.pf = pf, .arena = arena, .sender = sender, .tx = tx};
}

void mail_feed(struct mail *mail, struct bytes data)
{
    if (!mail->mime)
        mail->mime = mime_create(mail->arena, (struct bytes){NULL, 0}, &sink, mail);
    mail->length += data.len;
    if (mail->mime)
        mime_feed(mail->mime, data);
}

// What follows a gap cannot be told apart: the part that passes ends here, incomplete.
void mail_gap(struct mail *mail)
{
    if (mail->mime)
        mime_finish(mail->mime, false);
    mail->lost = true;
}

void mail_end(struct mail *mail, bool ended)
{
    if (mail->mime)
        mime_finish(mail->mime, ended);
}

void mail_fill(const struct mail *mail, bool ended, struct record_email *out)
{
    if (!mail->mime)
        return;
    *out = (struct record_email){
        .status = mail->broken           ? BYTES("PARSE_ERROR")
                  : ended && !mail->lost ? BYTES("PARSE_DONE")
                                         : BYTES("BODY_STARTED"),
        .from = mail->from,
        .to = mail->to.item,
        .to_count = mail->to.count,
        .cc = mail->cc.item,
        .cc_count = mail->cc.count,
        .reply_to = mail->reply_to,
        .subject = mail->subject,
        .date = mail->date,
        .message_id = mail->message_id,
        .x_mailer = mail->mailer,
        .received = mail->received.item,
        .received_count = mail->received.count,
        .attachment = mail->attachment.item,
        .attachment_count = mail->attachment.count,
        .url = mail->url.item,
        .url_count = mail->url.count,
    };
}
