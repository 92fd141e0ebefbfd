// SPDX-License-Identifier: Apache-2.0
// Correlations as documents have them, the aggregations of older rules, and what each counts.
#include "sigma/load.h"
#include <stdio.h>
#include <stdlib.h>

enum { TIMESPAN_MOST_DAYS = 365, DAY_S = 86'400 };

static const char *const type_names[CORRELATION_TYPES] = {"event_count", "value_count", "temporal",
    "temporal_ordered", "value_sum", "value_avg", "value_min", "value_max", "value_percentile"};

static bool is_temporal(const struct sigma_correlation *k)
{
    return k->type == CORRELATE_TEMPORAL || k->type == CORRELATE_TEMPORAL_ORDERED;
}

static bool read_type(
    struct sigma_compile *c, const struct yaml_node *section, struct sigma_correlation *k)
{
    const struct yaml_node *type = yaml_get(section, "type");
    struct bytes name = yaml_text(type);
    c->key = BYTES("correlation.type");
    if (bytes_equal(name, BYTES("value_median"))) {
        k->type = CORRELATE_VALUE_PERCENTILE;
        k->percentile = 50;
        return true;
    }
    for (k->type = 0; k->type < CORRELATION_TYPES; k->type++)
        if (bytes_equal(name, bytes_from_text(type_names[k->type])))
            return true;
    return sigma_fail(c, type ? type->line : section->line, TEXT_SIGMA_BAD_TYPE, name);
}

// "90m". False: no such thing.
static bool timespan_parse(struct bytes text, int64_t *out_us)
{
    static const struct {
        char unit;
        uint32_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', DAY_S}, {'w', 7 * DAY_S},
        {'M', 30 * DAY_S}, {'y', 365 * DAY_S}};
    uint64_t number;
    if (text.len < 2 || !bytes_to_u64(bytes_sub(text, 0, text.len - 1), &number) || number == 0)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == (char)text.data[text.len - 1] &&
            number <= (uint64_t)TIMESPAN_MOST_DAYS * DAY_S / units[i].seconds) {
            *out_us = (int64_t)(number * units[i].seconds) * 1000'000;
            return true;
        }
    return false;
}

// A name or a list of them. False: told.
static bool read_names(struct sigma_compile *c, const struct yaml_node *node, struct bytes *out,
    size_t *count, size_t most)
{
    if (!node)
        return true;
    if (node->kind == YAML_TEXT && !yaml_is_null(node)) {
        out[(*count)++] = node->text;
        return true;
    }
    for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++) {
        struct bytes name = yaml_text(node->pairs[i].value);
        if (!name.len)
            return sigma_fail(c, node->pairs[i].line, TEXT_SIGMA_NOT_A_VALUE, name);
        if (*count == most)
            return sigma_fail(c, node->pairs[i].line, TEXT_SIGMA_TOO_MANY_NAMES, name);
        out[(*count)++] = name;
    }
    return node->kind != YAML_MAP || sigma_fail(c, node->line, TEXT_SIGMA_NOT_A_VALUE, BYTES(""));
}

static bool number_of(const struct yaml_node *node, double *out)
{
    char room[64], *end;
    struct bytes text = yaml_text(node);
    if (text.len == 0 || text.len >= sizeof room)
        return false;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    *out = strtod(room, &end);
    return *end == '\0';
}

static bool set_bound(struct sigma_bounds *b, struct bytes key, double value)
{
    bool lt = bytes_equal(key, BYTES("lt")), lte = bytes_equal(key, BYTES("lte"));
    bool gt = bytes_equal(key, BYTES("gt")), gte = bytes_equal(key, BYTES("gte"));
    bool eq = bytes_equal(key, BYTES("eq"));
    if (lt || lte || eq) {
        b->has_high = true;
        b->high = value;
        b->high_open = lt;
    }
    if (gt || gte || eq) {
        b->has_low = true;
        b->low = value;
        b->low_open = gt;
    }
    if (bytes_equal(key, BYTES("neq"))) {
        b->has_not = true;
        b->not_ = value;
        return true;
    }
    return lt || lte || gt || gte || eq;
}

// {gte: 10, field: User}
static bool read_bounds(
    struct sigma_compile *c, const struct yaml_node *condition, struct sigma_correlation *k)
{
    for (size_t i = 0; i < condition->count; i++) {
        const struct yaml_pair *pair = &condition->pairs[i];
        double value;
        if (bytes_equal(pair->key, BYTES("field"))) {
            if (!read_names(c, pair->value, k->fields, &k->fields_count, SIGMA_CARRY_MOST))
                return false;
        } else if (!number_of(pair->value, &value)) {
            return sigma_fail(c, pair->line, TEXT_SIGMA_NOT_A_NUMBER, yaml_text(pair->value));
        } else if (bytes_equal(pair->key, BYTES("percentile"))) {
            k->percentile = value;
        } else if (!set_bound(&k->bounds, pair->key, value)) {
            return sigma_fail(c, pair->line, TEXT_SIGMA_BAD_BOUND, pair->key);
        }
    }
    const struct sigma_bounds *b = &k->bounds;
    return b->has_low || b->has_high || b->has_not ||
           sigma_fail(c, condition->line, TEXT_SIGMA_NO_BOUND, BYTES(""));
}

// A word in a temporal condition: which of the rules.
static struct sigma_node *resolve_member(struct sigma_compile *c, struct bytes name, uint64_t line)
{
    const struct sigma_names *names = (const void *)c->detection; // see read_words()
    for (size_t i = 0; i < names->count; i++) {
        if (!bytes_equal(names->names[i], name))
            continue;
        struct sigma_node *node = sigma_node_new(c, NODE_TEST, 0);
        struct sigma_test *test = arena_zalloc(sigma_arena(c), sizeof *test);
        if (!node || !test) {
            sigma_fail_memory(c);
            return NULL;
        }
        test->slot = (uint32_t)i;
        node->test = test;
        return node;
    }
    sigma_fail(c, line, TEXT_SIGMA_NO_RULE, name);
    return NULL;
}

static bool has_not(const struct sigma_node *node)
{
    bool has = node->kind == NODE_NOT;
    for (size_t i = 0; i < node->count; i++)
        has |= has_not(node->children[i]);
    return has;
}

// "rule_a and not rule_b"
static bool read_words(
    struct sigma_compile *c, const struct yaml_node *condition, struct sigma_correlation *k)
{
    struct bytes list[CORRELATION_RULES];
    struct sigma_names names = {.names = list, .resolve = resolve_member};
    for (size_t i = 0; i < k->members_count; i++)
        list[names.count++] = k->members[i].name;
    c->detection = (const void *)&names;
    k->when = sigma_condition(c, condition, &names, NULL);
    c->detection = NULL;
    k->at_end = k->when && has_not(k->when);
    return k->when != NULL;
}

static bool read_condition(
    struct sigma_compile *c, const struct yaml_node *section, struct sigma_correlation *k)
{
    const struct yaml_node *condition = yaml_get(section, "condition");
    c->key = BYTES("correlation.condition");
    if (condition && condition->kind == YAML_MAP)
        return read_bounds(c, condition, k);
    if (!is_temporal(k))
        return sigma_fail(c, section->line, TEXT_SIGMA_NO_BOUND, BYTES(""));
    return yaml_is_null(condition) || read_words(c, condition, k);
}

static bool read_members(
    struct sigma_compile *c, const struct yaml_node *section, struct sigma_correlation *k)
{
    struct bytes names[CORRELATION_RULES];
    const struct yaml_node *rules = yaml_get(section, "rules");
    c->key = BYTES("correlation.rules");
    if (!read_names(c, rules, names, &k->members_count, CORRELATION_RULES))
        return false;
    for (size_t i = 0; i < k->members_count; i++)
        k->members[i].name = names[i];
    return k->members_count || sigma_fail(c, section->line, TEXT_SIGMA_NO_RULES, BYTES(""));
}

static bool read_alias(struct sigma_compile *c, struct sigma_correlation *k, struct bytes name,
    const struct yaml_node *map)
{
    if (map->kind != YAML_MAP)
        return sigma_fail(c, map->line, TEXT_SIGMA_NOT_A_VALUE, name);
    for (size_t i = 0; i < map->count; i++) {
        struct sigma_alias *more = arena_grow(sigma_arena(c), k->aliases,
            k->aliases_count * sizeof *more, (k->aliases_count + 1) * sizeof *more);
        if (!more)
            return sigma_fail_memory(c);
        k->aliases = more;
        k->aliases[k->aliases_count++] =
            (struct sigma_alias){name, map->pairs[i].key, yaml_text(map->pairs[i].value)};
    }
    return true;
}

static bool read_aliases(
    struct sigma_compile *c, const struct yaml_node *section, struct sigma_correlation *k)
{
    const struct yaml_node *aliases = yaml_get(section, "aliases");
    c->key = BYTES("correlation.aliases");
    for (size_t i = 0; aliases && aliases->kind == YAML_MAP && i < aliases->count; i++)
        if (!read_alias(c, k, aliases->pairs[i].key, aliases->pairs[i].value))
            return false;
    return true;
}

// When the condition can be told: with an upper bound alone, or of an average, at the window's end.
static void decide_when(struct sigma_correlation *k)
{
    bool grows = k->type <= CORRELATE_TEMPORAL_ORDERED || k->type == CORRELATE_VALUE_SUM ||
                 k->type == CORRELATE_VALUE_MAX;
    bool bounded = k->bounds.has_low || k->bounds.has_high || k->bounds.has_not;
    k->at_end |= bounded && (!k->bounds.has_low || !grows);
}

static bool read_section(
    struct sigma_compile *c, const struct yaml_node *root, struct sigma_correlation *k)
{
    const struct yaml_node *section = yaml_get(root, "correlation");
    k->percentile = 95;
    if (!section || section->kind != YAML_MAP)
        return sigma_fail(c, root->line, TEXT_SIGMA_NOT_A_VALUE, BYTES("correlation"));
    const struct yaml_node *span = yaml_get(section, "timespan");
    span = span ? span : yaml_get(section, "timeframe");
    if (!read_type(c, section, k) || !read_members(c, section, k) ||
        !read_condition(c, section, k) || !read_aliases(c, section, k))
        return false;
    c->key = BYTES("correlation.timespan");
    if (!timespan_parse(yaml_text(span), &k->timespan_us))
        return sigma_fail(
            c, span ? span->line : section->line, TEXT_SIGMA_BAD_TIMESPAN, yaml_text(span));
    c->key = BYTES("correlation.group-by");
    size_t room = SIGMA_CARRY_MOST - k->fields_count;
    if (!read_names(c, yaml_get(section, "group-by"), k->group_by, &k->group_by_count, room))
        return false;
    bool valued = k->type == CORRELATE_VALUE_COUNT || k->type >= CORRELATE_VALUE_SUM;
    c->key = BYTES("correlation.condition.field");
    if (valued && k->fields_count == 0)
        return sigma_fail(c, section->line, TEXT_SIGMA_NO_FIELD, BYTES(""));
    const struct yaml_node *generate = yaml_get(section, "generate");
    generate = generate ? generate : yaml_get(root, "generate");
    k->generate = bytes_equal_nocase(yaml_text(generate), BYTES("true"));
    decide_when(k);
    return true;
}

static void keep(struct sigma_builder *b, struct sigma_correlation *k)
{
    k->number = (uint32_t)b->sigma->correlations_count++;
    k->next = b->sigma->correlations;
    b->sigma->correlations = k;
    b->report->correlations++;
}

static bool name_it(struct sigma_compile *c, struct sigma_builder *b, struct sigma_correlation *k)
{
    struct sigma_target target = {NULL, k};
    c->key = BYTES("id");
    return (sigma_target_add(b, k->about.id, target) &&
               sigma_target_add(b, k->about.name, target)) ||
           sigma_fail(c, k->about.line, TEXT_SIGMA_ID_TWICE, k->about.id);
}

void sigma_correlation_load(struct sigma_builder *b, const struct sigma_later *later)
{
    struct sigma_compile c = {.sigma = b->sigma, .config = b->config};
    struct sigma_correlation *k = arena_zalloc(&b->sigma->arena, sizeof *k);
    bool ok = k && sigma_about_read(&c, later->root, later->file, &k->about) &&
              read_section(&c, later->root, k) && name_it(&c, b, k);
    if (ok) {
        keep(b, k);
        return;
    }
    if (!k)
        sigma_fail_memory(&c);
    b->report->refused++;
    b->report->no_memory |= c.no_memory;
    sigma_report_problem(b->report, &c.problem, later->file);
}

// ---- "| count(field) by a > 5"

static bool aggregate_bounds(struct sigma_compile *c, struct sigma_correlation *k,
    const struct sigma_aggregate *a, uint64_t line)
{
    static const struct {
        const char *sign;
        const char *key;
    } signs[] = {{">", "gt"}, {">=", "gte"}, {"<", "lt"}, {"<=", "lte"}, {"=", "eq"}, {"==", "eq"},
        {"!=", "neq"}};
    uint64_t number;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (bytes_equal(a->compare, bytes_from_text(signs[i].sign)) &&
            bytes_to_u64(a->number, &number))
            return set_bound(&k->bounds, bytes_from_text(signs[i].key), (double)number);
    return sigma_fail(c, line, TEXT_SIGMA_BAD_AGGREGATION, a->compare);
}

static bool aggregate_type(struct sigma_correlation *k, const struct sigma_aggregate *a)
{
    static const struct {
        const char *name;
        enum correlation_type type;
    } names[] = {{"count", CORRELATE_EVENT_COUNT}, {"sum", CORRELATE_VALUE_SUM},
        {"avg", CORRELATE_VALUE_AVG}, {"min", CORRELATE_VALUE_MIN}, {"max", CORRELATE_VALUE_MAX}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!bytes_equal_nocase(a->function, bytes_from_text(names[i].name)))
            continue;
        k->type = (uint8_t)(i == 0 && a->field.len ? CORRELATE_VALUE_COUNT : names[i].type);
        return i == 0 || a->field.len;
    }
    return false;
}

bool sigma_correlation_of_aggregate(struct sigma_compile *c, struct sigma_builder *b,
    struct sigma_rule *rule, const struct sigma_aggregate *a, const struct yaml_node *root)
{
    const struct yaml_node *detection = yaml_get(root, "detection");
    const struct yaml_node *span = yaml_get(detection, "timeframe");
    struct sigma_correlation *k = arena_zalloc(sigma_arena(c), sizeof *k);
    if (!k)
        return sigma_fail_memory(c);
    c->key = BYTES("condition");
    if (!aggregate_type(k, a))
        return sigma_fail(c, detection->line, TEXT_SIGMA_BAD_AGGREGATION, a->function);
    if (!aggregate_bounds(c, k, a, detection->line))
        return false;
    k->timespan_us = (int64_t)DAY_S * 1000'000; // of rules that do not say
    c->key = BYTES("detection.timeframe");
    if (span && !timespan_parse(yaml_text(span), &k->timespan_us))
        return sigma_fail(c, span->line, TEXT_SIGMA_BAD_TIMESPAN, yaml_text(span));
    k->about = rule->about;
    k->members[0] = (struct sigma_member){.name = rule->about.id, .rule = rule};
    k->members_count = 1;
    memcpy(k->group_by, a->by, sizeof k->group_by);
    k->group_by_count = a->by_count;
    if (a->field.len)
        k->fields[k->fields_count++] = a->field;
    decide_when(k);
    keep(b, k);
    return true;
}

// ---- which rules each counts

struct bytes sigma_alias_of(
    const struct sigma_correlation *k, const struct sigma_member *m, struct bytes field)
{
    for (size_t i = 0; i < k->aliases_count; i++) {
        const struct sigma_alias *a = &k->aliases[i];
        struct bytes id = m->rule ? m->rule->about.id : m->correlation->about.id;
        struct bytes name = m->rule ? m->rule->about.name : m->correlation->about.name;
        if (bytes_equal(a->name, field) &&
            (bytes_equal(a->rule, m->name) || bytes_equal(a->rule, id) ||
                bytes_equal(a->rule, name)))
            return a->field;
    }
    return field;
}

static bool feed_carry(struct sigma *sigma, struct sigma_feed *feed, const struct sigma_variant *v,
    struct bytes name, struct bytes field)
{
    bool known;
    for (size_t i = 0; i < feed->count; i++)
        if (bytes_equal(feed->names[i], name))
            return true;
    if (feed->count == SIGMA_CARRY_MOST)
        return true; // correlations of correlations go without
    uint32_t slot = sigma_slot_get(sigma, v->table, v->maps, v->maps_count, field, &known);
    feed->names[feed->count] = name;
    feed->slots[feed->count++] = slot;
    return slot != SIGMA_NONE;
}

// What those that count this one group by, and so on.
static bool carry_parents(struct sigma *sigma, struct sigma_feed *feed,
    const struct sigma_variant *v, const struct sigma_correlation *k, int deep)
{
    for (size_t p = 0; deep < 8 && p < k->parents_count; p++) {
        const struct sigma_correlation *parent = k->parents[p];
        for (size_t i = 0; i < parent->group_by_count; i++)
            if (!feed_carry(sigma, feed, v, parent->group_by[i], parent->group_by[i]))
                return false;
        if (!carry_parents(sigma, feed, v, parent, deep + 1))
            return false;
    }
    return true;
}

// Fields that are counted come first, then those that are grouped by.
static bool feed_variant(struct sigma *sigma, struct sigma_variant *v,
    const struct sigma_correlation *k, uint32_t member)
{
    const struct sigma_member *m = &k->members[member];
    struct sigma_feed *feed = arena_zalloc(&sigma->arena, sizeof *feed);
    if (!feed)
        return false;
    *feed = (struct sigma_feed){.correlation = k, .member = member, .next = v->feeds};
    for (size_t i = 0; i < k->fields_count; i++)
        if (!feed_carry(sigma, feed, v, k->fields[i], sigma_alias_of(k, m, k->fields[i])))
            return false;
    for (size_t i = 0; i < k->group_by_count; i++)
        if (!feed_carry(sigma, feed, v, k->group_by[i], sigma_alias_of(k, m, k->group_by[i])))
            return false;
    if (!carry_parents(sigma, feed, v, k, 0))
        return false;
    v->feeds = feed;
    return true;
}

// Whether a correlation counts itself, by way of others.
static bool counts(
    const struct sigma_correlation *k, const struct sigma_correlation *other, int deep)
{
    if (k == other || deep > CORRELATION_RULES)
        return true;
    for (size_t i = 0; i < k->members_count; i++)
        if (k->members[i].correlation && counts(k->members[i].correlation, other, deep + 1))
            return true;
    return false;
}

static bool find_member(struct sigma_compile *c, struct sigma_builder *b,
    struct sigma_correlation *k, struct sigma_member *m)
{
    const struct sigma_target *target = map_find(&b->ids, m->name);
    if (m->rule)
        return true;
    if (!target || (!target->rule && (!target->correlation || target->correlation->bad)))
        return sigma_fail(c, k->about.line, TEXT_SIGMA_NO_RULE, m->name);
    m->rule = target->rule;
    m->correlation = target->correlation;
    if (m->correlation &&
        (m->correlation->parents_count == CORRELATION_RULES || counts(m->correlation, k, 0)))
        return sigma_fail(c, k->about.line, TEXT_SIGMA_CIRCLE, m->name);
    return true;
}

// False: one of its rules is not there.
static bool find_members(struct sigma_builder *b, struct sigma_correlation *k)
{
    struct sigma_compile c = {.sigma = b->sigma, .key = BYTES("correlation.rules")};
    for (size_t i = 0; i < k->members_count; i++)
        if (!find_member(&c, b, k, &k->members[i])) {
            k->bad = true;
            k->members_count = 0;
            b->report->correlations--;
            b->report->refused++;
            sigma_report_problem(b->report, &c.problem, k->about.file);
            return false;
        }
    return true;
}

static void tell_members(struct sigma_correlation *k)
{
    for (size_t i = 0; i < k->members_count; i++) {
        struct sigma_member *m = &k->members[i];
        if (m->rule)
            m->rule->counted |= !k->generate;
        if (!m->correlation)
            continue;
        m->correlation->counted |= !k->generate;
        m->correlation->parents[m->correlation->parents_count] = k;
        m->correlation->parent_members[m->correlation->parents_count++] = (uint32_t)i;
    }
}

static bool feed_members(struct sigma *sigma, const struct sigma_correlation *k)
{
    for (size_t i = 0; i < k->members_count; i++)
        for (struct sigma_variant *v = k->members[i].rule ? k->members[i].rule->variants : NULL; v;
             v = v->next)
            if (!feed_variant(sigma, v, k, (uint32_t)i))
                return false;
    return true;
}

// Forget those that were left out.
static void drop_bad(struct sigma_correlation *k)
{
    for (size_t i = 0; i < k->members_count; i++)
        if (k->members[i].correlation && k->members[i].correlation->bad)
            k->members[i].correlation = NULL;
}

void sigma_correlations_link(struct sigma_builder *b)
{
    struct sigma_correlation *all = b->sigma->correlations;
    for (bool again = true; again;) { // one that is left out takes those with it that count it
        again = false;
        for (struct sigma_correlation *k = all; k; k = k->next)
            again |= !k->bad && !find_members(b, k);
        for (struct sigma_correlation *k = all; k; k = k->next)
            drop_bad(k);
    }
    for (struct sigma_correlation *k = all; k; k = k->next)
        tell_members(k);
    for (struct sigma_correlation *k = all; k; k = k->next)
        if (!feed_members(b->sigma, k))
            b->report->no_memory = true;
}
