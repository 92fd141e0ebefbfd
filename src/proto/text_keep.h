// SPDX-License-Identifier: Apache-2.0
// What a peer said, kept as a text of a record, the way EVE writes it: bytes that are not UTF-8 as
// \xNN, and what is too long cut at a character with "[truncated N additional bytes]" behind it.
#pragma once
#include "base/arena.h"

enum { STATEMENT_BYTES = 256 }; // of a statement of a database are kept

// {NULL, 0} for {NULL, 0} and when out of memory; a text of no length has data.
struct bytes text_keep(struct arena *arena, struct bytes raw, size_t most);

// The same of a text of which only the start is there; `length` is that of the whole. The start is
// longer than `most` where the text is.
struct bytes text_keep_long(struct arena *arena, struct bytes start, uint64_t length, size_t most);

// The first `most` bytes, cut at a character, nothing behind them. The same otherwise.
struct bytes text_keep_start(struct arena *arena, struct bytes raw, size_t most);
