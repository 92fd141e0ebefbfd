// SPDX-License-Identifier: Apache-2.0
// Rules of a run: loaded, and what is wrong with them told.
#include "cmd/load_rules.h"
#include "base/alloc.h"
#include "base/gate.h"
#include "base/stop.h"
#include "cmd/rules_reason.h"
#include <stdio.h>

enum {
    TOLD_MOST = 20,            // problems told one by one
    PATHS_MOST = 2 * 64 + 256, // of the command line and of the configuration
};

struct telling {
    struct voice voice;
    uint32_t told;
};

// What a loader says of a rule, in English as compilers speak: file:line: keyword: what.
static void tell_rule(void *context, const struct rule_note *note)
{
    struct telling *telling = context;
    char text[1024], line[24] = "";
    if (telling->told++ >= TOLD_MOST)
        return;
    struct bytes what = rules_reason(
        bytes_from_text(note->what), telling->voice.json ? LANG_EN : telling->voice.lang);
    if (note->line)
        snprintf(line, sizeof line, ":%u", note->line);
    int n = snprintf(text, sizeof text, "%s%s: %.*s%s%s", note->file ? note->file : "", line,
        (int)note->keyword.len, note->keyword.data ? (const char *)note->keyword.data : "",
        note->keyword.len ? ": " : "", (const char *)what.data);
    enum log_level level = note->trouble == RULE_UNREADABLE ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    if (n > 0)
        voice_say(telling->voice, level, text, note->file);
}

static void tell_more(struct telling *telling)
{
    char number[16];
    if (telling->told <= TOLD_MOST)
        return;
    snprintf(number, sizeof number, "%u", telling->told - TOLD_MOST);
    voice_tell(telling->voice, LOG_LEVEL_WARNING, TEXT_RULES_MORE_TROUBLE, NULL,
        &(struct text_arg){"count", bytes_from_text(number)}, 1);
}

static enum cmd_exit result(
    const struct rule_report *report, struct rule_set *set, struct voice voice, const char *path)
{
    if (report->unreadable)
        return CMD_USAGE;
    if (report->files == 0) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_NONE, path, NULL, 0);
        return CMD_USAGE;
    }
    if (!set)
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_CANNOT, NULL, NULL, 0);
    return set ? CMD_DONE : CMD_FAILED;
}

enum cmd_exit load_rules(const struct detection_paths *paths, const struct config *config,
    struct voice voice, struct rule_set **set, struct detection_loaded *loaded)
{
    const char *all[PATHS_MOST];
    size_t count = 0;
    for (size_t i = 0; i < paths->count && count < PATHS_MOST; i++)
        all[count++] = paths->paths[i];
    for (size_t i = 0; i < config->rules.files_count && count < PATHS_MOST; i++)
        all[count++] = config->rules.files[i];
    *set = NULL;
    if (count == 0)
        return CMD_DONE;
    const char *thresholds = config->rules.threshold_file;
    struct rule_options options = {
        .config = config, .threshold_file = thresholds && thresholds[0] ? thresholds : NULL};
    struct telling telling = {.voice = voice};
    struct rule_report report = {.tell = tell_rule, .context = &telling};
    *set = rules_load(all, count, &options, &report);
    tell_more(&telling);
    loaded->rules += report.loaded;
    loaded->refused += report.failed;
    return result(&report, *set, voice, all[0]);
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
