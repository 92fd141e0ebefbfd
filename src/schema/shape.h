// SPDX-License-Identifier: Apache-2.0
// What records look like from outside: for code that fills or reads their fields by name (other
// products' logs). The tables are generated, in the order of the schema.
#pragma once
#include "schema/records.h"

enum shape_kind {
    SHAPE_TEXT, // struct bytes
    SHAPE_HEX,  // struct bytes, written as hexadecimal
    SHAPE_MAC,  // struct bytes
    SHAPE_ADDR, // struct addr
    SHAPE_TIME, // int64_t
    SHAPE_BOOL,
    SHAPE_DOUBLE,
    SHAPE_I64,
    SHAPE_U8,
    SHAPE_U16,
    SHAPE_U32,
    SHAPE_U64,
    SHAPE_U8_HEX,
    SHAPE_U16_HEX,
    SHAPE_OBJECT,
    SHAPE_LIST,       // pointer and size_t count
    SHAPE_PAIRS,      // like a list: members with names of their own
    SHAPE_PAIR_LISTS, // the same, a list of texts under each name
    SHAPE_OTHER,      // what only the sensor itself makes
};

enum { SHAPE_NONE = UINT16_MAX };

struct shape;

struct shape_field {
    const char *key;            // in JSON
    uint8_t kind;               // enum shape_kind
    uint8_t of;                 // of a list's elements
    bool top;                   // stands beside the record's object
    uint16_t offset;            // from the beginning of the struct it is in
    uint16_t count;             // of a list: offset of its count
    uint16_t present;           // offset of has_NAME; SHAPE_NONE
    const struct shape *inside; // of an object, or of a list's elements when they are objects
};

// What a struct points to, for copies.
struct shape_list {
    uint16_t offset, count;      // of the pointer, of its count
    uint16_t size;               // of an element
    const struct shape *element; // NULL: it points to nothing
};

struct shape {
    const struct shape_field *fields;
    uint16_t count;
    uint16_t size;         // of the struct
    const uint16_t *texts; // offsets of every struct bytes, also of objects within
    uint16_t texts_count;
    const struct shape_list *lists; // also of objects within
    uint16_t lists_count;
};

extern const struct shape shape_head;
extern const struct shape *const shape_of_record[RECORD_TYPES]; // [RECORD_NONE] is NULL

// One field, however deep, as offsets: from the record (or the head), through one list at most.
struct shape_path {
    uint16_t offset;
    uint16_t present;    // SHAPE_NONE
    uint16_t list;       // offset of the list's pointer; SHAPE_NONE: no list; then `offset`
    uint16_t list_count; // counts from the element on
    uint16_t element;    // size of an element
    bool head;           // from struct record_head
    bool all;            // every element of the list, not the first
    uint8_t kind;        // enum shape_kind of the value
    uint32_t a_second;   // in the field's unit; 0: it has no unit of time
};

// Where a path leads in a record: `count` values, `step` bytes apart. NULL: nothing is there.
const void *shape_values(
    const struct shape_path *path, const struct record_head *head, const void *body, size_t *count);

// The unsigned number of one of the kinds SHAPE_U8 to SHAPE_U16_HEX at a place; of others 64 bits
// as they stand.
uint64_t shape_unsigned(const void *at, uint8_t kind);
