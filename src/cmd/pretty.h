// SPDX-License-Identifier: Apache-2.0
// Paragraphs, JSON and bytes for people on standard output, safe for a terminal.
#pragma once
#include "base/bytes.h"

// Words broken into lines of `width` columns, each on a new line behind `indent` spaces.
void pretty_paragraph(struct bytes words, int indent, int width);

// One JSON value over lines; it begins where the cursor is.
void pretty_json(struct bytes json, int indent);

// 16 bytes a line, each on a new line, as hexadecimal and text; the `len` bytes from `at` are
// marked below; 0: none.
void pretty_dump(struct bytes data, size_t at, size_t len, int indent);
