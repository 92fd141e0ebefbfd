// SPDX-License-Identifier: Apache-2.0
// Inside rules/: what the files of the matcher share.
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/arena.h"
#include "rules/match.h"
#include <hs/hs.h>
#include <pcre2.h>

enum {
    MATCH_WORK_TIMES = 32, // a buffer's size that may be searched through besides rules.searched
    MATCH_SEEN = HIT_MATCHES,
    MATCH_DEFERRED = 4,
    MATCH_CAPTURED = RULE_PCRE_CAPTURES,
    MATCH_PCRE_STACK_BYTES = 512 * 1024,
    MATCH_MEMORY_BYTES = 64 * 1024 * 1024, // of transforms and base64, all of one rule
};

struct match_seen {
    enum rule_buffer buffer;
    struct bytes data; // what the test looked at
    size_t at, len;
};

// What a failed instance takes back.
struct match_mark {
    uint8_t seen, deferred, captured;
    uint64_t end;
};

struct rule_scratch {
    const struct rule_set *set;
    struct prefilter_scratch *prefilter;
    struct pool pool;
    struct arena memory;      // of the rule at hand: transforms, base64
    struct arena scan_memory; // of the buffer being scanned
    pcre2_match_data *pcre;
    pcre2_match_context *pcre_limits;
    pcre2_jit_stack *pcre_stack;
    bool dce_little;
    int64_t vars[RULE_VARS];
    struct match_seen seen[MATCH_SEEN];
    struct rule_deferred deferred[MATCH_DEFERRED];
    struct rule_captured captured[MATCH_CAPTURED];
    struct match_mark now;
    const struct config *config;
    struct metrics *metrics;
    uint32_t steps; // left
    int64_t work;   // bytes left
};

// One buffer against one group.
struct match_run {
    struct rule_scratch *s;
    const struct rule_group *group;
    struct bytes data;
    uint64_t start; // of data in the whole
    bool ends;      // nothing comes behind data, as far as tests are concerned
    bool whole;     // nothing ever will
    bool stop;      // no other choice of matches can help
    int64_t behind; // the last match: where relative tests count from
};

static inline int64_t match_value(const struct match_run *run, const struct rule_value *value)
{
    return value->var ? run->s->vars[(value->var - 1) % RULE_VARS] : value->number;
}

static inline int64_t match_len(const struct match_run *run)
{
    return (int64_t)run->data.len;
}

// Bytes are about to be searched through. False: the budget is gone.
bool match_spend(struct match_run *run, size_t bytes);
void match_saw(struct match_run *run, int64_t at, int64_t len);

// All tests from `index` on.
bool match_from(struct match_run *run, size_t index);

// First needle (lower case when nocase) in hay, or BYTES_NOT_FOUND.
size_t match_find(struct bytes hay, struct bytes needle, bool nocase);

// One test, first choice: moves run->behind where the test does.
bool match_content(struct match_run *run, const struct rule_content *content);
bool match_pcre(struct match_run *run, const struct rule_pcre *pcre, int64_t from, int64_t *began);
bool match_byte_test(struct match_run *run, const struct rule_bytes_op *op);
bool match_byte_jump(struct match_run *run, const struct rule_bytes_op *op);
bool match_byte_extract(struct match_run *run, const struct rule_bytes_op *op);
bool match_byte_math(struct match_run *run, const struct rule_bytes_op *op);
bool match_isdataat(const struct match_run *run, const struct rule_bytes_op *op);
bool match_bsize(const struct match_run *run, const struct rule_number *number);
bool match_dataset(struct match_run *run, const struct rule_dataset *use);
bool match_base64(struct match_run *run, const struct rule_base64 *base64);
bool match_entropy(struct match_run *run, const struct rule_entropy *wanted);
bool match_asn1(const struct match_run *run, const struct rule_asn1 *asn1);

// The tests behind an occurrence of a content or an expression decide which one it has to be.
bool match_content_tries(struct match_run *run, size_t index);
bool match_pcre_tries(struct match_run *run, size_t index);
