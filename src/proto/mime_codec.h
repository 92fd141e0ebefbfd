// SPDX-License-Identifier: Apache-2.0
// Content transfer encodings undone as the bytes pass (RFC 2045 section 6), any segmentation.
#pragma once
#include "base/bytes.h"

struct base64 {
    uint32_t bits;
    uint8_t count; // characters in bits, 0 to 3
    bool ended;    // padding was seen
    bool invalid;  // something that is neither alphabet, blank nor padding was seen
};

// Room that in_len characters need when decoded.
static inline size_t base64_room(size_t in_len)
{
    return in_len / 4 * 3 + 3;
}

// Decode `in` to `out` (base64_room bytes); returns how many. Foreign characters are skipped.
size_t base64_decode(struct base64 *state, struct bytes in, uint8_t *out);

struct quoted {
    uint8_t stage; // how much of an escape was seen
    uint8_t digit; // its first one
    bool invalid;
};

// Decode quoted-printable to `out` (in.len + 2 bytes). `header`: "_" is a space (RFC 2047, "Q").
size_t quoted_decode(struct quoted *state, struct bytes in, uint8_t *out, bool header);
