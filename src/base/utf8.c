// SPDX-License-Identifier: Apache-2.0
// Names come from the wire: what is printed for people passes through here.
#include "base/utf8.h"
#include "base/hash.h"

size_t utf8_character(const uint8_t *at, size_t left, size_t *bad)
{
    uint8_t c = at[0], low = 0x80, high = 0xbf;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    *bad = 1;
    if (c < 0xc2 || c > 0xf4)
        return 0;
    if (c == 0xe0) // overlong
        low = 0xa0;
    else if (c == 0xed) // surrogates
        high = 0x9f;
    else if (c == 0xf0) // overlong
        low = 0x90;
    else if (c == 0xf4) // past U+10FFFF
        high = 0x8f;
    for (; *bad < len; ++*bad) {
        if (*bad >= left || at[*bad] < low || at[*bad] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

uint32_t utf8_code_point(const uint8_t *at, size_t len)
{
    static const uint8_t first_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code_point = at[0] & first_bits[len];
    for (size_t i = 1; i < len; i++)
        code_point = code_point << 6 | (at[i] & 0x3f);
    return code_point;
}

bool utf8_is_printable(uint32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return false;
    return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069);
}

enum { LONGEST_PIECE = 6 }; // \uNNNN

static size_t write_hex_escape(char *out, char kind, const uint8_t *value, size_t len)
{
    out[0] = '\\';
    out[1] = kind;
    hash_hex(bytes_make(value, len), out + 2);
    return 2 + 2 * len;
}

static size_t print_ascii(uint8_t c, char *out)
{
    const char letter = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
    if (letter) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    if (!utf8_is_printable(c))
        return write_hex_escape(out, 'x', &c, 1);
    out[0] = (char)c;
    return 1;
}

// What one character, or one invalid byte, is printed as. Returns how much of text it took.
static size_t print_piece(struct bytes text, char out[LONGEST_PIECE], size_t *out_len)
{
    size_t bad;
    if (text.data[0] < 0x80) {
        *out_len = print_ascii(text.data[0], out);
        return 1;
    }
    size_t len = utf8_character(text.data, text.len, &bad);
    if (len == 0) {
        *out_len = write_hex_escape(out, 'x', text.data, 1);
        return 1;
    }
    uint32_t c = utf8_code_point(text.data, len);
    if (!utf8_is_printable(c)) {
        const uint8_t value[2] = {(uint8_t)(c >> 8), (uint8_t)c};
        *out_len = write_hex_escape(out, 'u', value, 2);
        return len;
    }
    memcpy(out, text.data, len);
    *out_len = len;
    return len;
}

size_t utf8_print(struct bytes text, char *out, size_t room)
{
    static const char cut[] = "...";
    const size_t cut_len = sizeof cut - 1;
    size_t len = 0, fits = 0; // fits: the longest start that leaves room for the mark
    for (size_t at = 0; at < text.len;) {
        char piece[LONGEST_PIECE];
        size_t piece_len;
        at += print_piece(bytes_from(text, at), piece, &piece_len);
        if (piece_len > room - len) {
            size_t mark = cut_len < room - fits ? cut_len : room - fits;
            memcpy(out + fits, cut, mark);
            return fits + mark;
        }
        memcpy(out + len, piece, piece_len);
        len += piece_len;
        if (len + cut_len <= room)
            fits = len;
    }
    return len;
}
