// SPDX-License-Identifier: Apache-2.0
// yagura yara check PATH...
#include "cmd/cmd.h"
#include "file/file.h"
#include <string.h>

static void tell(void *, const struct file_rules_note *note)
{
    FILE *out = note->trouble == FILE_RULES_UNREADABLE ? stderr : stdout;
    cmd_safe(out, bytes_from_text(note->file));
    if (note->line)
        fprintf(out, ":%u", note->line);
    fputs(": ", out);
    if (note->rule.len) {
        cmd_safe(out, note->rule);
        fputs(": ", out);
    }
    cmd_safe(out, bytes_from_text(note->what));
    fputc('\n', out);
}

static void print_result(const struct file_rules_report *report, enum lang lang)
{
    const struct {
        const char *name;
        uint32_t number;
    } values[] = {{"files", report->files}, {"rules", report->rules}, {"loaded", report->loaded},
        {"failed", report->failed + report->unreadable}, {"off", report->off},
        {"slow", report->slow}};
    enum { VALUES = sizeof values / sizeof *values };
    char texts[VALUES][12];
    struct text_arg args[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        snprintf(texts[i], sizeof texts[i], "%u", values[i].number);
        args[i] = (struct text_arg){values[i].name, bytes_from_text(texts[i])};
    }
    cmd_print(stdout, TEXT_CMD_YARA_RESULT, lang, args, VALUES);
    putchar('\n');
}

enum cmd_exit cmd_yara(int argc, char **argv)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cmd_put(stdout, TEXT_CMD_YARA_HELP, lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (argc < 2 || strcmp(argv[1], "check") != 0)
        return cmd_usage("yara", TEXT_CMD_YARA_WHAT, lang, "");
    if (argc > 2 && argv[2][0] == '-')
        return cmd_usage("yara", TEXT_CMD_UNKNOWN_OPTION, lang, argv[2]);
    if (argc < 3)
        return cmd_usage("yara", TEXT_CMD_YARA_WHAT, lang, "");
    struct file_rules_report report = {.tell = tell, .costs = true};
    struct file_rules *rules =
        file_rules_load((const char *const *)&argv[2], (size_t)argc - 2, &report);
    if (rules || report.unreadable == 0)
        print_result(&report, lang);
    bool good = report.failed + report.unreadable + report.off == 0;
    file_rules_destroy(rules);
    return !rules ? CMD_USAGE : good ? CMD_DONE : CMD_FAILED;
}
