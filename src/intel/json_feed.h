// SPDX-License-Identifier: Apache-2.0
// JSON documents larger than one would hold as a tree. yajl reads them as they come; a reader says
// which of the outermost objects and arrays it walks into, and gets what lies in them value by
// value. A value lives until the next one comes. What is skipped is checked all the same.
#pragma once
#include "base/arena.h"

enum {
    FEED_DEPTH = 64,             // brackets inside each other
    FEED_VALUE_BYTES = 64 << 20, // memory of one value handed out, or of one text
    FEED_COMPARED = 1024,        // members of an object compared for names given twice
    FEED_WINDOW_BYTES = 64 << 10,
    FEED_WINDOW_MOST = 8 << 20,
    FEED_TEXT_BYTES = 256,
};

enum feed_trouble {
    FEED_FINE,
    FEED_CUT,    // it ends too early
    FEED_SYNTAX, // error says what
    FEED_DEEP,
    FEED_LARGE,
    FEED_MEMORY,
};

enum json_kind { JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

struct json_node {
    enum json_kind kind;
    uint32_t count;                       // of its elements or members
    struct bytes name;                    // as a member of an object
    struct bytes text;                    // of a text; a number as it is written
    const struct json_node *first, *next; // elements or members: the first; its sibling
    struct json_node *last;
    uint64_t line; // where the value that was handed out begins
};

// What becomes of an object or array that begins; 1 and up: it is walked into, as that.
enum feed_mode { FEED_STOP = -2, FEED_SKIP = -1, FEED_COLLECT = 0, FEED_OUTERMOST = 0 };

struct feed_reader {
    // `mode`: of what it lies in, `name`: empty for an element.
    int (*begin)(void *context, int mode, struct bytes name, char bracket);
    // False: nothing more is read.
    bool (*value)(void *context, int mode, const struct json_node *value);
    void (*end)(void *context, int mode); // of what was walked into; may be NULL
    // After each member of an object that is collected: false skips the rest of it, and it is not
    // handed out. May be NULL.
    bool (*wanted)(void *context, const struct json_node *member);
    bool many; // values one after another, as in JSON lines, are a document too
};

struct feed;

[[nodiscard]] struct feed *feed_create(const struct feed_reader *reader, void *context);
void feed_destroy(struct feed *feed);

// The next bytes. False: there is trouble, or the reader has stopped.
[[nodiscard]] bool feed_take(struct feed *feed, struct bytes text);

// How many bytes to give it next: more while a text goes on, which the parser begins anew each
// time.
size_t feed_appetite(const struct feed *feed);

// No more come. True: the document is whole; one of white space alone is.
[[nodiscard]] bool feed_end(struct feed *feed);

// What was wrong, first of all.
struct feed_report {
    enum feed_trouble trouble;
    uint64_t line;
    const char *error;
};
struct feed_report feed_report(const struct feed *feed);

// Members of an object: NULL, empty: not there, or of another type.
const struct json_node *json_find(const struct json_node *object, struct bytes name);
bool json_says_yes(const struct json_node *member); // true, 1, "1"
double json_double_of(const struct json_node *object, const char *name,
    double otherwise); // numbers in quotes too

static inline bool json_is(const struct json_node *node, enum json_kind kind)
{
    return node && node->kind == kind;
}

// Inline, so that lengths of names are known when they are written out.
static inline const struct json_node *json_member(const struct json_node *object, const char *name)
{
    return json_find(object, bytes_from_text(name));
}

static inline struct bytes json_bytes(const struct json_node *object, const char *name)
{
    const struct json_node *member = json_member(object, name);
    return json_is(member, JSON_TEXT) ? member->text : (struct bytes){NULL, 0};
}

static inline bool json_yes(const struct json_node *object, const char *name)
{
    return json_says_yes(json_member(object, name));
}

// The first element of that member, if it is a list.
static inline const struct json_node *json_list(const struct json_node *object, const char *name)
{
    const struct json_node *list = json_member(object, name);
    return json_is(list, JSON_LIST) ? list->first : NULL;
}
