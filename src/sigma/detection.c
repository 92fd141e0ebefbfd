// SPDX-License-Identifier: Apache-2.0
// Selections: maps (all of it), lists of maps (any of them), lists of texts (keywords, any of
// them).
#include "base/json.h"
#include "sigma/compile.h"
#include <stdio.h>

enum { NAMES_MOST = 512, KEY_BYTES = 256 };

bool sigma_fail_allowed(struct sigma_compile *c, uint64_t line, enum text_id why, struct bytes what,
    struct bytes allowed)
{
    if (c->failed)
        return false;
    c->failed = true;
    c->problem.line = line;
    c->problem.why = why;
    c->problem.key = c->key;
    c->problem.what = bytes_sub(what, 0, KEY_BYTES);
    c->problem.allowed = allowed;
    return false;
}

bool sigma_fail(struct sigma_compile *c, uint64_t line, enum text_id why, struct bytes what)
{
    return sigma_fail_allowed(c, line, why, what, (struct bytes){NULL, 0});
}

bool sigma_fail_memory(struct sigma_compile *c)
{
    c->no_memory = true;
    return sigma_fail(c, 0, TEXT_SIGMA_NO_MEMORY, (struct bytes){NULL, 0});
}

struct arena *sigma_arena(struct sigma_compile *c)
{
    return &c->sigma->arena;
}

struct sigma_node *sigma_node_new(struct sigma_compile *c, enum node_kind kind, size_t children)
{
    struct sigma_node *node = arena_zalloc(sigma_arena(c), sizeof *node);
    if (node && children)
        node->children = arena_zalloc(sigma_arena(c), children * sizeof *node->children);
    if (!node || (children && !node->children)) {
        sigma_fail_memory(c);
        return NULL;
    }
    node->kind = (uint8_t)kind;
    return node;
}

// "selection.Image|endswith"
static struct bytes key_under(struct sigma_compile *c, struct bytes name, struct bytes key)
{
    char text[2 * KEY_BYTES + 2];
    int len = snprintf(text, sizeof text, "%.*s.%.*s",
        (int)(name.len < KEY_BYTES ? name.len : KEY_BYTES), (const char *)name.data,
        (int)(key.len < KEY_BYTES ? key.len : KEY_BYTES), (const char *)key.data);
    return arena_copy(sigma_arena(c), bytes_make(text, (size_t)len));
}

static struct sigma_node *map_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *map)
{
    struct sigma_node *all = sigma_node_new(c, NODE_AND, map->count);
    for (size_t i = 0; all && i < map->count; i++) {
        const struct yaml_pair *pair = &map->pairs[i];
        c->key = key_under(c, name, pair->key);
        all->children[all->count] = sigma_item(c, pair->key, pair->line, pair->value);
        if (!all->children[all->count++])
            return NULL;
    }
    return all;
}

static struct sigma_node *any_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *list, int deep);

static struct sigma_node *one_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *node, int deep)
{
    c->key = name;
    switch ((enum yaml_kind)node->kind) {
    case YAML_MAP: break;
    case YAML_LIST:
        if (deep == YAML_DEEP)
            sigma_fail(c, node->line, TEXT_SIGMA_TOO_DEEP, name);
        return deep == YAML_DEEP ? NULL : any_selection(c, name, node, deep + 1);
    default: return sigma_item(c, BYTES(""), node->line, node);
    }
    if (node->count == 0)
        sigma_fail(c, node->line, TEXT_SIGMA_EMPTY, name);
    return node->count ? map_selection(c, name, node) : NULL;
}

static struct sigma_node *any_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *list, int deep)
{
    if (list->count == 0) {
        sigma_fail(c, list->line, TEXT_SIGMA_EMPTY, name);
        return NULL;
    }
    struct sigma_node *any = sigma_node_new(c, NODE_OR, list->count);
    for (size_t i = 0; any && i < list->count; i++) {
        any->children[any->count] = one_selection(c, name, list->pairs[i].value, deep);
        if (!any->children[any->count++])
            return NULL;
    }
    return any;
}

struct sigma_node *sigma_selection(
    struct sigma_compile *c, struct bytes name, const struct yaml_node *node)
{
    if (yaml_is_null(node)) {
        c->key = name;
        sigma_fail(c, node->line, TEXT_SIGMA_EMPTY, name);
        return NULL;
    }
    return one_selection(c, name, node, 0);
}

static bool is_selection(struct bytes key)
{
    static const char *const others[] = {"condition", "timeframe", "rules", "fields"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (bytes_equal(key, bytes_from_text(others[i])))
            return false;
    return true;
}

static struct sigma_node *resolve(struct sigma_compile *c, struct bytes name, uint64_t line)
{
    for (size_t i = 0; i < c->named_count; i++)
        if (bytes_equal(c->named[i].name, name))
            return c->named[i].node;
    for (size_t i = 0; i < c->detection->count; i++) {
        const struct yaml_pair *pair = &c->detection->pairs[i];
        if (!bytes_equal(pair->key, name) || !is_selection(name))
            continue;
        struct sigma_node *node = sigma_selection(c, name, pair->value);
        if (node && c->named_count < NAMES_MOST)
            c->named[c->named_count++] = (struct sigma_named){name, node};
        return node;
    }
    sigma_fail(c, line, TEXT_SIGMA_NO_SELECTION, name);
    return NULL;
}

struct sigma_node *sigma_detection(
    struct sigma_compile *c, const struct yaml_node *detection, struct sigma_aggregate *aggregate)
{
    c->key = BYTES("detection");
    const struct yaml_node *condition = yaml_get(detection, "condition");
    if (!detection || detection->kind != YAML_MAP || !condition) {
        sigma_fail(c, detection ? detection->line : 0, TEXT_SIGMA_NO_CONDITION, BYTES(""));
        return NULL;
    }
    struct bytes *names = arena_alloc(sigma_arena(c), detection->count * sizeof *names);
    c->named = arena_alloc(sigma_arena(c), NAMES_MOST * sizeof *c->named);
    c->named_count = 0;
    c->detection = detection;
    if (!names || !c->named) {
        sigma_fail_memory(c);
        return NULL;
    }
    struct sigma_names all = {.names = names, .resolve = resolve};
    for (size_t i = 0; i < detection->count; i++)
        if (is_selection(detection->pairs[i].key))
            names[all.count++] = detection->pairs[i].key;
    return sigma_condition(c, condition, &all, aggregate);
}
