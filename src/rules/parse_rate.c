// SPDX-License-Identifier: Apache-2.0
// How often a rule may speak: threshold, detection_filter, tag. The same words stand in
// threshold.config.
#include "rules/keywords.h"

static const struct keyword_word kinds[] = {
    {"limit", THRESHOLD_LIMIT},
    {"threshold", THRESHOLD_THRESHOLD},
    {"both", THRESHOLD_BOTH},
    {"backoff", THRESHOLD_BACKOFF},
    {NULL, 0},
};

static const struct keyword_word tracks[] = {
    {"by_src", TRACK_BY_SRC},
    {"by_dst", TRACK_BY_DST},
    {"by_both", TRACK_BY_BOTH},
    {"by_rule", TRACK_BY_RULE},
    {"by_flow", TRACK_BY_FLOW},
    {NULL, 0},
};

static const struct keyword_word uniques[] = {
    {"src_port", UNIQUE_SRC_PORT},
    {"dst_port", UNIQUE_DST_PORT},
    {NULL, 0},
};

static bool count_of(
    struct draft *draft, struct bytes word, struct bytes value, bool *seen, uint32_t *out)
{
    uint64_t number;
    if (*seen)
        return draft_fail_at(draft, word, "stands twice");
    if (!text_to_number(value, UINT32_MAX, &number) || number == 0)
        return draft_fail_at(draft, word, "is a number above 0");
    *seen = true;
    *out = (uint32_t)number;
    return true;
}

static bool word_of(struct draft *draft, struct bytes word, struct bytes value,
    const struct keyword_word *words, bool *seen, int64_t *out)
{
    if (*seen)
        return draft_fail_at(draft, word, "stands twice");
    *seen = true;
    return text_to_word(words, value, out) ||
           draft_fail_at(draft, word, "has no value it may have");
}

bool parse_rate_word(
    struct draft *draft, struct bytes word, struct rule_threshold *out, struct rate_seen *seen)
{
    size_t space = 0;
    int64_t value = 0;
    bool good, unique = false;
    while (space < word.len && word.data[space] != ' ' && word.data[space] != '\t')
        space++;
    struct bytes name = bytes_sub(word, 0, space), rest = text_trim(bytes_from(word, space));
    if (bytes_equal_nocase(name, BYTES("type"))) {
        good = word_of(draft, word, rest, kinds, &seen->type, &value);
        out->kind = (enum rule_threshold_kind)value;
    } else if (bytes_equal_nocase(name, BYTES("track"))) {
        good = word_of(draft, word, rest, tracks, &seen->track, &value);
        out->track = (enum rule_track)value;
    } else if (bytes_equal_nocase(name, BYTES("unique_on"))) {
        good = word_of(draft, word, rest, uniques, &unique, &value);
        out->unique_on = (typeof(out->unique_on))value;
    } else if (bytes_equal_nocase(name, BYTES("count")))
        good = count_of(draft, word, rest, &seen->count, &out->count);
    else if (bytes_equal_nocase(name, BYTES("seconds")))
        good = count_of(draft, word, rest, &seen->seconds, &out->seconds);
    else if (bytes_equal_nocase(name, BYTES("multiplier")))
        good = count_of(draft, word, rest, &seen->multiplier, &out->multiplier);
    else
        return draft_fail_at(draft, word, "knows type, track, count, seconds and multiplier");
    return good;
}

bool keyword_threshold(struct draft *draft, struct bytes value, bool)
{
    struct rate_seen seen = {0};
    struct bytes word, rest = value;
    struct rule_threshold *t = &draft->threshold;
    if (t->kind)
        return draft_fail(draft, "stands twice");
    if (draft->filter.kind)
        return draft_fail(draft, "cannot be used together with detection_filter");
    while (text_next(&rest, ',', &word))
        if (!parse_rate_word(draft, word, t, &seen))
            return false;
    if (!seen.type || !seen.track || !seen.count || seen.seconds + seen.multiplier != 1)
        return draft_fail(draft, "needs type, track, count and seconds");
    if ((t->kind == THRESHOLD_BACKOFF) != seen.multiplier)
        return draft_fail(draft, "multiplier goes with backoff, seconds with the others");
    if (t->kind == THRESHOLD_BACKOFF && t->track != TRACK_BY_FLOW)
        return draft_fail(draft, "backoff is counted by_flow only");
    if (t->kind == THRESHOLD_BACKOFF && t->multiplier < 2)
        return draft_fail(draft, "a multiplier is 2 or more");
    return true;
}

bool keyword_detection_filter(struct draft *draft, struct bytes value, bool)
{
    struct rate_seen seen = {.type = true};
    struct bytes word, rest = value;
    struct rule_threshold *t = &draft->filter;
    if (t->kind)
        return draft_fail(draft, "stands twice");
    if (draft->threshold.kind)
        return draft_fail(draft, "cannot be used together with threshold");
    while (text_next(&rest, ',', &word))
        if (!parse_rate_word(draft, word, t, &seen))
            return false;
    if (!seen.track || !seen.count || !seen.seconds || seen.multiplier)
        return draft_fail(draft, "needs track, count and seconds");
    t->kind = THRESHOLD_DETECTION_FILTER;
    return true;
}

bool keyword_tag(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word metrics[] = {
        {"packets", TAG_PACKETS}, {"seconds", TAG_SECONDS}, {"bytes", TAG_BYTES}, {NULL, 0}};
    struct bytes what, count, metric, side, rest = value;
    struct rule_tag *tag = &draft->tag;
    uint64_t number;
    int64_t which;
    if (!text_next(&rest, ',', &what))
        return draft_fail(draft, "is session or host");
    bool session = bytes_equal_nocase(what, BYTES("session"));
    if (!session && !bytes_equal_nocase(what, BYTES("host")))
        return draft_fail_at(draft, what, "is session or host");
    *tag = (struct rule_tag){.what = session ? TAG_SESSION : TAG_HOST, .count = 0};
    if (!text_next(&rest, ',', &count))
        return session || draft_fail(draft, "host needs COUNT,METRIC,src or dst");
    if (!text_to_number(count, UINT32_MAX, &number) || !text_next(&rest, ',', &metric) ||
        !text_to_word(metrics, metric, &which))
        return draft_fail(draft, "is a number and packets, seconds or bytes");
    tag->count = (uint32_t)number;
    tag->metric = (typeof(tag->metric))which;
    bool has_side = text_next(&rest, ',', &side);
    if (has_side && !bytes_equal(side, BYTES("src")) && !bytes_equal(side, BYTES("dst")))
        return draft_fail_at(draft, side, "is src or dst");
    if (session == has_side)
        return draft_fail(draft, session ? "a session has no side" : "a host is src or dst");
    tag->by_dst = has_side && side.data[0] == 'd';
    return true;
}
