// SPDX-License-Identifier: Apache-2.0
#include "cmd/detection.h"
#include "base/alloc.h"
#include "cmd/load_intel.h"
#include "cmd/load_rules.h"
#include "cmd/load_sigma.h"
#include "cmd/load_yara.h"
#include "flow/flow.h"
#include "schema/reason.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct detection {
    const struct config *config;
    struct rule_set *rules; // NULL: none
    struct rules_ordered *rules_ordered;
    struct rules_reload *rules_reload;
    struct rule_cost *rule_costs; // one a rule; NULL: nobody asks
    struct intel *intel;          // NULL: none
    struct intel_state *intel_state;
    struct sigma *sigma; // NULL: none
    struct sigma_state *sigma_state;
    struct detection_loaded loaded;
    struct file_rules *yara; // NULL: none
};

struct detection_worker {
    struct detection *detection;
    struct rules_worker *rules; // NULL: none
    const struct rule_set *rules_now;
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

static enum cmd_exit detection_load_rules(
    struct detection *d, const struct detection_paths *paths, struct voice voice)
{
    enum cmd_exit status = load_rules(paths, d->config, voice, &d->rules, &d->loaded);
    if (status != CMD_DONE || !d->rules)
        return status;
    d->rules_ordered = rules_ordered_create(d->config);
    d->rules_reload = rules_reload_create(paths, d->config, voice, d->rules);
    return d->rules_ordered && d->rules_reload ? CMD_DONE : CMD_FAILED;
}

static enum cmd_exit detection_load_intel(
    struct detection *d, const struct detection_paths *paths, struct voice voice)
{
    enum cmd_exit status = load_intel(paths, d->config, voice, &d->intel, &d->loaded.refused);
    if (status != CMD_DONE || !d->intel)
        return status;
    d->loaded.indicators = intel_count(d->intel);
    d->intel_state = intel_state_create(d->intel);
    return d->intel_state ? CMD_DONE : CMD_FAILED;
}

static enum cmd_exit detection_load_sigma(
    struct detection *d, const struct detection_paths *paths, struct voice voice)
{
    enum cmd_exit status = load_sigma(paths, d->config, voice, &d->sigma, &d->loaded.refused);
    if (status != CMD_DONE || !d->sigma)
        return status;
    d->loaded.sigma = sigma_count(d->sigma);
    d->sigma_state = sigma_state_create(d->sigma, d->config);
    return d->sigma_state ? CMD_DONE : CMD_FAILED;
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
    enum cmd_exit status = detection_load_rules(d, &options->rules, voice);
    if (status == CMD_DONE)
        status = detection_load_intel(d, &options->intel, voice);
    if (status == CMD_DONE)
        status = detection_load_sigma(d, &options->sigma, voice);
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
    d->rules = rules_hold(set);
    d->rule_costs = costs;
    d->loaded.rules = rules_count(set);
    d->rules_ordered = rules_ordered_create(config);
    if (d->rules_ordered)
        return d;
    detection_destroy(d);
    return NULL;
}

void detection_destroy(struct detection *detection)
{
    if (!detection)
        return;
    rules_reload_destroy(detection->rules_reload);
    rules_ordered_destroy(detection->rules_ordered);
    rules_release(detection->rules);
    intel_state_destroy(detection->intel_state);
    intel_destroy(detection->intel);
    sigma_state_destroy(detection->sigma_state);
    sigma_destroy(detection->sigma);
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

// A hit with a `settle`, given to its source; the others hold as they are.
void detection_settle(
    struct detection *detection, const struct hit *hit, hit_sink *sink, void *context)
{
    struct bytes detector = bytes_from_text(hit->detector);
    if (hit->settle && bytes_start_with(detector, BYTES("rules."))) {
        rules_settle(detection->rules_ordered, hit, sink, context);
        return;
    }
    if (hit->settle && bytes_start_with(detector, BYTES("sigma."))) {
        sigma_settle(detection->sigma_state, hit, sink, context);
        return;
    }
    bool intel = bytes_start_with(detector, BYTES("intel."));
    if (!intel || !hit->settle || intel_settle(detection->intel_state, hit, sink, context))
        sink(context, hit);
}

void detection_end(
    struct detection *detection, struct metrics *metrics, hit_sink *sink, void *context)
{
    if (detection && detection->rules_ordered)
        metrics->rules_dataset_memcap = rules_ordered_refused(detection->rules_ordered);
    if (detection && detection->sigma_state)
        sigma_settle_end(detection->sigma_state, sink, context);
}

struct rule_set *detection_rules(struct detection *detection)
{
    return detection && detection->rules_reload ? rules_reload_now(detection->rules_reload) : NULL;
}

void detection_take_rules(struct detection_worker *worker, struct rule_set *rules)
{
    if (!worker->rules || !rules || rules == worker->rules_now)
        return;
    if (rules_worker_swap(worker->rules, rules))
        worker->rules_now = rules; // the rules_worker holds it
}

static bool seat_rules(struct detection_worker *w, const struct detection_seat *seat)
{
    struct rule_set *set = w->detection->rules;
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
    w->rules_now = set;
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
    w->sigma = detection->sigma ? sigma_worker_create(detection->sigma) : NULL;
    if ((w->sigma || !detection->sigma) && seat_rules(w, seat))
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
    base_free(worker);
}

void detection_packet(struct detection_worker *worker, const struct decoded *packet)
{
    if (worker->rules)
        rules_worker_packet(worker->rules, packet);
}

void detection_record(struct detection_worker *worker, const struct record *record)
{
    const struct detection *d = worker->detection;
    if (d->intel)
        intel_record(d->intel, record, worker->metrics, worker->sink, worker->context);
    if (worker->sigma)
        sigma_record(worker->sigma, record, worker->sink, worker->context);
}
