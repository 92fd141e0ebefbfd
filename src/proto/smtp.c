// SPDX-License-Identifier: Apache-2.0
// SMTP and LMTP: RFC 5321, 2920 (pipelining), 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH). One smtp
// record a mail, with what its header says (RFC 5322, MIME: mime.h), a fileinfo record a part; a
// session without mail gives one record. Content streams through; commands wait in a bounded queue
// for their replies. Never kept: passwords, message text. After a gap outside content: let go.
#include "proto/smtp.h"

static const char *const hellos[] = {"EHLO ", "HELO ", "LHLO ", "MAIL FROM:"};

static enum proto_probe probe_client(struct bytes data)
{
    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
        struct bytes hello = bytes_from_text(hellos[i]);
        if (bytes_start_with_nocase(data, hello))
            return PROBE_CLIENT;
        if (bytes_start_with_nocase(hello, data))
            return PROBE_MORE;
    }
    if (bytes_equal_nocase(bytes_sub(data, 0, 6), BYTES("EHLO\r\n")))
        return PROBE_CLIENT;
    return PROBE_NO;
}

static bool has_word(struct bytes line, const char *word)
{
    return memmem(line.data, line.len, word, strlen(word)) != NULL;
}

// FTP greets with 220 as well. Where the greeting doesn't say which it is, the client will.
static enum proto_probe probe_server(struct bytes data)
{
    size_t lf = bytes_find_byte(data, '\n');
    struct bytes line = bytes_sub(data, 0, lf);
    if (has_word(line, "SMTP") || has_word(line, "smtp") || has_word(line, "Postfix") ||
        has_word(line, "Exim") || has_word(line, "Sendmail"))
        return PROBE_SERVER;
    if (has_word(line, "FTP") || has_word(line, "ftp"))
        return PROBE_NO;
    return bytes_start_with(data, BYTES("220")) ? PROBE_MORE : PROBE_NO;
}

static enum proto_probe smtp_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (data.len < 4)
        return proto_is_text(data) ? PROBE_MORE : PROBE_NO;
    bool greeting = bytes_start_with(data, BYTES("220")) || bytes_start_with(data, BYTES("554")) ||
                    bytes_start_with(data, BYTES("421"));
    if (greeting && (data.data[3] == ' ' || data.data[3] == '-'))
        return probe_server(data);
    return probe_client(data);
}

static void line_too_long(struct proto_flow *pf, enum flow_side side)
{
    proto_anomaly(pf, side == FLOW_CLIENT ? ANOMALY_SMTP_MAX_COMMAND_LINE_LEN_EXCEEDED
                                          : ANOMALY_SMTP_MAX_REPLY_LINE_LEN_EXCEEDED);
}

// The mail a frame belongs to.
static uint64_t tx_of(struct proto_flow *pf)
{
    const struct smtp_mail *mail = smtp_flow(pf)->mail;
    return mail ? mail->id : pf->tx_count;
}

// The next line, cut where it is too long. False: none complete yet.
static bool take_line(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct bytes *line)
{
    struct bytes from = cursor_rest(in);
    enum line_result result = line_take(&smtp_flow(pf)->side[side], in, SMTP_LINE_BYTES, line);
    if (result != LINE_NONE)
        proto_frame(pf, side == FLOW_CLIENT ? FRAME_SMTP_COMMAND_LINE : FRAME_SMTP_RESPONSE_LINE,
            side, from, (int64_t)(from.len - cursor_left(in)), tx_of(pf));
    if (result == LINE_CUT)
        line_too_long(pf, side);
    return result != LINE_NONE;
}

static void content_pass(struct proto_flow *pf, struct bytes data)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (data.len == 0)
        return;
    uint8_t last = data.data[data.len - 1];
    uint8_t before = data.len > 1 ? data.data[data.len - 2] : smtp->last_byte;
    smtp->line_start = last == '\n';
    smtp->line_crlf = smtp->line_start && before == '\r';
    smtp->last_byte = last;
    struct smtp_mail *mail = smtp_mail_get(pf);
    if (mail)
        mail_feed(&mail->mail, data);
}

static void content_end(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct smtp_mail *mail = smtp_mail_get(pf);
    smtp->phase = SMTP_COMMAND;
    if (!mail)
        return;
    mail_feed(&mail->mail, (struct bytes){NULL, 0}); // a mail may be empty
    mail->ended = true;
    mail_end(&mail->mail, true); // its files are whole, whatever the server says of it
    enum record_type type = RECORD_SMTP;
    if (proto_wants_record(pf, type))
        proto_show_known(pf, FLOW_CLIENT, mail->id, type, smtp_draft(pf, mail->id, &type));
    smtp_wait_for(pf, SMTP_CONTENT);
}

enum dot { DOT_UNKNOWN, DOT_STUFFED, DOT_END };

// A line of content that begins with a dot (RFC 5321 section 4.5.2). The end is CR LF . CR LF; in a
// mail with bare line feeds LF . LF is. A mixture ends the mail for some servers and not for
// others, by which mails are smuggled: content to us, and an anomaly.
static enum dot dot_look(struct proto_flow *pf, struct bytes rest)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (rest.len < 2 || (rest.data[1] == '\r' && rest.len < 3))
        return pf->ended[FLOW_CLIENT] ? DOT_END : DOT_UNKNOWN;
    bool crlf = rest.data[1] == '\r' && rest.data[2] == '\n';
    bool lf = rest.data[1] == '\n';
    if (!crlf && !lf)
        return DOT_STUFFED;
    if (lf || !smtp->line_crlf)
        proto_anomaly(pf, ANOMALY_SMTP_BARE_LINE_FEED);
    return crlf == smtp->line_crlf ? DOT_END : DOT_STUFFED;
}

// Content of DATA. False: no more can be done.
static bool data_bytes(struct proto_flow *pf, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct bytes rest = cursor_rest(in);
    if (smtp->line_start && rest.data[0] == '.') {
        enum dot dot = dot_look(pf, rest);
        if (dot == DOT_UNKNOWN)
            return false;
        if (dot == DOT_END) {
            size_t lf = bytes_find_byte(rest, '\n');
            proto_frame_ends(pf, FRAME_SMTP_DATA, FLOW_CLIENT, rest);
            cursor_skip(in, lf == BYTES_NOT_FOUND ? rest.len : lf + 1);
            content_end(pf);
            return true;
        }
        cursor_skip(in, 1);
        smtp->line_start = false;
        rest = cursor_rest(in);
        if (rest.len == 0)
            return false;
    }
    size_t next = bytes_find(rest, BYTES("\n."));
    struct bytes piece = bytes_sub(rest, 0, next == BYTES_NOT_FOUND ? next : next + 1);
    cursor_skip(in, piece.len);
    content_pass(pf, piece);
    return true;
}

static void chunk_end(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (smtp->bdat_last) {
        content_end(pf);
        return;
    }
    smtp_wait_for(pf, SMTP_BDAT);
    smtp->phase = SMTP_COMMAND;
}

static bool bdat_bytes(struct proto_flow *pf, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    size_t left = cursor_left(in);
    struct bytes data = cursor_take(in, smtp->left < left ? (size_t)smtp->left : left);
    smtp->left -= data.len;
    content_pass(pf, data);
    if (smtp->left == 0)
        chunk_end(pf);
    return true;
}

// Behind DATA: content, unless the server has refused. A client that does not wait for the answer
// breaks RFC 2920 section 3.1; where no server is to be seen it is believed.
static bool data_wait(struct proto_flow *pf, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (!smtp->data_accepted && smtp->server_seen)
        proto_anomaly(pf, ANOMALY_SMTP_INVALID_PIPELINED_SEQUENCE);
    smtp->phase = SMTP_DATA_BYTES;
    smtp->line_start = smtp->line_crlf = true;
    smtp->last_byte = '\n';
    proto_frame(pf, FRAME_SMTP_DATA, FLOW_CLIENT, cursor_rest(in), PROTO_FRAME_OPEN, tx_of(pf));
    return true;
}

// Behind STARTTLS, before its answer. Clear text here is what the server might take for commands
// of the protected session.
static bool tls_wait(struct proto_flow *pf, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (cursor_rest(in).data[0] == 0x16) { // a handshake record: the answer was not captured
        smtp->starttls = true;
        return false;
    }
    proto_anomaly(pf, ANOMALY_SMTP_DATA_AFTER_STARTTLS);
    cursor_skip(in, cursor_left(in));
    return false;
}

static bool client_step(struct proto_flow *pf, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct bytes line;
    switch (smtp->phase) {
    case SMTP_DATA_WAIT: return data_wait(pf, in);
    case SMTP_DATA_BYTES: return data_bytes(pf, in);
    case SMTP_BDAT_BYTES: return bdat_bytes(pf, in);
    case SMTP_TLS_WAIT: return tls_wait(pf, in);
    case SMTP_COMMAND:
    case SMTP_AUTH_LINE: break;
    }
    if (!take_line(pf, FLOW_CLIENT, in, &line))
        return false;
    if (smtp->phase == SMTP_AUTH_LINE)
        smtp_auth_line(pf, line);
    else
        smtp_command_line(pf, line);
    if (smtp->phase == SMTP_BDAT_BYTES && smtp->left == 0)
        chunk_end(pf);
    return true;
}

static enum proto_verdict smtp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    struct bytes line;
    smtp->server_seen |= side == FLOW_SERVER;
    while (cursor_left(in) > 0 && !smtp->closed && !smtp->starttls) {
        if (side == FLOW_CLIENT ? !client_step(pf, in) : !take_line(pf, side, in, &line))
            break;
        if (side == FLOW_SERVER)
            smtp_reply_line(pf, line);
    }
    if (smtp->starttls) {
        proto_switch(pf, &proto_tls);
        return PROTO_DONE;
    }
    return smtp->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict smtp_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    if (side == FLOW_SERVER || smtp->phase != SMTP_BDAT_BYTES || lost > smtp->left)
        return PROTO_DONE;
    if (smtp->mail)
        mail_gap(&smtp->mail->mail);
    smtp->left -= lost;
    if (smtp->left == 0)
        chunk_end(pf);
    return PROTO_MORE;
}

static void smtp_finish(struct proto_flow *pf)
{
    struct smtp_flow *smtp = smtp_flow(pf);
    smtp_mail_finish(pf);
    ntlm_result(&smtp->ntlm, pf, NTLM_UNKNOWN);
    if (smtp->mails == 0 && (smtp->helo.len > 0 || smtp->banner.len > 0))
        smtp_emit(pf, NULL);
}

const struct proto proto_smtp = {
    .name = "smtp",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct smtp_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 2 * SMTP_LINE_BYTES,
    .probe = smtp_probe,
    .parse = smtp_parse,
    .gap = smtp_gap,
    .finish = smtp_finish,
    .draft = smtp_draft,
};
