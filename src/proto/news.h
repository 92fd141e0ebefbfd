// SPDX-License-Identifier: Apache-2.0
// Routers say the same every few seconds. What a side of a flow says is folded into a number, by
// kind of message; a record is written when it differs from what was said last.
#pragma once
#include "base/bytes.h"

enum { NEWS_KINDS = 64, NEWS_MAX = 256 }; // kinds a flow may have; records of a flow

struct news {
    struct {
        uint64_t said;
        uint32_t kind; // and side; 0: free
    } last[NEWS_KINDS];
    uint32_t count;
};

enum news_answer { NEWS_OLD, NEWS_FIRST, NEWS_CHANGED, NEWS_TOO_MANY };

// FNV-1a.
static inline uint64_t news_fold(struct bytes b)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < b.len; i++)
        h = (h ^ b.data[i]) * 0x100000001b3;
    return h;
}

// Kinds are below 2^30. More of them than there is room for count as too many.
static inline enum news_answer news_check(
    struct news *news, unsigned side, unsigned kind, struct bytes said)
{
    uint32_t key = (kind << 1 | side) + 1;
    uint64_t folded = news_fold(said);
    size_t at = 0;
    while (at < NEWS_KINDS && news->last[at].kind && news->last[at].kind != key)
        at++;
    if (at == NEWS_KINDS)
        return NEWS_TOO_MANY;
    bool first = news->last[at].kind == 0;
    if (!first && news->last[at].said == folded)
        return NEWS_OLD;
    news->last[at].kind = key;
    news->last[at].said = folded;
    if (news->count == NEWS_MAX)
        return NEWS_TOO_MANY;
    news->count++;
    return first ? NEWS_FIRST : NEWS_CHANGED;
}
