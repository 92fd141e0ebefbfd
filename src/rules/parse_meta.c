// SPDX-License-Identifier: Apache-2.0
// What a rule says about itself: msg, sid, rev, gid, classtype, priority, reference, metadata,
// target, requires.
#include "rules/keywords.h"

enum {
    RULE_PAIRS = 256, // of metadata
    RULE_REFERENCES = 128,
    PRIORITY_MOST = 255,
    PRIORITY_DEFAULT = 3,
};

// The version of the language we speak, for `requires`.
static const uint64_t version[3] = {8, 0, 5};

bool keyword_msg(struct draft *draft, struct bytes value, bool)
{
    uint8_t *out = draft_alloc(draft, value.len);
    size_t len = 0;
    if (!out)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i], next = bytes_at(value, i + 1);
        if (c == '\\' && i + 1 < value.len &&
            (next == '\\' || next == '"' || next == ';' || next == ':'))
            c = value.data[++i];
        out[len++] = c;
    }
    draft->said.msg = bytes_make(out, len);
    return true;
}

static bool set_id(
    struct draft *draft, struct bytes value, uint32_t least, bool twice, uint32_t *out)
{
    uint64_t number;
    if (twice)
        return draft_fail(draft, "stands twice");
    if (!bytes_to_u64(value, &number) || number < least || number >= UINT32_MAX)
        return draft_fail(draft, least ? "is a whole number above 0" : "is a whole number");
    *out = (uint32_t)number;
    return true;
}

bool keyword_sid(struct draft *draft, struct bytes value, bool)
{
    return set_id(draft, value, 1, draft->rule.sid != 0, &draft->rule.sid);
}

bool keyword_rev(struct draft *draft, struct bytes value, bool)
{
    bool twice = draft->has_rev;
    draft->has_rev = true;
    return set_id(draft, value, 1, twice, &draft->rule.rev);
}

bool keyword_gid(struct draft *draft, struct bytes value, bool)
{
    bool twice = draft->has_gid;
    draft->has_gid = true;
    return set_id(draft, value, 0, twice, &draft->rule.gid);
}

static void better_priority(struct draft *draft, uint8_t priority)
{
    if (draft->rule.priority == 0 || priority < draft->rule.priority)
        draft->rule.priority = priority;
}

bool keyword_classtype(struct draft *draft, struct bytes value, bool)
{
    const struct rule_class *class = loader_class(draft->loader, value);
    if (draft->has_classtype)
        draft_warn(draft, "stands twice: the more urgent one counts");
    if (!class)
        draft_warn(draft, "is no known class: priority 3 is taken");
    uint8_t priority = class ? class->priority : PRIORITY_DEFAULT;
    bool better = !draft->has_classtype || draft->class_priority > priority;
    draft->has_classtype = true;
    if (!better)
        return true;
    draft->class_priority = priority;
    draft->said.classtype = class ? class->name : value;
    draft->said.category = class ? class->words : (struct bytes){0};
    return true;
}

bool keyword_priority(struct draft *draft, struct bytes value, bool)
{
    uint64_t number;
    if (!bytes_to_u64(value, &number) || number < 1 || number > PRIORITY_MOST)
        return draft_fail(draft, "is a number from 1 to 255");
    if (draft->has_priority)
        draft_warn(draft, "stands twice: the more urgent one counts");
    draft->has_priority = true;
    better_priority(draft, (uint8_t)number);
    return true;
}

// One more element of a list that stays; the list moves when it grows.
static void *grown(struct draft *draft, const void *list, uint16_t count, size_t most, size_t size)
{
    if (count == most) {
        draft_fail(draft, "there are too many of these in the rule");
        return NULL;
    }
    size_t room = count ? (size_t)count * size : 0;
    if (count & 7) // room for eight at a time
        return (void *)(uintptr_t)list;
    void *more =
        arena_grow(&draft->loader->memory->arena, (void *)(uintptr_t)list, room, room + 8 * size);
    if (!more)
        draft_fail(draft, "there is not enough memory for it");
    return more;
}

bool keyword_reference(struct draft *draft, struct bytes value, bool)
{
    struct bytes kind, rest = value;
    if (!text_next(&rest, ',', &kind) || !rest.data)
        return draft_fail(draft, "is KIND,WHERE");
    struct bytes target = text_unquote(text_trim(rest));
    struct bytes prefix = loader_reference(draft->loader, kind);
    if (!kind.len || !target.len)
        return draft_fail(draft, "is KIND,WHERE");
    struct rule_reference *list = grown(
        draft, draft->said.references, draft->said.references_count, RULE_REFERENCES, sizeof *list);
    if (!list)
        return false;
    list[draft->said.references_count++] = (struct rule_reference){kind, target, prefix};
    draft->said.references = list;
    return true;
}

bool keyword_metadata(struct draft *draft, struct bytes value, bool)
{
    struct bytes item, rest = value;
    while (text_next(&rest, ',', &item)) {
        size_t space = 0;
        while (space < item.len && item.data[space] != ' ')
            space++;
        if (!item.len)
            continue;
        struct json_pair *list = grown(
            draft, draft->said.metadata, draft->said.metadata_count, RULE_PAIRS, sizeof *list);
        if (!list)
            return false;
        list[draft->said.metadata_count++] =
            (struct json_pair){bytes_sub(item, 0, space), text_trim(bytes_from(item, space))};
        draft->said.metadata = list;
    }
    return true;
}

bool keyword_target(struct draft *draft, struct bytes value, bool)
{
    if (draft->rule.target != TARGET_NONE)
        return draft_fail(draft, "stands twice");
    if (bytes_equal(value, BYTES("src_ip")))
        draft->rule.target = TARGET_SRC;
    else if (bytes_equal(value, BYTES("dest_ip")))
        draft->rule.target = TARGET_DEST;
    else
        return draft_fail(draft, "is src_ip or dest_ip");
    return true;
}

bool keyword_noalert(struct draft *draft, struct bytes, bool)
{
    draft->rule.noalert = true;
    return true;
}

bool keyword_alert(struct draft *draft, struct bytes, bool)
{
    draft->rule.alert = true;
    return true;
}

// What changes nothing for us: bypass, and marks of packets we don't forward.
bool keyword_nothing(struct draft *, struct bytes, bool)
{
    return true;
}

// "8.0.1" against ours: < 0: ours is older.
static bool compare_version(struct bytes text, int *out)
{
    uint64_t part[3] = {0};
    for (size_t i = 0; i < 3 && text.len; i++) {
        size_t dot = bytes_find_byte(text, '.');
        if (!bytes_to_u64(bytes_sub(text, 0, dot), &part[i]))
            return false;
        text = dot == BYTES_NOT_FOUND ? (struct bytes){0} : bytes_from(text, dot + 1);
    }
    *out = 0;
    for (size_t i = 0; i < 3 && *out == 0; i++)
        *out = version[i] < part[i] ? -1 : version[i] > part[i];
    return text.len == 0;
}

// ">= 7.0.3 < 8": all of them.
static bool version_range(struct draft *draft, struct bytes text, bool *met)
{
    static const char *const signs[] = {">=", "<=", ">", "<", "="};
    *met = true;
    for (text = text_trim(text); text.len; text = text_trim(text)) {
        size_t sign = 0, end = 0;
        int order;
        while (sign < 5 && !bytes_start_with(text, bytes_from_text(signs[sign])))
            sign++;
        if (sign == 5)
            return draft_fail(draft, "a version is compared with >=, <=, >, < or =");
        text = text_trim(bytes_from(text, strlen(signs[sign])));
        while (end < text.len &&
               ((text.data[end] >= '0' && text.data[end] <= '9') || text.data[end] == '.'))
            end++;
        if (end == 0 || !compare_version(bytes_sub(text, 0, end), &order))
            return draft_fail(draft, "has no version behind the sign");
        bool holds[] = {order >= 0, order <= 0, order > 0, order < 0, order == 0};
        *met = *met && holds[sign];
        text = bytes_from(text, end);
    }
    return true;
}

static bool version_met(struct draft *draft, struct bytes text, bool *met)
{
    struct bytes range;
    bool one;
    *met = false;
    while (text_next(&text, '|', &range)) {
        if (!range.len)
            return draft_fail(draft, "has no version");
        if (!version_range(draft, range, &one))
            return false;
        *met = *met || one;
    }
    return true;
}

// Features Suricata may be built with, and we have.
static bool has_feature(struct bytes name)
{
    static const char *const features[] = {"output::file-store", "nss", "ja3", "ja4", "true_ja3"};
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (bytes_equal_nocase(name, bytes_from_text(features[i])))
            return true;
    return false;
}

static bool requirement(struct draft *draft, struct bytes item, bool *versioned, bool *met)
{
    size_t space = bytes_find_byte(item, ' ');
    if (space == BYTES_NOT_FOUND)
        return draft_fail(draft, "is version …, feature … or keyword …");
    struct bytes kind = bytes_sub(item, 0, space), what = text_trim(bytes_from(item, space));
    if (bytes_equal(kind, BYTES("version"))) {
        if (*versioned)
            return draft_fail(draft, "names a version twice");
        *versioned = true;
        return version_met(draft, what, met);
    }
    *met = bytes_equal(kind, BYTES("feature"))   ? has_feature(what)
           : bytes_equal(kind, BYTES("keyword")) ? loader_has_keyword(draft->loader, what)
                                                 : false; // of a language to come
    return true;
}

bool keyword_requires(struct draft *draft, struct bytes value, bool)
{
    struct bytes item, rest = value;
    bool versioned = false, met = false;
    while (text_next(&rest, ',', &item)) {
        if (!requirement(draft, item, &versioned, &met))
            return false;
        draft->skipped = draft->skipped || !met;
    }
    return true;
}
