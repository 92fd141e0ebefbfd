// SPDX-License-Identifier: Apache-2.0
// content and what stands behind it: where it may be, and in which buffer it is searched.
#include "rules/keywords.h"
#include "schema/buffers.h"

enum { CONTENT_FAR = 1024 * 1024 }; // distance, within

struct pattern {
    uint8_t *out;
    size_t len;
    bool hex;
    int high; // first digit of a pair; -1: none
};

static bool take_hex(struct draft *draft, struct pattern *p, uint8_t c)
{
    int digit = bytes_hex_digit(c);
    if (c == ' ')
        return true;
    if (digit < 0)
        return draft_fail(draft, "has something between '|' that is no hexadecimal digit");
    if (p->high < 0)
        p->high = digit;
    else {
        p->out[p->len++] = (uint8_t)(p->high << 4 | digit);
        p->high = -1;
    }
    return true;
}

static bool take_escaped(struct draft *draft, struct pattern *p, uint8_t c)
{
    if (c != ':' && c != ';' && c != '\\' && c != '"')
        return draft_fail(draft, "has a backslash before something other than : ; \\ or \"");
    p->out[p->len++] = c;
    return true;
}

// Text with |hex| in it and \ before : ; \ and ".
bool parse_pattern(struct draft *draft, struct bytes text, struct bytes *out)
{
    struct pattern p = {.out = draft_alloc(draft, text.len), .high = -1};
    if (!p.out)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool good = true;
        if (c == '|') {
            good = p.high < 0 || draft_fail(draft, "has half a byte between '|'");
            p.hex = !p.hex;
        } else if (p.hex)
            good = take_hex(draft, &p, c);
        else if (c == '\\')
            good = take_escaped(draft, &p, ++i < text.len ? text.data[i] : 0);
        else if (c == '"')
            good = draft_fail(draft, "has a double quote that is not escaped");
        else
            p.out[p.len++] = c;
        if (!good)
            return false;
    }
    if (p.hex)
        return draft_fail(draft, "has a '|' without a second one");
    if (p.len == 0 || p.len > RULE_PATTERN_BYTES)
        return draft_fail(draft, p.len ? "is too long" : "is empty");
    *out = bytes_make(p.out, p.len);
    return true;
}

bool keyword_content(struct draft *draft, struct bytes value, bool negated)
{
    struct bytes pattern;
    if (!parse_pattern(draft, value, &pattern))
        return false;
    struct draft_test *test = draft_test(draft, TEST_CONTENT);
    if (!test)
        return false;
    test->test.is.content = (struct rule_content){.pattern = pattern, .negated = negated};
    return true;
}

bool keyword_uricontent(struct draft *draft, struct bytes value, bool negated)
{
    if (draft->group >= 0)
        return draft_fail(draft, "cannot stand behind a sticky buffer");
    if (!keyword_content(draft, value, negated))
        return false;
    return draft_move(draft, draft_last_content(draft), BUFFER_HTTP_URI);
}

static struct rule_content *content_before(struct draft *draft)
{
    struct draft_test *test = draft_last_content(draft);
    if (!test) {
        draft_fail(draft, "stands behind no content");
        return NULL;
    }
    return &test->test.is.content;
}

// http_uri; and the like: the content before is meant for that buffer.
bool draft_modifier(struct draft *draft, enum rule_buffer buffer)
{
    if (draft->group >= 0)
        return draft_fail(draft, "cannot stand behind a sticky buffer; end that with pkt_data");
    struct draft_test *last = NULL;
    for (size_t i = draft->tests_count; i-- > 0 && !last;)
        if (draft->tests[i].test.kind == TEST_CONTENT &&
            draft->groups[draft->tests[i].group].buffer == BUFFER_PAYLOAD)
            last = &draft->tests[i];
    if (!last)
        return draft_fail(draft, "stands behind no content that is still without a buffer");
    if (last->rawbytes)
        return draft_fail(draft, "cannot be used together with rawbytes");
    return draft_move(draft, last, buffer);
}

bool keyword_nocase(struct draft *draft, struct bytes, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c)
        return false;
    if (c->nocase)
        return draft_fail(draft, "stands twice behind one content");
    c->nocase = true;
    return true;
}

bool keyword_rawbytes(struct draft *draft, struct bytes, bool)
{
    struct draft_test *test = draft_last_content(draft);
    if (!test)
        return draft_fail(draft, "stands behind no content");
    if (test->rawbytes)
        return draft_fail(draft, "stands twice behind one content");
    test->rawbytes = true;
    return true;
}

static bool is_relative(const struct rule_content *c)
{
    return c->has_distance || c->has_within;
}

// Of offset, depth, distance and within: what cannot be together.
static bool may_place(struct draft *draft, const struct rule_content *c, bool twice, bool relative)
{
    if (twice)
        return draft_fail(draft, "stands twice behind one content");
    if (c->starts)
        return draft_fail(draft, "cannot be used together with startswith");
    if (relative ? c->has_offset || c->has_depth : is_relative(c))
        return draft_fail(
            draft, "one content cannot be placed both absolutely and relative to the one before");
    if (c->negated && c->fast)
        return draft_fail(draft, "a negated content with a place cannot be the fast_pattern");
    if (c->fast_only)
        return draft_fail(draft, "a content with fast_pattern:only cannot have a place");
    return true;
}

bool keyword_offset(struct draft *draft, struct bytes value, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c || !may_place(draft, c, c->has_offset, false) ||
        !draft_value(draft, value, 0, UINT16_MAX, &c->offset))
        return false;
    c->has_offset = true;
    return true;
}

bool keyword_depth(struct draft *draft, struct bytes value, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c || !may_place(draft, c, c->has_depth, false) ||
        !draft_value(draft, value, 0, UINT16_MAX, &c->depth))
        return false;
    if (!c->depth.var && c->depth.number < (int64_t)c->pattern.len)
        return draft_fail(draft, "is less than the content is long");
    c->has_depth = true;
    return true;
}

bool keyword_distance(struct draft *draft, struct bytes value, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c || !may_place(draft, c, c->has_distance, true) ||
        !draft_value(draft, value, -CONTENT_FAR, CONTENT_FAR, &c->distance))
        return false;
    c->has_distance = c->relative = true;
    return true;
}

bool keyword_within(struct draft *draft, struct bytes value, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c || !may_place(draft, c, c->has_within, true) ||
        !draft_value(draft, value, -CONTENT_FAR, CONTENT_FAR, &c->within))
        return false;
    if (!c->within.var && c->within.number < (int64_t)c->pattern.len)
        return draft_fail(draft, "is less than the content is long");
    c->has_within = c->relative = true;
    return true;
}

bool keyword_startswith(struct draft *draft, struct bytes, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c)
        return false;
    if (c->has_offset || c->has_depth || is_relative(c))
        return draft_fail(draft, "cannot be used together with offset, depth, distance or within");
    if (!may_place(draft, c, c->starts, false))
        return false;
    c->starts = true;
    return true;
}

bool keyword_endswith(struct draft *draft, struct bytes, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c)
        return false;
    if (c->ends)
        return draft_fail(draft, "stands twice behind one content");
    c->ends = true;
    return true;
}

static bool fast_chop(struct draft *draft, struct bytes value, struct rule_content *c)
{
    struct bytes at, len;
    uint64_t a, n;
    struct bytes rest = value;
    if (!text_next(&rest, ',', &at) || !text_next(&rest, ',', &len) || rest.data ||
        !bytes_to_u64(at, &a) || !bytes_to_u64(len, &n) || a > UINT16_MAX || n > UINT16_MAX)
        return draft_fail(draft, "is fast_pattern; fast_pattern:only; or fast_pattern:AT,LENGTH;");
    if (a + n > c->pattern.len || n == 0)
        return draft_fail(draft, "names a part that the content does not have");
    c->chop_at = (uint16_t)a;
    c->chop_len = (uint16_t)n;
    return true;
}

bool keyword_fast_pattern(struct draft *draft, struct bytes value, bool)
{
    struct rule_content *c = content_before(draft);
    if (!c)
        return false;
    bool placed = is_relative(c) || c->has_offset || c->has_depth;
    if (draft->has_fast_pattern)
        return draft_fail(draft, "a rule can have one fast_pattern");
    if (c->negated && placed)
        return draft_fail(draft, "a negated content with a place cannot be the fast_pattern");
    draft->has_fast_pattern = c->fast = true;
    if (!value.len)
        return true;
    if (!bytes_equal(value, BYTES("only")))
        return fast_chop(draft, value, c);
    if (c->negated || placed)
        return draft_fail(draft, "only: the content cannot be negated or have a place");
    c->fast_only = true;
    return true;
}

bool keyword_isdataat(struct draft *draft, struct bytes value, bool negated)
{
    struct bytes count, word;
    struct rule_bytes_op op = {.negated = negated};
    struct bytes rest = value;
    if (!text_next(&rest, ',', &count))
        return draft_fail(draft, "has no value");
    while (text_next(&rest, ',', &word)) {
        if (bytes_equal(word, BYTES("relative")))
            op.relative = true;
        else if (!bytes_equal(word, BYTES("rawbytes")))
            return draft_fail_at(draft, word, "isdataat knows relative and rawbytes");
    }
    if (!draft_value(draft, count, 0, UINT16_MAX, &op.value))
        return false;
    // isdataat:!1,relative behind a content is what endswith says.
    struct draft_test *test = draft_test_behind(draft, TEST_ISDATAAT, op.relative);
    if (!test)
        return false;
    test->test.is.bytes = op;
    return true;
}

bool keyword_bsize(struct draft *draft, struct bytes value, bool)
{
    struct rule_number number;
    if (draft->group < 0)
        return draft_fail(draft, "has to stand behind a sticky buffer");
    if (!parse_number(draft, value, INT64_MAX, NULL, &number))
        return false;
    struct draft_test *test = draft_test(draft, TEST_BSIZE);
    if (!test)
        return false;
    test->test.is.number = number;
    return true;
}

bool keyword_absent(struct draft *draft, struct bytes value, bool)
{
    if (draft->group < 0)
        return draft_fail(draft, "has to stand behind a sticky buffer");
    struct draft_group *group = &draft->groups[draft->group];
    if (value.len && !bytes_equal(value, BYTES("or_else")))
        return draft_fail(draft, "is absent; or absent: or_else;");
    if (group->absent || !draft->group_is_fresh)
        return draft_fail(draft, "has to stand first behind its sticky buffer, and once");
    group->absent = true;
    group->absent_or_else = value.len > 0;
    if (!value.len)
        draft->group_is_fresh = false;
    return true;
}

bool keyword_urilen(struct draft *draft, struct bytes value, bool)
{
    struct bytes number, word;
    struct bytes rest = value;
    enum rule_buffer buffer = BUFFER_HTTP_URI;
    struct rule_number n;
    uint16_t group;
    if (!text_next(&rest, ',', &number) || !parse_number(draft, number, UINT16_MAX, NULL, &n))
        return draft_fail(draft, "has no value");
    if (text_next(&rest, ',', &word)) {
        if (bytes_equal_nocase(word, BYTES("raw")))
            buffer = BUFFER_HTTP_URI_RAW;
        else if (!bytes_equal_nocase(word, BYTES("norm")))
            return draft_fail_at(draft, word, "urilen knows raw and norm");
    }
    int before = draft->group;
    if (!draft_side(draft, BUFFER_TO_SERVER) || !draft_group_of(draft, buffer, &group))
        return false;
    draft->group = group;
    struct draft_test *test = draft_test(draft, TEST_BSIZE);
    draft->group = before;
    if (!test)
        return false;
    test->test.is.number = n;
    return true;
}
