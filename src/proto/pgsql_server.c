// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL server answers.
#include "proto/pgsql.h"

static struct pgsql_tx *current(struct proto_flow *pf)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    return pgsql->count ? pgsql->pending[0] : NULL;
}

void pgsql_server_byte(struct proto_flow *pf, uint8_t byte)
{
    struct pgsql_tx *tx = current(pf);
    if (tx->gssenc) {
        tx->record.response.has_gssenc_accepted = true;
        tx->record.response.gssenc_accepted = byte == 'G';
        pgsql_flow(pf)->over = byte == 'G';
    } else {
        tx->record.response.has_ssl_accepted = true;
        tx->record.response.ssl_accepted = byte == 'S';
        pgsql_flow(pf)->encrypted = byte == 'S';
    }
    pgsql_end(pf);
}

static struct bytes auth_name(uint32_t kind)
{
    static const char *const names[] = {"authentication_ok", NULL, "authentication_kerberos_v5",
        "authentication_cleartext_password", NULL, NULL, "authentication_scm_credential",
        "authentication_gss", "authentication_gss_continue", "authentication_sspi",
        "authentication_sasl", "authentication_sasl_continue", NULL};
    return kind < sizeof names / sizeof *names ? bytes_from_text(names[kind])
                                               : (struct bytes){NULL, 0};
}

// Every request to authenticate ends an exchange; OK is followed by settings.
static bool read_auth(struct proto_flow *pf, struct cursor *body)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *tx = current(pf);
    uint32_t kind = cursor_u32(body);
    if (!cursor_ok(body) || kind > 12)
        return false;
    pgsql->auth = kind == 10               ? PGSQL_AUTH_SASL
                  : kind == 11             ? PGSQL_AUTH_SASL_ON
                  : kind == 3 || kind == 5 ? PGSQL_AUTH_PASSWORD
                                           : PGSQL_AUTH_OTHER;
    tx = tx ? tx : pgsql_begin(pf, PGSQL_LOG_ON);
    if (!tx)
        return true;
    struct bytes name = auth_name(kind);
    if (name.data)
        tx->record.response.message = name;
    if (kind == 5)
        tx->record.response.authentication_md5_password = pgsql_keep(tx, cursor_take(body, 4));
    if (kind == 12)
        tx->record.response.authentication_sasl_final = pgsql_keep(tx, cursor_rest(body));
    if (kind != 0 && kind != 12)
        pgsql_end(pf);
    return cursor_ok(body);
}

static void read_status(struct proto_flow *pf, struct pgsql_tx *tx, struct cursor *body)
{
    struct bytes name = pgsql_take_text(body), value = pgsql_take_text(body);
    pgsql_add(pf, tx, &tx->status, name, value);
    if (!tx->status)
        return;
    tx->record.response.parameter_status = tx->status->items;
    tx->record.response.parameter_status_count = tx->status->count;
}

static void read_error(struct pgsql_tx *tx, struct cursor *body)
{
    while (cursor_left(body) > 1) {
        uint8_t field = cursor_u8(body);
        struct bytes text = pgsql_take_text(body);
        struct bytes kept = field ? pgsql_keep(tx, text) : text;
        switch (field) {
        case 'S': tx->record.response.severity_localizable = kept; break;
        case 'V': tx->record.response.severity_non_localizable = kept; break;
        case 'C': tx->record.response.code = kept; break;
        case 'M': tx->record.response.message = kept; break;
        case 'D': tx->record.response.detail = kept; break;
        case 'H': tx->record.response.hint = kept; break;
        case 'P': tx->record.response.position = kept; break;
        case 'W': tx->record.response.where = kept; break;
        case 's': tx->record.response.schema_name = kept; break;
        case 't': tx->record.response.table_name = kept; break;
        case 'c': tx->record.response.column_name = kept; break;
        case 'n': tx->record.response.constraint_name = kept; break;
        case 'F': tx->record.response.file = kept; break;
        case 'L': tx->record.response.line = kept; break;
        case 'R': tx->record.response.routine = kept; break;
        default: break;
        }
    }
}

static void read_row(struct pgsql_tx *tx, struct pgsql_message *m)
{
    uint32_t heads = 2 + 4U * cursor_u16(&m->body);
    tx->record.response.has_data_rows = tx->record.response.has_data_size = true;
    tx->record.response.data_rows++;
    tx->record.response.data_size += m->length > heads ? m->length - heads : 0;
}

static void read_copy_head(struct pgsql_tx *tx, struct pgsql_message *m)
{
    cursor_u8(&m->body); // text or binary
    uint16_t columns = cursor_u16(&m->body);
    if (m->type == 'G') {
        tx->record.response.has_copy_in_response = true;
        tx->record.response.copy_in_response.columns = columns;
    } else {
        tx->record.response.has_copy_out_response = true;
        tx->record.response.copy_out_response.columns = columns;
    }
}

static void read_complete(struct pgsql_tx *tx, struct cursor *body)
{
    tx->record.response.command_completed = pgsql_keep(tx, pgsql_take_text(body));
    tx->record.response.commands++;
    tx->record.response.has_commands = tx->record.response.commands > 1;
}

// What belongs to the request that waits longest.
static bool read_answer(struct proto_flow *pf, struct pgsql_tx *tx, struct pgsql_message *m)
{
    switch (m->type) {
    case 'S': read_status(pf, tx, &m->body); break;
    case 'K':
        tx->record.response.has_process_id = tx->record.response.has_secret_key = true;
        tx->record.response.process_id = cursor_u32(&m->body);
        tx->record.response.secret_key = cursor_u32(&m->body);
        break;
    case 'T':
        tx->record.response.has_field_count = true;
        tx->record.response.field_count = cursor_u16(&m->body);
        break;
    case 'D': read_row(tx, m); break;
    case 'C': read_complete(tx, &m->body); break;
    case 'E':
        read_error(tx, &m->body);
        if (tx->kind == PGSQL_LOG_ON || tx->kind == PGSQL_ENCRYPT)
            pgsql_end(pf);
        break;
    case 'G':
    case 'H':
    case 'W': read_copy_head(tx, m); break;
    case 'd':
        tx->record.response.has_copy_data_out = true;
        tx->record.response.copy_data_out.row_count++;
        tx->record.response.copy_data_out.data_size += m->length;
        break;
    case 'Z': pgsql_end(pf); break;
    case 'N': // a notice, or another version's refusal to encrypt
    case 'A':
    case 'I':
    case 'V':
    case 'c':
    case 'n':
    case 's':
    case 't':
    case 'v':
    case '1':
    case '2':
    case '3': break;
    default: return false;
    }
    return cursor_ok(&m->body);
}

bool pgsql_server_message(struct proto_flow *pf, struct pgsql_message *m)
{
    if (m->type == 'R')
        return read_auth(pf, &m->body);
    struct pgsql_tx *tx = current(pf);
    if (!tx && m->type == 'E') { // nobody asked: the server ends the connection, and says why
        tx = pgsql_begin(pf, PGSQL_LOG_ON);
        if (!tx)
            return true;
    }
    if (tx)
        return read_answer(pf, tx, m);
    static const char types[] = "SKTDCGHWdZNAIVcnstv123";
    return m->type && memchr(types, m->type, sizeof types - 1);
}
