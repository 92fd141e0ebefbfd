// SPDX-License-Identifier: Apache-2.0
// MIME entities as they pass: header fields and decoded parts of a mail, parts of a form upload.
#pragma once
#include "base/arena.h"
#include "base/bytes.h"

enum {
    MIME_DEPTH = 10,           // multipart and message/rfc822 within each other
    MIME_PARTS = 256,          // parts of one mail looked at
    MIME_FIELD_BYTES = 16384,  // of one header field with its folded lines; the rest is dropped
    MIME_HEAD_FIELDS = 512,    // fields of one header looked at
    MIME_BOUNDARY_BYTES = 200, // longest boundary that is honoured; RFC 2046 allows 70
    MIME_LINE_BYTES = 998,     // longest line allowed (RFC 5322 section 2.1.1)
    MIME_NAME_BYTES = 1024,    // longest file name kept
};

enum mime_problem {
    MIME_PARSE_FAILED,
    MIME_LONG_HEADER,
    MIME_LONG_LINE,
    MIME_LONG_ENC_LINE,
    MIME_LONG_BOUNDARY,
    MIME_TOO_DEEP,
    MIME_TOO_MANY_PARTS,
    MIME_INVALID_BASE64,
    MIME_INVALID_QP,
    MIME_OUT_OF_BUDGET,
};

// A leaf: something with content of its own. Slices live as long as the arena.
struct mime_part {
    struct bytes type;     // "text/plain", as sent; empty: not named
    struct bytes filename; // decoded; empty: none
    struct bytes name;     // of a form field
    bool attachment;       // Content-Disposition says so
    bool text;             // text/*, or no type at all
};

// What the owner wants to hear of; any but part, data and end may be NULL.
struct mime_sink {
    void (*field)(void *ctx, struct bytes name, struct bytes value); // of the outermost header
    void (*part)(void *ctx, const struct mime_part *part);
    void (*data)(void *ctx, struct bytes data); // decoded bytes of the part
    void (*end)(void *ctx, bool complete);      // of the part
    void (*problem)(void *ctx, enum mime_problem problem);
};

struct mime;

// boundary empty: the header of a mail comes first. Else: a multipart body with this boundary.
// NULL: no memory.
[[nodiscard]] struct mime *mime_create(
    struct arena *arena, struct bytes boundary, const struct mime_sink *sink, void *ctx);
void mime_feed(struct mime *m, struct bytes data);

// No more comes; `complete`: because it is over. True: every multipart was closed.
bool mime_finish(struct mime *m, bool complete);

// A parameter of "value; name=x; name*=utf-8''x; name*0=..." (RFC 2231, 2047), as UTF-8 in the
// arena. Empty: not there.
struct bytes mime_parameter(struct arena *arena, struct bytes field, struct bytes name);

// Unstructured or structured field body with its encoded words decoded (RFC 2047) to UTF-8.
struct bytes mime_words(struct arena *arena, struct bytes text);

// Text of a charset as UTF-8, `text` itself when the charset is not known or nothing is to do.
struct bytes mime_charset(struct arena *arena, struct bytes charset, struct bytes text);
