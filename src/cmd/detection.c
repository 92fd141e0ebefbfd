// SPDX-License-Identifier: Apache-2.0
#include "cmd/detection.h"
#include "base/alloc.h"
#include "schema/reason.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

struct detection {
    const struct config *config;
    struct detection_loaded loaded;
};

struct detection_worker {
    struct detection *detection;
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

enum cmd_exit detection_load(const struct detection_options *options, const struct config *config,
    struct voice voice, struct detection **out)
{
    *out = NULL;
    if (!paths_there(&options->rules, voice) || !paths_there(&options->intel, voice) ||
        !paths_there(&options->sigma, voice) || !paths_there(&options->yara, voice))
        return CMD_USAGE;
    if (options->rules.count + options->intel.count + options->sigma.count + options->yara.count ==
        0)
        return CMD_DONE;
    struct detection *d = base_calloc(1, sizeof *d);
    if (!d) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL, 0);
        return CMD_FAILED;
    }
    d->config = config;
    *out = d;
    return CMD_DONE;
}

void detection_destroy(struct detection *detection)
{
    base_free(detection);
}

struct detection_loaded detection_loaded(const struct detection *detection)
{
    return detection ? detection->loaded : (struct detection_loaded){0};
}

// A hit with a `settle`, given to its source; the others hold as they are.
void detection_settle(
    struct detection *detection, const struct hit *hit, hit_sink *sink, void *context)
{
    (void)detection;
    sink(context, hit);
}

struct detection_worker *detection_worker_create(
    struct detection *detection, unsigned index, hit_sink *sink, void *context)
{
    struct detection_worker *w = base_calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->detection = detection;
    w->sink = sink;
    w->context = context;
    (void)index;
    return w;
}

void detection_worker_destroy(struct detection_worker *worker)
{
    base_free(worker);
}

void detection_record(struct detection_worker *worker, const struct record *record)
{
    (void)worker;
    (void)record;
}
