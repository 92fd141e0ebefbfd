// SPDX-License-Identifier: Apache-2.0
// Inside rules/: when and on what rules are tested. Three worlds: each packet, each side of a TCP
// stream in order, each transaction of a parser. What a rule set asks of them is worked out once
// (inspect_plan.c); what a flow needs to be remembered lies in a side table of the worker, by the
// flow's index, and takes nothing before a rule needs it.
#pragma once
#include "proto/proto.h"
#include "rules/carrier.h"
#include "rules/match.h"
#include "rules/record_number.h"
#include "rules/rules.h"

enum {
    INSPECT_WINDOW = 4096, // bytes of a stream's side carried over to the next segment
    INSPECT_CHUNK = 16,    // header of an arena's chunk, which is a power of two with it
    INSPECT_WINDOW_LEAST = 512 - INSPECT_CHUNK, // of memory for it, to begin with
    INSPECT_WINDOW_ROOM = 8192 - INSPECT_CHUNK, // and at most: when full it is moved to the front
    INSPECT_HANDSHAKE = 16 * 1024, // bytes of a side looked at where ciphertext follows
    INSPECT_AGAIN = 32,            // old bytes of a stream in which another match may begin
    INSPECT_OVERLAP = 4096,        // of a file's window carried to the next one
    INSPECT_SHOWN = 4096,          // instances one transaction shows
    INSPECT_EVENTS = 16,           // application events of a flow that wait
    INSPECT_FRAMES = 64,           // frames of a flow that are not whole yet
    INSPECT_FRAME_SHOWN = 4096,    // bytes of a frame that an alert shows
    INSPECT_RECENT = 16,           // instances a transaction remembers by their buffers
    INSPECT_APPS = 64,             // names of applications a worker remembers
    INSPECT_LIST = 512,            // entries of each list of a flow
};

enum rule_world { WORLD_PACKET = 1, WORLD_STREAM = 2, WORLD_TX = 4 };

// What a rule is to inspection.
struct rule_role {
    // Its header, as far as one look tells that it does not fit: of most candidates this is all
    // that is looked at, since the rules themselves lie in several cold lines of the cache each.
    uint64_t apps;                          // enum rule_app bits; 0: any
    const struct rule_addresses *src, *dst; // NULL: any, or either way
    uint16_t sport_low, sport_high, dport_low, dport_high;
    uint8_t carriers;  // bits: enum carrier
    uint8_t worlds;    // enum rule_world, or-ed
    uint8_t sides;     // enum buffer_side its buffers allow, or-ed; 0: both
    bool once;         // once for each side of a flow: it asks for addresses alone
    bool mixed;        // payload beside buffers of a transaction
    bool record;       // asks for something that only a record holds
    bool file;         // asks for a file
    bool files;        // asks for several things of files, which may be of one file each
    bool frame;        // asks for a frame
    bool has_payload;  // a group on the payload
    bool settles;      // its outcome is decided by rules_settle
    bool on_detection; // asks for protocols alone: at the packet by which they were known
    bool whole_flow;   // passing or dropping means the flow, not the packet alone
};

struct rule_list {
    uint32_t *indexes;
    uint32_t count, room;
};

// A rule on packets or streams without a pattern, and what spares it a try.
struct rule_quick {
    uint64_t apps; // enum rule_app bits of which the flow has one; 0: any flow
    uint32_t index;
    uint16_t low, high; // ports of the destination
    uint8_t flags;      // of TCP that have to be set
};

struct rule_quick_list {
    struct rule_quick *rules;
    uint32_t count, room;
};

// What a packet has to have for the rules of a list to be looked at.
enum quick_need { QUICK_NOTHING, QUICK_SYN, QUICK_PAYLOAD, QUICK_NEEDS };

struct rule_plan {
    const struct rule_set *set;
    struct rule_role *roles;      // one a rule
    uint32_t *ranks;              // one a rule: place in the order in which matches take effect
    struct rule_settled *settled; // one a rule
    uint64_t wants[PROTO_WANT_WORDS];
    // Rules without a fast pattern, to be tried always.
    struct rule_list record_buffers[RECORD_TYPES]; // enum rule_buffer that lie in its fields
    bool record_types[RECORD_TYPES];               // is there anything to look for in it?
    bool transactions;                             // rules with =>
    struct rule_quick_list packet[CARRIERS][QUICK_NEEDS][2], stream[2]; // by side
    struct rule_list tx[RULE_APP_COUNT], tx_any, once;
    bool tx_always;             // any on transactions
    struct rule_list events[3]; // packets' decoder events, stream events, application events
    bool packets[CARRIERS], payload[CARRIERS]; // is there anything to look for at all?
    bool frames[RULE_FRAMES];                  // is there anything to look for in it?
    uint64_t frame_apps;                       // enum rule_app bits of the rules on frames
    struct rule_list frame;
    bool streams, files, records;
    bool files_together; // do rules ask for several things of the files of a transaction?
    // Buffers in which patterns of rules on files, and of rules on records, are looked for.
    bool file_patterns[RULE_BUFFERS], record_patterns[RULE_BUFFERS];
    bool addresses;                 // rules that are tried once for each side of a flow
    bool headers;                   // rules with tests on packets' headers
    bool suppresses;                // threshold.config has something to say
    bool holds;                     // packets' rules wait until the parser had the packet's payload
    struct rule_firewall *firewall; // NULL: no rule accepts
    uint64_t *bit_ids, *int_ids;    // numbers of names, the same over all sets loaded
};

enum { EVENTS_DECODE, EVENTS_STREAM, EVENTS_APP };

struct shown {
    struct shown *next;
    enum rule_buffer buffer;
    enum flow_side side;
    uint8_t *data; // room bytes
    size_t len, room, fresh;
    uint64_t start; // offset of data in the whole
    bool cut;       // more than is kept was shown
};

// What was shown of a transaction that is not over.
struct rule_tx {
    struct arena arena; // holds this too
    struct rule_tx *next;
    const struct proto *proto;
    uint64_t id;
    struct shown *first, **last, *recent[INSPECT_RECENT];
    uint32_t count;
    bool done[2]; // that side was inspected
    uint32_t *told;
    size_t told_count;
    uint64_t *bits; // xbits of the transaction
    size_t bits_count;
    bool firewall_done[2], accepted; // by rules of a firewall
    struct rule_tx *carrier;         // of a file that is over: what carried it, and may bring more
    uint32_t files;                  // that are kept for it
};

// A frame, and what is kept of its bytes.
struct seen_frame {
    struct arena arena; // holds this too, once the frame has to wait
    struct seen_frame *next;
    const struct flow *flow; // its own, in a flow within a flow
    struct proto_frame is;
    uint64_t number; // among the frames of its side
    struct rule_view view;
    bool fresh;    // there is something not looked at
    uint8_t *data; // room bytes, once the frame has to wait
    size_t room;
    struct rule_tx told; // its arena is another one
};

struct rule_window {
    struct arena arena; // of data alone, so that a larger one takes its place
    uint8_t *data;
    uint32_t len, room;
    uint32_t old;  // bytes at its front that alerts only show: from before a gap, and a word for it
    uint64_t next; // offset in the stream behind the window
    uint64_t apps; // enum rule_app bits of the flow when it was looked at last
};

struct rule_flow {
    struct arena arena; // holds this too
    uint64_t *bits;
    size_t bits_count;
    struct rule_flow_int {
        uint64_t id;
        int64_t value;
    } * ints;
    size_t ints_count;
    uint64_t *told; // stream rules without a place: (index << 1 | side) told once
    size_t told_count;
    uint64_t *payload; // rules of two worlds whose payload matched, likewise
    size_t payload_count;
    struct rule_window window[2];
    struct rule_tx *txs;
    uint32_t txs_count;
    struct seen_frame *frames; // those that are not whole
    uint32_t frames_count;
    uint64_t frames_seen[2];
    uint64_t generation; // of the set `told` and `payload` speak of
    bool reversed;       // as the flow was when sides were looked at last
    bool parser_done;    // only rules want its bytes now
    bool passed;         // a pass rule let the flow go
    bool accepted;       // a rule of a firewall did: its tables let everything through
    int64_t dropped_ns;  // when a rule dropped it: what else matches in that packet is told
    struct rule_flow_event {
        enum anomaly anomaly : 16;
        enum flow_side side : 8; // who caused it
    } events[INSPECT_EVENTS];    // of the application, not yet inspected
    uint8_t events_count;
    const char *spoke[2]; // what that side was known to speak before; where packets are held
};

struct rules_worker {
    const struct config *config;
    struct pool *pool;
    struct metrics *metrics;
    struct proto_engine *engine;
    const struct flow_handler *inner; // the engine's
    struct flow_handler handler;
    struct proto_watch watch;
    struct rule_set *set;
    const struct rule_plan *plan;
    struct rule_scratch *scratch;
    uint64_t generation;
    struct rule_cost *costs; // one a rule; NULL: not wanted
    hit_sink *sink;
    void *sink_context;
    struct rule_flow **flows; // by flow->index
    uint32_t flows_room;
    struct {
        const char *name;
        uint64_t apps;
    } known_apps[INSPECT_APPS];    // by the name's address
    struct json shown;             // members of the record that is told with a hit
    const struct decoded *unnamed; // of whose flow nobody knew yet what it speaks
    const struct decoded *owed;    // its payload is looked at when the stream gets it
    const struct decoded *held, *waiting, *dropped, *accepted; // by the firewall
    uint8_t *joined;                                           // a window and what follows it
    size_t joined_room;
};

// Where rules are tried: a packet, a window of a stream, or a transaction.
struct inspection {
    struct rules_worker *worker;
    enum rule_world world;
    struct flow *flow;                  // NULL: a packet outside flows
    struct rule_flow *state;            // NULL: none yet
    enum flow_side side;                // who sent it
    struct proto_flow *pf;              // WORLD_TX
    const struct decoded *packet;       // NULL where there is none
    const struct rule_view *payload;    // of the packet or stream
    const struct rule_tx *tx;           // WORLD_TX; NULL: nothing was shown
    struct rule_tx *beside;             // of a file: the transaction that carries it
    const struct record *record;        // WORLD_TX; NULL: not there yet
    const struct proto_file_news *file; // WORLD_TX of a file
    const struct seen_frame *frame;     // WORLD_TX of a frame
    enum anomaly anomaly;               // of an event
    bool is_event;
    bool shown;              // rules_worker.shown tells of this place
    bool storing;            // and that a rule asks for its file
    struct bytes xff;        // and this is X-Forwarded-For there
    bool half_found;         // the payload of a rule that asks for a transaction, too
    bool file_found;         // what the rule asks for lies in this file, not in one before it
    bool passed;             // a pass rule matched
    bool apps_new;           // what was seen before is new to rules of the application
    bool both_sides;         // buffers of both sides are looked at (rules with =>)
    bool records_only;       // only rules that need the record
    struct rule_tx *tx_told; // where it is noted which rules were told
    uint64_t apps;           // enum rule_app bits of the flow
    struct addr src, dst;
    uint16_t src_port, dst_port;
    uint8_t ip_proto;
    int64_t time_us;
};

// Where xbits of the transaction are kept; NULL: there is none.
static inline struct rule_tx *inspect_bits_of(const struct inspection *in)
{
    return in->beside ? in->beside : in->tx_told;
}

// inspect_plan.c
struct rule_plan *rule_plan_create(const struct rule_set *set); // NULL: out of memory
void rule_plan_destroy(struct rule_plan *plan);
[[nodiscard]] bool rule_list_add(struct rule_list *list, uint32_t index);

// inspect_quick.c
bool rule_quick_packet(struct rule_plan *plan, const struct rule *rule, size_t kind);
bool rule_quick_stream(struct rule_plan *plan, const struct rule *rule);
void rule_quick_free(struct rule_plan *plan);
// To the candidates.
bool rule_quick_pick_packet(struct rules_worker *w, const struct flow *flow, enum flow_side side,
    const struct decoded *packet); // were there any?
void rule_quick_pick_stream(const struct inspection *in);

// inspect_app.c: names of our protocols in rules.
uint64_t rule_apps_of(const char *app_proto); // enum rule_app bits; 0: none

// inspect_flow.c
// Nothing is looked at any more: a rule passed the flow, or dropped it with an earlier packet.
bool inspect_is_over(const struct rule_flow *state, const struct decoded *packet);
enum flow_side inspect_sender(const struct flow *flow, const struct decoded *packet);
struct rule_flow *rule_flow_find(struct rules_worker *w, const struct flow *flow);
struct rule_flow *rule_flow_of(struct rules_worker *w, const struct flow *flow); // NULL: no memory
void rule_flow_end(struct rules_worker *w, const struct flow *flow);
bool rule_flow_bit(const struct rule_flow *state, uint64_t id);
void rule_flow_bit_set(struct rule_flow *state, uint64_t id, bool on);
struct rule_flow_int *rule_flow_int(struct rule_flow *state, uint64_t id, bool make);
bool rule_flow_noted(const uint64_t *list, size_t count, uint64_t key);
bool rule_flow_note(struct rule_flow *state, uint64_t **list, size_t *count, uint64_t key);
struct rule_tx *rule_tx_find(struct rule_flow *state, const struct proto *proto, uint64_t id);
struct rule_tx *rule_tx_of(
    struct rules_worker *w, struct rule_flow *state, const struct proto *proto, uint64_t id);
void rule_tx_end(struct rule_flow *state, struct rule_tx *tx);

// inspect_rule.c: one rule, and the candidates of a scan.
void inspect_candidates(struct inspection *in);
void inspect_add(struct inspection *in, const struct rule_list *always); // to the candidates
// The same bytes as a packet's and as its stream's: packet may be NULL.
void inspect_candidates_of_segment(struct inspection *packet, struct inspection *stream);
void inspect_scan(struct inspection *in, enum rule_buffer buffer, const struct rule_view *view);
void inspect_scan_headers(struct inspection *in);

// Header, flow, conditions and groups.
bool inspect_rule_matches(struct inspection *in, const struct rule *rule);
// What a match changes, and its hit where it is told.
void inspect_rule_matched(struct inspection *in, const struct rule *rule);

// inspect_firewall.c
[[nodiscard]] bool rule_firewall_create(struct rule_plan *plan); // where a rule accepts
void rule_firewall_destroy(struct rule_plan *plan);
enum rule_gate { GATE_OPEN, GATE_HELD, GATE_CLOSED };
// Of a packet, before and after its payload goes to the parser. HELD: its other rules wait until
// the parser has spoken; then: now is their turn.
enum rule_gate inspect_gate_before(struct inspection *in);
enum rule_gate inspect_gate_behind(struct inspection *in);
// Of a transaction's side; false: it is dropped.
bool inspect_gate_tx(struct inspection *in);
// Of a flow that ends while it is open.
void inspect_gate_end(struct rules_worker *w, struct flow *flow);

// inspect_condition.c, inspect_packet_field.c, inspect_record_field.c
bool rule_condition_holds(
    struct inspection *in, const struct rule *rule, const struct rule_condition *condition);
bool rule_packet_condition(const struct inspection *in, const struct rule_condition *condition);
bool rule_packet_header(const struct decoded *packet, enum rule_buffer buffer, struct bytes *out);
bool rule_record_condition(const struct inspection *in, const struct rule_condition *condition);
// Is the field in the record looked at, and of the side looked at?
bool record_path_here(const struct inspection *in, const struct record_path *path);
// Calls `found` for each instance of a field; true as soon as it answers true.
typedef bool record_value(void *context, const void *value, enum shape_kind kind);
bool record_path_each(
    const struct record_path *path, const void *body, record_value *found, void *context);
// The field's text, of numbers and addresses their text in `room`.
struct bytes record_value_bytes(const void *value, enum shape_kind kind, char room[64]);

// inspect_event.c
bool rule_event_is(struct bytes name, enum anomaly anomaly);

// inspect_tx.c
bool inspect_role_fits(const struct inspection *in, const struct rule *rule);

// inspect_frame.c
void inspect_frames_watch(struct proto_watch *watch);
// Those of `side`, or of both, will not become whole.
void inspect_frames_end(struct rule_flow *state, int side);
void inspect_frame_write(struct json *out, const struct inspection *in); // EVE's "frame":{…}

// inspect_hit.c
void inspect_hit(struct inspection *in, const struct rule *rule);

// inspect_tx.c, inspect_stream.c: what the worker's watch and handler call.
void inspect_watch_fill(struct rules_worker *w);
// Events whose record did not come.
void inspect_events_left(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet);
bool inspect_stream_payload(struct rules_worker *w, struct flow *flow, enum flow_side side,
    struct bytes data, const struct decoded *packet);
void inspect_stream_gap(
    struct rules_worker *w, const struct flow *flow, enum flow_side side, size_t lost);
// After its parser knew it, with the first record it made, else without one: rules of the
// application, which was not known before this packet.
void inspect_packet_named(struct rules_worker *w, struct flow *flow, const struct record *record);
// Transactions that were inspected before the payload of a rule on both was found.
void inspect_tx_again(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet);
void inspect_packet(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet);
void inspect_stream_event(
    struct rules_worker *w, struct flow *flow, const struct decoded *packet, enum anomaly anomaly);
// What the firewall held until the parser had the packet's payload. False: it is dropped.
bool inspect_packet_behind(
    struct rules_worker *w, struct flow *flow, enum flow_side side, const struct decoded *packet);
// enum rule_app bits of a protocol's name, which is the same text each time.
uint64_t inspect_apps(struct rules_worker *w, const char *name);
void inspect_begin(struct inspection *in, struct rules_worker *w, struct flow *flow,
    enum flow_side side, enum rule_world world);
