// SPDX-License-Identifier: Apache-2.0
// One rule from its text to its place in the set. What a rule holds lies in the set's memory; lists
// that grow while it is read lie in scratch memory.
#include "base/alloc.h"
#include "rules/dataset.h"
#include "rules/keywords.h"

static void begin(struct draft *draft, struct bytes text)
{
    struct loader *loader = draft->loader;
    const char *file = draft->file;
    uint32_t line = draft->line;
    memset(draft, 0, offsetof(struct draft, conditions));
    draft->loader = loader;
    draft->file = file;
    draft->line = line;
    draft->group = -1;
    draft->text = draft->blame = text;
    draft->sides = BUFFER_TO_SERVER | BUFFER_TO_CLIENT;
}

// The options are what stands between the first '(' and the last ')'.
static bool split(struct draft *draft, struct bytes *options)
{
    struct bytes text = draft->text;
    size_t open = bytes_find_byte(text, '(');
    if (open == BYTES_NOT_FOUND || text.len == 0 || text.data[text.len - 1] != ')')
        return draft_fail(draft, open == BYTES_NOT_FOUND ? "is no rule: it has no (options)"
                                                         : "the rule does not end in ')'");
    if (memchr(text.data, 0, text.len))
        return draft_fail(draft, "the rule has a byte of value 0");
    *options = bytes_sub(text, open + 1, text.len - open - 2);
    return true;
}

bool draft_parse(struct draft *draft, struct bytes text)
{
    struct bytes options, rest;
    begin(draft, text);
    if (!split(draft, &options))
        return false;
    size_t at = (size_t)(options.data - text.data);
    draft->text = draft->blame = draft_copy(draft, text);
    if (!draft->text.data)
        return false;
    options = bytes_sub(draft->text, at, options.len);
    if (!parse_requirements(draft, options) || draft->skipped)
        return draft->skipped && !draft->what;
    return parse_header(draft, &rest) && parse_options(draft, options) && draft_check(draft);
}

static bool lower_patterns(struct draft *draft, struct rule_test *test)
{
    if (test->kind != TEST_CONTENT || !test->is.content.nocase)
        return true;
    struct bytes pattern = test->is.content.pattern;
    uint8_t *lower = draft_alloc(draft, pattern.len);
    if (!lower)
        return false;
    for (size_t i = 0; i < pattern.len; i++)
        lower[i] = pattern.data[i] >= 'A' && pattern.data[i] <= 'Z' ? pattern.data[i] | 0x20
                                                                    : pattern.data[i];
    test->is.content.pattern = bytes_make(lower, pattern.len);
    return true;
}

// The tests of one group, in their order.
static bool keep_group(struct draft *draft, size_t index, struct rule_group *out)
{
    const struct draft_group *from = &draft->groups[index];
    struct rule_transform *transforms = NULL;
    uint16_t count = 0, at = 0;
    for (size_t i = 0; i < draft->tests_count; i++)
        count = (uint16_t)(count + (draft->tests[i].group == index));
    struct rule_test *tests = draft_alloc(draft, count * sizeof *tests);
    if (from->transforms_count)
        transforms = draft_alloc(draft, from->transforms_count * sizeof *transforms);
    if (!tests || (from->transforms_count && !transforms))
        return false;
    for (size_t i = 0; i < draft->tests_count; i++)
        if (draft->tests[i].group == index) {
            tests[at] = draft->tests[i].test;
            if (!lower_patterns(draft, &tests[at++]))
                return false;
        }
    if (transforms)
        memcpy(transforms, from->transforms, from->transforms_count * sizeof *transforms);
    *out = (struct rule_group){
        .buffer = from->buffer,
        .frame = from->frame,
        .absent = from->absent,
        .absent_or_else = from->absent_or_else,
        .transforms = transforms,
        .transforms_count = from->transforms_count,
        .tests = tests,
        .tests_count = count,
    };
    return true;
}

// base64_data's tests hang on the base64_decode that stands before them.
static bool hang_base64(struct draft *draft, const struct rule_group *data)
{
    for (size_t i = draft->tests_count; i-- > 0;)
        if (draft->tests[i].test.kind == TEST_BASE64_DECODE) {
            draft->tests[i].test.is.base64.behind = data;
            return true;
        }
    return draft_fail(draft, "base64_data has no base64_decode before it");
}

static bool keep_base64(struct draft *draft)
{
    for (size_t i = 0; i < draft->groups_count; i++) {
        if (draft->groups[i].buffer != BUFFER_BASE64_DATA)
            continue;
        struct rule_group *behind = draft_alloc(draft, sizeof *behind);
        if (!behind || !keep_group(draft, i, behind) || !hang_base64(draft, behind))
            return false;
    }
    return true;
}

static bool keep_groups(struct draft *draft)
{
    struct rule_group *groups = draft_alloc(draft, draft->groups_count * sizeof *groups);
    uint16_t count = 0;
    if (!groups || !keep_base64(draft))
        return false;
    for (size_t i = 0; i < draft->groups_count; i++) {
        struct rule_group made;
        if (draft->groups[i].buffer == BUFFER_BASE64_DATA)
            continue;
        if (!keep_group(draft, i, &made))
            return false;
        if (made.tests_count || made.absent)
            groups[count++] = made;
    }
    draft->rule.groups = groups;
    draft->rule.groups_count = count;
    return true;
}

// A copy that stays, or NULL when there is nothing to keep.
static const void *keep(struct draft *draft, bool there, const void *what, size_t size)
{
    void *copy = there ? draft_alloc(draft, size) : NULL;
    if (copy)
        memcpy(copy, what, size);
    return copy;
}

static bool is_of_packet(enum rule_on on)
{
    return (on <= RULE_ON_engine_event && on != RULE_ON_stream_size && on != RULE_ON_ip_proto &&
               on != RULE_ON_geoip && on != RULE_ON_iprep) ||
           on == RULE_ON_flow_packets;
}

// Rules that ask for fields of packets are no rules on streams.
static void needs(struct draft *draft)
{
    struct rule *rule = &draft->rule;
    uint32_t layer = draft->header.layer;
    rule->packet_only = (layer & (RULE_TCP_PKT | RULE_PKTHDR | RULE_ARP | RULE_ETHER)) != 0 ||
                        (rule->flow & RULE_FLOW_NO_STREAM) != 0;
    for (size_t i = 0; i < draft->conditions_count; i++)
        rule->packet_only = rule->packet_only || is_of_packet(draft->conditions[i].on);
    for (size_t i = 0; i < draft->groups_count; i++)
        rule->packet_only =
            rule->packet_only ||
            (rule_buffer_infos[draft->groups[i].buffer].source == BUFFER_OF_PACKET &&
                draft->groups[i].buffer != BUFFER_PAYLOAD);
    rule->stream_only = (layer & RULE_TCP_STREAM) != 0 || (rule->flow & RULE_FLOW_ONLY_STREAM) != 0;
}

static bool open_datasets(struct draft *draft)
{
    char why[DATASET_WHY_BYTES];
    if (draft->loader->options->for_check && !draft->loader->set->datasets)
        return true;
    for (size_t i = 0; i < draft->tests_count; i++) {
        struct rule_test *test = &draft->tests[i].test;
        if (test->kind != TEST_DATASET)
            continue;
        if (!rule_datasets_open(draft->loader->set->datasets, test->is.dataset, why)) {
            struct bytes kept = draft_copy(draft, bytes_make(why, strlen(why) + 1));
            return draft_fail_at(draft, draft->tests[i].keyword, (const char *)kept.data);
        }
    }
    return true;
}

static struct rule *one_more(struct draft *draft)
{
    struct rule_memory *memory = draft->loader->memory;
    struct rule_set *set = draft->loader->set;
    if (set->rules_count == memory->rules_room) {
        size_t room = memory->rules_room ? memory->rules_room * 2 : 1024;
        struct rule *grown =
            room <= RULES_MOST * 2 ? base_realloc(memory->rules, room * sizeof *grown) : NULL;
        if (!grown) {
            draft_fail(draft, "there are too many rules");
            return NULL;
        }
        memory->rules = grown;
        memory->rules_room = room;
        set->rules = grown;
    }
    return &memory->rules[set->rules_count];
}

// One sid is one rule: a newer revision takes the place of an older one.
static bool is_newest(struct draft *draft)
{
    struct rule *rule = &draft->rule;
    uint64_t id = (uint64_t)rule->gid << 32 | rule->sid;
    uint32_t *index = map_add(&draft->loader->ids, bytes_make(&id, sizeof id));
    if (!index)
        return draft_fail(draft, "there are too many rules");
    if (*index) {
        struct rule *old = &draft->loader->memory->rules[*index - 1];
        if (rule->rev <= old->rev)
            return draft_fail_at(draft, (struct bytes){0}, "a rule with this sid was read before");
        draft_warn(draft, "takes the place of an older revision");
        old->sid = 0; // taken out at the end
        draft->loader->report->loaded--;
    }
    *index = draft->loader->set->rules_count + 1;
    return true;
}

bool draft_commit(struct draft *draft)
{
    struct rule *rule = &draft->rule;
    draft->said.text = draft->text;
    draft->said.file = draft->file;
    draft->said.line = draft->line;
    rule->vars = draft->vars_count;
    rule->conditions_count = (uint16_t)draft->conditions_count;
    if (!open_datasets(draft) || !keep_groups(draft))
        return false;
    rule->conditions =
        keep(draft, true, draft->conditions, draft->conditions_count * sizeof *draft->conditions);
    rule->header = keep(draft, true, &draft->header, sizeof draft->header);
    rule->said = keep(draft, true, &draft->said, sizeof draft->said);
    rule->threshold =
        keep(draft, draft->threshold.kind, &draft->threshold, sizeof draft->threshold);
    rule->filter = keep(draft, draft->filter.kind, &draft->filter, sizeof draft->filter);
    rule->tag = keep(draft, draft->tag.what, &draft->tag, sizeof draft->tag);
    rule->filestore =
        keep(draft, draft->filestore.asked, &draft->filestore, sizeof draft->filestore);
    needs(draft);
    struct rule *to = draft->what ? NULL : one_more(draft);
    if (!to || !is_newest(draft))
        return false;
    *to = *rule;
    draft->loader->set->rules_count++;
    return true;
}
