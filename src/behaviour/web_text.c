// SPDX-License-Identifier: Apache-2.0
// What is undone, in this order: percent signs (RFC 3986 section 2.1) and %uXXXX as IIS took it,
// twice; plus signs of forms; character references of HTML and escapes of JavaScript and JSON,
// twice as well; overlong UTF-8 and full-width forms; NUL bytes; comments of SQL and C; lookups of
// Log4j that stand for letters. Blanks become one, line ends CR: a line is one value. A shell reads
// it without quotes, backslashes and carets.
#include "behaviour/web_text.h"

enum { REFERENCE_BYTES = 12, STRANGE = 0xbf }; // a character beyond ASCII becomes one strange byte

// Reading and writing in one place; what is written never passes what is read.
struct edit {
    uint8_t *text;
    size_t len, at, out;
};

void web_text_clear(struct web_text *text)
{
    text->len = text->taken = 0;
}

static struct bytes rest_of(const struct edit *e)
{
    return bytes_from(bytes_make(e->text, e->len), e->at);
}

static void put(struct edit *e, uint8_t c, size_t took)
{
    e->text[e->out++] = c;
    e->at += took;
}

static uint8_t as_byte(uint64_t code)
{
    if (code >= 0xff01 && code <= 0xff5e) // full-width forms
        code -= 0xfee0;
    return code < 0x80 ? (uint8_t)code : STRANGE;
}

static bool hex_at(struct bytes text, size_t at, size_t digits, uint64_t *code)
{
    struct bytes part = bytes_sub(text, at, digits);
    return part.len == digits && bytes_hex_to_u64(part, code);
}

static size_t undo_percent(uint8_t *text, size_t len, bool form)
{
    struct edit e = {.text = text, .len = len};
    uint64_t code;
    while (e.at < e.len) {
        struct bytes rest = rest_of(&e);
        uint8_t c = rest.data[0];
        if (c == '%' && hex_at(rest, 1, 2, &code))
            put(&e, (uint8_t)code, 3);
        else if (c == '%' && (bytes_at(rest, 1) | 0x20) == 'u' && hex_at(rest, 2, 4, &code))
            put(&e, as_byte(code), 6);
        else
            put(&e, c == '+' && form ? ' ' : c, 1);
    }
    return e.out;
}

// "&lt;", "&#60;", "&#x3c;": how many bytes it takes; 0: it is none.
static size_t reference(struct bytes text, uint8_t *out)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''},
        {"lpar", '('}, {"rpar", ')'}, {"colon", ':'}, {"semi", ';'}, {"newline", '\r'},
        {"tab", ' '}, {"nbsp", ' '}, {"sol", '/'}, {"bsol", '\\'}, {"num", '#'}, {"equals", '='},
        {"grave", '`'}, {"lcub", '{'}, {"rcub", '}'}, {"dollar", '$'}, {"percnt", '%'},
        {"period", '.'}, {"comma", ','}, {"lsqb", '['}, {"rsqb", ']'}, {"vert", '|'}};
    size_t end = bytes_find_byte(bytes_sub(text, 0, REFERENCE_BYTES), ';');
    if (end == BYTES_NOT_FOUND || end < 3)
        return 0;
    struct bytes name = bytes_sub(text, 1, end - 1);
    uint64_t code;
    bool hex = (bytes_at(name, 1) | 0x20) == 'x';
    if (name.data[0] == '#' && (hex ? bytes_hex_to_u64(bytes_from(name, 2), &code)
                                    : bytes_to_u64(bytes_from(name, 1), &code))) {
        *out = as_byte(code);
        return end + 1;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_equal_nocase(name, bytes_from_text(known[i].name))) {
            *out = (uint8_t)known[i].c;
            return end + 1;
        }
    return 0;
}

// An escape, or a character in more bytes than it needs: how many bytes it takes; 0: it is none.
static size_t escape(struct bytes text, uint8_t *out)
{
    uint64_t code;
    uint8_t first = text.data[0], second = bytes_at(text, 1);
    if (first == '&')
        return reference(text, out);
    if (first == '\\' && second == 'u' && hex_at(text, 2, 4, &code)) {
        *out = as_byte(code);
        return 6;
    }
    if (first == '\\' && second == 'x' && hex_at(text, 2, 2, &code)) {
        *out = as_byte(code);
        return 4;
    }
    if ((first == 0xc0 || first == 0xc1) && second >= 0x80 && second < 0xc0) {
        *out = (uint8_t)((first & 1) << 6 | (second & 0x3f));
        return 2;
    }
    uint8_t third = bytes_at(text, 2);
    if (first == 0xef && (second == 0xbc || second == 0xbd) && third >= 0x80 && third < 0xc0) {
        *out = as_byte(0xf000u | (uint64_t)(second & 0x3f) << 6 | (third & 0x3f));
        return 3;
    }
    return 0;
}

static size_t undo_escapes(uint8_t *text, size_t len)
{
    struct edit e = {.text = text, .len = len};
    while (e.at < e.len) {
        uint8_t c = 0;
        struct bytes rest = rest_of(&e);
        size_t took = escape(rest, &c);
        put(&e, took ? c : rest.data[0], took ? took : 1);
    }
    return e.out;
}

// RFC 8259 section 7; what "\\u" begins is left to undo_escapes().
static size_t undo_json(uint8_t *text, size_t len)
{
    struct edit e = {.text = text, .len = len};
    while (e.at < e.len) {
        struct bytes rest = rest_of(&e);
        uint8_t c = rest.data[0], next = bytes_at(rest, 1);
        if (c != '\\' || !memchr("\"\\/bfnrt", next, 8))
            put(&e, c, 1);
        else
            put(&e, next == 'n' || next == 'r' ? '\r' : next < 'a' ? next : ' ', 2);
    }
    return e.out;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

// How many bytes of a comment stand here: all of it, or of "/*!50000 union*/" what is before and
// behind the words, which MySQL reads. 0: none.
static size_t comment(struct bytes text)
{
    if (bytes_start_with(text, BYTES("/*!"))) {
        size_t at = 3;
        while (bytes_at(text, at) >= '0' && bytes_at(text, at) <= '9')
            at++;
        return at;
    }
    if (bytes_start_with(text, BYTES("*/")))
        return 2;
    size_t end = bytes_start_with(text, BYTES("/*")) ? bytes_find(bytes_from(text, 2), BYTES("*/"))
                                                     : BYTES_NOT_FOUND;
    return end == BYTES_NOT_FOUND ? 0 : end + 4;
}

static size_t one_blank(uint8_t *text, size_t len)
{
    struct edit e = {.text = text, .len = len};
    while (e.at < e.len) {
        struct bytes rest = rest_of(&e);
        uint8_t c = rest.data[0];
        size_t gap = c == '/' || c == '*' ? comment(rest) : is_blank(c);
        if (c == 0)
            e.at++;
        else if (gap == 0)
            put(&e, c == '\n' ? '\r' : c, 1);
        else if (e.out > 0 && text[e.out - 1] == ' ')
            e.at += gap;
        else
            put(&e, ' ', gap);
    }
    return e.out;
}

// What a lookup of Log4j stands for: ${lower:j}, ${::-j}, ${env:NAME:-j}. False: not for letters.
static bool lookup(struct bytes inside, struct bytes *value)
{
    size_t other = bytes_find(inside, BYTES(":-"));
    if (other != BYTES_NOT_FOUND) {
        *value = bytes_from(inside, other + 2);
        return true;
    }
    bool letters = bytes_start_with_nocase(inside, BYTES("lower:")) ||
                   bytes_start_with_nocase(inside, BYTES("upper:"));
    *value = bytes_from(inside, 6);
    return letters;
}

// From the end: those within others come first.
static size_t undo_lookups(uint8_t *text, size_t len)
{
    for (size_t at = len; at-- > 0;) {
        struct bytes value, rest = bytes_from(bytes_make(text, len), at);
        size_t end = text[at] == '$' && bytes_at(rest, 1) == '{' ? bytes_find_byte(rest, '}') : 0;
        if (end == 0 || end == BYTES_NOT_FOUND || !lookup(bytes_sub(rest, 2, end - 2), &value))
            continue;
        memmove(&text[at], value.data, value.len);
        memmove(&text[at + value.len], &text[at + end + 1], len - at - end - 1);
        len -= end + 1 - value.len;
    }
    return len;
}

static size_t undo(uint8_t *text, size_t len, enum web_writing writing)
{
    bool form = writing == WEB_FORM;
    if (writing == WEB_JSON)
        len = undo_json(text, len);
    struct bytes as_sent = bytes_make(text, len);
    if (form || bytes_find_byte(as_sent, '%') != BYTES_NOT_FOUND) {
        len = undo_percent(text, len, form);
        len = undo_percent(text, len, false);
    }
    len = undo_escapes(text, len);
    len = undo_escapes(text, len);
    len = one_blank(text, len);
    if (bytes_find(bytes_make(text, len), BYTES("${")) != BYTES_NOT_FOUND)
        len = undo_lookups(text, len);
    return len;
}

static size_t copy(struct web_text *text, size_t at, struct bytes from)
{
    if (from.len)
        memcpy(&text->bytes[text->len + at], from.data, from.len);
    return at + from.len;
}

bool web_text_take(struct web_text *text, struct bytes name, struct bytes *value)
{
    size_t room = WEB_TEXT_BYTES - text->taken;
    if (room <= name.len)
        return false;
    *value = bytes_sub(*value, 0, room - name.len - 1);
    text->taken += name.len + value->len + 1;
    return true;
}

struct bytes web_text_add(
    struct web_text *text, struct bytes name, struct bytes value, enum web_writing writing)
{
    uint8_t *start = &text->bytes[text->len];
    size_t len = copy(text, copy(text, 0, name), value);
    len = undo(start, len, writing);
    text->len += len;
    return bytes_make(start, len);
}

static bool is_quote(uint8_t c)
{
    return c == '\'' || c == '"' || c == '\\' || c == '^';
}

struct bytes web_text_for_shell(struct web_text *text, struct bytes line)
{
    uint8_t *start = &text->bytes[text->len];
    size_t len = 0;
    for (size_t i = 0; i < line.len; i++)
        if (!is_quote(line.data[i]))
            start[len++] = line.data[i];
    if (len == line.len)
        len = 0;
    text->len += len;
    return bytes_make(start, len);
}
