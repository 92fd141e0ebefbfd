// SPDX-License-Identifier: Apache-2.0
// Modifiers in the order they stand: some change the values (base64), some how they are compared
// (re).
#include "sigma/modifier.h"
#include "base/utf8.h"

static bool fail(struct item *item, enum text_id why, struct bytes what)
{
    return sigma_fail(item->c, item->line, why, what);
}

struct item_value *item_value_add(struct item *item)
{
    struct arena *arena = sigma_arena(item->c);
    if (item->c->tests++ >= SIGMA_TESTS_MOST) {
        fail(item, TEXT_SIGMA_TOO_MANY_VALUES, item->field);
        return NULL;
    }
    if (item->values_count == item->values_room) {
        size_t room = item->values_room ? 2 * item->values_room : 4;
        struct item_value *values = arena_grow(
            arena, item->values, item->values_room * sizeof *values, room * sizeof *values);
        if (!values) {
            sigma_fail_memory(item->c);
            return NULL;
        }
        item->values = values;
        item->values_room = room;
    }
    struct item_value *value = &item->values[item->values_count++];
    *value = (struct item_value){.text = {.arena = arena}, .line = item->line};
    return value;
}

// ---- where the value stands

static void open_at_start(struct pattern_text *text)
{
    if (text->count && text->items[0] == PATTERN_MANY)
        return;
    pattern_add(text, 0);
    if (text->failed)
        return;
    memmove(&text->items[1], text->items, (text->count - 1) * sizeof *text->items);
    text->items[0] = PATTERN_MANY;
}

static void open_at_end(struct pattern_text *text)
{
    if (!text->count || text->items[text->count - 1] != PATTERN_MANY)
        pattern_add(text, PATTERN_MANY);
}

static bool modify_contains(struct item *item)
{
    item->open_start = item->open_end = true;
    for (size_t i = 0; i < item->values_count; i++) {
        open_at_start(&item->values[i].text);
        open_at_end(&item->values[i].text);
    }
    return true;
}

static bool modify_startswith(struct item *item)
{
    item->open_end = true;
    for (size_t i = 0; i < item->values_count; i++)
        open_at_end(&item->values[i].text);
    return true;
}

static bool modify_endswith(struct item *item)
{
    item->open_start = true;
    for (size_t i = 0; i < item->values_count; i++)
        open_at_start(&item->values[i].text);
    return true;
}

// ---- encodings

// UTF-16 of each character; wildcards stay.
static bool widen(struct item *item, bool big, bool mark)
{
    for (size_t v = 0; v < item->values_count; v++) {
        struct pattern_text *from = &item->values[v].text, to = {.arena = from->arena};
        if (mark)
            pattern_add_bytes(&to, BYTES("\xff\xfe"));
        for (size_t i = 0; i < from->count; i++) {
            uint8_t raw[4] = {0};
            size_t len = 0, bad;
            for (; len < 4 && i + len < from->count && from->items[i + len] <= UINT8_MAX; len++)
                raw[len] = (uint8_t)from->items[i + len];
            size_t many = len && raw[0] >= 0x80 ? utf8_character(raw, len, &bad) : len > 0;
            uint32_t code = many ? utf8_code_point(raw, many) : raw[0];
            if (len == 0) {
                pattern_add(&to, from->items[i]);
                continue;
            }
            uint32_t high = code >= 0x10000 ? 0xd800 + ((code - 0x10000) >> 10) : 0;
            uint32_t units[2] = {high, high ? 0xdc00 + ((code - 0x10000) & 0x3ff) : code};
            for (int u = !high; u < 2; u++) {
                pattern_add(&to, (uint16_t)(big ? units[u] >> 8 : units[u] & 0xff));
                pattern_add(&to, (uint16_t)(big ? units[u] & 0xff : units[u] >> 8));
            }
            i += many > 1 ? many - 1 : 0;
        }
        *from = to;
    }
    return true;
}

static bool modify_utf16le(struct item *item)
{
    return widen(item, false, false);
}

static bool modify_utf16be(struct item *item)
{
    return widen(item, true, false);
}

static bool modify_utf16(struct item *item)
{
    return widen(item, false, true);
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The characters that every base64 text shows that holds these bytes `shift` bytes from a group of
// three; padded: what encodes just these bytes.
static void put_base64(struct pattern_text *out, struct bytes bytes, size_t shift, bool padded)
{
    size_t bits = 8 * (bytes.len + shift), first = (8 * shift + 5) / 6;
    size_t last = padded ? (bits + 5) / 6 : bits / 6;
    for (size_t i = first; i < last; i++) {
        unsigned digit = 0;
        for (size_t b = 0; b < 6; b++) {
            size_t bit = 6 * i + b;
            unsigned byte = bit >= 8 * shift ? bytes_at(bytes, bit / 8 - shift) : 0;
            digit = digit << 1 | (byte >> (7 - bit % 8) & 1);
        }
        pattern_add(out, (uint8_t)base64_digits[digit]);
    }
    for (size_t i = last; padded && i % 4; i++)
        pattern_add(out, '=');
}

static bool plain(struct item *item, const struct item_value *value, struct bytes *bytes)
{
    return pattern_plain(&value->text, bytes) ||
           fail(item, TEXT_SIGMA_WILDCARD_ENCODED, value->as_written);
}

static bool modify_base64(struct item *item)
{
    for (size_t i = 0; i < item->values_count; i++) {
        struct bytes bytes;
        if (!plain(item, &item->values[i], &bytes))
            return false;
        item->values[i].text.items = NULL;
        item->values[i].text.count = item->values[i].text.room = 0;
        put_base64(&item->values[i].text, bytes, 0, true);
    }
    return true;
}

// Each value becomes three: one for each place it may have in a group of three bytes.
static bool modify_base64offset(struct item *item)
{
    size_t count = item->values_count;
    for (size_t i = 0; i < count; i++) {
        struct bytes bytes;
        if (!plain(item, &item->values[i], &bytes))
            return false;
        struct bytes as_written = item->values[i].as_written;
        item->values[i].text.items = NULL;
        item->values[i].text.count = item->values[i].text.room = 0;
        put_base64(&item->values[i].text, bytes, 0, false);
        for (size_t shift = 1; shift < 3; shift++) {
            struct item_value *more = item_value_add(item);
            if (!more)
                return false;
            more->as_written = as_written;
            put_base64(&more->text, bytes, shift, false);
        }
    }
    return true;
}

static bool is_word(const struct pattern_text *text, size_t at)
{
    uint16_t c = at < text->count ? text->items[at] : 0;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A dash or slash that begins a flag: no letter before it, one behind it.
static bool modify_windash(struct item *item)
{
    for (size_t v = 0; v < item->values_count; v++) {
        struct pattern_text *text = &item->values[v].text;
        for (size_t i = 0; i + 1 < text->count; i++) {
            bool dash = text->items[i] == '-' || text->items[i] == '/';
            bool before = i > 0 && is_word(text, i - 1);
            if (dash && !before && is_word(text, i + 1))
                text->items[i] = PATTERN_DASH;
        }
    }
    return true;
}

// ---- how values are compared

static bool modify_all(struct item *item)
{
    return item->all = true;
}

static bool modify_cased(struct item *item)
{
    return item->cased = true;
}

static bool modify_neq(struct item *item)
{
    return item->negated = true;
}

static bool as(struct item *item, enum test_op op)
{
    if (item->op != TEST_TEXT)
        return fail(item, TEXT_SIGMA_MODIFIERS_CLASH, item->key);
    item->op = op;
    return true;
}

static bool modify_re(struct item *item)
{
    return as(item, TEST_REGEX);
}

static bool modify_cidr(struct item *item)
{
    return as(item, TEST_RANGE);
}

static bool modify_exists(struct item *item)
{
    return as(item, TEST_EXISTS);
}

static bool modify_fieldref(struct item *item)
{
    return as(item, TEST_FIELD);
}

static bool flag(struct item *item, bool *which)
{
    if (item->op != TEST_REGEX)
        return fail(item, TEXT_SIGMA_FLAG_WITHOUT_RE, item->key);
    return *which = true;
}

static bool modify_regex_i(struct item *item)
{
    return flag(item, &item->regex_i);
}

static bool modify_regex_m(struct item *item)
{
    return flag(item, &item->regex_m);
}

static bool modify_regex_s(struct item *item)
{
    return flag(item, &item->regex_s);
}

static bool compare(struct item *item, enum test_compare how)
{
    if (item->compares || (item->op != TEST_TEXT && item->op != TEST_TIME))
        return fail(item, TEXT_SIGMA_MODIFIERS_CLASH, item->key);
    item->op = item->op == TEST_TIME ? TEST_TIME : TEST_NUMBER;
    item->compare = (uint8_t)how;
    return item->compares = true;
}

static bool modify_lt(struct item *item)
{
    return compare(item, COMPARE_LT);
}

static bool modify_lte(struct item *item)
{
    return compare(item, COMPARE_LTE);
}

static bool modify_gt(struct item *item)
{
    return compare(item, COMPARE_GT);
}

static bool modify_gte(struct item *item)
{
    return compare(item, COMPARE_GTE);
}

static bool time_part(struct item *item, enum test_part part)
{
    if (item->has_part || (item->op != TEST_TEXT && item->op != TEST_NUMBER))
        return fail(item, TEXT_SIGMA_MODIFIERS_CLASH, item->key);
    item->op = TEST_TIME;
    item->part = (uint8_t)part;
    return item->has_part = true;
}

static bool modify_minute(struct item *item)
{
    return time_part(item, PART_MINUTE);
}

static bool modify_hour(struct item *item)
{
    return time_part(item, PART_HOUR);
}

static bool modify_day(struct item *item)
{
    return time_part(item, PART_DAY);
}

static bool modify_week(struct item *item)
{
    return time_part(item, PART_WEEK);
}

static bool modify_month(struct item *item)
{
    return time_part(item, PART_MONTH);
}

static bool modify_year(struct item *item)
{
    return time_part(item, PART_YEAR);
}

// ---- variables

// The name between the first two % that no \ stands before. False: there is none.
static bool variable_find(const struct pattern_text *text, size_t *from, size_t *to)
{
    size_t open = SIZE_MAX;
    for (size_t i = 0; i < text->count; i++) {
        bool percent = text->items[i] == '%' && !(i && text->items[i - 1] == '\\');
        if (percent && open != SIZE_MAX && i > open + 1) {
            *from = open;
            *to = i;
            return true;
        }
        open = percent ? i : open;
    }
    return false;
}

// Which of the configuration's variables; the number of them: none.
static size_t variable_number(
    const struct config *config, const struct pattern_text *text, size_t from, size_t to)
{
    size_t i = 0;
    for (; i < config->sigma.variables_count; i++) {
        const char *name = config->sigma.variables[i].name;
        bool same = strlen(name) == to - from - 1;
        for (size_t j = 0; same && j < to - from - 1; j++)
            same = text->items[from + 1 + j] == (uint8_t)name[j];
        if (same)
            break;
    }
    return i;
}

// One value with a variable's value in its place.
static void fill_in(struct pattern_text *out, const struct pattern_text *text, size_t from,
    size_t to, struct bytes value)
{
    for (size_t i = 0; i < from; i++)
        pattern_add(out, text->items[i]);
    pattern_parse(out, value);
    for (size_t i = to + 1; i < text->count; i++)
        pattern_add(out, text->items[i]);
}

// A value becomes as many as its variable has. One that is not configured matches nothing, and
// the rule waits for it.
static bool expand_one(struct item *item, size_t at)
{
    size_t from, to;
    struct item_value value = item->values[at];
    if (!variable_find(&value.text, &from, &to))
        return true;
    const struct config *config = item->c->config;
    size_t number = config ? variable_number(config, &value.text, from, to) : 0;
    if (!config || number == config->sigma.variables_count) {
        item->c->variable = true;
        return true;
    }
    for (size_t i = 0; i < config->sigma.variables[number].values_count; i++) {
        struct item_value *into = i ? item_value_add(item) : &item->values[at];
        if (!into)
            return false;
        into->as_written = value.as_written;
        into->text = (struct pattern_text){.arena = value.text.arena};
        fill_in(&into->text, &value.text, from, to,
            bytes_from_text(config->sigma.variables[number].values[i]));
    }
    return true;
}

// \% stands for the sign itself.
static void unescape_percent(struct pattern_text *text)
{
    size_t len = 0;
    for (size_t i = 0; i < text->count; i++) {
        bool escape = text->items[i] == '\\' && i + 1 < text->count && text->items[i + 1] == '%';
        if (!escape)
            text->items[len++] = text->items[i];
    }
    text->count = len;
}

static bool modify_expand(struct item *item)
{
    for (size_t i = 0, count = item->values_count; i < count; i++)
        if (!expand_one(item, i))
            return false;
    for (size_t i = 0; i < item->values_count; i++)
        unescape_percent(&item->values[i].text);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct item *item);
} modifiers[] = {
#define MODIFIER(name, function) {name, modify_##function},
#include "sigma/modifier.def"
#undef MODIFIER
};

bool item_modify(struct item *item)
{
    for (size_t i = 0; i < item->modifiers_count; i++) {
        size_t m = 0, count = sizeof modifiers / sizeof *modifiers;
        while (m < count && !bytes_equal(item->modifiers[i], bytes_from_text(modifiers[m].name)))
            m++;
        if (m == count)
            return fail(item, TEXT_SIGMA_UNKNOWN_MODIFIER, item->modifiers[i]);
        if (!modifiers[m].run(item))
            return false;
    }
    return true;
}
