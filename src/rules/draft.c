// SPDX-License-Identifier: Apache-2.0
// The rule being read: what keywords add to it, and the sides and protocols they leave it.
#include "rules/parse.h"
#include "schema/buffers.h"

bool draft_fail_at(struct draft *draft, struct bytes where, const char *what)
{
    if (!draft->what) {
        draft->what = what;
        draft->blame = where;
    }
    return false;
}

bool draft_fail(struct draft *draft, const char *what)
{
    return draft_fail_at(draft, draft->blame, what);
}

void draft_warn(struct draft *draft, const char *what)
{
    if (draft->warnings_count < RULE_WARNINGS)
        draft->warnings[draft->warnings_count++] = (struct rule_warning){draft->blame, what};
}

void *draft_alloc(struct draft *draft, size_t size)
{
    void *memory = arena_zalloc(&draft->loader->memory->arena, size ? size : 1);
    if (!memory) {
        draft->loader->out_of_memory = true;
        draft_fail(draft, "there is not enough memory for it");
    }
    return memory;
}

struct bytes draft_copy(struct draft *draft, struct bytes b)
{
    uint8_t *copy = draft_alloc(draft, b.len);
    if (!copy)
        return (struct bytes){0};
    if (b.len)
        memcpy(copy, b.data, b.len);
    return bytes_make(copy, b.len);
}

// One more element of a list in scratch memory.
static void *one_more(struct draft *draft, void **list, size_t count, size_t *room, size_t size)
{
    if (count == *room) {
        size_t more = *room ? *room * 2 : 8;
        void *grown = arena_grow(&draft->loader->scratch, *list, *room * size, more * size);
        if (!grown) {
            draft_fail(draft, "there is not enough memory for it");
            return NULL;
        }
        *list = grown;
        *room = more;
    }
    void *element = (char *)*list + count * size;
    memset(element, 0, size);
    return element;
}

struct rule_condition *draft_condition(struct draft *draft, enum rule_on on)
{
    if (draft->conditions_count == RULE_CONDITIONS) {
        draft_fail(draft, "the rule has too many keywords");
        return NULL;
    }
    struct rule_condition *c = &draft->conditions[draft->conditions_count++];
    *c = (struct rule_condition){.on = on};
    return c;
}

static struct draft_group *add_group(struct draft *draft, enum rule_buffer buffer, uint16_t *index)
{
    if (draft->groups_count == RULE_GROUPS) {
        draft_fail(draft, "the rule asks for too many buffers");
        return NULL;
    }
    void *list = draft->groups;
    struct draft_group *group =
        one_more(draft, &list, draft->groups_count, &draft->groups_room, sizeof *group);
    draft->groups = list;
    if (!group)
        return NULL;
    group->buffer = buffer;
    group->keyword = draft->blame;
    *index = (uint16_t)draft->groups_count++;
    return group;
}

// Of a modifier or without a sticky buffer: one group each buffer.
bool draft_group_of(struct draft *draft, enum rule_buffer buffer, uint16_t *out)
{
    for (size_t i = 0; i < draft->groups_count; i++) {
        const struct draft_group *g = &draft->groups[i];
        if (g->buffer == buffer && g->transforms_count == 0 && !g->instance_of_many) {
            *out = (uint16_t)i;
            return true;
        }
    }
    return add_group(draft, buffer, out) != NULL;
}

bool draft_app_bits(struct draft *draft, uint64_t apps)
{
    uint64_t both = draft->header.apps ? draft->header.apps & apps : apps;
    if (both == 0)
        return draft_fail(draft, "belongs to another protocol than what stands before it");
    draft->header.apps = both;
    return true;
}

bool draft_apps(struct draft *draft, const char *name)
{
    uint64_t apps;
    if (!name)
        return true;
    if (!parse_protocol_apps(bytes_from_text(name), &apps))
        return draft_fail(draft, "belongs to a protocol rules have no name for");
    return draft_app_bits(draft, apps);
}

bool draft_buffer_apps(struct draft *draft, const struct rule_buffer_info *buffer)
{
    uint64_t all = 0, apps;
    for (size_t i = 0; buffer->protos && buffer->protos[i]; i++)
        if (parse_protocol_apps(bytes_from_text(buffer->protos[i]), &apps))
            all |= apps;
    return all == 0 || draft_app_bits(draft, all);
}

bool draft_side(struct draft *draft, uint8_t to)
{
    if (draft->header.direction == RULE_TRANSACTION)
        return true;
    if ((draft->sides & to) == 0)
        return draft_fail(draft, "is of the other side than what stands before it");
    draft->sides &= to;
    return true;
}

static bool is_unused(const struct draft *draft, int group)
{
    for (size_t i = 0; i < draft->tests_count; i++)
        if (draft->tests[i].group == group)
            return false;
    return true;
}

bool draft_sticky(struct draft *draft, const struct rule_buffer_info *buffer)
{
    uint16_t index;
    enum rule_buffer id = (enum rule_buffer)(buffer - rule_buffer_infos);
    if (draft->group >= 0 && draft->group_is_fresh && draft->groups[draft->group].transforms_count)
        return draft_fail(draft, "stands behind a transformation that nothing used");
    if (draft->group >= 0 && is_unused(draft, draft->group) && !draft->groups[draft->group].absent)
        return draft_fail_at(
            draft, draft->groups[draft->group].keyword, "nothing asks for these bytes");
    if (!draft_buffer_apps(draft, buffer) || !draft_side(draft, buffer->to))
        return false;
    if (buffer->many) {
        struct draft_group *group = add_group(draft, id, &index);
        if (!group)
            return false;
        group->instance_of_many = true;
    } else if (!draft_group_of(draft, id, &index))
        return false;
    draft->groups[index].keyword = draft->blame;
    draft->group = index;
    draft->group_is_fresh = true;
    return true;
}

struct draft_test *draft_test(struct draft *draft, enum rule_test_kind kind)
{
    uint16_t group;
    if (draft->group >= 0)
        group = (uint16_t)draft->group;
    else if (!draft_group_of(draft, BUFFER_PAYLOAD, &group))
        return NULL;
    if (draft->tests_count == RULE_TESTS) {
        draft_fail(draft, "the rule has too many contents");
        return NULL;
    }
    void *list = draft->tests;
    struct draft_test *test =
        one_more(draft, &list, draft->tests_count, &draft->tests_room, sizeof *test);
    draft->tests = list;
    if (!test)
        return NULL;
    draft->tests_count++;
    draft->group_is_fresh = false;
    test->test.kind = kind;
    test->group = group;
    test->keyword = draft->blame;
    return test;
}

// A test that counts from the one before looks at the same buffer, although a modifier has put that
// one there.
struct draft_test *draft_test_behind(struct draft *draft, enum rule_test_kind kind, bool relative)
{
    int group = draft->group;
    if (relative && group < 0 && draft->tests_count > 0)
        draft->group = draft->tests[draft->tests_count - 1].group;
    struct draft_test *test = draft_test(draft, kind);
    draft->group = group;
    return test;
}

struct draft_test *draft_last_content(struct draft *draft)
{
    for (size_t i = draft->tests_count; i-- > 0;)
        if (draft->tests[i].test.kind == TEST_CONTENT)
            return &draft->tests[i];
    return NULL;
}

// Behind all others, as a modifier puts a content to the end of its buffer's.
bool draft_move(struct draft *draft, struct draft_test *test, enum rule_buffer buffer)
{
    const struct rule_buffer_info *info = &rule_buffer_infos[buffer];
    uint16_t group;
    if (!draft_buffer_apps(draft, info) || !draft_side(draft, info->to) ||
        !draft_group_of(draft, buffer, &group))
        return false;
    struct draft_test moved = *test;
    moved.group = group;
    size_t at = (size_t)(test - draft->tests);
    memmove(test, test + 1, (draft->tests_count - at - 1) * sizeof *test);
    draft->tests[draft->tests_count - 1] = moved;
    return true;
}

bool draft_variable(struct draft *draft, struct bytes name, uint8_t *out)
{
    for (uint8_t i = 0; i < draft->vars_count; i++)
        if (bytes_equal(draft->vars[i], name)) {
            *out = (uint8_t)(i + 1);
            return true;
        }
    return false;
}

bool draft_value(
    struct draft *draft, struct bytes text, int64_t min, int64_t max, struct rule_value *out)
{
    text = text_trim(text);
    *out = (struct rule_value){0};
    if (text_to_signed(text, min, max, &out->number) || draft_variable(draft, text, &out->var))
        return true;
    if (text.len && (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9')))
        return draft_fail(draft, "is no number it may have");
    return draft_fail(draft, "is neither a number nor a variable set before");
}

bool draft_name(struct draft *draft, int list, struct bytes name, uint16_t *out)
{
    struct map *names = &draft->loader->names[list];
    uint16_t *index = map_find(names, name);
    if (!index) {
        if (names->count >= RULE_NAMES)
            return draft_fail(draft, "there are too many names of this kind in all rules");
        index = map_add(names, name);
        if (!index)
            return draft_fail(draft, "there is not enough memory for it");
        *index = (uint16_t)(names->count - 1);
    }
    *out = *index;
    return true;
}
