// SPDX-License-Identifier: Apache-2.0
// From a parsed tree to one that can be held against records.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "intel/pattern_set.h"
#include <pcre2.h>

enum { REGEX_BYTES = 4096, REGEX_MEMORY = 256 << 10 };

struct resolver {
    const struct observables *observables;
    struct arena *arena;
    struct bytes *unseen;
    struct pattern_error *error;
};

static bool bad(struct resolver *r, const struct pattern_test *test, enum text_id why)
{
    if (r->error->why == TEXTS)
        *r->error = (struct pattern_error){.why = why, .what = test->path.text};
    return false;
}

// "192.0.2.7/24" means the network; addr_range_parse() wants its address.
static bool range_of(struct bytes text, struct addr_range *out)
{
    size_t slash = bytes_find_byte(text, '/');
    uint64_t bits;
    if (!addr_parse(bytes_sub(text, 0, slash), &out->base))
        return false;
    uint8_t most = out->base.version == 4 ? 32 : 128;
    out->bits = most;
    if (slash == BYTES_NOT_FOUND)
        return true;
    if (!bytes_to_u64(bytes_from(text, slash + 1), &bits) || bits > most)
        return false;
    out->bits = (uint8_t)bits;
    for (size_t i = bits; i < most; i++)
        out->base.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    return true;
}

static bool is_number(enum observable_how how)
{
    return how == HOW_NUMBER;
}

static bool equality(const struct pattern_test *test)
{
    return test->op == OP_EQUAL || test->op == OP_UNEQUAL || test->op == OP_IN ||
           test->op == OP_SUBSET || test->op == OP_SUPERSET;
}

static bool resolve_text(struct resolver *r, struct pattern_test *test, struct literal *literal)
{
    enum observable_how how = test->seen->how;
    uint8_t room[OBSERVE_TEXT_BYTES];
    uint64_t number;
    bool address = how == HOW_ADDR4 || how == HOW_ADDR6;
    if (is_number(how) && bytes_to_u64(literal->text, &number) && number <= INT64_MAX) {
        literal->kind = LITERAL_INTEGER; // a number in quotes is still one
        literal->integer = (int64_t)number;
        literal->number = (double)number;
        return true;
    }
    if (!equality(test))
        return true;
    if (address || how == HOW_NAME_OR_ADDR) {
        if (!range_of(literal->text, &literal->range))
            literal->range.base.version = 0;
        if (address && literal->range.base.version == 0)
            return bad(r, test, TEXT_STIX_NO_ADDRESS);
    }
    literal->text = arena_copy(r->arena, observable_canonical(how, literal->text, room));
    return literal->text.data || literal->text.len == 0 || bad(r, test, TEXT_STIX_NO_MEMORY);
}

static bool compile_regex(struct resolver *r, struct pattern_test *test)
{
    struct bytes text = test->literals[0].text;
    int error;
    size_t at;
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    if (!limits)
        return bad(r, test, TEXT_STIX_NO_MEMORY);
    pcre2_set_max_pattern_length(limits, REGEX_BYTES);
    pcre2_set_parens_nest_limit(limits, 50);
    bool nocase = test->nocase || observable_nocase(test->seen->how);
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL |
                       PCRE2_NEVER_BACKSLASH_C | (nocase ? PCRE2_CASELESS : 0);
    pcre2_code *code = pcre2_compile(text.data, text.len, options, &error, &at, limits);
    pcre2_compile_context_free(limits);
    size_t size = 0;
    if (code)
        pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    if (size > REGEX_MEMORY) {
        pcre2_code_free(code);
        code = NULL;
    }
    if (code)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // without it, it only is slower
    test->regex = code;
    return code || bad(r, test, TEXT_STIX_BAD_REGEX);
}

static struct pattern_node *unseen(struct resolver *r, const struct pattern_test *test)
{
    if (!r->unseen->data)
        *r->unseen = test->path.text;
    return NULL;
}

static struct pattern_node *resolve_test(struct resolver *r, struct pattern_node *node)
{
    struct pattern_test *test = node->test;
    int32_t index;
    test->seen = observable_find(r->observables, &test->path, &index);
    test->index = index;
    if (!test->seen)
        return unseen(r, test);
    bool good = true;
    for (size_t i = 0; good && i < test->literals_count; i++)
        if (test->literals[i].kind == LITERAL_TEXT)
            good = resolve_text(r, test, &test->literals[i]);
    if (good && test->op == OP_MATCHES)
        compile_regex(r, test);
    return node;
}

static struct pattern_node *resolve(struct resolver *r, struct pattern_node *node);

// Children that are left; *whole says whether all are.
static struct pattern_node *resolve_children(
    struct resolver *r, struct pattern_node *first, bool *whole)
{
    struct pattern_node *kept = NULL, **end = &kept, *next;
    *whole = true;
    for (struct pattern_node *child = first; child; child = next) {
        next = child->next;
        struct pattern_node *one = resolve(r, child);
        if (!one) {
            *whole = false;
            continue;
        }
        one->next = NULL;
        *end = one;
        end = &one->next;
    }
    return kept;
}

static struct pattern_node *resolve(struct resolver *r, struct pattern_node *node)
{
    bool whole;
    if (node->kind == NODE_TEST)
        return resolve_test(r, node);
    node->child = resolve_children(r, node->child, &whole);
    bool either = node->kind == NODE_EITHER || node->kind == NODE_ANY;
    if (node->child && (whole || either))
        return node;
    pattern_free_regexes(node);
    return NULL;
}

struct pattern_node *pattern_resolve(const struct observables *observables, struct arena *arena,
    struct pattern_node *root, struct bytes *unseen, struct pattern_error *error)
{
    struct resolver r = {observables, arena, unseen, error};
    *unseen = (struct bytes){NULL, 0};
    error->why = TEXTS;
    struct pattern_node *left = resolve(&r, root);
    if (error->why == TEXTS)
        return left;
    if (left)
        pattern_free_regexes(left);
    return NULL;
}

void pattern_free_regexes(struct pattern_node *node)
{
    if (node->kind == NODE_TEST) {
        pcre2_code_free(node->test->regex);
        node->test->regex = NULL;
    }
    for (struct pattern_node *child = node->child; child; child = child->next)
        pattern_free_regexes(child);
}

// ---- Single values

static bool simple_test(const struct pattern_test *test)
{
    return !test->negated && test->index == STEP_ANY &&
           (test->op == OP_EQUAL || test->op == OP_IN ||
               (test->op == OP_SUBSET && test->literals[0].range.base.version));
}

static bool simple(const struct pattern_node *node, simple_sink *sink, void *context)
{
    if (node->kind == NODE_TEST) {
        if (simple_test(node->test) && sink)
            sink(context, node->test);
        return simple_test(node->test);
    }
    if (node->kind != NODE_OBSERVE && node->kind != NODE_EITHER && node->kind != NODE_ANY)
        return false;
    for (const struct pattern_node *child = node->child; child; child = child->next)
        if (!simple(child, sink, context))
            return false;
    return true;
}

bool pattern_simple(const struct pattern_node *root, simple_sink *sink, void *context)
{
    return simple(root, NULL, NULL) && simple(root, sink, context);
}
