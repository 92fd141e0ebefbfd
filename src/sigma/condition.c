// SPDX-License-Identifier: Apache-2.0
// The condition: or, and, not, parentheses, "1 of NAME*", "all of them". A list of conditions is
// any of them. What stands behind a pipe is the aggregation of older rules.
#include "sigma/compile.h"

enum { CONDITION_DEEP = 64, CONDITION_BYTES = 65'536 };

struct reader {
    struct sigma_compile *c;
    const struct sigma_names *names;
    struct bytes rest, word; // word: the one being looked at; empty at the end
    uint64_t line;
    int deep;
};

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool stands_alone(uint8_t c)
{
    return c == '(' || c == ')' || c == '|' || c == ',';
}

static bool is_sign(uint8_t c)
{
    return c == '<' || c == '>' || c == '=' || c == '!';
}

// On to the next word.
static void next(struct reader *r)
{
    while (r->rest.len && is_space(r->rest.data[0]))
        r->rest = bytes_from(r->rest, 1);
    size_t len = r->rest.len > 0;
    bool sign = len && is_sign(r->rest.data[0]);
    if (len && !stands_alone(r->rest.data[0]))
        while (len < r->rest.len && !is_space(r->rest.data[len]) &&
               !stands_alone(r->rest.data[len]) && is_sign(r->rest.data[len]) == sign)
            len++;
    r->word = bytes_sub(r->rest, 0, len);
    r->rest = bytes_from(r->rest, len);
}

static bool is(const struct reader *r, const char *word)
{
    return bytes_equal_nocase(r->word, bytes_from_text(word));
}

static struct sigma_node *fail(struct reader *r, enum text_id why)
{
    r->c->key = BYTES("condition");
    sigma_fail(r->c, r->line, why, r->word);
    return NULL;
}

static struct sigma_node *either(struct reader *r);

// Whether a name is meant by "selection*"; only * is a wildcard.
static bool name_matches(struct bytes pattern, struct bytes name)
{
    size_t star = bytes_find_byte(pattern, '*');
    if (star == BYTES_NOT_FOUND)
        return bytes_equal(pattern, name);
    if (!bytes_start_with(name, bytes_sub(pattern, 0, star)))
        return false;
    struct bytes rest = bytes_from(pattern, star + 1);
    for (size_t at = star; at <= name.len; at++)
        if (name_matches(rest, bytes_from(name, at)))
            return true;
    return false;
}

static bool is_meant(struct bytes pattern, struct bytes name)
{
    if (bytes_equal_nocase(pattern, BYTES("them")))
        return name.len && name.data[0] != '_';
    return name_matches(pattern, name);
}

static size_t stars_of(struct bytes pattern)
{
    size_t stars = 0;
    for (size_t i = 0; i < pattern.len; i++)
        stars += pattern.data[i] == '*';
    return stars;
}

// "1 of NAME*": the number was read, "of" is being looked at.
static struct sigma_node *some_of(struct reader *r, bool all, uint64_t need)
{
    next(r);
    struct bytes pattern = r->word;
    if (pattern.len == 0 || stars_of(pattern) > 4)
        return fail(r, TEXT_SIGMA_BAD_CONDITION);
    struct sigma_node *node = sigma_node_new(r->c, NODE_OF, r->names->count);
    for (size_t i = 0; node && i < r->names->count; i++) {
        if (!is_meant(pattern, r->names->names[i]))
            continue;
        struct sigma_node *child = r->names->resolve(r->c, r->names->names[i], r->line);
        if (!child)
            return NULL;
        node->children[node->count++] = child;
    }
    if (!node)
        return NULL;
    if (node->count == 0)
        return fail(r, TEXT_SIGMA_NO_SELECTION);
    node->kind = all ? NODE_AND : need == 1 ? NODE_OR : NODE_OF;
    node->need = (uint32_t)(need < node->count + 1 ? need : node->count + 1);
    next(r);
    return node;
}

// A word that may begin "N of …": looks one ahead.
static bool begins_some(struct reader *r, bool *all, uint64_t *need)
{
    struct reader ahead = *r;
    *all = is(r, "all");
    *need = is(r, "any") ? 1 : 0;
    bool number = bytes_to_u64(r->word, need);
    next(&ahead);
    return (*all || is(r, "any") || (number && *need > 0)) && is(&ahead, "of");
}

static struct sigma_node *primary(struct reader *r)
{
    bool all;
    uint64_t need;
    if (is(r, "(")) {
        if (r->deep++ == CONDITION_DEEP)
            return fail(r, TEXT_SIGMA_TOO_DEEP);
        next(r);
        struct sigma_node *inner = either(r);
        r->deep--;
        if (!inner)
            return NULL;
        if (!is(r, ")"))
            return fail(r, TEXT_SIGMA_BAD_CONDITION);
        next(r);
        return inner;
    }
    if (begins_some(r, &all, &need)) {
        next(r);
        return some_of(r, all, need);
    }
    if (r->word.len == 0 || stands_alone(r->word.data[0]) || is(r, "and") || is(r, "or") ||
        is(r, "of"))
        return fail(r, TEXT_SIGMA_BAD_CONDITION);
    struct sigma_node *node = r->names->resolve(r->c, r->word, r->line);
    next(r);
    return node;
}

static struct sigma_node *negation(struct reader *r)
{
    bool not = false;
    for (; is(r, "not"); next(r))
        not = !not ;
    struct sigma_node *inner = primary(r);
    if (!inner || !not )
        return inner;
    struct sigma_node *node = sigma_node_new(r->c, NODE_NOT, 1);
    if (node)
        node->children[node->count++] = inner;
    return node;
}

// Two nodes as one; a chain of them is one list.
static struct sigma_node *join(
    struct reader *r, enum node_kind kind, struct sigma_node *a, struct sigma_node *b, size_t *room)
{
    if (*room > a->count && a->kind == kind) {
        a->children[a->count++] = b;
        return a;
    }
    size_t have = *room ? a->count : 0;
    *room = *room ? 2 * *room : 4;
    struct sigma_node *node = sigma_node_new(r->c, kind, *room);
    if (!node)
        return NULL;
    if (have)
        memcpy(node->children, a->children, have * sizeof *a->children);
    else
        node->children[have++] = a;
    node->children[have++] = b;
    node->count = have;
    return node;
}

static struct sigma_node *both(struct reader *r)
{
    size_t room = 0;
    struct sigma_node *left = negation(r);
    while (left && is(r, "and")) {
        next(r);
        struct sigma_node *right = negation(r);
        left = right ? join(r, NODE_AND, left, right, &room) : NULL;
    }
    return left;
}

static struct sigma_node *either(struct reader *r)
{
    size_t room = 0;
    struct sigma_node *left = both(r);
    while (left && is(r, "or")) {
        next(r);
        struct sigma_node *right = both(r);
        left = right ? join(r, NODE_OR, left, right, &room) : NULL;
    }
    return left;
}

// "count(field) by a, b > 5": the pipe was read.
static bool aggregation(struct reader *r, struct sigma_aggregate *a)
{
    a->there = true;
    if (is(r, "near"))
        return fail(r, TEXT_SIGMA_NEAR);
    a->function = r->word;
    next(r);
    if (is(r, "(")) {
        next(r);
        if (!is(r, ")")) {
            a->field = r->word;
            next(r);
        }
        if (!is(r, ")"))
            return fail(r, TEXT_SIGMA_BAD_AGGREGATION);
        next(r);
    }
    if (is(r, "by"))
        do {
            next(r);
            if (r->word.len == 0 || a->by_count == SIGMA_CARRY_MOST - 1)
                return fail(r, TEXT_SIGMA_BAD_AGGREGATION);
            a->by[a->by_count++] = r->word;
            next(r);
        } while (is(r, ","));
    a->compare = r->word;
    next(r);
    a->number = r->word;
    next(r);
    uint64_t number;
    bool whole = a->compare.len && is_sign(a->compare.data[0]) && bytes_to_u64(a->number, &number);
    return whole || fail(r, TEXT_SIGMA_BAD_AGGREGATION);
}

static struct sigma_node *one_condition(struct sigma_compile *c, const struct yaml_node *text,
    const struct sigma_names *names, struct sigma_aggregate *aggregate)
{
    struct reader r = {.c = c, .names = names, .rest = yaml_text(text), .line = text->line};
    if (r.rest.len > CONDITION_BYTES)
        return fail(&r, TEXT_SIGMA_TEXT_TOO_LONG);
    next(&r);
    struct sigma_node *node = either(&r);
    if (!node)
        return NULL;
    if (is(&r, "|") && aggregate) {
        next(&r);
        if (!aggregation(&r, aggregate))
            return NULL;
    }
    return r.word.len ? fail(&r, TEXT_SIGMA_BAD_CONDITION) : node;
}

struct sigma_node *sigma_condition(struct sigma_compile *c, const struct yaml_node *text,
    const struct sigma_names *names, struct sigma_aggregate *aggregate)
{
    if (text->kind == YAML_TEXT)
        return one_condition(c, text, names, aggregate);
    if (text->kind != YAML_LIST || text->count == 0) {
        sigma_fail(c, text->line, TEXT_SIGMA_NO_CONDITION, BYTES(""));
        return NULL;
    }
    struct sigma_node *any = sigma_node_new(c, NODE_OR, text->count);
    for (size_t i = 0; any && i < text->count; i++) {
        const struct yaml_node *one = text->pairs[i].value;
        any->children[any->count] =
            one_condition(c, one, names, text->count == 1 ? aggregate : NULL);
        if (!any->children[any->count++])
            return NULL;
    }
    return any;
}
