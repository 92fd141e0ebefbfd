// SPDX-License-Identifier: Apache-2.0
// The table the loader goes by: one entry a key, generated from schema/config.yaml.
#pragma once
#include "schema/config.h"
#include <stddef.h>

enum config_type {
    CONFIG_BOOL,
    CONFIG_COUNT,
    CONFIG_BYTES,
    CONFIG_DURATION,
    CONFIG_TEXT,
    CONFIG_ENUM,
    CONFIG_NETWORK,
    CONFIG_SECTION,
    CONFIG_LIST,
};

struct config_key {
    const char *name;
    enum config_type type;
    enum config_type of;      // LIST: of its elements
    bool required;            // in the element of a list
    size_t offset;            // of its member in struct config or in the list's element
    size_t count_offset;      // LIST
    size_t element_bytes;     // LIST
    uint64_t min, max;        // value, text length, list length
    const char *min_text;     // the same for people
    const char *max_text;
    const char *const *words; // ENUM, in the order of the C enum
    size_t words_count;
    const struct config_key *keys; // SECTION, and LIST of sections
    size_t keys_count;
};

extern const struct config_key config_root;
