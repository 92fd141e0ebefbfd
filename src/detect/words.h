// SPDX-License-Identifier: Apache-2.0
// Inside detect/: the texts of content/detectors with their blanks filled.
#pragma once
#include "base/json.h"
#include "schema/text.h"

// Append a text. A blank without a value becomes "-"; what stands between [[ and ]] is left out
// when a blank in it has none. Values are put in as they are.
void words_fill(struct json *out, const char *text, const struct text_arg *args, size_t count);

// Append bytes for people: as text when they are, else as hexadecimal; cut when long.
void words_show(struct json *out, struct bytes data);

// "2026-11-21 08:00:00 UTC"
enum { WORDS_TIME = 32 };
void words_time(int64_t time_us, char out[WORDS_TIME]);

// Whether all of it is text people can read on one line.
bool words_is_text(struct bytes data);
