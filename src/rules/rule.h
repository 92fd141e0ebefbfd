// SPDX-License-Identifier: Apache-2.0
// Inside rules/: a rule as it is after parsing. The parser (parse_*.c) makes it, the compiler
// (prefilter.c) finds its fast pattern, the matcher (match_*.c) tests it, inspect_*.c asks when.
// Immutable once loaded; memory belongs to the rule set's arena.
#pragma once
#include "base/addr.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/shared.h"
#include "rules/addresses.h"
#include "rules/hook.h"
#include "schema/buffers.h" // generated from content/rules/buffers.yaml: every sticky buffer

enum {
    RULE_VARS = 16, // byte_extract and byte_math variables of one rule
    RULE_PCRE_CAPTURES = 8,
    RULE_NAMES = 65535, // flowbits, flowints and xbits are numbered over the whole set
};

enum rule_action { RULE_ALERT, RULE_PASS, RULE_DROP, RULE_REJECT, RULE_CONFIG, RULE_ACCEPT };

// How far an action reaches: `drop:flow`, `accept:hook`. SCOPE_NONE: the action's own.
enum rule_scope { SCOPE_NONE, SCOPE_PACKET, SCOPE_FLOW, SCOPE_TX, SCOPE_HOOK };

// A number in a rule: as written, or a variable's value at that moment.
struct rule_value {
    int64_t number;
    uint8_t var; // index + 1; 0: number
};

enum rule_compare {
    RULE_EQ,
    RULE_NE,
    RULE_LT,
    RULE_LE,
    RULE_GT,
    RULE_GE,
    RULE_RANGE,
    RULE_NOT_RANGE,
    RULE_BITS, // low is the mask, high what is left of the value
    RULE_NOT_BITS,
};

// Keywords on a whole number: dsize, ttl, itype, urilen, bsize, mqtt.type…
struct rule_number {
    enum rule_compare compare;
    int64_t low, high; // RULE_RANGE: exclusive bounds as Suricata's a<>b
};

bool rule_number_is(const struct rule_number *number, int64_t value);
// The largest it lets through; INT64_MAX: no end.
int64_t rule_number_most(const struct rule_number *number);

enum rule_test_kind {
    TEST_CONTENT,
    TEST_PCRE,
    TEST_BYTE_TEST,
    TEST_BYTE_JUMP,
    TEST_BYTE_EXTRACT,
    TEST_BYTE_MATH,
    TEST_ISDATAAT,
    TEST_BSIZE,
    TEST_DATASET,
    TEST_BASE64_DECODE, // the tests behind base64_data hang on it, they are no group of the rule
    TEST_ASN1,
    TEST_ENTROPY,
};

struct rule_content {
    struct bytes pattern; // decoded: |0d 0a| are two bytes; lower case when nocase
    bool nocase, negated;
    bool relative;     // distance or within was given
    bool starts, ends; // startswith, endswith
    bool has_offset, has_depth, has_distance, has_within;
    struct rule_value offset, depth, distance, within;
    bool fast, fast_only;       // fast_pattern as the author says
    uint16_t chop_at, chop_len; // fast_pattern:at,len; 0, 0: the whole
};

struct rule_pcre {
    void *code; // pcre2_code, JIT-compiled
    bool negated, relative;
    bool wide, nested;                     // .* without a limit; repetitions repeated
    uint16_t captures[RULE_PCRE_CAPTURES]; // name + 1 (RULE_NAMES_VARS) that each group fills
    uint8_t captures_count;
    uint8_t captures_of_packet; // bits: for the packet, not for the flow
};

enum rule_bytes_order { BYTES_BIG, BYTES_LITTLE, BYTES_DCE };

// byte_test, byte_jump, byte_extract, byte_math, isdataat: what each reads of this is its own.
struct rule_bytes_op {
    struct rule_value count, offset;
    bool relative, string, negated, from_beginning, from_end;
    uint8_t align; // byte_jump: 4, byte_extract: 2 or 4; 0: no
    uint8_t base;  // of a string: 8, 10, 16; 0: as its first characters say
    enum rule_bytes_order order;
    uint32_t bitmask;
    char op; // byte_test: < > = & ^ and l (<=) g (>=); byte_math: + - * / < > (shifts)
    struct rule_value value;
    int64_t multiplier, post_offset; // 0: as 1; post_offset of byte_jump
    uint8_t result;                  // variable index + 1
};

// dataset and datarep as written; dataset.c reads the files when all rules are there.
enum rule_dataset_command {
    DATASET_SET,
    DATASET_UNSET,
    DATASET_ISSET,
    DATASET_ISNOTSET,
    DATASET_REPUTATION
};
enum rule_dataset_type {
    DATASET_UNTYPED,
    DATASET_STRING,
    DATASET_MD5,
    DATASET_SHA256,
    DATASET_IPV4,
    DATASET_IP
};
enum rule_dataset_format { DATASET_CSV, DATASET_JSON, DATASET_NDJSON };

struct rule_dataset {
    enum rule_dataset_command command;
    enum rule_dataset_type type;
    enum rule_dataset_format format;
    struct bytes name;
    const char *load;          // path, relative ones made so to the rule file; NULL: none
    const char *state, *save;  // as written; NULL: none
    enum rule_compare compare; // DATASET_REPUTATION: EQ, LT, GT, NE
    uint16_t reputation;
    struct bytes value_key, array_key, enrichment_key; // of JSON; may be empty
    bool remove_key;
    uint64_t memory_bytes; // 0: not said
    uint32_t set;          // which of rule_set.datasets; filled by dataset.c
    const char *file;      // of the rule, for messages
    uint32_t line;
};

enum rule_base64_mode { BASE64_RFC4648, BASE64_RFC2045, BASE64_STRICT };

struct rule_base64 {
    uint32_t bytes; // most characters decoded; 0: all
    int64_t offset;
    bool relative;
    enum rule_base64_mode mode;      // base64_decode: RFC4648
    const struct rule_group *behind; // the tests behind base64_data; NULL: none
};

struct rule_asn1 {
    bool bitstring_overflow, double_overflow, has_oversize;
    bool absolute, relative; // where it begins: offset from the start, from the last match
    uint32_t oversize_length;
    int64_t offset;
};

struct rule_entropy {
    uint32_t bytes, offset; // of the buffer; bytes 0: all that is there
    enum rule_compare compare;
    double low, high; // bits a byte
};

struct rule_test {
    enum rule_test_kind kind;
    union {
        struct rule_content content;
        struct rule_pcre pcre;
        struct rule_bytes_op bytes;
        struct rule_number number;
        struct rule_dataset *dataset;
        struct rule_base64 base64;
        struct rule_asn1 asn1;
        struct rule_entropy entropy;
    } is;
};

enum rule_transform_kind {
    TRANSFORM_MD5,
    TRANSFORM_SHA1,
    TRANSFORM_SHA256,
    TRANSFORM_COMPRESS_WHITESPACE,
    TRANSFORM_STRIP_WHITESPACE,
    TRANSFORM_DOTPREFIX,
    TRANSFORM_URL_DECODE,
    TRANSFORM_XOR,
    TRANSFORM_HEADER_LOWERCASE,
    TRANSFORM_STRIP_PSEUDO_HEADERS,
    TRANSFORM_FROM_BASE64,
    TRANSFORM_TO_LOWERCASE,
    TRANSFORM_TO_UPPERCASE,
    TRANSFORM_DOMAIN,
    TRANSFORM_TLD,
    TRANSFORM_PCREXFORM,
    TRANSFORM_GUNZIP,
    TRANSFORM_ZLIB_DEFLATE,
};

struct rule_transform {
    enum rule_transform_kind kind;
    struct bytes argument;
    void *code;            // pcrexform
    int64_t offset, count; // from_base64; count 0: all
    enum rule_base64_mode mode;
};

// Tests on one buffer, in the rule's order: all must hold at one choice of matches. The rule
// matches when all its groups do. A multi-buffer (dns.queries.rrname, tls.certs) is matched
// instance by instance.
struct rule_group {
    enum rule_buffer buffer;
    enum rule_frame frame;       // of BUFFER_FRAME
    bool absent, absent_or_else; // absent; absent: or_else
    const struct rule_transform *transforms;
    uint8_t transforms_count;
    const struct rule_test *tests;
    uint16_t tests_count;
};

enum rule_direction { RULE_ONE_WAY, RULE_BOTH_WAYS, RULE_TRANSACTION /* => */ };

enum rule_flow_flag {
    RULE_FLOW_TOSERVER = 1,
    RULE_FLOW_TOCLIENT = 2,
    RULE_FLOW_ESTABLISHED = 4,
    RULE_FLOW_NOT_ESTABLISHED = 8,
    RULE_FLOW_STATELESS = 16,
    RULE_FLOW_ONLY_STREAM = 32,
    RULE_FLOW_NO_STREAM = 64,
    RULE_FLOW_NO_FRAG = 128,
    RULE_FLOW_ONLY_FRAG = 256,
    RULE_FLOW_FIRST = 512, // of the side's packets: what the hook flow_start asks for
};

// Conditions that are no bytes of a buffer: conditions.def names them.
enum rule_on {
#define CONDITION(name, shape) RULE_ON_##name,
#include "rules/conditions.def"
#undef CONDITION
    RULE_ON_COUNT,
};

enum rule_bit_command { BIT_SET, BIT_UNSET, BIT_TOGGLE, BIT_ISSET, BIT_ISNOTSET };

struct rule_bits { // flowbits, xbits, hostbits: any of names (isset,a|b)
    enum rule_bit_command command;
    const uint16_t *names;
    uint8_t names_count;
    uint8_t track; // xbits, hostbits: enum rule_track
    uint32_t expire_s;
};

struct rule_int {         // flowint
    uint16_t name, other; // other: name of the value's variable + 1; 0: number
    char op[4];           // "=", "+", "-", "<", ">=", "==", "set", "not"…
    int64_t number;
};

enum rule_track {
    TRACK_NONE,
    TRACK_BY_SRC,
    TRACK_BY_DST,
    TRACK_BY_BOTH,
    TRACK_BY_RULE,
    TRACK_BY_FLOW,
    TRACK_BY_IP_PAIR,
    TRACK_BY_TX
};
enum rule_threshold_kind {
    THRESHOLD_NONE,
    THRESHOLD_LIMIT,
    THRESHOLD_THRESHOLD,
    THRESHOLD_BOTH,
    THRESHOLD_BACKOFF,
    THRESHOLD_DETECTION_FILTER
};

struct rule_threshold {
    enum rule_threshold_kind kind;
    enum rule_track track;
    uint32_t count, seconds, multiplier;
    enum { UNIQUE_NONE, UNIQUE_SRC_PORT, UNIQUE_DST_PORT } unique_on;
};

enum rule_side { SIDE_EITHER, SIDE_TO_SERVER, SIDE_TO_CLIENT, SIDE_BOTH };

// TCP flags, fragbits, dnp3_ind, mqtt flags. Of value, bits in `ignore` taken out first:
// MASK_EXACT: value == bits; MASK_ALL: all of bits, maybe others; MASK_ANY: one of bits;
// MASK_NOT: not all of bits.
enum rule_mask_how { MASK_EXACT, MASK_ALL, MASK_ANY, MASK_NOT };
struct rule_mask {
    enum rule_mask_how how;
    uint32_t bits, ignore;
    uint32_t unset; // bits that must be 0 besides (mqtt.flags:retain,!dup)
};

bool rule_mask_holds(const struct rule_mask *mask, uint32_t value);

// Bits of RULE_ON_ipopts, RULE_ON_tls_version, RULE_ON_ssl_state.
enum rule_ip_option {
    IPOPT_RR,
    IPOPT_LSRR,
    IPOPT_EOL,
    IPOPT_NOP,
    IPOPT_TS,
    IPOPT_SEC,
    IPOPT_SSRR,
    IPOPT_SATID,
    IPOPT_ANY,
    IPOPT_ESEC,
    IPOPT_CIPSO,
    IPOPT_QS,
    IPOPT_RTRALT,
};
enum rule_tls_version {
    TLS_SSL2,
    TLS_SSL3,
    TLS_10,
    TLS_11,
    TLS_12,
    TLS_13,
    TLS_RAW /* + index 1…: see set.raw */
};
enum rule_ssl_state {
    SSL_CLIENT_HELLO,
    SSL_SERVER_HELLO,
    SSL_CLIENT_KEYX,
    SSL_SERVER_KEYX,
    SSL_UNKNOWN
};
struct rule_set_of { // one of `bits`, none of `not_bits`
    uint32_t bits, not_bits;
    uint16_t raw; // tls.version:0x7f12 and other versions without a name; 0: none
};

// Which element number.index means: of a multi-valued field, or a keyword's own (side, setting…).
enum rule_index { INDEX_ANY, INDEX_ALL, INDEX_AT, INDEX_COUNT /* number is that of elements */ };

struct rule_number_of {
    struct rule_number number;
    enum rule_index index;
    int32_t at; // INDEX_AT; negative counts from the end. Else the keyword's own
};

struct rule_checksum {
    enum {
        CSUM_IPV4,
        CSUM_TCPV4,
        CSUM_TCPV6,
        CSUM_UDPV4,
        CSUM_UDPV6,
        CSUM_ICMPV4,
        CSUM_ICMPV6,
        CSUM_IGMP
    } of;
    bool valid; // what it has to be
};

enum rule_stream_side { STREAM_SERVER, STREAM_CLIENT, STREAM_BOTH, STREAM_EITHER };
struct rule_stream_size {
    enum rule_stream_side side;
    struct rule_number number;
};

struct rule_app_protocol {
    uint64_t apps; // bits: enum rule_app
    enum {
        APP_DIRECTION, // the side that sends the packet
        APP_EITHER,
        APP_TO_SERVER,
        APP_TO_CLIENT,
        APP_FINAL,
        APP_ORIGINAL
    } which;
};

struct rule_event { // "http.missing_host" and the like, as written, lower case
    struct bytes name;
};

struct rule_geoip {
    enum { GEO_SRC = 1, GEO_DST = 2, GEO_BOTH = 4 } side; // GEO_BOTH: each of them
    const struct bytes *countries;
    uint16_t countries_count;
};

struct rule_iprep {
    enum { IPREP_ANY, IPREP_SRC, IPREP_DST, IPREP_BOTH } side;
    struct bytes category;
    struct rule_number number;
};

struct rule_file_hash {
    uint8_t length; // bytes: 16, 20, 32
    uint32_t count;
    const uint8_t *sorted; // count * length bytes
};

struct rule_number_range {
    int64_t low, high; // inclusive
};
struct rule_ranges {
    const struct rule_number_range *ranges;
    uint16_t count;
};

struct rule_dcerpc_iface {
    uint8_t uuid[16]; // as on the wire read big-endian: as written
    bool has_version, any_frag;
    struct rule_number version;
};

struct rule_rpc { // -1: any
    int64_t program, version, procedure;
};

struct rule_modbus {
    bool has_function, has_subfunction, has_category, has_access, has_unit, has_address, has_value;
    bool category_negated;
    uint8_t function;
    uint16_t subfunction;
    uint8_t category; // bits: 1 public assigned, 2 public unassigned, 4 user, 8 reserved
    bool write;       // access: write, else read
    enum { MODBUS_TABLE_ANY, MODBUS_DISCRETES, MODBUS_COILS, MODBUS_INPUT, MODBUS_HOLDING } table;
    struct rule_number unit, address, value;
};

struct rule_cip {
    int64_t service, class_id, attribute; // -1: not asked
    bool negated_class;
};

struct rule_condition {
    enum rule_on on;
    bool negated;
    union { // by the shape conditions.def gives
        struct rule_number_of number;
        struct rule_mask mask;
        struct rule_set_of set;
        struct rule_bits bits;
        struct rule_int flowint;
        struct rule_checksum checksum;
        struct rule_stream_size stream_size;
        struct rule_app_protocol app;
        struct rule_event event;
        struct rule_geoip geoip;
        struct rule_iprep iprep;
        const struct rule_file_hash *file_hash;
        struct bytes word;
        struct rule_ranges ranges;
        const struct rule_dcerpc_iface *dcerpc_iface;
        struct rule_rpc rpc;
        const struct rule_modbus *modbus;
        struct {
            int32_t first, second;
        } pair; // -1: any
        struct rule_cip cip;
    } is;
};

// Bits of a transaction are its worker's; those of hosts are settled across flows.
static inline bool rule_is_tx_bit(const struct rule_condition *c)
{
    return c->on == RULE_ON_xbits && c->is.bits.track == TRACK_BY_TX;
}

enum rule_app {
#define RULE_APP(name) RULE_APP_##name,
#include "rules/apps.def"
#undef RULE_APP
    RULE_APP_COUNT,
};

// What of a flow a header of "tcp", "ip"… asks for.
enum rule_layer_flag {
    RULE_IPV4 = 1,
    RULE_IPV6 = 2,       // ip4/ipv4, ip6/ipv6: only those; neither: both
    RULE_TCP_PKT = 4,    // tcp-pkt: packets only
    RULE_TCP_STREAM = 8, // tcp-stream: reassembled bytes only
    RULE_PKTHDR = 16,    // packets that could not be decoded either
    RULE_ARP = 32,
    RULE_ETHER = 64,
};

struct rule_reference {
    struct bytes kind, target; // "cve" "2024-1"; url: without the scheme
    struct bytes prefix;       // of reference.config, "https://…"; may be empty
};

enum rule_target { TARGET_NONE, TARGET_SRC, TARGET_DEST };

struct rule_tag {
    enum { TAG_NONE, TAG_SESSION, TAG_HOST } what;
    enum { TAG_PACKETS, TAG_SECONDS, TAG_BYTES } metric;
    uint32_t count;
    bool by_dst;
};

// filestore:DIRECTION,SCOPE
struct rule_filestore {
    bool asked;
    uint8_t side; // enum rule_side
    enum { STORE_FILE, STORE_TX, STORE_FLOW } scope;
};

struct rule_header {
    const uint8_t *protocols; // 32 bytes, a bit for each IP protocol; NULL: any
    uint64_t apps;            // bits: enum rule_app; 0: any
    uint32_t layer;           // enum rule_layer_flag
    struct bytes protocol;    // as written
    struct rule_hook hook;
    const struct rule_addresses *src, *dst; // NULL: any
    const struct rule_ports *sport, *dport; // NULL: any
    enum rule_direction direction;
};

struct rule_said { // what is told of a rule; never needed to match
    struct bytes msg;
    struct bytes classtype, category; // "trojan-activity", its words
    const struct rule_reference *references;
    const struct json_pair *metadata;
    uint16_t references_count, metadata_count;
    struct bytes text; // the rule itself, one line
    const char *file;
    uint32_t line;
};

struct rule {
    uint32_t index; // in its set: the order in which rules were read
    uint32_t gid, sid, rev;
    uint8_t priority; // 1 is worst; 255 most
    enum rule_action action;
    enum rule_scope scope;
    bool alert;    // told although the action would not, as the rule says
    bool noalert;  // matches, but is not told
    bool firewall; // of a firewall's tables: see inspect_firewall.c
    uint8_t vars;  // byte_extract and byte_math variables, numbered from 0
    enum rule_target target;
    uint16_t flow; // enum rule_flow_flag
    uint16_t groups_count, conditions_count;
    const struct rule_header *header;
    const struct rule_group *groups; // in the order in which they first stand in the rule
    const struct rule_condition *conditions;
    const struct rule_threshold *threshold; // NULL: none
    const struct rule_threshold *filter;    // detection_filter; NULL: none
    const struct rule_tag *tag;
    const struct rule_filestore *filestore; // NULL: none
    const struct rule_said *said;
    bool prefilter_on_condition;   // `prefilter` stood behind a condition
    bool packet_only, stream_only; // by what it asks; see rule_needs()
};

// Is it for what that side receives?
static inline bool rule_is_on_side(const struct rule *rule, bool to_client)
{
    if (rule->header->direction == RULE_TRANSACTION)
        return true;
    bool server = rule->flow & RULE_FLOW_TOSERVER, client = rule->flow & RULE_FLOW_TOCLIENT;
    return server == client || client == to_client;
}

static inline bool rule_has_protocol(const struct rule_header *header, uint8_t ip_proto)
{
    return !header->protocols || (header->protocols[ip_proto / 8] >> ip_proto % 8 & 1);
}

// `suppress` and `threshold`/`rate_filter` lines of threshold.config.
struct rule_suppress {
    uint32_t gid, sid;     // 0: all of the gid; gid 0: all
    enum rule_track track; // TRACK_NONE: always
    const struct rule_addresses *addresses;
};

// Everything loaded, not changed any more. `rules` is in the order of evaluation's report: as read.
struct rule_set {
    const struct rule *rules;
    uint32_t rules_count;
    const struct rule_suppress *suppress;
    uint32_t suppress_count;
    const struct bytes *names[3]; // of flowbits and xbits/hostbits; flowints; captured variables
    uint32_t names_count[3];
    bool firewall; // some rules accept: what no rule of their table accepts is dropped
    struct rule_datasets *datasets;   // dataset.c; NULL: none
    struct rule_plan *plan;           // inspect_plan.c; made when all rules are there
    struct rule_prefilter *prefilter; // prefilter.c; made when all rules are there
    struct rule_memory *memory;       // parse.c: where all this lies
    struct shared shared;
};

// What a hit's `settle` points to; lives with the set.
struct rule_settled {
    const struct rule_set *set;
    const struct rule *rule;
    const uint64_t *bit_ids; // of names of bits, the same in every set loaded
};

enum { RULE_NAMES_BITS, RULE_NAMES_INTS, RULE_NAMES_VARS };
