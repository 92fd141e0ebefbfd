// SPDX-License-Identifier: Apache-2.0
// Reads wire bytes front to back. The first read past the end fails, every later one does too and
// yields zero: a parser reads a whole message and asks cursor_ok() once at its end.
#pragma once
#include "base/bytes.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    const uint8_t *start;
    bool failed;
};

static inline struct cursor cursor_make(struct bytes b)
{
    return (struct cursor){b.data, b.data ? b.data + b.len : NULL, b.data, false};
}

static inline bool cursor_ok(const struct cursor *c)
{
    return !c->failed;
}

static inline size_t cursor_left(const struct cursor *c)
{
    return c->failed ? 0 : (size_t)(c->end - c->at);
}

// Bytes read so far.
static inline size_t cursor_pos(const struct cursor *c)
{
    return (size_t)(c->at - c->start);
}

static inline void cursor_fail(struct cursor *c)
{
    c->failed = true;
}

static inline bool cursor_need(struct cursor *c, size_t n)
{
    if (c->failed || (size_t)(c->end - c->at) < n) {
        c->failed = true;
        return false;
    }
    return true;
}

// Go to an absolute position counted from the start (compression pointers, offset tables).
static inline void cursor_seek(struct cursor *c, size_t pos)
{
    if (c->failed || pos > (size_t)(c->end - c->start))
        c->failed = true;
    else
        c->at = c->start + pos;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
    if (cursor_need(c, n) && n > 0) // nothing may be added to the NULL of an empty cursor
        c->at += n;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    return cursor_need(c, 1) ? *c->at++ : 0;
}

static inline uint16_t cursor_u16(struct cursor *c)
{
    if (!cursor_need(c, 2))
        return 0;
    uint16_t v = (uint16_t)(c->at[0] << 8 | c->at[1]);
    c->at += 2;
    return v;
}

static inline uint32_t cursor_u24(struct cursor *c)
{
    if (!cursor_need(c, 3))
        return 0;
    uint32_t v = (uint32_t)c->at[0] << 16 | (uint32_t)c->at[1] << 8 | c->at[2];
    c->at += 3;
    return v;
}

static inline uint32_t cursor_u32(struct cursor *c)
{
    if (!cursor_need(c, 4))
        return 0;
    uint32_t v;
    memcpy(&v, c->at, 4);
    c->at += 4;
    return __builtin_bswap32(v);
}

static inline uint64_t cursor_u64(struct cursor *c)
{
    if (!cursor_need(c, 8))
        return 0;
    uint64_t v;
    memcpy(&v, c->at, 8);
    c->at += 8;
    return __builtin_bswap64(v);
}

static inline uint16_t cursor_u16le(struct cursor *c)
{
    return __builtin_bswap16(cursor_u16(c));
}

static inline uint32_t cursor_u32le(struct cursor *c)
{
    return __builtin_bswap32(cursor_u32(c));
}

static inline uint64_t cursor_u64le(struct cursor *c)
{
    return __builtin_bswap64(cursor_u64(c));
}

// The next n bytes as a slice; empty after a failure.
static inline struct bytes cursor_take(struct cursor *c, size_t n)
{
    if (!cursor_need(c, n))
        return (struct bytes){NULL, 0};
    struct bytes b = {c->at, n};
    if (n > 0)
        c->at += n;
    return b;
}

// Everything that is left, without moving.
static inline struct bytes cursor_rest(const struct cursor *c)
{
    return c->failed ? (struct bytes){NULL, 0} : (struct bytes){c->at, (size_t)(c->end - c->at)};
}

// A cursor over the next n bytes, which this one skips; failed when there are fewer.
static inline struct cursor cursor_sub(struct cursor *c, size_t n)
{
    struct cursor sub = cursor_make(cursor_take(c, n));
    sub.failed = c->failed;
    return sub;
}

// The next n bytes, in place: positions and seeks are those of the whole message, reads end after
// n.
static inline struct cursor cursor_window(const struct cursor *c, size_t n)
{
    struct cursor window = *c;
    if (cursor_need(&window, n))
        window.end = window.at + n;
    return window;
}

// One line up to LF, which is skipped, as is a CR before it. False: no LF yet, nothing moved.
static inline bool cursor_line(struct cursor *c, struct bytes *line)
{
    struct bytes rest = cursor_rest(c);
    size_t lf = bytes_find_byte(rest, '\n');
    if (lf == BYTES_NOT_FOUND)
        return false;
    c->at += lf + 1;
    *line = bytes_sub(rest, 0, lf > 0 && rest.data[lf - 1] == '\r' ? lf - 1 : lf);
    return true;
}
