// SPDX-License-Identifier: Apache-2.0
// Commands and replies of an SMTP session (RFC 5321 section 4) and what they do to the envelope.
// Replies belong to commands in order; a queue remembers what is not answered yet.
#include "proto/sasl.h"
#include "proto/smtp.h"

void smtp_text_set(struct smtp_text *out, struct bytes text)
{
    out->len = (uint8_t)(text.len < SMTP_TEXT_BYTES ? text.len : SMTP_TEXT_BYTES);
    if (out->len > 0)
        memcpy(out->text, text.data, out->len);
}

void smtp_wait_for(struct proto_flow *pf, enum smtp_command command)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (smtp->count == SMTP_COMMANDS) {
        // Where the server is not to be seen nothing is ever answered.
        if (smtp->server_seen)
            proto_anomaly(pf, ANOMALY_SMTP_TOO_MANY_COMMANDS);
        smtp->first = (smtp->first + 1) % SMTP_COMMANDS;
        smtp->count--;
    }
    struct smtp_waiting *w = &smtp->waiting[(smtp->first + smtp->count++) % SMTP_COMMANDS];
    *w = (struct smtp_waiting){.command = (uint8_t)command};
    if (smtp->mail) {
        w->mail = (uint32_t)smtp->mail->id + 1;
        w->rcpt = (uint16_t)(smtp->mail->rcpt.count ? smtp->mail->rcpt.count - 1 : 0);
    }
}

// "FROM:<a@b> SIZE=1" → "<a@b>", as sent.
static struct bytes path_of(struct bytes argument)
{
    size_t colon = bytes_find_byte(argument, ':');
    if (colon == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes path = bytes_trim(bytes_from(argument, colon + 1));
    size_t end = BYTES_NOT_FOUND;
    if (bytes_at(path, 0) == '<') {
        end = bytes_find_byte(path, '>');
        end += end != BYTES_NOT_FOUND;
    }
    return bytes_sub(path, 0, end == BYTES_NOT_FOUND ? bytes_find_byte(path, ' ') : end);
}

static void mail_command(struct proto_flow *pf, struct bytes argument)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (smtp->mail) {
        if (smtp->mail->has_from && !smtp->mail->ended && !smtp->mail->failed)
            proto_anomaly(pf, ANOMALY_SMTP_DUPLICATE_FIELDS);
        smtp_mail_finish(pf);
    }
    struct smtp_mail *mail = smtp_mail_get(pf);
    if (!mail)
        return;
    mail->has_from = true;
    mail->from = arena_copy(&mail->arena, path_of(argument));
}

static void rcpt_command(struct proto_flow *pf, struct bytes argument)
{
    struct smtp_mail *mail = smtp_mail_get(pf);
    if (!mail)
        return;
    if (mail->rcpt.count >= SMTP_RCPTS)
        proto_anomaly(pf, ANOMALY_SMTP_TOO_MANY_RECIPIENTS);
    struct bytes path = arena_copy(&mail->arena, path_of(argument));
    mail_list_add(&mail->mail, &mail->rcpt, path, SMTP_RCPTS);
}

// "BDAT 1000 LAST" (RFC 3030 section 2).
static bool bdat_command(struct proto_flow *pf, struct bytes argument)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    size_t space = bytes_find_byte(argument, ' ');
    if (!bytes_to_u64(bytes_sub(argument, 0, space), &smtp->left) || smtp->left > INT64_MAX) {
        proto_anomaly(pf, ANOMALY_SMTP_BDAT_CHUNK_LEN_EXCEEDED);
        smtp->closed = true;
        return false;
    }
    struct bytes tail = bytes_trim(bytes_from(argument, space));
    smtp->bdat_last = bytes_equal_nocase(tail, BYTES("LAST"));
    if (tail.len > 0 && !smtp->bdat_last) { // refused, and no chunk follows
        proto_anomaly(pf, ANOMALY_SMTP_INVALID_BDAT);
        return true;
    }
    smtp->phase = SMTP_BDAT_BYTES;
    return false; // the reply comes behind the chunk
}

// LOGIN's second answer is the password.
static void auth_response(struct proto_flow *pf, struct bytes response)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (gss_is_sasl(smtp_text_get(&smtp->mechanism)))
        gss_feed_text(&smtp->ntlm, pf, UINT64_MAX, response);
    struct smtp_text user;
    user.len = (uint8_t)sasl_ntlm_user(smtp->ntlm, user.text, sizeof user.text);
    if (user.len == 0 && smtp->auth_step++ == 0)
        user.len = (uint8_t)sasl_user(
            smtp_text_get(&smtp->mechanism), response, user.text, sizeof user.text);
    if (user.len > 0)
        smtp->user = user;
}

static void auth_command(struct proto_flow *pf, struct bytes argument)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    size_t space = bytes_find_byte(argument, ' ');
    smtp_text_set(&smtp->mechanism, bytes_sub(argument, 0, space));
    smtp->auth_step = 0;
    struct bytes initial = bytes_trim(bytes_from(argument, space));
    if (initial.len > 0)
        auth_response(pf, initial);
    else if (!smtp->server_seen) // its challenge will not be seen either
        smtp->phase = SMTP_AUTH_LINE;
}

void smtp_auth_line(struct proto_flow *pf, struct bytes line)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    smtp->phase = SMTP_COMMAND;
    if (!bytes_equal(line, BYTES("*"))) // RFC 4954 section 4: the client gives up
        auth_response(pf, line);
    smtp_wait_for(pf, SMTP_AUTH);
}

static const struct {
    const char *name;
    enum smtp_command command;
} commands[] = {
    {"EHLO", SMTP_HELLO},
    {"HELO", SMTP_HELLO},
    {"LHLO", SMTP_HELLO},
    {"MAIL", SMTP_MAIL},
    {"RCPT", SMTP_RCPT},
    {"DATA", SMTP_DATA},
    {"BDAT", SMTP_BDAT},
    {"RSET", SMTP_RSET},
    {"AUTH", SMTP_AUTH},
    {"STARTTLS", SMTP_STARTTLS},
    {"QUIT", SMTP_QUIT},
};

static enum smtp_command command_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (bytes_equal_nocase(name, bytes_from_text(commands[i].name)))
            return commands[i].command;
    return SMTP_OTHER;
}

// The name counts once the server has accepted it; where it is not to be seen, at once.
static void hello_command(struct smtp_flow *smtp, struct bytes name)
{
    smtp_text_set(&smtp->hello, name);
    if (smtp->helo.len == 0)
        smtp->helo = smtp->hello;
}

// False: its reply is waited for elsewhere.
static bool command_act(struct proto_flow *pf, enum smtp_command command, struct bytes argument)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    switch (command) {
    case SMTP_HELLO: hello_command(smtp, argument); return true;
    case SMTP_MAIL: mail_command(pf, argument); return true;
    case SMTP_RCPT: rcpt_command(pf, argument); return true;
    case SMTP_BDAT: return bdat_command(pf, argument);
    case SMTP_AUTH: auth_command(pf, argument); return true;
    case SMTP_STARTTLS: smtp->phase = SMTP_TLS_WAIT; return true;
    case SMTP_RSET:
        if (smtp->mail)
            smtp->mail->failed = true;
        return true;
    case SMTP_DATA:
        smtp->phase = SMTP_DATA_WAIT;
        smtp->data_accepted = false;
        return true;
    default: return true;
    }
}

void smtp_command_line(struct proto_flow *pf, struct bytes line)
{
    line = bytes_trim(line);
    if (line.len == 0)
        return;
    size_t space = bytes_find_byte(line, ' ');
    struct bytes name = bytes_sub(line, 0, space);
    struct bytes argument = bytes_trim(bytes_from(line, space));
    enum smtp_command command = command_find(name);
    if (command_act(pf, command, argument))
        smtp_wait_for(pf, command);
}

// Give up the mail at a new beginning the server agreed to.
static void mail_abandon(struct proto_flow *pf, bool odd)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (odd && !smtp->mail->ended)
        proto_anomaly(pf, ANOMALY_SMTP_DUPLICATE_FIELDS);
    smtp_mail_finish(pf);
}

static void mail_reply(struct smtp_mail *mail, uint16_t code, struct bytes text)
{
    mail->reply_code = code;
    mail->reply = arena_copy(&mail->arena, text);
    mail->failed |= code >= 400;
}

static void data_reply(struct proto_flow *pf, uint16_t code)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    smtp->data_accepted = code == 354;
    if (code < 400)
        return;
    proto_anomaly(pf, ANOMALY_SMTP_DATA_COMMAND_REJECTED);
    if (smtp->phase == SMTP_DATA_WAIT || smtp->phase == SMTP_DATA_BYTES)
        smtp->phase = SMTP_COMMAND;
}

static void auth_reply(struct proto_flow *pf, uint16_t code)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (code == 334) {
        smtp->phase = SMTP_AUTH_LINE;
        return;
    }
    ntlm_result(&smtp->ntlm, pf, code < 400 ? NTLM_SUCCESS : NTLM_FAILURE);
    if (code == 235)
        smtp->auth_success = true;
    else if (code >= 400 && smtp->auth_failures < UINT16_MAX)
        smtp->auth_failures++;
}

static void starttls_reply(struct proto_flow *pf, uint16_t code)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (code == 220) {
        smtp->starttls = true;
        return;
    }
    proto_anomaly(pf, ANOMALY_SMTP_TLS_REJECTED);
    smtp->phase = SMTP_COMMAND;
}

static void rcpt_reply(struct smtp_mail *mail, const struct smtp_waiting *w, uint16_t code)
{
    if (code >= 400 && w->rcpt < mail->rcpt.count)
        mail_list_add(&mail->mail, &mail->rejected, mail->rcpt.item[w->rcpt], SMTP_RCPTS);
}

static void reply_act(
    struct proto_flow *pf, const struct smtp_waiting *w, uint16_t code, struct bytes text)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct smtp_mail *mail =
        smtp->mail && (uint32_t)smtp->mail->id + 1 == w->mail ? smtp->mail : NULL;
    switch ((enum smtp_command)w->command) {
    case SMTP_HELLO:
        if (code < 400) {
            if (mail)
                mail_abandon(pf, true);
            smtp->helo = smtp->hello;
        }
        break;
    case SMTP_RSET:
        if (mail)
            mail_abandon(pf, false);
        break;
    case SMTP_DATA: data_reply(pf, code); break;
    case SMTP_AUTH: auth_reply(pf, code); break;
    case SMTP_STARTTLS: starttls_reply(pf, code); break;
    case SMTP_RCPT:
        if (mail)
            rcpt_reply(mail, w, code);
        break;
    case SMTP_MAIL:
        if (mail && code >= 400)
            mail_reply(mail, code, text);
        break;
    case SMTP_BDAT:
        if (code >= 400)
            proto_anomaly(pf, ANOMALY_SMTP_INVALID_BDAT);
        if (mail && code >= 400)
            mail_reply(mail, code, text);
        break;
    case SMTP_CONTENT:
        if (mail) {
            mail_reply(mail, code, text);
            smtp_mail_finish(pf);
        }
        break;
    case SMTP_QUIT:
    case SMTP_OTHER: break;
    }
}

static void reply_whole(struct proto_flow *pf, uint16_t code, struct bytes text)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    bool first = !smtp->banner_seen;
    bool answers =
        smtp->count > 0 && (code != 220 || smtp->waiting[smtp->first].command == SMTP_STARTTLS);
    smtp->banner_seen = true;
    if (first && !answers) { // a client may talk before the greeting
        smtp_text_set(&smtp->banner, text);
        return;
    }
    if (smtp->count == 0) {
        if (code != 421) // the server may close at any time (RFC 5321 section 3.8)
            proto_anomaly(pf, ANOMALY_SMTP_UNABLE_TO_MATCH_REPLY_WITH_REQUEST);
        return;
    }
    struct smtp_waiting w = smtp->waiting[smtp->first];
    smtp->first = (smtp->first + 1) % SMTP_COMMANDS;
    smtp->count--;
    reply_act(pf, &w, code, text);
}

void smtp_reply_line(struct proto_flow *pf, struct bytes line)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    uint64_t code = 0;
    uint8_t glue = bytes_at(line, 3);
    bool valid = bytes_to_u64(bytes_sub(line, 0, 3), &code) && line.len >= 3 && code >= 100 &&
                 (glue == ' ' || glue == '-' || glue == 0);
    if (!valid) {
        proto_anomaly(pf, ANOMALY_SMTP_INVALID_REPLY);
        return;
    }
    if (code == 334 && gss_is_sasl(smtp_text_get(&smtp->mechanism)))
        gss_feed_text(&smtp->ntlm, pf, UINT64_MAX, bytes_from(line, 4));
    if (!smtp->reply_open)
        smtp_text_set(&smtp->reply, bytes_from(line, 4));
    smtp->reply_open = glue == '-';
    if (!smtp->reply_open)
        reply_whole(pf, (uint16_t)code, smtp_text_get(&smtp->reply));
}
