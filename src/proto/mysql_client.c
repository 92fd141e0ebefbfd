// SPDX-License-Identifier: Apache-2.0
// What a MySQL client says: its answer to the greeting, and commands.
#include "proto/mysql.h"
#include <stdio.h>

enum { QUERY_ATTRIBUTES_MAX = 64 };

static const char *const commands[MYSQL_COMMANDS] = {"sleep", "quit", "init_db", "query",
    "field_list", "create_db", "drop_db", "refresh", "shutdown", "statistics", "process_info",
    "connect", "process_kill", "debug", "ping", "time", "delayed_insert", "change_user",
    "binlog_dump", "table_dump", "connect_out", "register_slave", "stmt_prepare", "stmt_execute",
    "stmt_send_long_data", "stmt_close", "stmt_reset", "set_option", "stmt_fetch", "daemon",
    "binlog_dump_gtid", "reset_connection"};

static bool pair_known(const struct mysql_flow *mysql, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(mysql->pairs[i].name, name))
            return true;
    return false;
}

static void read_attributes(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor list = cursor_sub(in, mysql_take_number(in));
    size_t count = 0;
    while (cursor_left(&list) > 0) {
        struct bytes name = cursor_take(&list, mysql_take_number(&list));
        struct bytes value = cursor_take(&list, mysql_take_number(&list));
        if (!cursor_ok(&list) || name.len == 0)
            break;
        name = mysql_keep(mysql, name);
        value = mysql_keep(mysql, value);
        if (count == MYSQL_ATTRIBUTES || !name.data || !value.data ||
            pair_known(mysql, count, name)) {
            proto_anomaly(pf, ANOMALY_MYSQL_TOO_MANY_ATTRIBUTES);
            break;
        }
        mysql->pairs[count++] = (struct json_pair){name, value};
    }
    mysql->record.attributes.pairs = mysql->pairs;
    mysql->record.attributes.pairs_count = count;
}

static void read_auth(struct mysql_flow *mysql, struct cursor *in)
{
    struct bytes answer;
    if (mysql->client_caps & MYSQL_CAP_LENGTH)
        answer = cursor_take(in, mysql_take_number(in));
    else if (mysql->client_caps & MYSQL_CAP_SECURE)
        answer = cursor_take(in, cursor_u8(in));
    else
        answer = mysql_take_text(in);
    mysql->record.password = answer.len > 0;
}

static void take_names(struct mysql_flow *mysql, struct bytes user, struct bytes database)
{
    mysql_name_set(&mysql->asked_user, user);
    mysql_name_set(&mysql->asked_database, database);
    mysql->record.user = mysql_keep(mysql, user);
    if (database.len > 0)
        mysql->record.database = mysql_keep(mysql, database);
}

// HandshakeResponse320
static bool read_old_login(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    cursor_skip(in, 3);
    struct bytes user = mysql_take_text(in), database = {NULL, 0};
    struct bytes answer = mysql_take_text(in);
    if ((mysql->client_caps & MYSQL_CAP_DATABASE) && cursor_left(in) > 0)
        database = mysql_take_text(in);
    mysql->record.password = answer.len > 0;
    take_names(mysql, user, database);
    return cursor_ok(in);
}

// HandshakeResponse41, of which SSLRequest is the beginning.
static bool read_login(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor *in = &packet->body;
    struct bytes database = {NULL, 0};
    mysql_begin(pf, MYSQL_LOGIN);
    mysql->expect = MYSQL_EXPECT_AUTH;
    mysql->client_caps = cursor_u16le(in);
    if (!(mysql->client_caps & MYSQL_CAP_41))
        return read_old_login(pf, in);
    mysql->client_caps |= (uint32_t)cursor_u16le(in) << 16;
    if (!mysql->greeted)
        mysql->server_caps = mysql->client_caps;
    cursor_skip(in, 4 + 1 + 23);
    if ((mysql->client_caps & MYSQL_CAP_SSL) && cursor_left(in) == 0) {
        mysql->tls = true;
        return cursor_ok(in);
    }
    struct bytes user = mysql_take_text(in);
    read_auth(mysql, in);
    if (mysql_caps(mysql, MYSQL_CAP_DATABASE) && cursor_left(in) > 0)
        database = mysql_take_text(in);
    if (mysql_caps(mysql, MYSQL_CAP_PLUGIN) && cursor_left(in) > 0)
        mysql_name_set(&mysql->plugin, mysql_take_text(in));
    if (!cursor_ok(in))
        return false;
    take_names(mysql, user, database);
    if (mysql_caps(mysql, MYSQL_CAP_ATTRIBUTES) && cursor_left(in) > 0)
        read_attributes(pf, in);
    mysql->compressed = mysql_caps(mysql, MYSQL_CAP_COMPRESS) || mysql_caps(mysql, MYSQL_CAP_ZSTD);
    return true;
}

static void skip_value(struct cursor *in, uint8_t type)
{
    switch (type) {
    case 1: cursor_skip(in, 1); break;  // tiny
    case 2:                             // short
    case 13: cursor_skip(in, 2); break; // year
    case 3:                             // long
    case 4:                             // float
    case 9: cursor_skip(in, 4); break;  // int24
    case 5:                             // double
    case 8: cursor_skip(in, 8); break;  // longlong
    case 7:                             // times
    case 10:
    case 11:
    case 12: cursor_skip(in, cursor_u8(in)); break;
    case 6: break; // null
    default: cursor_skip(in, mysql_take_number(in));
    }
}

// Attributes that stand before the text of a query. False: more than are gone through.
static bool skip_query_attributes(struct cursor *in)
{
    uint8_t types[QUERY_ATTRIBUTES_MAX];
    uint64_t count = mysql_take_number(in);
    mysql_take_number(in); // sets of them, always 1
    if (count == 0)
        return true;
    if (count > QUERY_ATTRIBUTES_MAX)
        return false;
    struct bytes nulls = cursor_take(in, (count + 7) / 8);
    bool bound = cursor_u8(in) == 1;
    for (size_t i = 0; bound && i < count; i++) {
        types[i] = (uint8_t)cursor_u16le(in);
        cursor_skip(in, mysql_take_number(in));
    }
    for (size_t i = 0; bound && i < count; i++)
        if (!(bytes_at(nulls, i / 8) >> i % 8 & 1))
            skip_value(in, types[i]);
    return bound;
}

static void take_statement(struct mysql_flow *mysql, struct mysql_packet *packet)
{
    size_t before = cursor_pos(&packet->body);
    struct bytes text = cursor_rest(&packet->body);
    mysql->record.statement = text_keep_start(&mysql->arena, text, STATEMENT_BYTES);
    mysql->record.has_statement_length = true;
    mysql->record.statement_length = packet->length - before;
    mysql->record.statement_truncated = packet->length - before > STATEMENT_BYTES;
}

static void take_query(struct mysql_flow *mysql, struct mysql_packet *packet)
{
    if (mysql_caps(mysql, MYSQL_CAP_QUERY_ATTRIBUTES) && !skip_query_attributes(&packet->body))
        return;
    if (cursor_ok(&packet->body))
        take_statement(mysql, packet);
}

static void take_statement_id(struct mysql_flow *mysql, struct cursor *in)
{
    uint32_t id = cursor_u32le(in);
    if (!cursor_ok(in))
        return;
    mysql->record.has_statement_id = true;
    mysql->record.statement_id = id;
    for (size_t i = 0; i < MYSQL_STATEMENTS; i++) {
        const struct mysql_statement *s = &mysql->statements[i];
        if (s->text && s->id == id) {
            mysql->record.statement = bytes_make(s->text, s->kept);
            mysql->record.has_statement_length = true;
            mysql->record.statement_length = s->length;
            mysql->record.statement_truncated = s->length > STATEMENT_BYTES;
        }
    }
}

static void take_kill(struct mysql_flow *mysql, struct cursor *in)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%u", cursor_u32le(in));
    mysql->record.argument = arena_copy(&mysql->arena, bytes_make(digits, (size_t)len));
}

static bool read_change_user(struct proto_flow *pf, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct bytes user = mysql_take_text(in);
    struct bytes answer = cursor_take(in, cursor_u8(in));
    struct bytes database = mysql_take_text(in);
    mysql->record.password = answer.len > 0;
    take_names(mysql, user, database);
    mysql->expect = MYSQL_EXPECT_AUTH;
    if (cursor_left(in) < 3)
        return cursor_ok(in);
    cursor_skip(in, 2);
    mysql_name_set(&mysql->plugin, mysql_take_text(in));
    if (mysql_caps(mysql, MYSQL_CAP_ATTRIBUTES) && cursor_left(in) > 0)
        read_attributes(pf, in);
    return cursor_ok(in);
}

static bool read_arguments(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct cursor *in = &packet->body;
    switch (mysql->command) {
    case MYSQL_QUERY: take_query(mysql, packet); break;
    case MYSQL_STMT_PREPARE: take_statement(mysql, packet); break;
    case MYSQL_INIT_DB:
        mysql_name_set(&mysql->asked_database, cursor_rest(in));
        mysql->record.database = mysql_keep(mysql, cursor_rest(in));
        break;
    case MYSQL_FIELD_LIST: mysql->record.argument = mysql_keep(mysql, mysql_take_text(in)); break;
    case MYSQL_CREATE_DB:
    case MYSQL_DROP_DB: mysql->record.argument = mysql_keep(mysql, cursor_rest(in)); break;
    case MYSQL_PROCESS_KILL: take_kill(mysql, in); break;
    case MYSQL_STMT_EXECUTE:
    case MYSQL_STMT_LONG_DATA:
    case MYSQL_STMT_CLOSE:
    case MYSQL_STMT_RESET:
    case MYSQL_STMT_FETCH: take_statement_id(mysql, in); break;
    case MYSQL_CHANGE_USER: return read_change_user(pf, in);
    default: break;
    }
    return true;
}

static bool read_command(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    uint8_t command = cursor_u8(&packet->body);
    if (!cursor_ok(&packet->body))
        return false;
    mysql_begin(pf, command);
    if (command < MYSQL_COMMANDS)
        mysql->record.command = bytes_from_text(commands[command]);
    else
        mysql->record.command = command == 0xfa ? BYTES("stmt_bulk_execute") : BYTES("unknown");
    mysql->expect = MYSQL_EXPECT_ANSWER;
    bool good = read_arguments(pf, packet);
    mysql->dump |= command == MYSQL_BINLOG_DUMP || command == MYSQL_BINLOG_DUMP_GTID;
    if (command == MYSQL_QUIT || command == MYSQL_STMT_CLOSE || command == MYSQL_STMT_LONG_DATA ||
        mysql->dump) { // these are not answered
        mysql->record.success = true;
        mysql->expect = MYSQL_EXPECT_NOTHING;
        mysql_end(pf, true);
    }
    return good;
}

// A file the server asked for goes by; an empty packet ends it.
static void file_piece(struct proto_flow *pf, const struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (packet->length > 0) {
        proto_file_data(pf, mysql->file, cursor_rest(&packet->body));
        return;
    }
    proto_file_close(pf, mysql->file, true);
    mysql->file = NULL;
    mysql->infile = false;
}

bool mysql_client_packet(struct proto_flow *pf, struct mysql_packet *packet)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (mysql->infile && packet->sequence > 0) {
        file_piece(pf, packet);
        return true;
    }
    if (packet->sequence == 0 && mysql->compressed) { // the server's consent was not seen
        mysql->logged_on = true;
        return true;
    }
    if (packet->sequence == 0)
        return read_command(pf, packet);
    if (mysql->logged_on || mysql->active)
        return true; // further steps of a log-on: secrets
    return read_login(pf, packet);
}
