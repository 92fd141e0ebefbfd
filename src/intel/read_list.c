// SPDX-License-Identifier: Apache-2.0
// Plain lists, one value a line: its kind is told by its shape. Comments begin with #, ; or // (at
// the beginning, or behind a space, and are then what the list says of the value) or with !.
// Also taken: hosts files (0.0.0.0 NAME...), "||NAME^", "address=/NAME/", "NAME:FIRST-LAST".
#include "capture/capture.h"
#include "intel/internal.h"
#include "intel/readers.h"
#include <stdio.h>

enum { PROGRESS_LINES = 65'536, REASON_BYTES = 600, NUMBER_BYTES = 24 };

struct list {
    struct intel_builder *builder;
    struct indicator indicator;
    struct bytes name; // of the file
    uint64_t line;
    bool full;
};

enum intel_kind kind_hinted(struct bytes file_name, enum intel_kind kind)
{
    static const struct {
        struct bytes word;
        enum intel_kind from, to;
    } hints[] = {{BYTES("ja3s"), INTEL_MD5, INTEL_JA3S}, {BYTES("ja3"), INTEL_MD5, INTEL_JA3},
        {BYTES("hasshserver"), INTEL_MD5, INTEL_HASSH_SERVER},
        {BYTES("hassh"), INTEL_MD5, INTEL_HASSH}, {BYTES("ssl"), INTEL_SHA1, INTEL_CERT_SHA1},
        {BYTES("cert"), INTEL_SHA1, INTEL_CERT_SHA1}, {BYTES("x509"), INTEL_SHA1, INTEL_CERT_SHA1},
        {BYTES("cert"), INTEL_SHA256, INTEL_CERT_SHA256}};
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (kind != hints[i].from)
            continue;
        for (size_t at = 0; at < file_name.len; at++) {
            if (bytes_start_with_nocase(bytes_from(file_name, at), hints[i].word))
                return hints[i].to;
        }
    }
    return kind;
}

bool reader_trouble(struct intel_builder *b, struct lines *lines)
{
    char reason[REASON_BYTES], reason_ja[REASON_BYTES];
    if (lines_trouble(lines, LANG_EN, reason, sizeof reason) == 0)
        return false;
    lines_trouble(lines, LANG_JA, reason_ja, sizeof reason_ja);
    struct intel_trouble trouble = {.why = TEXT_INTEL_UNREADABLE,
        .what = bytes_from_text(reason),
        .what_ja = bytes_from_text(reason_ja),
        .whole_file = true};
    intel_trouble(b, &trouble);
    return true;
}

void reader_long_line(struct intel_builder *b, uint64_t line, struct bytes text)
{
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%d", LINES_LONGEST);
    struct intel_trouble trouble = {
        .line = line, .value = text, .why = TEXT_INTEL_LINE_LONG, .what = bytes_from_text(number)};
    intel_trouble(b, &trouble);
    b->file->refused++;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool opens_comment(struct bytes rest)
{
    uint8_t c = bytes_at(rest, 0);
    return c == '#' || c == ';' || bytes_start_with(rest, BYTES("//"));
}

// Takes the comment off; it is what the list says of the value.
static struct bytes comment_cut(struct bytes text, struct bytes *comment)
{
    for (size_t i = 1; i < text.len; i++) {
        struct bytes rest = bytes_from(text, i);
        if (!is_space(text.data[i - 1]) || !opens_comment(rest))
            continue;
        while (rest.len > 0 && (rest.data[0] == '#' || rest.data[0] == ';' || rest.data[0] == '/' ||
                                   is_space(rest.data[0])))
            rest = bytes_from(rest, 1);
        *comment = bytes_trim(rest);
        return bytes_trim(bytes_sub(text, 0, i));
    }
    return text;
}

static void add(struct list *list, enum intel_kind kind, struct bytes value)
{
    list->indicator.kind = kind_hinted(list->name, kind);
    list->indicator.value = value;
    list->full = intel_add(list->builder, &list->indicator, list->line) == INTEL_FULL;
}

// ---- A line of a hosts file: an address that leads nowhere, and names.

static struct bytes word_next(struct bytes *rest)
{
    size_t at = 0;
    while (at < rest->len && !is_space(rest->data[at]))
        at++;
    struct bytes word = bytes_sub(*rest, 0, at);
    *rest = bytes_trim(bytes_from(*rest, at));
    return word;
}

static bool leads_nowhere(struct bytes word)
{
    static const struct bytes words[] = {BYTES("0.0.0.0"), BYTES("127.0.0.1"), BYTES("::"),
        BYTES("::1"), BYTES("255.255.255.255"), BYTES("fe80::1%lo0"), BYTES("ff02::1"),
        BYTES("ff02::2")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes_equal(word, words[i]))
            return true;
    }
    return false;
}

static bool hosts_line(struct list *list, struct bytes text)
{
    if (!leads_nowhere(word_next(&text)) || text.len == 0)
        return false;
    while (text.len > 0 && !list->full) {
        struct bytes name = word_next(&text);
        struct addr a;
        if (bytes_find_byte(name, '.') != BYTES_NOT_FOUND && !addr_parse(name, &a))
            add(list, INTEL_HOST, name); // "localhost" and its like are no indicators
    }
    return true;
}

// ---- Other lines.

// What block lists of other programs wrap around a name.
static struct bytes unwrap(struct bytes text)
{
    if (bytes_start_with(text, BYTES("- ")) || bytes_start_with(text, BYTES("* ")))
        return bytes_trim(bytes_from(text, 2)); // a list as people type it
    if (bytes_start_with(text, BYTES("local-zone:"))) {
        text = bytes_from(text, bytes_find_byte(text, '"') + 1);
        return bytes_sub(text, 0, bytes_find_byte(text, '"'));
    }
    if (bytes_start_with(text, BYTES("||"))) {
        text = bytes_from(text, 2);
        return bytes_sub(text, 0, bytes_find_byte(text, '^'));
    }
    if (bytes_start_with(text, BYTES("address=/")) || bytes_start_with(text, BYTES("server=/")) ||
        bytes_start_with(text, BYTES("local=/"))) {
        text = bytes_from(text, bytes_find_byte(text, '/') + 1);
        return bytes_sub(text, 0, bytes_find_byte(text, '/'));
    }
    return text;
}

static size_t token_end(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_space(text.data[i]) || strchr(",;|#\"", text.data[i]))
            return i;
    }
    return text.len;
}

static bool try(struct list *list, struct bytes text)
{
    uint8_t room[INTEL_VALUE_BYTES];
    struct bytes value;
    enum intel_kind kind = intel_guess(text, room, &value);
    if (kind == INTEL_KINDS)
        return false;
    add(list, kind, value);
    return true;
}

// "NAME:FIRST-LAST": the range, and what it is.
static bool try_named_range(struct list *list, struct bytes text)
{
    size_t colon = text.len;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    struct bytes range = bytes_from(text, colon);
    if (colon == 0 || bytes_find_byte(range, '-') == BYTES_NOT_FOUND)
        return false;
    list->indicator.label = bytes_trim(bytes_sub(text, 0, colon - 1));
    return try(list, range);
}

static void value_line(struct list *list, struct bytes text)
{
    if (try(list, text))
        return;
    size_t end = token_end(text);
    struct bytes rest = bytes_trim(bytes_from(text, end + 1));
    if (end > 0 && end < text.len) {
        if (list->indicator.label.len == 0)
            list->indicator.label = rest;
        if (try(list, bytes_sub(text, 0, end)))
            return;
    }
    if (try_named_range(list, text))
        return;
    struct intel_trouble trouble = {.line = list->line, .value = text, .why = TEXT_INTEL_NO_KIND};
    intel_trouble(list->builder, &trouble);
    list->builder->file->refused++;
}

static struct bytes unquote(struct bytes text)
{
    if (text.len >= 2 && (text.data[0] == '"' || text.data[0] == '\'') &&
        text.data[text.len - 1] == text.data[0])
        return bytes_trim(bytes_sub(text, 1, text.len - 2));
    return text;
}

static void take_line(struct list *list, struct bytes text)
{
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    text = bytes_trim(text);
    if (text.len == 0 || text.data[0] == '!' || opens_comment(text))
        return;
    list->indicator.label = (struct bytes){NULL, 0};
    text = comment_cut(text, &list->indicator.label);
    if (!hosts_line(list, text))
        value_line(list, unquote(unwrap(text)));
}

static bool read_lines(struct list *list, struct lines *lines)
{
    struct bytes text;
    uint64_t cut = 0;
    while (!list->full && lines_next(lines, &text)) {
        list->line++;
        if (list->line == 1 && bytes_start_with(text, BYTES("\xef\xbb\xbf")))
            text = bytes_from(text, 3);
        if (lines_cut(lines) != cut)
            reader_long_line(list->builder, list->line, text);
        else
            take_line(list, text);
        cut = lines_cut(lines);
        if (list->line % PROGRESS_LINES == 0)
            builder_progress(list->builder, lines_progress(lines));
    }
    if (list->full) {
        struct intel_trouble trouble = {
            .line = list->line, .why = TEXT_INTEL_NO_MEMORY, .whole_file = true};
        intel_trouble(list->builder, &trouble);
    }
    return !list->full && !reader_trouble(list->builder, lines);
}

static bool likely(const struct intel_file *file)
{
    return file->head.len > 0;
}

static bool read_list(struct intel_builder *b, const struct intel_file *file)
{
    struct intel_source source = {.name = file->base};
    struct list list = {.builder = b, .indicator = INDICATOR_UNSAID, .name = file->base};
    list.indicator.source = intel_source_add(b, &source);
    struct lines *lines = lines_open(file->path);
    if (!lines)
        return false;
    bool read = read_lines(&list, lines);
    lines_close(lines);
    return read;
}

const struct intel_format intel_format_list = {"list", likely, read_list};
