// SPDX-License-Identifier: Apache-2.0
// DNP3 over TCP and UDP (IEEE 1815): frames of the link layer with their checksums, segments of the
// transport function put together, messages of the application layer.
// Emits one dnp3 record a message; a response bears the tx_id of the request with its sequence
// number. Frames of the link layer alone (status, test) are skipped. Secure authentication is only
// named. Limits: DNP3_MESSAGE_BYTES, DNP3_OBJECTS_MAX, DNP3_POINTS_MAX, DNP3_TEXT_BYTES.
#include "proto/dnp3.h"

enum {
    HEADER_BYTES = 10,
    BLOCK_BYTES = 16,
    LENGTH_MIN = 5, // control and addresses
    FROM_MASTER = 0x80,
    SEGMENT_FIN = 0x80,
    SEGMENT_FIR = 0x40,
};

struct link {
    uint8_t control;
    uint16_t dst, src;
};

// Segments of one side that wait for the last one.
struct message {
    struct arena arena;
    uint8_t *data;
    size_t len;
    uint8_t sequence; // expected next
    bool begun;
};

struct dnp3_state {
    struct message messages[2];
    bool lost[2]; // look for the next frame's mark
    bool asked[16];
    uint64_t tx_ids[16]; // of the request with this sequence number
    int64_t times_us[16];
};

static uint16_t crc_of(struct bytes b)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < b.len; i++) {
        crc ^= b.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xa6bc : 0));
    }
    return (uint16_t)~crc;
}

static bool crc_good(struct bytes b)
{
    if (b.len < 2)
        return false;
    uint16_t want = (uint16_t)(b.data[b.len - 2] | b.data[b.len - 1] << 8);
    return crc_of(bytes_sub(b, 0, b.len - 2)) == want;
}

static enum proto_probe dnp3_probe(const struct proto_first *first)
{
    struct bytes d = first->data;
    static const struct bytes mark = {(const uint8_t *)"\x05\x64", 2};
    if (!bytes_start_with(d, mark))
        return d.len < 2 && bytes_start_with(mark, d) ? PROBE_MORE : PROBE_NO;
    if (d.len < HEADER_BYTES)
        return PROBE_MORE;
    if (bytes_at(d, 2) < LENGTH_MIN || !crc_good(bytes_sub(d, 0, HEADER_BYTES)))
        return PROBE_NO;
    return bytes_at(d, 3) & FROM_MASTER ? PROBE_CLIENT : PROBE_SERVER;
}

static const struct ics_name functions[] = {{0, "CONFIRM"}, {1, "READ"}, {2, "WRITE"},
    {3, "SELECT"}, {4, "OPERATE"}, {5, "DIRECT_OPERATE"}, {6, "DIRECT_OPERATE_NR"},
    {7, "IMMED_FREEZE"}, {8, "IMMED_FREEZE_NR"}, {9, "FREEZE_CLEAR"}, {10, "FREEZE_CLEAR_NR"},
    {11, "FREEZE_AT_TIME"}, {12, "FREEZE_AT_TIME_NR"}, {13, "COLD_RESTART"}, {14, "WARM_RESTART"},
    {15, "INITIALIZE_DATA"}, {16, "INITIALIZE_APPL"}, {17, "START_APPL"}, {18, "STOP_APPL"},
    {19, "SAVE_CONFIG"}, {20, "ENABLE_UNSOLICITED"}, {21, "DISABLE_UNSOLICITED"},
    {22, "ASSIGN_CLASS"}, {23, "DELAY_MEASURE"}, {24, "RECORD_CURRENT_TIME"}, {25, "OPEN_FILE"},
    {26, "CLOSE_FILE"}, {27, "DELETE_FILE"}, {28, "GET_FILE_INFO"}, {29, "AUTHENTICATE_FILE"},
    {30, "ABORT_FILE"}, {31, "ACTIVATE_CONFIG"}, {32, "AUTHENTICATE_REQ"}, {33, "AUTHENTICATE_ERR"},
    {129, "RESPONSE"}, {130, "UNSOLICITED_RESPONSE"}, {131, "AUTHENTICATE_RESP"}};

static void fill_link(const struct link *link, struct record_dnp3 *r)
{
    r->has_control = true;
    r->control.dir = link->control & FROM_MASTER;
    r->control.pri = link->control & 0x40;
    r->control.fcb = link->control & 0x20;
    r->control.fcv = link->control & 0x10;
    r->control.function_code = link->control & 15;
    r->src = link->src;
    r->dst = link->dst;
}

// Both octets as one number, the first in the high half.
static void fill_indications(uint16_t raw, struct record_dnp3 *r, struct bytes *names)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } indications[] = {{0x8000, "device_restart"}, {0x4000, "device_trouble"},
        {0x2000, "local_control"}, {0x1000, "need_time"}, {0x0800, "class_3_events"},
        {0x0400, "class_2_events"}, {0x0200, "class_1_events"}, {0x0100, "all_stations"},
        {0x0001, "no_func_code_support"}, {0x0002, "object_unknown"}, {0x0004, "parameter_error"},
        {0x0008, "event_buffer_overflow"}, {0x0010, "already_executing"},
        {0x0020, "config_corrupt"}, {0x0040, "reserved_2"}, {0x0080, "reserved_1"}};
    size_t count = 0;
    for (size_t i = 0; i < 16; i++)
        if (raw & indications[i].bit)
            names[count++] = bytes_from_text(indications[i].name);
    r->has_iin = true;
    r->iin.raw = raw;
    r->iin.indicators = names;
    r->iin.indicators_count = count;
}

// Number the message: a response has its request's number.
static uint64_t tx_of(struct proto_flow *pf, struct record_dnp3 *r)
{
    struct dnp3_state *state = pf->state;
    uint8_t sequence = r->application.control.sequence, function = r->application.function_code;
    bool reply = function >= DNP3_RESPONSE && function != DNP3_UNSOLICITED;
    if (reply && state->asked[sequence]) {
        state->asked[sequence] = !r->application.control.fin;
        r->has_rtt_us = pf->time_us >= state->times_us[sequence];
        r->rtt_us = (uint64_t)(pf->time_us - state->times_us[sequence]);
        return state->tx_ids[sequence];
    }
    uint64_t tx_id = pf->tx_count++;
    if (function < DNP3_RESPONSE && function != DNP3_CONFIRM) {
        state->asked[sequence] = true;
        state->tx_ids[sequence] = tx_id;
        state->times_us[sequence] = pf->time_us;
    }
    return tx_id;
}

static void read_message(struct proto_flow *pf, const struct link *link, struct bytes message)
{
    struct arena arena;
    arena_init(&arena, pf->arena.pool, DNP3_RECORD_BYTES);
    struct record_dnp3 r = {.has_application = true};
    struct cursor in = cursor_make(message);
    struct bytes names[16];
    uint8_t control = cursor_u8(&in), function = cursor_u8(&in);
    fill_link(link, &r);
    r.application.has_control = true;
    r.application.control.fir = control & 0x80;
    r.application.control.fin = control & 0x40;
    r.application.control.con = control & 0x20;
    r.application.control.uns = control & 0x10;
    r.application.control.sequence = control & 15;
    r.application.function_code = function;
    r.application.function =
        ics_name_or(ICS_NAME(functions, function), "unknown-", function, &arena);
    r.type = BYTES("request");
    if (function >= DNP3_RESPONSE) {
        r.type = function == DNP3_UNSOLICITED ? BYTES("unsolicited_response") : BYTES("response");
        fill_indications(cursor_u16(&in), &r, names);
    }
    if (cursor_ok(&in))
        dnp3_objects_read(pf, &in, &r, &arena);
    if (!cursor_ok(&in))
        proto_anomaly(pf, ANOMALY_DNP3_MALFORMED);
    proto_emit(pf, RECORD_DNP3, &r, tx_of(pf, &r));
    arena_reset(&arena);
}

static void message_drop(struct message *message)
{
    arena_reset(&message->arena);
    message->data = NULL;
    message->len = 0;
    message->begun = false;
}

// Append to the message under way. False: too long, or out of memory.
static bool message_add(struct proto_flow *pf, struct message *message, struct bytes data)
{
    if (message->len + data.len > DNP3_MESSAGE_BYTES) {
        proto_anomaly(pf, ANOMALY_DNP3_TOO_LONG);
        return false;
    }
    uint8_t *grown =
        arena_grow(&message->arena, message->data, message->len, message->len + data.len + 1);
    if (!grown)
        return false;
    if (data.len)
        memcpy(&grown[message->len], data.data, data.len);
    message->data = grown;
    message->len += data.len;
    return true;
}

static void take_segment(
    struct proto_flow *pf, enum flow_side side, const struct link *link, struct bytes segment)
{
    struct dnp3_state *state = pf->state;
    struct message *message = &state->messages[side];
    uint8_t head = bytes_at(segment, 0);
    struct bytes data = bytes_from(segment, 1);
    if ((head & SEGMENT_FIR) && (head & SEGMENT_FIN)) {
        message_drop(message);
        read_message(pf, link, data);
        return;
    }
    if (head & SEGMENT_FIR) {
        message_drop(message);
        arena_init(&message->arena, pf->arena.pool, 4 * DNP3_MESSAGE_BYTES);
        message->begun = true;
    } else if (!message->begun || (head & 63) != message->sequence) {
        proto_anomaly(pf, ANOMALY_DNP3_SEQUENCE_LOST);
        message_drop(message);
        return;
    }
    message->sequence = (head + 1) & 63;
    if (!message_add(pf, message, data))
        message_drop(message);
    else if (head & SEGMENT_FIN) {
        read_message(pf, link, bytes_make(message->data, message->len));
        message_drop(message);
    }
}

// The octets of a frame after its header, without the checksums after each 16.
static bool join_blocks(struct proto_flow *pf, struct cursor *in, size_t len, uint8_t *out)
{
    bool good = true;
    for (size_t at = 0; at < len; at += BLOCK_BYTES) {
        size_t part = len - at < BLOCK_BYTES ? len - at : BLOCK_BYTES;
        struct bytes block = cursor_take(in, part + 2);
        if (!cursor_ok(in))
            return false;
        good &= crc_good(block);
        memcpy(&out[at], block.data, part);
    }
    if (!good)
        proto_anomaly(pf, ANOMALY_DNP3_BAD_TRANSPORT_CRC);
    return good;
}

// Skip to the next mark of a frame. False: there is none.
static bool find_frame(struct cursor *in)
{
    struct bytes rest = cursor_rest(in);
    size_t at = bytes_find(rest, BYTES("\x05\x64"));
    if (at == BYTES_NOT_FOUND)
        cursor_skip(in, bytes_at(rest, rest.len - 1) == 5 ? rest.len - 1 : rest.len);
    else
        cursor_skip(in, at);
    return at != BYTES_NOT_FOUND;
}

// One frame. False: it is not whole yet.
static bool take_frame(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dnp3_state *state = pf->state;
    struct cursor ahead = *in;
    struct bytes header = cursor_take(&ahead, HEADER_BYTES);
    if (!cursor_ok(&ahead))
        return false;
    struct cursor fields = cursor_make(header);
    bool marked = cursor_u16(&fields) == 0x0564;
    uint8_t length = cursor_u8(&fields);
    struct link link = {.control = cursor_u8(&fields)};
    link.dst = cursor_u16le(&fields);
    link.src = cursor_u16le(&fields);
    if (!marked || length < LENGTH_MIN || !crc_good(header)) {
        if (!state->lost[side])
            proto_anomaly(pf, marked && length >= LENGTH_MIN ? ANOMALY_DNP3_BAD_LINK_CRC
                                                             : ANOMALY_DNP3_LEN_TOO_SMALL);
        state->lost[side] = true;
        cursor_skip(in, 1);
        return find_frame(in);
    }
    size_t len = length - LENGTH_MIN, wire = len + (len + BLOCK_BYTES - 1) / BLOCK_BYTES * 2;
    if (cursor_left(&ahead) < wire) {
        pf->need[side] = pf->carrier == OVER_TCP ? HEADER_BYTES + wire : 0;
        return false;
    }
    uint8_t octets[256];
    state->lost[side] = false;
    if (len > 0 && join_blocks(pf, &ahead, len, octets))
        take_segment(pf, side, &link, bytes_make(octets, len));
    *in = ahead;
    return true;
}

static enum proto_verdict dnp3_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dnp3_state *state = pf->state;
    if (state->lost[side] && !find_frame(in))
        return PROTO_MORE;
    while (cursor_left(in) > 0 && take_frame(pf, side, in))
        continue;
    if (pf->carrier == OVER_UDP && cursor_left(in) > 0)
        proto_anomaly(pf, ANOMALY_DNP3_LEN_TOO_SMALL);
    return PROTO_MORE;
}

// Frames have a mark and checksums, by which the next one is found.
static enum proto_verdict dnp3_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct dnp3_state *state = pf->state;
    (void)lost;
    state->lost[side] = true;
    message_drop(&state->messages[side]);
    return PROTO_MORE;
}

static void dnp3_finish(struct proto_flow *pf)
{
    struct dnp3_state *state = pf->state;
    message_drop(&state->messages[0]);
    message_drop(&state->messages[1]);
}

const struct proto proto_dnp3 = {
    .name = "dnp3",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct dnp3_state),
    .budget_bytes = 1024,
    .buffer_bytes = ICS_BUFFER_BYTES,
    .probe = dnp3_probe,
    .parse = dnp3_parse,
    .gap = dnp3_gap,
    .finish = dnp3_finish,
};
