// SPDX-License-Identifier: Apache-2.0
// What a YARA rule says about itself. There is no standard for it; these are the habits of the
// large public sets: description, author, reference, score (0-100), severity, confidence, tlp and
// ATT&CK techniques under one name or another.
#include "file/scan_rules.h"
#include <stdio.h>

enum {
    SCORE_UNSAID = 70, // what a rule without a score is worth
    TITLE_BYTES = 512,
    SAYS_BYTES = 512,
};

static struct bytes meta_text(const YR_META *meta)
{
    return meta->type == META_TYPE_STRING ? bytes_from_text(meta->string) : (struct bytes){NULL, 0};
}

static bool is_meta(const YR_META *meta, const char *name)
{
    return bytes_equal_nocase(bytes_from_text(meta->identifier), bytes_from_text(name));
}

static bool contains_nocase(const char *text, const char *part)
{
    struct bytes whole = bytes_from_text(text), wanted = bytes_from_text(part);
    for (size_t i = 0; i < whole.len; i++)
        if (bytes_start_with_nocase(bytes_from(whole, i), wanted))
            return true;
    return false;
}

// A number as such or in quotes; words for high, medium and low. Negative: none of these.
static int64_t meta_number(const YR_META *meta)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {{"critical", 95}, {"high", 85}, {"medium", 65}, {"moderate", 65}, {"low", 45},
        {"informational", 20}, {"info", 20}};
    uint64_t number;
    if (meta->type == META_TYPE_INTEGER)
        return meta->integer;
    struct bytes text = bytes_trim(meta_text(meta));
    if (bytes_to_u64(text, &number) && number < INT32_MAX)
        return (int64_t)number;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_nocase(text, bytes_from_text(words[i].word)))
            return words[i].value;
    return -1;
}

static enum severity severity_of(int64_t score)
{
    if (score >= 75)
        return SEVERITY_HIGH;
    if (score >= 60)
        return SEVERITY_MEDIUM;
    return score >= 40 ? SEVERITY_LOW : SEVERITY_INFO;
}

static bool is_digit(struct bytes b, size_t at)
{
    return at < b.len && b.data[at] >= '0' && b.data[at] <= '9';
}

static bool are_digits(struct bytes b, size_t at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!is_digit(b, at + i))
            return false;
    return true;
}

// Length of T1059 or T1059.001 at `at`; 0: there is none.
static size_t technique_len(struct bytes b, size_t at)
{
    if (b.data[at] != 'T' || !are_digits(b, at + 1, 4) || is_digit(b, at + 5))
        return 0;
    bool sub = at + 5 < b.len && b.data[at + 5] == '.' && are_digits(b, at + 6, 3);
    return sub ? 9 : 5;
}

static void add_technique(struct yara_rule_info *out, struct bytes technique)
{
    for (size_t i = 0; i < out->techniques_count; i++)
        if (bytes_equal(out->techniques[i], technique))
            return;
    if (out->techniques_count < HIT_TECHNIQUES)
        out->techniques[out->techniques_count++] = technique;
}

static void find_techniques(struct yara_rule_info *out, struct bytes text)
{
    for (size_t at = 0; at < text.len; at++) {
        size_t len = technique_len(text, at);
        if (len > 0)
            add_technique(out, bytes_sub(text, at, len));
    }
}

static bool tells_techniques(const char *name)
{
    return contains_nocase(name, "mitre") || contains_nocase(name, "att_ck") ||
           contains_nocase(name, "attack") || contains_nocase(name, "technique");
}

// What of the meta lines matters.
struct said {
    struct bytes author, reference;
    int64_t score, severity, confidence, threat_level;
};

static void read_one(const YR_META *meta, struct said *said, struct yara_rule_info *out)
{
    if (is_meta(meta, "description"))
        out->title = bytes_sub(meta_text(meta), 0, TITLE_BYTES);
    else if (is_meta(meta, "author"))
        said->author = meta_text(meta);
    else if (is_meta(meta, "reference"))
        said->reference = meta_text(meta);
    else if (is_meta(meta, "score"))
        said->score = meta_number(meta);
    else if (is_meta(meta, "severity"))
        said->severity = meta_number(meta);
    else if (is_meta(meta, "confidence"))
        said->confidence = meta_number(meta);
    else if (is_meta(meta, "threat_level"))
        said->threat_level = meta_number(meta);
    else if (is_meta(meta, "tlp"))
        out->tlp = meta_text(meta);
    else if (tells_techniques(meta->identifier))
        find_techniques(out, meta_text(meta));
}

// Severities are words, or 0-100; threat levels 0-10.
static int64_t score_of(const struct said *said)
{
    if (said->score >= 0)
        return said->score > 100 ? 100 : said->score;
    if (said->severity > 10)
        return said->severity > 100 ? 100 : said->severity;
    if (said->threat_level >= 0 && said->threat_level <= 10)
        return said->threat_level * 10;
    return -1;
}

static struct bytes join_says(struct arena *memory, const struct said *said)
{
    struct bytes author = bytes_sub(said->author, 0, SAYS_BYTES);
    struct bytes reference = bytes_sub(said->reference, 0, SAYS_BYTES);
    if (author.len == 0 || reference.len == 0)
        return author.len ? author : reference;
    size_t room = author.len + reference.len + 3;
    char *text = arena_alloc(memory, room);
    if (!text)
        return author;
    int len = snprintf(text, room, "%.*s; %.*s", (int)author.len, (const char *)author.data,
        (int)reference.len, (const char *)reference.data);
    return bytes_make(text, len > 0 ? (size_t)len : 0);
}

void yara_meta_read(YR_RULE *rule, struct arena *memory, struct yara_rule_info *out)
{
    struct said said = {.score = -1, .severity = -1, .confidence = -1, .threat_level = -1};
    YR_META *meta;
    const char *tag;
    yr_rule_metas_foreach(rule, meta)
    {
        read_one(meta, &said, out);
    }
    yr_rule_tags_foreach(rule, tag)
    {
        find_techniques(out, bytes_from_text(tag));
    }
    int64_t score = score_of(&said);
    bool confident = said.confidence > 0 && said.confidence <= 100;
    out->severity = score < 0 ? SEVERITY_MEDIUM : severity_of(score);
    out->certainty = (uint8_t)(confident ? said.confidence : score < 0 ? SCORE_UNSAID : score);
    out->says = join_says(memory, &said);
}
