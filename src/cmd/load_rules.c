// SPDX-License-Identifier: Apache-2.0
// Rules of a run: loaded, and what is wrong with them told.
#include "cmd/load_rules.h"
#include "schema/reason.h"
#include <stdio.h>

enum {
    TOLD_MOST = 20,            // problems told one by one
    PATHS_MOST = 2 * 64 + 256, // of the command line and of the configuration
};

struct telling {
    struct voice voice;
    uint32_t told[2]; // warnings; what does not load
};

// What a loader says of a rule, in English as compilers speak: file:line: keyword: what.
static void tell_rule(void *context, const struct rule_note *note)
{
    struct telling *telling = context;
    char text[1024], line[24] = "";
    if (telling->told[note->trouble != RULE_WARNING]++ >= TOLD_MOST)
        return;
    struct bytes what =
        reason_in(bytes_from_text(note->what), telling->voice.json ? LANG_EN : telling->voice.lang);
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
    uint32_t left = 0;
    for (size_t i = 0; i < 2; i++)
        left += telling->told[i] > TOLD_MOST ? telling->told[i] - TOLD_MOST : 0;
    if (left == 0)
        return;
    snprintf(number, sizeof number, "%u", left);
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
    else if (report->loaded + report->skipped + report->disabled == 0)
        return voice_nothing_loaded(voice, path);
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
