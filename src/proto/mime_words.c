// SPDX-License-Identifier: Apache-2.0
// Text in mail headers: encoded words (RFC 2047) and parameters with charset, language and
// continuations (RFC 2231), as UTF-8. Mailers put encoded words into parameters too; they are read.
#include "proto/mime.h"
#include "proto/mime_codec.h"

enum { SECTIONS = 32 }; // of one continued parameter

struct word {
    struct bytes charset, text;
    bool base64;
    size_t len; // of the whole "=?...?="
};

// "=?charset?B?text?=" at the front of b.
static bool word_read(struct bytes b, struct word *word)
{
    if (!bytes_start_with(b, BYTES("=?")))
        return false;
    struct bytes rest = bytes_from(b, 2);
    size_t q = bytes_find_byte(bytes_sub(rest, 0, 64), '?');
    if (q == BYTES_NOT_FOUND)
        return false;
    word->charset = bytes_sub(rest, 0, q);
    uint8_t encoding = bytes_at(rest, q + 1) | 0x20;
    if ((encoding != 'b' && encoding != 'q') || bytes_at(rest, q + 2) != '?')
        return false;
    word->base64 = encoding == 'b';
    struct bytes text = bytes_from(rest, q + 3);
    size_t end = bytes_find_byte(text, '?');
    if (end == BYTES_NOT_FOUND || bytes_at(text, end + 1) != '=')
        return false;
    word->text = bytes_sub(text, 0, end);
    word->len = 2 + q + 3 + end + 2;
    return true;
}

// A growing text in the arena; what does not fit the budget is left out.
struct out {
    struct arena *arena;
    uint8_t *data;
    size_t len, room;
};

static void put(struct out *out, struct bytes b)
{
    if (out->len + b.len > out->room) {
        size_t room = (out->len + b.len) * 2;
        uint8_t *grown = arena_grow(out->arena, out->data, out->room, room);
        if (!grown)
            return;
        out->data = grown;
        out->room = room;
    }
    if (b.len > 0)
        memcpy(&out->data[out->len], b.data, b.len);
    out->len += b.len;
}

// Words whose charset is the same and which follow each other are one text: mailers cut
// characters in two between them.
static void put_raw(struct out *raw, const struct word *word)
{
    uint8_t *plain = arena_alloc(raw->arena, word->text.len + 8);
    if (!plain)
        return;
    struct base64 base64 = {0};
    struct quoted quoted = {0};
    size_t len = word->base64 ? base64_decode(&base64, word->text, plain)
                              : quoted_decode(&quoted, word->text, plain, true);
    put(raw, bytes_make(plain, len));
}

static size_t blanks(struct bytes b)
{
    size_t n = 0;
    while (n < b.len && (b.data[n] == ' ' || b.data[n] == '\t'))
        n++;
    return n;
}

// A run of encoded words at the front of b, of one charset; returns its length.
static size_t put_words(struct out *out, struct bytes b, const struct word *first)
{
    struct out raw = {.arena = out->arena};
    struct word word = *first;
    size_t used = 0;
    for (;;) {
        put_raw(&raw, &word);
        used += word.len;
        struct bytes rest = bytes_from(b, used);
        size_t gap = blanks(rest);
        if (!word_read(bytes_from(rest, gap), &word))
            break;
        used += gap; // white space between encoded words is not text (RFC 2047 section 6.2)
        if (!bytes_equal_nocase(word.charset, first->charset))
            break;
    }
    put(out, mime_charset(out->arena, first->charset, bytes_make(raw.data, raw.len)));
    return used;
}

struct bytes mime_words(struct arena *arena, struct bytes text)
{
    if (bytes_find(text, BYTES("=?")) == BYTES_NOT_FOUND)
        return text;
    struct out out = {.arena = arena};
    struct word word;
    size_t i = 0;
    while (i < text.len) {
        struct bytes rest = bytes_from(text, i);
        if (word_read(rest, &word)) {
            i += put_words(&out, rest, &word);
            continue;
        }
        size_t next = bytes_find(bytes_from(rest, 1), BYTES("=?"));
        struct bytes plain = bytes_sub(rest, 0, next == BYTES_NOT_FOUND ? next : next + 1);
        put(&out, plain);
        i += plain.len;
    }
    return bytes_make(out.data, out.len);
}

// One "name=value" of a parameter list.
struct parameter {
    struct bytes name, value;
};

static struct bytes unquote(struct arena *arena, struct bytes value)
{
    if (bytes_find_byte(value, '\\') == BYTES_NOT_FOUND)
        return value;
    uint8_t *out = arena_alloc(arena, value.len);
    size_t len = 0;
    for (size_t i = 0; out && i < value.len; i++) {
        // A backslash before anything but quote and backslash is a path some mailer did not quote.
        bool escape = value.data[i] == '\\' && i + 1 < value.len &&
                      (value.data[i + 1] == '"' || value.data[i + 1] == '\\');
        i += escape;
        out[len++] = value.data[i];
    }
    return out ? bytes_make(out, len) : value;
}

// The quoted string whose opening quote b begins with; *used is its length with quotes.
static struct bytes quoted_string(struct arena *arena, struct bytes b, size_t *used)
{
    size_t i = 1;
    while (i < b.len && b.data[i] != '"')
        i += b.data[i] == '\\' && bytes_at(b, i + 1) == '"' && i + 2 < b.len ? 2 : 1;
    *used = i < b.len ? i + 1 : b.len;
    return unquote(arena, bytes_sub(b, 1, i - 1));
}

// Takes the next parameter off `rest`, which begins behind a semicolon.
static bool parameter_next(struct arena *arena, struct bytes *rest, struct parameter *p)
{
    struct bytes b = bytes_trim(*rest);
    while (bytes_at(b, 0) == ';')
        b = bytes_trim(bytes_from(b, 1));
    if (b.len == 0)
        return false;
    size_t semicolon = bytes_find_byte(b, ';');
    size_t equals = bytes_find_byte(bytes_sub(b, 0, semicolon), '=');
    if (equals == BYTES_NOT_FOUND) {
        *p = (struct parameter){bytes_sub(b, 0, semicolon), {NULL, 0}};
        *rest = bytes_from(b, semicolon);
        return true;
    }
    p->name = bytes_trim(bytes_sub(b, 0, equals));
    struct bytes value = bytes_trim(bytes_from(b, equals + 1));
    size_t used = 0;
    if (bytes_at(value, 0) == '"') {
        p->value = quoted_string(arena, value, &used);
    } else {
        used = bytes_find_byte(value, ';');
        p->value = bytes_trim(bytes_sub(value, 0, used));
    }
    value = bytes_from(value, used);
    *rest = bytes_from(value, bytes_find_byte(value, ';'));
    return true;
}

static uint8_t hex_pair(struct bytes b, bool *good)
{
    uint64_t v = 0;
    *good = b.len == 2 && bytes_hex_to_u64(b, &v);
    return (uint8_t)v;
}

static struct bytes percent_decode(struct arena *arena, struct bytes text)
{
    uint8_t *out = text.len ? arena_alloc(arena, text.len) : NULL;
    size_t len = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        bool good = false;
        uint8_t c = text.data[i] == '%' ? hex_pair(bytes_sub(text, i + 1, 2), &good) : 0;
        out[len++] = good ? c : text.data[i];
        i += good ? 2 : 0;
    }
    return bytes_make(out, len);
}

// Takes "charset'language'" off the front of an extended value.
static struct bytes take_charset(struct bytes *value)
{
    size_t first = bytes_find_byte(*value, '\'');
    size_t second =
        first == BYTES_NOT_FOUND ? first : bytes_find_byte(bytes_from(*value, first + 1), '\'');
    if (second == BYTES_NOT_FOUND)
        return (struct bytes){NULL, 0};
    struct bytes charset = bytes_sub(*value, 0, first);
    *value = bytes_from(*value, first + second + 2);
    return charset;
}

// Sections of a continued parameter, wherever they stand.
struct sections {
    struct bytes value[SECTIONS];
    bool extended[SECTIONS];
};

static struct bytes join(struct arena *arena, const struct sections *s)
{
    struct out out = {.arena = arena};
    struct bytes charset = {NULL, 0};
    for (size_t i = 0; i < SECTIONS && s->value[i].data; i++) {
        struct bytes value = s->value[i];
        if (s->extended[i] && i == 0)
            charset = take_charset(&value);
        put(&out, s->extended[i] ? percent_decode(arena, value) : value);
    }
    return mime_charset(arena, charset, bytes_make(out.data, out.len));
}

// "*", "*0", "*0*" behind a parameter's name. False: another parameter.
static bool section_of(struct bytes suffix, size_t *section, bool *extended)
{
    *extended = suffix.len > 0 && suffix.data[suffix.len - 1] == '*';
    struct bytes middle = bytes_sub(suffix, 0, suffix.len - *extended);
    *section = 0;
    if (middle.len == 0)
        return *extended;
    uint64_t number = 0;
    if (middle.data[0] != '*' || !bytes_to_u64(bytes_from(middle, 1), &number))
        return false;
    *section = number < SECTIONS ? (size_t)number : SECTIONS;
    return *section < SECTIONS;
}

struct bytes mime_parameter(struct arena *arena, struct bytes field, struct bytes name)
{
    size_t semicolon = bytes_find_byte(field, ';');
    struct bytes rest = bytes_from(field, semicolon), plain = {NULL, 0};
    struct sections sections = {0};
    struct parameter p;
    while (parameter_next(arena, &rest, &p)) {
        size_t section;
        bool extended;
        if (!bytes_start_with_nocase(p.name, name))
            continue;
        struct bytes suffix = bytes_from(p.name, name.len);
        if (suffix.len == 0 && !plain.data) {
            plain = p.value;
        } else if (section_of(suffix, &section, &extended) && !sections.value[section].data) {
            sections.value[section] = p.value;
            sections.extended[section] = extended;
        }
    }
    if (sections.value[0].data)
        return join(arena, &sections);
    return mime_words(arena, plain);
}
