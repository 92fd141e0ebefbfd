// SPDX-License-Identifier: Apache-2.0
// What a MySQL server says: the greeting, and answers to commands, whose rows are counted.
#include "proto/mysql.h"

enum { MORE_RESULTS = 8, SESSION_CHANGED = 0x4000, SESSION_SCHEMA = 1, PROGRESS = 0xffff };

static bool read_greeting(struct mysql_flow *mysql, struct cursor *in)
{
    cursor_u8(in); // version of the protocol
    mysql_name_set(&mysql->version, mysql_take_text(in));
    mysql->connection_id = cursor_u32le(in);
    cursor_skip(in, 8 + 1);
    mysql->server_caps = cursor_u16le(in);
    mysql->greeted = cursor_ok(in);
    if (cursor_left(in) == 0)
        return mysql->greeted;
    cursor_skip(in, 3);
    mysql->server_caps |= (uint32_t)cursor_u16le(in) << 16;
    uint8_t length = cursor_u8(in);
    cursor_skip(in, 10);
    cursor_skip(in, length > 21 ? length - 8U : 13U);
    if (cursor_ok(in) && (mysql->server_caps & MYSQL_CAP_PLUGIN))
        mysql_name_set(&mysql->plugin, mysql_take_text(in));
    return true; // old servers stop earlier
}

static void take_error(struct mysql_flow *mysql, struct cursor *in)
{
    struct record_mysql *out = &mysql->record;
    out->has_error_code = true;
    out->error_code = cursor_u16le(in);
    struct bytes rest = cursor_rest(in);
    if (bytes_at(rest, 0) == '#' && rest.len >= 6) {
        out->sqlstate = mysql_keep(mysql, bytes_sub(rest, 1, 5));
        rest = bytes_from(rest, 6);
    }
    out->error_message = mysql_keep(mysql, rest);
    out->success = false;
}

// What the session has changed; of interest is the database in use.
static void read_session(struct mysql_flow *mysql, struct cursor *in)
{
    struct cursor list = cursor_sub(in, mysql_take_number(in));
    while (cursor_left(&list) > 0) {
        uint8_t kind = cursor_u8(&list);
        struct cursor data = cursor_sub(&list, mysql_take_number(&list));
        struct bytes name = cursor_take(&data, mysql_take_number(&data));
        if (kind != SESSION_SCHEMA || !cursor_ok(&data))
            continue;
        mysql_name_set(&mysql->database, name);
        mysql_name_set(&mysql->asked_database, name);
    }
}

static struct bytes take_info(struct mysql_flow *mysql, struct cursor *in, uint16_t status)
{
    struct bytes rest = cursor_rest(in);
    if (!mysql_caps(mysql, MYSQL_CAP_TRACK)) // with its length before it, or not
        return bytes_from(rest, rest.len > 0 && rest.data[0] == rest.len - 1);
    struct bytes info = cursor_take(in, mysql_take_number(in));
    if (status & SESSION_CHANGED)
        read_session(mysql, in);
    return info;
}

// OK_Packet. True: another result follows.
static bool take_ok(struct mysql_flow *mysql, struct cursor *in, bool final)
{
    struct record_mysql *out = &mysql->record;
    uint64_t rows = mysql_take_number(in), id = mysql_take_number(in);
    uint16_t status = cursor_u16le(in), warnings = cursor_u16le(in);
    struct bytes info = take_info(mysql, in, status);
    if (!final) { // else it ends a result, and no rows were changed
        out->has_affected_rows = true;
        out->affected_rows += rows;
    }
    out->has_insert_id = out->has_insert_id || id > 0;
    if (id > 0)
        out->insert_id = id;
    out->has_warnings = warnings > 0;
    out->warnings = warnings;
    if (info.len > 0)
        out->info = mysql_keep(mysql, info);
    out->success = true;
    return status & MORE_RESULTS;
}

static void finish_answer(struct proto_flow *pf)
{
    mysql_flow(pf)->expect = MYSQL_EXPECT_NOTHING;
    mysql_end(pf, true);
}

static void greet(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    cursor_u8(in);
    mysql_begin(pf, MYSQL_LOGIN);
    take_error(mysql, in);
    finish_answer(pf);
}

static void log_on_over(struct proto_flow *pf, bool success)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    mysql->logged_on |= success;
    if (success) {
        mysql->user = mysql->asked_user;
        mysql->database = mysql->asked_database;
        mysql->record.compressed = mysql->compressed;
    }
    if (mysql->plugin.len > 0)
        mysql->record.auth_plugin = mysql_keep(mysql, mysql_name_get(&mysql->plugin));
    finish_answer(pf);
}

static void read_auth(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    uint8_t kind = cursor_u8(in);
    if (kind == 0xff) {
        take_error(mysql, in);
        log_on_over(pf, false);
    } else if (kind == 0xfe) {
        struct bytes plugin = mysql_take_text(in);
        mysql_name_set(&mysql->plugin, plugin.len ? plugin : BYTES("mysql_old_password"));
    } else if (kind == 0) {
        take_ok(mysql, in, false);
        log_on_over(pf, true);
    } // 1: more for the plugin
}

static void remember_statement(struct proto_flow *pf, uint32_t id)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    unsigned at = mysql->statement_next++ % MYSQL_STATEMENTS;
    struct mysql_statement *s = &mysql->statements[at];
    if (mysql->statement_next > MYSQL_STATEMENTS)
        proto_anomaly(pf, ANOMALY_MYSQL_TOO_MANY_STATEMENTS);
    if (!s->text)
        s->text = arena_alloc(&pf->arena, STATEMENT_BYTES);
    struct bytes text = bytes_sub(mysql->record.statement, 0, STATEMENT_BYTES);
    if (!s->text || !text.data)
        return;
    s->id = id;
    s->length = mysql->record.statement_length;
    s->kept = (uint16_t)text.len;
    memcpy(s->text, text.data, text.len);
}

// The answer to stmt_prepare: so many definitions follow, each kind with an EOF behind it.
static void read_prepared(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct record_mysql *out = &mysql->record;
    out->statement_id = cursor_u32le(in);
    uint16_t columns = cursor_u16le(in), parameters = cursor_u16le(in);
    if (!cursor_ok(in)) {
        proto_anomaly(pf, ANOMALY_MYSQL_MALFORMED);
        mysql->expect = MYSQL_EXPECT_NOTHING;
        mysql_end(pf, false);
        return;
    }
    out->has_statement_id = out->has_columns = out->success = true;
    out->columns = columns;
    remember_statement(pf, out->statement_id);
    uint64_t eofs =
        mysql_caps(mysql, MYSQL_CAP_NO_EOF) ? 0 : (uint64_t)(columns > 0) + (parameters > 0);
    mysql->definitions_left = columns + parameters + eofs;
    mysql->expect = MYSQL_EXPECT_PREPARED;
    if (mysql->definitions_left == 0)
        finish_answer(pf);
}

static void ask_for_file(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct bytes name = cursor_rest(in);
    mysql->record.local_infile = mysql_keep(mysql, name);
    if (!mysql->file)
        mysql->file = proto_file_open(pf, FLOW_CLIENT, name, mysql->tx_id);
    mysql->infile = true;
}

// Columns, then rows. A packet of one number; MariaDB says behind it whether the columns follow.
static void begin_result(struct proto_flow *pf, struct mysql_packet *packet, uint64_t columns)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct record_mysql *out = &mysql->record;
    bool cached = cursor_left(&packet->body) == 1 && cursor_u8(&packet->body) == 0;
    out->has_columns = out->has_result_rows = true;
    out->columns = columns;
    mysql->columns_left = cached ? 0 : columns;
    mysql->expect = MYSQL_EXPECT_COLUMNS;
    if (cached)
        mysql->expect =
            mysql_caps(mysql, MYSQL_CAP_NO_EOF) ? MYSQL_EXPECT_ROWS : MYSQL_EXPECT_COLUMNS_EOF;
}

static void read_answer(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor *in = &packet->body;
    if (mysql->command == MYSQL_STATISTICS) {
        mysql->record.info = mysql_keep(mysql, cursor_rest(in));
        mysql->record.success = true;
        finish_answer(pf);
        return;
    }
    struct cursor look = *in;
    uint8_t kind = cursor_u8(in);
    bool fields = mysql->command == MYSQL_FIELD_LIST;
    if (kind == 0xff) {
        take_error(mysql, in);
        if (mysql->record.error_code != PROGRESS) // that is how far it has come (MariaDB)
            finish_answer(pf);
        else
            mysql->record.has_error_code = false, mysql->record.error_message.data = NULL;
    } else if (kind == 0 && mysql->command == MYSQL_STMT_PREPARE) {
        read_prepared(pf, in);
    } else if (kind == 0 || (kind == 0xfe && packet->length < 9)) {
        if (kind == 0 ? !take_ok(mysql, in, false) : (mysql->record.success = true))
            finish_answer(pf);
    } else if (kind == 0xfb && !fields) {
        ask_for_file(pf, in);
    } else if (fields) {
        mysql->expect = MYSQL_EXPECT_FIELDS;
        mysql->record.has_columns = true;
        mysql->record.columns = 1;
    } else {
        *in = look;
        begin_result(pf, packet, mysql_take_number(in));
    }
}

static bool is_end(const struct mysql_packet *packet)
{
    struct cursor look = packet->body;
    return cursor_u8(&look) == 0xfe && packet->length < 0xffffff;
}

// A row, or what ends them.
static void read_row(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor *in = &packet->body;
    bool ok_ends = mysql_caps(mysql, MYSQL_CAP_NO_EOF);
    struct cursor look = *in;
    uint8_t kind = cursor_u8(&look);
    if (kind == 0xff) {
        *in = look;
        take_error(mysql, in);
        finish_answer(pf);
    } else if (is_end(packet) && (ok_ends || packet->length < 9)) {
        *in = look;
        bool more;
        if (ok_ends) {
            more = take_ok(mysql, in, true);
        } else {
            mysql->record.warnings = cursor_u16le(in);
            mysql->record.has_warnings = mysql->record.warnings > 0;
            more = cursor_u16le(in) & MORE_RESULTS;
        }
        mysql->record.success = true;
        mysql->expect = MYSQL_EXPECT_ANSWER;
        if (!more)
            finish_answer(pf);
    } else {
        mysql->record.result_rows++;
    }
}

static void read_column(struct mysql_flow *mysql)
{
    if (mysql->columns_left > 0)
        mysql->columns_left--;
    if (mysql->columns_left == 0)
        mysql->expect =
            mysql_caps(mysql, MYSQL_CAP_NO_EOF) ? MYSQL_EXPECT_ROWS : MYSQL_EXPECT_COLUMNS_EOF;
}

static void read_field(struct proto_flow *pf, const struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (!is_end(packet)) {
        mysql->record.columns++;
        return;
    }
    mysql->record.success = true;
    finish_answer(pf);
}

// Nobody asked: the server ends the connection, and says why.
static void read_unasked(struct proto_flow *pf, struct cursor *in)
{
    if (mysql_flow(pf)->dump || cursor_u8(in) != 0xff)
        return;
    struct cursor look = *in;
    if (cursor_u16le(&look) == PROGRESS)
        return;
    mysql_begin(pf, 0);
    take_error(mysql_flow(pf), in);
    finish_answer(pf);
}

bool mysql_server_packet(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor *in = &packet->body;
    if (mysql->unpaired)
        return true;
    switch (mysql->expect) {
    case MYSQL_EXPECT_GREETING:
        if (bytes_at(cursor_rest(in), 0) == 0xff) {
            greet(pf, in);
            return true;
        }
        mysql->expect = MYSQL_EXPECT_NOTHING;
        return read_greeting(mysql, in);
    case MYSQL_EXPECT_AUTH: read_auth(pf, in); break;
    case MYSQL_EXPECT_NOTHING: read_unasked(pf, in); break;
    case MYSQL_EXPECT_ANSWER: read_answer(pf, packet); break;
    case MYSQL_EXPECT_COLUMNS: read_column(mysql); break;
    case MYSQL_EXPECT_COLUMNS_EOF: mysql->expect = MYSQL_EXPECT_ROWS; break;
    case MYSQL_EXPECT_ROWS: read_row(pf, packet); break;
    case MYSQL_EXPECT_FIELDS: read_field(pf, packet); break;
    case MYSQL_EXPECT_PREPARED:
        if (--mysql->definitions_left == 0)
            finish_answer(pf);
        break;
    }
    return true;
}
