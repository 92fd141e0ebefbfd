// SPDX-License-Identifier: Apache-2.0
// What a rule may cost, estimated from its text: how often its pattern turns up, in how much of the
// traffic it is looked for, and how much there is to do then. Numbers are there to be compared.
#include "rules/rule.h"
#include "rules/rules.h"

enum {
    SHORT_BYTES = 4, // patterns below that turn up by chance
    SCALE = 1000,
    WORK_PCRE = 20,
    WORK_TRANSFORM = 10,
    WORK_DATASET = 5,
    FEW_ADDRESSES = 1 << 23,
};

// Nothing but one byte over and over: padding, which is everywhere.
static bool is_padding(struct bytes pattern)
{
    for (size_t i = 1; i < pattern.len; i++)
        if (pattern.data[i] != pattern.data[0])
            return false;
    return true;
}

// Of 1000 buffers, how many are candidates because of this pattern.
static uint32_t candidates_of(struct bytes pattern)
{
    static const uint32_t by_length[] = {1000, 600, 150, 40};
    if (pattern.len < SHORT_BYTES)
        return by_length[pattern.len];
    return is_padding(pattern) ? 300 : pattern.len < 8 ? 8 : 2;
}

static void look(
    const struct rule_test *test, struct rule_estimate *cost, struct bytes *best, bool *pcre)
{
    cost->work++;
    if (test->kind == TEST_PCRE) {
        cost->work += WORK_PCRE;
        *pcre = true;
    }
    if (test->kind == TEST_DATASET)
        cost->work += WORK_DATASET;
    if (test->kind != TEST_CONTENT || test->is.content.negated)
        return;
    struct bytes pattern = test->is.content.pattern;
    if (test->is.content.chop_len)
        pattern = bytes_sub(pattern, test->is.content.chop_at, test->is.content.chop_len);
    if (!best->data || test->is.content.fast || candidates_of(pattern) < candidates_of(*best))
        *best = pattern;
}

// Few enough addresses for the rule to be found by them.
static bool is_few(const struct rule_addresses *set)
{
    uint64_t count = 0;
    for (size_t i = 0; set && i < set->v4_count; i++)
        count += (uint64_t)set->v4[i].high - set->v4[i].low + 1;
    return set && count < FEW_ADDRESSES;
}

// Of 1000 buffers that pass, how many the header leaves over.
static uint32_t share_of(const struct rule *rule)
{
    const struct rule_header *h = rule->header;
    if (h->apps)
        return 200;
    if (is_few(h->src) || is_few(h->dst))
        return 1;
    bool ports = h->sport || h->dport;
    bool addresses = h->src || h->dst;
    return (ports ? 100u : 1000u) / (addresses ? 2u : 1u);
}

bool rules_estimate(const struct rule_set *set, uint32_t index, struct rule_estimate *cost)
{
    if (index >= set->rules_count)
        return false;
    const struct rule *rule = &set->rules[index];
    struct bytes best = {0};
    bool pcre = false;
    *cost = (struct rule_estimate){.work = 1u + rule->conditions_count};
    for (size_t i = 0; i < rule->groups_count; i++) {
        const struct rule_group *g = &rule->groups[i];
        cost->work += WORK_TRANSFORM * (uint32_t)g->transforms_count;
        for (size_t k = 0; k < g->tests_count; k++)
            look(&g->tests[k], cost, &best, &pcre);
    }
    uint32_t share = share_of(rule);
    cost->candidates = best.data ? candidates_of(best) : SCALE;
    cost->candidates = (cost->candidates * share + SCALE - 1) / SCALE;
    cost->pattern_bytes = (uint32_t)best.len;
    cost->why |= !best.data && rule->groups_count ? RULE_COST_NO_PATTERN : 0;
    cost->why |= best.data && best.len < SHORT_BYTES ? RULE_COST_SHORT_PATTERN : 0;
    cost->why |= best.data && best.len >= SHORT_BYTES && is_padding(best) ? RULE_COST_PADDING : 0;
    cost->why |= pcre ? RULE_COST_PCRE : 0;
    cost->why |= share >= SCALE / 2 ? RULE_COST_EVERYWHERE : 0;
    cost->why |=
        rule->groups_count == 0 && !rule->header->apps && share > 1 ? RULE_COST_EVERY_PACKET : 0;
    cost->cost = (uint64_t)cost->candidates * cost->work;
    return true;
}

bool rules_told(const struct rule_set *set, uint32_t index, struct rule_told *told)
{
    if (index >= set->rules_count)
        return false;
    const struct rule *rule = &set->rules[index];
    *told = (struct rule_told){.gid = rule->gid,
        .sid = rule->sid,
        .rev = rule->rev,
        .msg = rule->said->msg,
        .text = rule->said->text,
        .file = rule->said->file,
        .line = rule->said->line};
    return true;
}
