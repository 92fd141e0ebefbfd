// SPDX-License-Identifier: Apache-2.0
// Documents from libyaml's events. An alias is a second way to a node, not a copy of it, and counts
// as many nodes as there are behind it, so that small files cannot grow large trees.
#include "sigma/yaml.h"
#include "base/alloc.h"
#include <yaml.h>

enum { ANCHORS = 256, ANCHOR_BYTES = 128 };

struct anchor {
    char name[ANCHOR_BYTES];
    struct yaml_node *node;
};

struct yaml_reader {
    yaml_parser_t parser;
    struct arena *arena;
    struct yaml_trouble *trouble;
    struct anchor anchors[ANCHORS]; // of the document being read
    size_t anchors_count;
    size_t nodes;
    bool broken;
};

// A collection being read, and the key of a map that waits for its value.
struct level {
    struct yaml_node *node;
    struct bytes key;
    uint64_t key_line;
    bool has_key;
    char anchor[ANCHOR_BYTES];
};

struct stack {
    struct level levels[YAML_DEEP];
    size_t count;
    struct yaml_node *root;
};

struct yaml_reader *yaml_reader_create(struct bytes content)
{
    struct yaml_reader *r = base_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    if (!yaml_parser_initialize(&r->parser)) {
        base_free(r);
        return NULL;
    }
    yaml_parser_set_input_string(&r->parser, content.data, content.len);
    return r;
}

void yaml_reader_destroy(struct yaml_reader *r)
{
    if (!r)
        return;
    yaml_parser_delete(&r->parser);
    base_free(r);
}

static bool fail(struct yaml_reader *r, uint64_t line, enum text_id why, const char *what)
{
    if (!r->broken) {
        struct bytes text = arena_copy(r->arena, bytes_from_text(what ? what : ""));
        *r->trouble = (struct yaml_trouble){line, why, text};
    }
    r->broken = true;
    return false;
}

static uint64_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}

static struct yaml_node *node_new(struct yaml_reader *r, enum yaml_kind kind, uint64_t line)
{
    struct yaml_node *node = arena_zalloc(r->arena, sizeof *node);
    if (!node) {
        fail(r, line, TEXT_SIGMA_NO_MEMORY, NULL);
        return NULL;
    }
    if (++r->nodes > YAML_NODES) {
        fail(r, line, TEXT_SIGMA_TOO_MANY_NODES, NULL);
        return NULL;
    }
    node->kind = (uint8_t)kind;
    node->line = line;
    node->nodes = 1;
    return node;
}

static bool append(struct yaml_reader *r, struct yaml_node *into, struct yaml_pair pair)
{
    if (into->count == into->room) {
        size_t room = into->room ? into->room * 2 : 4;
        struct yaml_pair *pairs =
            arena_grow(r->arena, into->pairs, into->room * sizeof *pairs, room * sizeof *pairs);
        if (!pairs)
            return fail(r, pair.line, TEXT_SIGMA_NO_MEMORY, NULL);
        into->pairs = pairs;
        into->room = room;
    }
    into->pairs[into->count++] = pair;
    into->nodes += pair.value->nodes;
    return true;
}

static bool has_key(const struct yaml_node *map, struct bytes key)
{
    for (size_t i = 0; i < map->count; i++)
        if (bytes_equal(map->pairs[i].key, key))
            return true;
    return false;
}

// A map's key.
static bool put_key(struct yaml_reader *r, struct level *top, const struct yaml_node *node)
{
    if (node->kind != YAML_TEXT)
        return fail(r, node->line, TEXT_SIGMA_KEY_NOT_TEXT, NULL);
    if (has_key(top->node, node->text))
        return fail(r, node->line, TEXT_SIGMA_KEY_TWICE, (const char *)node->text.data);
    top->key = node->text;
    top->key_line = node->line;
    top->has_key = true;
    return true;
}

// A whole node goes where it belongs.
static bool put(struct yaml_reader *r, struct stack *stack, struct yaml_node *node)
{
    if (stack->count == 0) {
        stack->root = node;
        return true;
    }
    struct level *top = &stack->levels[stack->count - 1];
    if (top->node->kind == YAML_MAP && !top->has_key)
        return put_key(r, top, node);
    struct yaml_pair pair = {top->key, top->has_key ? top->key_line : node->line, node};
    top->has_key = false;
    return append(r, top->node, pair);
}

static void remember(struct yaml_reader *r, const char *name, struct yaml_node *node)
{
    if (!name || !*name || strlen(name) >= ANCHOR_BYTES || r->anchors_count == ANCHORS)
        return; // its aliases will say that there is no such anchor
    struct anchor *a = &r->anchors[r->anchors_count++];
    memcpy(a->name, name, strlen(name) + 1);
    a->node = node;
}

static bool take_scalar(struct yaml_reader *r, struct stack *stack, const yaml_event_t *event)
{
    size_t len = event->data.scalar.length;
    uint64_t line = line_of(event);
    if (len > YAML_SCALAR_BYTES)
        return fail(r, line, TEXT_SIGMA_TEXT_TOO_LONG, NULL);
    struct yaml_node *node = node_new(r, YAML_TEXT, line);
    if (!node)
        return false;
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    char *text = arena_alloc(r->arena, len + 1);
    if (!text)
        return fail(r, line, TEXT_SIGMA_NO_MEMORY, NULL);
    memcpy(text, event->data.scalar.value, len);
    text[len] = '\0';
    node->text = bytes_make(text, len);
    remember(r, (const char *)event->data.scalar.anchor, node);
    return put(r, stack, node);
}

static bool take_alias(struct yaml_reader *r, struct stack *stack, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct yaml_node *node = NULL;
    for (size_t i = r->anchors_count; i > 0 && !node; i--)
        if (strcmp(r->anchors[i - 1].name, name) == 0)
            node = r->anchors[i - 1].node;
    if (!node)
        return fail(r, line_of(event), TEXT_SIGMA_NO_ANCHOR, name);
    r->nodes += node->nodes;
    if (r->nodes > YAML_NODES)
        return fail(r, line_of(event), TEXT_SIGMA_TOO_MANY_NODES, NULL);
    return put(r, stack, node);
}

static bool open_level(struct yaml_reader *r, struct stack *stack, const yaml_event_t *event)
{
    bool map = event->type == YAML_MAPPING_START_EVENT;
    if (stack->count == YAML_DEEP)
        return fail(r, line_of(event), TEXT_SIGMA_TOO_DEEP, NULL);
    struct yaml_node *node = node_new(r, map ? YAML_MAP : YAML_LIST, line_of(event));
    if (!node)
        return false;
    struct level *level = &stack->levels[stack->count++];
    *level = (struct level){.node = node};
    const yaml_char_t *anchor =
        map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    if (anchor && strlen((const char *)anchor) < ANCHOR_BYTES)
        memcpy(level->anchor, anchor, strlen((const char *)anchor) + 1);
    return true;
}

// An anchor stands for a node only once that is whole, so that none holds itself.
static bool close_level(struct yaml_reader *r, struct stack *stack)
{
    struct level *level = &stack->levels[--stack->count];
    remember(r, level->anchor, level->node);
    return put(r, stack, level->node);
}

static bool take_event(struct yaml_reader *r, struct stack *stack, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT: return take_scalar(r, stack, event);
    case YAML_ALIAS_EVENT: return take_alias(r, stack, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return open_level(r, stack, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_level(r, stack);
    default: return true;
    }
}

static enum yaml_result broken(struct yaml_reader *r)
{
    const char *problem = r->parser.problem;
    (void)fail(r, r->parser.problem_mark.line + 1, TEXT_SIGMA_NOT_YAML, problem ? problem : "");
    return YAML_BROKEN;
}

enum yaml_result yaml_next(struct yaml_reader *r, struct arena *arena, struct yaml_node **root,
    struct yaml_trouble *trouble)
{
    struct stack stack = {.count = 0};
    r->arena = arena;
    r->trouble = trouble;
    r->anchors_count = r->nodes = 0;
    for (bool going = !r->broken; going;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&r->parser, &event))
            return broken(r);
        yaml_event_type_t type = event.type;
        going = take_event(r, &stack, &event);
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return YAML_END;
        if (going && type == YAML_DOCUMENT_END_EVENT) {
            *root = stack.root;
            return YAML_DOCUMENT;
        }
    }
    return YAML_BROKEN;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (bytes_equal(map->pairs[i].key, bytes_from_text(key)))
            return map->pairs[i].value;
    return NULL;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return !node || (node->kind == YAML_TEXT && node->plain &&
                        (node->text.len == 0 || bytes_equal(node->text, BYTES("~")) ||
                            bytes_equal_nocase(node->text, BYTES("null"))));
}

struct bytes yaml_text(const struct yaml_node *node)
{
    return node && node->kind == YAML_TEXT ? node->text : (struct bytes){NULL, 0};
}
