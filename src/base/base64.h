// SPDX-License-Identifier: Apache-2.0
// Bytes as base64 text (RFC 4648 section 4).
#pragma once
#include "base/bytes.h"

static inline size_t base64_length(size_t len)
{
    return (len + 2) / 3 * 4;
}

// Writes base64_length(in.len) characters, padded, without an end.
void base64_encode(struct bytes in, char *out);
