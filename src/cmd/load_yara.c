// SPDX-License-Identifier: Apache-2.0
// YARA rules of a run: loaded, and what is wrong with them told.
#include "cmd/load_yara.h"
#include <stdio.h>

enum {
    TOLD_MOST = 20,      // problems told one by one
    PATHS_MOST = 2 * 64, // of the command line and of the configuration
};

struct telling {
    struct voice voice;
    uint32_t told;
};

static void tell_one(struct telling *telling, const struct file_rules_note *note)
{
    char line[24] = "";
    enum log_level level =
        note->trouble == FILE_RULES_UNREADABLE ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    enum text_id id = note->trouble == FILE_RULES_UNREADABLE ? TEXT_DETECT_YARA_UNREADABLE
                      : note->trouble == FILE_RULES_OFF      ? TEXT_DETECT_YARA_OFF
                                                             : TEXT_DETECT_YARA_OUT;
    if (note->line)
        snprintf(line, sizeof line, ":%u", note->line);
    struct bytes rule = note->rule.len ? note->rule : BYTES("-");
    const struct text_arg args[] = {
        {"reason", bytes_from_text(note->what)}, {"line", bytes_from_text(line)}, {"rule", rule}};
    voice_tell(telling->voice, level, id, note->file, args, 3);
}

static void tell(void *context, const struct file_rules_note *note)
{
    struct telling *telling = context;
    if (note->trouble == FILE_RULES_SLOW) // `yagura yara check` says so
        return;
    if (telling->told++ < TOLD_MOST)
        tell_one(telling, note);
}

static void tell_more(struct telling *telling)
{
    char number[16];
    if (telling->told <= TOLD_MOST)
        return;
    snprintf(number, sizeof number, "%u", telling->told - TOLD_MOST);
    voice_tell(telling->voice, LOG_LEVEL_WARNING, TEXT_DETECT_YARA_MORE, NULL,
        &(struct text_arg){"count", bytes_from_text(number)}, 1);
}

enum cmd_exit load_yara(const struct detection_paths *paths, const struct config *config,
    struct voice voice, struct file_rules **out, struct detection_loaded *loaded)
{
    const char *all[PATHS_MOST];
    size_t count = 0;
    struct telling telling = {.voice = voice};
    struct file_rules_report report = {.tell = tell, .context = &telling};
    for (size_t i = 0; i < paths->count && count < PATHS_MOST; i++)
        all[count++] = paths->paths[i];
    for (size_t i = 0; i < config->yara.files_count && count < PATHS_MOST; i++)
        all[count++] = config->yara.files[i];
    *out = NULL;
    if (count == 0)
        return CMD_DONE;
    *out = file_rules_load(all, count, &report);
    tell_more(&telling);
    if (!*out && report.unreadable == 0)
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_DETECT_YARA_NONE, all[0], NULL, 0);
    if (!*out)
        return CMD_USAGE;
    loaded->yara = file_rules_count(*out);
    if (loaded->yara == 0) {
        file_rules_destroy(*out);
        *out = NULL;
        return voice_nothing_loaded(voice, all[0]);
    }
    loaded->refused += report.failed + report.off + report.unreadable;
    return CMD_DONE;
}
