// SPDX-License-Identifier: Apache-2.0
// Zeek's logs as input: TSV as its head describes it, JSON with the same names.
#include "logs/reader.h"
#include <stdio.h>
#include <stdlib.h>

const struct zeek_log *zeek_log_find(struct bytes name)
{
    for (size_t i = 0; i < zeek_log_count; i++)
        if (bytes_equal(name, bytes_from_text(zeek_logs[i].name)))
            return &zeek_logs[i];
    return NULL;
}

static const struct zeek_column *column_find(const struct zeek_log *log, struct bytes name)
{
    for (size_t i = 0; log && i < log->count; i++)
        if (bytes_equal(name, bytes_from_text(log->columns[i].name)))
            return &log->columns[i];
    return NULL;
}

const struct zeek_log *log_zeek(const char *name)
{
    return zeek_log_find(bytes_from_text(name));
}

const struct zeek_column *log_zeek_column(const struct zeek_log *log, struct bytes name)
{
    const struct zeek_column *column = column_find(log, name);
    bool put = column && column->special && column->special->put;
    return column && (column->has_path || put) ? column : NULL;
}

const struct shape_path *log_zeek_path(const struct zeek_column *column)
{
    return column->special && column->special->put ? NULL : &column->path;
}

void log_zeek_put(const struct zeek_column *column, const struct record *record, struct json *out)
{
    column->special->put(out, record, column);
}

// What is written in upper case there stands in lower case here, and the other way round.
static struct bytes unfold(struct bytes text, uint8_t fold, struct arena *arena)
{
    if (fold == ZEEK_AS_IS)
        return text;
    uint8_t *out = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; out && i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        out[i] = !letter ? c : fold == ZEEK_UPPER ? c | 0x20 : c & 0xdf;
    }
    return bytes_make(out, out ? text.len : 0);
}

void zeek_take(struct log_draft *draft, const struct zeek_column *column,
    const struct bytes *values, size_t count)
{
    if (count == 0)
        return;
    if (column->special && column->special->take) {
        column->special->take(draft, values[0], column);
        return;
    }
    if (!column->has_path)
        return;
    const struct shape_path *path = &column->path;
    uint32_t a_second = column->type == ZEEK_INTERVAL ? path->a_second
                        : column->type == ZEEK_TIME   ? 1000'000
                                                      : 0;
    size_t most = path->all ? count : 1;
    char *place = shape_place(path, draft, most);
    bool any = false;
    for (size_t i = 0; place && i < most; i++) {
        struct bytes value = unfold(values[i], column->fold, draft->arena);
        any |=
            log_take_scalar(&place[i * path->element], path->kind, value, a_second, draft->arena);
    }
    if (any)
        shape_mark(path, draft);
}

// "\x09" and the like, as Zeek escapes them.
static struct bytes unescape(struct bytes text, struct arena *arena)
{
    if (bytes_find_byte(text, '\\') == BYTES_NOT_FOUND)
        return text;
    uint8_t *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        uint64_t byte;
        bool hex = text.data[i] == '\\' && i + 3 < text.len && text.data[i + 1] == 'x' &&
                   bytes_hex_to_u64(bytes_sub(text, i + 2, 2), &byte);
        bool slash = text.data[i] == '\\' && i + 1 < text.len && text.data[i + 1] == '\\';
        out[len++] = hex ? (uint8_t)byte : text.data[i];
        i += hex ? 3 : slash;
    }
    return bytes_make(out, len);
}

static void read_fields(struct log_reader *r, struct bytes rest)
{
    struct bytes name;
    r->count = 0;
    while (r->count < LOG_COLUMNS && log_next_part(&rest, r->separator, &name))
        r->columns[r->count++] = column_find(r->log, name);
}

// "#path<tab>conn" and its like.
static void read_head(struct log_reader *r, struct bytes line)
{
    struct bytes key, rest = line;
    if (bytes_start_with(line, BYTES("#separator "))) {
        struct bytes word = unescape(bytes_from(line, 11), &r->head);
        r->separator = word.len ? (char)word.data[0] : '\t';
        return;
    }
    (void)log_next_part(&rest, r->separator, &key);
    if (bytes_equal(key, BYTES("#path")))
        r->log = zeek_log_find(rest);
    else if (bytes_equal(key, BYTES("#fields")))
        read_fields(r, rest);
    else if (bytes_equal(key, BYTES("#set_separator")) && rest.len)
        r->set_separator = (char)rest.data[0];
    else if (bytes_equal(key, BYTES("#empty_field")))
        r->empty = arena_copy(&r->head, rest);
    else if (bytes_equal(key, BYTES("#unset_field")))
        r->unset = arena_copy(&r->head, rest);
}

static void take_field(struct log_reader *r, const struct zeek_column *column, struct bytes field,
    struct bytes *values)
{
    size_t count = 0;
    if (bytes_equal(field, r->unset))
        return;
    if (bytes_equal(field, r->empty))
        field = BYTES("");
    if (!column->many) {
        values[0] = unescape(field, r->draft.arena);
        zeek_take(&r->draft, column, values, 1);
        return;
    }
    struct bytes part;
    while (field.len && count < LOG_VALUES && log_next_part(&field, r->set_separator, &part))
        values[count++] = unescape(part, r->draft.arena);
    zeek_take(&r->draft, column, values, count);
}

enum log_line zeek_read_tsv(struct log_reader *r, struct bytes line, struct record *record)
{
    if (line.len == 0)
        return LOG_SILENT;
    if (line.data[0] == '#') {
        read_head(r, line);
        return LOG_SILENT;
    }
    if (!r->log)
        return LOG_OTHER;
    if (!log_draft_begin(r, r->log->record))
        return LOG_DAMAGED;
    struct bytes *values = arena_alloc(&r->arena, LOG_VALUES * sizeof *values);
    struct bytes field;
    size_t column = 0;
    for (; values && column < r->count && log_next_part(&line, r->separator, &field); column++)
        if (r->columns[column])
            take_field(r, r->columns[column], field, values);
    bool whole = column == r->count && r->count && !line.data;
    return whole && log_draft_end(r, record) ? LOG_RECORD : LOG_DAMAGED;
}

// A value of JSON as TSV would have it. Texts live with the line.
static bool json_value(struct log_reader *r, const json_t *value, struct bytes *out)
{
    char text[64];
    int len;
    switch (json_typeof(value)) {
    case JSON_STRING:
        *out = bytes_make(json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        len = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL: len = snprintf(text, sizeof text, "%.6f", json_real_value(value)); break;
    case JSON_TRUE: *out = BYTES("T"); return true;
    case JSON_FALSE: *out = BYTES("F"); return true;
    default: return false;
    }
    *out = arena_copy(&r->arena, bytes_make(text, len < (int)sizeof text ? (size_t)len : 0));
    return out->data != NULL;
}

static void take_json(struct log_reader *r, const struct zeek_column *column, const json_t *value,
    struct bytes *values)
{
    size_t count = 0, many = json_is_array(value) ? json_array_size(value) : 1;
    for (size_t i = 0; i < many && count < LOG_VALUES; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        count += json_value(r, one, &values[count]);
    }
    zeek_take(&r->draft, column, values, count);
}

// Databases that do not take "id.orig_h" for a name are given "id_orig_h".
static const json_t *json_column(const json_t *object, const char *name)
{
    char flat[LOG_NAME_BYTES];
    const json_t *value = json_object_get(object, name);
    if (value || !strchr(name, '.') || strlen(name) >= sizeof flat)
        return value;
    size_t len = strlen(name);
    for (size_t i = 0; i <= len; i++)
        flat[i] = name[i] == '.' ? '_' : name[i];
    return json_object_get(object, flat);
}

enum log_line zeek_read_json(struct log_reader *r, const json_t *object, struct record *record)
{
    const json_t *path = json_object_get(object, "_path");
    const struct zeek_log *log =
        json_is_string(path) ? zeek_log_find(bytes_from_text(json_string_value(path))) : r->log;
    if (!log)
        return LOG_OTHER;
    if (!log_draft_begin(r, log->record))
        return LOG_DAMAGED;
    struct bytes *values = arena_alloc(&r->arena, LOG_VALUES * sizeof *values);
    for (size_t i = 0; values && i < log->count; i++) { // in our order: some build on others
        const json_t *value = json_column(object, log->columns[i].name);
        if (value)
            take_json(r, &log->columns[i], value, values);
    }
    return log_draft_end(r, record) ? LOG_RECORD : LOG_DAMAGED;
}
