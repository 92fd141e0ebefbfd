// SPDX-License-Identifier: Apache-2.0
// STIX 2.1, section 9: from tokens to a tree, by recursive descent of bounded depth. AND binds
// tighter than OR, and OR tighter than FOLLOWEDBY; chains of one operator are one node.
#include "intel/pattern_lex.h"

struct parser {
    struct lexer lexer;
    struct token now;
    struct arena *arena;
    struct pattern_error *error;
    bool failed;
    size_t depth, tests;
    int64_t within_us; // of a WITHIN behind a lone observation; -1: none
};

static void *fail(struct parser *p, enum text_id why)
{
    if (!p->failed) {
        bool lexical = p->now.kind == TOKEN_BROKEN;
        *p->error = (struct pattern_error){lexical ? p->now.why : why, p->now.at, p->now.text};
    }
    p->failed = true;
    return NULL;
}

static void *allocate(struct parser *p, size_t size)
{
    void *memory = arena_zalloc(p->arena, size);
    return memory ? memory : fail(p, TEXT_STIX_NO_MEMORY);
}

static void step(struct parser *p)
{
    p->now = lexer_next(&p->lexer);
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->now.kind == TOKEN_WORD && bytes_equal(p->now.text, bytes_from_text(word));
}

static bool is_sign(const struct parser *p, char sign)
{
    return p->now.kind == TOKEN_SIGN && p->now.sign == sign;
}

static bool take_word(struct parser *p, const char *word)
{
    bool there = is_word(p, word);
    if (there)
        step(p);
    return there;
}

static bool take_sign(struct parser *p, char sign)
{
    bool there = is_sign(p, sign);
    if (there)
        step(p);
    return there;
}

static struct pattern_node *node(struct parser *p, enum node_kind kind, struct pattern_node *child)
{
    struct pattern_node *made = allocate(p, sizeof *made);
    if (!made)
        return NULL;
    made->kind = kind;
    made->child = child;
    return made;
}

// ---- Object paths

static bool index_step(struct parser *p, struct path_step *out)
{
    step(p);
    bool any = is_sign(p, '*');
    int64_t index = p->now.literal.integer;
    if (!any && (p->now.kind != TOKEN_LITERAL || p->now.literal.kind != LITERAL_INTEGER ||
                    index < -INT16_MAX || index > INT16_MAX))
        return fail(p, TEXT_STIX_BAD_INDEX), false;
    *out = (struct path_step){.index = any ? STEP_ANY : (int32_t)index};
    step(p);
    return take_sign(p, ']') || (fail(p, TEXT_STIX_UNEXPECTED), false);
}

static bool key_step(struct parser *p, struct path_step *out)
{
    step(p);
    bool quoted = p->now.kind == TOKEN_LITERAL && p->now.literal.kind == LITERAL_TEXT;
    if (!quoted && p->now.kind != TOKEN_WORD)
        return fail(p, TEXT_STIX_BAD_PATH), false;
    *out = (struct path_step){.key = quoted ? p->now.literal.text : p->now.text};
    step(p);
    return true;
}

// type:key.'key'[0].key
static bool object_path(struct parser *p, struct pattern_path *path)
{
    struct path_step steps[PATTERN_STEPS];
    size_t at = p->now.at, count = 1, end;
    if (p->now.kind != TOKEN_WORD)
        return fail(p, TEXT_STIX_BAD_PATH), false;
    path->type = p->now.text;
    step(p);
    if (!is_sign(p, ':'))
        return fail(p, TEXT_STIX_BAD_PATH), false;
    if (!key_step(p, &steps[0]))
        return false;
    for (end = p->now.at; is_sign(p, '.') || is_sign(p, '['); end = p->now.at, count++) {
        if (count == PATTERN_STEPS)
            return fail(p, TEXT_STIX_LONG_PATH), false;
        if (is_sign(p, '[') ? !index_step(p, &steps[count]) : !key_step(p, &steps[count]))
            return false;
    }
    path->steps = allocate(p, count * sizeof *steps);
    if (!path->steps)
        return false;
    memcpy(path->steps, steps, count * sizeof *steps);
    path->count = count;
    path->text = bytes_trim(bytes_sub(p->lexer.text, at, end - at));
    return true;
}

// ---- Tests

static bool set_literals(struct parser *p, struct pattern_test *test)
{
    size_t room = 0;
    if (!take_sign(p, '('))
        return fail(p, TEXT_STIX_UNEXPECTED), false;
    do {
        if (p->now.kind != TOKEN_LITERAL || test->literals_count == PATTERN_SET)
            return fail(p, TEXT_STIX_BAD_CONSTANT), false;
        if (test->literals_count == room) {
            size_t more = room ? room * 2 : 4;
            test->literals = arena_grow(p->arena, test->literals, room * sizeof *test->literals,
                more * sizeof *test->literals);
            if (!test->literals)
                return fail(p, TEXT_STIX_NO_MEMORY), false;
            room = more;
        }
        test->literals[test->literals_count++] = p->now.literal;
        step(p);
    } while (take_sign(p, ','));
    return take_sign(p, ')') || (fail(p, TEXT_STIX_UNEXPECTED), false);
}

static bool fits(const struct pattern_test *test, enum literal_kind kind)
{
    switch (test->op) {
    case OP_LIKE:
    case OP_MATCHES:
    case OP_SUBSET:
    case OP_SUPERSET: return kind == LITERAL_TEXT;
    case OP_GREATER:
    case OP_LESS:
    case OP_GREATER_EQUAL:
    case OP_LESS_EQUAL: return kind != LITERAL_BOOL;
    default: return true;
    }
}

static bool one_literal(struct parser *p, struct pattern_test *test)
{
    if (p->now.kind != TOKEN_LITERAL || !fits(test, p->now.literal.kind))
        return fail(p, TEXT_STIX_BAD_CONSTANT), false;
    test->literals = allocate(p, sizeof *test->literals);
    if (!test->literals)
        return false;
    test->literals[test->literals_count++] = p->now.literal;
    step(p);
    return true;
}

static bool operator_of(struct parser *p, struct pattern_test *test)
{
    static const struct {
        const char *word;
        enum pattern_op op;
    } words[] = {{"IN", OP_IN}, {"LIKE", OP_LIKE}, {"MATCHES", OP_MATCHES}, {"ISSUBSET", OP_SUBSET},
        {"ISSUPERSET", OP_SUPERSET}};
    test->negated = take_word(p, "NOT");
    if (is_sign(p, '=')) {
        test->op = p->now.op;
        step(p);
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (take_word(p, words[i].word)) {
            test->op = words[i].op;
            return true;
        }
    return fail(p, TEXT_STIX_NO_OPERATOR), false;
}

static bool read_test(struct parser *p, struct pattern_test *test)
{
    bool not = take_word(p, "NOT");
    if (take_word(p, "EXISTS")) {
        test->op = OP_EXISTS;
        test->negated = not ;
        return object_path(p, &test->path);
    }
    if (not )
        return fail(p, TEXT_STIX_UNEXPECTED), false;
    if (!object_path(p, &test->path) || !operator_of(p, test))
        return false;
    return test->op == OP_IN ? set_literals(p, test) : one_literal(p, test);
}

static struct pattern_node *either(struct parser *p);

static struct pattern_node *primary(struct parser *p)
{
    struct pattern_node *inner;
    if (is_sign(p, '(')) {
        if (p->depth == PATTERN_DEPTH)
            return fail(p, TEXT_STIX_TOO_DEEP);
        step(p);
        p->depth++;
        inner = either(p);
        p->depth--;
        return inner && !take_sign(p, ')') ? fail(p, TEXT_STIX_UNEXPECTED) : inner;
    }
    if (++p->tests > PATTERN_TESTS)
        return fail(p, TEXT_STIX_TOO_MANY_TESTS);
    inner = node(p, NODE_TEST, NULL);
    if (!inner || !(inner->test = allocate(p, sizeof *inner->test)))
        return NULL;
    inner->test->index = STEP_ANY;
    return read_test(p, inner->test) ? inner : NULL;
}

typedef struct pattern_node *parse_part(struct parser *p);

// part (word part)*: one node for all of them, or the part alone.
static struct pattern_node *chain(
    struct parser *p, const char *word, enum node_kind kind, parse_part *part)
{
    struct pattern_node *first = part(p), *last = first, *all;
    if (!first || !is_word(p, word))
        return first;
    all = node(p, kind, first);
    while (all && take_word(p, word)) {
        last->next = part(p);
        last = last->next;
        if (!last)
            return NULL;
    }
    return all;
}

static struct pattern_node *both(struct parser *p)
{
    return chain(p, "AND", NODE_BOTH, primary);
}

static struct pattern_node *either(struct parser *p)
{
    return chain(p, "OR", NODE_EITHER, both);
}

// ---- Observations

static struct pattern_node *then(struct parser *p);

static struct pattern_node *bracketed(struct parser *p)
{
    struct pattern_node *inner;
    if (take_sign(p, '[')) {
        inner = either(p);
        if (!inner)
            return NULL;
        if (!take_sign(p, ']'))
            return fail(p, TEXT_STIX_UNEXPECTED);
        inner = node(p, NODE_OBSERVE, inner);
        return inner;
    }
    if (!is_sign(p, '('))
        return fail(p, TEXT_STIX_UNEXPECTED);
    if (p->depth == PATTERN_DEPTH)
        return fail(p, TEXT_STIX_TOO_DEEP);
    step(p);
    p->depth++;
    inner = then(p);
    p->depth--;
    return inner && !take_sign(p, ')') ? fail(p, TEXT_STIX_UNEXPECTED) : inner;
}

static struct pattern_node *within(struct parser *p, struct pattern_node *inner)
{
    struct pattern_node *made = node(p, NODE_WITHIN, inner);
    const struct literal *n = &p->now.literal;
    if (!made)
        return NULL;
    if (p->now.kind != TOKEN_LITERAL || (n->kind != LITERAL_INTEGER && n->kind != LITERAL_FLOAT) ||
        n->number < 0 || n->number > 1e12)
        return fail(p, TEXT_STIX_BAD_QUALIFIER);
    made->to_us = (int64_t)(n->number * 1e6);
    step(p);
    if (!take_word(p, "SECONDS"))
        return fail(p, TEXT_STIX_BAD_QUALIFIER);
    if (inner->kind != NODE_OBSERVE)
        return made;
    p->within_us = made->to_us;
    return inner;
}

static struct pattern_node *repeats(struct parser *p, struct pattern_node *inner)
{
    struct pattern_node *made = node(p, NODE_REPEATS, inner);
    const struct literal *n = &p->now.literal;
    if (!made)
        return NULL;
    if (p->now.kind != TOKEN_LITERAL || n->kind != LITERAL_INTEGER || n->integer < 1)
        return fail(p, TEXT_STIX_BAD_QUALIFIER);
    if (n->integer > (inner->kind == NODE_OBSERVE ? PATTERN_REPEATS : PATTERN_OBSERVATIONS))
        return fail(p, TEXT_STIX_TOO_MANY_REPEATS);
    made->times = (uint32_t)n->integer;
    step(p);
    return take_word(p, "TIMES") ? made : fail(p, TEXT_STIX_BAD_QUALIFIER);
}

// STIX 2.0 has times as texts here.
static bool time_literal(struct parser *p, int64_t *out)
{
    const struct literal *n = &p->now.literal;
    bool good = p->now.kind == TOKEN_LITERAL &&
                (n->kind == LITERAL_TIME ||
                    (n->kind == LITERAL_TEXT && pattern_time(n->text, &p->now.literal.integer)));
    *out = p->now.literal.integer;
    if (!good)
        return fail(p, TEXT_STIX_BAD_QUALIFIER), false;
    step(p);
    return true;
}

static struct pattern_node *between(struct parser *p, struct pattern_node *inner)
{
    struct pattern_node *made = node(p, NODE_BETWEEN, inner);
    if (!made || !time_literal(p, &made->from_us))
        return NULL;
    if (!take_word(p, "STOP"))
        return fail(p, TEXT_STIX_BAD_QUALIFIER);
    if (!time_literal(p, &made->to_us))
        return NULL;
    return made->from_us < made->to_us ? made : fail(p, TEXT_STIX_BAD_QUALIFIER);
}

// Each qualifier holds for all that stands before it; as many deep as brackets may be.
static struct pattern_node *qualified(struct parser *p)
{
    struct pattern_node *inner = bracketed(p);
    for (size_t count = 0; inner; count++) {
        bool is_within = is_word(p, "WITHIN"), is_repeats = is_word(p, "REPEATS");
        if (!is_within && !is_repeats && !is_word(p, "START"))
            return inner;
        if (count == PATTERN_DEPTH)
            return fail(p, TEXT_STIX_TOO_DEEP);
        step(p);
        inner = is_within ? within(p, inner) : is_repeats ? repeats(p, inner) : between(p, inner);
    }
    return NULL;
}

static struct pattern_node *all(struct parser *p)
{
    return chain(p, "AND", NODE_ALL, qualified);
}

static struct pattern_node *any(struct parser *p)
{
    return chain(p, "OR", NODE_ANY, all);
}

// WITHIN behind one observation alone would say nothing: [a] FOLLOWEDBY [b] WITHIN 5 SECONDS is
// written by people who mean both, and so it is taken.
static struct pattern_node *then(struct parser *p)
{
    int64_t outer_us = p->within_us;
    p->within_us = -1;
    struct pattern_node *all_of_it = chain(p, "FOLLOWEDBY", NODE_THEN, any);
    if (all_of_it && p->within_us >= 0 && all_of_it->kind != NODE_OBSERVE) {
        all_of_it = node(p, NODE_WITHIN, all_of_it);
        if (all_of_it)
            all_of_it->to_us = p->within_us;
    }
    p->within_us = outer_us;
    return all_of_it;
}

struct pattern_node *stix_pattern_parse(
    struct arena *arena, struct bytes text, struct pattern_error *error)
{
    struct parser p = {.lexer = {.text = text, .arena = arena}, .arena = arena, .error = error};
    *error = (struct pattern_error){.why = TEXT_STIX_TOO_LONG};
    if (text.len > PATTERN_BYTES)
        return NULL;
    step(&p);
    struct pattern_node *root = then(&p);
    if (root && p.now.kind != TOKEN_END)
        return fail(&p, TEXT_STIX_UNEXPECTED);
    return p.failed ? NULL : root;
}
