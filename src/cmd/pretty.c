// SPDX-License-Identifier: Apache-2.0
#include "cmd/pretty.h"
#include "base/utf8.h"
#include "cmd/layout.h"
#include <stdio.h>

enum { ROW = 16, SAFE_ROOM = 16 * 1024, DEEP = 32, STRING_SHOWN = 600 };

// Length of the character at text.data[at] of valid UTF-8.
static size_t character(struct bytes text, size_t at)
{
    size_t len = 1;
    while (at + len < text.len && (text.data[at + len] & 0xc0) == 0x80)
        len++;
    return len;
}

// What may not begin a line of Japanese (JIS X 4051: 行頭禁則文字, those our texts have).
static bool may_not_begin(struct bytes rest)
{
    static const char *const marks[] = {"。", "、", "」", ")", "…", "・", "ー", ")", ",", ".", ":"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (bytes_start_with(rest, bytes_from_text(marks[i])))
            return true;
    return false;
}

static bool is_word(struct bytes text, size_t at)
{
    return at < text.len && text.data[at] > ' ' && text.data[at] < 0x7f;
}

// Steps, "1. … 2. …", each begin a line.
static size_t next_step(struct bytes text)
{
    for (size_t i = 3; i + 3 < text.len; i++) {
        bool stop = text.data[i - 1] == ' ' || bytes_equal(bytes_sub(text, i - 3, 3), BYTES("。"));
        if (stop && text.data[i] >= '2' && text.data[i] <= '9' && text.data[i + 1] == '.' &&
            text.data[i + 2] == ' ')
            return i;
    }
    return text.len;
}

// Where a line that holds no more than `fits` bytes ends: not within a word, if one begins in it.
static size_t line_end(struct bytes text, size_t fits)
{
    size_t end = fits, step = next_step(text);
    if (step < fits || fits >= text.len)
        return step;
    while (end > 0 && is_word(text, end) && is_word(text, end - 1))
        end--;
    if (end == 0)
        end = fits;
    while (end > 1 && may_not_begin(bytes_from(text, end))) {
        end--;
        while (end > 1 && (text.data[end] & 0xc0) == 0x80)
            end--;
    }
    return end ? end : character(text, 0);
}

static void line_put(struct bytes line, int indent)
{
    while (line.len && line.data[line.len - 1] == ' ')
        line.len--;
    printf("\n%*s%.*s", indent, "", (int)line.len, (const char *)line.data);
}

void pretty_paragraph(struct bytes words, int indent, int width)
{
    char room[SAFE_ROOM];
    struct bytes rest = bytes_make(room, utf8_print(words, room, sizeof room));
    while (rest.len) {
        size_t end = line_end(rest, layout_fit(rest, (size_t)(width - indent)));
        line_put(bytes_sub(rest, 0, end), indent);
        rest = bytes_from(rest, end);
        while (rest.len && rest.data[0] == ' ')
            rest = bytes_from(rest, 1);
    }
}

static void json_line(int indent, int deep)
{
    printf("\n%*s", indent + 2 * deep, "");
}

// A text with its quotes. What could drive a terminal is written as JSON writes it: \u009b.
static size_t json_string(struct bytes json, size_t at)
{
    size_t end = at + 1;
    while (end < json.len && json.data[end] != '"')
        end += json.data[end] == '\\' ? 2 : 1;
    bool cut = end + 1 - at > STRING_SHOWN;
    struct bytes whole = bytes_sub(json, at, cut ? STRING_SHOWN : end + 1 - at);
    for (size_t i = 0; i < whole.len;) {
        size_t bad, len = 1;
        if (whole.data[i] >= 0x80)
            len = utf8_character(&whole.data[i], whole.len - i, &bad);
        uint32_t c = len ? utf8_code_point(&whole.data[i], len) : 0xfffd;
        if (len && utf8_is_printable(c))
            printf("%.*s", (int)len, (const char *)&whole.data[i]);
        else
            printf("\\u%04x", (unsigned)(c & 0xffff));
        i += len ? len : 1;
    }
    if (cut)
        fputs("…\"", stdout);
    return end + 1;
}

// Where a list of plain values that begins at `at` ends; 0: it holds others.
static size_t flat_end(struct bytes json, size_t at)
{
    bool quoted = false;
    for (size_t i = at + 1; i < json.len; i++) {
        uint8_t c = json.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == ']')
            return i;
        else if (!quoted && (c == '{' || c == '['))
            return 0;
    }
    return 0;
}

void pretty_json(struct bytes json, int indent)
{
    int deep = 0;
    size_t flat = 0; // end of a list that stays on its line
    printf("%*s", indent, "");
    for (size_t at = 0; at < json.len;) {
        uint8_t c = json.data[at];
        if (c == '"') {
            at = json_string(json, at);
            continue;
        }
        if (c == '[' && flat <= at)
            flat = flat_end(json, at);
        bool close = (c == '}' || c == ']') && at > flat;
        bool open = (c == '{' || (c == '[' && flat <= at)) && deep < DEEP;
        if (close && deep > 0)
            json_line(indent, --deep);
        putchar(c >= ' ' && c < 0x7f ? c : '?');
        if (open)
            json_line(indent, ++deep);
        else if (c == ',' && at > flat)
            json_line(indent, deep);
        else if (c == ',' || c == ':')
            putchar(' ');
        at++;
    }
}

static void dump_row(struct bytes row, size_t offset, int indent)
{
    printf("\n%*s%04zx  ", indent, "", offset);
    for (size_t i = 0; i < ROW; i++)
        if (i < row.len)
            printf("%02x ", row.data[i]);
        else
            printf("   ");
    printf(" ");
    for (size_t i = 0; i < row.len; i++)
        putchar(row.data[i] >= ' ' && row.data[i] < 0x7f ? row.data[i] : '.');
}

static void mark_row(size_t from, size_t to, int indent)
{
    printf("\n%*s      ", indent, "");
    for (size_t i = 0; i < ROW; i++)
        printf("%s", i >= from && i < to ? "^^ " : "   ");
    printf(" ");
    for (size_t i = 0; i < to; i++)
        putchar(i >= from ? '^' : ' ');
}

void pretty_dump(struct bytes data, size_t at, size_t len, int indent)
{
    for (size_t row = 0; row < data.len; row += ROW) {
        size_t rest = data.len - row, size = rest < ROW ? rest : ROW;
        dump_row(bytes_sub(data, row, ROW), row, indent);
        size_t from = at > row ? at - row : 0, end = at + len > row ? at + len - row : 0;
        if (len && from < size && end > 0)
            mark_row(from, end < size ? end : size, indent);
    }
}
