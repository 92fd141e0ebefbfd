// SPDX-License-Identifier: Apache-2.0
// A request as a server reads it, line by line: its path, parameters, header fields and body, with
// what attackers disguise them by undone.
#pragma once
#include "base/bytes.h"

enum { WEB_TEXT_BYTES = 48 * 1024 }; // of a request

// How a line was written: in forms plus signs are blanks, in JSON backslashes escape.
enum web_writing { WEB_AS_IS, WEB_FORM, WEB_JSON };

struct web_text {
    uint8_t bytes[2 * WEB_TEXT_BYTES]; // each line once more for the shell
    size_t len;
    size_t taken; // of the request
};

void web_text_clear(struct web_text *text);

// What of the next line is read at all. False: the request has become too long.
bool web_text_take(struct web_text *text, struct bytes name, struct bytes *value);

// A line that was taken, as it is read: `name` (may be empty), then the value. It stays until `len`
// is set back.
struct bytes web_text_add(
    struct web_text *text, struct bytes name, struct bytes value, enum web_writing writing);

// Such a line as a shell reads it; empty: no other way.
struct bytes web_text_for_shell(struct web_text *text, struct bytes line);
