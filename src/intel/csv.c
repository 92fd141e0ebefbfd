// SPDX-License-Identifier: Apache-2.0
#include "intel/csv.h"
#include "base/alloc.h"

enum csv_state { FIELD_START, FIELD_PLAIN, FIELD_QUOTED, FIELD_QUOTE, FIELD_AFTER };

bool csv_init(struct csv *csv, struct lines *lines)
{
    csv->lines = lines;
    csv->line = csv->row_line = 0;
    csv->count = csv->len = 0;
    csv->delimiter = ',';
    csv->text = base_malloc(CSV_ROW_BYTES);
    return csv->text != NULL;
}

void csv_finish(struct csv *csv)
{
    base_free(csv->text);
}

struct bytes csv_field(const struct csv *csv, size_t column)
{
    if (column >= csv->count)
        return (struct bytes){NULL, 0};
    return bytes_make(&csv->text[csv->fields[column].at], csv->fields[column].len);
}

// Lines in which a delimiter stands, outside quotes.
static size_t lines_with(struct bytes head, uint8_t delimiter)
{
    size_t lines = 0;
    bool quoted = false, here = false;
    for (size_t i = 0; i < head.len; i++) {
        uint8_t c = head.data[i];
        if (c == '"')
            quoted = !quoted;
        if (c == '\n') {
            lines += here;
            quoted = here = false;
        }
        here = here || (!quoted && c == delimiter);
    }
    return lines + here;
}

uint8_t csv_sniff(struct bytes head)
{
    static const uint8_t delimiters[] = {',', '\t', ';', '|'};
    uint8_t best = ',';
    size_t most = 0;
    for (size_t i = 0; i < sizeof delimiters; i++) {
        size_t lines = lines_with(head, delimiters[i]);
        if (lines > most) {
            most = lines;
            best = delimiters[i];
        }
    }
    return best;
}

// ---- Rows.

static void field_begin(struct csv *csv)
{
    if (csv->count < CSV_COLUMNS)
        csv->fields[csv->count] = (struct csv_field){csv->len, 0};
}

static void field_end(struct csv *csv)
{
    if (csv->count == CSV_COLUMNS)
        return;
    struct csv_field *field = &csv->fields[csv->count++];
    field->len = csv->len - field->at;
}

static void put(struct csv *csv, uint8_t c)
{
    if (csv->count < CSV_COLUMNS && csv->len < CSV_ROW_BYTES)
        csv->text[csv->len++] = c;
}

static enum csv_state step_quoted(struct csv *csv, enum csv_state state, uint8_t c)
{
    if (state == FIELD_QUOTED) {
        if (c == '"')
            return FIELD_QUOTE;
        put(csv, c);
        return FIELD_QUOTED;
    }
    if (c == '"') { // two of them are one
        put(csv, c);
        return FIELD_QUOTED;
    }
    return FIELD_AFTER; // spaces behind the quote; what else stands there is nothing
}

static enum csv_state step(struct csv *csv, enum csv_state state, uint8_t c)
{
    if (c == csv->delimiter && state != FIELD_QUOTED) {
        field_end(csv);
        field_begin(csv);
        return FIELD_START;
    }
    switch (state) {
    case FIELD_START:
        if (c == ' ' || c == '\t')
            return FIELD_START;
        if (c == '"')
            return FIELD_QUOTED;
        put(csv, c);
        return FIELD_PLAIN;
    case FIELD_PLAIN: put(csv, c); return FIELD_PLAIN;
    case FIELD_QUOTED:
    case FIELD_QUOTE: return step_quoted(csv, state, c);
    case FIELD_AFTER: break;
    }
    return FIELD_AFTER;
}

static struct bytes without_end(struct bytes text)
{
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    return text;
}

static enum csv_row row_read(struct csv *csv, struct bytes text)
{
    enum csv_state state = FIELD_START;
    csv->count = csv->len = 0;
    csv->row_line = csv->line;
    field_begin(csv);
    for (;;) {
        text = without_end(text);
        for (size_t i = 0; i < text.len; i++)
            state = step(csv, state, text.data[i]);
        if (state != FIELD_QUOTED)
            break;
        if (csv->len >= CSV_ROW_BYTES || !lines_next(csv->lines, &text))
            return CSV_UNCLOSED;
        csv->line++;
        put(csv, '\n');
    }
    field_end(csv);
    return CSV_ROW;
}

// "# first_seen,value": what some put in place of a first line of names.
static enum csv_row comment_read(struct csv *csv, struct bytes text)
{
    enum csv_state state = FIELD_START;
    while (text.len > 0 && (text.data[0] == '#' || text.data[0] == ' '))
        text = bytes_from(text, 1);
    csv->count = csv->len = 0;
    csv->row_line = csv->line;
    field_begin(csv);
    text = without_end(text);
    for (size_t i = 0; i < text.len; i++)
        state = step(csv, state, text.data[i]);
    field_end(csv);
    return CSV_COMMENT;
}

enum csv_row csv_next(struct csv *csv)
{
    struct bytes text;
    uint64_t cut = lines_cut(csv->lines);
    while (lines_next(csv->lines, &text)) {
        csv->line++;
        if (csv->line == 1 && bytes_start_with(text, BYTES("\xef\xbb\xbf")))
            text = bytes_from(text, 3);
        if (lines_cut(csv->lines) != cut) {
            csv->row_line = csv->line;
            csv->count = 0;
            return CSV_LONG;
        }
        if (bytes_trim(without_end(text)).len == 0)
            continue;
        return text.data[0] == '#' ? comment_read(csv, text) : row_read(csv, text);
    }
    return CSV_END;
}
