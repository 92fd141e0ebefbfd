// SPDX-License-Identifier: Apache-2.0
#include "intel/json_feed.h"
#include "base/alloc.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_parse.h>

enum { NUMBER_BYTES = 32, WHOLE_DIGITS = 15, LEVELS = FEED_DEPTH + 1 };

// A container that is open, and the document around all.
struct level {
    int mode;               // when walked into; FEED_SKIP
    struct json_node *node; // when collected
};

struct feed {
    const struct feed_reader *reader;
    void *context;
    yajl_handle parser;
    struct level levels[LEVELS];
    size_t depth;
    struct pool pool;
    struct arena arena; // of the value that is collected
    size_t value_bytes; // and what it takes
    struct bytes name;  // of the next member
    char walked_name[FEED_TEXT_BYTES];
    struct bytes window; // being read
    size_t counted;      // of its bytes, for the line
    uint64_t line;
    size_t quiet_bytes; // without a value: a long text, which yajl holds
    bool started, stopped;
    struct feed_report report;
    char error[FEED_TEXT_BYTES];
};

static int fail(struct feed *feed, enum feed_trouble trouble, const char *error)
{
    if (feed->report.trouble != FEED_FINE)
        return 0;
    feed->report = (struct feed_report){trouble, feed->line, feed->error};
    snprintf(feed->error, sizeof feed->error, "%s", error);
    return 0;
}

static void count_lines(struct feed *feed, size_t until)
{
    struct bytes rest = bytes_sub(feed->window, feed->counted, until - feed->counted);
    for (size_t at = bytes_find_byte(rest, '\n'); at != BYTES_NOT_FOUND;
         at = bytes_find_byte(rest, '\n')) {
        feed->line++;
        rest = bytes_from(rest, at + 1);
    }
    feed->counted = until;
}

// ---- Values.

static void *value_memory(struct feed *feed, size_t size)
{
    feed->value_bytes += size;
    void *memory = feed->value_bytes <= FEED_VALUE_BYTES ? arena_alloc(&feed->arena, size) : NULL;
    if (!memory)
        fail(feed, feed->value_bytes > FEED_VALUE_BYTES ? FEED_LARGE : FEED_MEMORY, "");
    return memory;
}

static bool text_keep(struct feed *feed, struct bytes *text)
{
    void *copy = text->len ? value_memory(feed, text->len) : "";
    if (copy && text->len)
        memcpy(copy, text->data, text->len);
    text->data = copy;
    return copy != NULL;
}

// Most names differ in length or by their first letter.
static bool same_name(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || (a.data[0] == b.data[0] && bytes_equal(a, b)));
}

static bool name_given(const struct json_node *object, struct bytes name)
{
    if (object->kind != JSON_OBJECT || object->count >= FEED_COMPARED)
        return false;
    for (const struct json_node *member = object->first; member; member = member->next)
        if (same_name(member->name, name))
            return true;
    return false;
}

static struct json_node *node_make(struct feed *feed, enum json_kind kind, struct bytes text)
{
    struct json_node *parent = feed->levels[feed->depth].node;
    struct bytes name = feed->name;
    feed->name = BYTES("");
    if (parent && name_given(parent, name))
        fail(feed, FEED_SYNTAX, "duplicate object key");
    struct json_node *node = value_memory(feed, sizeof *node + text.len);
    if (!node || feed->report.trouble != FEED_FINE)
        return NULL;
    if (text.len)
        memcpy(&node[1], text.data, text.len);
    text.data = (const uint8_t *)&node[1];
    *node = (struct json_node){.kind = kind, .name = name, .text = text, .line = feed->line};
    if (!parent)
        return node;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
    return node;
}

static void value_forget(struct feed *feed)
{
    arena_reset(&feed->arena);
    feed->value_bytes = 0;
}

static int hand_out(struct feed *feed, const struct json_node *node)
{
    feed->stopped = !feed->reader->value(feed->context, feed->levels[feed->depth].mode, node);
    value_forget(feed);
    return !feed->stopped;
}

// Whether the object that is handed out next is still wanted after this member of it.
static void ask_wanted(struct feed *feed, const struct json_node *member)
{
    const struct level *level = &feed->levels[feed->depth];
    if (!feed->reader->wanted || level[-1].node || level->node->kind != JSON_OBJECT ||
        feed->reader->wanted(feed->context, member))
        return;
    feed->levels[feed->depth] = (struct level){.mode = FEED_SKIP};
    value_forget(feed);
}

static int take_scalar(struct feed *feed, enum json_kind kind, struct bytes text)
{
    const struct level *level = &feed->levels[feed->depth];
    feed->quiet_bytes = 0;
    if (level->mode == FEED_SKIP)
        return 1;
    if (!level->node)
        count_lines(feed, yajl_get_bytes_consumed(feed->parser));
    const struct json_node *node = node_make(feed, kind, text);
    if (!node)
        return 0;
    if (!level->node)
        return hand_out(feed, node);
    ask_wanted(feed, node);
    return 1;
}

static int take_begin(struct feed *feed, enum json_kind kind)
{
    const struct level *level = &feed->levels[feed->depth];
    struct level next = {.mode = level->mode};
    feed->quiet_bytes = 0;
    if (!level->node && level->mode != FEED_SKIP) {
        count_lines(feed, yajl_get_bytes_consumed(feed->parser));
        char bracket = kind == JSON_LIST ? '[' : '{';
        next.mode = feed->reader->begin(feed->context, level->mode, feed->name, bracket);
        feed->stopped = next.mode == FEED_STOP;
    }
    if (feed->stopped)
        return 0;
    if (feed->depth + 1 == LEVELS)
        return fail(feed, FEED_DEEP, "");
    if (level->node || next.mode == FEED_COLLECT) {
        next.node = node_make(feed, kind, BYTES(""));
        if (!next.node)
            return 0;
    }
    feed->name = BYTES("");
    feed->levels[++feed->depth] = next;
    return 1;
}

static int take_end(struct feed *feed)
{
    struct level level = feed->levels[feed->depth--];
    const struct level *parent = &feed->levels[feed->depth];
    feed->quiet_bytes = 0;
    if (level.node && !parent->node)
        return hand_out(feed, level.node);
    if (level.node)
        ask_wanted(feed, level.node);
    else if (level.mode > 0 && feed->reader->end)
        feed->reader->end(feed->context, level.mode);
    return 1;
}

// ---- What yajl calls.

static int on_null(void *feed)
{
    return take_scalar(feed, JSON_NULL, BYTES(""));
}

static int on_bool(void *feed, int yes)
{
    return take_scalar(feed, yes ? JSON_TRUE : JSON_FALSE, BYTES(""));
}

static int on_number(void *feed, const char *text, size_t len)
{
    return take_scalar(feed, JSON_NUMBER, bytes_make(text, len));
}

static int on_text(void *feed, const unsigned char *text, size_t len)
{
    return take_scalar(feed, JSON_TEXT, bytes_make(text, len));
}

static int on_name(void *context, const unsigned char *text, size_t len)
{
    struct feed *feed = context;
    const struct level *level = &feed->levels[feed->depth];
    feed->quiet_bytes = 0;
    feed->name = bytes_make(text, len);
    if (level->mode == FEED_SKIP)
        feed->name = BYTES("");
    else if (level->node)
        return text_keep(feed, &feed->name);
    else if (len > sizeof feed->walked_name)
        return fail(feed, FEED_LARGE, "");
    else if (len) {
        memcpy(feed->walked_name, text, len);
        feed->name = bytes_make(feed->walked_name, len);
    }
    return 1;
}

static int on_object(void *feed)
{
    return take_begin(feed, JSON_OBJECT);
}

static int on_list(void *feed)
{
    return take_begin(feed, JSON_LIST);
}

static int on_end(void *feed)
{
    return take_end(feed);
}

// ---- The document.

struct feed *feed_create(const struct feed_reader *reader, void *context)
{
    static const yajl_callbacks callbacks = {on_null, on_bool, NULL, NULL, on_number, on_text,
        on_object, on_name, on_end, on_list, on_end};
    struct feed *feed = base_calloc(1, sizeof *feed);
    if (!feed)
        return NULL;
    feed->reader = reader;
    feed->context = context;
    feed->line = 1;
    pool_init(&feed->pool, 0);
    arena_init(&feed->arena, &feed->pool, 2 * (size_t)FEED_VALUE_BYTES);
    feed->parser = yajl_alloc(&callbacks, NULL, feed);
    if (feed->parser && reader->many)
        yajl_config(feed->parser, yajl_allow_multiple_values, 1);
    if (feed->parser)
        return feed;
    feed_destroy(feed);
    return NULL;
}

void feed_destroy(struct feed *feed)
{
    if (!feed)
        return;
    if (feed->parser)
        yajl_free(feed->parser);
    arena_reset(&feed->arena);
    pool_finish(&feed->pool);
    base_free(feed);
}

// "parse error: trailing garbage\n": what stands between.
static void say_syntax(struct feed *feed)
{
    unsigned char *said = yajl_get_error(feed->parser, 0, NULL, 0);
    struct bytes text = bytes_from_text(said ? (const char *)said : "");
    size_t colon = bytes_find(text, BYTES(": "));
    text = bytes_from(text, colon == BYTES_NOT_FOUND ? 0 : colon + 2);
    while (text.len && strchr(".\n", text.data[text.len - 1]))
        text.len--;
    if (bytes_find_byte(text, '}') != BYTES_NOT_FOUND) // no text of ours holds one
        text = BYTES("the object is not closed");
    char error[FEED_TEXT_BYTES];
    snprintf(error, sizeof error, "%.*s", (int)text.len, (const char *)text.data);
    fail(feed, FEED_SYNTAX, error);
    yajl_free_error(feed->parser, said);
}

// White space and the byte order mark, before anything else.
static struct bytes past_start(struct feed *feed, struct bytes text)
{
    static const char passed[] = " \t\r\n\xef\xbb\xbf";
    size_t at = 0;
    while (at < text.len && text.data[at] && strchr(passed, text.data[at]))
        feed->line += text.data[at++] == '\n';
    feed->started = at < text.len;
    return bytes_from(text, at);
}

bool feed_take(struct feed *feed, struct bytes text)
{
    if (feed->report.trouble != FEED_FINE || feed->stopped)
        return false;
    feed->window = feed->started ? text : past_start(feed, text);
    feed->counted = 0;
    feed->quiet_bytes += text.len;
    if (feed->window.len == 0)
        return true;
    yajl_status status = yajl_parse(feed->parser, feed->window.data, feed->window.len);
    count_lines(
        feed, status == yajl_status_ok ? feed->window.len : yajl_get_bytes_consumed(feed->parser));
    if (status == yajl_status_error)
        say_syntax(feed);
    if (feed->quiet_bytes > FEED_VALUE_BYTES)
        fail(feed, FEED_LARGE, "");
    return feed->report.trouble == FEED_FINE && !feed->stopped;
}

size_t feed_appetite(const struct feed *feed)
{
    size_t wanted = feed->quiet_bytes < FEED_WINDOW_MOST ? feed->quiet_bytes : FEED_WINDOW_MOST;
    return wanted > FEED_WINDOW_BYTES ? wanted : FEED_WINDOW_BYTES;
}

bool feed_end(struct feed *feed)
{
    if (feed->report.trouble == FEED_FINE && !feed->stopped && feed->started &&
        yajl_complete_parse(feed->parser) != yajl_status_ok)
        fail(feed, FEED_CUT, "");
    return feed->report.trouble == FEED_FINE && !feed->stopped;
}

struct feed_report feed_report(const struct feed *feed)
{
    return feed->report;
}

// ---- Asking a value.

const struct json_node *json_find(const struct json_node *object, struct bytes name)
{
    const struct json_node *member = json_is(object, JSON_OBJECT) ? object->first : NULL;
    while (member && !same_name(member->name, name))
        member = member->next;
    return member;
}

static double number_of(const struct json_node *member, double otherwise)
{
    char room[NUMBER_BYTES], *end;
    struct bytes text = {NULL, 0};
    uint64_t whole;
    if (json_is(member, JSON_TEXT) || json_is(member, JSON_NUMBER))
        text = member->text;
    if (text.len <= WHOLE_DIGITS && bytes_to_u64(text, &whole))
        return (double)whole;
    if (text.len == 0 || text.len >= sizeof room)
        return otherwise;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    double number = strtod(room, &end);
    return *end == '\0' && isfinite(number) ? number : otherwise;
}

double json_double_of(const struct json_node *object, const char *name, double otherwise)
{
    return number_of(json_member(object, name), otherwise);
}

bool json_says_yes(const struct json_node *member)
{
    return json_is(member, JSON_TRUE) || number_of(member, 0) == 1 ||
           (json_is(member, JSON_TEXT) && bytes_equal_nocase(member->text, BYTES("true")));
}
