// SPDX-License-Identifier: Apache-2.0
// STIX patterns (STIX 2.1, section 9) as trees. A pattern is observation expressions joined by AND,
// OR, FOLLOWEDBY and qualifiers; each holds tests of object paths joined by AND and OR. OpenIOC's
// trees of terms become the same. Everything lives in the arena it was made in.
#pragma once
#include "base/addr.h"
#include "base/arena.h"
#include "base/bytes.h"
#include "schema/text.h"

enum {
    PATTERN_BYTES = 65'536,   // longer ones are refused
    PATTERN_DEPTH = 32,       // brackets in brackets
    PATTERN_TESTS = 4096,     // of one pattern
    PATTERN_STEPS = 16,       // of an object path
    PATTERN_SET = 4096,       // values of IN
    PATTERN_REPEATS = 1000,   // REPEATS n TIMES: more are not counted
    PATTERN_OBSERVATIONS = 16 // between AND and FOLLOWEDBY; what OR joins stands alone
};

enum pattern_op {
    OP_EQUAL,
    OP_UNEQUAL,
    OP_GREATER,
    OP_LESS,
    OP_GREATER_EQUAL,
    OP_LESS_EQUAL,
    OP_IN,
    OP_LIKE,
    OP_MATCHES,
    OP_SUBSET,
    OP_SUPERSET,
    OP_EXISTS,
    OP_CONTAINS, // OpenIOC's; STIX writes LIKE '%x%'
};

enum literal_kind {
    LITERAL_TEXT,
    LITERAL_INTEGER,
    LITERAL_FLOAT,
    LITERAL_BOOL,
    LITERAL_TIME,  // integer: microseconds since 1970
    LITERAL_BYTES, // h'' and b''
};

struct literal {
    enum literal_kind kind;
    struct bytes text;       // of text and bytes
    int64_t integer;         // of integer, bool, time
    double number;           // of integer and float
    struct addr_range range; // of texts that are addresses; version 0: not one
};

enum { STEP_ANY = INT32_MAX }; // [*]

struct path_step {
    struct bytes key; // {NULL, 0}: an index
    int32_t index;
};

struct pattern_path {
    struct bytes type; // "file"
    struct path_step *steps;
    size_t count;
    struct bytes text; // as written
};

struct pattern_test {
    struct pattern_path path;
    enum pattern_op op;
    bool negated;
    bool nocase; // OpenIOC's texts; STIX minds case
    struct literal *literals;
    size_t literals_count;
    const struct observable *seen; // where records have it; NULL: it cannot be seen in traffic
    int32_t index;                 // which of its values; STEP_ANY
    void *regex;                   // pcre2_code of MATCHES
};

enum node_kind {
    NODE_TEST,
    NODE_BOTH,    // AND of tests
    NODE_EITHER,  // OR of tests
    NODE_OBSERVE, // [ ... ]
    NODE_ALL,     // AND of observations
    NODE_ANY,     // OR of observations
    NODE_THEN,    // FOLLOWEDBY
    NODE_WITHIN,
    NODE_REPEATS,
    NODE_BETWEEN, // START STOP
};

struct pattern_node {
    enum node_kind kind;
    struct pattern_node *child; // first; its siblings follow
    struct pattern_node *next;
    struct pattern_test *test; // of NODE_TEST
    int64_t from_us, to_us;    // of BETWEEN; to_us is the length of WITHIN
    uint32_t times;            // of REPEATS
    uint32_t leaf;             // of OBSERVE: its number in the pattern
};

struct pattern_error {
    enum text_id why;
    size_t at;         // byte in the pattern
    struct bytes what; // what stands there
};

// The tree of `text`. NULL: it is not a pattern, *error says why; or memory is short, error->why is
// then TEXT_STIX_NO_MEMORY.
[[nodiscard]] struct pattern_node *stix_pattern_parse(
    struct arena *arena, struct bytes text, struct pattern_error *error);

// "2014-06-29T00:00:00.5Z" (RFC 3339) as microseconds since 1970.
bool pattern_time(struct bytes text, int64_t *out_us);
