// SPDX-License-Identifier: Apache-2.0
// What the files of the HTTP/1.x parser share: messages, transactions, bodies. Nobody else's.
#pragma once
#include "proto/decompress.h"
#include "proto/gss.h"
#include "proto/mime.h"
#include "proto/proto.h"

enum {
    HTTP_LINE_BYTES = 32 * 1024,   // of a request line or header field; the rest is dropped
    HTTP_FIELDS_MAX = 1024,        // header fields looked at
    HTTP_PIPELINE = 64,            // requests that wait for their response
    HTTP_TX_BYTES = 512 * 1024,    // memory of one transaction
    HTTP_FLOW_BYTES = 1024 * 1024, // memory of the flow beside them
    HTTP_CHUNK_LINE = 4096,        // longest line before a chunk
};

enum http_field {
#define HTTP_FIELD(symbol, name, join) HTTP_##symbol,
#include "proto/http_field.def"
#undef HTTP_FIELD
    HTTP_FIELD_COUNT,
    HTTP_FIELD_OTHER = HTTP_FIELD_COUNT,
};

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

enum http_phase {
    HTTP_START,      // of a message
    HTTP_HEAD,       // header fields
    HTTP_BODY,       // body bytes: `left` of them, or until close
    HTTP_CHUNK_SIZE, // the line before a chunk
    HTTP_CHUNK_END,  // the line end behind its bytes
    HTTP_TRAILER,
    HTTP_WAIT, // CONNECT: what follows is the tunnel's, if there will be one
};

struct http_message {
    struct bytes field[HTTP_FIELD_COUNT];
    uint16_t repeats[HTTP_FIELD_COUNT]; // how often the field came
    uint16_t field_count;
    struct bytes line; // of a field, with the lines that continue it so far
    size_t line_room;
    uint8_t version; // 9, 10, 11
    bool begun, complete;
    enum http_framing framing;
    uint64_t length;        // with HTTP_LENGTH
    uint64_t body_bytes;    // after chunked
    uint64_t decoded_bytes; // after content codings
    struct decompress *decompress;
    struct mime *form;
    bool no_file;            // out of budget, or decoding failed: no file any more
    bool coding_failed;      // decoded bytes end before the body does
    bool decoded;            // decoded_bytes is meant
    struct proto_file *file; // the body, or the part of a form that passes now
};

struct http_tx {
    struct arena arena; // everything of this transaction, itself included
    struct http_tx *next;
    struct proto_flow *pf;
    uint64_t id;
    int64_t time_us, request_end_us;
    uint64_t latency_us;
    bool has_latency, tunnel, saw_continue;
    uint16_t status; // 0: none yet
    struct bytes method, target, protocol;
    struct bytes host;
    uint16_t port;
    struct http_message message[2]; // by enum flow_side
    struct bytes aside;             // http_aside.c
    size_t aside_room, aside_body;
    struct winrm *winrm; // http_inside.c
    struct dcerpc *rpc;
    struct doh *doh; // http_doh.c
};

struct http_side {
    enum http_phase phase;
    bool skipping;      // the rest of a line that was too long
    bool bare_lf;       // the line before this one ended with LF alone
    size_t scanned;     // unread bytes known to have no LF
    uint64_t left;      // body bytes to come in this body or chunk
    struct http_tx *tx; // whose message this side is in the middle of
};

struct http_flow {
    struct ntlm_session *ntlm; // log-on of the connection by NTLM, or NULL
    struct http_side side[2];
    struct http_tx *first, *last; // not yet emitted, oldest first
    unsigned waiting;
    unsigned orphans; // requests emitted without waiting any longer for their response
    bool closed;      // nothing more is wanted
    bool tunnel;      // from here on another protocol speaks:
    const struct proto *next;
    struct bytes dest;                      // with CONNECT: where to
    struct bytes user, domain, workstation; // who logged on, of WS-Management
};

static inline struct http_flow *http_flow(struct proto_flow *pf)
{
    return pf->state;
}

static inline void http_anomaly(
    struct proto_flow *pf, enum flow_side side, enum anomaly request, enum anomaly response)
{
    proto_anomaly(pf, side == FLOW_CLIENT ? request : response);
}

// http.c: transactions and lines.
struct http_tx *http_tx_create(struct proto_flow *pf); // NULL: no memory, the flow is closed
void http_tx_finish_first(struct http_flow *http);     // emit the oldest, give its memory back
bool http_line_take(
    struct proto_flow *pf, enum flow_side side, struct cursor *in, struct bytes *line);
void http_message_end(struct proto_flow *pf, enum flow_side side);
size_t http_method_length(struct bytes data); // characters a method can have at its front
bool http_let_go(struct proto_flow *pf);      // nothing more is wanted; false

// http_message.c, http_chunk.c: one step of one side. False: it needs more bytes.
bool http_request_start(struct proto_flow *pf, struct cursor *in);
bool http_response_start(struct proto_flow *pf, struct cursor *in);
bool http_request_head_line(struct proto_flow *pf, struct cursor *in);
bool http_response_head_line(struct proto_flow *pf, struct cursor *in);
bool http_body_bytes(struct proto_flow *pf, enum flow_side side, struct cursor *in);
bool http_chunk_size(struct proto_flow *pf, enum flow_side side, struct cursor *in);
bool http_chunk_end(struct proto_flow *pf, enum flow_side side, struct cursor *in);
bool http_trailer_line(struct proto_flow *pf, enum flow_side side, struct cursor *in);

// http_head.c: lines of a message's head, and what they mean.
bool http_request_line(struct http_tx *tx, struct bytes line);
bool http_status_line(struct http_tx *tx, struct bytes line);
void http_head_line(struct http_tx *tx, enum flow_side side, struct bytes line);
void http_head_flush(struct http_tx *tx, enum flow_side side); // read the field that waits
void http_field_keep(
    struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value);

// Does `text` name `word`, in whatever case, with NUL bytes between, or as part of another word?
bool http_contains(struct bytes text, struct bytes word);

// http_frame.c: how long the body is (RFC 9112 section 6.3), who the request was for.
void http_frame(struct http_tx *tx, enum flow_side side);
void http_host(struct http_tx *tx);

// http_body.c: bytes of a body after chunked.
void http_body_begin(struct http_tx *tx, enum flow_side side);
void http_body_data(struct http_tx *tx, enum flow_side side, struct bytes data);
void http_body_gap(struct http_tx *tx, enum flow_side side, size_t lost);
void http_body_end(struct http_tx *tx, enum flow_side side, bool complete);

// http_upgrade.c: what stands behind CONNECT and 101 Switching Protocols. Before tx is emitted.
void http_upgrade(struct http_tx *tx);

// http_aside.c: of a request, what no record tells but who looks for attacks has to see.
void http_aside_field(struct http_tx *tx, struct bytes name, struct bytes value);
void http_aside_body(struct http_tx *tx, struct bytes data);

// http_auth.c: log-ons by NTLM and Negotiate, which belong to the connection (RFC 4559, MS-NTHT).
void http_auth_feed(struct http_tx *tx);

// http_show.c: what rules see of a message.
void http_show_request(struct http_tx *tx, struct bytes line);
void http_show_status(struct http_tx *tx, struct bytes line);
void http_show_line(struct http_tx *tx, enum flow_side side, struct bytes line); // of the head
void http_show_field(
    struct http_tx *tx, enum flow_side side, struct bytes name, struct bytes value);
void http_show_head_end(struct http_tx *tx, enum flow_side side);
void http_show_body(struct http_tx *tx, enum flow_side side, struct bytes data);
void http_show_pair(struct http_tx *tx, enum rule_buffer buffer, enum flow_side side,
    struct bytes name, struct bytes value);

// http_record.c
void http_emit(struct http_tx *tx);
void http_fill(struct http_tx *tx, struct record_http *r);
const void *http_draft(struct proto_flow *pf, uint64_t tx_id, enum record_type *type);
