// SPDX-License-Identifier: Apache-2.0
#include "cmd/load_intel.h"
#include "base/alloc.h"
#include <stdio.h>

enum { TOLD_MOST = 10, MESSAGE_BYTES = 5000, NUMBER_BYTES = 24, PERCENT_STEP = 10 };

struct telling {
    struct voice voice;
    int next_percent; // told when it is reached
};

// Long loads say how far they are, so that nobody takes them for stuck.
static void tell_progress(void *context, double share, const char *path)
{
    struct telling *telling = context;
    int percent = (int)(share * 100);
    if (percent < telling->next_percent || percent >= 100)
        return;
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%d", percent);
    struct text_arg arg = {"percent", bytes_from_text(number)};
    voice_tell(telling->voice, LOG_LEVEL_INFO, TEXT_INTEL_LOADING, path, &arg, 1);
    telling->next_percent = percent / PERCENT_STEP * PERCENT_STEP + PERCENT_STEP;
}

static void tell_problem(struct voice voice, const struct intel_problem *problem)
{
    char message[MESSAGE_BYTES];
    enum log_level level = problem->whole_file ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    (void)intel_problem_text(problem, voice.json ? LANG_EN : voice.lang, message, sizeof message);
    voice_say(voice, level, message, NULL);
}

// Files that are left out whole are all told; of single values the first.
static void tell_problems(struct voice voice, const struct intel_report *report)
{
    uint64_t told = 0, left = report->problems_more;
    for (size_t i = 0; i < report->problems_count; i++) {
        bool tell = report->problems[i].whole_file || told < TOLD_MOST;
        if (tell)
            tell_problem(voice, &report->problems[i]);
        told += tell;
        left += !tell;
    }
    if (left == 0)
        return;
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%llu", (unsigned long long)left);
    struct text_arg arg = {"count", bytes_from_text(number)};
    voice_tell(voice, LOG_LEVEL_WARNING, TEXT_INTEL_MORE_PROBLEMS, NULL, &arg, 1);
}

static uint64_t refused_in(const struct intel_report *report)
{
    uint64_t refused = 0;
    for (size_t i = 0; i < report->files_count; i++)
        refused += report->files[i].refused + report->files[i].failed;
    return refused;
}

enum cmd_exit load_intel(const struct detection_paths *paths, const struct config *config,
    struct voice voice, struct intel **out, uint64_t *refused)
{
    *out = NULL;
    if (paths->count + config->intel.files_count == 0)
        return CMD_DONE;
    struct telling telling = {voice, PERCENT_STEP};
    struct intel_options options = {.config = config,
        .paths = paths->paths,
        .paths_count = paths->count,
        .progress = tell_progress,
        .progress_context = &telling};
    struct intel_report report;
    *out = intel_load(&options, &report);
    tell_problems(voice, &report);
    *refused += refused_in(&report);
    bool unreadable = report.unreadable;
    bool nothing = *out && intel_count(*out) + report.patterns == 0 &&
                   (report.files_count == 0 || refused_in(&report));
    if (nothing && !unreadable)
        voice_nothing_loaded(voice, paths->count ? paths->paths[0] : config->intel.files[0]);
    intel_report_finish(&report);
    if (!*out)
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL, 0);
    if (*out && !unreadable && !nothing)
        return CMD_DONE;
    intel_destroy(*out);
    enum cmd_exit status = *out ? CMD_USAGE : CMD_FAILED;
    *out = NULL;
    return status;
}
