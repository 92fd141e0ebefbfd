// SPDX-License-Identifier: Apache-2.0
#include "detect/words.h"
#include "base/hash.h"
#include "base/utf8.h"
#include <stdio.h>
#include <time.h>

enum {
    SHOWN_TEXT = 120, // bytes of text shown of a value
    SHOWN_BYTES = 32, // bytes shown as hexadecimal
};

static void add(struct json *out, struct bytes piece)
{
    if (piece.len)
        json_raw(out, (const char *)piece.data, piece.len);
}

static struct bytes value_of(struct bytes name, const struct text_arg *args, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(bytes_from_text(args[i].name), name))
            return args[i].value;
    return (struct bytes){NULL, 0};
}

// Up to the next blank; rest begins behind it. False: there is none.
static bool next_blank(struct bytes *rest, struct bytes *before, struct bytes *name)
{
    size_t open = bytes_find_byte(*rest, '{');
    *before = bytes_sub(*rest, 0, open);
    if (open == BYTES_NOT_FOUND)
        return false;
    struct bytes inside = bytes_from(*rest, open + 1);
    size_t close = bytes_find_byte(inside, '}');
    *name = bytes_sub(inside, 0, close);
    *rest = bytes_from(inside, close == BYTES_NOT_FOUND ? inside.len : close + 1);
    return true;
}

static bool all_known(struct bytes text, const struct text_arg *args, size_t count)
{
    struct bytes before, name;
    while (next_blank(&text, &before, &name))
        if (value_of(name, args, count).len == 0)
            return false;
    return true;
}

static void fill(struct json *out, struct bytes text, const struct text_arg *args, size_t count)
{
    struct bytes before, name;
    while (next_blank(&text, &before, &name)) {
        struct bytes value = value_of(name, args, count);
        add(out, before);
        add(out, value.len ? value : BYTES("-"));
    }
    add(out, before);
}

void words_fill(struct json *out, const char *text, const struct text_arg *args, size_t count)
{
    struct bytes rest = bytes_from_text(text);
    for (;;) {
        size_t open = bytes_find(rest, BYTES("[["));
        fill(out, bytes_sub(rest, 0, open), args, count);
        if (open == BYTES_NOT_FOUND)
            return;
        rest = bytes_from(rest, open + 2);
        size_t close = bytes_find(rest, BYTES("]]"));
        struct bytes inside = bytes_sub(rest, 0, close);
        if (all_known(inside, args, count))
            fill(out, inside, args, count);
        rest = bytes_from(rest, close == BYTES_NOT_FOUND ? rest.len : close + 2);
    }
}

bool words_is_text(struct bytes data)
{
    for (size_t i = 0; i < data.len;) {
        size_t bad, len = 1;
        if (data.data[i] >= 0x80)
            len = utf8_character(&data.data[i], data.len - i, &bad);
        if (len == 0 || !utf8_is_printable(utf8_code_point(&data.data[i], len)))
            return false;
        i += len;
    }
    return true;
}

void words_show(struct json *out, struct bytes data)
{
    char digits[2 * SHOWN_BYTES];
    bool text = words_is_text(data);
    size_t most = text ? SHOWN_TEXT : SHOWN_BYTES, len = data.len < most ? data.len : most;
    while (text && len < data.len && len > 0 && (data.data[len] & 0xc0) == 0x80)
        len--;
    struct bytes shown = bytes_sub(data, 0, len);
    if (text) {
        add(out, shown);
    } else {
        hash_hex(shown, digits);
        json_raw(out, "0x", 2);
        json_raw(out, digits, 2 * len);
    }
    if (len < data.len)
        add(out, BYTES("…"));
}

void words_time(int64_t time_us, char out[WORDS_TIME])
{
    time_t seconds = (time_t)(time_us / 1000'000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || tm.tm_year > 9999 - 1900 || tm.tm_year < -1900)
        snprintf(out, WORDS_TIME, "-");
    else
        (void)strftime(out, WORDS_TIME, "%Y-%m-%d %H:%M:%S UTC", &tm);
}
