// SPDX-License-Identifier: Apache-2.0
// Tests of one group on one buffer, in order. Where a test is relative to the one before, a failure
// sends the search on to that one's next occurrence; any other failure is final.
#include "base/alloc.h"
#include "rules/match_run.h"
#include "rules/prefilter.h"
#include "rules/transform.h"

bool match_spend(struct match_run *run, size_t bytes)
{
    struct rule_scratch *s = run->s;
    if (s->steps > 0 && s->work >= (int64_t)bytes) {
        s->steps--;
        s->work -= (int64_t)bytes;
        return true;
    }
    s->metrics->rules_budget += !run->stop;
    run->stop = true;
    return false;
}

void match_saw(struct match_run *run, int64_t at, int64_t len)
{
    struct match_mark *now = &run->s->now;
    uint64_t end = run->start + (uint64_t)(at + len);
    if (now->end == UINT64_MAX || end > now->end)
        now->end = end;
    if (now->seen < MATCH_SEEN)
        run->s->seen[now->seen++] =
            (struct match_seen){run->group->buffer, run->data, (size_t)at, (size_t)len};
}

// Does the test say where the next one stands, and does it count from the one before?
static bool moves(const struct rule_test *test)
{
    switch (test->kind) {
    case TEST_CONTENT: return !test->is.content.negated;
    case TEST_PCRE: return !test->is.pcre.negated;
    case TEST_BYTE_JUMP:
    case TEST_BYTE_EXTRACT:
    case TEST_BYTE_MATH: return true;
    default: return false;
    }
}

static bool is_relative(const struct rule_test *test)
{
    switch (test->kind) {
    case TEST_CONTENT: return test->is.content.relative;
    case TEST_PCRE: return test->is.pcre.relative;
    case TEST_BYTE_TEST:
    case TEST_BYTE_JUMP:
    case TEST_BYTE_EXTRACT:
    case TEST_BYTE_MATH:
    case TEST_ISDATAAT: return test->is.bytes.relative;
    case TEST_BASE64_DECODE: return test->is.base64.relative;
    case TEST_ASN1: return test->is.asn1.relative;
    default: return false;
    }
}

// Is one of the tests behind, up to the next one with a place of its own, relative to this one?
static bool decided_behind(const struct rule_group *group, size_t index)
{
    const struct rule_test *test = &group->tests[index];
    if ((test->kind != TEST_CONTENT && test->kind != TEST_PCRE) || !moves(test))
        return false;
    for (size_t i = index + 1; i < group->tests_count; i++) {
        if (is_relative(&group->tests[i]))
            return true;
        if (moves(&group->tests[i]))
            return false;
    }
    return false;
}

static bool match_once(struct match_run *run, const struct rule_test *test)
{
    int64_t began = 0;
    switch (test->kind) {
    case TEST_CONTENT: return match_content(run, &test->is.content);
    case TEST_PCRE: return match_pcre(run, &test->is.pcre, 0, &began);
    case TEST_BYTE_TEST: return match_byte_test(run, &test->is.bytes);
    case TEST_BYTE_JUMP: return match_byte_jump(run, &test->is.bytes);
    case TEST_BYTE_EXTRACT: return match_byte_extract(run, &test->is.bytes);
    case TEST_BYTE_MATH: return match_byte_math(run, &test->is.bytes);
    case TEST_ISDATAAT: return match_isdataat(run, &test->is.bytes);
    case TEST_BSIZE: return match_bsize(run, &test->is.number);
    case TEST_DATASET: return match_dataset(run, test->is.dataset);
    case TEST_BASE64_DECODE: return match_base64(run, &test->is.base64);
    case TEST_ASN1: return match_asn1(run, &test->is.asn1);
    case TEST_ENTROPY: return match_entropy(run, &test->is.entropy);
    }
    return false;
}

bool match_from(struct match_run *run, size_t index)
{
    for (size_t i = index; i < run->group->tests_count; i++) {
        const struct rule_test *test = &run->group->tests[i];
        if (decided_behind(run->group, i))
            return test->kind == TEST_CONTENT ? match_content_tries(run, i)
                                              : match_pcre_tries(run, i);
        if (!match_spend(run, 0) || !match_once(run, test))
            return false;
    }
    return true;
}

bool match_bsize(const struct match_run *run, const struct rule_number *number)
{
    int64_t size = (int64_t)run->start + match_len(run);
    // Of a stream or a body that goes on only a least size is certain.
    bool more_is_fine = number->compare == RULE_GT || number->compare == RULE_GE;
    return (run->whole || more_is_fine) && rule_number_is(number, size);
}

bool match_dataset(struct match_run *run, const struct rule_dataset *use)
{
    struct rule_scratch *s = run->s;
    if (!s->set->datasets || run->data.len == 0)
        return false;
    enum rule_dataset_answer answer = rule_dataset_ask(s->set->datasets, use, run->data);
    if (answer != DATASET_LATER)
        return answer == DATASET_YES;
    if (s->now.deferred == MATCH_DEFERRED)
        return false;
    struct rule_deferred *question = &s->deferred[s->now.deferred++];
    *question = rule_dataset_question(s->set->datasets, use, run->data);
    return true;
}

static bool group_tests(
    struct rule_scratch *s, const struct rule_group *group, const struct rule_view *view)
{
    struct match_run run = {
        .s = s, .group = group, .data = view->data, .start = view->start, .whole = view->ends};
    // A stream ends for endswith and isdataat where its bytes so far do, as in Suricata.
    run.ends = view->ends || group->buffer == BUFFER_PAYLOAD;
    if (group->transforms_count) {
        if (!rule_transform(s, &s->memory, group->transforms, group->transforms_count, &run.data)) {
            s->metrics->rules_transform_memcap++;
            return false;
        }
        run.start = 0;
    }
    s->steps = (uint32_t)s->config->rules.steps;
    s->work = (int64_t)s->config->rules.searched_bytes + MATCH_WORK_TIMES * match_len(&run);
    return match_from(&run, 0);
}

bool rule_match_group(
    struct rule_scratch *s, const struct rule_group *group, const struct rule_view *view)
{
    struct match_mark before = s->now;
    int64_t vars[RULE_VARS];
    memcpy(vars, s->vars, sizeof vars);
    s->now.end = UINT64_MAX;
    if (group_tests(s, group, view))
        return true;
    s->now = before;
    memcpy(s->vars, vars, sizeof vars);
    return false;
}

void rule_match_begin(struct rule_scratch *s, const struct rule *rule)
{
    s->now = (struct match_mark){.end = UINT64_MAX};
    if (rule->vars)
        memset(s->vars, 0, sizeof s->vars);
    if (s->memory.used_bytes)
        arena_reset(&s->memory);
}

uint64_t rule_match_end(const struct rule_scratch *s)
{
    return s->now.end;
}

size_t rule_match_said(const struct rule_scratch *s, struct hit_match *out, size_t most)
{
    size_t count = s->now.seen < most ? s->now.seen : most;
    for (size_t i = 0; i < count; i++) {
        const struct match_seen *seen = &s->seen[i];
        out[i] = (struct hit_match){
            .where = bytes_from_text(rule_buffer_infos[seen->buffer].name),
            .data = seen->data,
            .at = (uint32_t)seen->at,
            .len = (uint32_t)seen->len,
        };
    }
    return count;
}

struct bytes rule_match_deferred(const struct rule_scratch *s)
{
    return bytes_make(s->deferred, s->now.deferred * sizeof *s->deferred);
}

size_t rule_match_captured(const struct rule_scratch *s, const struct rule_captured **out)
{
    *out = s->captured;
    return s->now.captured;
}

void rule_match_dce(struct rule_scratch *s, bool little)
{
    s->dce_little = little;
}

static bool pcre_prepare(struct rule_scratch *s)
{
    s->pcre = pcre2_match_data_create(RULE_PCRE_CAPTURES * 2, NULL);
    s->pcre_limits = pcre2_match_context_create(NULL);
    s->pcre_stack = pcre2_jit_stack_create(32 * 1024, MATCH_PCRE_STACK_BYTES, NULL);
    if (!s->pcre || !s->pcre_limits || !s->pcre_stack)
        return false;
    pcre2_set_match_limit(s->pcre_limits, (uint32_t)s->config->rules.pcre_steps);
    pcre2_set_heap_limit(s->pcre_limits, MATCH_PCRE_STACK_BYTES / 1024);
    pcre2_jit_stack_assign(s->pcre_limits, NULL, s->pcre_stack);
    return true;
}

struct rule_scratch *rule_scratch_create(
    const struct rule_set *set, const struct config *config, struct metrics *metrics)
{
    struct rule_scratch *s = base_calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->set = set;
    s->config = config;
    s->metrics = metrics;
    s->now.end = UINT64_MAX;
    pool_init(&s->pool, 0);
    arena_init(&s->memory, &s->pool, MATCH_MEMORY_BYTES);
    arena_init(&s->scan_memory, &s->pool, MATCH_MEMORY_BYTES);
    if (set->prefilter)
        s->prefilter = prefilter_scratch_create(set->prefilter);
    if (pcre_prepare(s) && (s->prefilter || !set->prefilter))
        return s;
    rule_scratch_destroy(s);
    return NULL;
}

void rule_scratch_destroy(struct rule_scratch *s)
{
    if (!s)
        return;
    prefilter_scratch_destroy(s->prefilter);
    pcre2_match_data_free(s->pcre);
    pcre2_match_context_free(s->pcre_limits);
    pcre2_jit_stack_free(s->pcre_stack);
    arena_reset(&s->memory);
    arena_reset(&s->scan_memory);
    pool_finish(&s->pool);
    base_free(s);
}
