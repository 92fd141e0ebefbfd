// SPDX-License-Identifier: Apache-2.0
// Nearly all requests hold none of the literals, or only such as stand in many words: the pass over
// their bytes is all they cost. Expressions are compiled when they are tried first.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "behaviour/web_match.h"
#include "base/alloc.h"
#include <pcre2.h>

enum {
    BUCKETS = 4096,       // of literals by their first two bytes
    MATCH_LIMIT = 20'000, // steps of one expression in one request
    TRIES = 16,           // matches in places where the pattern does not count
    NONE = UINT16_MAX,
};

struct web_matcher {
    uint16_t bucket[BUCKETS]; // first literal; NONE
    uint16_t *next;           // one a literal
    bool *wanted;             // one a pattern: worth a try
    pcre2_code **codes;       // one a pattern; NULL: not tried yet
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static unsigned bucket_of(uint8_t first, uint8_t second)
{
    return (fold(first) * 33u ^ fold(second) * 7u) % BUCKETS;
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
        if (text.len < 2)
            continue;
        uint16_t *bucket = &m->bucket[bucket_of(text.data[0], text.data[1])];
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
    m->codes = base_calloc(web_pattern_count, sizeof *m->codes);
    m->match = pcre2_match_data_create(1, NULL);
    m->limits = pcre2_match_context_create(NULL);
    if (m->next && m->wanted && m->codes && m->match && m->limits) {
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
    base_free(matcher->wanted);
    base_free(matcher->next);
    base_free(matcher);
}

static bool stands_at(const struct web_literal *literal, struct bytes text, size_t at)
{
    struct bytes there = bytes_sub(text, at, literal->len), want = literal_text(literal);
    return literal->cased ? bytes_equal(there, want) : bytes_equal_nocase(there, want);
}

// Which patterns have a literal in the text. False: none.
static bool find_literals(struct web_matcher *m, struct bytes text)
{
    bool seen[256] = {false}, any = false;
    memset(m->wanted, 0, web_pattern_count * sizeof *m->wanted);
    for (size_t i = 0; i < text.len; i++) {
        seen[text.data[i]] = true;
        uint16_t at = m->bucket[bucket_of(text.data[i], bytes_at(text, i + 1))];
        for (; at != NONE; at = m->next[at])
            if (!m->wanted[web_literals[at].pattern] && stands_at(&web_literals[at], text, i))
                any = m->wanted[web_literals[at].pattern] = true;
    }
    for (size_t i = 0; i < web_literal_count; i++)
        if (web_literals[i].len == 1 && seen[(uint8_t)web_literals[i].text[0]])
            any = m->wanted[web_literals[i].pattern] = true;
    return any;
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

// Does a pattern count on a line of that place?
static bool counts(const struct web_pattern *pattern, uint8_t place)
{
    return pattern->places & place & ~WEB_SHELL &&
           (!(place & WEB_SHELL) || pattern->places & WEB_SHELL);
}

static bool try_pattern(
    struct web_matcher *m, size_t pattern, const struct web_text *text, struct web_found *found)
{
    const size_t *ends = pcre2_get_ovector_pointer(m->match);
    pcre2_code *code = code_of(m, pattern);
    size_t from = 0;
    for (int i = 0; code && i < TRIES && from < text->len; i++) {
        if (pcre2_match(code, text->bytes, text->len, from, 0, m->match, m->limits) < 0)
            return false;
        struct web_line line = *web_text_line(text, ends[0]);
        if (counts(&web_patterns[pattern], line.place) && ends[1] >= ends[0]) {
            *found = (struct web_found){.pattern = &web_patterns[pattern],
                .line = bytes_make(&text->bytes[line.at], line.len),
                .place = line.place,
                .at = (uint32_t)(ends[0] - line.at),
                .len = (uint32_t)(ends[1] - ends[0])};
            return true;
        }
        from = 1 + line.len + line.at;
    }
    return false;
}

size_t web_match(
    struct web_matcher *matcher, const struct web_text *text, struct web_found *found, size_t most)
{
    size_t count = 0;
    if (!find_literals(matcher, bytes_make(text->bytes, text->len)))
        return 0;
    for (size_t i = 0; i < web_pattern_count && count < most; i++)
        if (matcher->wanted[i] && try_pattern(matcher, i, text, &found[count]))
            count++;
    return count;
}
