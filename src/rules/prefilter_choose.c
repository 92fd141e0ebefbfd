// SPDX-License-Identifier: Apache-2.0
// The pattern by which a rule is found: the author's wish, else the one that promises to be seldom
// in traffic: long, of varied bytes, in few other rules, in a buffer that says something.
#include "base/alloc.h"
#include "base/map.h"
#include "rules/prefilter_make.h"

enum {
    KEYS_MOST = 1 << 22,
    KEYS_BYTES = 512 * 1024 * 1024,
    NEW_BYTE = 4,   // worth of a byte not seen before in the pattern
    RARE_BYTE = 6,  // and of one that text has not
    SAME_BYTE = 1,  // of one seen before
    SHARED_BIT = 3, // taken off each time the number of rules that share it doubles
    TOO_SHORT = 64, // taken off a pattern that is found everywhere and makes the search slower
    WISHED = 1 << 20,
};

// What nearly every transaction says there is found too often to find rules by.
static bool says_little(enum rule_buffer buffer)
{
    switch (buffer) {
    case BUFFER_HTTP_METHOD:
    case BUFFER_HTTP_PROTOCOL:
    case BUFFER_HTTP_STAT_CODE:
    case BUFFER_HTTP_STAT_MSG:
    case BUFFER_HTTP_CONNECTION:
    case BUFFER_HTTP_HEADER_NAMES:
    case BUFFER_HTTP_ACCEPT:
    case BUFFER_HTTP_ACCEPT_ENC:
    case BUFFER_HTTP_ACCEPT_LANG:
    case BUFFER_HTTP_CONTENT_LEN:
    case BUFFER_HTTP_CONTENT_TYPE: return true;
    default: return false;
    }
}

static int strength(struct bytes pattern)
{
    bool seen[256] = {false};
    int sum = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        uint8_t c = pattern.data[i];
        bool rare = (c < ' ' || c > '~') && c != 0 && c != 1 && c != 0xff && c != '\r' && c != '\n';
        sum += seen[c] ? SAME_BYTE : rare ? RARE_BYTE : NEW_BYTE;
        seen[c] = true;
    }
    return sum;
}

static bool can_find(const struct rule_group *group, const struct rule_content *content)
{
    return !group->absent && !group->absent_or_else && !content->negated &&
           content->pattern.len > 0;
}

// How often a pattern stands in the rules: fast patterns that many share cost much.
static bool count_pattern(struct map *counts, const struct rule_content *content)
{
    uint32_t *count = map_add(counts, content->pattern);
    if (count)
        ++*count;
    return count != NULL;
}

static bool count_rule(struct map *counts, const struct rule *rule)
{
    for (uint16_t g = 0; g < rule->groups_count; g++) {
        const struct rule_group *group = &rule->groups[g];
        for (uint16_t t = 0; t < group->tests_count; t++)
            if (group->tests[t].kind == TEST_CONTENT &&
                can_find(group, &group->tests[t].is.content) &&
                !count_pattern(counts, &group->tests[t].is.content))
                return false;
    }
    return true;
}

// Transforms that only put a dot before the buffer or change its case need not be made to look for
// a pattern: without its dot, and in any case, it stands in the buffer as it is.
static bool transforms_are_light(const struct rule_group *group)
{
    for (uint8_t i = 0; i < group->transforms_count; i++) {
        enum rule_transform_kind kind = group->transforms[i].kind;
        if (kind != TRANSFORM_DOTPREFIX && kind != TRANSFORM_TO_LOWERCASE &&
            kind != TRANSFORM_TO_UPPERCASE)
            return false;
    }
    return true;
}

static int score(
    const struct map *counts, const struct rule_group *group, const struct rule_content *content)
{
    const uint32_t *count = map_find(counts, content->pattern);
    int shared = count && *count ? 31 - __builtin_clz(*count) : 0;
    int worth = strength(content->pattern) - SHARED_BIT * shared;
    if (says_little(group->buffer))
        worth -= 64;
    if (!transforms_are_light(group))
        worth -= 16;
    if (content->pattern.len < FAST_LEAST)
        return worth - TOO_SHORT;
    return content->fast ? worth + WISHED : worth;
}

static void skip_transforms(struct choice *choice)
{
    for (uint8_t i = 0; i < choice->transforms_count; i++)
        if (choice->transforms[i].kind == TRANSFORM_DOTPREFIX && choice->pattern.data[0] == '.')
            choice->pattern = bytes_from(choice->pattern, 1);
    choice->nocase |= choice->transforms_count > 0;
    choice->transforms_count = 0;
}

// Vectorscan takes a literal that begins with a zero byte for an empty one; expressions, which it
// takes instead, are slow to compile.
static struct bytes without_leading_zeros(struct bytes pattern)
{
    size_t zeros = 0;
    while (zeros < pattern.len && pattern.data[zeros] == 0)
        zeros++;
    return pattern.len - zeros >= FAST_LEAST ? bytes_from(pattern, zeros) : pattern;
}

// depth and startswith say up to where it may stand.
static int64_t depth_of(const struct rule_content *content)
{
    if (content->relative || !(content->starts || content->has_depth))
        return INT64_MAX;
    if (content->starts)
        return (int64_t)content->pattern.len;
    if (content->depth.var || content->offset.var)
        return INT64_MAX;
    return content->depth.number + (content->has_offset ? content->offset.number : 0);
}

// And dsize, how long the packet is at most.
static uint16_t latest_of(
    const struct rule *rule, const struct rule_group *group, const struct rule_content *content)
{
    int64_t end = depth_of(content);
    for (uint16_t i = 0; i < rule->conditions_count; i++) {
        const struct rule_condition *c = &rule->conditions[i];
        int64_t most = rule_number_most(&c->is.number.number);
        if (c->on == RULE_ON_dsize && !c->negated && group->buffer == BUFFER_PAYLOAD && most < end)
            end = most;
    }
    return !group->transforms_count && end >= 0 && end < ANYWHERE ? (uint16_t)end : ANYWHERE;
}

// The pattern's end, so that what ends in bytes not seen before is found by them.
static struct choice choice_of(
    const struct rule *rule, const struct rule_group *group, const struct rule_content *content)
{
    struct bytes pattern = content->pattern;
    if (content->chop_len)
        pattern = bytes_sub(pattern, content->chop_at, content->chop_len);
    size_t behind = content->pattern.len - content->chop_at - pattern.len;
    struct choice choice = {
        .group = group,
        .transforms = group->transforms,
        .transforms_count = group->transforms_count,
        .pattern = pattern,
        .tail = (uint16_t)(content->chop_len ? behind : 0),
        .latest = latest_of(rule, group, content),
        .nocase = content->nocase,
    };
    if (transforms_are_light(group) && pattern.len > group->transforms_count)
        skip_transforms(&choice);
    size_t cut = choice.pattern.len > FAST_BYTES ? choice.pattern.len - FAST_BYTES : 0;
    choice.pattern = without_leading_zeros(bytes_from(choice.pattern, cut));
    return choice;
}

static void choose_rule(const struct map *counts, const struct rule *rule, struct choice choice[2])
{
    int best[2] = {INT32_MIN, INT32_MIN};
    for (uint16_t g = 0; g < rule->groups_count; g++) {
        const struct rule_group *group = &rule->groups[g];
        bool payload = is_payload_world(group->buffer);
        for (uint16_t t = 0; t < group->tests_count; t++) {
            const struct rule_content *content = &group->tests[t].is.content;
            if (group->tests[t].kind != TEST_CONTENT || !can_find(group, content))
                continue;
            int worth = score(counts, group, content);
            if (worth <= best[payload])
                continue;
            best[payload] = worth;
            choice[payload] = choice_of(rule, group, content);
        }
    }
}

bool prefilter_choose(struct rule_prefilter *prefilter)
{
    const struct rule_set *set = prefilter->set;
    prefilter->choices = base_calloc(set->rules_count + 1, sizeof *prefilter->choices);
    if (!prefilter->choices)
        return false;
    struct map counts;
    map_init(&counts, sizeof(uint32_t), KEYS_MOST, KEYS_BYTES);
    bool ok = true;
    for (uint32_t i = 0; ok && i < set->rules_count; i++)
        ok = count_rule(&counts, &set->rules[i]);
    for (uint32_t i = 0; ok && i < set->rules_count; i++)
        choose_rule(&counts, &set->rules[i], prefilter->choices[i]);
    map_finish(&counts);
    return ok;
}
