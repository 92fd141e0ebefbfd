// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: texts with wildcards, and how letters of both cases become one.
#pragma once
#include "base/arena.h"

// One element of a pattern: a byte, or one of these.
enum { PATTERN_ONE = 256, PATTERN_MANY, PATTERN_DASH };

// A pattern while modifiers work on it.
struct pattern_text {
    uint16_t *items;
    size_t count, room;
    struct arena *arena;
    bool failed; // out of memory
};

void pattern_add(struct pattern_text *text, uint16_t item);
void pattern_add_bytes(struct pattern_text *text, struct bytes bytes);

// A value as a rule has it: * and ? are wildcards, \ takes their meaning away.
void pattern_parse(struct pattern_text *out, struct bytes value);

// The bytes of a text without wildcards, in the arena. False: it has some.
bool pattern_plain(const struct pattern_text *text, struct bytes *out);

// What stands between two "many", compared element by element, or as bytes where it is plain.
struct pattern_part {
    const uint16_t *items;
    size_t count;
    struct bytes plain; // {NULL, 0}: it has wildcards
};

struct sigma_pattern {
    struct pattern_part *parts;
    size_t count;
    bool open_start, open_end; // anything may stand before, behind
    bool cased;
};

// Ready to be matched. NULL: out of memory.
struct sigma_pattern *pattern_compile(const struct pattern_text *text, bool cased);

// raw and folded: the same value, as it is and folded. *at, *len: where the first part was.
bool pattern_match(const struct sigma_pattern *pattern, struct bytes raw, struct bytes folded,
    size_t *at, size_t *len);

// The longest run of bytes that must stand in what matches, folded; empty: there is none.
// *whole: the value is nothing but that.
struct bytes pattern_literal(const struct sigma_pattern *pattern, struct arena *arena, bool *whole);

// Letters in one case: ASCII, and Latin, Greek, Cyrillic and full-width ones whose forms are as
// long as each other in UTF-8. `out` may be the text itself.
void pattern_fold(struct bytes text, uint8_t *out);
