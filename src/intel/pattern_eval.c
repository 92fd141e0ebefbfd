// SPDX-License-Identifier: Apache-2.0
// Whether a record is an observation that a pattern describes. A test holds when one of the values
// at its path fits; an address or port of the head makes an observation of a flow's own record
// only, so that a connection is counted once.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "intel/pattern_set.h"
#include <pcre2.h>

// ---- Values

static int order(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int sign = len ? memcmp(a.data, b.data, len) : 0;
    return sign ? sign : (a.len > b.len) - (a.len < b.len);
}

static bool same_text(const struct pattern_test *test, struct bytes a, struct bytes b)
{
    bool nocase = test->nocase || observable_nocase(test->seen->how);
    return nocase ? bytes_equal_nocase(a, b) : bytes_equal(a, b);
}

static bool same_char(uint8_t a, uint8_t b, bool nocase)
{
    if (nocase && a >= 'A' && a <= 'Z')
        a |= 0x20;
    if (nocase && b >= 'A' && b <= 'Z')
        b |= 0x20;
    return a == b;
}

static size_t character(struct bytes text, size_t at)
{
    size_t len = 1;
    while ((bytes_at(text, at + len) & 0xc0) == 0x80)
        len++;
    return len;
}

// LIKE: % stands for any text, _ for one character. The last % only is tried again, which is
// enough, and keeps the work within text times pattern.
static bool like(struct bytes text, struct bytes like, bool nocase)
{
    size_t at = 0, from = 0, percent = SIZE_MAX, retry = 0;
    while (at < text.len) {
        uint8_t c = bytes_at(like, from);
        if (from < like.len && c == '%') {
            percent = from++;
            retry = at;
        } else if (from < like.len && c == '_') {
            at += character(text, at);
            from++;
        } else if (from < like.len && same_char(c, text.data[at], nocase)) {
            at++;
            from++;
        } else if (percent != SIZE_MAX) {
            from = percent + 1;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (bytes_at(like, from) == '%')
        from++;
    return from >= like.len;
}

static bool regex_fits(const pcre2_code *code, struct bytes text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    bool fits = false;
    if (data && limits) {
        pcre2_set_match_limit(limits, 100'000);
        pcre2_set_depth_limit(limits, 1000);
        pcre2_set_heap_limit(limits, 1024);
        fits = pcre2_match(code, text.data, text.len, 0, 0, data, limits) >= 0;
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(data);
    return fits;
}

static bool contains(struct bytes text, struct bytes part, bool nocase)
{
    if (!nocase)
        return bytes_find(text, part) != BYTES_NOT_FOUND;
    for (size_t at = 0; at + part.len <= text.len; at++)
        if (bytes_equal_nocase(bytes_sub(text, at, part.len), part))
            return true;
    return false;
}

static bool ordered(enum pattern_op op, int sign)
{
    switch (op) {
    case OP_GREATER: return sign > 0;
    case OP_LESS: return sign < 0;
    case OP_GREATER_EQUAL: return sign >= 0;
    case OP_LESS_EQUAL: return sign <= 0;
    default: return sign == 0;
    }
}

static bool addr_fits(
    const struct pattern_test *test, const struct literal *want, const struct seen_value *value)
{
    const struct addr_range *range = &want->range;
    if (range->base.version == 0)
        return false;
    if (test->op == OP_SUPERSET)
        return range->bits == (value->addr.version == 4 ? 32 : 128) &&
               addr_range_has(range, &value->addr);
    return addr_range_has(range, &value->addr);
}

static bool number_fits(
    const struct pattern_test *test, const struct literal *want, const struct seen_value *value)
{
    if (value->kind == VALUE_TIME ? want->kind != LITERAL_TIME
                                  : want->kind != LITERAL_INTEGER && want->kind != LITERAL_FLOAT)
        return false;
    int sign = want->kind == LITERAL_FLOAT
                   ? ((double)value->number > want->number) - ((double)value->number < want->number)
                   : (value->number > want->integer) - (value->number < want->integer);
    return ordered(test->op, sign);
}

static bool text_fits(
    const struct pattern_test *test, const struct literal *want, const struct seen_value *value)
{
    bool nocase = test->nocase || observable_nocase(test->seen->how);
    if (want->kind != LITERAL_TEXT && want->kind != LITERAL_BYTES)
        return false;
    switch (test->op) {
    case OP_LIKE: return like(value->text, want->text, nocase);
    case OP_MATCHES: return test->regex && regex_fits(test->regex, value->text);
    case OP_CONTAINS: return contains(value->text, want->text, nocase);
    case OP_GREATER:
    case OP_LESS:
    case OP_GREATER_EQUAL:
    case OP_LESS_EQUAL: return ordered(test->op, order(value->text, want->text));
    default: return same_text(test, value->text, want->text);
    }
}

static bool literal_fits(
    const struct pattern_test *test, const struct literal *want, const struct seen_value *value)
{
    bool as_text = test->op == OP_LIKE || test->op == OP_MATCHES || test->op == OP_CONTAINS;
    if (value->kind == VALUE_ADDR && !as_text)
        return addr_fits(test, want, value);
    if ((value->kind == VALUE_NUMBER || value->kind == VALUE_TIME) && !as_text)
        return number_fits(test, want, value);
    return text_fits(test, want, value);
}

bool pattern_value_fits(const struct pattern_test *test, const struct seen_value *value)
{
    bool fits = test->op == OP_EXISTS;
    for (size_t i = 0; !fits && i < test->literals_count; i++)
        fits = literal_fits(test, &test->literals[i], value);
    if (test->op == OP_UNEQUAL)
        fits = !fits;
    return fits != test->negated;
}

// ---- Tests

struct test_run {
    struct evaluation *e;
    const struct pattern_test *test;
    const struct field *field; // whose values are counted
    int32_t seen;
    bool found, native, absent; // absent: NOT EXISTS
};

static void note_match(
    struct evaluation *e, const struct field *field, const struct seen_value *value)
{
    if (e->matches_count == HIT_MATCHES)
        return;
    struct pattern_match *match = &e->matches[e->matches_count++];
    match->field = field;
    match->len = value->raw.len < MATCH_BYTES ? value->raw.len : MATCH_BYTES;
    if (match->len)
        memcpy(match->data, value->raw.data, match->len);
}

static bool see_value(void *context, const struct field *field, const struct seen_value *value)
{
    struct test_run *run = context;
    run->seen = run->field == field ? run->seen + 1 : 0;
    run->field = field;
    if (run->test->index >= 0 && run->test->index != STEP_ANY && run->seen != run->test->index)
        return true;
    if (run->test->op != OP_EXISTS && !pattern_value_fits(run->test, value))
        return true;
    bool native = field->type != RECORD_NONE || run->e->record->type == RECORD_FLOW;
    if ((!run->found || (native && !run->native)) && !run->absent)
        note_match(run->e, field, value);
    run->found = true;
    run->native |= native;
    return !run->native;
}

static bool evaluate(struct evaluation *e, const struct pattern_node *node, bool *native);

static bool evaluate_test(struct evaluation *e, const struct pattern_test *test, bool *native)
{
    bool exists = test->op == OP_EXISTS;
    struct test_run run = {.e = e, .test = test, .absent = exists && test->negated};
    observable_values(test->seen, e->record, see_value, &run);
    *native = run.native && !run.absent;
    return run.found != run.absent;
}

static bool evaluate_both(struct evaluation *e, const struct pattern_node *node, bool *native)
{
    size_t matches = e->matches_count;
    *native = false;
    for (const struct pattern_node *child = node->child; child; child = child->next) {
        bool one;
        if (!evaluate(e, child, &one)) {
            e->matches_count = matches;
            return false;
        }
        *native |= one;
    }
    return true;
}

static bool evaluate(struct evaluation *e, const struct pattern_node *node, bool *native)
{
    bool any = false;
    if (node->kind == NODE_TEST)
        return evaluate_test(e, node->test, native);
    if (node->kind == NODE_BOTH)
        return evaluate_both(e, node, native);
    *native = false;
    for (const struct pattern_node *child = node->child; child && !*native; child = child->next)
        any |= evaluate(e, child, native);
    return any;
}

bool pattern_evaluate(struct evaluation *e, const struct pattern_node *tests)
{
    bool native;
    e->matches_count = 0;
    return evaluate(e, tests, &native) && native;
}
