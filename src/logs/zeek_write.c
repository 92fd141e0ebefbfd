// SPDX-License-Identifier: Apache-2.0
// Records as lines of Zeek's logs (TSV as its ASCII writer makes them, with its defaults).
#include "base/utf8.h"
#include "logs/logs.h"
#include "logs/zeek.h"
#include <stdio.h>
#include <time.h>

static void put_char(struct json *out, char c)
{
    json_raw(out, &c, 1);
}

static void put_escaped_byte(struct json *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char text[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    json_raw(out, text, sizeof text);
}

static uint8_t folded(uint8_t c, uint8_t fold)
{
    if (fold == ZEEK_LOWER && c >= 'A' && c <= 'Z')
        return (uint8_t)(c + 32);
    if (fold == ZEEK_UPPER && c >= 'a' && c <= 'z')
        return (uint8_t)(c - 32);
    return c;
}

// Bytes of a string: what is no printable text as \xNN; the separators too.
static void put_string(struct json *out, struct bytes text, const struct zeek_column *column)
{
    if (text.len == 1 && text.data[0] == '-') {
        put_escaped_byte(out, '-');
        return;
    }
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.data[i];
        size_t bad, len = c < 0x80 ? 1 : utf8_character(&text.data[i], text.len - i, &bad);
        if (len > 1)
            json_raw(out, (const char *)&text.data[i], len);
        else if (len == 0 || c < 0x20 || c == 0x7f || (column->many && c == ','))
            put_escaped_byte(out, c);
        else if (c == '\\')
            json_raw(out, "\\\\", 2);
        else
            put_char(out, (char)folded(c, column->fold));
        i += len ? len : 1;
    }
}

void zeek_put_text(struct json *out, struct bytes text, const struct zeek_column *column)
{
    if (text.data && text.len == 0)
        json_raw(out, "(empty)", 7);
    else if (text.data)
        put_string(out, text, column);
}

static void put_fixed(struct json *out, double value)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%.6f", value);
    json_raw(out, text, (size_t)len);
}

static void put_time(struct json *out, int64_t time_us)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%lld.%06lld", (long long)(time_us / 1000'000),
        (long long)(time_us % 1000'000));
    json_raw(out, text, (size_t)len);
}

static void put_number(struct json *out, const void *at, const struct zeek_column *column)
{
    char text[32];
    uint64_t value = shape_unsigned(at, column->path.kind);
    if (column->type == ZEEK_INTERVAL && column->path.a_second) {
        put_fixed(out, (double)value / column->path.a_second);
        return;
    }
    int len = column->path.kind == SHAPE_I64
                  ? snprintf(text, sizeof text, "%lld", (long long)(int64_t)value)
                  : snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_raw(out, text, (size_t)len);
}

static void put_addr(struct json *out, const void *at)
{
    struct addr addr;
    char text[ADDR_TEXT_BYTES];
    memcpy(&addr, at, sizeof addr);
    if (addr.version)
        json_raw(out, text, addr_write(&addr, text));
}

static void put_bytes(struct json *out, struct bytes b, const struct zeek_column *column)
{
    static const char digits[] = "0123456789abcdef";
    if (column->path.kind == SHAPE_TEXT) {
        put_string(out, b, column);
        return;
    }
    for (size_t i = 0; i < b.len; i++) {
        char pair[3] = {digits[b.data[i] >> 4], digits[b.data[i] & 15], ':'};
        bool colon = column->path.kind == SHAPE_MAC && i + 1 < b.len;
        json_raw(out, pair, colon ? 3 : 2);
    }
}

static void put_value(struct json *out, const void *at, const struct zeek_column *column)
{
    struct bytes b;
    bool yes;
    double number;
    int64_t time_us;
    switch ((enum shape_kind)column->path.kind) {
    case SHAPE_TEXT:
    case SHAPE_HEX:
    case SHAPE_MAC:
        memcpy(&b, at, sizeof b);
        if (b.data && b.len == 0)
            json_raw(out, "(empty)", 7);
        else
            put_bytes(out, b, column);
        break;
    case SHAPE_ADDR: put_addr(out, at); break;
    case SHAPE_BOOL:
        memcpy(&yes, at, sizeof yes);
        put_char(out, yes ? 'T' : 'F');
        break;
    case SHAPE_DOUBLE:
        memcpy(&number, at, sizeof number);
        put_fixed(out, number);
        break;
    case SHAPE_TIME:
        memcpy(&time_us, at, sizeof time_us);
        if (time_us)
            put_time(out, time_us);
        break;
    default: put_number(out, at, column); break;
    }
}

static void put_column(
    struct json *out, const struct record *record, const struct zeek_column *column)
{
    size_t before = out->len, count = 0;
    if (column->special && column->special->put) {
        column->special->put(out, record, column);
    } else if (column->has_path) {
        const char *at = shape_values(&column->path, &record->head, record->body, &count);
        for (size_t i = 0; at && i < count; i++) {
            if (i)
                put_char(out, ',');
            put_value(out, &at[i * column->path.element], column); // element is 0 without a list
        }
    }
    if (out->len == before)
        put_char(out, '-');
}

static bool when_holds(const struct zeek_log *log, const struct record *record)
{
    size_t count;
    struct bytes text = {NULL, 0};
    const void *at =
        log->has_when ? shape_values(&log->when, &record->head, record->body, &count) : NULL;
    if (at && log->when.kind == SHAPE_TEXT)
        memcpy(&text, at, sizeof text);
    return !log->has_when || text.data;
}

static void write_lines(struct json *out, const struct record *record)
{
    for (size_t i = 0; i < zeek_log_count; i++) {
        const struct zeek_log *log = &zeek_logs[i];
        if (log->record != record->type || !zeek_wants(record) || !when_holds(log, record))
            continue;
        put_char(out, (char)(i + 1)); // which log the line is for
        for (size_t c = 0; c < log->count; c++) {
            if (c)
                put_char(out, '\t');
            put_column(out, record, &log->columns[c]);
        }
        put_char(out, '\n');
    }
}

// Zeek has a line for each thing done to a file, we have a record for all of them.
static void write_smb_file(struct json *out, const struct record *record)
{
    const struct record_smb_file *all = record->body;
    for (size_t i = 0; i < all->action_count; i++) {
        struct record_smb_file one = *all;
        struct record line = {.head = record->head, .type = record->type, .body = &one};
        one.action = &all->action[i];
        one.action_count = 1;
        write_lines(out, &line);
    }
}

void zeek_write(struct json *out, const struct record *record)
{
    if (record->type == RECORD_SMB_FILE)
        write_smb_file(out, record);
    else
        write_lines(out, record);
}

bool log_zeek_has(const struct zeek_log *log, const struct record *record)
{
    return log->record == record->type && zeek_wants(record) && when_holds(log, record);
}

size_t zeek_logs_count(void)
{
    return zeek_log_count;
}

const char *zeek_log_name(size_t log)
{
    return zeek_logs[log].name;
}

// "2026-11-21-08-00-00", UTC.
static void put_stamp(struct json *out, const char *name, int64_t time_us)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)(time_us / 1000'000);
    (void)gmtime_r(&seconds, &tm);
    json_raw(out, name, strlen(name));
    json_raw(out, text, strftime(text, sizeof text, "\t%Y-%m-%d-%H-%M-%S\n", &tm));
}

void zeek_write_head(struct json *out, size_t log, int64_t time_us)
{
    static const char lines[] = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n"
                                "#unset_field\t-\n#path\t";
    json_raw(out, lines, sizeof lines - 1);
    json_raw(out, zeek_logs[log].name, strlen(zeek_logs[log].name));
    put_char(out, '\n');
    put_stamp(out, "#open", time_us);
    for (int types = 0; types < 2; types++) {
        json_raw(out, types ? "#types" : "#fields", types ? 6 : 7);
        for (size_t c = 0; c < zeek_logs[log].count; c++) {
            const struct zeek_column *column = &zeek_logs[log].columns[c];
            const char *word = types ? column->type_name : column->name;
            put_char(out, '\t');
            json_raw(out, word, strlen(word));
        }
        put_char(out, '\n');
    }
}

void zeek_write_end(struct json *out, int64_t time_us)
{
    put_stamp(out, "#close", time_us);
}
