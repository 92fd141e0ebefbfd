// SPDX-License-Identifier: Apache-2.0
// Reading one DNS message (RFC 1035 section 4), for dns.c and mdns.c. Everything read lives in the
// caller's arena, names and values as text. Damage is noted and what stands before it is kept.
#pragma once
#include "base/arena.h"
#include "base/cursor.h"
#include "proto/proto.h"
#include "proto/text_out.h"

enum {
    DNS_HEADER_BYTES = 12,
    DNS_NAME_BYTES = 255,         // RFC 1035 section 2.3.4, on the wire
    DNS_NAME_TEXT_BYTES = 1024,   // four characters a byte (\DDD)
    DNS_POINTERS_MAX = 64,        // compression pointers followed in one name
    DNS_QUERIES_MAX = 64,         // of one message; more are counted, not kept
    DNS_RECORDS_MAX = 256,        // of one section; the same
    DNS_RDATA_TEXT_BYTES = 4096,  // of one record; the rest is cut
    DNS_STRINGS_MAX = 64,         // strings of one TXT kept apart
    DNS_OPTIONS_MAX = 16,         // EDNS option codes kept
    DNS_MESSAGE_BUDGET = 1 << 19, // arena of one message
};

// Noted while reading; one bit each, turned into anomalies by dns_message_report.
enum dns_problem {
    DNS_MALFORMED = 1,
    DNS_LOOP = 2,
    DNS_FORWARD_POINTER = 4,
    DNS_NAME_TOO_LONG = 8,
    DNS_TOO_MANY = 16,
    DNS_TEXT_CUT = 32,
    DNS_TRAILING_DATA = 64,
};

enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_OPT = 41,
    DNS_SSHFP = 44,
    DNS_SPF = 99,
};

struct dns_section {
    struct record_dns_rr *records;
    uint16_t *types; // of each
    size_t count;
};

struct dns_message {
    struct arena *arena;
    bool utf8;         // names are UTF-8 (mDNS), not escaped past ASCII
    unsigned problems; // or-ed enum dns_problem
    uint16_t id, flags;
    uint16_t rcode;     // with the upper bits of EDNS
    uint16_t totals[4]; // as the header says: questions, answers, authorities, additionals
    struct record_dns_query *queries;
    size_t query_count;
    struct dns_section sections[3]; // answers, authorities, additionals
    struct record_dns_edns edns;    // has_udp_size: there was an OPT record
};

static inline uint8_t dns_opcode(uint16_t flags)
{
    return flags >> 11 & 15;
}

static inline bool dns_is_response(uint16_t flags)
{
    return flags >> 15;
}

// Read the message `in` holds from its start to its end. False: not even a header.
bool dns_message_read(struct dns_message *m, struct cursor *in);

// Raise what was noted as anomalies of the flow.
void dns_message_report(const struct dns_message *m, struct proto_flow *pf);

enum dns_likely { DNS_UNLIKELY, DNS_UNDECIDED, DNS_LIKELY };

// Does `data` begin like a DNS message whose counts fit its length? whole: it is all of it. strict:
// nothing unusual is let pass (no port speaks for it). *response: its QR bit. UNDECIDED: more bytes
// are needed.
enum dns_likely dns_message_likely(struct bytes data, bool whole, bool strict, bool *response);

// A name at the cursor, as text without the last dot; "" is the root. Follows compression.
void dns_name_read(struct dns_message *m, struct cursor *in, struct text_out *out, bool *truncated);

// rdata of `type`, `length` bytes at the cursor (which keeps to the whole message), into `rr`.
void dns_rdata_read(struct dns_message *m, struct cursor *in, uint16_t type, uint16_t length,
    struct record_dns_rr *rr);

// "AAAA"; "TYPE65280" for those without a name (RFC 3597 section 5).
struct bytes dns_type_name(struct arena *arena, uint16_t type);
struct bytes dns_class_name(struct arena *arena, uint16_t class);
struct bytes dns_rcode_name(struct arena *arena, uint16_t rcode);

// dns.c: a message that another protocol's transaction carries; of a response `asked_us` is the
// request's time (0: not known). Emits its record as part of that transaction.
void dns_carried(struct proto_flow *pf, enum flow_side side, uint64_t tx_id, struct bytes data,
    int64_t asked_us);

// dns_named.c: a section (0 answers, 1 authorities, 2 additionals) and the questions as mdns and
// llmnr records have them.
size_t dns_named_values(struct dns_message *m, size_t number, const struct record_mdns_rr **list);
void dns_lower_questions(struct dns_message *m);
