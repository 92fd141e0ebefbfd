// SPDX-License-Identifier: Apache-2.0
// Nearly all lines hold none of the literals, or only such as stand in many words: the pass over
// their bytes is all they cost. Expressions are compiled when they are tried first.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "behaviour/web_match.h"
#include "base/alloc.h"
#include <pcre2.h>

enum {
    BUCKETS = 4096,       // of literals by their first bytes
    DEPTH = 3,            // so many of them, or as many as there are
    MATCH_LIMIT = 20'000, // steps of one expression in one request
    NONE = UINT16_MAX,
};

// Of a pattern: the lines it was wanted for and found on last, counted from 1.
struct last {
    uint64_t wanted, found;
};

struct web_matcher {
    uint16_t bucket[DEPTH][BUCKETS]; // by how many bytes; its first literal, or NONE
    uint16_t *next;                  // one a literal
    uint16_t *wanted;                // patterns worth a try on the line
    size_t wanted_count;
    struct last *last;    // one a pattern
    uint64_t line, begin; // this one, and the first of the request
    pcre2_code **codes;   // one a pattern; NULL: not tried yet
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static unsigned bucket_of(struct bytes text, size_t at, size_t depth)
{
    unsigned hash = 0;
    for (size_t i = 0; i < depth; i++)
        hash = hash * 33 ^ fold(bytes_at(text, at + i));
    return hash % BUCKETS;
}

static struct bytes literal_text(const struct web_literal *literal)
{
    return bytes_make(literal->text, literal->len);
}

static void sort_literals(struct web_matcher *m)
{
    memset(m->bucket, 0xff, sizeof m->bucket);
    for (size_t i = 0; i < web_literal_count; i++) {
        struct bytes text = literal_text(&web_literals[i]);
        size_t depth = text.len < DEPTH ? text.len : DEPTH;
        uint16_t *bucket = &m->bucket[depth - 1][bucket_of(text, 0, depth)];
        m->next[i] = *bucket;
        *bucket = (uint16_t)i;
    }
}

struct web_matcher *web_matcher_create(void)
{
    struct web_matcher *m = base_calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->next = base_calloc(web_literal_count, sizeof *m->next);
    m->wanted = base_calloc(web_pattern_count, sizeof *m->wanted);
    m->last = base_calloc(web_pattern_count, sizeof *m->last);
    m->codes = base_calloc(web_pattern_count, sizeof *m->codes);
    m->match = pcre2_match_data_create(1, NULL);
    m->limits = pcre2_match_context_create(NULL);
    if (m->next && m->wanted && m->last && m->codes && m->match && m->limits) {
        pcre2_set_match_limit(m->limits, MATCH_LIMIT);
        sort_literals(m);
        return m;
    }
    web_matcher_destroy(m);
    return NULL;
}

void web_matcher_destroy(struct web_matcher *matcher)
{
    if (!matcher)
        return;
    for (size_t i = 0; matcher->codes && i < web_pattern_count; i++)
        pcre2_code_free(matcher->codes[i]);
    pcre2_match_context_free(matcher->limits);
    pcre2_match_data_free(matcher->match);
    base_free(matcher->codes);
    base_free(matcher->last);
    base_free(matcher->wanted);
    base_free(matcher->next);
    base_free(matcher);
}

static bool stands_at(const struct web_literal *literal, struct bytes text, size_t at)
{
    struct bytes there = bytes_sub(text, at, literal->len), want = literal_text(literal);
    return literal->cased ? bytes_equal(there, want) : bytes_equal_nocase(there, want);
}

// Does a pattern count on a line of that place?
static bool counts(const struct web_pattern *pattern, uint8_t place)
{
    return pattern->places & place & ~WEB_SHELL &&
           (!(place & WEB_SHELL) || pattern->places & WEB_SHELL);
}

static void want(struct web_matcher *m, uint16_t at, struct bytes line, size_t i, uint8_t place)
{
    for (; at != NONE; at = m->next[at]) {
        uint16_t pattern = web_literals[at].pattern;
        struct last *last = &m->last[pattern];
        if (last->wanted == m->line || last->found >= m->begin ||
            !counts(&web_patterns[pattern], place) || !stands_at(&web_literals[at], line, i))
            continue;
        last->wanted = m->line;
        m->wanted[m->wanted_count++] = pattern;
    }
}

// Which patterns have a literal in the line.
static void find_literals(struct web_matcher *m, struct bytes line, uint8_t place)
{
    m->wanted_count = 0;
    m->line++;
    for (size_t i = 0; i < line.len; i++)
        for (size_t depth = 1; depth <= DEPTH; depth++)
            want(m, m->bucket[depth - 1][bucket_of(line, i, depth)], line, i, place);
}

static pcre2_code *code_of(struct web_matcher *m, size_t pattern)
{
    const struct web_pattern *p = &web_patterns[pattern];
    int error;
    size_t at;
    if (m->codes[pattern])
        return m->codes[pattern];
    uint32_t options = PCRE2_MULTILINE | (p->cased ? 0 : PCRE2_CASELESS);
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, options, &error, &at, NULL);
    if (code)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); // without it, it only is slower
    return m->codes[pattern] = code;
}

static bool try_pattern(
    struct web_matcher *m, size_t pattern, struct bytes line, struct web_found *found)
{
    const size_t *ends = pcre2_get_ovector_pointer(m->match);
    pcre2_code *code = code_of(m, pattern);
    if (!code || pcre2_match(code, line.data, line.len, 0, 0, m->match, m->limits) < 0)
        return false;
    *found = (struct web_found){.pattern = &web_patterns[pattern],
        .line = line,
        .at = (uint32_t)ends[0],
        .len = (uint32_t)(ends[1] - ends[0])};
    return true;
}

void web_match_begin(struct web_matcher *matcher)
{
    matcher->begin = matcher->line + 1;
}

size_t web_match(struct web_matcher *matcher, uint8_t place, struct bytes line,
    struct web_found *found, size_t most)
{
    size_t count = 0;
    find_literals(matcher, line, place);
    for (size_t i = 0; i < matcher->wanted_count && count < most; i++) {
        size_t pattern = matcher->wanted[i];
        if (!try_pattern(matcher, pattern, line, &found[count]))
            continue;
        found[count++].place = place;
        matcher->last[pattern].found = matcher->line;
    }
    return count;
}
