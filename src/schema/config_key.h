// SPDX-License-Identifier: Apache-2.0
// The table the loader goes by: one entry a key, generated from schema/config.yaml.
#pragma once
#include "schema/config.h"
#include "schema/text.h"
#include <stddef.h>

enum config_type {
    CONFIG_BOOL,
    CONFIG_COUNT,
    CONFIG_BYTES,
    CONFIG_DURATION,
    CONFIG_DATE,
    CONFIG_TEXT,
    CONFIG_ENUM,
    CONFIG_NETWORK,
    CONFIG_SECTION,
    CONFIG_LIST,
};

struct config_key {
    const char *name;
    enum config_type type;
    enum config_type of;  // LIST: of its elements
    const char *path;     // dotted, in the whole file
    bool unique;          // TEXT in the element of a list: no two alike; required as well
    bool required;        // in the element of a list
    bool segment;         // TEXT: the name of a segment, or outside
    bool one_of;          // there: at least one of those so marked
    size_t offset;        // of its member in struct config or in the list's element
    size_t count_offset;  // LIST
    size_t element_bytes; // LIST
    uint64_t min, max;    // value, text length, list length
    const char *min_text; // the same for people
    const char *max_text;
    const char *const *words; // ENUM, in the order of the C enum
    size_t words_count;
    const struct config_key *keys; // SECTION, and LIST of sections
    size_t keys_count;
};

extern const struct config_key config_root;

// Reads a value of BOOL, COUNT, BYTES, DURATION, DATE, ENUM or NETWORK into `out`, which has the C
// type the member has. False: it does not fit.
[[nodiscard]] bool config_value_read(
    const struct config_key *key, enum config_type type, struct bytes text, void *out);

// What may stand at a key, in words; `type` is that of the key or of a list's elements.
void config_allowed_write(
    const struct config_key *key, enum config_type type, enum lang lang, char *out, size_t room);

// The name most like `text` among the keys of a section, else the path of a key of that very name
// in another one; NULL when there is neither.
const char *config_key_near(const struct config_key *section, struct bytes text);

// config_load for a file that is in memory; `name` stands for it in messages.
[[nodiscard]] bool config_read(struct config *out, const char *name, struct bytes content,
    enum lang lang, char *error, size_t error_size);
