// SPDX-License-Identifier: Apache-2.0
#include "cmd/load_rules.h"
#include "base/alloc.h"
#include "base/gate.h"
#include "base/stop.h"
#include <stdio.h>

// What a loader says of a rule, in English as compilers speak: file:line: keyword: what.
static void tell_rule(void *context, const struct rule_note *note)
{
    const struct voice *voice = context;
    char text[1024];
    int n = snprintf(text, sizeof text, "%s:%u: %.*s%s%s", note->file ? note->file : "", note->line,
        (int)note->keyword.len, note->keyword.data ? (const char *)note->keyword.data : "",
        note->keyword.len ? ": " : "", note->what);
    enum log_level level = note->trouble == RULE_UNREADABLE ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    if (n > 0)
        voice_say(*voice, level, text, note->file);
}

enum cmd_exit load_rules(const struct detection_paths *paths, const struct config *config,
    struct voice voice, struct rule_set **set, struct detection_loaded *loaded)
{
    *set = NULL;
    if (paths->count == 0)
        return CMD_DONE;
    struct rule_options options = {.config = config};
    struct rule_report report = {.tell = tell_rule, .context = &voice};
    *set = rules_load(paths->paths, paths->count, &options, &report);
    loaded->rules += report.loaded;
    loaded->refused += report.failed;
    if (report.unreadable)
        return CMD_USAGE;
    return *set ? CMD_DONE : CMD_FAILED;
}

// Loading anew, in a thread of its own while packets go on. What was loaded is taken up between
// two batches; where loading fails the rules in force stay, and that is said.
struct rules_reload {
    struct detection_paths paths;
    const struct config *config;
    struct voice voice;
    struct mutex mutex;
    struct rule_set *now;   // under the mutex
    struct rule_set *fresh; // the thread's; taken up when it is done
    struct thread thread;
    struct gate done; // times the thread has ended
    uint64_t begun;   // times it was started
    bool running;
};

struct rules_reload *rules_reload_create(const struct detection_paths *paths,
    const struct config *config, struct voice voice, struct rule_set *set)
{
    struct rules_reload *r = base_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->paths = *paths;
    r->config = config;
    r->voice = voice;
    r->now = rules_hold(set);
    mutex_init(&r->mutex);
    gate_init(&r->done);
    reload_on_signal();
    return r;
}

static void thread_over(struct rules_reload *r)
{
    if (r->running)
        thread_join(&r->thread);
    r->running = false;
}

void rules_reload_destroy(struct rules_reload *reload)
{
    if (!reload)
        return;
    thread_over(reload);
    rules_release(reload->fresh);
    rules_release(reload->now);
    gate_finish(&reload->done);
    mutex_finish(&reload->mutex);
    base_free(reload);
}

// A set without a single rule is a broken file, not somebody's wish.
static void load_anew(void *context)
{
    struct rules_reload *r = context;
    struct detection_loaded loaded = {0};
    struct rule_set *set = NULL;
    enum cmd_exit status = load_rules(&r->paths, r->config, r->voice, &set, &loaded);
    char number[24];
    int n = snprintf(number, sizeof number, "%llu", (unsigned long long)loaded.rules);
    struct text_arg count = {"count", bytes_make(number, (size_t)n)};
    if (status == CMD_DONE && loaded.rules > 0) {
        r->fresh = set;
        voice_tell(r->voice, LOG_LEVEL_INFO, TEXT_DETECT_RELOADED, NULL, &count, 1);
    } else {
        rules_release(set);
        voice_tell(r->voice, LOG_LEVEL_ERROR, TEXT_DETECT_RELOAD_KEPT, NULL, NULL, 0);
    }
    gate_raise(&r->done, 1);
}

static void take_up(struct rules_reload *r)
{
    thread_over(r);
    if (!r->fresh)
        return;
    rules_release(r->now);
    r->now = r->fresh;
    r->fresh = NULL;
}

struct rule_set *rules_reload_now(struct rules_reload *reload)
{
    struct rules_reload *r = reload;
    mutex_lock(&r->mutex);
    if (r->running && gate_count(&r->done) == r->begun)
        take_up(r);
    if (!r->running && reload_asked()) {
        r->running = thread_start(&r->thread, "rules", load_anew, r);
        r->begun += r->running;
    }
    struct rule_set *now = rules_hold(r->now);
    mutex_unlock(&r->mutex);
    return now;
}
