// SPDX-License-Identifier: Apache-2.0
// CSV and TSV: values and what is said of them, by the names in the first row (csv_column.def, and
// what intel.columns adds). Without names a row's first field that has the shape of an indicator is
// the value. Several columns of values make several indicators of a row. Objects of JSON are rows
// too, whatever lies around them, and have names of their own.
#include "base/alloc.h"
#include "intel/csv.h"
#include "intel/document.h"
#include <stdio.h>

enum {
    PROGRESS_ROWS = 16'384,
    NAME_BYTES = 64,

    ADDRESS_PORT_BYTES = 128,
};

static const int64_t day_us = 86'400LL * 1'000'000;

enum role {
    ROLE_NONE,
    ROLE_VALUE,
    ROLE_KIND, // a value of the column's kind
    ROLE_TYPE,
    ROLE_SOURCE,
    ROLE_ORGANISATION,
    ROLE_CONFIDENCE,
    ROLE_SEVERITY,
    ROLE_FROM,
    ROLE_UNTIL,
    ROLE_SEEN_FIRST,
    ROLE_SEEN_LAST,
    ROLE_TLP,
    ROLE_LABEL,
    ROLE_ID,
    ROLE_TECHNIQUES,
    ROLE_PORT,
};

struct column {
    enum role role;
    enum intel_kind kind;
};

struct table {
    struct intel_builder *builder;
    struct csv csv;
    struct bytes name; // of the file
    struct column columns[CSV_COLUMNS];
    size_t count;
    bool named; // columns have names
    uint32_t source;
    bool full;
};

// ---- Names of columns.

static struct bytes folded(struct bytes name, uint8_t room[NAME_BYTES])
{
    name = bytes_trim(name);
    if (name.len > NAME_BYTES)
        return (struct bytes){NULL, 0};
    for (size_t i = 0; i < name.len; i++)
        room[i] = name.data[i] == '_' || name.data[i] == ' ' ? '-' : name.data[i];
    return bytes_make(room, name.len);
}

static enum role role_of(struct bytes name)
{
    static const struct {
        struct bytes name;
        enum role role;
    } names[] = {
#define COLUMN(name, role) {BYTES(name), ROLE_##role},
#include "intel/csv_column.def"
#undef COLUMN
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (bytes_equal_nocase(name, names[i].name))
            return names[i].role;
    }
    return ROLE_NONE;
}

static struct column column_meaning(struct bytes word)
{
    uint8_t room[NAME_BYTES];
    word = folded(word, room);
    struct column column = {role_of(word), INTEL_KINDS};
    if (column.role != ROLE_NONE || word.len == 0)
        return column;
    column.kind = intel_word_kind(word);
    column.role = column.kind == INTEL_KINDS || column.kind == INTEL_UNSEEN ? ROLE_NONE : ROLE_KIND;
    return column;
}

static struct column column_of(const struct table *table, struct bytes name)
{
    const struct config *config = intel_config(table->builder);
    for (size_t i = 0; i < config->intel.columns_count; i++) {
        if (bytes_equal_nocase(bytes_trim(name), bytes_from_text(config->intel.columns[i].name)))
            return column_meaning(bytes_from_text(config->intel.columns[i].means));
    }
    return column_meaning(name);
}

static bool has_shape(struct bytes field)
{
    uint8_t room[INTEL_VALUE_BYTES];
    struct bytes value;
    return intel_guess(field, room, &value) != INTEL_KINDS;
}

// The row in hand as names. False: it is none, and nothing changed.
static bool take_names(struct table *table)
{
    struct column columns[CSV_COLUMNS];
    bool values = false;
    for (size_t i = 0; i < table->csv.count; i++) {
        struct bytes field = csv_field(&table->csv, i);
        columns[i] = column_of(table, field);
        values = values || columns[i].role == ROLE_VALUE || columns[i].role == ROLE_KIND;
        if (columns[i].role == ROLE_NONE && has_shape(field))
            return false;
    }
    if (!values)
        return false;
    memcpy(table->columns, columns, table->csv.count * sizeof *columns);
    table->count = table->csv.count;
    table->named = true;
    return true;
}

// ---- Rows.

struct row {
    struct indicator said; // without kind and value
    enum intel_kind type;  // as its own column has it
    struct bytes port;
    struct bytes source, organisation;
    int64_t first_us;
};

static int64_t time_field(struct bytes field, bool until)
{
    int64_t us;
    bool day;
    if (!intel_word_time(field, &us, &day))
        return 0;
    return until && day ? us + day_us : us; // a day's end belongs to it
}

static void take_label(struct row *row, struct bytes field)
{
    if (row->said.label.len == 0)
        row->said.label = field;
}

static void take_field(struct row *row, enum role role, struct bytes field)
{
    switch (role) {
    case ROLE_TYPE: row->type = intel_word_kind(field); break;
    case ROLE_SOURCE: row->source = field; break;
    case ROLE_ORGANISATION: row->organisation = field; break;
    case ROLE_CONFIDENCE: row->said.confidence = intel_word_confidence(field); break;
    case ROLE_SEVERITY: row->said.severity = intel_word_severity(field); break;
    case ROLE_FROM: row->said.from_us = time_field(field, false); break;
    case ROLE_UNTIL: row->said.until_us = time_field(field, true); break;
    case ROLE_SEEN_FIRST: row->first_us = time_field(field, false); break;
    case ROLE_SEEN_LAST: row->said.seen_us = time_field(field, false); break;
    case ROLE_TLP: row->said.tlp = intel_word_tlp(field); break;
    case ROLE_LABEL: take_label(row, field); break;
    case ROLE_ID: row->said.id = field; break;
    case ROLE_TECHNIQUES: row->said.techniques = field; break;
    case ROLE_PORT: row->port = field; break;
    case ROLE_NONE:
    case ROLE_VALUE:
    case ROLE_KIND: break;
    }
}

static void row_source(struct table *table, struct row *row)
{
    row->said.source = table->source;
    if (row->said.seen_us == 0)
        row->said.seen_us = row->first_us;
    if (row->source.len == 0 && row->organisation.len == 0)
        return;
    struct intel_source source = {.name = row->source.len ? row->source : table->name,
        .organisation = row->organisation,
        .description = row->source.len ? table->name : row->source};
    row->said.source = intel_source_add(table->builder, &source);
}

// What the column or the row's type says it is, unless the value has another shape of that family:
// "ip" over 192.0.2.0/24.
static enum intel_kind kind_settled(
    const struct table *table, enum intel_kind said, enum intel_kind shape)
{
    if (said == INTEL_KINDS)
        return kind_hinted(table->name, shape);
    if (said == INTEL_UNSEEN)
        return said;
    bool addresses = said <= INTEL_ADDRESS_PORT && shape <= INTEL_ADDRESS_PORT;
    bool name_is_address =
        (said == INTEL_HOST || said == INTEL_DOMAIN) && shape <= INTEL_ADDRESS_PORT;
    bool name_is_url = (said == INTEL_HOST || said == INTEL_DOMAIN) && shape == INTEL_URL;
    bool other_digest =
        said >= INTEL_MD5 && said <= INTEL_SHA256 && shape >= INTEL_MD5 && shape <= INTEL_SHA256;
    bool path = said == INTEL_URL && shape == INTEL_URL_PATH;
    return path || addresses || name_is_address || name_is_url || other_digest
               ? shape
               : kind_hinted(table->name, said);
}

static void add_value(
    struct table *table, struct row *row, enum intel_kind said, struct bytes field)
{
    uint8_t room[INTEL_VALUE_BYTES];
    char with_port[ADDRESS_PORT_BYTES];
    struct bytes value;
    uint64_t port;
    enum intel_kind shape = intel_guess(field, room, &value);
    row->said.kind = kind_settled(table, said, shape);
    row->said.value = shape == INTEL_KINDS || row->said.kind != shape ? field : value;
    if (row->said.kind == INTEL_KINDS) {
        struct intel_trouble trouble = {
            .line = table->csv.row_line, .value = field, .why = TEXT_INTEL_NO_KIND};
        intel_trouble(table->builder, &trouble);
        table->builder->file->refused++;
        return;
    }
    if (row->said.kind == INTEL_ADDRESS && bytes_to_u64(row->port, &port) && port > 0 &&
        port <= UINT16_MAX) {
        bool six = bytes_find_byte(value, ':') != BYTES_NOT_FOUND;
        int len = snprintf(with_port, sizeof with_port, six ? "[%.*s]:%u" : "%.*s:%u",
            (int)value.len, (const char *)value.data, (unsigned)port);
        row->said.kind = INTEL_ADDRESS_PORT;
        row->said.value = bytes_make(with_port, (size_t)len < sizeof with_port ? (size_t)len : 0);
    }
    table->full = intel_add(table->builder, &row->said, table->csv.row_line) == INTEL_FULL;
}

static void named_row(struct table *table)
{
    struct row row = {.said = INDICATOR_UNSAID, .type = INTEL_KINDS};
    for (size_t i = 0; i < table->count; i++) {
        struct bytes field = bytes_trim(csv_field(&table->csv, i));
        if (field.len > 0)
            take_field(&row, table->columns[i].role, field);
    }
    row_source(table, &row);
    for (size_t i = 0; i < table->count && !table->full; i++) {
        struct bytes field = bytes_trim(csv_field(&table->csv, i));
        enum role role = table->columns[i].role;
        if (field.len > 0 && (role == ROLE_VALUE || role == ROLE_KIND))
            add_value(table, &row, role == ROLE_KIND ? table->columns[i].kind : row.type, field);
    }
}

// The first field that has a shape; a field that names a kind says which; what is left is the
// label.
static void nameless_row(struct table *table)
{
    struct row row = {.said = INDICATOR_UNSAID, .type = INTEL_KINDS};
    size_t at = 0;
    while (at < table->csv.count && !has_shape(csv_field(&table->csv, at)))
        at++;
    for (size_t i = 0; i < table->csv.count; i++) {
        struct bytes field = bytes_trim(csv_field(&table->csv, i));
        int64_t us;
        bool day;
        if (i == at || field.len == 0 || intel_word_time(field, &us, &day))
            continue;
        if (intel_word_kind(field) != INTEL_KINDS)
            row.type = intel_word_kind(field);
        else
            take_label(&row, field);
    }
    row_source(table, &row);
    if (at < table->csv.count)
        add_value(table, &row, row.type, bytes_trim(csv_field(&table->csv, at)));
    else
        add_value(table, &row, row.type, bytes_trim(csv_field(&table->csv, 0)));
}

static bool fail(struct table *table, enum text_id why)
{
    struct intel_trouble trouble = {.line = table->csv.row_line, .why = why, .whole_file = true};
    intel_trouble(table->builder, &trouble);
    return false;
}

static bool read_rows(struct table *table)
{
    bool first = true;
    for (uint64_t rows = 1; !table->full; rows++) {
        enum csv_row row = csv_next(&table->csv);
        if (row == CSV_END)
            return !reader_trouble(table->builder, table->csv.lines);
        if (row == CSV_UNCLOSED)
            return fail(table, TEXT_INTEL_CSV_QUOTE);
        if (row == CSV_LONG)
            reader_long_line(table->builder, table->csv.row_line, (struct bytes){NULL, 0});
        else if (row == CSV_COMMENT)
            (void)(first && table->csv.count > 1 && take_names(table));
        else if (!(first && !table->named && take_names(table)))
            (table->named ? named_row : nameless_row)(table);
        first = first && row != CSV_ROW;
        if (rows % PROGRESS_ROWS == 0)
            builder_progress(table->builder, lines_progress(table->csv.lines));
    }
    return fail(table, TEXT_INTEL_NO_MEMORY);
}

static bool read_csv(struct intel_builder *b, const struct intel_file *file)
{
    struct intel_source source = {.name = file->base};
    struct table table = {.builder = b, .name = file->base, .source = intel_source_add(b, &source)};
    struct lines *lines = lines_open(file->path);
    bool read = lines && csv_init(&table.csv, lines);
    if (read) {
        table.csv.delimiter = csv_sniff(file->head);
        read = read_rows(&table);
        csv_finish(&table.csv);
    }
    lines_close(lines);
    return read;
}

// ---- Rows of JSON.

enum { OBJECT = 1, VALUES, ROWS };

struct json_table {
    struct table table;
    enum intel_kind kind;                   // of the values of a list
    uint8_t names[CSV_COLUMNS][NAME_BYTES]; // of the last row's columns: mostly the same again
    size_t name_lens[CSV_COLUMNS];
};

static void json_column(struct json_table *rows, size_t at, struct bytes name)
{
    if (bytes_equal(name, bytes_make(rows->names[at], rows->name_lens[at])))
        return;
    rows->table.columns[at] = column_of(&rows->table, name);
    rows->name_lens[at] = name.len <= NAME_BYTES ? name.len : 0;
    memcpy(rows->names[at], name.data, rows->name_lens[at]);
}

static void json_field(struct json_table *rows, const struct json_node *member)
{
    struct table *table = &rows->table;
    struct csv *csv = &table->csv;
    if (csv->count == CSV_COLUMNS || csv->len + member->text.len > CSV_ROW_BYTES ||
        member->name.len == 0)
        return;
    json_column(rows, csv->count, member->name);
    csv->fields[csv->count++] = (struct csv_field){csv->len, member->text.len};
    memcpy(&csv->text[csv->len], member->text.data, member->text.len);
    csv->len += member->text.len;
    table->count = csv->count;
}

static void json_row_begin(struct json_table *rows, uint64_t line)
{
    rows->table.csv.count = rows->table.csv.len = rows->table.count = 0;
    rows->table.csv.row_line = line;
}

// What its first member names is what a row speaks of: an autonomous system's domain is not evil.
static void json_row_end(struct json_table *rows)
{
    struct table *table = &rows->table;
    struct bytes first = bytes_make(rows->names[0], rows->name_lens[0]);
    if (table->count > 0 && intel_word_kind(first) == INTEL_UNSEEN)
        table->builder->file->unseen++;
    else if (table->count > 0)
        named_row(table);
    json_row_begin(rows, 0);
}

static int json_begin(void *context, int mode, struct bytes name, char bracket)
{
    struct json_table *rows = context;
    if (mode == ROWS || mode == VALUES)
        return bracket == '{' ? FEED_COLLECT : ROWS;
    if (bracket == '{') {
        json_row_begin(rows, 0);
        return OBJECT;
    }
    struct column column = column_of(&rows->table, name);
    rows->kind = column.role == ROLE_KIND ? column.kind : INTEL_KINDS;
    bool values = column.role == ROLE_VALUE || column.role == ROLE_KIND;
    return mode == FEED_OUTERMOST || values ? VALUES : ROWS;
}

static bool json_value(void *context, int mode, const struct json_node *value)
{
    struct json_table *rows = context;
    struct table *table = &rows->table;
    if (mode == OBJECT) {
        json_field(rows, value);
        table->csv.row_line = value->line;
    } else if (value->kind == JSON_OBJECT) {
        json_row_begin(rows, value->line);
        for (const struct json_node *member = value->first; member; member = member->next)
            json_field(rows, member);
        json_row_end(rows);
    } else if (mode == VALUES && value->kind == JSON_TEXT) {
        struct row row = {.said = INDICATOR_UNSAID};
        row_source(table, &row);
        table->csv.row_line = value->line;
        add_value(table, &row, rows->kind, value->text);
    }
    return !table->full;
}

static void json_end(void *context, int mode)
{
    if (mode == OBJECT)
        json_row_end(context);
}

static bool read_table(struct json_table *rows, const struct intel_file *file)
{
    static const struct feed_reader reader = {
        .begin = json_begin, .value = json_value, .end = json_end, .many = true};
    struct intel_builder *b = rows->table.builder;
    const struct intel_file_report *f = b->file;
    bool read = document_read(b, file, &reader, rows);
    if (rows->table.full)
        return fail(&rows->table, TEXT_INTEL_NO_MEMORY);
    if (read && f->added + f->duplicates + f->unseen + f->refused == 0)
        return fail(&rows->table, TEXT_STIX_UNKNOWN_JSON);
    return read;
}

bool read_json_rows(struct intel_builder *b, const struct intel_file *file)
{
    struct intel_source source = {.name = file->base};
    struct json_table *rows = base_calloc(1, sizeof *rows);
    bool read = false;
    if (!rows)
        return false;
    rows->table = (struct table){
        .builder = b, .name = file->base, .source = intel_source_add(b, &source), .named = true};
    if (csv_init(&rows->table.csv, NULL))
        read = read_table(rows, file);
    csv_finish(&rows->table.csv);
    base_free(rows);
    return read;
}

// ---- Whether a file is one.

static bool name_says(struct bytes name, const char *end)
{
    for (size_t at = 0; at < name.len; at++) {
        struct bytes rest = bytes_from(name, at);
        size_t len = strlen(end);
        if (bytes_start_with_nocase(rest, bytes_from_text(end)) &&
            (rest.len == len || rest.data[len] == '.'))
            return true;
    }
    return false;
}

// A first line with the name of a column of values and another one's.
static bool head_says(struct bytes head)
{
    struct bytes line = bytes_sub(head, 0, bytes_find_byte(head, '\n'));
    uint8_t delimiter = csv_sniff(line);
    size_t columns = 0, values = 0;
    while (line.len > 0) {
        size_t end = bytes_find_byte(line, delimiter);
        struct bytes name = bytes_trim(bytes_sub(line, 0, end));
        while (name.len > 0 && (name.data[0] == '"' || name.data[0] == '#' || name.data[0] == ' '))
            name = bytes_from(name, 1);
        while (name.len > 0 && (name.data[name.len - 1] == '"' || name.data[name.len - 1] == '\r'))
            name.len--;
        struct column column = column_meaning(name);
        values += column.role == ROLE_VALUE || column.role == ROLE_KIND;
        columns += column.role != ROLE_NONE;
        line = bytes_from(line, end == BYTES_NOT_FOUND ? line.len : end + 1);
    }
    return values > 0 && columns > 1;
}

static bool likely(const struct intel_file *file)
{
    return name_says(file->base, ".csv") || name_says(file->base, ".tsv") || head_says(file->head);
}

const struct intel_format intel_format_csv = {"csv", likely, read_csv};
