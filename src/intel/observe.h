// SPDX-License-Identifier: Apache-2.0
// What records show of STIX's cyber observables: observable.def resolved to offsets, and the values
// that stand there in the form in which they are compared.
#pragma once
#include "base/addr.h"
#include "base/arena.h"
#include "intel/pattern.h"
#include "schema/shape.h"

enum observable_how {
    HOW_TEXT,
    HOW_TEXT_NOCASE,
    HOW_NAME, // of a host: without case and last dot
    HOW_ADDR4,
    HOW_ADDR6,
    HOW_NAME_OR_ADDR,
    HOW_REF_TYPE, // "ipv4-addr", "ipv6-addr", "domain-name"
    HOW_URL,
    HOW_MAC,
    HOW_HASH, // hexadecimal, without colons
    HOW_MAIL, // the address of "Name <address>"
    HOW_MAIL_NAME,
    HOW_FILE_NAME, // as given, and without folders
    HOW_FOLDER,
    HOW_DN, // distinguished name: without the spaces behind commas
    HOW_NUMBER,
    HOW_HEX_NUMBER,
    HOW_PROTOCOL,
    HOW_TIME,
};

enum { FIELD_STEPS = 4, OBSERVABLE_FIELDS = 16 };

// A step into a struct; a list where count is not SHAPE_NONE.
struct field_step {
    uint16_t offset, present, count, size;
    uint8_t kind; // enum shape_kind, of the elements of a list
};

struct field {
    enum record_type type; // RECORD_NONE: the head of every record
    uint8_t steps_count;
    struct field_step steps[FIELD_STEPS];
    struct bytes name; // "tls.sni"; of the head "src_ip"
};

struct observable {
    const char *path;
    enum observable_how how;
    struct field fields[OBSERVABLE_FIELDS];
    uint8_t fields_count; // 0: this build's records show none of it
};

struct observables {
    struct observable *list;
    size_t count;
};

// NULL in list: out of memory. Lives in the arena.
struct observables observables_make(struct arena *arena);

// Where records show `path`; *index becomes which of several values it asks for. NULL: nowhere.
const struct observable *observable_find(
    const struct observables *all, const struct pattern_path *path, int32_t *index);

enum value_kind { VALUE_TEXT, VALUE_NUMBER, VALUE_TIME, VALUE_ADDR };

struct seen_value {
    enum value_kind kind;
    struct bytes text; // as compared; of an address too
    struct bytes raw;  // as it stands in the record, to show
    int64_t number;    // of numbers and times
    struct addr addr;
};

// False: no more values are wanted.
typedef bool value_sink(void *context, const struct field *field, const struct seen_value *value);

void observable_values(const struct observable *observable, const struct record *record,
    value_sink *sink, void *context);

enum { OBSERVE_TEXT_BYTES = 4096 }; // longer values are compared by their beginning

// `text` in the form in which values of `how` are compared; `room` may hold it.
struct bytes observable_canonical(
    enum observable_how how, struct bytes text, uint8_t room[OBSERVE_TEXT_BYTES]);

// Whether case does not count.
bool observable_nocase(enum observable_how how);
