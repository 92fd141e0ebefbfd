// SPDX-License-Identifier: Apache-2.0
// A protocol is one const struct proto, named in proto.def. Its parser sees each side of a flow as
// a cursor over contiguous bytes and answers with a verdict; see doc/manual/add-a-protocol.md.
#pragma once
#include "base/arena.h"
#include "base/cursor.h"
#include "flow/flow.h"
#include "schema/anomalies.h"
#include "schema/buffers.h"
#include "schema/records.h"

enum proto_verdict {
    PROTO_MORE,     // keep feeding; what the cursor has not passed is shown again with what follows
    PROTO_DONE,     // nothing more is wanted from this flow; it is only counted from here
    PROTO_NOT_MINE, // the probe was wrong; nDPI may look
    PROTO_BROKEN,   // the protocol was violated: recorded as an anomaly, the parser is let go
};

enum proto_probe {
    PROBE_NO,
    PROBE_MORE,   // could be; show me more bytes of this side
    PROBE_CLIENT, // it is, and the sender of these bytes is the client
    PROBE_SERVER, // it is, and the sender of these bytes is the server
    PROBE_EITHER, // it is; either side may say this, so the flow's sides stay as they are
};

enum proto_carrier {
    OVER_TCP = 1,
    OVER_UDP = 2,
    OVER_ICMP = 4,
    OVER_LINK = 8,
    OVER_SCTP = 16,
    OVER_IP = 32
};

// What a probe may look at.
struct proto_first {
    struct bytes data; // first payload bytes of one side
    enum proto_carrier carrier;
    uint16_t src_port, dst_port; // a hint for the shape of an answer, never a proof
    uint8_t ip_proto;            // OVER_IP: which one (OSPF is 89)
};

struct proto_flow {
    void *state;        // proto->state_bytes, zeroed at the start
    struct arena arena; // lives as long as the parser, within proto->budget_bytes
    enum proto_carrier carrier;
    bool ended[2];   // that side will send no more: the cursor holds its last bytes
    size_t need[2];  // set beside PROTO_MORE: do not call before so many bytes stand unread
    int64_t time_us; // of the packet being parsed
    const struct decoded *packet; // the packet being parsed; NULL in finish
    struct flow *flow;
    struct proto_engine *engine;
    const struct proto *proto;
    uint64_t tx_count;      // transactions begun; parsers number theirs from here
    uint64_t received[2];   // bytes of each side that came so far, lost ones too
    struct bytes view;      // what the parser was given to read
    struct bytes note;      // of the announcement that made this flow known; see proto_expect
    enum flow_side parsing; // whose bytes the parser has now, or had last
    enum flow_side speaker; // who is src in the heads of records emitted; the client unless set
    bool big_endian;        // numbers of the DCE/RPC call shown last
    bool answers; // the message emitted is the server's, though the client is src in its record
    const struct proto_watch *watch; // NULL: nobody watches
    struct bytes aside;              // what the record being emitted has beside it (struct record)
    bool goes_on; // the transaction of the record being emitted is not over with it
    // the engine's own:
    struct proto_pending *pending[2];
    const struct proto *switch_to;
};

struct proto {
    const char *name;      // app_proto of the flow: lower case
    uint8_t carriers;      // enum proto_carrier, or-ed
    uint16_t state_bytes;  // state for one flow
    uint32_t budget_bytes; // arena of one flow; what does not fit is left out or ends the parser
    uint32_t buffer_bytes; // most unread bytes kept for one side; past it the flow is BROKEN
    enum proto_probe (*probe)(const struct proto_first *first);
    // Parse what `side` sent. TCP: unread bytes in order. Else: one datagram, which is not kept.
    enum proto_verdict (*parse)(struct proto_flow *pf, enum flow_side side, struct cursor *in);
    // `lost` bytes of `side` are missing here; bytes unread before them are gone. NULL: let go.
    enum proto_verdict (*gap)(struct proto_flow *pf, enum flow_side side, size_t lost);
    // The flow ends: emit what waits for an answer, close files. May be NULL.
    void (*finish)(struct proto_flow *pf);
    // What the record of a transaction that is not over would say now, for who tells of it before;
    // it lives as long as the transaction. NULL: nothing is known of it. May be NULL.
    const void *(*draft)(struct proto_flow *pf, uint64_t tx_id, enum record_type *type);
};

// Write a record of this flow: head from the flow, body as its type says (struct record_dns *...).
// Everything body points to is copied out before this returns. tx_id: UINT64_MAX for none.
void proto_emit(struct proto_flow *pf, enum record_type type, const void *body, uint64_t tx_id);

// The same with another time than the current packet's (that of the request, say).
void proto_emit_at(struct proto_flow *pf, enum record_type type, const void *body, uint64_t tx_id,
    int64_t time_us);

// The flow is known to be more than its parser's name says (doh2 for http2).
void proto_name(struct proto_flow *pf, const char *name);

// A TLS record went by: its length becomes part of the flow's record.
void proto_note_record(struct proto_flow *pf, enum flow_side side, uint16_t length);

// Note an anomaly of this flow: a record and a metric. Each kind is written once a flow.
void proto_anomaly(struct proto_flow *pf, enum anomaly anomaly);

// What the configuration says.
const struct config *proto_config(const struct proto_flow *pf);

// From the next byte on another protocol speaks (STARTTLS, Upgrade); takes effect when parse
// returns. Unread bytes go to the next parser. The probe is not asked.
void proto_switch(struct proto_flow *pf, const struct proto *next);

// What the next parser is to know: it finds a copy as pf->note, PROTO_NOTE_BYTES and more.
void proto_switch_note(struct proto_flow *pf, struct bytes note);

// To switch to: whoever the probes find in what follows (CONNECT, 101 Switching Protocols).
extern const struct proto proto_any;

// Behind this, another protocol runs through a proxy to `dest` (host:port): its records say so.
void proto_tunnel(struct proto_flow *pf, struct bytes dest);

// A flow to come: FTP data, a TFTP transfer. It runs between the two addresses of the flow that
// announces it (one worker sees all flows of two addresses; of a third host nothing is promised),
// and goes to `proto` without its probe being asked. Each announcement is good for one flow that
// comes within two minutes.
enum { PROTO_NOTE_BYTES = 512 };
struct proto_expected {
    enum proto_carrier carrier; // OVER_TCP or OVER_UDP
    enum flow_side listener;    // the side of the announcing flow that waits at `port`
    uint16_t port;
    bool listener_is_client; // the new flow's client is who waits (active FTP: no, TFTP: yes)
    const struct proto *proto;
    struct bytes note; // copied; becomes pf->note of the new flow, PROTO_NOTE_BYTES at most
};
void proto_expect(struct proto_flow *pf, const struct proto_expected *expected);

// A file travels in this flow. `name` may be empty; `side` is its sender. NULL when the budget
// does not allow one more; the other calls take NULL. Finish every file with proto_file_close.
struct proto_file *proto_file_open(
    struct proto_flow *pf, enum flow_side side, struct bytes name, uint64_t tx_id);
void proto_file_data(struct proto_flow *pf, struct proto_file *file, struct bytes data);
void proto_file_gap(struct proto_flow *pf, struct proto_file *file, size_t lost);
// complete: the last byte was seen. Emits the fileinfo record.
void proto_file_close(struct proto_flow *pf, struct proto_file *file, bool complete);

// Instead of a transaction's number, in what is shown just before its record is written: the next
// record of the flow is meant.
#define PROTO_TX_NEXT (UINT64_MAX - 1)

// What parsers do, for whoever inspects it (rules/). Everything shown is alive only during the
// call.
enum { PROTO_WANT_WORDS = (RULE_BUFFERS + 63) / 64 };

enum proto_file_event { FILE_OPENED, FILE_DATA, FILE_LOST, FILE_CLOSED };

struct proto_file_news {
    enum proto_file_event event;
    uint64_t number; // of the file in its flow, from 1
    uint64_t tx_id;
    enum flow_side side;
    struct bytes name, data;            // data: FILE_DATA
    const struct record_fileinfo *info; // FILE_CLOSED
    struct file *file;                  // not FILE_CLOSED
};

// A piece of framing. Where `data` is shorter than `length`, the rest is in what follows.
enum { PROTO_FRAME_OPEN = -1 }; // length: not known, the frame ends with the flow
struct proto_frame {
    enum rule_frame frame;
    enum flow_side side;
    uint64_t offset; // in what the side sent; of a datagram: in the datagram
    int64_t length;
    uint64_t tx_id; // UINT64_MAX: belongs to no transaction
    struct bytes data;
};

struct proto_watch {
    void *context;
    uint64_t wants[PROTO_WANT_WORDS]; // buffers to be shown, a bit for each enum rule_buffer
    const bool *records;              // types whose fields are asked for
    void (*show)(void *context, struct proto_flow *pf, enum rule_buffer buffer, enum flow_side side,
        uint64_t tx_id, struct bytes data, bool more);
    void (*side_done)(void *context, struct proto_flow *pf, enum flow_side side, uint64_t tx_id,
        enum record_type type, const void *body); // body may be NULL
    void (*record)(void *context, struct proto_flow *pf, const struct record *record);
    void (*file)(void *context, struct proto_flow *pf, const struct proto_file_news *news);
    void (*anomaly)(void *context, struct proto_flow *pf, enum anomaly anomaly);
    void (*frame)(void *context, struct proto_flow *pf, const struct proto_frame *frame);
    // Of BUFFER_FRAME is wanted: the frame of unknown length told last ends at `offset`.
    void (*frame_ends)(void *context, struct proto_flow *pf, enum rule_frame frame,
        enum flow_side side, uint64_t offset);
    // The parser has seen `data`, of which frames that were told may hold more.
    void (*frames_go_on)(
        void *context, struct proto_flow *pf, enum flow_side side, struct bytes data);
};

// Borrowed; NULL: nobody watches. From the next packet on.
void proto_engine_watch(struct proto_engine *engine, const struct proto_watch *watch);

// Does anybody want this buffer? Ask before preparing it.
static inline bool proto_wants(const struct proto_flow *pf, enum rule_buffer buffer)
{
    return pf->watch && pf->watch->wants[(unsigned)buffer / 64] >> ((unsigned)buffer % 64) & 1;
}

static inline bool proto_wants_record(const struct proto_flow *pf, enum record_type type)
{
    return pf->watch && pf->watch->records[type];
}

// Show a buffer of a transaction, one that is in no record; `side` is its sender. Buffers of which
// there may be many: once for each.
static inline void proto_show(struct proto_flow *pf, enum rule_buffer buffer, enum flow_side side,
    uint64_t tx_id, struct bytes data)
{
    if (proto_wants(pf, buffer))
        pf->watch->show(pf->watch->context, pf, buffer, side, tx_id, data, false);
}

// More of the buffer shown last under that name (bodies).
static inline void proto_show_more(struct proto_flow *pf, enum rule_buffer buffer,
    enum flow_side side, uint64_t tx_id, struct bytes data)
{
    if (proto_wants(pf, buffer))
        pf->watch->show(pf->watch->context, pf, buffer, side, tx_id, data, true);
}

// Show a number of a transaction that is in no record.
static inline void proto_show_number(
    struct proto_flow *pf, enum flow_side side, uint64_t tx_id, struct shown_number number)
{
    proto_show_more(pf, BUFFER_NUMBERS, side, tx_id, bytes_make(&number, sizeof number));
}

// Everything that `side` sends in this transaction was shown: it can be inspected before the
// transaction's record is there. Parsers that never say so are inspected with their records.
static inline void proto_show_done(struct proto_flow *pf, enum flow_side side, uint64_t tx_id)
{
    if (pf->watch)
        pf->watch->side_done(pf->watch->context, pf, side, tx_id, RECORD_NONE, NULL);
}

// The same of a parser whose buffers are its record's fields: `body` is the record so far. As often
// as it says more (each answer to a search).
static inline void proto_show_known(struct proto_flow *pf, enum flow_side side, uint64_t tx_id,
    enum record_type type, const void *body)
{
    if (pf->watch)
        pf->watch->side_done(pf->watch->context, pf, side, tx_id, type, body);
}

// A frame begins where `from` does, which lies in what the parser was given; all of it may not have
// come yet. Once for each frame, as soon as its length is known.
void proto_frame_tell(struct proto_flow *pf, enum rule_frame frame, enum flow_side side,
    struct bytes from, int64_t length, uint64_t tx_id);
static inline void proto_frame(struct proto_flow *pf, enum rule_frame frame, enum flow_side side,
    struct bytes from, int64_t length, uint64_t tx_id)
{
    if (proto_wants(pf, BUFFER_FRAME))
        proto_frame_tell(pf, frame, side, from, length, tx_id);
}

// One whose length was not known ends before `behind`.
void proto_frame_ends(
    struct proto_flow *pf, enum rule_frame frame, enum flow_side side, struct bytes behind);

// The three frames of a message: all of it, its head, and what stands behind that, in this order in
// the list of frames from `whole` on.
void proto_frames(struct proto_flow *pf, enum rule_frame whole, enum flow_side side,
    struct bytes from, size_t head, int64_t length, uint64_t tx_id);

// What a side says is not of this protocol: is it of another one? For parsers that go on.
void proto_mismatch(struct proto_flow *pf, enum flow_side side, struct bytes data);

// Does data look like printable text? For probes.
bool proto_is_text(struct bytes data);

// The engine: tries probes, keeps unread bytes, runs parsers, names the rest with nDPI. One a
// worker.
struct proto_engine;

// Everything is borrowed and outlives the engine. emit gets every record of this worker, in order.
[[nodiscard]] struct proto_engine *proto_engine_create(const struct config *config,
    struct pool *pool, struct metrics *metrics,
    void (*emit)(void *context, const struct record *record), void *context);
void proto_engine_destroy(struct proto_engine *engine);

// Of the pool: what the engine keeps for itself, whatever flows there are.
size_t proto_engine_held_bytes(const struct proto_engine *engine);

// Keep the files that cross from here on. Borrowed.
struct file_keep;
void proto_engine_keep_files(struct proto_engine *engine, struct file_keep *keep);

// Scan the files that begin from here on. Borrowed; outlives the engine's flows.
struct file_scan;
void proto_engine_scan_files(struct proto_engine *engine, struct file_scan *scan);

// Secrets of one's own TLS sessions: lines of key logs, RSA keys in PEM.
enum { TLS_PRIVATE_KEYS_MAX = 16 };
struct tls_secrets;

enum tls_secrets_problem {
    SECRETS_UNREADABLE, // error says why
    SECRETS_DAMAGED,    // line says where
    SECRETS_TOO_MANY,
    SECRETS_NO_KEY, // not PEM, locked by a password, or not RSA
};

struct tls_secrets_trouble {
    enum tls_secrets_problem problem;
    int error;
    uint64_t line;
};

// NULL: out of memory.
[[nodiscard]] struct tls_secrets *tls_secrets_create(void);
void tls_secrets_destroy(struct tls_secrets *secrets);

[[nodiscard]] bool tls_secrets_key_log(
    struct tls_secrets *secrets, const char *path, struct tls_secrets_trouble *why);
[[nodiscard]] bool tls_secrets_private_key(
    struct tls_secrets *secrets, const char *path, struct tls_secrets_trouble *why);

// Read TLS whose secrets are among these. Borrowed, only read; NULL: none.
void proto_engine_decrypt(struct proto_engine *engine, const struct tls_secrets *secrets);

// What a flow table is to call.
const struct flow_handler *proto_engine_handler(struct proto_engine *engine);

// A packet that belongs to no flow (ARP).
void proto_engine_packet(struct proto_engine *engine, const struct decoded *packet);

// Feed one protocol as if its probe had said yes; for the fuzzer and the tests.
void proto_engine_force(struct proto_engine *engine, const struct proto *proto);

struct proto_list {
    const struct proto *const *protos;
    size_t count;
};
struct proto_list proto_all(void);

// Types of the records a parser writes, as "tls, fileinfo"; from schema/protocols.
const char *proto_records(const char *name);

// What is named without being parsed: by signatures, whose names are for ever; by nDPI, whose
// names live as long as what is returned (NULL: nDPI could not be started).
typedef void proto_each(void *context, const char *name, const char *title);
void proto_signatures(proto_each *each, void *context);
struct proto_names;
struct proto_names *proto_ndpi_names(proto_each *each, void *context);
void proto_names_free(struct proto_names *names);

#define PROTO(name) extern const struct proto proto_##name;
#include "proto/proto.def"
#undef PROTO
