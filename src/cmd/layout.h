// SPDX-License-Identifier: Apache-2.0
// Numbers and columns for people, in a terminal where Japanese takes two columns a character.
#pragma once
#include "base/bytes.h"

enum { LAYOUT_NUMBER = 32 };

// "12,345"
void layout_number(uint64_t n, char out[LAYOUT_NUMBER]);

// "999 B", "8.1 MB" (powers of 1000, as storage is sold)
void layout_bytes(uint64_t n, char out[LAYOUT_NUMBER]);

// "2026-11-21 08:00:00", local time when TZ says so.
void layout_time(int64_t time_us, char out[LAYOUT_NUMBER]);

// Columns a valid UTF-8 text takes.
size_t layout_width(struct bytes text);

// Print to standard output, filled with spaces to `width`, at its right or left.
void layout_cell(const char *text, size_t width);
void layout_cell_right(const char *text, size_t width);
