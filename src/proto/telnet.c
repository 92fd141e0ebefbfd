// SPDX-License-Identifier: Apache-2.0
// Telnet: RFC 854 and 855, options of RFC 1091 (terminal type), 1572 (environment), 2946
// (encryption). One telnet record a connection, when it ends or is encrypted. Who logs on is read
// from prompts (login:, password:) and the lines behind them; that is a guess, and passwords are
// not kept. Limits: TELNET_OPTIONS of a side, TELNET_SUBOPTION_BYTES, TELNET_BANNER_BYTES.
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    TELNET_OPTIONS = 48,
    TELNET_VARIABLES = 16,
    TELNET_SUBOPTION_BYTES = 512,
    TELNET_BANNER_BYTES = 256,
    TELNET_LINE_BYTES = 128,
    SE = 240,
    SB = 250,
    WILL = 251,
    IAC = 255,
    TERMINAL_TYPE = 24,
    ENVIRONMENT = 36,
    ENCRYPTION = 38,
    NEW_ENVIRONMENT = 39,
};

enum phase { TEXT, COMMAND, OPTION, SUBOPTION, SUBOPTION_COMMAND };

enum prompt { NO_PROMPT, NAME_PROMPT, PASSWORD_PROMPT };

struct peer {
    enum phase phase;
    uint8_t verb;
    bool encrypts;
    unsigned options;
    struct bytes option[TELNET_OPTIONS];
    size_t suboption_len, line_len;
    uint8_t suboption[TELNET_SUBOPTION_BYTES];
    char line[TELNET_LINE_BYTES];
};

struct telnet_flow {
    struct peer peers[2];
    enum prompt prompt;
    bool prompted, tried;
    size_t banner_len;
    char banner[TELNET_BANNER_BYTES];
    struct bytes variables[TELNET_VARIABLES];
    struct record_telnet record;
};

static const char *const option_names[] = {"BINARY", "ECHO", "RECONNECTION", "SUPPRESS-GO-AHEAD",
    "APPROX-MSG-SIZE", "STATUS", "TIMING-MARK", "RCTE", "OUTPUT-LINE-WIDTH", "OUTPUT-PAGE-SIZE",
    "NAOCRD", "NAOHTS", "NAOHTD", "NAOFFD", "NAOVTS", "NAOVTD", "NAOLFD", "EXTEND-ASCII", "LOGOUT",
    "BYTE-MACRO", "DATA-ENTRY-TERMINAL", "SUPDUP", "SUPDUP-OUTPUT", "SEND-LOCATION",
    "TERMINAL-TYPE", "END-OF-RECORD", "TACACS-UID", "OUTPUT-MARKING", "TERMINAL-LOCATION",
    "3270-REGIME", "X.3-PAD", "WINDOW-SIZE", "TERMINAL-SPEED", "REMOTE-FLOW-CONTROL", "LINEMODE",
    "X-DISPLAY-LOCATION", "ENVIRONMENT", "AUTHENTICATION", "ENCRYPTION", "NEW-ENVIRONMENT",
    "TN3270E", "XAUTH", "CHARSET", "RSP", "COM-PORT-CONTROL", "SUPPRESS-LOCAL-ECHO", "START-TLS",
    "KERMIT", "SEND-URL", "FORWARD-X"};

enum { OPTION_NAMES = sizeof option_names / sizeof *option_names };

static bool ends_with_prompt(struct bytes text, const char *word)
{
    struct bytes want = bytes_from_text(word);
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\0'))
        text.len--;
    return text.len >= want.len && bytes_equal_nocase(bytes_from(text, text.len - want.len), want);
}

static enum prompt prompt_of(struct bytes line)
{
    if (ends_with_prompt(line, "login:") || ends_with_prompt(line, "username:") ||
        ends_with_prompt(line, "user:") || ends_with_prompt(line, "user name:"))
        return NAME_PROMPT;
    return ends_with_prompt(line, "password:") || ends_with_prompt(line, "passcode:")
               ? PASSWORD_PROMPT
               : NO_PROMPT;
}

static enum proto_probe telnet_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (bytes_at(data, 0) != IAC) {
        bool port = first->src_port == 23; // of text alone nothing else tells
        return port && proto_is_text(bytes_sub(data, 0, 64)) &&
                       prompt_of(bytes_sub(data, 0, 1024)) == NAME_PROMPT
                   ? PROBE_SERVER
                   : PROBE_NO;
    }
    if (data.len < 3)
        return PROBE_MORE;
    bool verb = data.data[1] >= SB && data.data[1] <= 254;
    bool next = data.len < 4 || data.data[1] == SB || data.data[3] == IAC ||
                (data.data[3] >= 9 && data.data[3] < 127);
    return verb && data.data[2] < OPTION_NAMES && next ? PROBE_EITHER : PROBE_NO;
}

static bool has(struct bytes line, const char *word)
{
    struct bytes want = bytes_from_text(word);
    for (size_t i = 0; i + want.len <= line.len; i++)
        if (bytes_equal_nocase(bytes_sub(line, i, want.len), want))
            return true;
    return false;
}

// What the server says behind a password.
static void judge(struct telnet_flow *t, struct bytes line)
{
    if (!t->tried || line.len == 0)
        return;
    if (has(line, "incorrect") || has(line, "invalid") || has(line, "denied") ||
        has(line, "fail") || has(line, "bad password"))
        t->record.result = BYTES("failure");
    else if (has(line, "last login") || has(line, "welcome") || ends_with_prompt(line, "$") ||
             ends_with_prompt(line, "#") || ends_with_prompt(line, ">") ||
             ends_with_prompt(line, "%"))
        t->record.result = BYTES("success");
    else
        return;
    t->tried = false;
}

// The client's line, ended.
static void client_line(struct proto_flow *pf, struct telnet_flow *t, struct bytes line)
{
    if (t->prompt == NAME_PROMPT) {
        t->record.user = line.len ? arena_copy(&pf->arena, bytes_sub(line, 0, 64)) : t->record.user;
    } else if (t->prompt == PASSWORD_PROMPT) {
        t->record.password_given = true;
        t->record.has_attempts = true;
        t->record.attempts++;
        t->tried = true;
        t->record.result = (struct bytes){NULL, 0};
    }
    t->prompt = NO_PROMPT;
}

static void server_text(struct telnet_flow *t, struct peer *peer, uint8_t c)
{
    struct bytes line = bytes_make(peer->line, peer->line_len);
    if (!t->prompted && t->banner_len < TELNET_BANNER_BYTES && c != 0 && c != '\r')
        t->banner[t->banner_len++] = (char)c;
    if (c == ' ' || c == ':' || c == '$' || c == '#' || c == '>' || c == '%') {
        enum prompt prompt = prompt_of(line);
        t->prompt = prompt ? prompt : t->prompt;
        t->prompted |= prompt != NO_PROMPT;
    }
    if (c == '\n' || c == ' ' || c == '$' || c == '#' || c == '>' || c == '%')
        judge(t, line);
}

static void text_byte(struct proto_flow *pf, enum flow_side side, uint8_t c)
{
    struct telnet_flow *t = pf->state;
    struct peer *peer = &t->peers[side];
    bool end = c == '\n' || (side == FLOW_CLIENT && c == '\r');
    bool erase = side == FLOW_CLIENT && (c == 8 || c == 127);
    if (erase && peer->line_len)
        peer->line_len--;
    if (!end && !erase && c >= 32 && peer->line_len < TELNET_LINE_BYTES)
        peer->line[peer->line_len++] = (char)c;
    if (side == FLOW_SERVER)
        server_text(t, peer, c);
    else if (c == '\r' || (c == '\n' && peer->line_len))
        client_line(pf, t, bytes_make(peer->line, peer->line_len));
    if (end) {
        if (side == FLOW_CLIENT)
            memset(peer->line, 0, sizeof peer->line); // it may have been a password
        peer->line_len = 0;
    }
}

static void option_take(struct proto_flow *pf, struct peer *peer, uint8_t code)
{
    static const char *const verbs[] = {"WILL ", "WONT ", "DO ", "DONT "};
    char room[40];
    struct text_out out = TEXT_OUT(room);
    if (peer->options == TELNET_OPTIONS) {
        proto_anomaly(pf, ANOMALY_TELNET_TOO_MANY_OPTIONS);
        return;
    }
    text_out_text(&out, verbs[peer->verb - WILL]);
    if (code < OPTION_NAMES)
        text_out_text(&out, option_names[code]);
    else
        text_out_u64(&out, code);
    struct bytes kept = text_out_keep(&out, &pf->arena);
    if (kept.data)
        peer->option[peer->options++] = kept;
}

// VAR name VALUE value, again and again (RFC 1572 section 2).
static void environment(struct proto_flow *pf, struct telnet_flow *t, struct bytes data)
{
    size_t at = 0;
    while (at < data.len && t->record.environment_count < TELNET_VARIABLES) {
        char room[TELNET_SUBOPTION_BYTES];
        struct text_out out = TEXT_OUT(room);
        at++; // VAR or USERVAR
        for (; at < data.len && data.data[at] != 0 && data.data[at] != 3; at++)
            text_out_char(&out, data.data[at] == 1 ? '=' : (char)data.data[at]);
        struct bytes kept = text_out_keep(&out, &pf->arena);
        if (kept.len)
            t->variables[t->record.environment_count++] = kept;
    }
}

static void suboption(struct proto_flow *pf, enum flow_side side, struct peer *peer)
{
    struct telnet_flow *t = pf->state;
    struct bytes data = bytes_make(peer->suboption, peer->suboption_len);
    uint8_t code = bytes_at(data, 0), kind = bytes_at(data, 1);
    struct bytes rest = bytes_from(data, 2);
    if (code == TERMINAL_TYPE && kind == 0 && rest.len)
        t->record.terminal_type = arena_copy(&pf->arena, bytes_sub(rest, 0, 64));
    if ((code == ENVIRONMENT || code == NEW_ENVIRONMENT) && side == FLOW_CLIENT &&
        (kind == 0 || kind == 2))
        environment(pf, t, rest);
    if (code == ENCRYPTION && kind == 3) // START: what this side sends is encrypted
        peer->encrypts = true;
}

static void suboption_byte(struct proto_flow *pf, struct peer *peer, uint8_t c)
{
    if (peer->suboption_len == TELNET_SUBOPTION_BYTES)
        proto_anomaly(pf, ANOMALY_TELNET_SUBOPTION_TOO_LONG);
    else
        peer->suboption[peer->suboption_len++] = c;
}

static void byte(struct proto_flow *pf, enum flow_side side, uint8_t c)
{
    struct telnet_flow *t = pf->state;
    struct peer *peer = &t->peers[side];
    switch (peer->phase) {
    case TEXT:
        if (c == IAC)
            peer->phase = COMMAND;
        else
            text_byte(pf, side, c);
        break;
    case COMMAND:
        peer->verb = c;
        peer->suboption_len = 0;
        peer->phase = c == SB ? SUBOPTION : c >= WILL && c < IAC ? OPTION : TEXT;
        if (c == IAC)
            text_byte(pf, side, c);
        break;
    case OPTION:
        option_take(pf, peer, c);
        peer->phase = TEXT;
        break;
    case SUBOPTION:
        if (c == IAC)
            peer->phase = SUBOPTION_COMMAND;
        else
            suboption_byte(pf, peer, c);
        break;
    case SUBOPTION_COMMAND:
        if (c == SE)
            suboption(pf, side, peer);
        if (c == IAC)
            suboption_byte(pf, peer, c);
        peer->phase = c == SE ? TEXT : SUBOPTION;
        break;
    }
}

// Text up to a line's end or a command; a command up to its end.
static void piece(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    const struct telnet_flow *t = pf->state;
    const struct peer *peer = &t->peers[side];
    struct bytes from = cursor_rest(in);
    bool begins = peer->phase == TEXT, command = bytes_at(from, 0) == IAC;
    uint8_t c = 0;
    while (cursor_left(in) > 0 && !peer->encrypts) {
        if (begins && !command && cursor_rest(in).data[0] == IAC)
            break;
        c = cursor_u8(in);
        byte(pf, side, c);
        if (peer->phase == TEXT && (command || !begins || c == '\n'))
            break;
    }
    int64_t length = (int64_t)(from.len - cursor_left(in));
    if (!begins || peer->phase != TEXT)
        return;
    proto_frame(pf, FRAME_TELNET_PDU, side, from, length, UINT64_MAX);
    proto_frame(pf, command ? FRAME_TELNET_CTL : FRAME_TELNET_DATA, side, from, length, UINT64_MAX);
}

static enum proto_verdict telnet_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct telnet_flow *t = pf->state;
    while (cursor_left(in) > 0 && !t->peers[side].encrypts)
        piece(pf, side, in);
    cursor_skip(in, cursor_left(in));
    t->record.encrypted = t->peers[0].encrypts && t->peers[1].encrypts;
    return t->record.encrypted ? PROTO_DONE : PROTO_MORE;
}

// In the middle of text the next command is found again; what was half read is forgotten.
static enum proto_verdict telnet_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct telnet_flow *t = pf->state;
    (void)lost;
    t->peers[side].phase = TEXT;
    t->peers[side].line_len = 0;
    t->prompt = NO_PROMPT;
    t->prompted = true; // the banner ends here
    t->tried = false;
    return PROTO_MORE;
}

static void telnet_finish(struct proto_flow *pf)
{
    struct telnet_flow *t = pf->state;
    struct record_telnet *r = &t->record;
    judge(t, bytes_make(t->peers[FLOW_SERVER].line, t->peers[FLOW_SERVER].line_len));
    r->client_options = t->peers[FLOW_CLIENT].option;
    r->client_options_count = t->peers[FLOW_CLIENT].options;
    r->server_options = t->peers[FLOW_SERVER].option;
    r->server_options_count = t->peers[FLOW_SERVER].options;
    r->environment = t->variables;
    if (t->banner_len)
        r->banner = bytes_trim(bytes_make(t->banner, t->banner_len));
    proto_emit(pf, RECORD_TELNET, r, pf->tx_count++);
}

const struct proto proto_telnet = {
    .name = "telnet",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct telnet_flow),
    .budget_bytes = 32 << 10,
    .buffer_bytes = 4096,
    .probe = telnet_probe,
    .parse = telnet_parse,
    .gap = telnet_gap,
    .finish = telnet_finish,
};
