// SPDX-License-Identifier: Apache-2.0
// Lines of a text protocol, out of a stream that comes in any pieces. A line that is too long is
// cut, and its rest passed over; what was looked through for a line's end is not looked through
// again, so that work stays linear.
#pragma once
#include "base/cursor.h"

struct line_reader {
    bool skipping;  // the rest of a line that was too long
    size_t scanned; // unread bytes known to have no LF
};

enum line_result { LINE_NONE, LINE_WHOLE, LINE_CUT };

// The next line without its end (CR LF or LF), of `most` bytes at most.
static inline enum line_result line_take(
    struct line_reader *r, struct cursor *in, size_t most, struct bytes *line)
{
    struct bytes rest = cursor_rest(in);
    size_t lf = bytes_find_byte(bytes_from(rest, r->scanned), '\n');
    size_t len = lf == BYTES_NOT_FOUND ? rest.len : r->scanned + lf;
    r->scanned = 0;
    if (r->skipping) {
        r->skipping = lf == BYTES_NOT_FOUND;
        cursor_skip(in, r->skipping ? rest.len : len + 1);
        return r->skipping ? LINE_NONE : line_take(r, in, most, line);
    }
    if (len > most) {
        *line = bytes_sub(rest, 0, most);
        cursor_skip(in, most);
        r->skipping = true;
        return LINE_CUT;
    }
    if (lf == BYTES_NOT_FOUND) {
        r->scanned = rest.len;
        return LINE_NONE;
    }
    return cursor_line(in, line) ? LINE_WHOLE : LINE_NONE;
}

// The same where `ended` says that no more will come: what is left then is a line, too.
static inline enum line_result line_take_last(
    struct line_reader *r, struct cursor *in, size_t most, bool ended, struct bytes *line)
{
    enum line_result result = line_take(r, in, most, line);
    if (result != LINE_NONE || !ended || r->skipping || cursor_left(in) == 0)
        return result;
    r->scanned = 0;
    *line = cursor_take(in, cursor_left(in));
    return LINE_WHOLE;
}

// Bytes are missing: what comes next is taken for the rest of a line.
static inline void line_lost(struct line_reader *r)
{
    r->skipping = true;
    r->scanned = 0;
}

// The next word of a line up to a space; `rest` loses it with all spaces behind it.
static inline struct bytes line_word(struct bytes *rest)
{
    size_t space = bytes_find_byte(*rest, ' ');
    struct bytes word = bytes_sub(*rest, 0, space);
    size_t at = word.len;
    while (bytes_at(*rest, at) == ' ')
        at++;
    *rest = bytes_from(*rest, at);
    return word;
}
