// SPDX-License-Identifier: Apache-2.0
// FTP's commands and their replies: who waits for what, and what the session has become.
#include "proto/ftp.h"
#include "proto/text_out.h"

static const struct {
    const char *word;
    enum ftp_command kind;
} commands[] = {
    {"USER", FTP_USER},
    {"PASS", FTP_PASS},
    {"ACCT", FTP_ACCT},
    {"AUTH", FTP_AUTH},
    {"PORT", FTP_PORT},
    {"EPRT", FTP_EPRT},
    {"PASV", FTP_PASV},
    {"EPSV", FTP_EPSV},
    {"CWD", FTP_CWD},
    {"XCWD", FTP_CWD},
    {"CDUP", FTP_CDUP},
    {"XCUP", FTP_CDUP},
    {"PWD", FTP_PWD},
    {"XPWD", FTP_PWD},
    {"SIZE", FTP_SIZE},
    {"REIN", FTP_REIN},
    {"RETR", FTP_RETRIEVE},
    {"STOR", FTP_STORE},
    {"APPE", FTP_STORE},
    {"STOU", FTP_STOU},
    {"LIST", FTP_LIST},
    {"NLST", FTP_LIST},
    {"MLSD", FTP_LIST},
    {"DELE", FTP_PATH},
    {"MKD", FTP_PATH},
    {"XMKD", FTP_PATH},
    {"RMD", FTP_PATH},
    {"XRMD", FTP_PATH},
    {"RNFR", FTP_PATH},
    {"RNTO", FTP_PATH},
    {"MDTM", FTP_PATH},
    {"MLST", FTP_PATH},
};

static enum ftp_command command_kind(struct bytes word)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (bytes_equal_nocase(word, bytes_from_text(commands[i].word)))
            return commands[i].kind;
    return FTP_OTHER;
}

static struct ftp_tx *tx_begin(struct proto_flow *pf)
{
    struct arena arena;
    struct ftp_tx *tx = arena_hold(&arena, pf->arena.pool, FTP_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

static void tx_free(struct ftp_tx *tx)
{
    arena_release(&tx->arena); // it holds tx
}

static void tx_emit(struct proto_flow *pf, struct ftp_tx *tx, const char *received)
{
    struct record_ftp *r = &tx->record;
    r->reply = tx->reply;
    r->reply_count = tx->lines;
    r->completion_code = tx->code;
    r->completion_code_count = tx->codes;
    r->reply_received = bytes_from_text(received);
    r->has_reply_truncated = received != NULL;
    proto_emit_at(pf, RECORD_FTP, r, tx->id, tx->time_us);
}

static void tx_end(struct proto_flow *pf, struct ftp_tx *tx, const char *received)
{
    tx_emit(pf, tx, received);
    tx_free(tx);
}

static void text_set(char *out, uint8_t *len, struct bytes text)
{
    text = bytes_sub(text, 0, FTP_USER_BYTES);
    if (text.len)
        memcpy(out, text.data, text.len);
    *len = (uint8_t)text.len;
}

static bool is_anonymous(const struct ftp_flow *ftp)
{
    struct bytes user = bytes_make(ftp->user, ftp->user_len);
    return bytes_equal_nocase(user, BYTES("anonymous")) || bytes_equal_nocase(user, BYTES("ftp"));
}

static void session_reset(struct ftp_flow *ftp)
{
    ftp->user_len = ftp->ident_len = 0;
    ftp->password_given = ftp->logged_in = false;
    ftp->cwd.len = 0;
    ftp->cwd_lost = false;
}

// Who asks, as of the command.
static void take_session(const struct ftp_flow *ftp, struct ftp_tx *tx)
{
    struct record_ftp *r = &tx->record;
    if (ftp->user_len)
        r->user = arena_copy(&tx->arena, bytes_make(ftp->user, ftp->user_len));
    if (ftp->ident_len)
        r->anonymous_ident = arena_copy(&tx->arena, bytes_make(ftp->ident, ftp->ident_len));
    r->password_given = ftp->password_given;
    r->logged_in = ftp->logged_in;
}

// Where the command is carried out: known once all earlier ones are answered.
static void take_place(struct proto_flow *pf, struct ftp_tx *tx)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    struct record_ftp *r = &tx->record;
    struct bytes cwd = ftp->cwd.len ? bytes_make(ftp->cwd.text, ftp->cwd.len) : BYTES(".");
    bool path = tx->kind == FTP_CWD || tx->kind == FTP_SIZE || tx->kind == FTP_PATH ||
                tx->kind == FTP_RETRIEVE || tx->kind == FTP_STORE;
    if (tx->kind >= FTP_CWD && !ftp->cwd_lost)
        r->cwd = arena_copy(&tx->arena, cwd);
    if (path && r->command_data.len)
        r->url = ftp_path_url(pf, &tx->arena, r->command_data);
}

static void take_port(struct proto_flow *pf, struct ftp_tx *tx, struct bytes data)
{
    struct ftp_endpoint to;
    bool read = tx->kind == FTP_PORT ? ftp_port_read(data, &to) : ftp_eprt_read(data, &to);
    tx->record.mode = BYTES("active");
    if (read)
        ftp_channel_announced(pf, tx, &to, false);
    else
        proto_anomaly(pf, ANOMALY_FTP_INVALID_PORT);
}

// What a command means before it is answered.
static void command_take(struct proto_flow *pf, struct ftp_tx *tx, struct bytes data)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    switch (tx->kind) {
    case FTP_USER:
        session_reset(ftp);
        text_set(ftp->user, &ftp->user_len, data);
        break;
    case FTP_PASS:
        ftp->password_given = data.len > 0;
        if (is_anonymous(ftp))
            text_set(ftp->ident, &ftp->ident_len, data);
        break;
    case FTP_AUTH: ftp->tls_waits = true; break;
    case FTP_PORT:
    case FTP_EPRT: take_port(pf, tx, data); break;
    case FTP_RETRIEVE:
    case FTP_STORE: ftp_channel_named(pf, tx, data); break;
    case FTP_STOU: ftp_channel_named(pf, tx, data.len ? data : BYTES("<stou>")); break;
    case FTP_LIST: ftp_channel_named(pf, tx, (struct bytes){NULL, 0}); break;
    default: break;
    }
}

static struct bytes upper_case(struct arena *arena, struct bytes word)
{
    char room[FTP_COMMAND_BYTES];
    struct text_out out = TEXT_OUT(room);
    for (size_t i = 0; i < word.len; i++)
        text_out_char(
            &out, (char)(word.data[i] >= 'a' && word.data[i] <= 'z' ? word.data[i] - 'a' + 'A'
                                                                    : word.data[i]));
    return text_out_keep(&out, arena);
}

// Where too many wait the oldest is let go, and nobody knows any more whose the replies are.
static void make_room(struct proto_flow *pf)
{
    if (ftp_flow(pf)->waiting < FTP_WAITING)
        return;
    proto_anomaly(pf, ANOMALY_FTP_TOO_MANY_COMMANDS);
    ftp_finish_waiting(pf, true);
}

static void tx_wait(struct ftp_flow *ftp, struct ftp_tx *tx)
{
    if (ftp->last)
        ftp->last->next = tx;
    else
        ftp->first = tx;
    ftp->last = tx;
    ftp->waiting++;
    if (ftp->waiting > 1 && ftp->pipelined < FTP_PIPELINED)
        ftp->pipelined++;
}

void ftp_command_line(struct proto_flow *pf, struct bytes line, bool cut)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    // Telnet's interrupt and data mark before ABOR (RFC 959 section 4.1.3).
    while (bytes_at(line, 0) >= 0xf0)
        line = bytes_from(line, 1);
    if (line.len == 0)
        return;
    make_room(pf);
    struct ftp_tx *tx = tx_begin(pf);
    if (!tx)
        return;
    struct bytes data = line;
    struct bytes word = line_word(&data);
    tx->kind = command_kind(word);
    tx->record.command = upper_case(&tx->arena, word);
    tx->record.command_truncated = cut;
    if (data.len && tx->kind != FTP_PASS && tx->kind != FTP_ACCT)
        tx->record.command_data = arena_copy(&tx->arena, data);
    if (cut)
        proto_anomaly(pf, ANOMALY_FTP_REQUEST_COMMAND_TOO_LONG);
    command_take(pf, tx, data);
    take_session(ftp, tx);
    if (ftp->gap_us == pf->time_us) // its reply may have passed before the gap was noticed
        tx_end(pf, tx, NULL);
    else
        tx_wait(ftp, tx);
}

static bool list_add(struct ftp_tx *tx, struct bytes **list, unsigned *count, struct bytes text)
{
    unsigned room = *count < 4 ? (*count == 0 ? 4 : 0) : (*count & (*count - 1)) == 0 ? *count : 0;
    if (room) { // 4, 8, 16... are full
        struct bytes *more =
            arena_grow(&tx->arena, *list, *count * sizeof **list, (*count + room) * sizeof **list);
        if (!more)
            return false;
        *list = more;
    }
    struct bytes copy = arena_copy(&tx->arena, text);
    if (!copy.data && text.len)
        return false;
    (*list)[(*count)++] = text.len ? copy : BYTES("");
    return true;
}

static void reply_keep(struct proto_flow *pf, struct ftp_tx *tx, struct bytes line, bool coded)
{
    bool kept = tx->lines < FTP_REPLY_LINES;
    if (kept && coded)
        kept = list_add(tx, &tx->code, &tx->codes, bytes_sub(line, 0, 3));
    if (kept)
        kept = list_add(tx, &tx->reply, &tx->lines, coded ? bytes_from(line, 4) : line);
    if (!kept)
        proto_anomaly(pf, ANOMALY_FTP_TOO_MANY_REPLY_LINES);
}

// "Opening BINARY mode data connection for x (77 bytes)"
static void take_size(struct ftp_tx *tx, struct bytes text)
{
    size_t end = bytes_find(text, BYTES(" bytes"));
    size_t from = bytes_find_byte(text, '(');
    for (size_t i = from; end != BYTES_NOT_FOUND && i < end; i++)
        if (text.data[i] == '(')
            from = i;
    if (end == BYTES_NOT_FOUND || from == BYTES_NOT_FOUND || from > end)
        return;
    tx->record.has_file_size =
        bytes_to_u64(bytes_sub(text, from + 1, end - from - 1), &tx->record.file_size);
}

static void take_passive(struct proto_flow *pf, struct ftp_tx *tx, struct bytes text)
{
    struct ftp_endpoint to;
    bool read =
        tx->kind == FTP_PASV ? ftp_reply_port_read(text, &to) : ftp_reply_extended_read(text, &to);
    if (read)
        ftp_channel_announced(pf, tx, &to, true);
    else
        proto_anomaly(pf, ANOMALY_FTP_INVALID_PORT);
}

// What the last line of a reply changes.
static void reply_take(struct proto_flow *pf, struct ftp_tx *tx, uint16_t code, struct bytes text)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    struct bytes path;
    bool done = code / 100 == 2;
    switch (tx->kind) {
    case FTP_USER:
    case FTP_PASS:
    case FTP_ACCT:
        ftp->logged_in |= code == 230 || code == 232;
        tx->record.logged_in = ftp->logged_in;
        break;
    case FTP_NONE: // the answer to a log-on that was not seen
        if (code == 331 || code == 230 || code == 332 || code == 220)
            session_reset(ftp);
        break;
    case FTP_AUTH:
        ftp->tls_waits = false;
        ftp->tls = code == 234;
        break;
    case FTP_PASV:
    case FTP_EPSV:
        tx->record.mode = BYTES("passive");
        if (done)
            take_passive(pf, tx, text);
        break;
    case FTP_CWD:
        if (done && tx->record.command_data.len)
            ftp_path_set(ftp, tx->record.command_data);
        break;
    case FTP_CDUP:
        if (done)
            ftp_path_up(ftp);
        break;
    case FTP_PWD:
        if (done && ftp_path_quoted(text, &path))
            ftp_path_set(ftp, path);
        break;
    case FTP_SIZE:
        if (done)
            tx->record.has_file_size = bytes_to_u64(bytes_trim(text), &tx->record.file_size);
        break;
    case FTP_REIN:
        if (done)
            session_reset(ftp);
        break;
    default: break;
    }
}

static void tx_done(struct proto_flow *pf, struct ftp_tx *tx)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    if (tx == ftp->first) {
        ftp->first = tx->next;
        ftp->waiting--;
        if (!ftp->first)
            ftp->last = NULL;
    } else {
        ftp->alone = NULL;
    }
    tx_end(pf, tx, "yes");
}

// Whose reply begins here. NULL: nobody's that is told of.
static struct ftp_tx *reply_owner(struct proto_flow *pf, uint16_t code)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    bool greeting = !ftp->greeted && (code == 220 || code == 120);
    if (ftp->alone)
        return ftp->alone;
    // No greeting, and yet the connection was seen from its first packet on: replies are missing.
    if (!ftp->greeted && !greeting && !(pf->flow->flags & FLOW_MIDSTREAM))
        ftp_finish_waiting(pf, true);
    ftp->greeted = true;
    if (ftp->first && !greeting)
        return ftp->first;
    if (code)
        ftp->alone = tx_begin(pf);
    if (ftp->alone && greeting)
        ftp->alone->kind = FTP_GREETING;
    return ftp->alone;
}

static uint16_t reply_code(struct bytes line)
{
    uint64_t code;
    uint8_t mark = bytes_at(line, 3);
    bool valid = bytes_to_u64(bytes_sub(line, 0, 3), &code) && code >= 100 && code < 700 &&
                 (mark == ' ' || mark == '-' || line.len == 3);
    return valid ? (uint16_t)code : 0;
}

void ftp_reply_line(struct proto_flow *pf, struct bytes line, bool cut)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    uint16_t code = reply_code(line);
    bool in_reply = ftp->reply_open;
    bool more = bytes_at(line, 3) == '-';
    if (cut)
        proto_anomaly(pf, ANOMALY_FTP_RESPONSE_COMMAND_TOO_LONG);
    if (!in_reply && code == 0)
        proto_anomaly(pf, ANOMALY_FTP_INVALID_REPLY);
    struct ftp_tx *tx = reply_owner(pf, in_reply ? ftp->code : code);
    ftp->reply_open = in_reply ? code != ftp->code || more : code && more;
    if (!in_reply)
        ftp->code = code;
    if (!tx)
        return;
    reply_keep(pf, tx, line, code != 0);
    tx->record.reply_truncated |= cut;
    if (ftp->reply_open)
        return;
    if (ftp->code / 100 == 1) {
        if (tx->kind == FTP_RETRIEVE)
            take_size(tx, bytes_from(line, 4));
        return;
    }
    take_place(pf, tx);
    reply_take(pf, tx, ftp->code, bytes_from(line, 4));
    tx_done(pf, tx);
}

void ftp_finish_waiting(struct proto_flow *pf, bool lost)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    if (ftp->first)
        take_place(pf, ftp->first);
    for (struct ftp_tx *tx = ftp->first, *next; tx; tx = next) {
        next = tx->next;
        tx_end(pf, tx, lost ? NULL : tx->lines ? "yes" : "no");
    }
    ftp->first = ftp->last = NULL;
    ftp->waiting = 0;
    ftp->cwd_lost |= lost;
}

void ftp_finish_alone(struct proto_flow *pf, bool lost)
{
    struct ftp_flow *ftp = ftp_flow(pf);
    if (ftp->alone)
        tx_end(pf, ftp->alone, lost ? NULL : "yes");
    ftp->alone = NULL;
    ftp->reply_open = false;
}
