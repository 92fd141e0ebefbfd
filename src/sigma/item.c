// SPDX-License-Identifier: Apache-2.0
// "Field|modifier|modifier: values" as tests.
#include "sigma/modifier.h"
#include <stdio.h>
#include <stdlib.h>

static bool fail(struct item *item, enum text_id why, struct bytes what)
{
    return sigma_fail(item->c, item->line, why, what);
}

static bool split_key(struct item *item)
{
    struct bytes rest = item->key;
    for (bool first = true;; first = false) {
        size_t pipe = bytes_find_byte(rest, '|');
        struct bytes word = pipe == BYTES_NOT_FOUND ? rest : bytes_sub(rest, 0, pipe);
        if (first)
            item->field = bytes_trim(word);
        else if (item->modifiers_count == ITEM_MODIFIERS)
            return fail(item, TEXT_SIGMA_UNKNOWN_MODIFIER, word);
        else
            item->modifiers[item->modifiers_count++] = bytes_trim(word);
        if (pipe == BYTES_NOT_FOUND)
            return true;
        rest = bytes_from(rest, pipe + 1);
    }
}

// Numbers without quotes may be hexadecimal; they are compared in decimal.
static struct bytes plain_text(struct item *item, const struct yaml_node *node)
{
    char text[32];
    uint64_t number;
    bool hex = node->plain && bytes_start_with(node->text, BYTES("0x")) &&
               bytes_hex_to_u64(bytes_from(node->text, 2), &number);
    if (!hex)
        return node->text;
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return arena_copy(sigma_arena(item->c), bytes_make(text, (size_t)len));
}

static bool has_modifier(const struct item *item, const char *name)
{
    for (size_t i = 0; i < item->modifiers_count; i++)
        if (bytes_equal(item->modifiers[i], bytes_from_text(name)))
            return true;
    return false;
}

static bool take_value(struct item *item, const struct yaml_node *node)
{
    if (node->kind != YAML_TEXT)
        return sigma_fail(item->c, node->line, TEXT_SIGMA_NOT_A_VALUE, item->key);
    struct item_value *value = item_value_add(item);
    if (!value)
        return false;
    value->line = node->line;
    value->as_written = node->text;
    value->null = yaml_is_null(node);
    bool raw = has_modifier(item, "re"); // \ and * have other meanings there
    if (raw)
        pattern_add_bytes(&value->text, node->text);
    else if (!value->null)
        pattern_parse(&value->text, plain_text(item, node));
    return !value->text.failed || sigma_fail_memory(item->c);
}

static bool take_values(struct item *item, const struct yaml_node *values)
{
    if (values->kind != YAML_LIST)
        return take_value(item, values);
    if (values->count == 0)
        return fail(item, TEXT_SIGMA_EMPTY, item->key);
    for (size_t i = 0; i < values->count; i++)
        if (!take_value(item, values->pairs[i].value))
            return false;
    return true;
}

// ---- one value as a test

static bool make_text(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    struct arena *arena = sigma_arena(item->c);
    struct pattern_text text = value->text;
    if (item->field.len == 0) { // a keyword stands anywhere
        text = (struct pattern_text){.arena = arena};
        pattern_add(&text, PATTERN_MANY);
        for (size_t i = 0; i < value->text.count; i++)
            pattern_add(&text, value->text.items[i]);
        pattern_add(&text, PATTERN_MANY);
    }
    struct sigma_pattern *pattern = pattern_compile(&text, item->cased);
    if (!pattern)
        return sigma_fail_memory(item->c);
    bool whole;
    struct bytes literal = pattern_literal(pattern, arena, &whole);
    test->pattern = pattern;
    if (literal.len)
        test->literal =
            sigma_literal_get(item->c->sigma, item->c->table, test->slot, whole, literal);
    return true;
}

// Kept so that it can be freed with the rules.
struct pcre2_list {
    pcre2_code *code;
    struct pcre2_list *next;
};

static bool make_regex(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    int error;
    size_t at;
    struct bytes text;
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                       (item->regex_i ? PCRE2_CASELESS : 0) |
                       (item->regex_m ? PCRE2_MULTILINE : 0) | (item->regex_s ? PCRE2_DOTALL : 0);
    if (!pattern_plain(&value->text, &text))
        return sigma_fail_memory(item->c);
    pcre2_code *code = pcre2_compile(text.data, text.len, options, &error, &at, NULL);
    if (!code) {
        char why[160];
        pcre2_get_error_message(error, (PCRE2_UCHAR *)why, sizeof why);
        struct bytes reason = arena_copy(sigma_arena(item->c), bytes_from_text(why));
        return sigma_fail_allowed(
            item->c, value->line, TEXT_SIGMA_BAD_REGEX, value->as_written, reason);
    }
    struct pcre2_list *kept = arena_alloc(sigma_arena(item->c), sizeof *kept);
    if (!kept) {
        pcre2_code_free(code);
        return sigma_fail_memory(item->c);
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    *kept = (struct pcre2_list){code, item->c->sigma->regexes};
    item->c->sigma->regexes = kept;
    test->regex = code;
    return true;
}

void sigma_regexes_free(struct sigma *sigma)
{
    for (struct pcre2_list *l = sigma->regexes; l; l = l->next)
        pcre2_code_free(l->code);
    sigma->regexes = NULL;
}

// A network; bits of the host part do no harm.
static bool range_parse(struct bytes text, struct addr_range *range)
{
    if (addr_range_parse(text, range))
        return true;
    uint64_t bits;
    size_t slash = bytes_find_byte(text, '/');
    if (slash == BYTES_NOT_FOUND || !addr_parse(bytes_sub(text, 0, slash), &range->base) ||
        !bytes_to_u64(bytes_from(text, slash + 1), &bits) ||
        bits > (range->base.version == 4 ? 32 : 128))
        return false;
    range->bits = (uint8_t)bits;
    for (size_t bit = bits; bit < 128; bit++)
        range->base.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    return true;
}

static bool make_range(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    struct bytes text = bytes_trim(value->as_written);
    return range_parse(text, &test->range) ||
           sigma_fail(item->c, value->line, TEXT_SIGMA_NOT_A_NETWORK, value->as_written);
}

static bool make_number(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    struct bytes text;
    char room[64], *end = room;
    test->compare = item->compares ? item->compare : COMPARE_EQ;
    test->part = item->part;
    if (pattern_plain(&value->text, &text) && text.len && text.len < sizeof room) {
        memcpy(room, text.data, text.len);
        room[text.len] = '\0';
        test->number = strtod(room, &end);
    }
    return (end != room && *end == '\0') ||
           sigma_fail(item->c, value->line, TEXT_SIGMA_NOT_A_NUMBER, value->as_written);
}

static bool make_exists(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    static const char *const yes[] = {"true", "yes", "1"}, *const no[] = {"false", "no", "0"};
    for (size_t i = 0; i < 3; i++) {
        test->want |= bytes_equal_nocase(value->as_written, bytes_from_text(yes[i]));
        if (test->want || bytes_equal_nocase(value->as_written, bytes_from_text(no[i])))
            return true;
    }
    return sigma_fail(item->c, value->line, TEXT_SIGMA_NOT_TRUTH, value->as_written);
}

static bool make_field(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    bool known;
    struct sigma_compile *c = item->c;
    test->open_start = item->open_start;
    test->open_end = item->open_end;
    test->cased = item->cased;
    test->other =
        sigma_slot_get(c->sigma, c->table, c->maps, c->maps_count, value->as_written, &known);
    return test->other != SIGMA_NONE || sigma_fail_memory(c);
}

static bool make_test(struct item *item, const struct item_value *value, struct sigma_test *test)
{
    if (value->null && item->op != TEST_EXISTS) {
        test->op = TEST_EXISTS;
        test->want = false;
        return true;
    }
    switch (item->op) {
    case TEST_TEXT: return make_text(item, value, test);
    case TEST_REGEX: return make_regex(item, value, test);
    case TEST_RANGE: return make_range(item, value, test);
    case TEST_EXISTS: return make_exists(item, value, test);
    case TEST_FIELD: return make_field(item, value, test);
    default: return make_number(item, value, test);
    }
}

static struct sigma_node *node_of(struct item *item, const struct item_value *value, uint32_t slot)
{
    struct sigma_node *node = sigma_node_new(item->c, NODE_TEST, 0);
    struct sigma_test *test = arena_zalloc(sigma_arena(item->c), sizeof *test);
    if (!node || !test) {
        sigma_fail_memory(item->c);
        return NULL;
    }
    test->op = (uint8_t)item->op;
    test->slot = slot;
    test->other = test->literal = SIGMA_NONE;
    node->test = test;
    return make_test(item, value, test) ? node : NULL;
}

static struct sigma_node *negate(struct sigma_compile *c, struct sigma_node *inner)
{
    struct sigma_node *not = inner ? sigma_node_new(c, NODE_NOT, 1) : NULL;
    if (not )
        not ->children[not ->count++] = inner;
    return not ;
}

static struct sigma_node *nodes_of(struct item *item, uint32_t slot)
{
    struct sigma_node *list =
        sigma_node_new(item->c, item->all ? NODE_AND : NODE_OR, item->values_count);
    for (size_t i = 0; list && i < item->values_count; i++) {
        list->children[list->count] = node_of(item, &item->values[i], slot);
        if (!list->children[list->count++])
            return NULL;
    }
    if (list && list->count == 1)
        list = list->children[0];
    return item->negated ? negate(item->c, list) : list;
}

// A name nothing in the records answers to: the test is never true, and the check tells.
static void note_unknown(struct sigma_compile *c, struct bytes field)
{
    char text[256];
    bool elsewhere = sigma_maps[c->maps[0]].part;
    if (elsewhere || c->table->type == RECORD_NONE || c->unknown_count == SIGMA_UNKNOWN_MOST)
        return;
    int len = snprintf(text, sizeof text, "%s: %.*s", sigma_maps[c->maps[0]].name,
        (int)(field.len < 128 ? field.len : 128), (const char *)field.data);
    struct bytes name = bytes_make(text, (size_t)len);
    for (size_t i = 0; i < c->unknown_count; i++)
        if (bytes_equal(c->unknown[i], name))
            return;
    c->unknown[c->unknown_count++] = arena_copy(sigma_arena(c), name);
}

struct sigma_node *sigma_item(
    struct sigma_compile *c, struct bytes key, uint64_t line, const struct yaml_node *values)
{
    bool known;
    struct item item = {.c = c, .key = key, .line = line};
    if (!split_key(&item) || !take_values(&item, values) || !item_modify(&item))
        return NULL;
    for (size_t i = 0; i < item.values_count; i++)
        if (item.values[i].text.failed) {
            sigma_fail_memory(c);
            return NULL;
        }
    if (item.field.len == 0 && item.op != TEST_TEXT && item.op != TEST_REGEX) {
        fail(&item, TEXT_SIGMA_MODIFIERS_CLASH, key);
        return NULL;
    }
    uint32_t slot = sigma_slot_get(c->sigma, c->table, c->maps, c->maps_count, item.field, &known);
    if (slot == SIGMA_NONE) {
        sigma_fail_memory(c);
        return NULL;
    }
    if (!known)
        note_unknown(c, item.field);
    return nodes_of(&item, slot);
}
