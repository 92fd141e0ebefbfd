// SPDX-License-Identifier: Apache-2.0
// Inside rules/: a rule as it is after parsing. The parser (parse_*.c) makes it, the compiler
// (prefilter.c) finds its fast pattern, the matcher (match_*.c) tests it, inspect_*.c asks when.
// Immutable once loaded; memory belongs to the rule set's arena.
#pragma once
#include "base/addr.h"
#include "base/bytes.h"
#include "schema/buffers.h" // generated from content/rules/buffers.yaml: every sticky buffer

enum {
    RULE_VARS = 16,  // byte_extract and byte_math variables of one rule
    RULE_NAMES = 65535, // flowbits, flowints and xbits are numbered over the whole set
};

enum rule_action { RULE_ALERT, RULE_PASS, RULE_DROP, RULE_REJECT };

// A number in a rule: as written, or a variable's value at that moment.
struct rule_value {
    int64_t number;
    uint8_t var; // index + 1; 0: number
};

enum rule_compare { RULE_EQ, RULE_NE, RULE_LT, RULE_LE, RULE_GT, RULE_GE, RULE_RANGE, RULE_NOT_RANGE, RULE_BITS };

// Keywords on a whole number: dsize, ttl, itype, urilen, bsize, mqtt.type…
struct rule_number {
    enum rule_compare compare;
    int64_t low, high; // RULE_RANGE: exclusive bounds as Suricata's a<>b
};

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
    TEST_BASE64_DECODE, // the tests behind base64_data stand in a group of their own
    TEST_ASN1,
};

struct rule_content {
    struct bytes pattern; // decoded: |0d 0a| are two bytes; lower case when nocase
    bool nocase, negated;
    bool relative;         // distance or within was given
    bool starts, ends;     // startswith, endswith
    bool has_offset, has_depth, has_distance, has_within;
    struct rule_value offset, depth, distance, within;
    bool fast, fast_only;  // fast_pattern as the author says
    uint16_t chop_at, chop_len; // fast_pattern:at,len; 0, 0: the whole
};

struct rule_pcre {
    void *code;  // pcre2_code, JIT-compiled
    bool negated, relative;
    uint8_t capture_vars[8]; // variable index + 1 each group fills
};

enum rule_bytes_order { BYTES_BIG, BYTES_LITTLE, BYTES_DCE };

// byte_test, byte_jump, byte_extract, byte_math, isdataat: what each reads of this is its own.
struct rule_bytes_op {
    struct rule_value count, offset;
    bool relative, string, negated, align, from_beginning, from_end;
    uint8_t base; // of a string: 8, 10, 16
    enum rule_bytes_order order;
    uint32_t bitmask;
    char op; // byte_test: < > = & ^ and l (<=) g (>=); byte_math: + - * / < > (shifts)
    struct rule_value value;
    int64_t multiplier, post_offset;
    uint8_t result; // variable index + 1
};

struct rule_dataset;

struct rule_test {
    enum rule_test_kind kind;
    union {
        struct rule_content content;
        struct rule_pcre pcre;
        struct rule_bytes_op bytes;
        struct rule_number number;
        struct rule_dataset *dataset;
    } is;
};

enum rule_transform_kind {
    TRANSFORM_MD5, TRANSFORM_SHA1, TRANSFORM_SHA256, TRANSFORM_COMPRESS_WHITESPACE, TRANSFORM_STRIP_WHITESPACE,
    TRANSFORM_DOTPREFIX, TRANSFORM_URL_DECODE, TRANSFORM_XOR, TRANSFORM_HEADER_LOWERCASE, TRANSFORM_STRIP_PSEUDO_HEADERS,
    TRANSFORM_FROM_BASE64, TRANSFORM_TO_LOWERCASE, TRANSFORM_TO_UPPERCASE, TRANSFORM_DOMAIN, TRANSFORM_TLD,
    TRANSFORM_PCREXFORM, TRANSFORM_GUNZIP, TRANSFORM_ZLIB_DEFLATE,
};

struct rule_transform {
    enum rule_transform_kind kind;
    struct bytes argument;
    void *code; // pcrexform
    int64_t offset, count; // from_base64
};

// Tests on one buffer, in the rule's order: all must hold at one choice of matches. The rule matches
// when all its groups do. A multi-buffer (dns.queries.rrname, tls.certs) is matched instance by instance.
struct rule_group {
    enum rule_buffer buffer;
    bool absent, absent_or_else; // absent; absent: or_else
    const struct rule_transform *transforms;
    uint8_t transforms_count;
    const struct rule_test *tests;
    uint16_t tests_count;
};

enum rule_direction { RULE_ONE_WAY, RULE_BOTH_WAYS, RULE_TRANSACTION /* => */ };

struct rule_addresses; // compiled set of ranges with negation; see rules/addresses.h
struct rule_ports;     // a bitmap, or NULL for any

enum rule_flow_flag {
    RULE_FLOW_TOSERVER = 1, RULE_FLOW_TOCLIENT = 2, RULE_FLOW_ESTABLISHED = 4, RULE_FLOW_NOT_ESTABLISHED = 8,
    RULE_FLOW_STATELESS = 16, RULE_FLOW_ONLY_STREAM = 32, RULE_FLOW_NO_STREAM = 64, RULE_FLOW_NO_FRAG = 128, RULE_FLOW_ONLY_FRAG = 256,
};

// Conditions that are no bytes of a buffer: `what` is RULE_ON_… of the generated list of number
// keywords (content/rules/numbers.yaml) or one of these.
enum rule_bit_command { BIT_SET, BIT_UNSET, BIT_TOGGLE, BIT_ISSET, BIT_ISNOTSET };

struct rule_bits { // flowbits, xbits, hostbits: any of names (isset,a|b)
    enum rule_bit_command command;
    const uint16_t *names;
    uint8_t names_count;
    uint8_t track; // xbits, hostbits: enum rule_track
    uint32_t expire_s;
};

struct rule_int { // flowint
    uint16_t name, other; // other: name of the value's variable + 1; 0: number
    char op[4];           // "=", "+", "-", "<", ">=", "==", "set", "not"…
    int64_t number;
};

enum rule_track { TRACK_NONE, TRACK_BY_SRC, TRACK_BY_DST, TRACK_BY_BOTH, TRACK_BY_RULE, TRACK_BY_FLOW, TRACK_BY_IP_PAIR };
enum rule_threshold_kind { THRESHOLD_NONE, THRESHOLD_LIMIT, THRESHOLD_THRESHOLD, THRESHOLD_BOTH, THRESHOLD_BACKOFF, THRESHOLD_DETECTION_FILTER };

struct rule_threshold {
    enum rule_threshold_kind kind;
    enum rule_track track;
    uint32_t count, seconds, multiplier;
};
// The struct rule itself, its conditions list (number keywords, flags, app-layer-event, …) and
// the loader's interface are R1's to complete.
