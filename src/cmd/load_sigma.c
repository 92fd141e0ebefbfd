// SPDX-License-Identifier: Apache-2.0
#include "cmd/load_sigma.h"
#include <stdio.h>

enum { TOLD_MOST = 10, MESSAGE_BYTES = 5000, NUMBER_BYTES = 24 };

static void tell_count(struct voice voice, enum log_level level, enum text_id id, uint64_t count)
{
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%llu", (unsigned long long)count);
    struct text_arg arg = {"count", bytes_from_text(number)};
    voice_tell(voice, level, id, NULL, &arg, 1);
}

static void tell_problems(struct voice voice, const struct sigma_report *report)
{
    char message[MESSAGE_BYTES];
    for (size_t i = 0; i < report->problems_count && i < TOLD_MOST; i++) {
        (void)sigma_problem_text(
            &report->problems[i], voice.json ? LANG_EN : voice.lang, message, sizeof message);
        voice_say(
            voice, report->problems[i].line ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR, message, NULL);
    }
    if (report->problems_count > TOLD_MOST)
        tell_count(voice, LOG_LEVEL_WARNING, TEXT_SIGMA_MORE_PROBLEMS,
            report->problems_count - TOLD_MOST + report->problems_more);
}

enum cmd_exit load_sigma(const struct detection_paths *paths, const struct config *config,
    struct voice voice, struct sigma **out, uint64_t *refused)
{
    *out = NULL;
    if (paths->count + config->sigma.files_count == 0)
        return CMD_DONE;
    struct sigma_options options = {
        .config = config, .paths = paths->paths, .paths_count = paths->count};
    struct sigma_report report;
    *out = sigma_load(&options, &report);
    tell_problems(voice, &report);
    *refused += report.refused;
    bool unreadable = report.unreadable;
    sigma_report_finish(&report);
    if (!*out) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_READ_CANNOT_START, NULL, NULL, 0);
        return CMD_FAILED;
    }
    if (!unreadable && sigma_count(*out))
        return CMD_DONE;
    if (!unreadable)
        voice_nothing_loaded(voice, paths->count ? paths->paths[0] : config->sigma.files[0]);
    sigma_destroy(*out);
    *out = NULL;
    return CMD_USAGE;
}
