// SPDX-License-Identifier: Apache-2.0
// Inside sigma/: from a document to a rule. What goes wrong first is kept; the document is then
// left out whole.
#pragma once
#include "sigma/rule.h"
#include "sigma/yaml.h"

enum { SIGMA_UNKNOWN_MOST = 32 };

// A selection that was compiled already.
struct sigma_named {
    struct bytes name;
    struct sigma_node *node;
};

struct sigma_compile {
    struct sigma *sigma;
    const struct config *config;
    struct sigma_table *table; // fields are looked for here
    const uint16_t *maps;
    size_t maps_count;
    const struct yaml_node *detection;
    struct sigma_named *named;
    size_t named_count;
    size_t tests;
    bool failed, no_memory;
    struct sigma_problem problem;
    bool variable;                            // one is not in the configuration
    struct bytes unknown[SIGMA_UNKNOWN_MOST]; // fields no record of the map has: "dns: Z"
    size_t unknown_count;
    struct bytes key; // what is being compiled: "selection.Image|endswith"
};

// Always false, NULL or 0 to return: the first of them is the one that is told.
bool sigma_fail(struct sigma_compile *c, uint64_t line, enum text_id why, struct bytes what);
bool sigma_fail_allowed(struct sigma_compile *c, uint64_t line, enum text_id why, struct bytes what,
    struct bytes allowed);
bool sigma_fail_memory(struct sigma_compile *c);

struct arena *sigma_arena(struct sigma_compile *c);
struct sigma_node *sigma_node_new(struct sigma_compile *c, enum node_kind kind, size_t children);

// ---- detection.c: what one name in `detection` says
struct sigma_node *sigma_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *node);

// ---- item.c: "Field|modifier: values"
struct sigma_node *sigma_item(
    struct sigma_compile *c, struct bytes key, uint64_t line, const struct yaml_node *values);

// ---- condition.c

// What follows the pipe of an old condition: "count(field) by a, b > 5".
struct sigma_aggregate {
    bool there;
    struct bytes function, field, compare, number;
    struct bytes by[SIGMA_CARRY_MOST];
    size_t by_count;
};

// The selection of a name; NULL: told.
typedef struct sigma_node *sigma_resolve(struct sigma_compile *c, struct bytes name, uint64_t line);

// names: of all selections, for "1 of them". aggregate NULL: none is allowed.
struct sigma_names {
    const struct bytes *names;
    size_t count;
    sigma_resolve *resolve;
};
struct sigma_node *sigma_condition(struct sigma_compile *c, const struct yaml_node *text,
    const struct sigma_names *names, struct sigma_aggregate *aggregate);

// All of a `detection` (or `filter`) section: its condition over its selections.
struct sigma_node *sigma_detection(
    struct sigma_compile *c, const struct yaml_node *detection, struct sigma_aggregate *aggregate);
