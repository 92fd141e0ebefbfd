// SPDX-License-Identifier: Apache-2.0
#include "cmd/content.h"
#include "base/alloc.h"
#include "base/gate.h"
#include "base/stop.h"
#include "cmd/load_intel.h"
#include "cmd/load_rules.h"
#include "cmd/load_sigma.h"
#include <stdio.h>

struct contents {
    struct detection_options options;
    const struct config *config;
    struct voice voice;
    struct mutex mutex;
    struct content *now;   // under the mutex
    struct content *fresh; // the thread's; taken up when it is done
    struct thread thread;
    struct gate done; // times the thread has ended
    uint64_t begun;   // times it was started
    bool running;
};

static void content_destroy(struct content *content)
{
    rules_release(content->rules);
    intel_state_destroy(content->intel_state);
    intel_destroy(content->intel);
    sigma_state_destroy(content->sigma_state);
    sigma_destroy(content->sigma);
    base_free(content);
}

// ---- Loading.

static enum cmd_exit fill_intel(const struct contents *c, struct content *to)
{
    enum cmd_exit status =
        load_intel(&c->options.intel, c->config, c->voice, &to->intel, &to->loaded.refused);
    if (status != CMD_DONE || !to->intel)
        return status;
    to->loaded.indicators = intel_count(to->intel);
    to->intel_state = intel_state_create(to->intel);
    return to->intel_state ? CMD_DONE : CMD_FAILED;
}

static enum cmd_exit fill_sigma(const struct contents *c, struct content *to)
{
    enum cmd_exit status =
        load_sigma(&c->options.sigma, c->config, c->voice, &to->sigma, &to->loaded.refused);
    if (status != CMD_DONE || !to->sigma)
        return status;
    to->loaded.sigma = sigma_count(to->sigma);
    to->sigma_state = sigma_state_create(to->sigma, c->config);
    return to->sigma_state ? CMD_DONE : CMD_FAILED;
}

static enum cmd_exit content_load(const struct contents *c, struct content **out)
{
    struct content *content = base_calloc(1, sizeof *content);
    *out = NULL;
    if (!content)
        return CMD_FAILED;
    content->holders = 1;
    enum cmd_exit status =
        load_rules(&c->options.rules, c->config, c->voice, &content->rules, &content->loaded);
    if (status == CMD_DONE)
        status = fill_intel(c, content);
    if (status == CMD_DONE)
        status = fill_sigma(c, content);
    if (status == CMD_DONE)
        *out = content;
    else
        content_destroy(content);
    return status;
}

// ---- Loading anew.

// Files that hold nothing any more are broken, not somebody's wish.
static bool has_what_was_there(
    const struct detection_loaded *now, const struct detection_loaded *was)
{
    return (now->rules || !was->rules) && (now->indicators || !was->indicators) &&
           (now->sigma || !was->sigma);
}

static void load_anew(void *context)
{
    struct contents *c = context;
    struct content *fresh;
    char rules[24], indicators[24], sigma[24];
    (void)content_load(c, &fresh);
    if (fresh && has_what_was_there(&fresh->loaded, &c->now->loaded)) {
        snprintf(rules, sizeof rules, "%llu", (unsigned long long)fresh->loaded.rules);
        snprintf(
            indicators, sizeof indicators, "%llu", (unsigned long long)fresh->loaded.indicators);
        snprintf(sigma, sizeof sigma, "%llu", (unsigned long long)fresh->loaded.sigma);
        const struct text_arg args[] = {{"rules", bytes_from_text(rules)},
            {"indicators", bytes_from_text(indicators)}, {"sigma", bytes_from_text(sigma)}};
        voice_tell(c->voice, LOG_LEVEL_INFO, TEXT_DETECT_RELOADED, NULL, args, 3);
        c->fresh = fresh;
    } else {
        if (fresh)
            content_destroy(fresh);
        voice_tell(c->voice, LOG_LEVEL_ERROR, TEXT_DETECT_RELOAD_KEPT, NULL, NULL, 0);
    }
    gate_raise(&c->done, 1);
}

static void thread_over(struct contents *c)
{
    if (c->running)
        thread_join(&c->thread);
    c->running = false;
}

// The former content, if nobody holds it any more.
static struct content *unheld(struct content *content)
{
    return content && --content->holders == 0 ? content : NULL;
}

struct content *contents_now(struct contents *c)
{
    struct content *former = NULL;
    mutex_lock(&c->mutex);
    if (c->running && gate_count(&c->done) == c->begun) {
        thread_over(c);
        former = c->fresh ? unheld(c->now) : NULL;
        c->now = c->fresh ? c->fresh : c->now;
        c->fresh = NULL;
    }
    if (!c->running && reload_asked()) {
        c->running = thread_start(&c->thread, "content", load_anew, c);
        c->begun += c->running;
    }
    struct content *now = c->now;
    now->holders++;
    mutex_unlock(&c->mutex);
    if (former)
        content_destroy(former);
    return now;
}

struct content *contents_hold(struct contents *c, struct content *content)
{
    mutex_lock(&c->mutex);
    content->holders++;
    mutex_unlock(&c->mutex);
    return content;
}

void contents_let_go(struct contents *c, struct content *content)
{
    mutex_lock(&c->mutex);
    struct content *last = unheld(content);
    mutex_unlock(&c->mutex);
    if (last)
        content_destroy(last);
}

// ---- From beginning to end.

static struct contents *contents_new(const struct config *config)
{
    struct contents *c = base_calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->config = config;
    mutex_init(&c->mutex);
    gate_init(&c->done);
    return c;
}

enum cmd_exit contents_create(const struct detection_options *options, const struct config *config,
    struct voice voice, struct contents **out)
{
    struct contents *c = *out = contents_new(config);
    if (!c)
        return CMD_FAILED;
    c->options = *options;
    c->voice = voice;
    reload_on_signal();
    enum cmd_exit status = content_load(c, &c->now);
    if (status == CMD_DONE)
        return CMD_DONE;
    contents_destroy(c);
    *out = NULL;
    return status;
}

struct contents *contents_of_rules(const struct config *config, struct rule_set *rules)
{
    struct contents *c = contents_new(config);
    struct content *content = c ? base_calloc(1, sizeof *content) : NULL;
    if (!content) {
        contents_destroy(c);
        return NULL;
    }
    *content = (struct content){
        .rules = rules_hold(rules), .loaded = {.rules = rules_count(rules)}, .holders = 1};
    c->now = content;
    return c;
}

void contents_destroy(struct contents *c)
{
    if (!c)
        return;
    thread_over(c);
    if (c->fresh)
        content_destroy(c->fresh);
    contents_let_go(c, c->now);
    gate_finish(&c->done);
    mutex_finish(&c->mutex);
    base_free(c);
}
