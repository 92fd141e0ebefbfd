// SPDX-License-Identifier: Apache-2.0
// PostgreSQL frontend/backend protocol 3 (PostgreSQL documentation, chapter "Frontend/Backend
// Protocol"). One pgsql record, as EVE has it, for the request to encrypt, each step of the log-on,
// each simple query, each extended query up to its Sync, the end; with the server's answer: error,
// rows and their size, what was completed, COPY. TLS hands over. Not kept: passwords and their
// hashes, parameters, rows. Limits: pgsql.h. After a gap outside what is skipped: let go.
#include "proto/pgsql.h"

enum {
    PORT = 5432,
    HEADER_BYTES = 5,
    STARTUP_BYTES_MAX = 10000,
    CANCEL = 80877102,
    GSSENC = 80877104
};

struct bytes pgsql_take_text(struct cursor *in)
{
    size_t zero = bytes_find_byte(cursor_rest(in), 0);
    if (zero == BYTES_NOT_FOUND)
        return cursor_take(in, cursor_left(in));
    struct bytes text = cursor_take(in, zero);
    cursor_skip(in, 1);
    return text;
}

struct bytes pgsql_keep(struct pgsql_tx *tx, struct bytes text)
{
    return text_keep(&tx->arena, text, PGSQL_TEXT_BYTES);
}

// As EVE spells them.
static struct bytes setting_name(struct bytes name)
{
    if (bytes_equal(name, BYTES("DateStyle")))
        return BYTES("date_style");
    if (bytes_equal(name, BYTES("TimeZone")))
        return BYTES("time_zone");
    if (bytes_equal(name, BYTES("IntervalStyle")))
        return BYTES("interval_style");
    return name;
}

void pgsql_add(struct proto_flow *pf, struct pgsql_tx *tx, struct pgsql_list **list,
    struct bytes name, struct bytes value)
{
    if (!*list)
        *list = arena_zalloc(&tx->arena, sizeof **list);
    struct bytes kept = pgsql_keep(tx, setting_name(name)), text = pgsql_keep(tx, value);
    if (!*list || !kept.data || !text.data || (*list)->count == PGSQL_PARAMETERS) {
        proto_anomaly(pf, ANOMALY_PGSQL_TOO_MANY_PARAMETERS);
        return;
    }
    size_t at = (*list)->count++;
    (*list)->pairs[at] = (struct json_pair){kept, text};
    (*list)->items[at].pair = &(*list)->pairs[at];
    (*list)->items[at].pair_count = 1;
}

static enum proto_probe probe_startup(struct cursor in)
{
    uint32_t length = cursor_u32(&in), code = cursor_u32(&in);
    if (length < 8 || length > STARTUP_BYTES_MAX)
        return PROBE_NO;
    if (code == CANCEL)
        return length == 16 ? PROBE_CLIENT : PROBE_NO;
    if (code > CANCEL && code <= GSSENC)
        return length == 8 ? PROBE_CLIENT : PROBE_NO;
    if (code >> 16 != 3 || (code & 0xffff) > 2)
        return PROBE_NO;
    struct bytes rest = cursor_rest(&in);
    if (rest.len < 5 && length > 13)
        return proto_is_text(rest) ? PROBE_MORE : PROBE_NO;
    size_t zero = bytes_find_byte(rest, 0);
    struct bytes name = bytes_sub(rest, 0, zero);
    return name.len > 0 && name.len < 64 && proto_is_text(name) ? PROBE_CLIENT : PROBE_NO;
}

// The client's bytes were not seen.
static enum proto_probe probe_auth(struct cursor in)
{
    cursor_u8(&in);
    uint32_t length = cursor_u32(&in), kind = cursor_u32(&in);
    bool likely = (length == 8 && (kind == 0 || kind == 3)) || (length == 12 && kind == 5) ||
                  (length > 12 && length < 200 && kind == 10 &&
                      bytes_start_with(cursor_rest(&in), BYTES("SCRAM-")));
    return likely ? PROBE_SERVER : PROBE_NO;
}

static enum proto_probe pgsql_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    bool auth = data.data[0] == 'R';
    if (!auth && (data.data[0] || bytes_at(data, 1))) // the longest is 10000
        return PROBE_NO;
    if (auth && data.len > 3 && (bytes_at(data, 1) || bytes_at(data, 2) || bytes_at(data, 3)))
        return PROBE_NO;
    if (data.len < (auth ? 9U : 8U))
        return PROBE_MORE;
    struct cursor in = cursor_make(data);
    enum proto_probe answer = auth ? probe_auth(in) : probe_startup(in);
    // At its port a whole message of a version nobody knows is somebody's try.
    bool odd = !auth && first->dst_port == PORT && cursor_u32(&in) == data.len;
    return answer == PROBE_NO && odd ? PROBE_CLIENT : answer;
}

static void tx_free(struct pgsql_tx *tx)
{
    arena_release(&tx->arena); // it holds tx
}

void pgsql_end(struct proto_flow *pf)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct pgsql_tx *tx = pgsql->pending[0];
    pgsql->count--;
    memmove(&pgsql->pending[0], &pgsql->pending[1], pgsql->count * sizeof *pgsql->pending);
    proto_emit_at(pf, RECORD_PGSQL, &tx->record, tx->record.tx_id, tx->time_us);
    tx_free(tx);
}

// The end of the answer was not seen: what was counted is not all.
void pgsql_forget(struct pgsql_tx *tx)
{
    struct record_pgsql *out = &tx->record;
    out->response.has_data_rows = out->response.has_data_size = out->response.has_commands = false;
    out->response.has_copy_data_out = out->request.has_copy_data_in = false;
    out->request.has_executes = out->request.has_parameter_count = false;
    out->response.command_completed.data = NULL;
    out->response.parameter_status_count = 0;
}

void pgsql_name_users(const struct pgsql_flow *pgsql, struct pgsql_tx *tx)
{
    struct bytes user = bytes_make(pgsql->user.text, pgsql->user.len);
    struct bytes database = bytes_make(pgsql->database.text, pgsql->database.len);
    if (user.len > 0)
        tx->record.user = arena_copy(&tx->arena, user);
    if (database.len > 0)
        tx->record.database = arena_copy(&tx->arena, database);
}

struct pgsql_tx *pgsql_begin(struct proto_flow *pf, enum pgsql_kind kind)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    struct arena arena;
    if (pgsql->count == PGSQL_PENDING) {
        proto_anomaly(pf, ANOMALY_PGSQL_TOO_MANY_TRANSACTIONS);
        pgsql_end(pf);
    }
    struct pgsql_tx *tx = arena_hold(&arena, pf->arena.pool, PGSQL_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->kind = kind;
    tx->time_us = pf->time_us;
    tx->record.tx_id = ++pf->tx_count; // EVE counts from 1
    pgsql_name_users(pgsql, tx);
    pgsql->pending[pgsql->count++] = tx;
    return tx;
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

static enum step take_startup(struct proto_flow *pf, struct cursor *in)
{
    uint32_t length = cursor_u32(in);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (length < 8 || length > STARTUP_BYTES_MAX)
        return STEP_BROKEN;
    if (cursor_left(in) < length - 4) {
        pf->need[FLOW_CLIENT] = length;
        return STEP_WAIT;
    }
    struct cursor body = cursor_sub(in, length - 4);
    return pgsql_startup(pf, &body) ? STEP_ON : STEP_BROKEN;
}

// How much of a message is wanted.
static size_t look_bytes(uint8_t type, enum flow_side side)
{
    if (type == 'd')
        return 0;
    return type == 'D' && side == FLOW_SERVER ? 2 : PGSQL_LOOK_BYTES;
}

static enum step take_message(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct pgsql_message m = {.type = cursor_u8(in), .length = cursor_u32(in)};
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (m.length < 4 || m.length > 1U << 30)
        return STEP_BROKEN;
    m.length -= 4;
    size_t look = look_bytes(m.type, side);
    if (look > m.length)
        look = m.length;
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    m.body = cursor_sub(in, look);
    pgsql_flow(pf)->side[side].left = m.length - look;
    bool good = side == FLOW_CLIENT ? pgsql_client_message(pf, &m) : pgsql_server_message(pf, &m);
    return good ? STEP_ON : STEP_BROKEN;
}

static enum step take_one(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    uint64_t left = pgsql->side[side].left;
    if (left > 0) {
        size_t here = cursor_left(in) < left ? cursor_left(in) : (size_t)left;
        cursor_skip(in, here);
        pgsql->side[side].left -= here;
        return STEP_ON;
    }
    uint8_t first = cursor_rest(in).data[0];
    bool encrypt = pgsql->count > 0 && pgsql->pending[0]->kind == PGSQL_ENCRYPT;
    if (side == FLOW_SERVER && encrypt && first != 'E') {
        pgsql_server_byte(pf, cursor_u8(in));
        return STEP_ON;
    }
    if (side == FLOW_CLIENT && encrypt && first == 0x16) { // the server's yes was not captured
        pgsql->encrypted = true;
        return STEP_ON;
    }
    struct bytes from = cursor_rest(in);
    bool startup = side == FLOW_CLIENT && !pgsql->started;
    enum step step = startup ? take_startup(pf, in) : take_message(pf, side, in);
    if (step == STEP_ON)
        proto_frame(pf, FRAME_PGSQL_PDU, side, from,
            (int64_t)(from.len - cursor_left(in) + pgsql->side[side].left), UINT64_MAX);
    return step;
}

static enum proto_verdict pgsql_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    while (cursor_left(in) > 0 && !pgsql->over) {
        struct cursor mark = *in;
        enum step step = take_one(pf, side, in);
        if (pgsql->encrypted) {
            proto_switch(pf, &proto_tls);
            return PROTO_DONE;
        }
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, side == FLOW_CLIENT ? ANOMALY_PGSQL_MALFORMED_REQUEST
                                              : ANOMALY_PGSQL_MALFORMED_RESPONSE);
        return PROTO_DONE;
    }
    return pgsql->over ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict pgsql_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    if (lost > pgsql->side[side].left)
        return PROTO_DONE;
    pgsql->side[side].left -= lost;
    return PROTO_MORE;
}

static void pgsql_finish(struct proto_flow *pf)
{
    struct pgsql_flow *pgsql = pgsql_flow(pf);
    while (pgsql->count > 0) {
        pgsql_forget(pgsql->pending[0]);
        pgsql_end(pf);
    }
}

const struct proto proto_pgsql = {
    .name = "pgsql",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct pgsql_flow),
    .budget_bytes = PGSQL_STATEMENTS * (STATEMENT_BYTES + 64),
    .buffer_bytes = STARTUP_BYTES_MAX + 64,
    .probe = pgsql_probe,
    .parse = pgsql_parse,
    .gap = pgsql_gap,
    .finish = pgsql_finish,
};
