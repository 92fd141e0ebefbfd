// SPDX-License-Identifier: Apache-2.0
// MySQL client/server protocol, version 10 (MySQL Internals, "Client/Server Protocol"; MariaDB
// Knowledge Base). One mysql record for the log-on and for each command with its answer: user,
// database, how the log-on went, the statement's first bytes, error, rows changed or sent. A switch
// to TLS hands over. LOAD DATA LOCAL: the file. Not kept: passwords, parameters, rows. What is
// compressed is not read. Limits: mysql.h. After a gap outside what is skipped: let go.
#include "proto/mysql.h"

enum { HEADER_BYTES = 4, GREETING_BYTES_MAX = 1024, LONGEST = 0xffffff };

static uint32_t u24le(struct cursor *in)
{
    uint32_t low = cursor_u16le(in);
    return low | (uint32_t)cursor_u8(in) << 16;
}

struct bytes mysql_take_text(struct cursor *in)
{
    size_t zero = bytes_find_byte(cursor_rest(in), 0);
    if (zero == BYTES_NOT_FOUND)
        return cursor_take(in, cursor_left(in));
    struct bytes text = cursor_take(in, zero);
    cursor_skip(in, 1);
    return text;
}

uint64_t mysql_take_number(struct cursor *in)
{
    uint8_t first = cursor_u8(in);
    switch (first) {
    case 0xfb: return 0;
    case 0xfc: return cursor_u16le(in);
    case 0xfd: return u24le(in);
    case 0xfe: return cursor_u64le(in);
    default: return first;
    }
}

struct bytes mysql_keep(struct mysql_flow *mysql, struct bytes text)
{
    return text_keep(&mysql->arena, text, MYSQL_TEXT_BYTES);
}

static enum proto_probe probe_greeting(struct cursor in, uint32_t length)
{
    struct bytes rest = cursor_rest(&in);
    size_t zero = bytes_find_byte(rest, 0);
    if (!proto_is_text(bytes_sub(rest, 0, zero)))
        return PROBE_NO;
    if (zero == BYTES_NOT_FOUND)
        return rest.len < 64 ? PROBE_MORE : PROBE_NO;
    bool likely = zero > 2 && bytes_find_byte(bytes_sub(rest, 0, zero), '.') != BYTES_NOT_FOUND &&
                  length >= zero + 16;
    return likely ? PROBE_SERVER : PROBE_NO;
}

// "Host … is blocked", "Too many connections" come instead of a greeting.
static enum proto_probe probe_refusal(struct cursor in, uint32_t length)
{
    uint16_t code = cursor_u16le(&in);
    struct bytes text = cursor_rest(&in);
    if (!cursor_ok(&in))
        return PROBE_MORE;
    if (code < 1000 || code > 2000 || length < 10 || !proto_is_text(text))
        return PROBE_NO;
    return text.len + 3 < length ? PROBE_MORE : text.len + 3 == length ? PROBE_SERVER : PROBE_NO;
}

// The client's answer to a greeting that was not seen.
static enum proto_probe probe_login(struct cursor in, uint32_t length)
{
    uint32_t caps = cursor_u32le(&in), largest = cursor_u32le(&in);
    cursor_u8(&in);
    struct bytes reserved = cursor_take(&in, 19);
    if (length < 32 || length > MYSQL_LOOK_BYTES)
        return PROBE_NO;
    if (!cursor_ok(&in))
        return PROBE_MORE;
    for (size_t i = 0; i < reserved.len; i++)
        if (reserved.data[i])
            return PROBE_NO;
    bool likely = (caps & MYSQL_CAP_41) && (caps & MYSQL_CAP_SECURE) && (caps & 0x2000) &&
                  largest >= 1024 && largest <= 1U << 30;
    return likely ? PROBE_CLIENT : PROBE_NO;
}

static enum proto_probe mysql_probe(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    uint32_t length = u24le(&in);
    uint8_t sequence = cursor_u8(&in);
    if (!cursor_ok(&in))
        return first->data.len < HEADER_BYTES &&
                       (first->data.len < 3 || bytes_at(first->data, 2) == 0)
                   ? PROBE_MORE
                   : PROBE_NO;
    if (sequence == 1)
        return probe_login(in, length);
    if (sequence > 0 || length > GREETING_BYTES_MAX || length < 10)
        return PROBE_NO;
    if (cursor_left(&in) == 0)
        return PROBE_MORE;
    uint8_t kind = cursor_u8(&in);
    if (kind == 0xff)
        return probe_refusal(in, length);
    return kind == 10 ? probe_greeting(in, length) : PROBE_NO;
}

void mysql_begin(struct proto_flow *pf, uint8_t command)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (mysql->active) {
        mysql->database.len = 0; // it may have changed that
        if (mysql->command == MYSQL_CHANGE_USER || mysql->command == MYSQL_LOGIN)
            mysql->user.len = 0;
        mysql->unpaired |= mysql->command != MYSQL_LOGIN;
        mysql_end(pf, false);
    }
    arena_init(&mysql->arena, pf->arena.pool, MYSQL_TX_BYTES);
    mysql->active = true;
    mysql->command = command;
    mysql->tx_id = pf->tx_count++;
    mysql->time_us = pf->time_us;
    mysql->record = (struct record_mysql){
        .command = command == MYSQL_LOGIN ? BYTES("login") : (struct bytes){NULL, 0},
        .user = arena_copy(&mysql->arena, mysql_name_get(&mysql->user)),
        .database = arena_copy(&mysql->arena, mysql_name_get(&mysql->database)),
    };
}

static void answer_forget(struct record_mysql *out)
{
    out->has_columns = out->has_result_rows = out->has_affected_rows = false;
    out->has_insert_id = out->has_warnings = false;
    out->info.data = NULL;
}

void mysql_end(struct proto_flow *pf, bool answered)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct record_mysql *out = &mysql->record;
    proto_file_close(pf, mysql->file, false);
    mysql->file = NULL;
    mysql->infile = false;
    out->version = mysql_name_get(&mysql->version);
    out->has_tls = out->command.data || answered;
    out->tls = mysql->tls;
    out->has_success = answered && !mysql->tls;
    if (!answered) // what was counted is not all
        answer_forget(out);
    out->has_connection_id = mysql->greeted && mysql->command == MYSQL_LOGIN;
    out->connection_id = mysql->connection_id;
    proto_emit_at(pf, RECORD_MYSQL, out, mysql->tx_id, mysql->time_us);
    if (mysql->command == MYSQL_INIT_DB && out->success)
        mysql->database = mysql->asked_database;
    mysql->active = false;
    mysql->emitted = true;
    arena_reset(&mysql->arena);
}

static void skip_left(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mysql_side *s = &mysql_flow(pf)->side[side];
    size_t left = cursor_left(in);
    struct bytes data = cursor_take(in, s->left < left ? (size_t)s->left : left);
    s->left -= data.len;
    if (side == FLOW_CLIENT && mysql_flow(pf)->infile)
        proto_file_data(pf, mysql_flow(pf)->file, data);
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

// As much of a packet as is wanted; the rest is skipped. Of a file and of rows that is little.
static size_t look_bytes(const struct mysql_flow *mysql, enum flow_side side)
{
    if (side == FLOW_CLIENT)
        return mysql->infile ? 0 : MYSQL_LOOK_BYTES;
    return mysql->expect == MYSQL_EXPECT_ROWS || mysql->expect == MYSQL_EXPECT_COLUMNS
               ? STATEMENT_BYTES
               : MYSQL_LOOK_BYTES;
}

static enum step take_packet(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    struct mysql_side *s = &mysql->side[side];
    uint32_t length = u24le(in);
    uint8_t sequence = cursor_u8(in);
    if (!cursor_ok(in))
        return STEP_WAIT;
    bool goes_on = s->continued;
    size_t most = look_bytes(mysql, side);
    size_t look = goes_on ? 0 : length < most ? length : most;
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    struct mysql_packet packet = {
        .body = cursor_sub(in, look), .length = length, .sequence = sequence};
    s->left = length - look;
    s->continued = length == LONGEST;
    if (goes_on)
        return STEP_ON;
    bool good =
        side == FLOW_CLIENT ? mysql_client_packet(pf, &packet) : mysql_server_packet(pf, &packet);
    return good ? STEP_ON : STEP_BROKEN;
}

static enum proto_verdict to_tls(struct proto_flow *pf)
{
    mysql_end(pf, true);
    proto_switch(pf, &proto_tls);
    return PROTO_DONE;
}

static enum proto_verdict mysql_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = STEP_ON;
        if (mysql->side[side].left > 0)
            skip_left(pf, side, in);
        else
            step = take_packet(pf, side, in);
        if (step == STEP_WAIT) {
            *in = mark;
            return PROTO_MORE;
        }
        if (step == STEP_BROKEN) {
            proto_anomaly(pf, ANOMALY_MYSQL_MALFORMED);
            return PROTO_DONE;
        }
        if (mysql->tls)
            return to_tls(pf);
        if (mysql->logged_on && mysql->compressed)
            return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict mysql_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (lost > mysql->side[side].left)
        return PROTO_DONE;
    mysql->side[side].left -= lost;
    if (side == FLOW_CLIENT && mysql->infile)
        proto_file_gap(pf, mysql->file, lost);
    return PROTO_MORE;
}

static void mysql_finish(struct proto_flow *pf)
{
    struct mysql_flow *mysql = mysql_flow(pf);
    if (mysql->active)
        mysql_end(pf, false);
    if (mysql->emitted || mysql->version.len == 0)
        return;
    mysql_begin(pf, 0); // greeted, and nothing came of it
    mysql_end(pf, false);
}

const struct proto proto_mysql = {
    .name = "mysql",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct mysql_flow),
    .budget_bytes = MYSQL_STATEMENTS * (STATEMENT_BYTES + 64),
    .buffer_bytes = MYSQL_LOOK_BYTES + HEADER_BYTES + 1024,
    .probe = mysql_probe,
    .parse = mysql_parse,
    .gap = mysql_gap,
    .finish = mysql_finish,
};
