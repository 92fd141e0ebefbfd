// SPDX-License-Identifier: Apache-2.0
// Filters: documents that take something out of what rules find. The specification's own example
// has the condition "selection", programs that apply filters want "not selection" and join it with
// and; both are taken for what they are meant to be: what the selection describes is left out.
#include "sigma/load.h"

// What a filter makes of a variant's condition.
static bool filter_variant(
    struct sigma_compile *c, const struct yaml_node *filter, struct sigma_variant *variant)
{
    c->table = variant->table;
    c->maps = variant->maps;
    c->maps_count = variant->maps_count;
    struct sigma_node *keep = sigma_detection(c, filter, NULL);
    struct sigma_node *both = keep ? sigma_node_new(c, NODE_AND, 2) : NULL;
    if (both && keep->kind != NODE_NOT) {
        struct sigma_node *not = sigma_node_new(c, NODE_NOT, 1);
        if (not )
            not ->children[not ->count++] = keep;
        keep = not ;
    }
    if (!both || !keep)
        return false;
    both->children[both->count++] = variant->when;
    both->children[both->count++] = keep;
    variant->when = both;
    return true;
}

static bool same_source(const struct yaml_node *source, const struct sigma_rule *rule)
{
    const struct bytes want[] = {yaml_text(yaml_get(source, "category")),
        yaml_text(yaml_get(source, "product")), yaml_text(yaml_get(source, "service"))};
    const struct bytes have[] = {rule->category, rule->product, rule->service};
    for (size_t i = 0; i < 3; i++)
        if (want[i].len && !bytes_equal_nocase(want[i], have[i]))
            return false;
    return true;
}

static bool filter_rule(
    struct sigma_compile *c, const struct yaml_node *filter, const struct sigma_rule *rule)
{
    for (struct sigma_variant *v = rule->variants; v; v = v->next)
        if (!filter_variant(c, filter, v))
            return false;
    return true;
}

// Whether it can be understood at all, where no rule tells.
static bool try_filter(struct sigma_compile *c, const struct yaml_node *filter)
{
    static const uint16_t any[] = {0};
    c->table = sigma_table_get(c->sigma, RECORD_NONE);
    c->maps = any;
    c->maps_count = 1;
    return c->table && sigma_detection(c, filter, NULL);
}

static bool filter_any(
    struct sigma_compile *c, const struct yaml_node *root, const struct yaml_node *filter)
{
    for (struct sigma_rule *rule = c->sigma->rules; rule; rule = rule->next)
        if (same_source(yaml_get(root, "logsource"), rule) && !filter_rule(c, filter, rule))
            return false;
    return true;
}

static bool filter_named(struct sigma_compile *c, struct sigma_builder *b,
    const struct yaml_node *root, const struct yaml_node *filter, const struct yaml_node *name)
{
    const struct sigma_target *target = map_find(&b->ids, yaml_text(name));
    c->key = BYTES("filter.rules");
    if (!target || !target->rule)
        return sigma_fail(c, name->line, TEXT_SIGMA_NO_RULE, yaml_text(name));
    return !same_source(yaml_get(root, "logsource"), target->rule) ||
           filter_rule(c, filter, target->rule);
}

static bool apply(struct sigma_compile *c, struct sigma_builder *b, const struct yaml_node *root)
{
    const struct yaml_node *filter = yaml_get(root, "filter"), *rules = yaml_get(filter, "rules");
    if (!try_filter(c, filter))
        return false;
    c->key = BYTES("filter.rules");
    if (!rules || rules->kind == YAML_MAP || (rules->kind == YAML_LIST && rules->count == 0))
        return sigma_fail(c, root->line, TEXT_SIGMA_NO_RULES, BYTES(""));
    if (bytes_equal_nocase(yaml_text(rules), BYTES("any")))
        return filter_any(c, root, filter);
    if (rules->kind == YAML_TEXT)
        return filter_named(c, b, root, filter, rules);
    for (size_t i = 0; i < rules->count; i++)
        if (!map_find(&b->ids, yaml_text(rules->pairs[i].value)))
            return sigma_fail(
                c, rules->pairs[i].line, TEXT_SIGMA_NO_RULE, yaml_text(rules->pairs[i].value));
    for (size_t i = 0; i < rules->count; i++)
        if (!filter_named(c, b, root, filter, rules->pairs[i].value))
            return false;
    return true;
}

void sigma_filter_load(struct sigma_builder *b, const struct sigma_later *later)
{
    struct sigma_compile c = {.sigma = b->sigma, .config = b->config};
    struct sigma_about about = {0};
    bool ok = sigma_about_read(&c, later->root, later->file, &about) && apply(&c, b, later->root);
    b->report->filters += ok;
    if (ok)
        return;
    b->report->refused++;
    b->report->no_memory |= c.no_memory;
    sigma_report_problem(b->report, &c.problem, later->file);
}
