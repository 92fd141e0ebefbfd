// SPDX-License-Identifier: Apache-2.0
// From a pattern and what its source says of it to the set: single values become indicators, what
// is more than that a compiled pattern.
#pragma once
#include "intel/pattern_set.h"

// What the source says; the indicator's value and kind are left empty.
struct composed_says {
    struct indicator indicator;
    struct bytes source; // name of indicator.source
    struct bytes title;
    uint64_t line;
};

enum composed {
    COMPOSED_ADDED,
    COMPOSED_LEFT_OUT, // reported and counted
    COMPOSED_FULL,     // out of memory: the reader answers false
};

// A STIX pattern.
enum composed composed_add_text(
    struct intel_builder *builder, struct bytes pattern, const struct composed_says *says);

// A tree of another format, made by `make` in the arena it is given: twice, when it is kept. NULL
// means it could not be made, and *error says why.
typedef struct pattern_node *composed_make(
    void *context, struct arena *arena, struct pattern_error *error);
enum composed composed_add(struct intel_builder *builder, composed_make *make, void *context,
    struct bytes shown, const struct composed_says *says);

// Tell of something left out, and count it.
void composed_trouble(struct intel_builder *builder, uint64_t line, struct bytes value,
    enum text_id why, struct bytes what);
