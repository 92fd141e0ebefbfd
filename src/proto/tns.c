// SPDX-License-Identifier: Apache-2.0
// Oracle's Transparent Network Substrate, versions 300 to 319 (no public specification; the forms
// are those its traces show). One tns record for each
// CONNECT with what answers it, its descriptor taken apart; one for each statement that can be made
// out in the data, with the ORA- error that answers. Not read: log-on data, rows. Limits:
// LOOK_BYTES of a packet, DEPTH_MAX brackets. After a gap outside what is skipped: let go.
#include "proto/proto.h"
#include "proto/text_keep.h"
#include <ctype.h>
#include <stdio.h>

enum {
    HEADER_BYTES = 8,
    LOOK_BYTES = 4096,
    TEXT_BYTES = 512,
    DEPTH_MAX = 16,
    PAIRS_MAX = 128,
    TX_BYTES = 16 << 10,
    LARGE_VERSION = 315, // from here on lengths have 32 bits once it is accepted
};

enum { CONNECT = 1, ACCEPT = 2, REFUSE = 4, REDIRECT = 5, DATA = 6, RESEND = 11, HIGHEST = 19 };

struct tns_flow {
    uint64_t left[2]; // bytes of a packet that are not looked at
    bool unpaired;    // a statement came before the answer to another
    bool large, active, redirecting, split;
    uint64_t tx_id;
    int64_t time_us;
    struct arena arena;
    struct record_tns record;
};

static struct tns_flow *tns_flow(struct proto_flow *pf)
{
    return pf->state;
}

static enum proto_probe tns_probe(const struct proto_first *first)
{
    struct bytes data = first->data;
    if (data.data[0] > 0x20 || (data.len > 4 && data.data[4] != CONNECT))
        return PROBE_NO;
    if (data.len > 3 && (data.data[2] || data.data[3]))
        return PROBE_NO;
    if (data.len < 28)
        return PROBE_MORE;
    struct cursor in = cursor_make(data);
    uint16_t length = cursor_u16(&in);
    cursor_skip(&in, 6);
    uint16_t version = cursor_u16(&in), oldest = cursor_u16(&in);
    cursor_skip(&in, 12);
    uint16_t size = cursor_u16(&in), offset = cursor_u16(&in);
    bool likely = length >= 34 && version >= 300 && version < 400 && oldest >= 300 - 100 &&
                  oldest <= version && offset >= 26 && offset <= 256 && size < 16384 &&
                  (length == offset || length == offset + size);
    return likely ? PROBE_CLIENT : PROBE_NO;
}

static void tx_end(struct proto_flow *pf)
{
    struct tns_flow *tns = tns_flow(pf);
    proto_emit_at(pf, RECORD_TNS, &tns->record, tns->tx_id, tns->time_us);
    tns->active = false;
    arena_reset(&tns->arena);
}

static void tx_begin(struct proto_flow *pf, struct bytes command)
{
    struct tns_flow *tns = tns_flow(pf);
    tns->unpaired |= tns->active && tns->record.statement.len > 0;
    if (tns->active)
        tx_end(pf);
    arena_init(&tns->arena, pf->arena.pool, TX_BYTES);
    tns->active = true;
    tns->tx_id = pf->tx_count++;
    tns->time_us = pf->time_us;
    tns->record = (struct record_tns){.command = command};
}

static struct bytes keep(struct tns_flow *tns, struct bytes text)
{
    return text_keep_start(&tns->arena, text, TEXT_BYTES);
}

// A name and its value somewhere in a descriptor; `inside` names the bracket around them.
static void take_pair(
    struct tns_flow *tns, struct bytes inside, struct bytes name, struct bytes value)
{
    struct record_tns *out = &tns->record;
    bool client = bytes_equal_nocase(inside, BYTES("CID"));
    uint64_t number;
    if (bytes_equal_nocase(name, BYTES("SERVICE_NAME")))
        out->service_name = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("SID")))
        out->sid = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("USER")) && client)
        out->user = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("PROGRAM")) && client)
        out->program = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("HOST")))
        *(client ? &out->host : &out->server_host) = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("PORT")))
        out->server_port = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("COMMAND")))
        out->listener_command = keep(tns, value);
    else if (bytes_equal_nocase(name, BYTES("ERR")) && bytes_to_u64(value, &number) &&
             number < 100000)
        out->has_error_code = true, out->error_code = (uint32_t)number;
    else if (bytes_equal_nocase(name, BYTES("VSNNUM")) && bytes_to_u64(value, &number)) {
        char text[40];
        int len = snprintf(text, sizeof text, "%u.%u.%u.%u.%u", (unsigned)(number >> 24 & 255),
            (unsigned)(number >> 20 & 15), (unsigned)(number >> 12 & 255),
            (unsigned)(number >> 8 & 15), (unsigned)(number & 255));
        out->server_version = keep(tns, bytes_make(text, (size_t)len));
    }
}

// (NAME=(NAME=value)(NAME=value)...)
static void read_descriptor(struct tns_flow *tns, struct bytes text)
{
    struct bytes inside[DEPTH_MAX];
    size_t depth = 0;
    for (size_t pairs = 0; text.len > 0 && pairs < PAIRS_MAX;) {
        uint8_t c = text.data[0];
        text = bytes_from(text, 1);
        if (c == ')' && depth > 0)
            depth--;
        if (c != '(')
            continue;
        size_t equals = bytes_find_byte(text, '=');
        if (equals == BYTES_NOT_FOUND)
            return;
        struct bytes name = bytes_trim(bytes_sub(text, 0, equals));
        text = bytes_from(text, equals + 1);
        size_t end = 0;
        while (end < text.len && text.data[end] != '(' && text.data[end] != ')')
            end++;
        struct bytes value = bytes_trim(bytes_sub(text, 0, end));
        pairs++;
        if (value.len > 0)
            take_pair(tns, depth ? inside[depth - 1] : (struct bytes){NULL, 0}, name, value);
        text = bytes_from(text, end);
        if (depth == DEPTH_MAX)
            return;
        inside[depth++] = name;
    }
}

static void take_descriptor(struct tns_flow *tns, struct bytes text)
{
    tns->record.descriptor = keep(tns, text);
    read_descriptor(tns, text);
}

static bool read_connect(struct proto_flow *pf, struct cursor body)
{
    struct tns_flow *tns = tns_flow(pf);
    struct cursor in = body;
    tx_begin(pf, BYTES("connect"));
    struct record_tns *out = &tns->record;
    out->has_version = out->has_compatible_version = true;
    out->version = cursor_u16(&in);
    out->compatible_version = cursor_u16(&in);
    cursor_skip(&in, 12);
    uint16_t size = cursor_u16(&in), offset = cursor_u16(&in);
    if (!cursor_ok(&in) || offset < HEADER_BYTES)
        return false;
    cursor_seek(&body, cursor_pos(&body) + offset - HEADER_BYTES);
    tns->split = size > 0 && cursor_left(&body) == 0; // it comes in a packet of its own
    struct bytes text = bytes_sub(cursor_rest(&body), 0, size);
    if (text.len > 0)
        take_descriptor(tns, text);
    return true;
}

static const char *const verbs[] = {"select", "insert", "update", "delete", "begin", "alter",
    "create", "drop", "grant", "revoke", "declare", "call", "merge", "truncate", "explain",
    "commit", "with "};

// Where a statement begins in the data of a call: there is no simpler way to its place.
static struct bytes find_statement(struct bytes data)
{
    for (size_t at = 0; at + 5 < data.len; at++) {
        struct bytes rest = bytes_from(data, at);
        if (!isalpha(rest.data[0]) || (at > 0 && isalpha(data.data[at - 1])))
            continue;
        for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
            struct bytes verb = bytes_from_text(verbs[i]);
            if (!bytes_start_with_nocase(rest, verb) || !isspace(bytes_at(rest, verb.len)))
                continue;
            size_t end = 0;
            while (end < rest.len && (rest.data[end] >= 0x20 || isspace(rest.data[end])))
                end++;
            return bytes_sub(rest, 0, end);
        }
    }
    return (struct bytes){NULL, 0};
}

static void client_data(struct proto_flow *pf, struct cursor body)
{
    struct tns_flow *tns = tns_flow(pf);
    cursor_u16(&body); // flags
    struct bytes data = cursor_rest(&body);
    if (tns->split && tns->active) {
        tns->split = false;
        take_descriptor(tns, data);
        return;
    }
    // A call (3) or one behind another (0x11), of the kinds that carry statements.
    bool call = bytes_at(data, 0) == 3 || bytes_at(data, 0) == 0x11;
    struct bytes statement =
        call ? find_statement(bytes_sub(data, 0, LOOK_BYTES / 2)) : (struct bytes){NULL, 0};
    if (statement.len < 6)
        return;
    tx_begin(pf, BYTES("execute"));
    tns->record.statement = text_keep_start(&tns->arena, statement, STATEMENT_BYTES);
}

static void server_data(struct proto_flow *pf, struct bytes data)
{
    struct tns_flow *tns = tns_flow(pf);
    if (tns->redirecting && tns->active) {
        tns->redirecting = false;
        tns->record.redirect = keep(tns, bytes_from(data, 2));
        tx_end(pf);
        return;
    }
    if (!tns->active || tns->record.statement.len == 0 || tns->unpaired)
        return;
    size_t at = bytes_find(data, BYTES("ORA-"));
    uint64_t code;
    if (at != BYTES_NOT_FOUND && bytes_to_u64(bytes_sub(data, at + 4, 5), &code)) {
        struct bytes text = bytes_from(data, at);
        size_t end = 0;
        while (end < text.len && text.data[end] >= 0x20)
            end++;
        tns->record.has_error_code = true;
        tns->record.error_code = (uint32_t)code;
        tns->record.error_message = keep(tns, bytes_sub(text, 0, end));
    }
    tx_end(pf);
}

static void read_refusal(struct tns_flow *tns, struct cursor *body)
{
    struct record_tns *out = &tns->record;
    out->response = BYTES("refuse");
    out->has_refuse_reason_user = out->has_refuse_reason_system = true;
    out->refuse_reason_user = cursor_u8(body);
    out->refuse_reason_system = cursor_u8(body);
    struct bytes text = bytes_sub(cursor_rest(body), 2, SIZE_MAX);
    read_descriptor(tns, text);
    if (text.len > 0)
        out->error_message = keep(tns, text);
}

static void server_packet(struct proto_flow *pf, uint8_t type, struct cursor body)
{
    struct tns_flow *tns = tns_flow(pf);
    struct record_tns *out = &tns->record;
    if (type == DATA) {
        server_data(pf, cursor_rest(&body));
        return;
    }
    if (type == ACCEPT) {
        uint16_t version = cursor_u16(&body);
        tns->large = version >= LARGE_VERSION;
        out->has_accepted_version = true;
        out->accepted_version = version;
        out->response = BYTES("accept");
    }
    if (!tns->active)
        return;
    if (type == REFUSE) {
        read_refusal(tns, &body);
    } else if (type == REDIRECT) {
        uint16_t size = cursor_u16(&body);
        out->response = BYTES("redirect");
        if (size > 0 && cursor_left(&body) == 0) {
            tns->redirecting = true; // in a packet of its own
            return;
        }
        out->redirect = keep(tns, bytes_sub(cursor_rest(&body), 0, size));
    } else if (type == RESEND) {
        out->response = BYTES("resend");
    } else if (type != ACCEPT) {
        return;
    }
    tx_end(pf);
}

enum step { STEP_ON, STEP_WAIT, STEP_BROKEN };

static enum step take_packet(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tns_flow *tns = tns_flow(pf);
    uint32_t length = cursor_u16(in);
    uint16_t low = cursor_u16(in);
    uint8_t type = cursor_u8(in);
    cursor_skip(in, 3);
    if (!cursor_ok(in))
        return STEP_WAIT;
    if (tns->large)
        length = length << 16 | low;
    if (length < HEADER_BYTES || length > 1U << 22 || type == 0 || type > HIGHEST)
        return STEP_BROKEN;
    size_t size = length - HEADER_BYTES, look = size < LOOK_BYTES ? size : LOOK_BYTES;
    if (cursor_left(in) < look) {
        pf->need[side] = HEADER_BYTES + look;
        return STEP_WAIT;
    }
    struct cursor body = cursor_sub(in, look);
    tns->left[side] = size - look;
    if (side == FLOW_SERVER)
        server_packet(pf, type, body);
    else if (type == CONNECT)
        return read_connect(pf, body) ? STEP_ON : STEP_BROKEN;
    else if (type == DATA)
        client_data(pf, body);
    return STEP_ON;
}

static enum proto_verdict tns_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct tns_flow *tns = tns_flow(pf);
    while (cursor_left(in) > 0) {
        struct cursor mark = *in;
        enum step step = STEP_ON;
        size_t left = cursor_left(in);
        if (tns->left[side] > 0) {
            size_t here = left < tns->left[side] ? left : (size_t)tns->left[side];
            cursor_skip(in, here);
            tns->left[side] -= here;
        } else {
            step = take_packet(pf, side, in);
        }
        if (step == STEP_ON)
            continue;
        *in = mark;
        if (step == STEP_WAIT)
            return PROTO_MORE;
        proto_anomaly(pf, ANOMALY_TNS_MALFORMED);
        return PROTO_DONE;
    }
    return PROTO_MORE;
}

static enum proto_verdict tns_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct tns_flow *tns = tns_flow(pf);
    if (lost > tns->left[side])
        return PROTO_DONE;
    tns->left[side] -= lost;
    return PROTO_MORE;
}

static void tns_finish(struct proto_flow *pf)
{
    if (tns_flow(pf)->active)
        tx_end(pf);
}

const struct proto proto_tns = {
    .name = "tns",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct tns_flow),
    .budget_bytes = 1024,
    .buffer_bytes = LOOK_BYTES + 2048,
    .probe = tns_probe,
    .parse = tns_parse,
    .gap = tns_gap,
    .finish = tns_finish,
};
