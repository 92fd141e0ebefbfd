// SPDX-License-Identifier: Apache-2.0
// yagura detectors: what is looked for, in which phases of an attack, by which of ATT&CK's
// techniques.
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include "cmd/pretty.h"
#include "detect/detect.h"
#include <getopt.h>
#include <string.h>

enum { ID = 24, INDENT = 4, WIDTH = 96 };

static const enum text_id severity_texts[] = {TEXT_DETECT_SEVERITY_INFO, TEXT_DETECT_SEVERITY_LOW,
    TEXT_DETECT_SEVERITY_MEDIUM, TEXT_DETECT_SEVERITY_HIGH};

static void print_severity(const struct detector_view *view, enum lang lang)
{
    fputs(text(severity_texts[view->least], lang), stdout);
    if (view->worst != view->least)
        printf(" – %s", text(severity_texts[view->worst], lang));
}

static void print_list(const char *const *values, size_t count)
{
    struct json words;
    json_init(&words);
    for (size_t i = 0; i < count; i++) {
        if (i)
            json_raw(&words, ", ", 2);
        json_raw(&words, values[i], strlen(values[i]));
    }
    pretty_paragraph(bytes_make(words.data, words.len), INDENT, WIDTH);
    json_finish(&words);
}

static void print_detector(const struct detector_view *view, enum lang lang)
{
    const char *phases[DETECTOR_PHASES];
    for (size_t i = 0; i < view->phases_count; i++)
        phases[i] = view->phases[i][lang];
    printf("\n\n  ");
    layout_cell(view->id, ID);
    printf("%s (", view->name[lang]);
    print_severity(view, lang);
    printf(")");
    if (view->phases_count)
        print_list(phases, view->phases_count);
    if (view->techniques_count)
        print_list(view->techniques, view->techniques_count);
}

static void print_coverage(enum lang lang)
{
    char number[4][LAYOUT_NUMBER];
    struct attack_coverage c = attack_coverage();
    layout_number(detectors_known(), number[0]);
    layout_number(c.techniques, number[1]);
    layout_number(c.tactics, number[2]);
    layout_number(c.all_tactics, number[3]);
    struct text_arg args[] = {{"count", bytes_from_text(number[0])},
        {"techniques", bytes_from_text(number[1])}, {"tactics", bytes_from_text(number[2])},
        {"all", bytes_from_text(number[3])}, {"version", bytes_from_text(c.version)}};
    printf("\n\n");
    cmd_print(stdout, TEXT_DETECT_COVERAGE, lang, args, 5);
    printf("\n");
}

static void print_all(enum lang lang)
{
    fputs(text(TEXT_DETECT_DETECTORS, lang), stdout);
    for (size_t i = 0; i < detectors_known(); i++) {
        struct detector_view view;
        detector_view(i, &view);
        print_detector(&view, lang);
    }
    print_coverage(lang);
}

static enum cmd_exit print_json(void)
{
    struct json out;
    json_init(&out);
    detectors_write_json(&out);
    if (!out.failed)
        printf("%.*s\n", (int)out.len, out.data);
    bool failed = out.failed;
    json_finish(&out);
    return failed ? CMD_FAILED : CMD_DONE;
}

enum cmd_exit cmd_detectors(int argc, char **argv)
{
    static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
        {"navigator", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    bool json = false, navigator = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (c == 'h') {
            cmd_put(stdout, TEXT_CMD_DETECTORS_HELP, lang);
            putchar('\n');
            return CMD_DONE;
        }
        json |= c == 'j';
        navigator |= c == 'n';
        if (c != 'j' && c != 'n')
            return cmd_usage("detectors", TEXT_CMD_UNKNOWN_OPTION, lang, argv[optind - 1]);
    }
    if (optind < argc)
        return cmd_usage("detectors", TEXT_CMD_UNEXPECTED, lang, argv[optind]);
    if (json)
        return print_json();
    if (navigator)
        fputs(detectors_navigator(), stdout);
    else
        print_all(lang);
    return CMD_DONE;
}
