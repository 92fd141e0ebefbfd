// SPDX-License-Identifier: Apache-2.0
// content: where it may stand, and whether it does.
#include "rules/match_run.h"
#include <ctype.h>

// The part of the buffer in which the pattern has to lie.
struct window {
    int64_t low, high;
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// distance counts from the end of the last match, within from there too, over the distance.
static struct window relative_window(const struct match_run *run, const struct rule_content *c)
{
    int64_t distance = c->has_distance ? match_value(run, &c->distance) : 0;
    struct window w = {most(run->behind + distance, 0), match_len(run)};
    if (c->has_within)
        w.high = least(w.high, run->behind + distance + match_value(run, &c->within));
    if (c->has_offset)
        w.low = most(w.low, match_value(run, &c->offset));
    if (c->has_depth)
        w.high = least(w.high, run->behind + match_value(run, &c->depth));
    return w;
}

// offset and depth count from the beginning of the whole, of which this may be a later part.
static struct window absolute_window(const struct match_run *run, const struct rule_content *c)
{
    int64_t start = (int64_t)run->start, len = match_len(run);
    int64_t offset = c->has_offset ? match_value(run, &c->offset) : 0;
    struct window w = {most(offset - start, 0), len};
    if (c->starts)
        w.high = least(len, (int64_t)c->pattern.len - start);
    else if (c->has_depth) // counts from offset
        w.high = least(len, offset + match_value(run, &c->depth) - start);
    return w;
}

static bool equal_at(struct bytes hay, size_t at, struct bytes needle, bool nocase)
{
    struct bytes part = bytes_sub(hay, at, needle.len);
    return nocase ? bytes_equal_nocase(part, needle) : bytes_equal(part, needle);
}

static size_t find_from(struct bytes hay, size_t at, uint8_t byte)
{
    size_t hop = bytes_find_byte(bytes_from(hay, at), byte);
    return hop == BYTES_NOT_FOUND ? BYTES_NOT_FOUND : at + hop;
}

// Hops from one possible first byte to the next, in both cases.
static size_t find_nocase(struct bytes hay, struct bytes needle)
{
    uint8_t small = (uint8_t)tolower(needle.data[0]), large = (uint8_t)toupper(small);
    size_t last = hay.len - needle.len;
    size_t next_small = find_from(hay, 0, small), next_large = find_from(hay, 0, large);
    for (size_t at = 0;; at++) {
        if (next_small < at)
            next_small = find_from(hay, at, small);
        if (next_large < at)
            next_large = find_from(hay, at, large);
        at = next_small < next_large ? next_small : next_large;
        if (at > last)
            return BYTES_NOT_FOUND;
        if (equal_at(hay, at, needle, true))
            return at;
    }
}

size_t match_find(struct bytes hay, struct bytes needle, bool nocase)
{
    if (needle.len > hay.len)
        return BYTES_NOT_FOUND;
    if (needle.len == 0)
        return 0;
    return nocase ? find_nocase(hay, needle) : bytes_find(hay, needle);
}

// endswith: only one place is possible.
static int64_t find_at_end(const struct match_run *run, const struct rule_content *c, int64_t low)
{
    int64_t at = match_len(run) - (int64_t)c->pattern.len;
    if (!run->ends || at < low || !equal_at(run->data, (size_t)at, c->pattern, c->nocase))
        return -1;
    return at;
}

// Where the pattern lies in the window; -1: nowhere.
static int64_t find_in(struct match_run *run, const struct rule_content *c, struct window w)
{
    if (w.low > w.high || w.high - w.low < (int64_t)c->pattern.len)
        return -1;
    if (c->ends)
        return w.high < match_len(run) ? -1 : find_at_end(run, c, w.low);
    struct bytes part = bytes_sub(run->data, (size_t)w.low, (size_t)(w.high - w.low));
    if (!match_spend(run, part.len / 16))
        return -1;
    size_t at = match_find(part, c->pattern, c->nocase);
    if (at == BYTES_NOT_FOUND) {
        run->s->work -= (int64_t)(part.len - part.len / 16);
        return -1;
    }
    run->s->work -= (int64_t)at;
    return w.low + (int64_t)at;
}

static struct window window_of(const struct match_run *run, const struct rule_content *c)
{
    return c->relative ? relative_window(run, c) : absolute_window(run, c);
}

bool match_content(struct match_run *run, const struct rule_content *c)
{
    int64_t at = find_in(run, c, window_of(run, c));
    if (run->stop)
        return false;
    if ((at >= 0) == c->negated) {
        // A content with a place of its own fails whatever came before it.
        run->stop = !c->relative;
        return false;
    }
    if (at >= 0) {
        run->behind = at + (int64_t)c->pattern.len;
        match_saw(run, at, (int64_t)c->pattern.len);
    }
    return true;
}

bool match_content_tries(struct match_run *run, size_t index)
{
    const struct rule_content *c = &run->group->tests[index].is.content;
    struct window w = window_of(run, c);
    struct match_mark before = run->s->now;
    while (match_spend(run, 0)) {
        int64_t at = find_in(run, c, w);
        if (at < 0)
            break;
        run->behind = at + (int64_t)c->pattern.len;
        match_saw(run, at, (int64_t)c->pattern.len);
        if (match_from(run, index + 1))
            return true;
        if (run->stop || c->ends)
            return false;
        run->s->now = before;
        w.low = at + 1;
    }
    run->stop = run->stop || !c->relative;
    return false;
}
