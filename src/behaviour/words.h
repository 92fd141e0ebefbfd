// SPDX-License-Identifier: Apache-2.0
// Words in texts whose letters' case does not matter: names of Windows, filters of LDAP.
#pragma once
#include "base/bytes.h"

// Does `word` lie anywhere in the text?
static inline bool words_hold(struct bytes text, const char *word)
{
    enum { CASE = 'a' ^ 'A' };
    struct bytes part = bytes_from_text(word);
    for (size_t at = 0; at + part.len <= text.len; at++)
        if ((text.data[at] | CASE) == (bytes_at(part, 0) | CASE) && // mostly not: ask this first
            bytes_start_with_nocase(bytes_from(text, at), part))
            return true;
    return false;
}

static inline bool words_end_with(struct bytes text, const char *end)
{
    struct bytes part = bytes_from_text(end);
    return text.len >= part.len && bytes_equal_nocase(bytes_from(text, text.len - part.len), part);
}
