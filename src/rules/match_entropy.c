// SPDX-License-Identifier: Apache-2.0
// entropy: Shannon's, in bits a byte, of a buffer or a part of it. What is encrypted or packed
// comes near 8, text stays under 5.
#include "rules/match_run.h"
#include <math.h>

static double entropy_of(struct bytes data)
{
    uint32_t counts[256] = {0};
    double bits = 0;
    for (size_t i = 0; i < data.len; i++)
        counts[data.data[i]]++;
    for (size_t i = 0; i < 256; i++) {
        double share = (double)counts[i] / (double)data.len;
        bits -= counts[i] ? share * log2(share) : 0;
    }
    return bits;
}

bool match_entropy(struct match_run *run, const struct rule_entropy *wanted)
{
    uint64_t skipped = wanted->offset > run->start ? wanted->offset - run->start : 0;
    struct bytes part =
        bytes_from(run->data, skipped < run->data.len ? (size_t)skipped : run->data.len);
    if (wanted->bytes)
        part = bytes_sub(part, 0, wanted->bytes);
    if (part.len == 0 || !match_spend(run, part.len))
        return false;
    double bits = entropy_of(part);
    switch (wanted->compare) {
    case RULE_EQ: return bits >= wanted->low && bits <= wanted->low;
    case RULE_NE: return bits < wanted->low || bits > wanted->low;
    case RULE_LT: return bits < wanted->low;
    case RULE_LE: return bits <= wanted->low;
    case RULE_GT: return bits > wanted->low;
    case RULE_GE: return bits >= wanted->low;
    case RULE_RANGE: return bits > wanted->low && bits < wanted->high;
    default: return bits <= wanted->low || bits >= wanted->high;
    }
}
