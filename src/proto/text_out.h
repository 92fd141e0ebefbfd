// SPDX-License-Identifier: Apache-2.0
// Text put together piece by piece in a buffer of fixed size, for parsers. What does not fit is cut
// and noted; nothing is ever written past the end.
#pragma once
#include "base/addr.h"
#include "base/arena.h"
#include "base/bytes.h"

struct text_out {
    char *data;
    size_t len, room;
    bool cut; // something did not fit
};

// A text_out over a char array.
#define TEXT_OUT(buffer) ((struct text_out){.data = (buffer), .room = sizeof(buffer)})

static inline struct bytes text_out_bytes(const struct text_out *out)
{
    return bytes_make(out->data, out->len);
}

static inline void text_out_char(struct text_out *out, char c)
{
    if (out->len < out->room)
        out->data[out->len++] = c;
    else
        out->cut = true;
}

void text_out_put(struct text_out *out, struct bytes b);
void text_out_text(struct text_out *out, const char *text);
void text_out_u64(struct text_out *out, uint64_t v);
void text_out_addr(struct text_out *out, const struct addr *a);
void text_out_hex(struct text_out *out, struct bytes b);
void text_out_mac(struct text_out *out, struct bytes b);       // any length, colons between
void text_out_base64(struct text_out *out, struct bytes b);    // RFC 4648 section 4
void text_out_base32hex(struct text_out *out, struct bytes b); // section 7, no padding

// Text copied into the arena; {NULL, 0} when out of memory.
struct bytes text_out_keep(const struct text_out *out, struct arena *arena);
