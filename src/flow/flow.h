// SPDX-License-Identifier: Apache-2.0
// Flows: who talks to whom. The table, its timeouts, TCP put back in order, the flow record.
// A table belongs to one worker; it sees the decoded packets of its flows in capture order.
#pragma once
#include "base/addr.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "decode/decode.h"
#include "schema/anomalies.h"
#include "schema/config.h"
#include "schema/metrics.h"
#include "schema/records.h"

enum flow_side { FLOW_CLIENT, FLOW_SERVER }; // who sent it; EVE's to_server, to_client

enum {
    FLOW_FIRST_BYTES = 16, // of each side's stream or first datagram, kept for the record
    FLOW_LENGTHS = 20,     // packets with payload whose lengths and times are told
    FLOW_RECORDS = 32,     // TLS records likewise
    FLOW_BINS = 16,        // over which the payload of a flow is told in time
    FLOW_SHA1_BYTES = 20,
    FLOW_ANOMALIES = 4, // kinds of stream anomalies told of one flow
};

enum flow_flag {
    FLOW_MIDSTREAM = 0x01,    // TCP whose beginning was not seen
    FLOW_UNWANTED = 0x02,     // nobody reads its payload any more; it is only counted
    FLOW_COMMUNITY_ID = 0x04, // community_id is computed
    FLOW_REVERSED = 0x08,     // the first packet came from the server
    FLOW_BOTH_SIDES = 0x10,
};

enum flow_state { FLOW_NEW, FLOW_ESTABLISHED, FLOW_CLOSED, FLOW_STATES };

enum flow_basis { FLOW_UNNAMED, FLOW_BY_PARSER, FLOW_BY_SIGNATURE, FLOW_BY_NDPI };

enum flow_reason { FLOW_ENDED_TIMEOUT, FLOW_ENDED_REUSED, FLOW_ENDED_EVICTED, FLOW_ENDED_SHUTDOWN };

// One flow, [FLOW_CLIENT] and [FLOW_SERVER] in every pair. Fields are the table's; consumers may
// read them and own `app`, `app_proto` and `app_before`.
struct flow {
    uint8_t addr[2][16]; // IPv4 in the first four bytes
    uint16_t port[2];    // ICMP: type and its counterpart, or type and code
    uint16_t vlan[DECODE_VLANS];
    uint32_t tunnel_key;
    uint8_t ip_version, ip_proto;
    uint8_t state; // enum flow_state
    uint8_t flags; // enum flow_flag, or-ed
    uint32_t hash;
    uint32_t index; // of the flow in its table
    uint32_t packets[2];
    uint32_t retransmits;
    uint64_t bytes[2]; // frames on the wire
    int64_t first_us, last_us;
    uint64_t order;             // index of the first packet
    void *app;                  // the consumer's
    struct flow_stream *stream; // TCP reassembly; NULL until it is needed
    const char *app_proto;      // a name that outlives the flow; NULL: not known yet
    uint32_t tcp_next[2];       // next sequence number expected from each side
    uint8_t tcp_flags[2];       // all flags seen
    uint8_t tcp_sync[2];        // tcp_next is known
    uint8_t tcp_fin[2];         // FIN was reached in order
    uint8_t first_count[2];
    uint8_t tunnels;
    uint8_t first_payload;    // side of the first packet with payload, plus 1; 0: none yet
    uint8_t app_basis : 4;    // enum flow_basis: what app_proto rests on
    uint8_t first_closed : 4; // bit (1 << side): `first` takes no more, bytes are missing after it
    uint8_t app_before;       // the consumer's: what it was before app_proto, see flow_handler
    uint8_t first[2][FLOW_FIRST_BYTES];
    uint32_t first_payload_us, first_length; // of that packet: time since first_us, payload
    struct flow_detail *detail;              // from the second such packet on
    uint8_t community_id[FLOW_SHA1_BYTES];
    uint16_t overlaps, gaps;                 // these three stop at their largest value
    uint16_t anomalies_told[FLOW_ANOMALIES]; // stream anomalies already written
    uint32_t gap_bytes;
    uint32_t syn_time; // time stamp of the last SYN; 0: none
    uint8_t syns;      // SYNs that differed from the one before, as far as is counted
    uint8_t reset;     // bit (1 << side): that side reset the connection
    uint8_t spare[2];  // up to whole cache lines; a table's flows begin at one
};
_Static_assert(
    sizeof(struct flow) == 256, "a flow takes four cache lines, and flow.memory counts on it");

// What a table tells its consumer. `payload` and `gap` return false when nothing more is wanted of
// the flow. `end` comes last, just before the flow record is written.
struct flow_handler {
    void *context;
    bool (*payload)(void *context, struct flow *flow, enum flow_side side, struct bytes data,
        const struct decoded *packet);
    bool (*gap)(void *context, struct flow *flow, enum flow_side side, size_t lost,
        const struct decoded *packet);
    void (*side_end)(
        void *context, struct flow *flow, enum flow_side side, const struct decoded *packet);
    void (*end)(void *context, struct flow *flow);
    void (*emit)(void *context, const struct record *record);
    // Name of the protocol the flow began with, where it is another now; NULL: none. May be NULL.
    const char *(*before)(void *context, const struct flow *flow);
    // Each packet of a flow, after the flow's state took it in and before its payload goes on. May
    // be NULL.
    void (*packet)(
        void *context, struct flow *flow, enum flow_side side, const struct decoded *packet);
    // Each stream anomaly, however often; a record tells of the first alone. May be NULL.
    void (*anomaly)(
        void *context, struct flow *flow, const struct decoded *packet, enum anomaly anomaly);
};

static inline enum flow_side flow_other(enum flow_side side)
{
    return side == FLOW_CLIENT ? FLOW_SERVER : FLOW_CLIENT;
}

// EVE's flow_id: the same in every run over the same packets. 53 bits, so that programs that keep
// numbers as doubles keep this one.
uint64_t flow_id(const struct flow *flow);

static inline uint16_t flow_port(const struct flow *flow, enum flow_side side)
{
    return flow->port[side];
}

static inline struct addr flow_addr(const struct flow *flow, enum flow_side side)
{
    return flow->ip_version == 4 ? addr_v4(flow->addr[side]) : addr_v6(flow->addr[side]);
}

struct flow_table;

// config, handler, pool and metrics are borrowed and must outlive the table. NULL: out of memory.
[[nodiscard]] struct flow_table *flow_table_create(const struct config *config,
    const struct flow_handler *handler, struct pool *pool, struct metrics *metrics);

// Another consumer, before the first packet. Borrowed.
void flow_table_consumer(struct flow_table *table, const struct flow_handler *handler);

// The table is one of so many that share the limits of the configuration. After creation: one.
void flow_table_share(struct flow_table *table, unsigned tables);

// Ends nothing: call flow_table_flush first when the flows' records are wanted.
void flow_table_destroy(struct flow_table *table);

// Look up and handle up to DECODE_BATCH packets of TCP, UDP, SCTP, ICMP or other IP, in order.
// orders[i] is the index of packet i in the whole input, counted from 0.
void flow_table_packets(struct flow_table *table, const struct decoded *const *packets,
    const uint64_t *orders, size_t count);

// End the flows that have been silent for longer than their timeout at now_us.
void flow_table_expire(struct flow_table *table, int64_t now_us);

// End every flow: the input is over.
void flow_table_flush(struct flow_table *table);

// The same in steps, so that the records of all flows need not be held at once: end the flows that
// began before packet `below`. Steps rise; the last one is UINT64_MAX; no packets come between.
void flow_table_flush_before(struct flow_table *table, uint64_t below);

// Where what is being told now belongs among the records of all workers: the order of the packet
// that is handled, or, while flows expire, that of the flow's first packet after all packets.
#define FLOW_ORDER_EXPIRY (1ULL << 63)
uint64_t flow_table_order(const struct flow_table *table);

size_t flow_table_count(const struct flow_table *table);

// For parsers of what is encrypted, so that the flow's record can tell of it. Texts are copied;
// memory comes from the pool the table has.
void flow_note_record(struct flow *flow, struct pool *pool, enum flow_side side, uint16_t length);
bool flow_wants_records(const struct flow *flow); // fewer than FLOW_RECORDS were noted
void flow_note_tls(struct flow *flow, struct pool *pool, const struct record_flow_tls *tls);

// Gives back what was noted; the table does that after a flow's record. For flows outside one.
void flow_note_end(struct flow *flow, struct pool *pool);

// Client and server turn out to be the other way round: swap the sides of everything kept.
void flow_reverse(struct flow *flow);

// Room for the texts a head points to; it lives as long as the record that is being written.
struct flow_head_room {
    char community_id[32];
    char proto[4];
};

// Fill a record's head from a flow: addresses, ports, protocol, Community ID (v1 specification).
void flow_head(
    struct flow *flow, int64_t time_us, struct flow_head_room *room, struct record_head *head);

// The server is src: who speaks in what the record tells of.
void flow_head_turn(struct record_head *head);

// Write an anomaly record of a flow, once for each `anomaly` of layer stream and applayer the
// caller wants told; the caller keeps count.
void flow_emit_anomaly(
    const struct flow_handler *handler, struct flow *flow, int64_t time_us, enum anomaly anomaly);

// Head of a packet that belongs to no flow (ARP, damaged ones).
void flow_packet_head(
    const struct decoded *packet, struct flow_head_room *room, struct record_head *head);
