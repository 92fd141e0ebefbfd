// SPDX-License-Identifier: Apache-2.0
// UTF-16 as UTF-8; see utf16.h.
#include "proto/utf16.h"
#include "base/cursor.h"

enum { REPLACEMENT = 0xfffd };

size_t utf8_write(uint32_t code, uint8_t out[4])
{
    if (code > 0x10'ffff || (code >= 0xd800 && code < 0xe000))
        code = REPLACEMENT;
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    size_t more = code < 0x800 ? 1 : code < 0x1'0000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--, code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
    out[0] = (uint8_t)(lead[more] | code);
    return more + 1;
}

// The next code point: a unit, or a pair of surrogates.
static uint32_t next_code(struct cursor *c)
{
    uint32_t unit = cursor_u16le(c);
    if (unit < 0xd800 || unit >= 0xdc00)
        return unit;
    struct cursor ahead = *c;
    uint32_t low = cursor_u16le(&ahead);
    if (!cursor_ok(&ahead) || low < 0xdc00 || low >= 0xe000)
        return REPLACEMENT;
    *c = ahead;
    return 0x1'0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
}

struct bytes utf16le_text(struct arena *arena, struct bytes text)
{
    uint8_t *out = arena_alloc(arena, text.len / 2 * 3 + 4); // a unit is at most three bytes
    if (!out)
        return (struct bytes){NULL, 0};
    struct cursor c = cursor_make(text);
    size_t len = 0;
    while (cursor_left(&c) >= 2)
        len += utf8_write(next_code(&c), &out[len]);
    return bytes_make(out, len);
}

struct bytes utf16le_text_until_nul(struct arena *arena, struct bytes text)
{
    struct cursor c = cursor_make(text);
    while (cursor_left(&c) >= 2)
        if (cursor_u16le(&c) == 0)
            return utf16le_text(arena, bytes_sub(text, 0, cursor_pos(&c) - 2));
    return utf16le_text(arena, text);
}
