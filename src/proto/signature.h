// SPDX-License-Identifier: Apache-2.0
// Names for what nobody parses, from the first bytes of one side: content/signatures.yaml as a
// table. It is asked after the probes and before nDPI, which does not know all of these.
#pragma once
#include "proto/proto.h"

enum signature_kind {
    SIGNATURE_BYTES,  // `bytes` stand at `at`
    SIGNATURE_MASKED, // likewise, of each byte the bits of `mask`
    SIGNATURE_FIND,   // `bytes` stand somewhere
    SIGNATURE_NUMBER, // the number at `at` compares
    SIGNATURE_SIZE,   // the size compares
    SIGNATURE_PORT,   // either port
    SIGNATURE_PROTO,  // the IP protocol
};

enum signature_compare { SIGNATURE_EQUAL, SIGNATURE_AT_MOST, SIGNATURE_AT_LEAST };

struct signature_test {
    uint8_t kind;    // enum signature_kind
    uint8_t len;     // of bytes and mask
    uint8_t width;   // of a number, bytes
    uint8_t compare; // enum signature_compare
    bool little;     // a number's least significant byte comes first
    bool relative;   // value is added to the size
    uint16_t at;
    int32_t value;
    const char *bytes, *mask;
};

// One way to know a protocol: all its tests hold.
struct signature_way {
    uint8_t count;
    uint16_t first; // of signature_tests
    uint16_t name;  // of signature_names
};

struct signature_name {
    const char *name;  // for app_proto
    const char *title; // for people
};

// Made from content/signatures.yaml.
extern const struct signature_test signature_tests[];
extern const struct signature_way signature_ways[];
// Numbers of the ways that a first byte leaves, for each carrier (TCP, UDP, IP) and byte: those of
// i are signature_lists[signature_starts[i] .. signature_starts[i + 1]).
extern const uint16_t signature_starts[], signature_lists[];
extern const struct signature_name signature_names[];
extern const size_t signature_name_count;

// The name of the first signature that fits; NULL: none does. It outlives everything.
const char *signature_find(const struct proto_first *first);
