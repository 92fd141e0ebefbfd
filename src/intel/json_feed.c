// SPDX-License-Identifier: Apache-2.0
#include "intel/json_feed.h"
#include "base/alloc.h"
#include <stdio.h>

struct feed *feed_create(feed_read *read, void *context)
{
    struct feed *feed = base_calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->read = read;
    feed->context = context;
    feed->line = 1;
    return feed;
}

void feed_destroy(struct feed *feed)
{
    if (!feed)
        return;
    base_free(feed->value);
    base_free(feed);
}

static bool fail(struct feed *feed, enum feed_trouble trouble, const char *error)
{
    if (feed->trouble != FEED_FINE)
        return false;
    feed->trouble = trouble;
    feed->trouble_line = feed->line;
    snprintf(feed->error, sizeof feed->error, "%s", error);
    return false;
}

static bool refill(struct feed *feed)
{
    if (feed->trouble != FEED_FINE)
        return false;
    feed->pos = 0;
    feed->len = feed->read(feed->context, feed->window, sizeof feed->window);
    return feed->len > 0;
}

static int next_byte(struct feed *feed)
{
    if (feed->pos == feed->len && !refill(feed))
        return -1;
    return feed->window[feed->pos];
}

static void take(struct feed *feed)
{
    feed->line += feed->window[feed->pos++] == '\n';
}

int feed_peek(struct feed *feed)
{
    int c = next_byte(feed);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t' ||
           (c == 0xef || c == 0xbb || c == 0xbf)) { // and the byte order mark
        take(feed);
        c = next_byte(feed);
    }
    return feed->trouble == FEED_FINE ? c : -1;
}

static bool expect(struct feed *feed, char wanted)
{
    char error[] = "'?' is missing";
    int c = feed_peek(feed);
    error[1] = wanted;
    if (c != wanted)
        return fail(feed, c < 0 ? FEED_CUT : FEED_SYNTAX, error);
    take(feed);
    return true;
}

bool feed_open(struct feed *feed, char bracket)
{
    if (feed_peek(feed) != bracket)
        return false;
    if (feed->level == FEED_LEVELS)
        return fail(feed, FEED_DEEP, "");
    take(feed);
    feed->first[feed->level++] = true;
    return true;
}

// Whether another one comes in the innermost container; past the comma before it.
static bool next_in(struct feed *feed, char close)
{
    int c = feed_peek(feed);
    if (feed->trouble != FEED_FINE)
        return false;
    if (c == close) {
        take(feed);
        feed->level--;
        return false;
    }
    bool first = feed->first[feed->level - 1];
    feed->first[feed->level - 1] = false;
    return first || expect(feed, ',');
}

bool feed_member(struct feed *feed, char name[FEED_TEXT_BYTES])
{
    size_t len = 0;
    bool escaped = false;
    if (!next_in(feed, '}') || !expect(feed, '"'))
        return false;
    for (int c = next_byte(feed); c != '"' || escaped; c = next_byte(feed)) {
        if (c < 0)
            return fail(feed, FEED_CUT, "");
        if (c < ' ' || len + 1 == FEED_TEXT_BYTES)
            return fail(feed, c < ' ' ? FEED_SYNTAX : FEED_LARGE, "a name is broken");
        escaped = c == '\\' && !escaped;
        name[len++] = (char)c;
        take(feed);
    }
    take(feed);
    name[len] = '\0';
    return expect(feed, ':');
}

bool feed_element(struct feed *feed)
{
    return next_in(feed, ']');
}

static bool keep(struct feed *feed, const uint8_t *from, size_t len)
{
    if (feed->value_len + len > FEED_VALUE_BYTES)
        return fail(feed, FEED_LARGE, "");
    if (feed->value_len + len > feed->value_room) {
        size_t room = feed->value_room ? feed->value_room : 4096;
        while (room < feed->value_len + len)
            room *= 2;
        uint8_t *more = base_realloc(feed->value, room);
        if (!more)
            return fail(feed, FEED_MEMORY, "");
        feed->value = more;
        feed->value_room = room;
    }
    memcpy(&feed->value[feed->value_len], from, len);
    feed->value_len += len;
    return true;
}

// Where we are in a value: how deep, and whether within a text.
struct scan {
    size_t depth;
    bool text, escaped;
    bool started; // of a value without brackets or quotes: its first byte was taken
    bool done;
};

// False: the byte does not belong to the value, or is one bracket too many.
static bool scan_byte(struct feed *feed, struct scan *s, uint8_t c)
{
    if (s->text) {
        s->text = c != '"' || s->escaped;
        s->escaped = c == '\\' && !s->escaped;
        s->done = !s->text && s->depth == 0;
        return true;
    }
    bool open = c == '{' || c == '[', close = c == '}' || c == ']';
    if (s->depth == 0 && s->started && (close || c == ',' || c <= ' ')) {
        s->done = true;
        return false;
    }
    s->started = true;
    s->text = c == '"';
    s->depth += open;
    if (s->depth > FEED_DEPTH)
        return fail(feed, FEED_DEEP, "");
    if (close && s->depth == 0)
        return fail(feed, FEED_SYNTAX, "a bracket closes that was not opened");
    s->depth -= close;
    s->done = close && s->depth == 0;
    return true;
}

// The text of the next value into feed->value.
static bool take_value(struct feed *feed)
{
    struct scan s = {.depth = 0};
    feed->value_len = 0;
    if (feed_peek(feed) < 0)
        return fail(feed, FEED_CUT, "");
    feed->value_line = feed->line;
    while (!s.done) {
        if (feed->pos == feed->len && !refill(feed)) {
            if (s.started && s.depth == 0 && !s.text && feed->trouble == FEED_FINE)
                return true; // a number or word at the end of the file
            return fail(feed, FEED_CUT, "");
        }
        size_t from = feed->pos;
        while (feed->pos < feed->len && !s.done && scan_byte(feed, &s, feed->window[feed->pos]))
            take(feed);
        if (feed->trouble != FEED_FINE || !keep(feed, &feed->window[from], feed->pos - from))
            return false;
    }
    return true;
}

json_t *feed_json(struct feed *feed)
{
    json_error_t error;
    if (!take_value(feed))
        return NULL;
    json_t *value = json_loadb((const char *)feed->value, feed->value_len,
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
        &error);
    if (value)
        return value;
    char *near = strstr(error.text, " near "); // the line is told
    if (near)
        *near = '\0';
    bool brace = strchr(error.text, '}'); // no text of ours holds one
    (void)fail(feed, FEED_SYNTAX, brace ? "the object is not closed" : error.text);
    feed->trouble_line = feed->value_line + (error.line > 0 ? (uint64_t)error.line - 1 : 0);
    return NULL;
}

bool feed_end(struct feed *feed)
{
    if (feed->trouble == FEED_FINE && feed->level > 0)
        return fail(feed, FEED_CUT, "");
    if (feed_peek(feed) >= 0)
        return fail(feed, FEED_SYNTAX, "something follows the end");
    return feed->trouble == FEED_FINE;
}
