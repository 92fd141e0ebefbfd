// SPDX-License-Identifier: Apache-2.0
#include "cmd/load_rules.h"
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
