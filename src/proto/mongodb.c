// SPDX-License-Identifier: Apache-2.0
// MongoDB wire protocol (MongoDB manual, "MongoDB Wire Protocol"): OP_MSG, OP_QUERY and OP_REPLY,
// the older operations by name, OP_COMPRESSED by its kind. One mongodb record a request with the
// reply that names it: command, database, collection, who the client is, who logs on, what came
// back. Documents are not kept, nor are proofs and passwords. Limits: mongodb.h. After a gap
// outside what is skipped: let go.
#include "proto/mongodb.h"

enum { HEADER_BYTES = 16, MESSAGE_BYTES_MAX = 48 << 20, SECTIONS_MAX = 64 };

enum {
    OP_REPLY = 1,
    OP_UPDATE = 2001,
    OP_INSERT = 2002,
    OP_QUERY = 2004,
    OP_GETMORE = 2005,
    OP_DELETE = 2006,
    OP_KILL_CURSORS = 2007,
    OP_COMPRESSED = 2012,
    OP_MSG = 2013,
};

enum { CHECKSUM = 1, MORE_TO_COME = 2, EXHAUST = 0x10000 };

struct mongodb_flow {
    uint64_t left[2]; // bytes of a message that are not looked at
    struct mongodb_tx *pending[MONGODB_PENDING];
    size_t count;
};

struct message {
    uint32_t length, id, answers, opcode;
    struct cursor body;
};

static struct mongodb_flow *mongodb_flow(struct proto_flow *pf)
{
    return pf->state;
}

static enum proto_probe mongodb_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (data.len > 3 && data.data[3] > 2)
        return PROBE_NO;
    if (data.len > 13 && ((data.data[13] != 7 && data.data[12] != OP_REPLY) || bytes_at(data, 14)))
        return PROBE_NO;
    if (data.len < HEADER_BYTES + 8)
        return PROBE_MORE;
    struct cursor in = cursor_make(data);
    uint32_t length = cursor_u32le(&in);
    cursor_u32le(&in);
    uint32_t answers = cursor_u32le(&in), opcode = cursor_u32le(&in), flags = cursor_u32le(&in);
    struct bytes rest = cursor_rest(&in);
    if (length < 26 || length > MESSAGE_BYTES_MAX)
        return PROBE_NO;
    bool likely = false;
    switch (opcode) {
    case OP_MSG:
        likely = !(flags & ~(uint32_t)(CHECKSUM | MORE_TO_COME | EXHAUST)) && rest.data[0] < 2;
        break;
    case OP_QUERY:
    case OP_INSERT:
        likely = flags < 256 && proto_is_text(bytes_sub(rest, 0, 3)) && answers == 0;
        break;
    case OP_COMPRESSED: likely = flags >= OP_UPDATE && flags <= OP_MSG; break;
    case OP_REPLY: likely = flags < 16 && answers != 0; break;
    default: break;
    }
    if (!likely)
        return PROBE_NO;
    return answers == 0 ? PROBE_CLIENT : PROBE_SERVER;
}

static void tx_end(struct proto_flow *pf, struct mongodb_tx *tx)
{
    proto_emit_at(pf, RECORD_MONGODB, &tx->record, tx->id, tx->time_us);
    arena_release(&tx->arena); // it holds tx
}

static void remove_at(struct mongodb_flow *mongodb, size_t at)
{
    mongodb->count--;
    memmove(&mongodb->pending[at], &mongodb->pending[at + 1],
        (mongodb->count - at) * sizeof *mongodb->pending);
}

static struct mongodb_tx *tx_begin(struct proto_flow *pf)
{
    struct arena arena;
    struct mongodb_tx *tx = arena_hold(&arena, pf->arena.pool, MONGODB_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

static void tx_wait(struct proto_flow *pf, struct mongodb_tx *tx)
{
    struct mongodb_flow *mongodb = mongodb_flow(pf);
    if (mongodb->count == MONGODB_PENDING) {
        struct mongodb_tx *oldest = mongodb->pending[0];
        proto_anomaly(pf, ANOMALY_MONGODB_TOO_MANY_REQUESTS);
        remove_at(mongodb, 0);
        tx_end(pf, oldest);
    }
    mongodb->pending[mongodb->count++] = tx;
}

static struct bytes opcode_name(uint32_t opcode)
{
    switch (opcode) {
    case OP_UPDATE: return BYTES("update");
    case OP_INSERT: return BYTES("insert");
    case OP_QUERY: return BYTES("query");
    case OP_GETMORE: return BYTES("getmore");
    case OP_DELETE: return BYTES("delete");
    case OP_KILL_CURSORS: return BYTES("kill_cursors");
    case OP_COMPRESSED: return BYTES("compressed");
    case OP_MSG: return BYTES("msg");
    default: return (struct bytes){NULL, 0};
    }
}

// "database.collection"
static void take_names(struct mongodb_tx *tx, struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    size_t zero = bytes_find_byte(rest, 0);
    struct bytes name = bytes_sub(rest, 0, zero);
    cursor_skip(in, zero == BYTES_NOT_FOUND ? rest.len : zero + 1);
    size_t dot = bytes_find_byte(name, '.');
    tx->record.database = text_keep_start(&tx->arena, bytes_sub(name, 0, dot), MONGODB_TEXT_BYTES);
    struct bytes collection = bytes_from(name, dot == BYTES_NOT_FOUND ? name.len : dot + 1);
    if (!bytes_equal(collection, BYTES("$cmd")))
        tx->record.collection = text_keep_start(&tx->arena, collection, MONGODB_TEXT_BYTES);
}

static void read_query(struct mongodb_tx *tx, struct cursor in)
{
    cursor_skip(&in, 4);
    take_names(tx, &in);
    cursor_skip(&in, 8);
    struct cursor document = bson_document(&in);
    bool command = !tx->record.collection.data;
    if (cursor_ok(&in) && command)
        mongodb_request(tx, document);
    else if (!command)
        tx->record.command = BYTES("find");
}

// Sections of OP_MSG: a command, and lists of documents beside it.
static void read_sections(struct mongodb_tx *tx, struct cursor in, bool reply)
{
    for (size_t i = 0; i < SECTIONS_MAX && cursor_left(&in) > 4; i++) {
        uint8_t kind = cursor_u8(&in);
        if (kind == 0) {
            struct cursor document = bson_document(&in);
            if (!cursor_ok(&in))
                return;
            if (reply)
                mongodb_reply(tx, document);
            else
                mongodb_request(tx, document);
            continue;
        }
        uint32_t size = cursor_u32le(&in);
        if (kind != 1 || size < 5 || size - 4 > cursor_left(&in))
            return;
        struct cursor list = cursor_sub(&in, size - 4);
        size_t zero = bytes_find_byte(cursor_rest(&list), 0);
        cursor_skip(&list, zero == BYTES_NOT_FOUND ? cursor_left(&list) : zero + 1);
        uint32_t count = 0;
        while (cursor_left(&list) > 4 && cursor_ok(&list)) {
            bson_document(&list);
            count++;
        }
        tx->record.has_documents = true;
        tx->record.documents += count;
    }
}

static void read_compressed(struct mongodb_tx *tx, struct cursor in)
{
    static const char *const names[] = {"noop", "snappy", "zlib", "zstd"};
    cursor_skip(&in, 8);
    uint8_t kind = cursor_u8(&in);
    tx->record.compressor = kind < 4 ? bytes_from_text(names[kind]) : BYTES("unknown");
}

static void client_message(struct proto_flow *pf, struct message *m)
{
    struct mongodb_tx *tx = tx_begin(pf);
    if (!tx)
        return;
    struct cursor in = m->body;
    uint32_t flags = cursor_u32le(&in);
    tx->record.opcode = opcode_name(m->opcode);
    tx->record.request_id = m->id;
    bool waits = true;
    switch (m->opcode) {
    case OP_MSG:
        read_sections(tx, in, false);
        waits = !(flags & MORE_TO_COME);
        break;
    case OP_QUERY: read_query(tx, m->body); break;
    case OP_COMPRESSED: read_compressed(tx, m->body); break;
    case OP_GETMORE: take_names(tx, &in); break;
    case OP_UPDATE:
    case OP_INSERT:
    case OP_DELETE:
        take_names(tx, &in);
        waits = false;
        break;
    default: waits = false; break;
    }
    if (waits)
        tx_wait(pf, tx);
    else
        tx_end(pf, tx);
}

// OP_REPLY: flags, cursor, where from, how many, then the documents.
static void read_old_reply(struct mongodb_tx *tx, struct cursor in)
{
    uint32_t flags = cursor_u32le(&in);
    cursor_skip(&in, 12);
    uint32_t count = cursor_u32le(&in);
    if (!cursor_ok(&in))
        return;
    tx->record.has_returned = tx->record.has_success = true;
    tx->record.returned = count;
    tx->record.success = !(flags & 3);
    struct cursor document = bson_document(&in);
    if (count == 1 && cursor_ok(&in))
        mongodb_reply(tx, document);
}

static void server_message(struct proto_flow *pf, struct message *m)
{
    struct mongodb_flow *mongodb = mongodb_flow(pf);
    size_t at = 0;
    while (at < mongodb->count && mongodb->pending[at]->record.request_id != m->answers)
        at++;
    if (at == mongodb->count)
        return;
    struct mongodb_tx *tx = mongodb->pending[at];
    cursor_skip(&m->body, m->opcode == OP_MSG ? 4 : 0);
    if (m->opcode == OP_MSG)
        read_sections(tx, m->body, true);
    else if (m->opcode == OP_REPLY)
        read_old_reply(tx, m->body);
    remove_at(mongodb, at);
    tx_end(pf, tx);
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

static enum step take_message(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct message m = {.length = cursor_u32le(in), .id = cursor_u32le(in)};
    m.answers = cursor_u32le(in);
    m.opcode = cursor_u32le(in);
    if (!cursor_ok(in))
        return STEP_WAIT;
    bool known = m.opcode == OP_REPLY || opcode_name(m.opcode).data;
    if (m.length < HEADER_BYTES || m.length > MESSAGE_BYTES_MAX || !known)
        return STEP_BROKEN;
    size_t size = m.length - HEADER_BYTES;
    size_t look = size < MONGODB_LOOK_BYTES ? size : MONGODB_LOOK_BYTES;
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    m.body = cursor_sub(in, look);
    mongodb_flow(pf)->left[side] = size - look;
    if (side == FLOW_CLIENT)
        client_message(pf, &m);
    else
        server_message(pf, &m);
    return STEP_ON;
}

static enum proto_verdict mongodb_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct mongodb_flow *mongodb = mongodb_flow(pf);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = STEP_ON;
        size_t left = cursor_left(in);
        if (mongodb->left[side] > 0) {
            size_t here = left < mongodb->left[side] ? left : (size_t)mongodb->left[side];
            cursor_skip(in, here);
            mongodb->left[side] -= here;
        } else {
            step = take_message(pf, side, in);
        }
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_MONGODB_MALFORMED);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict mongodb_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct mongodb_flow *mongodb = mongodb_flow(pf);
    if (lost > mongodb->left[side])
        return PROTO_DONE;
    mongodb->left[side] -= lost;
    return PROTO_MORE;
}

static void mongodb_finish(struct proto_flow *pf)
{
    struct mongodb_flow *mongodb = mongodb_flow(pf);
    for (size_t i = 0; i < mongodb->count; i++)
        tx_end(pf, mongodb->pending[i]);
    mongodb->count = 0;
}

const struct proto proto_mongodb = {
    .name = "mongodb",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct mongodb_flow),
    .budget_bytes = 1024,
    .buffer_bytes = MONGODB_LOOK_BYTES + 2048,
    .probe = mongodb_probe,
    .parse = mongodb_parse,
    .gap = mongodb_gap,
    .finish = mongodb_finish,
};
