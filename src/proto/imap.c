// SPDX-License-Identifier: Apache-2.0
// IMAP: RFC 9051, 3501, 2177 (IDLE), 2971 (ID), 7888 (literals without waiting), 4959 (SASL-IR).
// One imap record a command with its tagged response, one for the greeting, and one for each mail
// that FETCH or APPEND carries, with an email object and a fileinfo record a part (imap_mail.c).
// Behind STARTTLS: TLS; behind COMPRESS and after a gap outside a mail: let go. Never kept:
// passwords, SASL responses, message text. Limits: imap.h.
#include "proto/imap.h"

// --- probe -------------------------------------------------------------------------------------

static bool is_tag(struct bytes tag)
{
    for (size_t i = 0; i < tag.len; i++) {
        uint8_t c = tag.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                c == '.' || c == '-' || c == '_'))
            return false;
    }
    return tag.len > 0 && tag.len <= 16;
}

// A command no other protocol has behind a tag.
static enum proto_probe probe_client(struct bytes data)
{
    static const char *const names[] = {"CAPABILITY\r\n", "LOGIN ", "AUTHENTICATE ", "STARTTLS\r\n",
        "ID (", "ID NIL", "SELECT ", "EXAMINE ", "NAMESPACE\r\n", "UID FETCH "};
    size_t space = bytes_find_byte(bytes_sub(data, 0, 17), ' ');
    if (!is_tag(bytes_sub(data, 0, space == BYTES_NOT_FOUND ? 16 : space)))
        return PROBE_NO;
    if (space == BYTES_NOT_FOUND)
        return data.len < 17 ? PROBE_MORE : PROBE_NO;
    struct bytes rest = bytes_from(data, space + 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct bytes name = bytes_from_text(names[i]);
        if (bytes_start_with_nocase(rest, name))
            return PROBE_CLIENT;
        if (bytes_start_with_nocase(name, rest))
            return PROBE_MORE;
    }
    return PROBE_NO;
}

static enum proto_probe imap_probe(const struct proto_first *first)
{
    static const char *const greetings[] = {"* OK ", "* PREAUTH ", "* BYE "};
    struct bytes data = first->data;
    if (bytes_at(data, 0) != '*')
        return probe_client(data);
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        struct bytes greeting = bytes_from_text(greetings[i]);
        if (bytes_start_with_nocase(data, greeting))
            return PROBE_SERVER;
        if (bytes_start_with_nocase(greeting, data))
            return PROBE_MORE;
    }
    return PROBE_NO;
}

// --- lines and literals ------------------------------------------------------------------------

static void text_add(struct imap_side *s, struct bytes more)
{
    struct bytes fits = bytes_sub(more, 0, IMAP_TEXT_BYTES - s->len);
    if (fits.len > 0)
        memcpy(&s->text[s->len], fits.data, fits.len);
    s->len = (uint16_t)(s->len + fits.len);
    s->cut |= fits.len < more.len;
}

// "... {300}" or "{300+}" at the end of a line: bytes of the literal that follows.
static bool literal_announced(struct bytes *line, uint64_t *size)
{
    if (bytes_at(*line, line->len - 1) != '}')
        return false;
    const uint8_t *open = memrchr(line->data, '{', line->len);
    if (!open)
        return false;
    size_t at = (size_t)(open - line->data);
    struct bytes digits = bytes_sub(*line, at + 1, line->len - at - 2);
    uint8_t last = bytes_at(digits, digits.len - 1);
    if (last == '+' || last == '-')
        digits = bytes_sub(digits, 0, digits.len - 1);
    if (!bytes_to_u64(digits, size))
        return false;
    *line = bytes_sub(*line, 0, at);
    return true;
}

static void text_done(struct proto_flow *pf, enum flow_side side)
{
    struct imap_side *s = &imap_flow(pf)->side[side];
    struct bytes text = bytes_make(s->text, s->len);
    if (s->cut)
        proto_anomaly(pf,
            side == FLOW_CLIENT ? ANOMALY_IMAP_REQUEST_TOO_LONG : ANOMALY_IMAP_RESPONSE_TOO_LONG);
    s->len = 0;
    s->open = s->cut = false;
    if (side == FLOW_CLIENT)
        imap_command(pf, text);
    else
        imap_response(pf, text);
    explicit_bzero(s->text, text.len); // LOGIN has a password in it
}

// A literal begins. What is no mail goes on as a quoted string.
static void literal_begin(struct proto_flow *pf, enum flow_side side, uint64_t size)
{
    struct imap_side *s = &imap_flow(pf)->side[side];
    s->literal = size;
    s->kept = 0;
    s->mail = imap_mail_begin(pf, side, bytes_make(s->text, s->len));
    if (!s->mail)
        text_add(s, BYTES("\""));
    else if (size == 0)
        imap_mail_literal_end(pf, side);
    if (size == 0 && !s->mail)
        text_add(s, BYTES("\""));
}

static void literal_text(struct imap_side *s, struct bytes data)
{
    for (size_t i = 0; i < data.len && s->kept < IMAP_LITERAL_BYTES; i++, s->kept++) {
        if (data.data[i] == '"' || data.data[i] == '\\')
            text_add(s, BYTES("\\"));
        text_add(s, bytes_sub(data, i, 1));
    }
}

static void literal_bytes(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct imap_side *s = &imap_flow(pf)->side[side];
    size_t left = cursor_left(in);
    struct bytes data = cursor_take(in, s->literal < left ? (size_t)s->literal : left);
    s->literal -= data.len;
    if (s->mail)
        imap_mail_data(pf, side, data);
    else
        literal_text(s, data);
    if (s->literal > 0)
        return;
    if (s->mail)
        imap_mail_literal_end(pf, side);
    else
        text_add(s, BYTES("\""));
}

static bool line_step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct imap_side *s = &imap_flow(pf)->side[side];
    struct bytes line;
    uint64_t size;
    enum line_result result = line_take(&s->reader, in, IMAP_LINE_BYTES, &line);
    if (result == LINE_NONE)
        return false;
    s->cut |= result == LINE_CUT;
    struct imap_command *sasl = side == FLOW_CLIENT && !s->open ? imap_sasl_open(pf) : NULL;
    if (sasl) {
        imap_sasl_line(pf, sasl, line);
        return true;
    }
    bool literal = line.len > 0 && literal_announced(&line, &size);
    text_add(s, line);
    s->open = true;
    if (literal)
        literal_begin(pf, side, size);
    else
        text_done(pf, side);
    return true;
}

// --- the flow ----------------------------------------------------------------------------------

static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct imap_flow *imap = imap_flow(pf);
    struct imap_side *s = &imap->side[side];
    if (s->literal > 0) {
        literal_bytes(pf, side, in);
        return true;
    }
    if (side == FLOW_CLIENT && imap->tls_asked && !s->open && cursor_rest(in).data[0] == 0x16) {
        imap->tls = true; // a handshake record: the answer was not captured
        return false;
    }
    return line_step(pf, side, in);
}

static enum proto_verdict imap_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct imap_flow *imap = imap_flow(pf);
    imap->server_seen |= side == FLOW_SERVER;
    while (cursor_left(in) > 0 && !imap->closed && !imap->tls && step(pf, side, in))
        ;
    if (imap->tls) {
        proto_switch(pf, &proto_tls);
        return PROTO_DONE;
    }
    return imap->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict imap_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct imap_flow *imap = imap_flow(pf);
    struct imap_side *s = &imap->side[side];
    if (s->literal == 0 || lost > s->literal || !s->mail)
        return PROTO_DONE;
    mail_gap(&imap->mail[side]->mail);
    s->literal -= lost;
    if (s->literal == 0)
        imap_mail_literal_end(pf, side);
    return PROTO_MORE;
}

static void imap_finish(struct proto_flow *pf)
{
    imap_mail_finish(pf, FLOW_CLIENT);
    imap_mail_finish(pf, FLOW_SERVER);
    ntlm_result(&imap_flow(pf)->ntlm, pf, NTLM_UNKNOWN);
    imap_finish_commands(pf);
}

const struct proto proto_imap = {
    .name = "imap",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct imap_flow),
    .budget_bytes = 32 * 1024,
    .buffer_bytes = 2 * IMAP_LINE_BYTES,
    .probe = imap_probe,
    .parse = imap_parse,
    .gap = imap_gap,
    .finish = imap_finish,
};
