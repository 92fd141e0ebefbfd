// SPDX-License-Identifier: Apache-2.0
// A request as a server reads it: its path, parameters, header fields and body as lines, with what
// attackers disguise them by undone.
#pragma once
#include "base/bytes.h"

enum { WEB_TEXT_BYTES = 48 * 1024, WEB_LINES = 256 };

struct web_line {
    uint32_t at, len;
    uint8_t place; // enum web_place
};

struct web_text {
    uint8_t bytes[WEB_TEXT_BYTES];
    size_t len;
    struct web_line lines[WEB_LINES]; // of those that do not fit the last takes what follows
    size_t lines_count;
};

void web_text_clear(struct web_text *text);

// One more line: `name` (may be empty), then the value. form: plus signs are blanks.
void web_text_add(
    struct web_text *text, uint8_t place, struct bytes name, struct bytes value, bool form);
