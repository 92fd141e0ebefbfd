// SPDX-License-Identifier: Apache-2.0
// What the files of the HTTP/2 parser share: connection, streams, header compression.
#pragma once
#include "proto/http.h"

enum {
    HTTP2_FRAME_BYTES = 64 * 1024,  // longest frame other than DATA that is read
    HTTP2_BLOCK_BYTES = 64 * 1024,  // of one header block, as it travels
    HTTP2_CONTINUATIONS = 32,       // frames of one header block behind the first
    HTTP2_HEADERS_MOST = 256,       // fields of a stream's side that are recorded
    HTTP2_STREAMS = 256,            // open at once
    HTTP2_SETTINGS_MOST = 32,       // of one SETTINGS frame that are recorded
    HTTP2_GLOBALS = 64,             // records of stream 0 in a flow
    HTTP2_RESETS = 100,             // streams cancelled without an answer that are recorded
    HTTP2_AWAITED = 16,             // the first of these, whose answers may still come
    HTTP2_TABLE_BYTES = 256 * 1024, // largest header table a peer may announce
};

enum http2_type {
    HTTP2_DATA,
    HTTP2_HEADERS,
    HTTP2_PRIORITY,
    HTTP2_RST_STREAM,
    HTTP2_SETTINGS,
    HTTP2_PUSH_PROMISE,
    HTTP2_PING,
    HTTP2_GOAWAY,
    HTTP2_WINDOW_UPDATE,
    HTTP2_CONTINUATION
};

enum http2_flag {
    HTTP2_END_STREAM = 1,
    HTTP2_ACK = 1,
    HTTP2_END_HEADERS = 4,
    HTTP2_PADDED = 8,
    HTTP2_PRIORITIZED = 0x20
};

struct http2_frame {
    uint32_t length, id;
    uint8_t type, flags;
};

struct http2_stream {
    struct http_tx tx; // holds the arena with all of this
    uint32_t id;
    bool ended[2], reset, pushed;
    bool counted_only; // one of more than HTTP2_RESETS resets
    bool has_priority;
    uint8_t priority;
    struct bytes error[2]; // code of RST_STREAM, by who sent it
    struct record_http2_header *header[2];
    size_t header_count[2], header_room[2];
    struct bytes grpc_status, grpc_message;
};

struct http2_side {
    bool preface;     // the client's was seen
    uint64_t left;    // bytes of the DATA frame that passes
    uint32_t padding; // and behind them
    uint32_t data_stream;
    bool data_ends;
    uint32_t block_stream; // a header block is open: only CONTINUATION may follow
    uint32_t block_for;    // whose header it is: PUSH_PROMISE promises another stream
    enum flow_side block_side;
    bool block_ends; // the stream ends with it
    uint32_t block_bytes, block_frames;
    uint32_t last_id; // highest stream this side began
    struct hpack *hpack;
};

struct http2_flow {
    struct http2_side side[2];
    struct http2_stream *streams[HTTP2_STREAMS]; // oldest first
    size_t stream_count;
    unsigned globals;
    uint64_t resets; // by the client, before an answer
    bool begun, closed;
};

static inline struct http2_flow *http2_flow(struct proto_flow *pf)
{
    return pf->state;
}

// http2_stream.c
struct http2_stream *http2_stream_find(struct proto_flow *pf, uint32_t id);
struct http2_stream *http2_stream_open(struct proto_flow *pf, uint32_t id); // NULL: no memory
void http2_stream_header(
    struct http2_stream *stream, enum flow_side side, struct bytes name, struct bytes value);
void http2_stream_table_size(struct http2_stream *stream, enum flow_side side, uint32_t size);
void http2_stream_head_end(struct http2_stream *stream, enum flow_side side);
void http2_stream_end(struct proto_flow *pf, struct http2_stream *stream, enum flow_side side);
void http2_stream_reset(
    struct proto_flow *pf, struct http2_stream *stream, enum flow_side side, uint32_t code);
void http2_stream_finish(struct proto_flow *pf, struct http2_stream *stream);
const void *http2_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type);
void http2_upgraded(struct proto_flow *pf, struct bytes note); // stream 1, asked for in HTTP/1.1

// Records of stream 0.
void http2_settings(struct proto_flow *pf, enum flow_side side, struct bytes payload);
void http2_goaway(struct proto_flow *pf, enum flow_side side, uint32_t code);
void http2_resets(struct proto_flow *pf); // how many there were, where not all are recorded

// http2_show.c: what rules see. A frame of no stream is a transaction of its own, or part of that
// of the record it makes.
void http2_show_field(
    struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value);
void http2_show_line(struct http_tx *tx, enum flow_side side);
void http2_show_number(struct proto_flow *pf, const struct http2_stream *stream,
    enum flow_side side, enum rule_shown kind, uint32_t value);
void http2_show_frame(struct proto_flow *pf, const struct http2_stream *stream, enum flow_side side,
    const struct http2_frame *frame, struct bytes payload);

// http2_hpack.c: header compression (RFC 7541) by libnghttp2, within a budget.
struct hpack;
typedef void hpack_sink(void *ctx, struct bytes name, struct bytes value);

[[nodiscard]] struct hpack *hpack_create(struct arena *arena); // NULL: no memory
void hpack_destroy(struct hpack *hpack);
void hpack_table_size(struct hpack *hpack, uint32_t size); // what the other side allows
// A piece of a header block; last: it ends here. False: it cannot be understood, nor what follows.
bool hpack_feed(struct hpack *hpack, struct bytes in, bool last, hpack_sink *sink, void *ctx);
