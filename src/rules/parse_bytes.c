// SPDX-License-Identifier: Apache-2.0
// byte_test, byte_jump, byte_extract, byte_math, base64_decode, entropy: numbers read from the
// bytes.
#include "rules/keywords.h"

enum { BYTES_OF_NUMBER = 8, BYTES_OF_TEXT = 23 };

static const struct keyword_word bases[] = {{"hex", 16}, {"dec", 10}, {"oct", 8}, {NULL, 0}};

// Words that several of them know. False: it is none, and nothing was set.
static bool common_word(struct rule_bytes_op *op, struct bytes word)
{
    int64_t base;
    if (bytes_equal_nocase(word, BYTES("relative")))
        op->relative = true;
    else if (bytes_equal_nocase(word, BYTES("string")))
        op->string = true;
    else if (bytes_equal_nocase(word, BYTES("big")))
        op->order = BYTES_BIG;
    else if (bytes_equal_nocase(word, BYTES("little")))
        op->order = BYTES_LITTLE;
    else if (bytes_equal_nocase(word, BYTES("dce")))
        op->order = BYTES_DCE;
    else if (text_to_word(bases, word, &base))
        op->base = (uint8_t)base;
    else
        return false;
    return true;
}

static bool bitmask(struct draft *draft, struct bytes value, struct rule_bytes_op *op)
{
    uint64_t mask;
    struct bytes hex = bytes_start_with_nocase(value, BYTES("0x")) ? bytes_from(value, 2) : value;
    if (!bytes_hex_to_u64(hex, &mask) || mask == 0 || mask > UINT32_MAX)
        return draft_fail_at(draft, value, "a bitmask is a hexadecimal number of up to 4 bytes");
    op->bitmask = (uint32_t)mask;
    return true;
}

// "bitmask 0x0f" → its name and its value.
static struct bytes argument(struct bytes word, struct bytes *name)
{
    size_t at = 0;
    while (at < word.len && word.data[at] != ' ' && word.data[at] != '\t')
        at++;
    *name = bytes_sub(word, 0, at);
    return text_trim(bytes_from(word, at));
}

static bool good_count(struct draft *draft, const struct rule_bytes_op *op)
{
    int64_t most = op->string ? BYTES_OF_TEXT : BYTES_OF_NUMBER;
    if (op->count.var)
        return true;
    if (op->count.number < !op->string || op->count.number > most)
        return draft_fail(draft, "cannot read that many bytes as a number");
    if (op->string && op->order == BYTES_DCE)
        return draft_fail(draft, "dce and string exclude each other");
    if (op->base && !op->string)
        return draft_fail(draft, "hex, dec and oct need string");
    return true;
}

static bool place(struct draft *draft, enum rule_test_kind kind, const struct rule_bytes_op *op)
{
    if (op->order == BYTES_DCE && !draft_apps(draft, "dcerpc"))
        return false;
    struct draft_test *test = draft_test_behind(draft, kind, op->relative);
    if (!test)
        return false;
    test->test.is.bytes = *op;
    return true;
}

static bool test_operator(struct draft *draft, struct bytes text, struct rule_bytes_op *op)
{
    static const struct {
        const char *text;
        char op;
    } known[] = {{"<", '<'}, {">", '>'}, {"=", '='}, {"==", '='}, {"&", '&'}, {"^", '^'},
        {"<=", 'l'}, {">=", 'g'}};
    if (text.len && text.data[0] == '!') {
        op->negated = true;
        text = text_trim(bytes_from(text, 1));
        if (!text.len) { // "!,5" is "not equal"
            op->op = '=';
            return true;
        }
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal(text, bytes_from_text(known[i].text))) {
            op->op = known[i].op;
            return true;
        }
    return draft_fail_at(draft, text, "byte_test compares with < <= = >= > & or ^");
}

bool keyword_byte_test(struct draft *draft, struct bytes value, bool)
{
    struct rule_bytes_op op = {0};
    struct bytes parts[4], word, name, rest = value;
    for (int i = 0; i < 4; i++)
        if (!text_next(&rest, ',', &parts[i]))
            return draft_fail(draft, "is COUNT,OPERATOR,VALUE,OFFSET and words");
    while (text_next(&rest, ',', &word)) {
        struct bytes mask = argument(word, &name);
        if (bytes_equal_nocase(name, BYTES("bitmask"))) {
            if (!bitmask(draft, mask, &op))
                return false;
        } else if (!common_word(&op, word))
            return draft_fail_at(draft, word, "byte_test does not know this word");
    }
    struct draft *d = draft;
    return draft_value(d, parts[0], 0, BYTES_OF_TEXT, &op.count) && good_count(d, &op) &&
           test_operator(d, parts[1], &op) && draft_value(d, parts[2], 0, INT64_MAX, &op.value) &&
           draft_value(d, parts[3], -65'535, 65'535, &op.offset) && place(d, TEST_BYTE_TEST, &op);
}

static bool jump_word(struct draft *draft, struct bytes word, struct rule_bytes_op *op)
{
    struct bytes name, rest = argument(word, &name);
    if (bytes_equal_nocase(name, BYTES("align")))
        op->align = 4;
    else if (bytes_equal_nocase(name, BYTES("from_beginning")))
        op->from_beginning = true;
    else if (bytes_equal_nocase(name, BYTES("from_end")))
        op->from_end = true;
    else if (bytes_equal_nocase(name, BYTES("multiplier"))) {
        if (!text_to_signed(rest, 1, 65'535, &op->multiplier))
            return draft_fail_at(draft, word, "a multiplier is a number from 1 to 65535");
    } else if (bytes_equal_nocase(name, BYTES("post_offset"))) {
        struct rule_value v;
        if (!draft_value(draft, rest, -65'535, 65'535, &v) || v.var)
            return draft_fail_at(draft, word, "post_offset is a number from -65535 to 65535");
        op->post_offset = v.number;
    } else if (bytes_equal_nocase(name, BYTES("bitmask")))
        return bitmask(draft, rest, op);
    else if (!common_word(op, word))
        return draft_fail_at(draft, word, "byte_jump does not know this word");
    return true;
}

bool keyword_byte_jump(struct draft *draft, struct bytes value, bool)
{
    struct rule_bytes_op op = {.multiplier = 1};
    struct bytes count, offset, word, rest = value;
    if (!text_next(&rest, ',', &count) || !text_next(&rest, ',', &offset))
        return draft_fail(draft, "is COUNT,OFFSET and words");
    while (text_next(&rest, ',', &word))
        if (!jump_word(draft, word, &op))
            return false;
    if (op.from_end && op.from_beginning)
        return draft_fail(draft, "from_end and from_beginning exclude each other");
    return draft_value(draft, count, 0, BYTES_OF_TEXT, &op.count) &&
           (op.count.number == 0 || good_count(draft, &op)) &&
           draft_value(draft, offset, -65'535, 65'535, &op.offset) &&
           place(draft, TEST_BYTE_JUMP, &op);
}

static bool is_name(struct bytes name)
{
    if (!name.len || name.len > 64 || (name.data[0] >= '0' && name.data[0] <= '9'))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if (c <= ' ' || c == ',' || c == '-' || c == '"' || c > '~')
            return false;
    }
    return true;
}

// A variable to be filled. A second one of that name fills the first.
static bool new_variable(struct draft *draft, struct bytes name, uint8_t *out)
{
    if (!is_name(name))
        return draft_fail_at(draft, name, "is no name for a variable");
    if (draft_variable(draft, name, out))
        return true;
    if (draft->vars_count == RULE_VARS)
        return draft_fail(draft, "the rule has too many variables");
    draft->vars[draft->vars_count++] = name;
    *out = draft->vars_count;
    return true;
}

static bool extract_word(struct draft *draft, struct bytes word, struct rule_bytes_op *op)
{
    struct bytes name, rest = argument(word, &name);
    if (bytes_equal_nocase(name, BYTES("multiplier"))) {
        if (!text_to_signed(rest, 1, 65'535, &op->multiplier))
            return draft_fail_at(draft, word, "a multiplier is a number from 1 to 65535");
    } else if (bytes_equal_nocase(name, BYTES("align"))) {
        int64_t to;
        if (!text_to_signed(rest, 2, 4, &to) || to == 3)
            return draft_fail_at(draft, word, "align is 2 or 4");
        op->align = (uint8_t)to;
    } else if (bytes_equal_nocase(name, BYTES("bitmask")))
        return bitmask(draft, rest, op);
    else if (!common_word(op, word))
        return draft_fail_at(draft, word, "byte_extract does not know this word");
    return true;
}

bool keyword_byte_extract(struct draft *draft, struct bytes value, bool)
{
    struct rule_bytes_op op = {.multiplier = 1};
    struct bytes count, offset, name, word, rest = value;
    if (!text_next(&rest, ',', &count) || !text_next(&rest, ',', &offset) ||
        !text_next(&rest, ',', &name))
        return draft_fail(draft, "is COUNT,OFFSET,NAME and words");
    while (text_next(&rest, ',', &word))
        if (!extract_word(draft, word, &op))
            return false;
    return draft_value(draft, count, 1, BYTES_OF_TEXT, &op.count) && good_count(draft, &op) &&
           draft_value(draft, offset, -65'535, 65'535, &op.offset) &&
           new_variable(draft, name, &op.result) && place(draft, TEST_BYTE_EXTRACT, &op);
}

struct math {
    struct bytes count, offset, result;
    bool has_oper, has_rvalue;
    struct rule_bytes_op op;
};

static bool math_operator(struct draft *draft, struct bytes text, struct math *math)
{
    static const struct {
        const char *text;
        char op;
    } known[] = {{"+", '+'}, {"-", '-'}, {"*", '*'}, {"/", '/'}, {"<<", '<'}, {">>", '>'}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal(text, bytes_from_text(known[i].text))) {
            math->op.op = known[i].op;
            math->has_oper = true;
            return true;
        }
    return draft_fail_at(draft, text, "byte_math calculates with + - * / << or >>");
}

static bool math_word(struct draft *draft, struct bytes word, struct math *math)
{
    struct bytes name, rest = argument(word, &name);
    struct rule_bytes_op *op = &math->op;
    int64_t base;
    if (bytes_equal_nocase(name, BYTES("bytes")))
        math->count = rest;
    else if (bytes_equal_nocase(name, BYTES("offset")))
        math->offset = rest;
    else if (bytes_equal_nocase(name, BYTES("oper")))
        return math_operator(draft, rest, math);
    else if (bytes_equal_nocase(name, BYTES("rvalue")))
        return math->has_rvalue = draft_value(draft, rest, 0, UINT32_MAX, &op->value);
    else if (bytes_equal_nocase(name, BYTES("result")))
        math->result = rest;
    else if (bytes_equal_nocase(name, BYTES("endian")))
        return common_word(op, rest) || draft_fail_at(draft, word, "endian is big, little or dce");
    else if (bytes_equal_nocase(name, BYTES("string"))) {
        op->string = true;
        if (rest.len && !text_to_word(bases, rest, &base))
            return draft_fail_at(draft, word, "string is hex, dec or oct");
        if (rest.len)
            op->base = (uint8_t)base;
    } else if (bytes_equal_nocase(name, BYTES("bitmask")))
        return bitmask(draft, rest, op);
    else if (bytes_equal_nocase(name, BYTES("dce")) || bytes_equal_nocase(name, BYTES("relative")))
        return common_word(op, name);
    else
        return draft_fail_at(draft, word, "byte_math does not know this word");
    return true;
}

bool keyword_byte_math(struct draft *draft, struct bytes value, bool)
{
    struct math math = {.op = {.multiplier = 1}};
    struct bytes word, rest = value;
    while (text_next(&rest, ',', &word))
        if (!math_word(draft, word, &math))
            return false;
    if (!math.count.len || !math.offset.len || !math.result.len || !math.has_oper ||
        !math.has_rvalue)
        return draft_fail(draft, "needs bytes, offset, oper, rvalue and result");
    if (math.op.op == '/' && !math.op.value.var && math.op.value.number == 0)
        return draft_fail(draft, "divides by zero");
    if ((math.op.op == '<' || math.op.op == '>') && math.op.value.number > 63)
        return draft_fail(draft, "shifts by more than 63 bits");
    return draft_value(draft, math.count, 1, BYTES_OF_TEXT, &math.op.count) &&
           good_count(draft, &math.op) &&
           draft_value(draft, math.offset, -65'535, 65'535, &math.op.offset) &&
           new_variable(draft, math.result, &math.op.result) &&
           place(draft, TEST_BYTE_MATH, &math.op);
}

static bool base64_word(struct draft *draft, struct bytes word, struct rule_base64 *out)
{
    struct bytes name, rest = argument(word, &name);
    uint64_t number;
    if (bytes_equal_nocase(name, BYTES("bytes"))) {
        if (!text_to_number(rest, UINT32_MAX, &number) || number == 0)
            return draft_fail_at(draft, word, "bytes is a number above 0");
        out->bytes = (uint32_t)number;
    } else if (bytes_equal_nocase(name, BYTES("offset"))) {
        if (!text_to_signed(rest, 0, UINT32_MAX, &out->offset))
            return draft_fail_at(draft, word, "offset is a number");
    } else if (bytes_equal_nocase(word, BYTES("relative")))
        out->relative = true;
    else
        return draft_fail_at(draft, word, "base64_decode knows bytes, offset and relative");
    return true;
}

bool keyword_base64_decode(struct draft *draft, struct bytes value, bool)
{
    struct rule_base64 base64 = {.mode = BASE64_RFC4648};
    struct bytes word, rest = value;
    while (value.len && text_next(&rest, ',', &word))
        if (!base64_word(draft, word, &base64))
            return false;
    struct draft_test *test = draft_test_behind(draft, TEST_BASE64_DECODE, base64.relative);
    if (!test)
        return false;
    test->test.is.base64 = base64;
    draft->base64_decoded = true;
    return true;
}

bool keyword_base64_data(struct draft *draft, struct bytes, bool)
{
    if (!draft->base64_decoded)
        return draft_fail(draft, "stands before any base64_decode");
    return draft_sticky(draft, &rule_buffer_infos[BUFFER_BASE64_DATA]);
}

static bool asn1_word(struct bytes name, int64_t number, struct rule_asn1 *out)
{
    if (bytes_equal(name, BYTES("bitstring_overflow")))
        out->bitstring_overflow = true;
    else if (bytes_equal(name, BYTES("double_overflow")))
        out->double_overflow = true;
    else if (bytes_equal(name, BYTES("oversize_length")) && number >= 0) {
        out->has_oversize = true;
        out->oversize_length = (uint32_t)number;
    } else if (bytes_equal(name, BYTES("absolute_offset")) ||
               bytes_equal(name, BYTES("relative_offset"))) {
        out->relative = name.data[0] == 'r';
        out->absolute = !out->relative;
        out->offset = number;
    } else
        return false;
    return true;
}

// asn1: words and numbers between spaces or commas.
bool keyword_asn1(struct draft *draft, struct bytes value, bool)
{
    struct rule_asn1 asn1 = {0};
    struct bytes rest = text_trim(value);
    while (rest.len) {
        struct bytes name, number = {0};
        size_t end = 0;
        int64_t n = 0;
        while (end < rest.len && rest.data[end] != ' ' && rest.data[end] != ',')
            end++;
        name = bytes_sub(rest, 0, end);
        rest = text_trim(bytes_from(rest, end + (end < rest.len && rest.data[end] == ',')));
        bool numbered = !bytes_equal(name, BYTES("bitstring_overflow")) &&
                        !bytes_equal(name, BYTES("double_overflow"));
        for (end = 0; numbered && end < rest.len && rest.data[end] != ' ' && rest.data[end] != ',';)
            end++;
        if (numbered) {
            number = bytes_sub(rest, 0, end);
            rest = bytes_from(rest, end);
        }
        while (rest.len && (rest.data[0] == ',' || rest.data[0] == ' '))
            rest = bytes_from(rest, 1);
        if (numbered && !text_to_signed(number, -65'535, UINT32_MAX, &n))
            return draft_fail_at(draft, name, "has no number asn1 may have");
        if (!asn1_word(name, n, &asn1))
            return draft_fail_at(draft, name, "asn1 does not know this word");
    }
    struct draft_test *test = draft_test(draft, TEST_ASN1);
    if (!test)
        return false;
    test->test.is.asn1 = asn1;
    return true;
}

// 4.5, >= 4, != 3, 3-5, !3-5: without the ends of a range.
static bool entropy_value(struct bytes text, struct rule_entropy *out)
{
    static const struct {
        const char *sign;
        enum rule_compare compare;
    } signs[] = {{">=", RULE_GE}, {"<=", RULE_LE}, {"!=", RULE_NE}, {">", RULE_GT}, {"<", RULE_LT},
        {"=", RULE_EQ}, {"!", RULE_NE}};
    size_t i = 0;
    while (
        i < sizeof signs / sizeof *signs && !bytes_start_with(text, bytes_from_text(signs[i].sign)))
        i++;
    bool signed_ = i < sizeof signs / sizeof *signs;
    out->compare = signed_ ? signs[i].compare : RULE_EQ;
    text = text_trim(bytes_from(text, signed_ ? strlen(signs[i].sign) : 0));
    size_t dash = bytes_find_byte(text, '-');
    if (dash == BYTES_NOT_FOUND)
        return text_to_real(text, &out->low) && out->low <= 8;
    if (out->compare != RULE_EQ && out->compare != RULE_NE)
        return false;
    out->compare = out->compare == RULE_EQ ? RULE_RANGE : RULE_NOT_RANGE;
    return text_to_real(text_trim(bytes_sub(text, 0, dash)), &out->low) &&
           text_to_real(text_trim(bytes_from(text, dash + 1)), &out->high) && out->low < out->high;
}

// entropy: bytes 100, offset 10, value >= 7.5
bool keyword_entropy(struct draft *draft, struct bytes value, bool)
{
    struct rule_entropy entropy = {0};
    struct bytes rest = value, word;
    bool valued = false;
    while (text_next(&rest, ',', &word)) {
        size_t space = bytes_find_byte(word, ' ');
        struct bytes name = bytes_sub(word, 0, space), what = text_trim(bytes_from(word, name.len));
        uint64_t number = 0;
        bool is_bytes = bytes_equal(name, BYTES("bytes"));
        if (bytes_equal(name, BYTES("value")))
            valued = entropy_value(what, &entropy);
        else if (!(is_bytes || bytes_equal(name, BYTES("offset"))) ||
                 !text_to_number(what, UINT32_MAX, &number))
            return draft_fail_at(draft, word, "is no part of entropy: bytes, offset, value");
        if (is_bytes)
            entropy.bytes = (uint32_t)number;
        else if (bytes_equal(name, BYTES("offset")))
            entropy.offset = (uint32_t)number;
    }
    if (!valued)
        return draft_fail(draft, "has no value from 0 to 8");
    struct draft_test *test = draft_test(draft, TEST_ENTROPY);
    if (!test)
        return false;
    test->test.is.entropy = entropy;
    return true;
}
