// SPDX-License-Identifier: Apache-2.0
// Numbers and columns for people, in a terminal where Japanese takes two columns a character.
#pragma once
#include "base/bytes.h"

enum { LAYOUT_NUMBER = 32, LAYOUT_PERIOD = 128 };

// "12,345"
void layout_number(uint64_t n, char out[LAYOUT_NUMBER]);

// "999 B", "8.1 MB" (powers of 1000, as storage is sold)
void layout_bytes(uint64_t n, char out[LAYOUT_NUMBER]);

// "2026-11-21 08:00:00 – 17:00:00 UTC", local time when TZ says so; with the second date when it is
// another one.
void layout_period(int64_t from_us, int64_t to_us, char out[LAYOUT_PERIOD]);

// The same, but one time alone where both are the same second.
void layout_when(int64_t from_us, int64_t to_us, char out[LAYOUT_PERIOD]);

// Columns a valid UTF-8 text takes.
size_t layout_width(struct bytes text);

// How many bytes of a valid UTF-8 text fit so many columns.
size_t layout_fit(struct bytes text, size_t width);

// Print to standard output, filled with spaces to `width`, at its right or left.
void layout_cell(const char *text, size_t width);
void layout_cell_right(const char *text, size_t width);
