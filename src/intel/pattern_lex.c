// SPDX-License-Identifier: Apache-2.0
// STIX 2.1, section 9.1 (constants) and 9.2 onward (words and signs). White space and comments
// (/* */, //) separate tokens.
#include "intel/pattern_lex.h"
#include "intel/store.h"
#include <stdlib.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    uint8_t lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || c == '_';
}

static struct token broken(struct lexer *lexer, size_t at, enum text_id why)
{
    size_t end = lexer->pos > at ? lexer->pos : at + 1;
    lexer->pos = lexer->text.len;
    return (struct token){
        .kind = TOKEN_BROKEN, .at = at, .why = why, .text = bytes_sub(lexer->text, at, end - at)};
}

// Past a comment that begins here. False: it never ends.
static bool skip_comment(struct lexer *lexer)
{
    bool line = bytes_at(lexer->text, lexer->pos + 1) == '/';
    struct bytes rest = bytes_from(lexer->text, lexer->pos + 2);
    size_t end = bytes_find(rest, line ? BYTES("\n") : BYTES("*/"));
    if (end == BYTES_NOT_FOUND) {
        lexer->pos = lexer->text.len;
        return line;
    }
    lexer->pos += 2 + end + (line ? 1 : 2);
    return true;
}

static bool skip_space(struct lexer *lexer)
{
    while (lexer->pos < lexer->text.len) {
        uint8_t c = bytes_at(lexer->text, lexer->pos),
                after = bytes_at(lexer->text, lexer->pos + 1);
        if (is_space(c))
            lexer->pos++;
        else if (c != '/' || (after != '/' && after != '*'))
            break;
        else if (!skip_comment(lexer))
            return false;
    }
    return true;
}

// What stands between quotes, without escapes: \' and \\ are one character; another character
// behind a backslash keeps it, as regular expressions written without doubling mean it.
static bool quoted(struct lexer *lexer, struct bytes *out)
{
    size_t start = ++lexer->pos, len = 0;
    bool plain = true;
    while (lexer->pos < lexer->text.len && bytes_at(lexer->text, lexer->pos) != '\'') {
        bool escape = bytes_at(lexer->text, lexer->pos) == '\\';
        plain &= !escape;
        lexer->pos += escape ? 2 : 1;
    }
    if (lexer->pos >= lexer->text.len)
        return false;
    struct bytes raw = bytes_sub(lexer->text, start, lexer->pos++ - start);
    *out = raw.len ? raw : BYTES("");
    if (plain)
        return true;
    uint8_t *clean = arena_alloc(lexer->arena, raw.len);
    for (size_t i = 0; clean && i < raw.len; i++) {
        uint8_t after = bytes_at(raw, i + 1);
        if (raw.data[i] == '\\' && (after == '\'' || after == '\\'))
            i++;
        clean[len++] = raw.data[i];
    }
    *out = bytes_make(clean, len);
    return true;
}

static bool from_hex(struct arena *arena, struct bytes text, struct bytes *out)
{
    uint8_t *raw = arena_alloc(arena, text.len / 2 + 1);
    if (!raw || text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = bytes_hex_digit(text.data[i]), low = bytes_hex_digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        raw[i / 2] = (uint8_t)(high << 4 | low);
    }
    *out = bytes_make(raw, text.len / 2);
    return true;
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// RFC 4648, section 4, with its padding.
static bool from_base64(struct arena *arena, struct bytes text, struct bytes *out)
{
    uint8_t *raw = arena_alloc(arena, text.len + 1);
    size_t len = 0, pad = 0;
    uint32_t bits = 0;
    if (!raw || text.len % 4)
        return false;
    while (pad < 2 && pad < text.len && text.data[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len - pad; i++) {
        int digit = base64_digit(text.data[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4)
            raw[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    *out = bytes_make(raw, len);
    return true;
}

static bool number_at(struct bytes text, size_t at, size_t len, int least, int most, int *out)
{
    uint64_t value;
    if (!bytes_to_u64(bytes_sub(text, at, len), &value) || at + len > text.len)
        return false;
    *out = (int)value;
    return (int)value >= least && (int)value <= most;
}

static bool fraction(struct bytes text, int64_t *us)
{
    int64_t scale = 100'000;
    *us = 0;
    if (text.len == 0)
        return true;
    if (text.data[0] != '.' || text.len == 1)
        return false;
    for (size_t i = 1; i < text.len; i++, scale /= 10) {
        if (!is_digit(text.data[i]))
            return false;
        *us += (text.data[i] - '0') * scale;
    }
    return true;
}

// How far the zone at the end of text is ahead of UTC; *text loses it.
static bool zone(struct bytes *text, int64_t *seconds)
{
    int hours = 0, minutes = 0;
    *seconds = 0;
    if (text->len && (text->data[text->len - 1] | 0x20) == 'z') {
        *text = bytes_sub(*text, 0, text->len - 1);
        return true;
    }
    uint8_t sign = text->len > 6 ? text->data[text->len - 6] : 0;
    if ((sign != '+' && sign != '-') || text->data[text->len - 3] != ':' ||
        !number_at(*text, text->len - 5, 2, 0, 23, &hours) ||
        !number_at(*text, text->len - 2, 2, 0, 59, &minutes))
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    *text = bytes_sub(*text, 0, text->len - 6);
    return true;
}

bool pattern_time(struct bytes text, int64_t *out_us)
{
    int64_t ahead, us;
    int year, month, day, hour, minute, second;
    if (text.len < 20 || !zone(&text, &ahead) || text.data[4] != '-' || text.data[7] != '-' ||
        (text.data[10] | 0x20) != 't' || text.data[13] != ':' || text.data[16] != ':')
        return false;
    if (!number_at(text, 0, 4, 1, 9999, &year) || !number_at(text, 5, 2, 1, 12, &month) ||
        !number_at(text, 8, 2, 1, 31, &day) || !number_at(text, 11, 2, 0, 23, &hour) ||
        !number_at(text, 14, 2, 0, 59, &minute) || !number_at(text, 17, 2, 0, 60, &second) ||
        !fraction(bytes_from(text, 19), &us))
        return false;
    int64_t days = intel_days(year, month, day), of_day = (hour * 60 + minute) * 60 + second;
    *out_us = (days * 86'400 + of_day - ahead) * 1'000'000 + us;
    return days < intel_days(year + month / 12, month % 12 + 1, 1); // 31 June is none
}

// t'…', h'…', b'…'
static struct token marked(struct lexer *lexer, size_t at, uint8_t mark)
{
    struct token token = {.kind = TOKEN_LITERAL, .at = at};
    struct bytes raw;
    lexer->pos++;
    if (!quoted(lexer, &raw))
        return broken(lexer, at, TEXT_STIX_OPEN_QUOTE);
    token.text = bytes_sub(lexer->text, at, lexer->pos - at);
    token.literal.kind = mark == 't' ? LITERAL_TIME : LITERAL_BYTES;
    bool good = mark == 't'   ? pattern_time(raw, &token.literal.integer)
                : mark == 'h' ? from_hex(lexer->arena, raw, &token.literal.text)
                              : from_base64(lexer->arena, raw, &token.literal.text);
    return good ? token : broken(lexer, at, TEXT_STIX_BAD_CONSTANT);
}

static struct token text_constant(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_LITERAL, .at = lexer->pos};
    token.literal.kind = LITERAL_TEXT;
    if (!quoted(lexer, &token.literal.text))
        return broken(lexer, token.at, TEXT_STIX_OPEN_QUOTE);
    if (!token.literal.text.data)
        return broken(lexer, token.at, TEXT_STIX_NO_MEMORY);
    token.text = bytes_sub(lexer->text, token.at, lexer->pos - token.at);
    return token;
}

enum { NUMBER_BYTES = 40 };

// -?digits, -?digits.digits
static struct token number(struct lexer *lexer)
{
    size_t at = lexer->pos;
    char room[NUMBER_BYTES];
    bool whole = true;
    lexer->pos += bytes_at(lexer->text, at) == '-' || bytes_at(lexer->text, at) == '+';
    while (is_digit(bytes_at(lexer->text, lexer->pos)) ||
           (whole && bytes_at(lexer->text, lexer->pos) == '.')) {
        whole &= bytes_at(lexer->text, lexer->pos) != '.';
        lexer->pos++;
    }
    struct token token = {.kind = TOKEN_LITERAL, .at = at};
    token.text = bytes_sub(lexer->text, at, lexer->pos - at);
    if (token.text.len >= sizeof room || !is_digit(token.text.data[token.text.len - 1]))
        return broken(lexer, at, TEXT_STIX_BAD_CONSTANT);
    memcpy(room, token.text.data, token.text.len);
    room[token.text.len] = '\0';
    token.literal.kind = whole ? LITERAL_INTEGER : LITERAL_FLOAT;
    token.literal.number = strtod(room, NULL);
    if (token.literal.number > 9e18 || token.literal.number < -9e18)
        return broken(lexer, at, TEXT_STIX_BAD_CONSTANT);
    token.literal.integer = whole ? strtoll(room, NULL, 10) : 0;
    return token;
}

// Names may hold hyphens: nothing is subtracted here.
static struct token word(struct lexer *lexer)
{
    struct token token = {.kind = TOKEN_WORD, .at = lexer->pos};
    uint8_t c = bytes_at(lexer->text, lexer->pos);
    while (is_letter(c) || is_digit(c) || c == '-')
        c = bytes_at(lexer->text, ++lexer->pos);
    token.text = bytes_sub(lexer->text, token.at, lexer->pos - token.at);
    bool yes = bytes_equal(token.text, BYTES("true"));
    if (yes || bytes_equal(token.text, BYTES("false"))) {
        token.kind = TOKEN_LITERAL;
        token.literal = (struct literal){.kind = LITERAL_BOOL, .integer = yes};
    }
    return token;
}

static struct token sign(struct lexer *lexer)
{
    static const struct {
        char text[3];
        enum pattern_op op;
    } signs[] = {{"==", OP_EQUAL}, {"!=", OP_UNEQUAL}, {"<>", OP_UNEQUAL}, {"<=", OP_LESS_EQUAL},
        {">=", OP_GREATER_EQUAL}, {"=", OP_EQUAL}, {"<", OP_LESS}, {">", OP_GREATER}};
    struct bytes rest = bytes_from(lexer->text, lexer->pos);
    struct token token = {.kind = TOKEN_SIGN, .at = lexer->pos, .sign = (char)rest.data[0]};
    size_t len = 1;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (bytes_start_with(rest, bytes_from_text(signs[i].text))) {
            len = strlen(signs[i].text);
            token.sign = '=';
            token.op = signs[i].op;
            break;
        }
    token.text = bytes_sub(rest, 0, len);
    lexer->pos += len;
    if (token.sign == '=' || (token.sign && strchr("[]():.,*", token.sign)))
        return token;
    return broken(lexer, token.at, TEXT_STIX_UNEXPECTED);
}

struct token lexer_next(struct lexer *lexer)
{
    if (!skip_space(lexer))
        return broken(lexer, lexer->pos, TEXT_STIX_OPEN_COMMENT);
    size_t at = lexer->pos;
    if (at >= lexer->text.len)
        return (struct token){.kind = TOKEN_END, .at = at, .text = BYTES("")};
    uint8_t c = bytes_at(lexer->text, at), after = bytes_at(lexer->text, at + 1);
    if (after == '\'' && (c == 't' || c == 'h' || c == 'b'))
        return marked(lexer, at, c);
    if (c == '\'')
        return text_constant(lexer);
    if (is_digit(c) || ((c == '-' || c == '+') && is_digit(after)))
        return number(lexer);
    return is_letter(c) ? word(lexer) : sign(lexer);
}
