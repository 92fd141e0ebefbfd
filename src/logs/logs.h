// SPDX-License-Identifier: Apache-2.0
// Other products' logs: Zeek's (TSV, JSON), EVE JSON, events of Windows and flows of Argus and
// nfdump (CSV) as input, Zeek's TSV as output. What comes in becomes records like the sensor's own;
// schema/zeek.yaml says which column is which field.
#pragma once
#include "base/arena.h"
#include "schema/records.h"
#include "schema/shape.h"

// ---- Zeek's logs as output

// A record as lines of the logs it belongs to, none for a type Zeek has no log of. Each line begins
// with a byte that says which log: its number + 1.
void zeek_write(struct json *out, const struct record *record);

size_t zeek_logs_count(void);
const char *zeek_log_name(size_t log); // "conn"

// What stands before the first and behind the last line of a log; time_us stands in it.
void zeek_write_head(struct json *out, size_t log, int64_t time_us);
void zeek_write_end(struct json *out, int64_t time_us);

// ---- Zeek's names for what stands in records, whoever made them

struct zeek_log;
struct zeek_column;

const struct zeek_log *log_zeek(const char *name); // "conn"; NULL: not one of ours

// NULL: no such column, or one we never know.
const struct zeek_column *log_zeek_column(const struct zeek_log *log, struct bytes name);

// Where a column's values lie as they stand; NULL: log_zeek_put() makes them.
const struct shape_path *log_zeek_path(const struct zeek_column *column);

// A column's value as Zeek would write it; nothing: unset.
void log_zeek_put(const struct zeek_column *column, const struct record *record, struct json *out);

// Whether a record has a line in the log.
bool log_zeek_has(const struct zeek_log *log, const struct record *record);

// ---- logs as input

struct log_reader;

enum log_format { LOG_FORMAT_NONE, LOG_FORMAT_ZEEK_TSV, LOG_FORMAT_JSON, LOG_FORMAT_FLOW_CSV };

// What the first bytes of a file look like.
enum log_format log_sniff(struct bytes first);

// path: its name says which of Zeek's logs a JSON file is. NULL: out of memory.
[[nodiscard]] struct log_reader *log_reader_create(enum log_format kind, const char *path);
void log_reader_destroy(struct log_reader *reader);

enum log_line {
    LOG_RECORD,  // *record is filled, until the next line
    LOG_SILENT,  // a line that is no record: a head, a comment
    LOG_OTHER,   // a record of a type we have none for
    LOG_DAMAGED, // not what the file's other lines are
};

// One line without its end. JSON may be spread over lines (the first ones are LOG_SILENT), and a
// line may hold several values: log_read_more() gives the others, until it says LOG_SILENT.
enum log_line log_read_line(struct log_reader *reader, struct bytes line, struct record *record);
enum log_line log_read_more(struct log_reader *reader, struct record *record);

// There are no more lines: LOG_DAMAGED when they ended within a value.
enum log_line log_read_end(struct log_reader *reader);
