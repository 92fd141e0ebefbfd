// SPDX-License-Identifier: Apache-2.0
// base64_decode, and the tests behind base64_data on what it gives.
#include "rules/match_run.h"
#include "rules/transform.h"

static bool tests_behind(
    struct match_run *run, const struct rule_group *behind, struct bytes decoded)
{
    struct match_run inner = {
        .s = run->s, .group = behind, .data = decoded, .ends = true, .whole = true};
    struct rule_scratch *s = run->s;
    if (!rule_transform(s, &s->memory, behind->transforms, behind->transforms_count, &inner.data))
        return false;
    return match_from(&inner, 0);
}

bool match_base64(struct match_run *run, const struct rule_base64 *base64)
{
    int64_t from = (base64->relative ? run->behind : 0) + base64->offset;
    if (from < 0 || from >= match_len(run))
        return false;
    struct bytes text = bytes_from(run->data, (size_t)from);
    if (base64->bytes)
        text = bytes_sub(text, 0, base64->bytes);
    if (!match_spend(run, text.len))
        return false;
    struct bytes decoded;
    if (!transform_from_base64(&run->s->memory, text, base64->mode, &decoded) || decoded.len == 0)
        return false;
    return !base64->behind || tests_behind(run, base64->behind, decoded);
}
