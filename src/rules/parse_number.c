// SPDX-License-Identifier: Apache-2.0
// Whole numbers of rules: 5, 0x05, 1kb; =5, !5, <5, >=5; 1-4 and 1<>4 (without their ends), !1-4;
// &0xf0=0x40, &0xf0!=0x40; words where a keyword has names for values. What could never or would
// always hold is refused, as it is a mistake.
#include "rules/parse.h"
#include <stdlib.h>

struct suffix {
    const char *name;
    uint64_t times;
};

static const struct suffix suffixes[] = {
    {"kb", 1 << 10},
    {"kib", 1 << 10},
    {"mb", 1 << 20},
    {"mib", 1 << 20},
    {"gb", 1 << 30},
    {"gib", 1 << 30},
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool text_to_number(struct bytes text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0, times = 1;
    if (bytes_start_with_nocase(text, BYTES("0x"))) {
        if (!bytes_hex_to_u64(bytes_from(text, 2), &value) || value > max)
            return false;
        *out = value;
        return true;
    }
    size_t digits = 0;
    while (digits < text.len && is_digit(text.data[digits]))
        digits++;
    struct bytes unit = bytes_from(text, digits);
    for (size_t i = 0; unit.len && i < sizeof suffixes / sizeof *suffixes; i++)
        if (bytes_equal_nocase(unit, bytes_from_text(suffixes[i].name)))
            times = suffixes[i].times;
    if (unit.len && times == 1)
        return false;
    if (!bytes_to_u64(bytes_sub(text, 0, digits), &value) || value > max / times)
        return false;
    *out = value * times;
    return true;
}

bool text_to_real(struct bytes text, double *out)
{
    char room[16], *end;
    if (text.len == 0 || text.len >= sizeof room || !is_digit(text.data[0]))
        return false;
    memcpy(room, text.data, text.len);
    room[text.len] = 0;
    *out = strtod(room, &end);
    return *end == 0;
}

bool text_to_signed(struct bytes text, int64_t min, int64_t max, int64_t *out)
{
    bool minus = text.len && text.data[0] == '-';
    bool sign = minus || (text.len && text.data[0] == '+');
    uint64_t value;
    if (!text_to_number(bytes_from(text, sign), INT64_MAX, &value))
        return false;
    int64_t result = minus ? -(int64_t)value : (int64_t)value;
    if (result < min || result > max)
        return false;
    *out = result;
    return true;
}

bool text_to_word(const struct keyword_word *words, struct bytes text, int64_t *out)
{
    for (; words && words->name; words++)
        if (bytes_equal_nocase(text, bytes_from_text(words->name))) {
            *out = words->value;
            return true;
        }
    return false;
}

static bool one(struct bytes text, uint64_t max, const struct keyword_word *words, int64_t *out)
{
    uint64_t value;
    text = text_trim(text);
    if (text_to_word(words, text, out))
        return true;
    if (!text_to_number(text, max, &value))
        return false;
    *out = (int64_t)value;
    return true;
}

// "a<>b" or "a-b". False: not that form.
static bool is_range(struct bytes text, struct bytes *low, struct bytes *high)
{
    size_t at = bytes_find(text, BYTES("<>")), width = 2;
    if (at == BYTES_NOT_FOUND) {
        at = bytes_find_byte(text, '-');
        width = 1;
    }
    if (at == BYTES_NOT_FOUND || at == 0 || !is_digit(text.data[0]))
        return false;
    *low = bytes_sub(text, 0, at);
    *high = bytes_from(text, at + width);
    return true;
}

static bool read_range(struct draft *draft, struct bytes low, struct bytes high, uint64_t max,
    bool negated, struct rule_number *out)
{
    out->compare = negated ? RULE_NOT_RANGE : RULE_RANGE;
    if (!one(low, max, NULL, &out->low) || !one(high, max, NULL, &out->high))
        return draft_fail(draft, "is no range of numbers it may have");
    if (out->high - out->low < 2)
        return draft_fail(draft, "a range leaves out its ends: nothing is between these");
    return true;
}

static bool read_mask(struct draft *draft, struct bytes text, uint64_t max, struct rule_number *out)
{
    size_t at = bytes_find_byte(text, '=');
    if (at == BYTES_NOT_FOUND || at == 0)
        return draft_fail(draft, "a mask is written &MASK=VALUE or &MASK!=VALUE");
    bool negated = text.data[at - 1] == '!';
    out->compare = negated ? RULE_NOT_BITS : RULE_BITS;
    if (!one(bytes_sub(text, 0, at - negated), max, NULL, &out->low) ||
        !one(bytes_from(text, at + 1), max, NULL, &out->high))
        return draft_fail(draft, "is no number it may have");
    if (out->high & ~out->low)
        return draft_fail(draft, "the value has bits that the mask does not: it can never hold");
    return true;
}

static enum rule_compare compare_of(struct bytes *text)
{
    static const struct {
        const char *sign;
        enum rule_compare compare;
    } signs[] = {{"<=", RULE_LE}, {">=", RULE_GE}, {"!=", RULE_NE}, {"==", RULE_EQ}, {"<", RULE_LT},
        {">", RULE_GT}, {"=", RULE_EQ}, {"!", RULE_NE}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (bytes_start_with(*text, bytes_from_text(signs[i].sign))) {
            *text = bytes_from(*text, strlen(signs[i].sign));
            return signs[i].compare;
        }
    return RULE_EQ;
}

static bool is_useless(const struct rule_number *n, uint64_t max)
{
    int64_t most = max > INT64_MAX ? INT64_MAX : (int64_t)max;
    switch (n->compare) {
    case RULE_LT: return n->low == 0;
    case RULE_GE: return n->low == 0;
    case RULE_GT: return n->low == most;
    case RULE_LE: return n->low == most;
    default: return false;
    }
}

bool parse_number(struct draft *draft, struct bytes text, uint64_t max,
    const struct keyword_word *words, struct rule_number *out)
{
    struct bytes low, high;
    text = text_trim(text);
    *out = (struct rule_number){0};
    if (max > INT64_MAX)
        max = INT64_MAX;
    bool negated = text.len && text.data[0] == '!';
    if (is_range(text, &low, &high))
        return read_range(draft, low, high, max, false, out);
    if (negated && is_range(text_trim(bytes_from(text, 1)), &low, &high))
        return read_range(draft, low, high, max, true, out);
    if (text.len && text.data[0] == '&')
        return read_mask(draft, bytes_from(text, 1), max, out);
    out->compare = compare_of(&text);
    if (!one(text, max, words, &out->low))
        return draft_fail(draft,
            words ? "is neither a number nor a name it may have" : "is no number it may have");
    if (is_useless(out, max))
        return draft_fail(draft, "would always or never hold");
    out->high = out->low;
    return true;
}
