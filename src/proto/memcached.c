// SPDX-License-Identifier: Apache-2.0
// Memcached: text and binary protocol over TCP, text over UDP (protocol.txt and
// BinaryProtocolRevamped of Memcached). One memcached record a command with its answer: keys, what
// became of it, how many values, how long the answer. Over UDP with the number of its datagrams;
// what answers without being asked, or far more than was asked, is an anomaly: so floods look.
// Values are not kept. Limits: memcached.h. After a gap outside a value: let go.
#include "proto/memcached.h"

enum { UDP_HEADER_BYTES = 8, AMPLIFIED = 10, MEMCACHED_PORT = 11211 };

struct bytes memcached_keep(struct memcached_tx *tx, struct bytes text)
{
    return text_keep_start(&tx->arena, text, MEMCACHED_TEXT_BYTES);
}

void memcached_key(struct memcached_tx *tx, struct bytes key)
{
    struct record_memcached *out = &tx->record;
    out->has_key_count = true;
    out->key_count++;
    if (out->keys_count == MEMCACHED_KEYS)
        return;
    struct bytes kept = memcached_keep(tx, key);
    out->keys = tx->keys;
    if (kept.data)
        tx->keys[out->keys_count++] = kept;
}

struct memcached_tx *memcached_begin(struct proto_flow *pf)
{
    struct arena arena;
    struct memcached_tx *tx = arena_hold(&arena, pf->arena.pool, MEMCACHED_TX_BYTES, sizeof *tx);
    if (!tx)
        return NULL;
    tx->arena = arena;
    tx->id = pf->tx_count++;
    tx->time_us = pf->time_us;
    return tx;
}

void memcached_write(struct proto_flow *pf, struct memcached_tx *tx)
{
    struct record_memcached *out = &tx->record;
    if (memcached_flow(pf)->datagrams && out->response_bytes > AMPLIFIED * tx->length)
        proto_anomaly(pf, ANOMALY_MEMCACHED_AMPLIFICATION);
    proto_emit_at(pf, RECORD_MEMCACHED, out, tx->id, tx->time_us);
    arena_release(&tx->arena); // it holds tx
}

void memcached_end(struct proto_flow *pf, size_t at)
{
    struct memcached_flow *flow = memcached_flow(pf);
    struct memcached_tx *tx = flow->pending[at];
    flow->count--;
    memmove(&flow->pending[at], &flow->pending[at + 1], (flow->count - at) * sizeof *flow->pending);
    memcached_write(pf, tx);
}

void memcached_wait(struct proto_flow *pf, struct memcached_tx *tx)
{
    struct memcached_flow *flow = memcached_flow(pf);
    if (flow->count == MEMCACHED_PENDING) {
        proto_anomaly(pf, ANOMALY_MEMCACHED_TOO_MANY_REQUESTS);
        memcached_end(pf, 0);
    }
    flow->pending[flow->count++] = tx;
}

static bool is_binary(struct bytes data, uint8_t magic)
{
    struct cursor in = cursor_make(data);
    uint8_t first = cursor_u8(&in), opcode = cursor_u8(&in);
    uint16_t key = cursor_u16(&in);
    uint8_t extras = cursor_u8(&in), type = cursor_u8(&in);
    uint16_t status = cursor_u16(&in);
    uint32_t body = cursor_u32(&in);
    return cursor_ok(&in) && data.len >= MEMCACHED_HEADER_BYTES && first == magic && type == 0 &&
           opcode < 0x48 && key <= 250 && extras <= 24 && body >= (uint32_t)key + extras &&
           body < 1U << 24 && (magic == 0x80 ? status == 0 : status < 0x100);
}

static bool is_answer(struct bytes line)
{
    static const char *const words[] = {"VALUE ", "STAT ", "END", "STORED", "NOT_STORED", "DELETED",
        "NOT_FOUND", "VERSION ", "CLIENT_ERROR ", "SERVER_ERROR ", "ERROR"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_start_with(line, bytes_from_text(words[i])))
            return true;
    return false;
}

static enum proto_probe probe_udp(const struct proto_first *first)
{
    struct cursor in = cursor_make(first->data);
    cursor_u16(&in); // request id
    uint16_t sequence = cursor_u16(&in), total = cursor_u16(&in), reserved = cursor_u16(&in);
    struct bytes rest = cursor_rest(&in);
    if (!cursor_ok(&in) || reserved != 0 || total == 0 || sequence >= total || rest.len < 3)
        return PROBE_NO;
    size_t lf = bytes_find_byte(rest, '\n');
    if (total == 1 && lf != BYTES_NOT_FOUND &&
        memcached_is_command(bytes_sub(rest, 0, lf > 0 ? lf - 1 : 0)))
        return PROBE_CLIENT;
    return first->src_port == MEMCACHED_PORT && is_answer(rest) ? PROBE_SERVER : PROBE_NO;
}

static enum proto_probe memcached_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (first->carrier == OVER_UDP)
        return probe_udp(first);
    if (data.data[0] == 0x80 || data.data[0] == 0x81) {
        bool ported = first->src_port == MEMCACHED_PORT || first->dst_port == MEMCACHED_PORT;
        if (!ported && bytes_at(data, 1) > 0x22) // SSL 2 begins with 0x80, too
            return PROBE_NO;
        if (data.len < MEMCACHED_HEADER_BYTES)
            return PROBE_MORE;
        if (is_binary(data, 0x80))
            return PROBE_CLIENT;
        return is_binary(data, 0x81) ? PROBE_SERVER : PROBE_NO;
    }
    if (data.data[0] < 'a' || data.data[0] > 'w' || first->dst_port != MEMCACHED_PORT)
        return data.data[0] >= 'A' && first->src_port == MEMCACHED_PORT && is_answer(data)
                   ? PROBE_SERVER
                   : PROBE_NO;
    size_t lf = bytes_find_byte(data, '\n');
    if (lf == BYTES_NOT_FOUND)
        return data.len < 300 && proto_is_text(data) ? PROBE_MORE : PROBE_NO;
    return lf > 0 && memcached_is_command(bytes_sub(data, 0, lf - 1)) ? PROBE_CLIENT : PROBE_NO;
}

// Returns the request when it waits for an answer.
static struct memcached_tx *text_request(struct proto_flow *pf, struct bytes line, size_t length)
{
    struct memcached_flow *flow = memcached_flow(pf);
    struct memcached_tx *tx = memcached_begin(pf);
    if (!tx)
        return NULL;
    tx->length = length;
    flow->left[FLOW_CLIENT] = memcached_command(tx, line);
    if (tx->quiet) {
        memcached_write(pf, tx);
        return NULL;
    }
    memcached_wait(pf, tx);
    return tx;
}

static void text_answer(struct proto_flow *pf, struct bytes line, size_t length)
{
    struct memcached_flow *flow = memcached_flow(pf);
    if (flow->count == 0)
        return;
    struct memcached_tx *tx = flow->pending[0];
    tx->record.has_response_bytes = true;
    bool over = memcached_answer(tx, line, &flow->left[FLOW_SERVER]);
    tx->record.response_bytes += length + flow->left[FLOW_SERVER];
    if (over)
        memcached_end(pf, 0);
}

static enum memcached_step take_line(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes line;
    size_t before = cursor_left(in);
    if (!cursor_line(in, &line))
        return before > MEMCACHED_LINE_BYTES ? MEMCACHED_BROKEN : MEMCACHED_WAIT;
    if (!proto_is_text(line) && line.len > 0)
        return MEMCACHED_BROKEN;
    if (side == FLOW_SERVER)
        text_answer(pf, line, before - cursor_left(in));
    else if (line.len > 0)
        text_request(pf, line, before - cursor_left(in));
    // "va" ends with its value
    return MEMCACHED_ON;
}

static bool begins_binary(struct bytes rest)
{
    return rest.data[0] == 0x80 || rest.data[0] == 0x81;
}

static enum memcached_step take_one(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct memcached_flow *flow = memcached_flow(pf);
    uint64_t left = flow->left[side];
    if (left > 0) {
        size_t here = cursor_left(in) < left ? cursor_left(in) : (size_t)left;
        cursor_skip(in, here);
        flow->left[side] -= here;
        bool meta = side == FLOW_SERVER && flow->left[side] == 0 && flow->count > 0 &&
                    !flow->binary && bytes_equal(flow->pending[0]->record.status, BYTES("va"));
        if (meta)
            memcached_end(pf, 0);
        return MEMCACHED_ON;
    }
    if (pf->tx_count == 0)
        flow->binary = begins_binary(cursor_rest(in));
    return flow->binary ? memcached_binary(pf, side, in) : take_line(pf, side, in);
}

static void udp_request(struct proto_flow *pf, uint16_t id, struct bytes data)
{
    struct cursor in = cursor_make(data);
    struct bytes line;
    if (!cursor_line(&in, &line)) {
        proto_anomaly(pf, ANOMALY_MEMCACHED_MALFORMED);
        return;
    }
    struct memcached_tx *tx = text_request(pf, line, data.len + UDP_HEADER_BYTES);
    memcached_flow(pf)->left[FLOW_CLIENT] = 0;
    if (!tx)
        return;
    tx->record.has_request_id = true;
    tx->record.request_id = id;
}

// The lines of an answer are counted in its first datagram only; the others add to its length.
static void udp_answer(
    struct proto_flow *pf, uint16_t id, uint16_t sequence, uint16_t total, struct bytes data)
{
    struct memcached_flow *flow = memcached_flow(pf);
    size_t at = 0;
    while (at < flow->count && flow->pending[at]->record.request_id != id)
        at++;
    if (at == flow->count) {
        proto_anomaly(pf, ANOMALY_MEMCACHED_AMPLIFICATION);
        return;
    }
    struct record_memcached *out = &flow->pending[at]->record;
    struct cursor in = cursor_make(data);
    struct bytes line;
    uint64_t value = 0;
    if (sequence == 0 && cursor_line(&in, &line)) {
        out->response = memcached_keep(flow->pending[at], line);
        memcached_answer(flow->pending[at], line, &value);
        out->has_hits = false; // not all were looked at
    }
    out->has_response_bytes = out->has_datagrams = true;
    out->response_bytes += data.len + UDP_HEADER_BYTES;
    if (++out->datagrams == total)
        memcached_end(pf, at);
}

static enum proto_verdict parse_udp(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    uint16_t id = cursor_u16(in), sequence = cursor_u16(in), total = cursor_u16(in);
    cursor_u16(in);
    memcached_flow(pf)->datagrams = true;
    struct bytes data = cursor_take(in, cursor_left(in));
    if (!cursor_ok(in) || data.len == 0)
        proto_anomaly(pf, ANOMALY_MEMCACHED_MALFORMED);
    else if (side == FLOW_CLIENT)
        udp_request(pf, id, data);
    else
        udp_answer(pf, id, sequence, total, data);
    return PROTO_MORE;
}

static enum proto_verdict memcached_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    if (pf->carrier == OVER_UDP)
        return parse_udp(pf, side, in);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum memcached_step step = take_one(pf, side, in);
        if (step == MEMCACHED_ON)
            continue;
        *in = mark;
        if (step == MEMCACHED_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_MEMCACHED_MALFORMED);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict memcached_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct memcached_flow *flow = memcached_flow(pf);
    if (lost > flow->left[side])
        return PROTO_DONE;
    flow->left[side] -= lost;
    return PROTO_MORE;
}

static void memcached_finish(struct proto_flow *pf)
{
    struct memcached_flow *flow = memcached_flow(pf);
    while (flow->count > 0) {
        flow->pending[0]->record.has_hits = false; // the answer's end was not seen
        flow->pending[0]->record.has_datagrams = flow->pending[0]->record.has_response_bytes =
            false;
        memcached_end(pf, 0);
    }
}

const struct proto proto_memcached = {
    .name = "memcached",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct memcached_flow),
    .budget_bytes = 1024,
    .buffer_bytes = MEMCACHED_LINE_BYTES + 2048,
    .probe = memcached_probe,
    .parse = memcached_parse,
    .gap = memcached_gap,
    .finish = memcached_finish,
};
