// SPDX-License-Identifier: Apache-2.0
// One detection rule: its log source, and its detection for each type of records that gives.
#include "sigma/load.h"
#include <stdio.h>

bool sigma_target_add(struct sigma_builder *b, struct bytes name, struct sigma_target target)
{
    struct sigma_target *known = name.len ? map_add(&b->ids, name) : NULL;
    if (!known)
        return name.len == 0;
    if (known->rule || known->correlation)
        return known->rule == target.rule && known->correlation == target.correlation;
    *known = target;
    return true;
}

static bool add_variant(struct sigma_compile *c, struct sigma_rule *rule,
    const struct yaml_node *root, struct sigma_aggregate *aggregate)
{
    struct sigma_node *when = sigma_detection(c, yaml_get(root, "detection"), aggregate);
    struct sigma_variant *variant = when ? arena_zalloc(sigma_arena(c), sizeof *variant) : NULL;
    uint16_t *maps = variant ? arena_alloc(sigma_arena(c), c->maps_count * sizeof *maps) : NULL;
    if (!maps)
        return when && sigma_fail_memory(c);
    memcpy(maps, c->maps, c->maps_count * sizeof *maps);
    *variant = (struct sigma_variant){.rule = rule,
        .table = c->table,
        .when = when,
        .maps = maps,
        .maps_count = c->maps_count,
        .next = rule->variants};
    rule->variants = variant;
    return true;
}

// Maps of events share their fields and make one variant; each other map makes one of its own.
static bool add_variants(struct sigma_compile *c, struct sigma_rule *rule,
    const struct yaml_node *root, const uint16_t *maps, size_t count,
    struct sigma_aggregate *aggregate)
{
    uint16_t events[SIGMA_MAPS_MOST];
    size_t events_count = 0;
    for (size_t i = 0; i < count; i++) {
        enum record_type type = sigma_maps[maps[i]].record;
        if (type == RECORD_LOG_EVENT) {
            events[events_count++] = maps[i];
            continue;
        }
        c->table = sigma_table_get(c->sigma, type);
        c->maps = &maps[i];
        c->maps_count = 1;
        *aggregate = (struct sigma_aggregate){0};
        if (!c->table || !add_variant(c, rule, root, aggregate))
            return c->failed ? false : sigma_fail_memory(c);
    }
    if (events_count == 0)
        return true;
    c->table = sigma_table_get(c->sigma, RECORD_LOG_EVENT);
    c->maps = events;
    c->maps_count = events_count;
    *aggregate = (struct sigma_aggregate){0};
    return (c->table && add_variant(c, rule, root, aggregate)) ||
           (!c->failed && sigma_fail_memory(c));
}

// Without records the rule is held against those of a map all the same, to say whether it can be
// understood; nothing of that is kept.
static bool try_variant(struct sigma_compile *c, const struct yaml_node *root)
{
    static const uint16_t any[] = {0};
    struct sigma_rule unused = {0};
    struct sigma_aggregate aggregate = {0};
    c->table = sigma_table_get(c->sigma, RECORD_NONE);
    c->maps = any;
    c->maps_count = 1;
    if (!c->table)
        return sigma_fail_memory(c);
    return add_variant(c, &unused, root, &aggregate);
}

static void count_waiting(struct sigma_builder *b, const struct sigma_rule *rule)
{
    char text[256];
    const struct bytes parts[] = {rule->category, rule->product, rule->service};
    size_t len = 0;
    for (size_t i = 0; i < 3; i++)
        if (parts[i].len && parts[i].len < 64)
            len += (size_t)snprintf(&text[len], sizeof text - len, "%s%.*s", len ? "/" : "",
                (int)parts[i].len, (const char *)parts[i].data);
    uint64_t *rules = map_add(&b->waiting, bytes_make(text, len));
    if (rules)
        ++*rules;
}

static bool read_source(
    struct sigma_compile *c, const struct yaml_node *root, struct sigma_rule *rule)
{
    const struct yaml_node *source = yaml_get(root, "logsource");
    c->key = BYTES("logsource");
    if (!source || source->kind != YAML_MAP)
        return sigma_fail(c, source ? source->line : root->line, TEXT_SIGMA_NO_SOURCE, BYTES(""));
    rule->category = yaml_text(yaml_get(source, "category"));
    rule->product = yaml_text(yaml_get(source, "product"));
    rule->service = yaml_text(yaml_get(source, "service"));
    if (rule->category.len + rule->product.len + rule->service.len == 0)
        return sigma_fail(c, source->line, TEXT_SIGMA_NO_SOURCE, BYTES(""));
    return true;
}

static bool read_rule(struct sigma_compile *c, struct sigma_builder *b,
    const struct yaml_node *root, struct bytes file, struct sigma_rule *rule)
{
    uint16_t maps[SIGMA_MAPS_MOST];
    struct sigma_aggregate aggregate = {0};
    if (!sigma_about_read(c, root, file, &rule->about) || !read_source(c, root, rule))
        return false;
    size_t count = sigma_maps_of(rule->category, rule->product, rule->service, maps);
    bool ok = count ? add_variants(c, rule, root, maps, count, &aggregate) : try_variant(c, root);
    if (!ok)
        return false;
    c->key = BYTES("id");
    if (!sigma_target_add(b, rule->about.id, (struct sigma_target){rule, NULL}))
        return sigma_fail(c, root->line, TEXT_SIGMA_ID_TWICE, rule->about.id);
    c->key = BYTES("name");
    if (!sigma_target_add(b, rule->about.name, (struct sigma_target){rule, NULL}))
        return sigma_fail(c, root->line, TEXT_SIGMA_ID_TWICE, rule->about.name);
    if (aggregate.there)
        return sigma_correlation_of_aggregate(c, b, rule, &aggregate, root);
    return true;
}

static void forget(struct sigma_builder *b, struct sigma_rule *rule)
{
    struct sigma_target *target = map_find(&b->ids, rule->about.id);
    if (target && target->rule == rule)
        *target = (struct sigma_target){0};
}

void sigma_rule_load(struct sigma_builder *b, const struct yaml_node *root, struct bytes file)
{
    struct sigma *sigma = b->sigma;
    struct sigma_compile c = {.sigma = sigma, .config = b->config};
    struct sigma_rule *rule = arena_zalloc(&sigma->arena, sizeof *rule);
    if (!rule) {
        b->report->no_memory = true;
        return;
    }
    rule->number = (uint32_t)sigma->count;
    if (!read_rule(&c, b, root, file, rule)) {
        b->report->no_memory |= c.no_memory;
        b->report->refused++;
        sigma_report_problem(b->report, &c.problem, file);
        forget(b, rule);
        return;
    }
    sigma->count++;
    b->report->rules++;
    b->report->variables += c.variable;
    for (size_t i = 0; i < c.unknown_count; i++) {
        uint64_t *rules = map_add(&b->unknown, c.unknown[i]);
        if (rules)
            ++*rules;
    }
    if (!rule->variants)
        count_waiting(b, rule);
    rule->active = rule->variants && !c.variable;
    b->report->active += rule->active;
    *sigma->rules_end = rule;
    sigma->rules_end = &rule->next;
}
