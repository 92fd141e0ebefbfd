// SPDX-License-Identifier: Apache-2.0
// Inside logs/: what the readers of the formats share.
#pragma once
#include "logs/logs.h"
#include "logs/values.h"
#include "logs/zeek.h"
#include <jansson.h>

enum {
    LOG_COLUMNS = 256,         // of one log
    LOG_VALUES = 1024,         // of one list
    LOG_NAME_BYTES = 64,       // of a column's name, with its end
    LOG_LINE_MEMORY = 8 << 20, // a line's record
};

struct log_reader {
    enum log_format kind;
    const struct zeek_log *log; // of the lines that follow; NULL: not one of ours
    const struct zeek_column *columns[LOG_COLUMNS]; // NULL: not ours
    size_t count;
    uint8_t csv_columns[LOG_COLUMNS]; // of a file of flows: what each is
    bool ended;                       // of such a file: what follows is no flow
    char separator, set_separator;
    struct bytes empty, unset; // as the head says
    struct pool pool;
    struct arena head;  // lives with the reader
    struct arena arena; // of one line
    struct log_draft draft;
    struct log_values values;
};

// Takes what stands before the next separator, or all that is left; text is {NULL, 0} then. False:
// nothing is left.
bool log_next_part(struct bytes *text, char separator, struct bytes *part);

// Zeek's log of a name; NULL.
const struct zeek_log *zeek_log_find(struct bytes name);

// A draft of a record of this type, everything absent. False: out of memory.
bool log_draft_begin(struct log_reader *reader, enum record_type type);

// What stands in the draft as a record. False: nothing to tell when or between whom it was.
bool log_draft_end(struct log_reader *reader, struct record *record);

// One column's values.
void zeek_take(struct log_draft *draft, const struct zeek_column *column,
    const struct bytes *values, size_t count);

// "2026-11-21T08:00:00.123456+0900" and its like as µs since 1970. False: it is none.
bool log_time_parse(const char *text, int64_t *out_us);

// Whether an object is an event of Windows, in one of the shapes programs write them.
bool winlog_is(const json_t *object);
enum log_line winlog_read(struct log_reader *reader, const json_t *object, struct record *record);

enum log_line zeek_read_tsv(struct log_reader *reader, struct bytes line, struct record *record);
enum log_line zeek_read_json(
    struct log_reader *reader, const json_t *object, struct record *record);
enum log_line eve_read(struct log_reader *reader, const json_t *object, struct record *record);

// Whether a line names the columns of a file of flows.
bool flow_csv_is_head(struct bytes line);
enum log_line flow_csv_read(struct log_reader *reader, struct bytes line, struct record *record);
