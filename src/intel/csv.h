// SPDX-License-Identifier: Apache-2.0
// Rows of CSV (RFC 4180) and of what is called so: any delimiter, fields with quotes and line ends.
#pragma once
#include "intel/readers.h"

enum { CSV_COLUMNS = 256, CSV_ROW_BYTES = 1 << 20 };

struct csv_field {
    size_t at, len; // in the row's text
};

struct csv {
    struct lines *lines;
    uint8_t delimiter;
    uint64_t line;     // of the lines read
    uint64_t row_line; // where the row begins
    uint8_t *text;     // of the row: CSV_ROW_BYTES
    size_t len;
    struct csv_field fields[CSV_COLUMNS];
    size_t count; // more columns than CSV_COLUMNS are left out
};

enum csv_row { CSV_ROW, CSV_COMMENT, CSV_LONG, CSV_UNCLOSED, CSV_END };

// False: memory.
[[nodiscard]] bool csv_init(struct csv *csv, struct lines *lines);
void csv_finish(struct csv *csv);

// The next row that is not empty. A comment is a row too: fields behind its "#".
enum csv_row csv_next(struct csv *csv);
struct bytes csv_field(const struct csv *csv, size_t column);

// The character most likely to stand between the fields of these lines.
uint8_t csv_sniff(struct bytes head);
