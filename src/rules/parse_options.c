// SPDX-License-Identifier: Apache-2.0
// The part of a rule in parentheses: NAME; and NAME:VALUE; one after the other. A backslash keeps a
// ';' from ending an option.
#include "rules/parse.h"
#include "schema/buffers.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

struct bytes text_trim(struct bytes b)
{
    size_t start = 0, end = b.len;
    while (start < end && is_space(b.data[start]))
        start++;
    while (end > start && is_space(b.data[end - 1]))
        end--;
    return bytes_sub(b, start, end - start);
}

struct bytes text_unquote(struct bytes b)
{
    if (b.len >= 2 && b.data[0] == '"' && b.data[b.len - 1] == '"')
        return bytes_sub(b, 1, b.len - 2);
    return b;
}

bool text_next(struct bytes *rest, uint8_t by, struct bytes *out)
{
    if (!rest->data)
        return false;
    bool quoted = false;
    size_t at = 0;
    for (; at < rest->len && (quoted || rest->data[at] != by); at++)
        if (rest->data[at] == '"')
            quoted = !quoted;
    *out = text_trim(bytes_sub(*rest, 0, at));
    *rest = at < rest->len ? bytes_from(*rest, at + 1) : (struct bytes){0};
    return true;
}

bool text_next_element(struct bytes *rest, struct bytes *out)
{
    size_t at = 0, depth = 0;
    if (!rest->data)
        return false;
    for (; at < rest->len && (depth || rest->data[at] != ','); at++) {
        depth += rest->data[at] == '[';
        depth -= rest->data[at] == ']' && depth;
    }
    *out = text_trim(bytes_sub(*rest, 0, at));
    *rest = at < rest->len ? bytes_from(*rest, at + 1) : (struct bytes){0};
    return true;
}

// Where the option that begins at 0 ends: its ';'.
static size_t end_of_option(struct bytes text)
{
    for (size_t at = 0;;) {
        size_t found = bytes_find_byte(bytes_from(text, at), ';');
        if (found == BYTES_NOT_FOUND)
            return BYTES_NOT_FOUND;
        at += found;
        if (at == 0 || text.data[at - 1] != '\\')
            return at;
        at++;
    }
}

// Quotes and negation off, as the keyword's flags say.
static bool bare_value(
    struct draft *draft, const struct keyword *keyword, struct bytes *value, bool *negated)
{
    if ((keyword->flags & KEYWORD_NEGATE) && value->len && value->data[0] == '!') {
        *negated = true;
        *value = text_trim(bytes_from(*value, 1));
    }
    if (!(keyword->flags & (KEYWORD_QUOTED | KEYWORD_MAY_QUOTE)))
        return true;
    bool starts = value->len && value->data[0] == '"';
    if (!starts && (keyword->flags & KEYWORD_QUOTED))
        return draft_fail(draft, "its value has to stand in double quotes");
    if (!starts)
        return true;
    if (value->len < 2 || value->data[value->len - 1] != '"')
        return draft_fail(draft, "its value has no closing quote; is a ';' missing?");
    *value = text_unquote(*value);
    return true;
}

static bool run_keyword(
    struct draft *draft, const struct keyword *keyword, struct bytes value, bool has_value)
{
    bool negated = false;
    draft->keyword = keyword;
    if (!keyword->set)
        return draft_fail(draft, keyword->why);
    if ((keyword->flags & KEYWORD_NO_VALUE) && value.len)
        return draft_fail(draft, "takes no value");
    if (!(keyword->flags & (KEYWORD_NO_VALUE | KEYWORD_MAY_VALUE)) && !value.len)
        return draft_fail(draft, "has no value");
    if (has_value && !bare_value(draft, keyword, &value, &negated))
        return false;
    return draft_apps(draft, keyword->apps) && keyword->set(draft, value, negated);
}

struct rule_named { // of loader.keywords
    const struct keyword *keyword;
    const struct rule_buffer_info *buffer;
    bool is_modifier;
};

static const struct rule_named *find_named(const struct loader *loader, struct bytes name)
{
    char lower[64];
    if (name.len > sizeof lower)
        return NULL;
    for (size_t i = 0; i < name.len; i++)
        lower[i] =
            (char)(name.data[i] >= 'A' && name.data[i] <= 'Z' ? name.data[i] | 0x20 : name.data[i]);
    return map_find(&loader->keywords, bytes_make(lower, name.len));
}

bool loader_has_keyword(const struct loader *loader, struct bytes name)
{
    const struct rule_named *named = find_named(loader, name);
    return named && (named->buffer || named->keyword->set);
}

static bool run_named(struct draft *draft, struct bytes name, struct bytes value, bool has_value)
{
    const struct rule_named *named = find_named(draft->loader, name);
    if (!named)
        return draft_fail(draft, "unknown keyword");
    if (named->keyword)
        return run_keyword(draft, named->keyword, value, has_value);
    draft->keyword = NULL;
    if (value.len)
        return draft_fail(draft, "takes no value");
    if (named->is_modifier)
        return draft_modifier(draft, (enum rule_buffer)(named->buffer - rule_buffer_infos));
    return draft_sticky(draft, named->buffer);
}

static bool run_option(struct draft *draft, struct bytes option)
{
    size_t colon = bytes_find_byte(option, ':');
    bool has_value = colon != BYTES_NOT_FOUND;
    struct bytes name = text_trim(bytes_sub(option, 0, has_value ? colon : option.len));
    struct bytes value = has_value ? text_trim(bytes_from(option, colon + 1)) : (struct bytes){0};
    draft->blame = name.len ? name : option;
    if (!name.len)
        return draft_fail(draft, "there is no keyword before the ':' or ';'");
    return run_named(draft, name, value, has_value);
}

// `requires` decides before anything else is looked at, as it may stand behind what only another
// version knows.
bool parse_requirements(struct draft *draft, struct bytes text)
{
    bool any = false;
    for (struct bytes rest = text_trim(text); rest.len; rest = text_trim(rest)) {
        size_t end = end_of_option(rest);
        if (end == BYTES_NOT_FOUND)
            break;
        struct bytes option = text_trim(bytes_sub(rest, 0, end));
        rest = bytes_from(rest, end + 1);
        if (!bytes_start_with_nocase(option, BYTES("requires:")))
            continue;
        draft->blame = bytes_sub(option, 0, 8);
        if (any)
            return draft_fail(draft, "stands twice");
        any = true;
        if (!run_option(draft, option))
            return false;
    }
    return true;
}

bool parse_options(struct draft *draft, struct bytes text)
{
    struct bytes rest = text_trim(text);
    while (rest.len) {
        size_t end = end_of_option(rest);
        if (end == BYTES_NOT_FOUND)
            return draft_fail_at(draft, rest, "there is no ';' behind the last keyword");
        struct bytes option = text_trim(bytes_sub(rest, 0, end));
        rest = text_trim(bytes_from(rest, end + 1));
        if (bytes_start_with_nocase(option, BYTES("requires:")))
            continue;
        if (!run_option(draft, option))
            return false;
    }
    return true;
}

static bool add_name(struct loader *loader, const char *name, struct rule_named named)
{
    struct rule_named *at = map_add(&loader->keywords, bytes_from_text(name));
    if (!at)
        return false;
    if (!at->keyword) // a keyword of ours goes before a buffer of that name
        *at = named;
    return true;
}

static bool add_names(struct loader *loader, const char *const *names, struct rule_named named)
{
    bool good = true;
    for (; names && *names; names++)
        good = good && add_name(loader, *names, named);
    return good;
}

// Every name a rule may use, looked up while it is read.
bool loader_name_keywords(struct loader *loader)
{
    bool good = true;
    map_init(&loader->keywords, sizeof(struct rule_named), 4096, 1 << 20);
    for (size_t i = 0; i < rule_keywords_count; i++)
        good = good && add_name(loader, rule_keywords[i].name,
                           (struct rule_named){.keyword = &rule_keywords[i]});
    for (size_t i = 0; i < RULE_BUFFERS; i++) {
        const struct rule_buffer_info *buffer = &rule_buffer_infos[i];
        if (buffer->source != BUFFER_OF_TESTS && buffer->source != BUFFER_OF_NUMBERS &&
            strcmp(buffer->name, "payload") != 0)
            good = good && add_name(loader, buffer->name, (struct rule_named){.buffer = buffer});
        good = good && add_names(loader, buffer->also, (struct rule_named){.buffer = buffer});
        good = good && add_names(loader, buffer->modifiers,
                           (struct rule_named){.buffer = buffer, .is_modifier = true});
    }
    return good;
}
