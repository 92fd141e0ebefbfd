// SPDX-License-Identifier: Apache-2.0
// What a detector saw, on its way to becoming a finding: rules, indicators, Sigma, YARA and
// behaviours all speak through this. Everything a hit points to is borrowed and copied by the sink.
#pragma once
#include "schema/records.h"

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };
enum { SEVERITIES = SEVERITY_HIGH + 1 };

extern const char *const severity_ids[SEVERITIES]; // as JSON has them

// Attack phases, in their order; names and texts in content/phases.yaml.
enum phase {
    PHASE_NONE,
    PHASE_INTELLIGENCE_GATHERING,
    PHASE_POINT_OF_ENTRY,
    PHASE_COMMAND_AND_CONTROL,
    PHASE_LATERAL_MOVEMENT,
    PHASE_ASSET_DISCOVERY,
    PHASE_DATA_EXFILTRATION,
};

enum {
    HIT_TECHNIQUES = 8,
    HIT_MATCHES = 8,
    HIT_SOURCES = 8,
    HIT_FACTS = 8,
    HIT_BITS = 32,
    HIT_VARIABLES = 8
};

// Bytes that matched, and where they stood.
struct hit_match {
    struct bytes where; // name of the buffer or field: "http.uri", "dns.rrname"
    struct bytes data;  // the bytes around the match, no more than the sink keeps
    uint32_t at, len;   // the match within data
};

// Who said so: an intelligence source, a rule file.
struct hit_source {
    struct bytes name;  // "feed.csv", "MISP event 1234: …"
    struct bytes says;  // what it says of the thing: family, campaign, the event's info
    uint8_t confidence; // 0-100; 0: it did not say
    struct bytes tlp;   // "amber"; empty: it did not say
};

// What a behaviour counted or found out, for the blanks of its texts: "hosts", "254".
struct hit_fact {
    const char *name; // lives for ever: one of its `facts` in content/detectors
    struct bytes value;
};

// The packet at which it was seen, as evidence.
struct hit_packet {
    const char *source; // EVE's pkt_src; what follows is empty where no packet was there
    uint16_t link;      // as libpcap numbers it
    const char *link_name;
    struct bytes frame, payload; // as much as is kept
    uint8_t macs[2][6];          // sender, receiver
    bool has_macs;
    uint8_t tunnels;                 // how many it came through
    const struct record_head *outer; // its outermost header then, and which packet it is
};

struct hit {
    const char *detector; // its id, as in content/detectors
    struct bytes rule;    // which of its rules: "1:2013028", a Sigma id, an indicator's value
    struct bytes title;   // the rule's own words; empty: the detector's text says all
    struct bytes kind;    // which of its cases: a rule's class, an indicator's kind; may be empty
    enum severity
        severity;      // as the rule says; detect/ takes rules.suricata's from class and metadata
    uint8_t certainty; // 0-100; 0: as the detector says
    enum phase phase;  // PHASE_NONE: as the detector says
    struct bytes techniques[HIT_TECHNIQUES];
    size_t techniques_count;
    const struct record_head *head; // when, which flow, between whom
    enum record_type record;        // the record that shows it; RECORD_NONE: the flow's packets
    int64_t began_us;               // of a flow: its first packet; 0: head->timestamp says when
    struct bytes host;              // its name, where the head has no address (events of Windows)
    bool as_detector;               // severity is as the detector says, or its case
    bool quiet;                     // a finding alone, no alert record
    bool subject_is_dest;           // the finding is about dest_ip's host, src_ip's is the peer
    struct hit_match matches[HIT_MATCHES];
    size_t matches_count;
    struct hit_source sources[HIT_SOURCES];
    size_t sources_count;
    struct hit_fact facts[HIT_FACTS]; // of a finding's hits the last one's stand
    size_t facts_count;
    const struct hit_packet *packet; // the worker fills it; NULL: none of this run
    struct bytes shown; // the record's own members in JSON, `"dns":{…}`; the worker fills it
    const struct hit_alert
        *alert;               // what EVE's alert object says of a rule; NULL: made from the above
    const void *settle;       // the rule's own, for its settle(); lives with the loaded content
    struct bytes settle_more; // what else it has to know of this hit
};

// EVE's "alert".
struct hit_alert {
    uint32_t gid, signature_id, rev;
    uint8_t priority; // EVE's alert.severity, 1 is worst
    struct bytes action, signature, category;
    struct bytes verdict;             // a literal; empty: alert
    struct bytes engine;              // a literal, "fw": a firewall's rule; empty: none of these
    const struct json_pair *metadata; // may be NULL
    size_t metadata_count;
    bool has_flow; // its flow, as far as it had come: [0] client, [1] server
    bool to_client;
    struct bytes bits[HIT_BITS]; // names of the flow's
    size_t bits_count;
    // What the rule's groups of pcre found: [0] kept of the flow, [1] of the packet.
    struct json_pair variables[2][HIT_VARIABLES];
    size_t variables_count[2];
    struct bytes xff;    // X-Forwarded-For of the transaction, whole
    bool has_stream;     // it is about a stream, whose last bytes are:
    struct bytes stream; // empty: not kept
    uint64_t packets[2], bytes[2];
    int64_t start_us;
};

typedef void hit_sink(void *context, const struct hit *hit);

// The ordered stage of a source of hits that carry a `settle`: called by one thread, in the order
// of packets, whatever the number of workers. What holds goes on to the sink, as it is or changed.
typedef void hit_settle(void *state, const struct hit *hit, hit_sink *sink, void *context);

enum {
    HIT_DATA_BYTES = 512,        // kept of a match's data, around the match
    HIT_TEXT_BYTES = 1024,       // kept of each text
    HIT_SHOWN_BYTES = 32 * 1024, // kept of the record's members, or nothing
    HIT_METADATA = 64,           // pairs kept
    HIT_FACT_BYTES = 240,        // kept of each fact
};

// A copy that lives as long as the arena, cut to the limits above. NULL: out of memory.
struct arena;
[[nodiscard]] struct hit *hit_copy(struct arena *arena, const struct hit *hit);
