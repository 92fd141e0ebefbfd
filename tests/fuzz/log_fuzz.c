// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as lines of another product's log, JSON of every shape or TSV, end in
// records that can be written.
#include "fuzz.h"
#include "logs/logs.h"
#include <assert.h>

static void take(struct log_reader *reader, struct bytes line, struct json *out)
{
    struct record record;
    enum log_line what = log_read_line(reader, line, &record);
    for (; what != LOG_SILENT; what = log_read_more(reader, &record)) {
        if (what != LOG_RECORD)
            continue;
        json_clear(out);
        record_write_json(out, &record);
        assert(out->failed || out->len > 2);
    }
}

void fuzz_log(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_make(data, size);
    enum log_format format = log_sniff(rest);
    struct json out;
    struct log_reader *reader = format ? log_reader_create(format, "conn.log") : NULL;
    json_init(&out);
    while (reader && rest.len) {
        size_t end = bytes_find_byte(rest, '\n');
        take(reader, bytes_sub(rest, 0, end == BYTES_NOT_FOUND ? rest.len : end), &out);
        rest = end == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(rest, end + 1);
    }
    if (reader)
        (void)log_read_end(reader);
    log_reader_destroy(reader);
    json_finish(&out);
}
