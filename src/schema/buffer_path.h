// SPDX-License-Identifier: Apache-2.0
// Where rules find what they ask for: the tables of content/rules in C. schema/buffers.h and
// buffers.c are generated.
#pragma once
#include "schema/shape.h"

enum { RECORD_PATH_HOPS = 2 };

enum buffer_side { BUFFER_TO_SERVER = 1, BUFFER_TO_CLIENT = 2 };

enum buffer_source {
    BUFFER_SHOWN,     // a parser shows it: proto_show
    BUFFER_OF_RECORD, // paths
    BUFFER_OF_PACKET,
    BUFFER_OF_FILE,
    BUFFER_OF_TESTS,   // made by another test of the rule
    BUFFER_OF_NUMBERS, // no buffer of rules: struct shown_number after struct shown_number
};

// A number that a parser shows, of those that are in no record.
struct shown_number {
    uint16_t kind; // enum rule_shown
    uint16_t id;   // of settings: which
    uint32_t value;
};

// A list to go through: where its pointer and its count stand in what was reached so far.
struct record_hop {
    uint16_t list, count, element;
    uint16_t present; // of the object it is in; SHAPE_NONE
};

// One field of a record, however deep, through two lists at most.
struct record_path {
    uint8_t record; // enum record_type
    uint8_t kind;   // enum shape_kind of the value
    uint8_t to;     // enum buffer_side, or-ed: of what goes there
    uint8_t hops_count;
    struct record_hop hops[RECORD_PATH_HOPS];
    uint16_t offset;  // of the value in the innermost element
    uint16_t present; // flag that has to be set; SHAPE_NONE
};

struct rule_buffer_info {
    const char *name;             // "http.uri"
    const char *const *also;      // other names as a sticky buffer, NULL-ended; NULL: none
    const char *const *modifiers; // names as a modifier of the content before; likewise
    const char *const *protos;    // app_proto of flows that have it; NULL: any
    const struct record_path *paths;
    uint8_t paths_count;
    uint8_t to;     // enum buffer_side, or-ed
    uint8_t source; // enum buffer_source
    bool many;      // several instances, each tested by itself
    bool lower;     // its bytes are lower case
};

// Records of one message, which its sender's side is tested on; others are of a whole exchange.
extern const bool record_is_message[RECORD_TYPES];
