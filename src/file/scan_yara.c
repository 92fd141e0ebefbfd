// SPDX-License-Identifier: Apache-2.0
// One scan of one file's bytes, and what happens when a rule runs away. libyara looks at the clock
// between rules and every 4,096 bytes, but not while it tries one regular expression at each of
// them, and never at its memory. So a watcher looks at each scan from outside and, where it is
// over time or memory, tells libyara to try no more strings. Which rule was to blame is then
// found by trying halves. Such a rule is off for this worker from there on; the file is
// scanned again without it.
#include "base/alloc.h"
#include "base/clock.h"
#include "base/watch.h"
#include "file/scan_rules.h"

enum {
    HUNTS_MOST = 4,  // runaway rules looked for in one file
    PROBE_SHARE = 8, // of the timeout: how long half of the rules may take in a hunt
    PROBE_BASE = 3,  // or so many times what the file takes without any rule
    PARTS = 4,       // in which a file is scanned when no rule alone is to blame
    WALL_TIMES = 50, // the limit is the processor's time; by the clock it is so many times that
    MATCH_BYTES = sizeof(YR_MATCH) + 16,
};

enum stop { STOP_NOT, STOP_TIME, STOP_MEMORY };
enum run { RUN_DONE, RUN_TIME, RUN_MEMORY, RUN_FAILED };

struct yara_scanner {
    const struct file_rules *rules;
    struct yara_scan_limits limits;
    YR_SCANNER *yr;
    struct watch *watch;
    YR_RULES own;           // shares all but the table of rules, where they can be switched off
    YR_ARENA arena;         // libyara checks that rules stand in the arena of theirs
    bool *off, *now, *skip; // rules: off for good, for this file, for the scan that runs
    uint32_t *active;       // rules of a hunt
    bool left_out;          // the scan before left rules out, or was stopped
    // Of the scan that runs:
    int64_t limit_us;
    uint32_t worst_string; // with the most matches, when stopped for memory
    yara_found *found;     // NULL: only its time matters
    void *user;
};

static uint64_t count_matches(struct yara_scanner *s)
{
    uint64_t all = 0;
    int32_t most = -1;
    for (uint32_t i = 0; i < s->own.num_strings; i++) {
        int32_t count = s->yr->matches[i].count + s->yr->unconfirmed_matches[i].count;
        all += (uint64_t)count;
        if (count > most) {
            most = count;
            s->worst_string = i;
        }
    }
    return all;
}

// In the watcher's thread, with the processor's time, so that a busy machine is no rule's fault.
// libyara reads these bits before each string it tries; counts of matches
// that are read while they grow are good enough.
static int look(void *context, int64_t used_us)
{
    struct yara_scanner *s = context;
    enum stop why = STOP_NOT;
    if (used_us > s->limit_us)
        why = STOP_TIME;
    else if (count_matches(s) * MATCH_BYTES > s->limits.match_bytes)
        why = STOP_MEMORY;
    if (why == STOP_NOT)
        return STOP_NOT;
    for (uint32_t i = 0; i < s->own.num_strings; i++)
        yr_bitmask_set(s->yr->strings_temp_disabled, i);
    if (why == STOP_TIME)
        s->yr->timeout = 1; // ns: over when libyara looks at its clock
    return (int)why;
}

static int on_message(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    struct yara_scanner *s = user;
    if (watch_said(s->watch) != STOP_NOT)
        return CALLBACK_ABORT;
    if (message == CALLBACK_MSG_RULE_MATCHING && !s->found)
        return CALLBACK_ABORT;
    if (message == CALLBACK_MSG_RULE_MATCHING) {
        YR_RULE *rule = data;
        size_t index = (size_t)(rule - s->own.rules_table); // lint: its place in the table
        s->found(s->user, context, rule, &s->rules->infos[index]);
    }
    return CALLBACK_CONTINUE;
}

struct one_block {
    YR_MEMORY_BLOCK block;
    const struct yara_subject *subject;
};

static const uint8_t *block_data(YR_MEMORY_BLOCK *block)
{
    const struct one_block *one = block->context;
    return one->subject->data.data;
}

static YR_MEMORY_BLOCK *block_first(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    struct one_block *one = iterator->context;
    iterator->last_error = ERROR_SUCCESS;
    return one->subject->data.len ? &one->block : NULL;
}

static YR_MEMORY_BLOCK *block_next(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    iterator->last_error = ERROR_SUCCESS;
    return NULL;
}

static uint64_t block_file_size(YR_MEMORY_BLOCK_ITERATOR *iterator)
{
    const struct one_block *one = iterator->context;
    return one->subject->size;
}

// Rules left out: their conditions by the flag in our copy of the table, their strings as if they
// had matched too often. What was set for the scan before is cleared.
static void leave_out(struct yara_scanner *s)
{
    bool any = memchr(s->skip, true, s->own.num_rules * sizeof *s->skip) != NULL;
    if (!any && !s->left_out)
        return;
    s->left_out = any;
    for (uint32_t r = 0; r < s->own.num_rules; r++) {
        const struct yara_rule_info *info = &s->rules->infos[r];
        bool skip = s->skip[r];
        s->own.rules_table[r].flags &= ~RULE_FLAGS_DISABLED;
        if (skip)
            s->own.rules_table[r].flags |= RULE_FLAGS_DISABLED;
        for (uint32_t i = 0; i < info->strings; i++) {
            if (skip)
                yr_bitmask_set(s->yr->strings_temp_disabled, info->first_string + i);
            else
                yr_bitmask_clear(s->yr->strings_temp_disabled, info->first_string + i);
        }
    }
}

static enum run run(struct yara_scanner *s, const struct yara_subject *subject, int64_t limit_us)
{
    struct one_block one = {.subject = subject,
        .block = {.size = subject->data.len, .fetch_data = block_data, .context = &one}};
    YR_MEMORY_BLOCK_ITERATOR iterator = {
        .context = &one, .first = block_first, .next = block_next, .file_size = block_file_size};
    leave_out(s);
    s->limit_us = limit_us;
    s->yr->timeout = (uint64_t)limit_us * 1000 * WALL_TIMES;
    watch_begin(s->watch, look, s);
    int status = yr_scanner_scan_mem_blocks(s->yr, &iterator);
    watch_end(s->watch);
    int stopped = watch_said(s->watch);
    s->left_out |= stopped != STOP_NOT;
    if (stopped == STOP_MEMORY)
        return RUN_MEMORY;
    if (stopped == STOP_TIME || status == ERROR_SCAN_TIMEOUT)
        return RUN_TIME;
    return status == ERROR_SUCCESS ? RUN_DONE : RUN_FAILED;
}

// Rules that are on: all, those that support others, or those that do not.
enum which { WHICH_ALL, WHICH_SUPPORT, WHICH_OTHERS };

static uint32_t find_active(struct yara_scanner *s, enum which which)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < s->own.num_rules; r++) {
        bool support = s->rules->infos[r].support;
        if (!s->now[r] && (which == WHICH_ALL || support == (which == WHICH_SUPPORT)))
            s->active[count++] = r;
    }
    return count;
}

// Only active rules [from, to), and where others are looked at those that support them.
static void choose(struct yara_scanner *s, uint32_t from, uint32_t to, bool support)
{
    for (uint32_t r = 0; r < s->own.num_rules; r++)
        s->skip[r] = s->now[r] || !support || !s->rules->infos[r].support;
    for (uint32_t i = from; i < to; i++)
        s->skip[s->active[i]] = false;
}

// A search for who is to blame.
struct hunt {
    const struct yara_subject *subject;
    enum run how;     // what it did
    int64_t limit_us; // for half of the rules
    bool support;     // supporting rules run with each half
};

// Do the active rules [from, to) alone fail in the same way?
static bool fails_alone(struct yara_scanner *s, const struct hunt *hunt, uint32_t from, uint32_t to)
{
    choose(s, from, to, hunt->support);
    return run(s, hunt->subject, hunt->limit_us) == hunt->how;
}

// By halves. False: none alone is to blame.
static bool halve(struct yara_scanner *s, const struct hunt *hunt, uint32_t count, uint32_t *rule)
{
    uint32_t from = 0, to = count;
    while (to - from > 1) {
        uint32_t half = from + (to - from) / 2;
        if (fails_alone(s, hunt, from, half))
            to = half;
        else if (fails_alone(s, hunt, half, to))
            from = half;
        else
            return false;
    }
    *rule = count ? s->active[from] : 0;
    return count > 0;
}

// The supporting rules alone come first: they may be to blame, and what they take, which is mostly
// the file itself, says how long half of the others may.
static bool hunt_rule(
    struct yara_scanner *s, const struct yara_subject *subject, enum run how, uint32_t *rule)
{
    struct hunt hunt = {subject, how, s->limits.timeout_us / 2, true};
    yara_found *found = s->found;
    s->found = NULL;
    int64_t before_us = clock_thread_us();
    bool support = fails_alone(s, &hunt, 0, 0);
    int64_t base_us = (clock_thread_us() - before_us) * PROBE_BASE;
    hunt.limit_us = s->limits.timeout_us / PROBE_SHARE;
    if (!support && base_us > hunt.limit_us)
        hunt.limit_us = base_us;
    hunt.support = !support;
    uint32_t count = find_active(s, support ? WHICH_SUPPORT : WHICH_OTHERS);
    bool blamed = halve(s, &hunt, count, rule);
    s->found = found;
    return blamed;
}

// Who is to blame for a run that was not done.
static bool blame(
    struct yara_scanner *s, const struct yara_subject *subject, enum run how, uint32_t *rule)
{
    if (how == RUN_MEMORY) {
        *rule = s->own.strings_table[s->worst_string].rule_idx;
        return true;
    }
    const YR_RULE *failed = how == RUN_FAILED ? yr_scanner_last_error_rule(s->yr) : NULL;
    if (failed)
        *rule = (uint32_t)(failed - s->own.rules_table); // lint: its place in the table
    return failed || hunt_rule(s, subject, how, rule);
}

// A rule libyara gives up on is left out for this file only: others are its daily work.
static void leave_out_from_now(
    struct yara_scanner *s, uint32_t rule, enum run how, struct yara_result *out)
{
    s->now[rule] = true;
    if (how == RUN_FAILED) {
        out->failed = true;
        return;
    }
    s->off[rule] = true;
    if (out->off_count < VERDICT_STOPPED)
        out->off[out->off_count++] = rule;
}

// Too slow together, none of them alone: a part at a time.
static void scan_in_parts(
    struct yara_scanner *s, const struct yara_subject *subject, struct yara_result *out)
{
    uint32_t count = find_active(s, WHICH_ALL);
    s->found(s->user, NULL, NULL, NULL);
    for (uint32_t part = 0; part < PARTS; part++) {
        choose(s, count * part / PARTS, count * (part + 1) / PARTS, true);
        if (run(s, subject, s->limits.timeout_us) != RUN_DONE)
            out->timeout = true;
    }
}

static void define_names(struct yara_scanner *s, const struct yara_subject *subject)
{
    if (!s->rules->uses_names)
        return;
    (void)yr_scanner_define_string_variable(s->yr, "filename", subject->filename);
    (void)yr_scanner_define_string_variable(s->yr, "filepath", subject->filepath);
    (void)yr_scanner_define_string_variable(s->yr, "extension", subject->extension);
    (void)yr_scanner_define_string_variable(s->yr, "filetype", subject->filetype);
}

void yara_scanner_scan(struct yara_scanner *s, const struct yara_subject *subject,
    yara_found *found, void *user, struct yara_result *out)
{
    *out = (struct yara_result){0};
    s->found = found;
    s->user = user;
    memcpy(s->now, s->off, s->own.num_rules * sizeof *s->now);
    define_names(s, subject);
    for (unsigned hunts = 0; hunts <= HUNTS_MOST; hunts++) {
        uint32_t rule;
        found(user, NULL, NULL, NULL);
        memcpy(s->skip, s->now, s->own.num_rules * sizeof *s->now);
        enum run how = run(s, subject, s->limits.timeout_us);
        if (how == RUN_DONE)
            return;
        if (hunts == HUNTS_MOST)
            break;
        if (!blame(s, subject, how, &rule)) {
            scan_in_parts(s, subject, out);
            return;
        }
        leave_out_from_now(s, rule, how, out);
    }
    found(user, NULL, NULL, NULL);
    out->timeout = true;
}

// A measurement of the rules in s->active, parts of them that are cheap together as one.
struct measure {
    const struct yara_subject *subject;
    int64_t base_us, more_than_us;
    yara_costly *costly;
    void *user;
};

static int64_t cost_of(struct yara_scanner *s, const struct measure *m, uint32_t from, uint32_t to)
{
    choose(s, from, to, true);
    int64_t before_us = clock_thread_us();
    (void)run(s, m->subject, s->limits.timeout_us);
    return clock_thread_us() - before_us - m->base_us;
}

static void measure_range(
    struct yara_scanner *s, const struct measure *m, uint32_t from, uint32_t to)
{
    int64_t us = cost_of(s, m, from, to);
    if (us <= m->more_than_us)
        return;
    uint32_t half = from + (to - from) / 2;
    if (half == from) {
        m->costly(m->user, s->active[from], us);
        return;
    }
    measure_range(s, m, from, half);
    measure_range(s, m, half, to);
}

void yara_scanner_costs(struct yara_scanner *s, const struct yara_subject *subject,
    int64_t more_than_us, yara_costly *costly, void *user)
{
    struct measure m = {subject, 0, more_than_us, costly, user};
    s->found = NULL;
    memcpy(s->now, s->off, s->own.num_rules * sizeof *s->now);
    m.base_us = cost_of(s, &m, 0, 0);
    uint32_t count = find_active(s, WHICH_OTHERS);
    if (count > 0)
        measure_range(s, &m, 0, count);
}

// Our own table of rules, where they can be switched off; all else is shared.
static bool own_rules(struct yara_scanner *s, const YR_RULES *shared)
{
    size_t rules_bytes = (shared->num_rules + 1) * sizeof(YR_RULE); // the last one ends the list
    s->own = *shared;
    s->arena = *shared->arena;
    s->own.rules_table = base_malloc(rules_bytes);
    if (!s->own.rules_table)
        return false;
    memcpy(s->own.rules_table, shared->rules_table, rules_bytes);
    s->arena.buffers[YR_RULES_TABLE].data = (uint8_t *)s->own.rules_table;
    s->own.arena = &s->arena;
    return yr_scanner_create(&s->own, &s->yr) == ERROR_SUCCESS;
}

struct yara_scanner *yara_scanner_create(
    const struct file_rules *rules, const struct yara_scan_limits *limits)
{
    struct yara_scanner *s = base_calloc(1, sizeof *s);
    size_t count = rules->compiled->num_rules + 1;
    if (!s)
        return NULL;
    s->rules = rules;
    s->limits = *limits;
    s->off = base_calloc(count, sizeof *s->off);
    s->now = base_calloc(count, sizeof *s->now);
    s->skip = base_calloc(count, sizeof *s->skip);
    s->active = base_calloc(count, sizeof *s->active);
    s->watch = watch_create();
    if (!s->off || !s->now || !s->skip || !s->active || !s->watch ||
        !own_rules(s, rules->compiled)) {
        yara_scanner_destroy(s);
        return NULL;
    }
    for (uint32_t r = 0; r < s->own.num_rules; r++)
        s->off[r] = rules->infos[r].off;
    yr_scanner_set_callback(s->yr, on_message, s);
    // Without its own signal handlers: nothing here is a mapped file that could shrink.
    yr_scanner_set_flags(
        s->yr, SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
    return s;
}

void yara_scanner_destroy(struct yara_scanner *s)
{
    if (!s)
        return;
    watch_destroy(s->watch);
    if (s->yr)
        yr_scanner_destroy(s->yr);
    base_free(s->own.rules_table);
    base_free(s->off);
    base_free(s->now);
    base_free(s->skip);
    base_free(s->active);
    base_free(s);
}
