// SPDX-License-Identifier: Apache-2.0
#include "logs/reader.h"
#include "base/alloc.h"
#include <stdlib.h>

enum log_format log_sniff(struct bytes first)
{
    struct bytes b = first;
    if (bytes_start_with(b, BYTES("\xef\xbb\xbf")))
        b = bytes_from(b, 3);
    while (b.len && (b.data[0] == ' ' || (b.data[0] >= '\t' && b.data[0] <= '\r')))
        b = bytes_from(b, 1);
    if (bytes_start_with(b, BYTES("#separator ")))
        return LOG_FORMAT_ZEEK_TSV;
    if (flow_csv_is_head(b))
        return LOG_FORMAT_FLOW_CSV;
    while (b.len && (b.data[0] == '[' || b.data[0] <= ' ')) // an array of objects
        b = bytes_from(b, 1);
    bool object = b.len > 1 && b.data[0] == '{' && bytes_find_byte(b, '"') != BYTES_NOT_FOUND;
    return object && bytes_find_byte(b, ':') != BYTES_NOT_FOUND ? LOG_FORMAT_JSON : LOG_FORMAT_NONE;
}

bool log_next_part(struct bytes *text, char separator, struct bytes *part)
{
    if (!text->data)
        return false;
    size_t at = bytes_find_byte(*text, (uint8_t)separator);
    *part = at == BYTES_NOT_FOUND ? *text : bytes_sub(*text, 0, at);
    *text = at == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*text, at + 1);
    return true;
}

// "/var/log/conn.2026-11-21.log.gz" → "conn"
static struct bytes name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct bytes name = bytes_from_text(slash ? &slash[1] : path);
    size_t dot = bytes_find_byte(name, '.');
    return dot == BYTES_NOT_FOUND ? name : bytes_sub(name, 0, dot);
}

struct log_reader *log_reader_create(enum log_format kind, const char *path)
{
    struct log_reader *r = base_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->kind = kind;
    r->separator = '\t';
    r->set_separator = ',';
    r->empty = BYTES("(empty)");
    r->unset = BYTES("-");
    pool_init(&r->pool, 0);
    arena_init(&r->head, &r->pool, LOG_LINE_MEMORY);
    arena_init(&r->arena, &r->pool, LOG_LINE_MEMORY);
    log_values_init(&r->values);
    if (kind == LOG_FORMAT_JSON)
        r->log = zeek_log_find(name_of(path));
    return r;
}

void log_reader_destroy(struct log_reader *r)
{
    if (!r)
        return;
    log_values_finish(&r->values);
    arena_reset(&r->head);
    arena_reset(&r->arena);
    pool_finish(&r->pool);
    base_free(r);
}

bool log_draft_begin(struct log_reader *r, enum record_type type)
{
    arena_reset(&r->arena);
    r->draft = (struct log_draft){.type = type, .arena = &r->arena};
    r->draft.body = arena_zalloc(&r->arena, shape_of_record[type]->size);
    return r->draft.body != NULL;
}

// Numbers that were not given but stand in every record keep their zero.
bool log_draft_end(struct log_reader *r, struct record *record)
{
    const struct record_flow *flow = r->draft.body;
    if (r->draft.head.timestamp == 0 && r->draft.type == RECORD_FLOW)
        r->draft.head.timestamp = flow->start;
    if (r->draft.head.timestamp == 0)
        return false;
    r->draft.head.has_src_port = r->draft.head.has_src_port || r->draft.head.src_port;
    r->draft.head.has_dest_port = r->draft.head.has_dest_port || r->draft.head.dest_port;
    *record = (struct record){.head = r->draft.head, .type = r->draft.type, .body = r->draft.body};
    return true;
}

static enum log_line read_object(struct log_reader *r, struct bytes value, struct record *record)
{
    json_error_t error;
    json_t *object = json_loadb((const char *)value.data, value.len, JSON_ALLOW_NUL, &error);
    enum log_line result = LOG_DAMAGED;
    if (json_is_object(object) && json_object_get(object, "event_type"))
        result = eve_read(r, object, record);
    else if (json_is_object(object) && winlog_is(object))
        result = winlog_read(r, object, record);
    else if (json_is_object(object))
        result = zeek_read_json(r, object, record);
    // The record's texts were copied into the arena, but for those of Zeek's specials, which copy.
    json_decref(object);
    return result;
}

enum log_line log_read_more(struct log_reader *r, struct record *record)
{
    struct bytes value;
    if (r->kind != LOG_FORMAT_JSON)
        return LOG_SILENT;
    switch (log_values_next(&r->values, &value)) {
    case LOG_VALUE: return read_object(r, value, record);
    case LOG_VALUE_DAMAGED: return LOG_DAMAGED;
    default: return LOG_SILENT;
    }
}

enum log_line log_read_line(struct log_reader *r, struct bytes line, struct record *record)
{
    if (bytes_start_with(line, BYTES("\xef\xbb\xbf"))) // byte order mark
        line = bytes_from(line, 3);
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (r->kind == LOG_FORMAT_ZEEK_TSV)
        return zeek_read_tsv(r, line, record);
    if (r->kind == LOG_FORMAT_FLOW_CSV)
        return flow_csv_read(r, line, record);
    log_values_line(&r->values, line);
    return log_read_more(r, record);
}

enum log_line log_read_end(struct log_reader *r)
{
    return log_values_open(&r->values) ? LOG_DAMAGED : LOG_SILENT;
}
