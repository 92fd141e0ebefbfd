// SPDX-License-Identifier: Apache-2.0
#include "cmd/detection.h"
#include "base/alloc.h"
#include "cmd/content.h"
#include "cmd/load_yara.h"
#include "flow/flow.h"
#include "schema/reason.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct detection {
    const struct config *config;
    struct contents *contents;
    struct rules_ordered *rules_ordered; // NULL: no rules
    struct rule_cost *rule_costs;        // one a rule; NULL: nobody asks
    struct content *settling; // whose hits are being settled, held; NULL before the first
    struct content *ended;    // whose were before, held until that is told
    struct detection_loaded loaded;
    struct file_rules *yara; // NULL: none
};

struct detection_worker {
    struct detection *detection;
    struct rules_worker *rules; // NULL: none
    struct content *now;        // held
    struct metrics *metrics;
    struct sigma_worker *sigma; // NULL: none
    hit_sink *sink;
    void *context;
};

// A path that is not there is a mistake of whoever typed it, before anything is loaded.
static bool paths_there(const struct detection_paths *paths, struct voice voice)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (access(paths->paths[i], R_OK) == 0)
            continue;
        struct text_arg reason = {"reason", bytes_from_text(reason_of_errno(errno, voice.lang))};
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_DETECT_CANNOT_READ, paths->paths[i], &reason, 1);
        return false;
    }
    return true;
}

static enum cmd_exit detection_load_content(
    struct detection *d, const struct detection_options *options, struct voice voice)
{
    enum cmd_exit status = contents_create(options, d->config, voice, &d->contents);
    if (status != CMD_DONE)
        return status;
    struct content *now = contents_now(d->contents);
    d->loaded = now->loaded;
    d->rules_ordered = now->rules ? rules_ordered_create(d->config) : NULL;
    bool good = d->rules_ordered || !now->rules;
    contents_let_go(d->contents, now);
    return good ? CMD_DONE : CMD_FAILED;
}

static bool anything_wanted(const struct detection_options *options, const struct config *config)
{
    return options->rules.count + options->intel.count + options->sigma.count +
                   options->yara.count + config->yara.files_count + config->intel.files_count +
                   config->rules.files_count + config->sigma.files_count >
               0 ||
           config->clamd.socket[0] != '\0';
}

enum cmd_exit detection_load(const struct detection_options *options, const struct config *config,
    struct voice voice, struct detection **out)
{
    *out = NULL;
    if (!paths_there(&options->rules, voice) || !paths_there(&options->intel, voice) ||
        !paths_there(&options->sigma, voice) || !paths_there(&options->yara, voice))
        return CMD_USAGE;
    if (!anything_wanted(options, config))
        return CMD_DONE;
    struct detection *d = base_calloc(1, sizeof *d);
    if (!d) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL, 0);
        return CMD_FAILED;
    }
    d->config = config;
    enum cmd_exit status = detection_load_content(d, options, voice);
    if (status == CMD_DONE)
        status = load_yara(&options->yara, config, voice, &d->yara, &d->loaded);
    if (status == CMD_DONE)
        *out = d;
    else
        detection_destroy(d);
    return status;
}

struct detection *detection_of_rules(
    const struct config *config, struct rule_set *set, struct rule_cost *costs)
{
    struct detection *d = base_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->config = config;
    d->contents = contents_of_rules(config, set);
    d->rule_costs = costs;
    d->loaded.rules = rules_count(set);
    d->rules_ordered = rules_ordered_create(config);
    if (d->contents && d->rules_ordered)
        return d;
    detection_destroy(d);
    return NULL;
}

void detection_destroy(struct detection *detection)
{
    if (!detection)
        return;
    if (detection->contents) {
        contents_let_go(detection->contents, detection->ended);
        contents_let_go(detection->contents, detection->settling);
    }
    contents_destroy(detection->contents);
    rules_ordered_destroy(detection->rules_ordered);
    file_rules_destroy(detection->yara);
    base_free(detection);
}

struct detection_loaded detection_loaded(const struct detection *detection)
{
    return detection ? detection->loaded : (struct detection_loaded){0};
}

bool detection_scan(const struct detection *detection, unsigned workers, struct metrics *metrics,
    struct file_scan **out)
{
    *out = NULL;
    if (!detection->yara && detection->config->clamd.socket[0] == '\0')
        return true;
    *out = file_scan_create(detection->yara, detection->config, workers, metrics);
    return *out != NULL;
}

static void end_former(struct detection *d, hit_sink *sink, void *context)
{
    if (!d->ended)
        return;
    if (d->ended->sigma_state)
        sigma_settle_end(d->ended->sigma_state, sink, context);
    contents_let_go(d->contents, d->ended);
    d->ended = NULL;
}

// A hit with a `settle`, given to its source; the others hold as they are.
void detection_settle(
    struct detection *detection, const struct hit *hit, hit_sink *sink, void *context)
{
    const struct content *content = detection->settling;
    end_former(detection, sink, context);
    struct bytes detector = bytes_from_text(hit->detector);
    if (hit->settle && bytes_start_with(detector, BYTES("rules."))) {
        rules_settle(detection->rules_ordered, hit, sink, context);
        return;
    }
    if (hit->settle && bytes_start_with(detector, BYTES("sigma."))) {
        sigma_settle(content->sigma_state, hit, sink, context);
        return;
    }
    bool intel = bytes_start_with(detector, BYTES("intel."));
    if (!intel || !hit->settle || intel_settle(content->intel_state, hit, sink, context))
        sink(context, hit);
}

void detection_end(
    struct detection *detection, struct metrics *metrics, hit_sink *sink, void *context)
{
    if (detection && detection->rules_ordered)
        metrics->rules_dataset_memcap = rules_ordered_refused(detection->rules_ordered);
    if (!detection)
        return;
    end_former(detection, sink, context);
    if (detection->settling && detection->settling->sigma_state)
        sigma_settle_end(detection->settling->sigma_state, sink, context);
}

struct content *detection_content(struct detection *detection)
{
    return detection ? contents_now(detection->contents) : NULL;
}

void detection_let_go(struct detection *detection, struct content *content)
{
    if (detection)
        contents_let_go(detection->contents, content);
}

// The states of the former content are ended with the next hit, or at the end.
void detection_settle_as(struct detection *detection, struct content *content)
{
    if (!detection || content == detection->settling)
        return;
    if (detection->ended)
        contents_let_go(detection->contents, detection->ended); // it told nothing since
    detection->ended = detection->settling;
    detection->settling = contents_hold(detection->contents, content);
}

bool detection_take(struct detection_worker *worker, struct content *content)
{
    if (content == worker->now)
        return true;
    struct sigma_worker *sigma = content->sigma ? sigma_worker_create(content->sigma) : NULL;
    bool good = (sigma || !content->sigma) &&
                (!worker->rules || rules_worker_swap(worker->rules, content->rules));
    if (!good) {
        sigma_worker_destroy(sigma);
        return false;
    }
    sigma_worker_destroy(worker->sigma);
    worker->sigma = sigma;
    contents_let_go(worker->detection->contents, worker->now);
    worker->now = contents_hold(worker->detection->contents, content);
    return true;
}

static bool seat_rules(struct detection_worker *w, const struct detection_seat *seat)
{
    struct rule_set *set = w->now->rules;
    if (!set)
        return true;
    w->rules = rules_worker_create(&(struct rules_seat){.config = seat->config,
                                       .pool = seat->pool,
                                       .metrics = seat->metrics,
                                       .engine = seat->engine,
                                       .sink = seat->sink,
                                       .sink_context = seat->context,
                                       .costs = w->detection->rule_costs},
        set);
    if (w->rules)
        flow_table_consumer(seat->flows, rules_worker_handler(w->rules));
    return w->rules != NULL;
}

struct detection_worker *detection_worker_create(
    struct detection *detection, const struct detection_seat *seat)
{
    struct detection_worker *w = base_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->detection = detection;
    w->sink = seat->sink;
    w->context = seat->context;
    w->metrics = seat->metrics;
    w->now = contents_now(detection->contents);
    w->sigma = w->now->sigma ? sigma_worker_create(w->now->sigma) : NULL;
    if ((w->sigma || !w->now->sigma) && seat_rules(w, seat))
        return w;
    detection_worker_destroy(w);
    return NULL;
}

void detection_worker_destroy(struct detection_worker *worker)
{
    if (!worker)
        return;
    rules_worker_destroy(worker->rules);
    sigma_worker_destroy(worker->sigma);
    contents_let_go(worker->detection->contents, worker->now);
    base_free(worker);
}

void detection_packet(struct detection_worker *worker, const struct decoded *packet)
{
    if (worker->rules)
        rules_worker_packet(worker->rules, packet);
}

void detection_record(struct detection_worker *worker, const struct record *record)
{
    if (worker->now->intel)
        intel_record(worker->now->intel, record, worker->metrics, worker->sink, worker->context);
    if (worker->sigma)
        sigma_record(worker->sigma, record, worker->sink, worker->context);
}
