// SPDX-License-Identifier: Apache-2.0
// pcre:"/EXPRESSION/FLAGS, flow:NAME, pkt:NAME". PCRE2's own flags, R (relative to the match
// before), and the letters that name a buffer of HTTP.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/alloc.h"
#include "rules/keywords.h"
#include "schema/buffers.h"
#include <pcre2.h>

enum {
    PCRE_PATTERN_BYTES = 16'384,
    PCRE_PARENTHESES = 100, // nesting
    PCRE_COMPILED_BYTES = 1 << 20,
};

struct flags {
    uint32_t options;
    bool relative;
    bool ignore_limits;
    int buffer; // enum rule_buffer; -1: none
};

static const struct {
    char letter;
    enum rule_buffer buffer;
} buffers[] = {
    {'U', BUFFER_HTTP_URI},
    {'I', BUFFER_HTTP_URI_RAW},
    {'P', BUFFER_HTTP_REQUEST_BODY},
    {'Q', BUFFER_HTTP_RESPONSE_BODY},
    {'H', BUFFER_HTTP_HEADER},
    {'D', BUFFER_HTTP_HEADER_RAW},
    {'M', BUFFER_HTTP_METHOD},
    {'C', BUFFER_HTTP_COOKIE},
    {'S', BUFFER_HTTP_STAT_CODE},
    {'Y', BUFFER_HTTP_STAT_MSG},
    {'V', BUFFER_HTTP_USER_AGENT},
    {'W', BUFFER_HTTP_HOST},
    {'Z', BUFFER_HTTP_HOST_RAW},
};

static const struct {
    char letter;
    uint32_t option;
} options[] = {
    {'A', PCRE2_ANCHORED},
    {'E', PCRE2_DOLLAR_ENDONLY},
    {'G', PCRE2_UNGREEDY},
    {'i', PCRE2_CASELESS},
    {'m', PCRE2_MULTILINE},
    {'s', PCRE2_DOTALL},
    {'x', PCRE2_EXTENDED},
};

static bool take_buffer(struct draft *draft, char letter, struct flags *flags)
{
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        if (buffers[i].letter != letter)
            continue;
        if (draft->group >= 0 && draft->groups[draft->group].buffer != buffers[i].buffer)
            return draft_fail(draft, "names another buffer than the sticky one");
        if (flags->buffer >= 0 && flags->buffer != (int)buffers[i].buffer)
            return draft_fail(draft, "has flags of two buffers");
        flags->buffer = (int)buffers[i].buffer;
        return true;
    }
    return draft_fail(draft, "has a flag that there is not");
}

static bool take_flag(struct draft *draft, char letter, struct flags *flags)
{
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (options[i].letter == letter) {
            flags->options |= options[i].option;
            return true;
        }
    if (letter == 'R')
        flags->relative = true;
    else if (letter == 'O')
        flags->ignore_limits = true;
    else if (letter != 'B') // raw bytes: what we look at anyway
        return take_buffer(draft, letter, flags);
    return true;
}

// "flow:name, pkt:name": what the groups are kept as.
static bool take_captures(struct draft *draft, struct bytes text, struct rule_pcre *pcre)
{
    struct bytes item, rest = text;
    while (text_next(&rest, ',', &item)) {
        size_t colon = bytes_find_byte(item, ':');
        struct bytes kind = bytes_sub(item, 0, colon);
        struct bytes name =
            colon == BYTES_NOT_FOUND ? (struct bytes){0} : bytes_from(item, colon + 1);
        bool packet = bytes_equal(kind, BYTES("pkt")) || bytes_equal(kind, BYTES("alert"));
        uint16_t index;
        if (!name.len || (!packet && !bytes_equal(kind, BYTES("flow"))))
            return draft_fail_at(draft, item, "a capture is flow:NAME, pkt:NAME or alert:NAME");
        if (pcre->captures_count == RULE_PCRE_CAPTURES)
            return draft_fail_at(draft, item, "captures too much");
        if (!draft_name(draft, RULE_NAMES_VARS, name, &index))
            return false;
        if (packet)
            pcre->captures_of_packet |= (uint8_t)(1 << pcre->captures_count);
        pcre->captures[pcre->captures_count++] = (uint16_t)(index + 1);
    }
    return true;
}

static bool keep_code(struct draft *draft, void *code)
{
    struct rule_memory *memory = draft->loader->memory;
    if (memory->codes_count == memory->codes_room) {
        size_t room = memory->codes_room ? memory->codes_room * 2 : 256;
        void **grown = base_realloc(memory->codes, room * sizeof *grown);
        if (!grown)
            return draft_fail(draft, "there is not enough memory for it");
        memory->codes = grown;
        memory->codes_room = room;
    }
    memory->codes[memory->codes_count++] = code;
    return true;
}

// A compiled expression that lives with the set; NULL: told. What PCRE2 says of a broken one is
// kept for the report.
void *draft_compile(struct draft *draft, struct bytes pattern, uint32_t flags)
{
    int error;
    size_t at;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context || pattern.len > PCRE_PATTERN_BYTES) {
        pcre2_compile_context_free(context);
        draft_fail(draft, "is too long");
        return NULL;
    }
    pcre2_set_parens_nest_limit(context, PCRE_PARENTHESES);
    pcre2_code *code = pcre2_compile(
        pattern.data, pattern.len, flags | PCRE2_NEVER_BACKSLASH_C, &error, &at, context);
    pcre2_compile_context_free(context);
    char said[128] = "";
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)said, sizeof said);
        struct bytes kept = draft_copy(draft, bytes_make(said, strlen(said) + 1));
        draft_fail(draft, kept.data ? (const char *)kept.data : "is no regular expression");
        return NULL;
    }
    size_t size = 0;
    pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    if (size > PCRE_COMPILED_BYTES)
        draft_fail(draft, "is too large an expression");
    if (size > PCRE_COMPILED_BYTES || !keep_code(draft, code)) {
        pcre2_code_free(code);
        return NULL;
    }
    if (!draft->loader->options->for_check || draft->loader->options->to_match)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // without it: the interpreter
    return code;
}

void rule_code_free(void *code)
{
    pcre2_code_free(code);
}

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

// A group named flow_NAME or pkt_NAME is kept as that.
static bool named_captures(struct draft *draft, struct bytes pattern, struct rule_pcre *pcre)
{
    struct bytes rest = pattern;
    size_t at;
    while ((at = bytes_find(rest, BYTES("(?P<"))) != BYTES_NOT_FOUND) {
        rest = bytes_from(rest, at + 4);
        bool packet = bytes_start_with(rest, BYTES("pkt_"));
        if (!packet && !bytes_start_with(rest, BYTES("flow_")))
            continue;
        struct bytes name = bytes_from(rest, packet ? 4 : 5);
        uint16_t index;
        size_t len = 0;
        while (len < name.len && is_word(name.data[len]))
            len++;
        if (pcre->captures_count == RULE_PCRE_CAPTURES)
            return draft_fail(draft, "captures too much");
        if (!draft_name(draft, RULE_NAMES_VARS, bytes_sub(name, 0, len), &index))
            return false;
        if (packet)
            pcre->captures_of_packet |= (uint8_t)(1 << pcre->captures_count);
        pcre->captures[pcre->captures_count++] = (uint16_t)(index + 1);
    }
    return true;
}

// HTTP's host is lower case: an upper-case letter would never match.
static bool has_upper(struct bytes pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] == '\\')
            i++;
        else if (pattern.data[i] >= 'A' && pattern.data[i] <= 'Z')
            return true;
    }
    return false;
}

// Behind what is repeated at `at` without a limit: *, + or {n,}.
static bool is_unbounded(struct bytes pattern, size_t at)
{
    uint8_t c = pattern.data[at];
    if (c != '{')
        return c == '*' || c == '+';
    struct bytes count = bytes_from(pattern, at + 1);
    size_t end = bytes_find_byte(count, '}');
    return end != BYTES_NOT_FOUND && end > 1 && count.data[end - 1] == ',';
}

// The end of a class in brackets that begins at `at`.
static size_t class_end(struct bytes pattern, size_t at)
{
    size_t i = at + 1;
    i += i < pattern.len && pattern.data[i] == '^';
    for (i++; i < pattern.len && pattern.data[i] != ']'; i++)
        i += pattern.data[i] == '\\';
    return i;
}

// What makes an expression slow on bytes somebody chose: anything at all without a limit, and
// repetitions of groups that hold repetitions.
static void find_slow(struct bytes pattern, struct rule_pcre *pcre)
{
    bool repeats[PCRE_PARENTHESES + 2] = {false}; // by depth: is something in the group repeated?
    bool any = false, group = false;              // what stands before
    size_t depth = 0;
    for (size_t i = 0; i < pattern.len; i++) {
        uint8_t c = pattern.data[i];
        if (is_unbounded(pattern, i)) {
            pcre->wide |= any;
            pcre->nested |= group;
            repeats[depth] = true;
        }
        any = c == '.';
        group = c == ')' && repeats[depth];
        if (c == '\\')
            i++;
        else if (c == '[')
            i = class_end(pattern, i);
        else if (c == '(' && depth < PCRE_PARENTHESES)
            repeats[++depth] = false;
        else if (c == ')' && depth > 0) {
            depth--;
            repeats[depth] |= group;
        }
    }
}

static bool place(struct draft *draft, struct rule_pcre pcre, int buffer)
{
    struct draft_test *test = draft_test_behind(draft, TEST_PCRE, pcre.relative && buffer < 0);
    if (!test)
        return false;
    test->test.is.pcre = pcre;
    return buffer < 0 || draft->group >= 0 || draft_move(draft, test, (enum rule_buffer)buffer);
}

bool keyword_pcre(struct draft *draft, struct bytes value, bool negated)
{
    struct flags flags = {.buffer = -1};
    struct rule_pcre pcre = {.negated = negated};
    size_t end = value.len;
    while (end > 1 && (value.data[end - 1] != '/' || value.data[end - 2] == '\\'))
        end--;
    if (value.len < 2 || value.data[0] != '/' || end < 2)
        return draft_fail(draft, "is written /EXPRESSION/FLAGS");
    struct bytes pattern = bytes_sub(value, 1, end - 2), after = bytes_from(value, end);
    size_t comma = bytes_find_byte(after, ',');
    for (size_t i = 0; i < after.len && i < comma; i++)
        if (after.data[i] != ' ' && !take_flag(draft, (char)after.data[i], &flags))
            return false;
    pcre.relative = flags.relative;
    if (flags.buffer == BUFFER_HTTP_HOST && (flags.options & PCRE2_CASELESS))
        draft_warn(draft, "the host is lower case already: flag i is not needed");
    if (flags.buffer == BUFFER_HTTP_HOST && !(flags.options & PCRE2_CASELESS) && has_upper(pattern))
        return draft_fail(draft, "the host is lower case: an upper-case letter never matches");
    pcre.code = draft_compile(draft, pattern, flags.options);
    if (!pcre.code)
        return false;
    if (comma != BYTES_NOT_FOUND && !take_captures(draft, bytes_from(after, comma + 1), &pcre))
        return false;
    if (comma == BYTES_NOT_FOUND && !named_captures(draft, pattern, &pcre))
        return false;
    find_slow(pattern, &pcre);
    return place(draft, pcre, flags.buffer);
}
