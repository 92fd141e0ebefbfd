// SPDX-License-Identifier: Apache-2.0
// What a rule may cost, estimated from its text: how often its pattern turns up, in how much of the
// traffic it is looked for, and how much there is to do then. Numbers are there to be compared.
#include "rules/rule.h"
#include "rules/rules.h"

enum {
    SHORT_BYTES = 4, // patterns below that turn up by chance
    SCALE = 1000,
    WORK_PCRE = 20,
    WORK_PCRE_WIDE = 40,
    WORK_PCRE_NESTED = 200,
    WORK_TRANSFORM = 10,
    WORK_DATASET = 5,
    FEW_ADDRESSES = 1 << 23,
    COMMON_CANDIDATES = 300, // of SCALE buffers: what much of the traffic has in it
    COSTLY = 30,             // a rule with such an estimate is named
};

// Nothing but one byte over and over: padding, which is everywhere.
static bool is_padding(struct bytes pattern)
{
    for (size_t i = 1; i < pattern.len; i++)
        if (pattern.data[i] != pattern.data[0])
            return false;
    return true;
}

// Is it in every other message of the protocols that make up most of the traffic?
static bool is_common(struct bytes pattern)
{
    static const char *const words[] = {"GET ", "POST ", "HTTP/1.1", "HTTP/1.0", "HTTP/1.",
        " HTTP/1", "Host: ", "User-Agent: ", "Accept: ", "Accept",
        "Content-Type: ", "Content-Length: ", "Content-",
        "Connection: ", "Cookie: ", "Referer: ", "Mozilla/5.0", "Mozilla/4.0", "Mozilla/",
        "\r\n\r\n", "http://", "https://", "www.", ".com", ".php", ".html", "<html", "text/html"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_nocase(pattern, bytes_from_text(words[i])))
            return true;
    return false;
}

// Of 1000 buffers, how many are candidates because of this pattern.
static uint32_t candidates_of(struct bytes pattern)
{
    static const uint32_t by_length[] = {1000, 600, 150, 40};
    if (pattern.len < SHORT_BYTES)
        return by_length[pattern.len];
    if (is_padding(pattern) || is_common(pattern))
        return COMMON_CANDIDATES;
    return pattern.len < 8 ? 8 : 2;
}

// What a rule's tests add up to.
struct sum {
    struct bytes best; // its rarest content, or the author's choice
    bool chosen;       // by the author
    bool pcre, wide, nested;
};

static void look(const struct rule_test *test, struct rule_estimate *cost, struct sum *sum)
{
    cost->work++;
    if (test->kind == TEST_PCRE) {
        const struct rule_pcre *pcre = &test->is.pcre;
        cost->work +=
            WORK_PCRE + (pcre->wide ? WORK_PCRE_WIDE : 0u) + (pcre->nested ? WORK_PCRE_NESTED : 0u);
        sum->pcre = true;
        sum->wide |= pcre->wide;
        sum->nested |= pcre->nested;
    }
    if (test->kind == TEST_DATASET)
        cost->work += WORK_DATASET;
    if (test->kind != TEST_CONTENT || test->is.content.negated)
        return;
    struct bytes pattern = test->is.content.pattern;
    if (test->is.content.chop_len)
        pattern = bytes_sub(pattern, test->is.content.chop_at, test->is.content.chop_len);
    bool rarer = !sum->best.data || candidates_of(pattern) < candidates_of(sum->best);
    if (test->is.content.fast || (rarer && !sum->chosen))
        sum->best = pattern;
    sum->chosen |= test->is.content.fast;
}

// Few enough addresses for the rule to be found by them.
static bool is_few(const struct rule_addresses *set)
{
    uint64_t count = 0;
    for (size_t i = 0; set && i < set->v4_count; i++)
        count += (uint64_t)set->v4[i].high - set->v4[i].low + 1;
    return set && count < FEW_ADDRESSES;
}

// Tried when the event happens, and then only.
static bool waits_for_event(const struct rule *rule)
{
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        enum rule_on on = rule->conditions[i].on;
        if (on == RULE_ON_decode_event || on == RULE_ON_stream_event ||
            on == RULE_ON_app_layer_event || on == RULE_ON_engine_event)
            return true;
    }
    return false;
}

// Of 1000 buffers that pass, how many the header leaves over.
static uint32_t share_of(const struct rule *rule)
{
    const struct rule_header *h = rule->header;
    if (waits_for_event(rule))
        return 1;
    if (h->apps)
        return 200;
    if (is_few(h->src) || is_few(h->dst))
        return 1;
    bool ports = h->sport || h->dport;
    bool addresses = h->src || h->dst;
    return (ports ? 100u : 1000u) / (addresses ? 2u : 1u);
}

static uint32_t why_of(const struct rule *rule, const struct sum *sum, uint32_t share)
{
    struct bytes best = sum->best;
    bool brief = best.data && best.len < SHORT_BYTES, padding = best.data && is_padding(best);
    bool common = best.data && is_common(best);
    bool weak = !best.data || brief || padding || common;
    uint32_t why = 0;
    why |= !best.data && (rule->groups_count || rule->header->apps) ? RULE_COST_NO_PATTERN : 0u;
    why |= brief ? RULE_COST_SHORT_PATTERN : 0u;
    why |= padding && !brief ? RULE_COST_PADDING : 0u;
    why |= common && !brief ? RULE_COST_COMMON : 0u;
    why |= sum->pcre && weak ? RULE_COST_PCRE : 0u;
    why |= sum->wide ? RULE_COST_PCRE_WIDE : 0u;
    why |= sum->nested ? RULE_COST_PCRE_NESTED : 0u;
    why |= share >= SCALE / 2 ? RULE_COST_EVERYWHERE : 0u;
    bool headers = rule->groups_count == 0 && !rule->header->apps && share > 1;
    return why | (headers ? RULE_COST_EVERY_PACKET : 0u);
}

bool rules_estimate(const struct rule_set *set, uint32_t index, struct rule_estimate *cost)
{
    if (index >= set->rules_count)
        return false;
    const struct rule *rule = &set->rules[index];
    struct sum sum = {.pcre = false};
    *cost = (struct rule_estimate){.work = 1u + rule->conditions_count};
    for (size_t i = 0; i < rule->groups_count; i++) {
        const struct rule_group *g = &rule->groups[i];
        cost->work += WORK_TRANSFORM * (uint32_t)g->transforms_count;
        for (size_t k = 0; k < g->tests_count; k++)
            look(&g->tests[k], cost, &sum);
    }
    uint32_t share = share_of(rule);
    cost->candidates = sum.best.data ? candidates_of(sum.best) : SCALE;
    cost->candidates = (cost->candidates * share + SCALE - 1) / SCALE;
    cost->pattern_bytes = (uint32_t)sum.best.len;
    cost->why = waits_for_event(rule) ? 0 : why_of(rule, &sum, share);
    cost->cost = (uint64_t)cost->candidates * cost->work;
    cost->costly = cost->why != 0 && cost->cost >= COSTLY;
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
