// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: YAML as a tree, within limits. Texts live in the arena they are read into.
#pragma once
#include "base/arena.h"
#include "schema/text.h"

enum {
    YAML_DEEP = 32,              // collections within one another
    YAML_NODES = 100'000,        // of one document, aliases counted as what they stand for
    YAML_SCALAR_BYTES = 262'144, // of one text
};

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node;

struct yaml_pair {
    struct bytes key;
    uint64_t line;
    struct yaml_node *value;
};

struct yaml_node {
    uint8_t kind;
    bool plain; // a text without quotes: may be a number, a truth value or null
    uint64_t line;
    struct bytes text;
    struct yaml_pair *pairs; // of a map; of a list only their values
    size_t count, room;
    size_t nodes; // it and all within it
};

struct yaml_trouble {
    uint64_t line;
    enum text_id why;
    struct bytes what; // lives with the arena
};

enum yaml_result { YAML_DOCUMENT, YAML_END, YAML_BROKEN };

struct yaml_reader;
[[nodiscard]] struct yaml_reader *yaml_reader_create(struct bytes content);
void yaml_reader_destroy(struct yaml_reader *reader);

// The next document. YAML_BROKEN: *trouble says why, and nothing more can be read.
enum yaml_result yaml_next(struct yaml_reader *reader, struct arena *arena, struct yaml_node **root,
    struct yaml_trouble *trouble);

// The value of a key; NULL: there is none, or it is no map.
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

// Whether it is null: "~", "null" or nothing, without quotes.
bool yaml_is_null(const struct yaml_node *node);

// A text's bytes, {NULL, 0} for everything else.
struct bytes yaml_text(const struct yaml_node *node);
