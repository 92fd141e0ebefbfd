// SPDX-License-Identifier: Apache-2.0
#include "proto/text_keep.h"
#include "base/utf8.h"
#include "proto/text_out.h"

enum { NOTE_BYTES = 64 };

static bool is_utf8(struct bytes text)
{
    size_t bad;
    for (size_t at = 0; at < text.len;) {
        struct bytes rest = bytes_from(text, at);
        size_t len = rest.data[0] < 0x80 ? 1 : utf8_character(rest.data, rest.len, &bad);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

// Without the beginning of a character whose end was cut off.
static struct bytes cut_whole(struct bytes raw, size_t most)
{
    struct bytes text = bytes_sub(raw, 0, most);
    for (size_t back = 1; text.len < raw.len && back <= 3 && back <= text.len; back++) {
        uint8_t c = text.data[text.len - back];
        if (c >= 0xc0)
            return bytes_sub(text, 0, text.len - back);
        if (c < 0x80)
            break;
    }
    return text;
}

static void put(struct text_out *out, struct bytes text)
{
    static const char digits[] = "0123456789abcdef";
    if (is_utf8(text)) {
        text_out_put(out, text);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < 0x80) {
            text_out_char(out, (char)c);
            continue;
        }
        text_out_text(out, "\\x");
        text_out_char(out, digits[c >> 4]);
        text_out_char(out, digits[c & 15]);
    }
}

static struct bytes keep(struct arena *arena, struct bytes raw, uint64_t length, size_t most)
{
    struct bytes text = cut_whole(raw, most);
    size_t room = (is_utf8(text) ? text.len : 4 * text.len) + NOTE_BYTES;
    char *data = raw.data ? arena_alloc(arena, room) : NULL;
    if (!data)
        return (struct bytes){NULL, 0};
    struct text_out out = {.data = data, .room = room};
    put(&out, text);
    if (text.len < length) {
        text_out_text(&out, "[truncated ");
        text_out_u64(&out, length - text.len);
        text_out_text(&out, " additional bytes]");
    }
    return text_out_bytes(&out);
}

struct bytes text_keep(struct arena *arena, struct bytes raw, size_t most)
{
    return keep(arena, raw, raw.len, most);
}

struct bytes text_keep_start(struct arena *arena, struct bytes raw, size_t most)
{
    return keep(arena, raw, 0, most);
}

struct bytes text_keep_long(struct arena *arena, struct bytes start, uint64_t length, size_t most)
{
    return keep(arena, start, length, most);
}
