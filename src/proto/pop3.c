// SPDX-License-Identifier: Apache-2.0
// POP3: RFC 1939, 2449 (CAPA, response codes), 2595 (STLS), 5034 (AUTH). One pop3 record a command
// with its response, one for the greeting; mails that RETR and TOP bring give the record an email
// object and a fileinfo record a part (mail.h). Commands wait in a bounded queue for their answers.
// Never kept: passwords, digests, SASL responses, message text. After a gap: let go.
#include "proto/gss.h"
#include "proto/line.h"
#include "proto/mail.h"
#include "proto/sasl.h"

enum {
    POP3_LINE_BYTES = 2048, // of a command or response; RFC 2449 section 4 asks for 512
    POP3_PENDING = 64,      // commands that wait for their response
    POP3_NAME_BYTES = 12,   // longest name of a command (RFC 2449 section 8)
    POP3_ARGS = 8,          // of a command; what is behind them is not kept
    POP3_LINES = 256,       // of a listing are kept
    POP3_USER_BYTES = 128,
};

enum pop3_kind { POP3_ONE_LINE, POP3_LISTING, POP3_MAIL };

enum pop3_phase { POP3_STATUS, POP3_DATA }; // of the server

struct pop3_tx {
    struct arena arena; // everything of this transaction, itself included
    struct pop3_tx *next;
    uint64_t id;
    int64_t time_us;
    bool greeting, answered, success, line_start, password;
    struct bytes command, status, header, user;
    struct bytes args[POP3_ARGS];
    size_t arg_count;
    enum pop3_kind kind;
    struct mail_list data;
    struct mail mail;
};

struct pop3_flow {
    struct ntlm_session *ntlm; // AUTH by NTLM, or NULL
    struct line_reader reader[2];
    enum pop3_phase phase;
    struct pop3_tx *first, *last; // not yet answered in full, oldest first
    unsigned waiting;
    bool server_seen, greeted, sasl, tls_asked, tls, logged_on, closed;
    uint8_t sasl_step;
    uint8_t user_len, mechanism_len;
    char user[POP3_USER_BYTES], mechanism[32];
};

static struct pop3_flow *pop3_flow(struct proto_flow *pf)
{
    return pf->state;
}

// --- probe -------------------------------------------------------------------------------------

// Redis answers "+OK" too, but with nothing behind it.
static enum proto_probe probe_server(struct bytes data)
{
    struct bytes line = bytes_sub(data, 0, bytes_find_byte(data, '\n'));
    if (data.len < 4)
        return PROBE_MORE;
    return data.data[3] == ' ' && proto_is_text(line) ? PROBE_SERVER : PROBE_NO;
}

static enum proto_probe pop3_probe(const struct proto_first *first)
{
    static const char *const commands[] = {"CAPA\r\n", "STLS\r\n", "APOP "};
    struct bytes data = first->data;
    struct bytes ok = BYTES("+OK");
    if (bytes_at(data, 0) == '+')
        return bytes_start_with(data, ok)   ? probe_server(data)
               : bytes_start_with(ok, data) ? PROBE_MORE
                                            : PROBE_NO;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct bytes command = bytes_from_text(commands[i]);
        if (bytes_start_with_nocase(data, command))
            return PROBE_CLIENT;
        if (bytes_start_with_nocase(command, data))
            return PROBE_MORE;
    }
    return PROBE_NO;
}

// --- transactions ------------------------------------------------------------------------------

static struct pop3_tx *tx_create(struct proto_flow *pf)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    struct arena arena;
    struct pop3_tx *tx = arena_hold(&arena, pf->arena.pool, MAIL_BYTES, sizeof *tx);
    if (!tx) {
        proto_anomaly(pf, ANOMALY_POP3_OUT_OF_BUDGET);
        pop3->closed = true;
        return NULL;
    }
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    tx->line_start = true;
    mail_init(&tx->mail, pf, &tx->arena, FLOW_SERVER, tx->id);
    if (pop3->last)
        pop3->last->next = tx;
    else
        pop3->first = tx;
    pop3->last = tx;
    pop3->waiting++;
    return tx;
}

static void tx_emit(struct proto_flow *pf, struct pop3_tx *tx, bool whole)
{
    const struct pop3_flow *pop3 = pop3_flow(pf);
    struct record_pop3 r = {
        .has_request = !tx->greeting,
        .request = {.command = tx->command, .args = tx->args, .args_count = tx->arg_count},
        .has_response = tx->answered,
        .response = {.success = tx->success,
            .status = tx->status,
            .header = tx->header,
            .data = tx->data.item,
            .data_count = tx->data.count},
        .user = tx->user,
        .password_given = tx->password,
        .authenticated = tx->answered && pop3->logged_on,
        .stls = pop3->tls,
        .message_length = tx->mail.length,
        .has_message_length = tx->mail.mime != NULL,
    };
    mail_end(&tx->mail, whole);
    mail_fill(&tx->mail, whole, &r.email);
    proto_emit_at(pf, RECORD_POP3, &r, tx->id, tx->time_us);
}

// Emit the oldest transaction and give its memory back.
static void tx_finish_first(struct proto_flow *pf, bool whole)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    struct pop3_tx *tx = pop3->first;
    pop3->first = tx->next;
    if (!pop3->first)
        pop3->last = NULL;
    pop3->waiting--;
    pop3->phase = POP3_STATUS;
    tx_emit(pf, tx, whole);
    arena_release(&tx->arena); // it holds tx
}

// --- commands ----------------------------------------------------------------------------------

static struct bytes upper(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_alloc(arena, text.len ? text.len : 1);
    for (size_t i = 0; out && i < text.len; i++)
        out[i] = text.data[i] >= 'a' && text.data[i] <= 'z' ? (uint8_t)(text.data[i] - 32)
                                                            : text.data[i];
    return out ? bytes_make(out, text.len) : (struct bytes){NULL, 0};
}

static void add_args(struct pop3_tx *tx, struct bytes rest, size_t most)
{
    while (rest.len > 0 && tx->arg_count < most) {
        size_t space = bytes_find_byte(rest, ' ');
        struct bytes arg = arena_copy(&tx->arena, bytes_sub(rest, 0, space));
        if (arg.len > 0)
            tx->args[tx->arg_count++] = arg;
        rest = bytes_trim(bytes_from(rest, space));
    }
}

static void set_user(struct pop3_flow *pop3, struct bytes user)
{
    user = bytes_sub(user, 0, POP3_USER_BYTES);
    pop3->user_len = (uint8_t)user.len;
    if (user.len > 0)
        memcpy(pop3->user, user.data, user.len);
}

static void sasl_response(struct proto_flow *pf, struct bytes response)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    char user[POP3_USER_BYTES];
    struct bytes mechanism = bytes_make(pop3->mechanism, pop3->mechanism_len);
    if (gss_is_sasl(mechanism))
        gss_feed_text(&pop3->ntlm, pf, UINT64_MAX, response);
    size_t ntlm = sasl_ntlm_user(pop3->ntlm, user, sizeof user);
    if (ntlm > 0)
        set_user(pop3, bytes_make(user, ntlm));
    if (pop3->sasl_step++ > 0)
        return; // what comes second is a password, a proof or empty
    size_t len = sasl_user(mechanism, response, user, sizeof user);
    if (len > 0)
        set_user(pop3, bytes_make(user, len));
}

// "AUTH PLAIN initial-response": the mechanism is an argument, the response is not.
static void auth_command(struct proto_flow *pf, struct pop3_tx *tx, struct bytes rest)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    add_args(tx, rest, 1);
    if (tx->arg_count == 0) {
        tx->kind = POP3_LISTING;
        return;
    }
    struct bytes mechanism = bytes_sub(tx->args[0], 0, sizeof pop3->mechanism);
    memcpy(pop3->mechanism, mechanism.data, mechanism.len);
    pop3->mechanism_len = (uint8_t)mechanism.len;
    pop3->sasl_step = 0;
    struct bytes initial = bytes_trim(bytes_from(rest, bytes_find_byte(rest, ' ')));
    if (initial.len == 0)
        return;
    tx->password = true;
    sasl_response(pf, initial);
}

static bool is(const struct pop3_tx *tx, const char *name)
{
    return bytes_equal(tx->command, bytes_from_text(name));
}

// What the command means: which arguments are kept, how it is answered.
static void command_act(struct proto_flow *pf, struct pop3_tx *tx, struct bytes rest)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    if (is(tx, "PASS")) {
        tx->password = true;
        return;
    }
    if (is(tx, "AUTH")) {
        auth_command(pf, tx, rest);
        return;
    }
    tx->password = is(tx, "APOP");
    add_args(tx, rest, tx->password ? 1 : POP3_ARGS);
    if ((is(tx, "USER") || is(tx, "APOP")) && tx->arg_count > 0)
        set_user(pop3, tx->args[0]);
    else if (is(tx, "STLS"))
        pop3->tls_asked = true;
    else if (is(tx, "RETR") || is(tx, "TOP"))
        tx->kind = POP3_MAIL;
    else if (is(tx, "CAPA") || (tx->arg_count == 0 && (is(tx, "LIST") || is(tx, "UIDL"))))
        tx->kind = POP3_LISTING;
}

// Behind AUTH with a mechanism alone come responses, also where a challenge was not captured. No
// command has so long a name: what has is a response too, and not to be recorded.
static bool is_response(const struct pop3_flow *pop3, struct bytes line)
{
    const struct pop3_tx *tx = pop3->last;
    if (pop3->sasl || bytes_sub(line, 0, bytes_find_byte(line, ' ')).len > POP3_NAME_BYTES)
        return true;
    if (!tx)
        return false;
    bool begins = is(tx, "AUTH") && tx->kind == POP3_ONE_LINE && !tx->password;
    return begins || (is(tx, "<SASL DATA>") && pop3->server_seen);
}

static void command_line(struct proto_flow *pf, struct bytes line)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    line = bytes_trim(line);
    bool sasl = is_response(pop3, line);
    if (line.len == 0 && !sasl)
        return;
    if (pop3->waiting >= POP3_PENDING) {
        // Where the server is not to be seen nothing is ever answered.
        pop3->closed = pop3->server_seen;
        if (pop3->closed)
            proto_anomaly(pf, ANOMALY_POP3_TOO_MANY_TRANSACTIONS);
        tx_finish_first(pf, false);
    }
    if (pop3->closed)
        return;
    struct pop3_tx *tx = tx_create(pf);
    if (!tx)
        return;
    if (sasl) {
        tx->command = BYTES("<SASL DATA>");
        tx->password = true;
        sasl_response(pf, line);
        pop3->sasl = false;
    } else {
        size_t space = bytes_find_byte(line, ' ');
        tx->command = upper(&tx->arena, bytes_sub(line, 0, space));
        command_act(pf, tx, bytes_trim(bytes_from(line, space)));
    }
    if (pop3->user_len > 0)
        tx->user = arena_copy(&tx->arena, bytes_make(pop3->user, pop3->user_len));
}

// --- responses ---------------------------------------------------------------------------------

static bool is_log_on(const struct pop3_tx *tx)
{
    bool auth = is(tx, "AUTH") && tx->kind == POP3_ONE_LINE; // without mechanism: a listing
    return auth || is(tx, "PASS") || is(tx, "APOP") || is(tx, "<SASL DATA>");
}

static void stls_answered(struct proto_flow *pf, const struct pop3_tx *tx)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    pop3->tls_asked = false;
    pop3->tls = tx->success;
    if (pop3->tls && tx->next)
        proto_anomaly(pf, ANOMALY_POP3_COMMAND_AFTER_STLS);
}

// Commands before the greeting are out of order; a greeting is told by what servers say.
static bool is_greeting(const struct pop3_flow *pop3, struct bytes header)
{
    return !pop3->greeted && (!pop3->first || bytes_find(header, BYTES("POP")) != BYTES_NOT_FOUND ||
                                 bytes_find(header, BYTES("ready")) != BYTES_NOT_FOUND);
}

// The greeting stands before commands that came too early.
static void greeting_emit(struct proto_flow *pf, bool success, struct bytes header)
{
    struct record_pop3 r = {
        .has_response = true,
        .response = {.success = success,
            .status = success ? BYTES("OK") : BYTES("ERR"),
            .header = header.len ? header : BYTES("")},
    };
    proto_emit(pf, RECORD_POP3, &r, pf->tx_count++);
}

static void status_act(struct proto_flow *pf, struct pop3_tx *tx, bool challenge)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    pop3->sasl = challenge && tx == pop3->last;
    if (is_log_on(tx) && tx->success && !challenge)
        pop3->logged_on = true;
    if (is_log_on(tx) && !challenge)
        ntlm_result(&pop3->ntlm, pf, tx->success ? NTLM_SUCCESS : NTLM_FAILURE);
    if (is(tx, "STLS"))
        stls_answered(pf, tx);
    if (tx->success && tx->kind != POP3_ONE_LINE && !challenge)
        pop3->phase = POP3_DATA;
    else
        tx_finish_first(pf, true);
}

static void status_line(struct proto_flow *pf, struct bytes line)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    bool ok = bytes_start_with(line, BYTES("+OK")), challenge = bytes_at(line, 0) == '+' && !ok;
    if (!ok && !challenge && !bytes_start_with(line, BYTES("-ERR"))) {
        proto_anomaly(pf, ANOMALY_POP3_INVALID_RESPONSE);
        return;
    }
    struct bytes header = bytes_trim(bytes_from(line, challenge ? 1 : ok ? 3 : 4));
    if (is_greeting(pop3, header)) {
        pop3->greeted = true;
        greeting_emit(pf, ok, header);
        return;
    }
    pop3->greeted = true;
    struct pop3_tx *tx = pop3->first;
    if (!tx) {
        proto_anomaly(pf, ANOMALY_POP3_UNABLE_TO_MATCH_RESPONSE_TO_REQUEST);
        return;
    }
    tx->answered = true;
    tx->success = ok || challenge;
    tx->status = tx->success ? BYTES("OK") : BYTES("ERR");
    // A challenge is the mechanism's business, and may help to guess a password.
    tx->header = header.len && !challenge ? arena_copy(&tx->arena, header) : BYTES("");
    if (challenge && pop3->ntlm)
        gss_feed_text(&pop3->ntlm, pf, UINT64_MAX, header);
    status_act(pf, tx, challenge);
}

// A line of a listing. True: it was the last one.
static bool listing_line(struct proto_flow *pf, struct pop3_tx *tx, struct bytes line)
{
    if (bytes_equal(line, BYTES(".")))
        return true;
    if (bytes_at(line, 0) == '.')
        line = bytes_from(line, 1);
    if (tx->data.count >= POP3_LINES) {
        proto_anomaly(pf, ANOMALY_POP3_TOO_MANY_LINES);
        return false;
    }
    struct bytes copy = line.len ? arena_copy(&tx->arena, line) : BYTES("");
    mail_list_add(&tx->mail, &tx->data, copy, POP3_LINES);
    return false;
}

// Content of a mail (RFC 1939 section 3: lines that begin with a dot have one more). False: more
// bytes are needed.
static bool mail_bytes(struct proto_flow *pf, struct pop3_tx *tx, struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    if (tx->line_start && rest.data[0] == '.') {
        size_t end = bytes_at(rest, 1) == '\r' ? 2 : 1;
        if (rest.len <= end && !pf->ended[FLOW_SERVER])
            return false;
        if (bytes_at(rest, end) == '\n') {
            cursor_skip(in, end + 1);
            mail_feed(&tx->mail, (struct bytes){NULL, 0}); // a mail may be empty
            tx_finish_first(pf, true);
            return true;
        }
        cursor_skip(in, 1);
        tx->line_start = false;
        rest = bytes_from(rest, 1);
    }
    size_t next = bytes_find(rest, BYTES("\n."));
    struct bytes piece = bytes_sub(rest, 0, next == BYTES_NOT_FOUND ? next : next + 1);
    cursor_skip(in, piece.len);
    if (piece.len > 0)
        tx->line_start = piece.data[piece.len - 1] == '\n';
    mail_feed(&tx->mail, piece);
    return true;
}

// --- the flow ----------------------------------------------------------------------------------

static bool take_line(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct bytes *line)
{
    enum line_result result = line_take(&pop3_flow(pf)->reader[side], in, POP3_LINE_BYTES, line);
    if (result == LINE_CUT)
        proto_anomaly(pf,
            side == FLOW_CLIENT ? ANOMALY_POP3_REQUEST_TOO_LONG : ANOMALY_POP3_RESPONSE_TOO_LONG);
    return result != LINE_NONE;
}

static bool server_step(struct proto_flow *pf, struct cursor *in)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    struct pop3_tx *tx = pop3->first;
    struct bytes line;
    if (pop3->phase == POP3_DATA && tx->kind == POP3_MAIL)
        return mail_bytes(pf, tx, in);
    if (!take_line(pf, FLOW_SERVER, in, &line))
        return false;
    if (pop3->phase == POP3_STATUS)
        status_line(pf, line);
    else if (listing_line(pf, tx, line))
        tx_finish_first(pf, true);
    return true;
}

// A handshake record behind STLS: the answer to it was not captured, or is to come.
static bool client_step(struct proto_flow *pf, struct cursor *in)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    struct bytes line;
    if (pop3->tls_asked && cursor_rest(in).data[0] == 0x16) {
        pop3->tls = true;
        return false;
    }
    if (!take_line(pf, FLOW_CLIENT, in, &line))
        return false;
    command_line(pf, line);
    return true;
}

static enum proto_verdict pop3_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    pop3->server_seen |= side == FLOW_SERVER;
    while (cursor_left(in) > 0 && !pop3->closed && !pop3->tls)
        if (side == FLOW_CLIENT ? !client_step(pf, in) : !server_step(pf, in))
            break;
    if (pop3->tls) {
        proto_switch(pf, &proto_tls);
        return PROTO_DONE;
    }
    return pop3->closed ? PROTO_DONE : PROTO_MORE;
}

static void pop3_finish(struct proto_flow *pf)
{
    struct pop3_flow *pop3 = pop3_flow(pf);
    while (pop3->first)
        tx_finish_first(pf, false);
    ntlm_result(&pop3->ntlm, pf, NTLM_UNKNOWN);
}

const struct proto proto_pop3 = {
    .name = "pop3",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct pop3_flow),
    .budget_bytes = 4096,
    .buffer_bytes = 2 * POP3_LINE_BYTES,
    .probe = pop3_probe,
    .parse = pop3_parse,
    .finish = pop3_finish,
};
