// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL client says: how it begins, logs on and asks.
#include "proto/pgsql.h"
#include <stdio.h>

enum { CANCEL = 80877102, SSL = 80877103, GSSENC = 80877104 };

static void name_set(struct pgsql_name *name, struct bytes text)
{
    name->len = (uint8_t)(text.len < PGSQL_NAME_BYTES ? text.len : PGSQL_NAME_BYTES);
    if (name->len > 0)
        memcpy(name->text, text.data, name->len);
}

static void read_parameters(struct proto_flow *pf, struct pgsql_tx *tx, struct cursor *body)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    while (cursor_left(body) > 1) {
        struct bytes name = pgsql_take_text(body), value = pgsql_take_text(body);
        if (name.len == 0)
            break;
        if (bytes_equal(name, BYTES("user"))) {
            name_set(&pgsql->user, value);
            tx->record.request.startup_parameters.user = pgsql_keep(tx, value);
            continue;
        }
        if (bytes_equal(name, BYTES("database")))
            name_set(&pgsql->database, value);
        pgsql_add(pf, tx, &tx->startup, name, value);
    }
    if (pgsql->database.len == 0)
        pgsql->database = pgsql->user; // so the server takes it
    pgsql_name_users(pgsql, tx);
    if (!tx->startup)
        return;
    tx->record.request.startup_parameters.optional_parameters = tx->startup->items;
    tx->record.request.startup_parameters.optional_parameters_count = tx->startup->count;
}

static void read_start(
    struct proto_flow *pf, struct pgsql_tx *tx, uint32_t version, struct cursor *body)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u.%u", version >> 16, version & 0xffff);
    tx->record.request.protocol_version = arena_copy(&tx->arena, bytes_make(text, (size_t)len));
    read_parameters(pf, tx, body);
    pgsql_flow(pf)->started = true;
}

static void read_cancel(struct proto_flow *pf, struct pgsql_tx *tx, struct cursor *body)
{
    tx->record.request.message = BYTES("cancel_request");
    tx->record.request.has_process_id = tx->record.request.has_secret_key = true;
    tx->record.request.process_id = cursor_u32(body);
    tx->record.request.secret_key = cursor_u32(body);
    pgsql_flow(pf)->over = true;
}

bool pgsql_startup(struct proto_flow *pf, struct cursor *body)
{
    uint32_t code = cursor_u32(body);
    bool encrypt = code == SSL || code == GSSENC;
    if (!cursor_ok(body) || (!encrypt && code != CANCEL && code >> 16 != 3))
        return false;
    struct pgsql_tx *tx = pgsql_begin(pf, encrypt ? PGSQL_ENCRYPT : PGSQL_LOG_ON);
    if (!tx) {
        pgsql_flow(pf)->started = !encrypt;
        return true;
    }
    tx->gssenc = code == GSSENC;
    if (encrypt)
        tx->record.request.message = code == SSL ? BYTES("SSL Request") : BYTES("GSSENC Request");
    else if (code == CANCEL)
        read_cancel(pf, tx, body);
    else
        read_start(pf, tx, code, body);
    return cursor_ok(body);
}

// 'p': what the server asked for, of which only it tells what it is.
static void read_password(struct proto_flow *pf, struct cursor *body)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *tx = pgsql_begin(pf, PGSQL_LOG_ON);
    if (!tx)
        return;
    if (pgsql->auth == PGSQL_AUTH_SASL) {
        struct bytes name = pgsql_take_text(body);
        uint32_t length = cursor_u32(body);
        struct bytes first =
            length == UINT32_MAX ? (struct bytes){NULL, 0} : cursor_take(body, length);
        bool plus = bytes_equal(name, BYTES("SCRAM-SHA-256-PLUS"));
        tx->record.request.sasl_authentication_mechanism =
            plus                                        ? BYTES("scram_SHA256_plus")
            : bytes_equal(name, BYTES("SCRAM-SHA-256")) ? BYTES("scram_SHA256")
                                                        : pgsql_keep(tx, name);
        tx->record.request.sasl_param = pgsql_keep(tx, first);
    } else if (pgsql->auth == PGSQL_AUTH_SASL_ON) {
        tx->record.request.sasl_response = pgsql_keep(tx, cursor_rest(body));
    } else if (pgsql->auth == PGSQL_AUTH_PASSWORD) {
        tx->record.request.password_redacted = true;
    }
    pgsql->auth = PGSQL_AUTH_UNKNOWN;
}

static void measure(struct pgsql_tx *tx, struct cursor *body, uint32_t length, size_t most)
{
    size_t zero = bytes_find_byte(cursor_rest(body), 0);
    uint64_t whole = zero == BYTES_NOT_FOUND ? length - cursor_pos(body) : zero;
    if (zero == BYTES_NOT_FOUND && cursor_left(body) + cursor_pos(body) < length)
        whole--; // the zero at its end
    tx->record.request.has_statement_length = true;
    tx->record.request.statement_length = whole;
    tx->record.request.statement_truncated = whole > most;
}

static void read_query(struct proto_flow *pf, struct pgsql_message *m)
{
    struct pgsql_tx *tx = pgsql_begin(pf, PGSQL_SIMPLE);
    if (!tx)
        return;
    measure(tx, &m->body, m->length, PGSQL_QUERY_BYTES);
    tx->record.request.simple_query =
        text_keep_start(&tx->arena, pgsql_take_text(&m->body), PGSQL_QUERY_BYTES);
    proto_show_known(pf, FLOW_CLIENT, tx->record.tx_id, RECORD_PGSQL, &tx->record);
}

// The extended query under way; a new one after a Sync.
static struct pgsql_tx *extended(struct proto_flow *pf)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *last = pgsql->count ? pgsql->pending[pgsql->count - 1] : NULL;
    if (last && last->kind == PGSQL_EXTENDED && !last->sealed)
        return last;
    return pgsql_begin(pf, PGSQL_EXTENDED);
}

static struct pgsql_statement *statement_find(struct pgsql_flow *pgsql, struct bytes name)
{
    for (size_t i = 0; i < PGSQL_STATEMENTS; i++) {
        struct pgsql_statement *s = &pgsql->statements[i];
        if (s->text && bytes_equal(bytes_make(s->name.text, s->name.len), name))
            return s;
    }
    return NULL;
}

static void statement_remember(struct proto_flow *pf, struct bytes name, const struct pgsql_tx *tx,
    struct bytes text, uint64_t length)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_statement *s = statement_find(pgsql, bytes_sub(name, 0, PGSQL_NAME_BYTES));
    if (!s) {
        if (pgsql->statement_next >= PGSQL_STATEMENTS)
            proto_anomaly(pf, ANOMALY_PGSQL_TOO_MANY_STATEMENTS);
        s = &pgsql->statements[pgsql->statement_next++ % PGSQL_STATEMENTS];
    }
    if (!s->text)
        s->text = arena_alloc(&pf->arena, STATEMENT_BYTES);
    if (!s->text || !tx)
        return;
    text = bytes_sub(text, 0, STATEMENT_BYTES);
    name_set(&s->name, name);
    s->length = length;
    s->kept = (uint16_t)text.len;
    if (text.len > 0)
        memcpy(s->text, text.data, text.len);
}

static void read_parse(struct proto_flow *pf, struct pgsql_message *m)
{
    struct pgsql_tx *tx = extended(pf);
    struct bytes name = pgsql_take_text(&m->body);
    if (!tx)
        return;
    measure(tx, &m->body, m->length, STATEMENT_BYTES);
    struct bytes text = pgsql_take_text(&m->body);
    if (!tx->record.request.statement.data) {
        tx->record.request.statement = text_keep_start(&tx->arena, text, STATEMENT_BYTES);
        tx->record.request.statement_name = name.len ? pgsql_keep(tx, name) : name;
        if (name.len == 0)
            tx->record.request.statement_name.data = NULL;
    }
    statement_remember(pf, name, tx, text, tx->record.request.statement_length);
}

static void read_bind(struct proto_flow *pf, struct pgsql_message *m)
{
    struct pgsql_tx *tx = extended(pf);
    pgsql_take_text(&m->body); // portal
    struct bytes name = pgsql_take_text(&m->body);
    cursor_skip(&m->body, 2U * cursor_u16(&m->body));
    uint16_t parameters = cursor_u16(&m->body);
    if (!tx || !cursor_ok(&m->body))
        return;
    tx->record.request.has_parameter_count = true;
    tx->record.request.parameter_count = parameters;
    const struct pgsql_statement *s =
        statement_find(pgsql_flow(pf), bytes_sub(name, 0, PGSQL_NAME_BYTES));
    if (!s || tx->record.request.statement.data)
        return;
    tx->record.request.statement =
        text_keep_start(&tx->arena, bytes_make(s->text, s->kept), STATEMENT_BYTES);
    tx->record.request.has_statement_length = true;
    tx->record.request.statement_length = s->length;
    tx->record.request.statement_truncated = s->length > STATEMENT_BYTES;
    if (name.len > 0)
        tx->record.request.statement_name = pgsql_keep(tx, name);
}

static void read_terminate(struct proto_flow *pf)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *tx = pgsql_begin(pf, PGSQL_SIMPLE);
    if (tx)
        tx->record.request.message = BYTES("termination_message");
    while (pgsql->count > 0) {
        pgsql_forget(pgsql->pending[0]);
        pgsql_end(pf);
    }
    pgsql->over = true;
}

static void count_copied(struct pgsql_tx *tx, uint32_t length)
{
    tx->record.request.has_copy_data_in = true;
    tx->record.request.copy_data_in.msg_count++;
    tx->record.request.copy_data_in.data_size += length;
}

bool pgsql_client_message(struct proto_flow *pf, struct pgsql_message *m)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *tx = pgsql->count ? pgsql->pending[0] : NULL;
    switch (m->type) {
    case 'Q': read_query(pf, m); break;
    case 'p': read_password(pf, &m->body); break;
    case 'P': read_parse(pf, m); break;
    case 'B': read_bind(pf, m); break;
    case 'X': read_terminate(pf); break;
    case 'E':
        tx = extended(pf);
        if (tx)
            tx->record.request.executes++;
        if (tx)
            tx->record.request.has_executes = true;
        break;
    case 'S':
        tx = extended(pf);
        if (tx)
            tx->sealed = true;
        break;
    case 'D':
    case 'C':
    case 'H': (void)extended(pf); break;
    case 'F':
        tx = pgsql_begin(pf, PGSQL_SIMPLE);
        if (tx)
            tx->record.request.message = BYTES("function_call");
        break;
    case 'd':
        if (tx)
            count_copied(tx, m->length);
        break;
    case 'c': break;
    case 'f':
        if (tx)
            tx->record.request.copy_fail = pgsql_keep(tx, pgsql_take_text(&m->body));
        break;
    default: return false;
    }
    return true;
}
