// SPDX-License-Identifier: Apache-2.0
// pcre: PCRE2 with limits. Relative ones see nothing before the last match, as in Suricata.
#include "rules/match_run.h"

static void keep_captures(struct match_run *run, const struct rule_pcre *pcre, struct bytes subject,
    const size_t *ends, int groups)
{
    struct rule_scratch *s = run->s;
    for (int i = 0; i < pcre->captures_count && i + 1 < groups; i++) {
        size_t from = ends[2 * (i + 1)], to = ends[2 * (i + 1) + 1];
        if (!pcre->captures[i] || from == PCRE2_UNSET || to < from)
            continue;
        if (s->now.captured == MATCH_CAPTURED)
            return;
        s->captured[s->now.captured++] = (struct rule_captured){
            .name = (uint16_t)(pcre->captures[i] - 1),
            .of_packet = pcre->captures_of_packet >> i & 1,
            .value = bytes_sub(subject, from, to - from),
        };
    }
}

// The first match that begins at `from` or behind; *began is where it did.
bool match_pcre(struct match_run *run, const struct rule_pcre *pcre, int64_t from, int64_t *began)
{
    struct rule_scratch *s = run->s;
    int64_t base = pcre->relative ? run->behind : 0;
    if (base < 0 || base > match_len(run))
        return false;
    struct bytes subject = bytes_from(run->data, (size_t)base);
    if (!match_spend(run, subject.len))
        return false;
    size_t first = from > base ? (size_t)(from - base) : 0;
    if (first > subject.len)
        return pcre->negated;
    uint32_t options = run->start + (uint64_t)base > 0 && !pcre->relative ? PCRE2_NOTBOL : 0;
    int groups = pcre2_match(pcre->code, subject.data ? subject.data : (const uint8_t *)"",
        subject.len, first, options, s->pcre, s->pcre_limits);
    if (groups < 0) {
        s->metrics->rules_pcre_limit += groups != PCRE2_ERROR_NOMATCH;
        return groups == PCRE2_ERROR_NOMATCH && pcre->negated;
    }
    if (pcre->negated)
        return false;
    const size_t *ends = pcre2_get_ovector_pointer(s->pcre);
    if (ends[1] < ends[0]) // \K
        return false;
    *began = base + (int64_t)ends[0];
    run->behind = base + (int64_t)ends[1];
    match_saw(run, *began, (int64_t)(ends[1] - ends[0]));
    keep_captures(run, pcre, subject, ends, groups ? groups : RULE_PCRE_CAPTURES * 2);
    return true;
}

bool match_pcre_tries(struct match_run *run, size_t index)
{
    const struct rule_pcre *pcre = &run->group->tests[index].is.pcre;
    struct match_mark before = run->s->now;
    int64_t base = run->behind, from = 0, began = 0;
    while (match_spend(run, 0)) {
        run->behind = base;
        if (!match_pcre(run, pcre, from, &began))
            return false;
        if (match_from(run, index + 1))
            return true;
        if (run->stop)
            return false;
        run->s->now = before;
        from = began + 1;
    }
    return false;
}
