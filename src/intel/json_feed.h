// SPDX-License-Identifier: Apache-2.0
// JSON documents larger than one would hold as a tree: the outermost objects and arrays are walked,
// and what lies in them is handed out value by value, each parsed by jansson. Sticky: after the
// first trouble nothing more comes.
#pragma once
#include "base/bytes.h"
#include <jansson.h>

enum {
    FEED_DEPTH = 64,             // brackets inside each other
    FEED_VALUE_BYTES = 64 << 20, // of one value handed out
    FEED_LEVELS = 8,             // that a reader walks itself
    FEED_WINDOW_BYTES = 64 << 10,
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

// Up to `room` bytes to `to`; 0: no more.
typedef size_t feed_read(void *context, uint8_t *to, size_t room);

struct feed {
    feed_read *read;
    void *context;
    uint8_t window[FEED_WINDOW_BYTES];
    size_t pos, len; // in the window
    uint64_t line;   // of the next byte
    uint64_t value_line;
    uint8_t *value;
    size_t value_len, value_room;
    bool first[FEED_LEVELS];
    size_t level;
    enum feed_trouble trouble;
    uint64_t trouble_line;
    char error[FEED_TEXT_BYTES];
};

[[nodiscard]] struct feed *feed_create(feed_read *read, void *context);
void feed_destroy(struct feed *feed);

// The next byte that is no white space; -1: none.
int feed_peek(struct feed *feed);

// Into an object or array. False: something else comes; nothing is taken.
[[nodiscard]] bool feed_open(struct feed *feed, char bracket);

// In an object: the next member's name; its value comes next. False: the object has ended, and
// has been left. Names with escapes come as they stand.
[[nodiscard]] bool feed_member(struct feed *feed, char name[FEED_TEXT_BYTES]);

// In an array: another element comes. False: it has ended, and has been left.
[[nodiscard]] bool feed_element(struct feed *feed);

// The next value whole. NULL: trouble. Numbers are all real, so that none is out of range for a
// type. Give it back with json_decref().
[[nodiscard]] json_t *feed_json(struct feed *feed);

// True when nothing but white space follows, and there was no trouble.
[[nodiscard]] bool feed_end(struct feed *feed);
