// SPDX-License-Identifier: Apache-2.0
// The text of a YARA file, taken apart into its imports, includes and rules without understanding
// them: so that a broken rule can be left out and named, and the others stay.
#pragma once
#include "base/bytes.h"

enum yara_item_kind {
    YARA_IMPORT,
    YARA_INCLUDE,
    YARA_RULE,
    YARA_BROKEN, // a rule without braces, or text between rules
};

struct yara_item {
    enum yara_item_kind kind;
    struct bytes text; // from its first word to its last brace
    size_t at;         // where it stands in the file
    struct bytes name; // of the rule, the module, the included file
    uint32_t line, last_line;
    bool global;
    bool out; // left out: it does not compile
};

struct yara_items {
    struct yara_item *items;
    size_t count;
};

enum { YARA_ITEMS_MOST = 1'000'000 }; // of one file

// Slices point into text. False: out of memory, or too many items.
[[nodiscard]] bool yara_items_find(struct bytes text, struct yara_items *out);
void yara_items_finish(struct yara_items *items);

enum yara_token_kind { YARA_END, YARA_WORD, YARA_STRING, YARA_MARK };

struct yara_token {
    enum yara_token_kind kind;
    struct bytes text; // of a string: without its quotes; of a mark: one character
    uint32_t line;
};

// Reads token by token: words (rule names, keywords, modules), strings, marks. Comments and regular
// expressions are passed over.
struct yara_reader {
    struct bytes text;
    size_t at;
    uint32_t line; // of `at`, 1 and up
};

struct yara_token yara_token_next(struct yara_reader *reader);
