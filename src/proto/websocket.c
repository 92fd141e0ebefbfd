// SPDX-License-Identifier: Apache-2.0
// WebSocket behind its handshake in HTTP: RFC 6455, 7692 (permessage-deflate). One websocket record
// a frame as EVE has it, for the first WEBSOCKET_FRAMES of a flow; what follows is counted, and one
// record at the flow's end says how much it was. Of text the first WEBSOCKET_TEXT_BYTES are kept,
// unmasked and uncompressed; other payload passes by. A gap within a frame is passed over, another
// one ends it. It has no probe: HTTP hands over.
#include "proto/proto.h"
#include <zlib.h>

enum {
    WEBSOCKET_FRAMES = 256,     // of a flow that get a record
    WEBSOCKET_TEXT_BYTES = 256, // of a text frame, or of the reason for closing
    WEBSOCKET_CONTROL = 125,    // longest control frame (section 5.5)
    INFLATE_BYTES = 96 * 1024,  // memory of one side's window, in chunks of powers of two
    INFLATE_OUTPUT = 16 << 20,  // most that one side's compressed frames may come to
    INFLATE_RATIO = 200,        // beyond the first
    INFLATE_FREE = 64 * 1024,   // bytes
    CHUNK_BYTES = 4096,
    MESSAGE_BYTES = 64 * 1024, // of one message shown to rules, over its frames
};

enum opcode { CONTINUATION, TEXT, BINARY, CLOSE = 8, PING, PONG };

struct websocket_side {
    bool in_frame;
    bool fin, masked, compressed, lost;
    bool text;      // the message is text: its continuations are too
    bool deflated;  // the message is compressed
    bool no_window; // what is compressed can no longer be read
    uint8_t opcode;
    uint8_t key[4];
    uint64_t length, left;
    size_t kept_len;
    uint8_t kept[WEBSOCKET_TEXT_BYTES];
    z_stream *window;
    uint64_t in_bytes, out_bytes; // of compressed frames
    uint64_t frames, payload;     // of all frames
    struct arena memory;          // of the message below, where rules ask for it
    uint8_t *message;
    size_t message_len, message_room, frame_at;
};

struct websocket_flow {
    struct websocket_side side[2];
    uint64_t frames; // recorded
    bool closed;
    struct record_websocket draft;
};

static struct websocket_flow *websocket_flow(struct proto_flow *pf)
{
    return pf->state;
}

static enum proto_probe websocket_probe(const struct proto_first *first)
{
    (void)first;
    return PROBE_NO; // frames look like anything
}

// --- payload -----------------------------------------------------------------------------------

// For rules a message is what its frames come to.
static void message_add(struct proto_flow *pf, struct websocket_side *s, struct bytes data)
{
    data = bytes_sub(data, 0, MESSAGE_BYTES - s->message_len);
    size_t room = s->message_room ? s->message_room : CHUNK_BYTES;
    while (room < s->message_len + data.len)
        room *= 2;
    if (room > s->message_room) {
        if (!s->message)
            arena_init(&s->memory, pf->arena.pool, 4 * MESSAGE_BYTES);
        uint8_t *grown = arena_grow(&s->memory, s->message, s->message_room, room);
        if (!grown)
            return;
        s->message = grown;
        s->message_room = room;
    }
    if (data.len > 0)
        memcpy(&s->message[s->message_len], data.data, data.len);
    s->message_len += data.len;
}

static bool wants_message(const struct proto_flow *pf, const struct websocket_side *s)
{
    return s->opcode < CLOSE && proto_wants(pf, BUFFER_WEBSOCKET_PAYLOAD);
}

static void keep(struct proto_flow *pf, struct websocket_side *s, struct bytes data)
{
    if (wants_message(pf, s))
        message_add(pf, s, data);
    data = bytes_sub(data, 0, WEBSOCKET_TEXT_BYTES - s->kept_len);
    if (data.len > 0)
        memcpy(&s->kept[s->kept_len], data.data, data.len);
    s->kept_len += data.len;
}

static void *window_alloc(void *opaque, unsigned items, unsigned size)
{
    return arena_alloc(opaque, (size_t)items * size);
}

static void window_free(void *opaque, void *memory) {}

static bool window_ready(struct proto_flow *pf, struct websocket_side *s)
{
    if (s->window || s->no_window)
        return !s->no_window;
    s->window = arena_zalloc(&pf->arena, sizeof *s->window);
    if (s->window) {
        s->window->zalloc = window_alloc;
        s->window->zfree = window_free;
        s->window->opaque = &pf->arena;
    }
    s->no_window = !s->window || inflateInit2(s->window, -15) != Z_OK;
    if (s->no_window)
        proto_anomaly(pf, ANOMALY_WEBSOCKET_OUT_OF_BUDGET);
    return !s->no_window;
}

static void window_drop(struct proto_flow *pf, struct websocket_side *s, enum anomaly why)
{
    s->no_window = true;
    proto_anomaly(pf, why);
}

// The window spans messages, so all of them are read; out_bytes and the ratio bound the work.
static void inflate_bytes(struct proto_flow *pf, struct websocket_side *s, struct bytes in)
{
    uint8_t out[CHUNK_BYTES];
    if (!window_ready(pf, s))
        return;
    z_stream *z = s->window;
    s->in_bytes += in.len;
    z->next_in = (Bytef *)(uintptr_t)in.data;
    z->avail_in = (uInt)in.len;
    do {
        z->next_out = out;
        z->avail_out = sizeof out;
        int status = inflate(z, Z_SYNC_FLUSH);
        size_t made = sizeof out - z->avail_out;
        s->out_bytes += made;
        keep(pf, s, bytes_make(out, made));
        if (status == Z_STREAM_END) // a final block: the next one begins anew (section 7.2.3.4)
            status = inflateReset(z);
        if (status != Z_OK && status != Z_BUF_ERROR)
            window_drop(pf, s,
                status == Z_MEM_ERROR ? ANOMALY_WEBSOCKET_OUT_OF_BUDGET
                                      : ANOMALY_WEBSOCKET_INFLATE_FAILED);
        else if (s->out_bytes > INFLATE_OUTPUT ||
                 (s->out_bytes > INFLATE_FREE && s->out_bytes / INFLATE_RATIO > s->in_bytes))
            window_drop(pf, s, ANOMALY_WEBSOCKET_COMPRESSION_BOMB);
    } while (!s->no_window && (z->avail_in > 0 || z->avail_out == 0));
}

static void payload_take(struct proto_flow *pf, struct websocket_side *s, struct bytes data)
{
    uint8_t plain[CHUNK_BYTES];
    bool full = !s->compressed && s->kept_len == WEBSOCKET_TEXT_BYTES;
    if (s->lost || (full && !wants_message(pf, s)))
        return;
    for (size_t at = 0; at < data.len; at += CHUNK_BYTES) {
        struct bytes piece = bytes_sub(data, at, CHUNK_BYTES);
        for (size_t i = 0; i < piece.len; i++)
            plain[i] = piece.data[i] ^ (s->masked ? s->key[(s->length - s->left + at + i) % 4] : 0);
        if (s->compressed)
            inflate_bytes(pf, s, bytes_make(plain, piece.len));
        else
            keep(pf, s, bytes_make(plain, piece.len));
    }
}

// --- record ------------------------------------------------------------------------------------

static struct bytes opcode_text(uint8_t opcode)
{
    static const char *const known[16] = {[CONTINUATION] = "continuation",
        [TEXT] = "text",
        [BINARY] = "binary",
        [CLOSE] = "connection_close",
        [PING] = "ping",
        [PONG] = "pong"};
    static const char *const unknown[16] = {[3] = "unknown-3",
        [4] = "unknown-4",
        [5] = "unknown-5",
        [6] = "unknown-6",
        [7] = "unknown-7",
        [11] = "unknown-11",
        [12] = "unknown-12",
        [13] = "unknown-13",
        [14] = "unknown-14",
        [15] = "unknown-15"};
    return bytes_from_text(known[opcode] ? known[opcode] : unknown[opcode]);
}

static uint32_t mask_of(const struct websocket_side *s)
{
    return (uint32_t)s->key[0] << 24 | (uint32_t)s->key[1] << 16 | (uint32_t)s->key[2] << 8 |
           s->key[3];
}

static struct record_websocket frame_record(const struct websocket_side *s)
{
    return (struct record_websocket){
        .fin = s->fin,
        .has_mask = s->masked,
        .mask = mask_of(s),
        .opcode = opcode_text(s->opcode),
        .has_length = true,
        .length = s->length,
        .compressed = s->compressed,
    };
}

// Of the frame whose head was read last.
static const void *websocket_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type)
{
    struct websocket_flow *ws = websocket_flow(pf);
    const struct websocket_side *s = &ws->side[pf->parsing];
    *type = RECORD_WEBSOCKET;
    if (!s->in_frame || tx_id != pf->tx_count)
        return NULL;
    ws->draft = frame_record(s);
    return &ws->draft;
}

static void frame_emit(struct proto_flow *pf, enum flow_side side)
{
    struct websocket_flow *ws = websocket_flow(pf);
    const struct websocket_side *s = &ws->side[side];
    if (ws->frames == WEBSOCKET_FRAMES) {
        proto_anomaly(pf, ANOMALY_WEBSOCKET_TOO_MANY_FRAMES);
        return;
    }
    ws->frames++;
    struct bytes text = bytes_make(s->kept, s->kept_len);
    struct record_websocket r = frame_record(s);
    if (s->opcode == CLOSE && text.len >= 2) {
        r.close_code = (uint16_t)(text.data[0] << 8 | text.data[1]);
        r.has_close_code = true;
        text = bytes_from(text, 2);
    }
    struct bytes message = bytes_make(s->message, s->message_len);
    proto_show(pf, BUFFER_WEBSOCKET_PAYLOAD, side, PROTO_TX_NEXT,
        s->opcode >= CLOSE ? text : bytes_from(message, s->fin ? 0 : s->frame_at));
    if (text.len > 0 && !s->lost && (r.has_close_code || (s->opcode <= TEXT && s->text)))
        r.payload_printable = text;
    pf->speaker = side;
    proto_emit(pf, RECORD_WEBSOCKET, &r, pf->tx_count++);
    pf->speaker = FLOW_CLIENT;
}

static void frame_end(struct proto_flow *pf, enum flow_side side)
{
    struct websocket_flow *ws = websocket_flow(pf);
    struct websocket_side *s = &ws->side[side];
    s->in_frame = false;
    // The sender took the end of the last block off (RFC 7692 section 7.2.1).
    if (s->compressed && s->fin && !s->lost)
        inflate_bytes(pf, s, bytes_make("\0\0\xff\xff", 4));
    frame_emit(pf, side);
    s->kept_len = 0;
    ws->closed |= s->opcode == CLOSE && ws->side[flow_other(side)].opcode == CLOSE &&
                  !ws->side[flow_other(side)].in_frame;
}

// --- frames ------------------------------------------------------------------------------------

static void frame_check(struct proto_flow *pf, enum flow_side side, uint8_t first)
{
    const struct websocket_side *s = &websocket_flow(pf)->side[side];
    bool control = s->opcode >= CLOSE;
    if (control && (!s->fin || s->length > WEBSOCKET_CONTROL || (first & 0x40)))
        proto_anomaly(pf, ANOMALY_WEBSOCKET_INVALID_CONTROL_FRAME);
    if ((first & 0x30) || s->opcode > PONG || (s->opcode > BINARY && !control))
        proto_anomaly(pf, ANOMALY_WEBSOCKET_RESERVED);
    if (s->masked != (side == FLOW_CLIENT))
        proto_anomaly(pf, ANOMALY_WEBSOCKET_WRONG_MASKING);
}

// A control frame may stand between the frames of a message, and leaves what is known of it alone.
static void frame_begin(struct proto_flow *pf, enum flow_side side, uint8_t first)
{
    struct websocket_side *s = &websocket_flow(pf)->side[side];
    s->in_frame = true;
    s->lost = false;
    s->kept_len = 0;
    s->fin = first & 0x80;
    s->opcode = first & 15;
    if (s->opcode == TEXT || s->opcode == BINARY) {
        s->text = s->opcode == TEXT;
        s->deflated = first & 0x40;
        s->message_len = 0;
    }
    s->frame_at = s->message_len;
    s->compressed = s->opcode < CLOSE && s->deflated;
    s->left = s->length;
    s->frames++;
    s->payload += s->length;
    frame_check(pf, side, first);
}

// Section 5.2. False: more bytes are needed.
static bool header_read(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct websocket_side *s = &websocket_flow(pf)->side[side];
    struct cursor c = *in;
    uint8_t first = cursor_u8(&c), second = cursor_u8(&c);
    uint64_t length = second & 0x7f;
    if (length == 126)
        length = cursor_u16(&c);
    else if (length == 127)
        length = cursor_u64(&c);
    bool masked = second & 0x80;
    struct bytes key = cursor_take(&c, masked ? 4 : 0);
    if (!cursor_ok(&c))
        return false;
    struct bytes from = cursor_rest(in);
    size_t head = cursor_pos(&c) - cursor_pos(in);
    *in = c;
    s->length = length;
    s->masked = masked;
    if (masked)
        memcpy(s->key, key.data, sizeof s->key);
    frame_begin(pf, side, first);
    proto_frames(pf, FRAME_WEBSOCKET_PDU, side, from, head,
        (int64_t)head + (int64_t)(length & INT32_MAX), pf->tx_count);
    return true;
}

static bool step(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct websocket_side *s = &websocket_flow(pf)->side[side];
    if (!s->in_frame) {
        if (!header_read(pf, side, in))
            return false;
    } else {
        size_t left = cursor_left(in);
        struct bytes data = cursor_take(in, s->left < left ? (size_t)s->left : left);
        payload_take(pf, s, data);
        s->left -= data.len;
    }
    if (s->left == 0)
        frame_end(pf, side);
    return true;
}

static enum proto_verdict websocket_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct websocket_flow *ws = websocket_flow(pf);
    while (cursor_left(in) > 0 && !ws->closed && step(pf, side, in))
        ;
    return ws->closed ? PROTO_DONE : PROTO_MORE;
}

static enum proto_verdict websocket_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct websocket_side *s = &websocket_flow(pf)->side[side];
    if (!s->in_frame || lost > s->left)
        return PROTO_DONE;
    s->lost = true;
    s->no_window |= s->compressed;
    s->left -= lost;
    if (s->left == 0)
        frame_end(pf, side);
    return PROTO_MORE;
}

// More frames than are recorded: say how many there were.
static void websocket_finish(struct proto_flow *pf)
{
    struct websocket_flow *ws = websocket_flow(pf);
    for (size_t i = 0; i < 2; i++)
        if (ws->side[i].message)
            arena_reset(&ws->side[i].memory);
    const struct websocket_side *client = &ws->side[FLOW_CLIENT], *server = &ws->side[FLOW_SERVER];
    if (client->frames + server->frames <= WEBSOCKET_FRAMES)
        return;
    struct record_websocket r = {
        .has_total = true,
        .total = {.frames_toserver = client->frames,
            .frames_toclient = server->frames,
            .bytes_toserver = client->payload,
            .bytes_toclient = server->payload},
    };
    proto_emit(pf, RECORD_WEBSOCKET, &r, UINT64_MAX);
}

const struct proto proto_websocket = {
    .name = "websocket",
    .carriers = OVER_TCP,
    .state_bytes = sizeof(struct websocket_flow),
    .budget_bytes = 2 * INFLATE_BYTES,
    .buffer_bytes = 1024,
    .probe = websocket_probe,
    .parse = websocket_parse,
    .gap = websocket_gap,
    .finish = websocket_finish,
    .draft = websocket_draft,
};
