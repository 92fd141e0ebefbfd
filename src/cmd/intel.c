// SPDX-License-Identifier: Apache-2.0
// yagura intel check PATH...: what of indicators and warning lists would be loaded, and what not.
#include "intel/intel.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/layout.h"
#include <getopt.h>
#include <string.h>
#include <time.h>

enum {
    PATHS = 256, // of one kind
    PATH_WIDTH = 46,
    NUMBER_WIDTH = 12,
    FORMAT_WIDTH = 14,
    MESSAGE_BYTES = 5000,
};

struct check {
    const char *paths[PATHS];
    const char *warning_lists[PATHS];
    size_t paths_count, warning_lists_count;
    const char *config;
    bool json;
    enum lang lang;
};

static void cell_number(uint64_t n)
{
    char room[LAYOUT_NUMBER];
    layout_number(n, room);
    layout_cell_right(room, NUMBER_WIDTH);
}

// The end of a path tells more than its beginning.
static void cell_path(struct bytes path)
{
    if (path.len >= PATH_WIDTH)
        path = bytes_from(path, path.len - PATH_WIDTH + 2);
    cmd_safe(stdout, path);
    size_t width = layout_width(path);
    printf("%*s", width < PATH_WIDTH ? (int)(PATH_WIDTH - width) : 1, "");
}

static void print_files(const struct intel_report *report, enum lang lang)
{
    layout_cell(text(TEXT_INTEL_COL_FILE, lang), PATH_WIDTH);
    layout_cell(text(TEXT_INTEL_COL_FORMAT, lang), FORMAT_WIDTH);
    layout_cell_right(text(TEXT_INTEL_COL_ADDED, lang), NUMBER_WIDTH);
    layout_cell_right(text(TEXT_INTEL_COL_DUPLICATES, lang), NUMBER_WIDTH);
    layout_cell_right(text(TEXT_INTEL_COL_EXPIRED, lang), NUMBER_WIDTH);
    layout_cell_right(text(TEXT_INTEL_COL_UNSEEN, lang), NUMBER_WIDTH);
    layout_cell_right(text(TEXT_INTEL_COL_REFUSED, lang), NUMBER_WIDTH);
    putchar('\n');
    for (size_t i = 0; i < report->files_count; i++) {
        const struct intel_file_report *f = &report->files[i];
        char format[FORMAT_WIDTH];
        snprintf(format, sizeof format, "%.*s", (int)f->format.len, (const char *)f->format.data);
        cell_path(f->path);
        layout_cell(format, FORMAT_WIDTH);
        cell_number(f->added);
        cell_number(f->duplicates);
        cell_number(f->expired);
        cell_number(f->unseen);
        cell_number(f->refused);
        printf(
            "%s%s\n", f->failed ? "  " : "", f->failed ? text(TEXT_INTEL_FILE_FAILED, lang) : "");
    }
}

static void print_kinds(const struct intel_report *report, enum lang lang)
{
    printf("\n%s\n", text(TEXT_INTEL_BY_KIND, lang));
    for (size_t k = 0; k < INTEL_KINDS; k++) {
        if (report->kinds[k] == 0)
            continue;
        printf("  ");
        layout_cell(intel_kind_name((enum intel_kind)k), FORMAT_WIDTH);
        cell_number(report->kinds[k]);
        putchar('\n');
    }
}

static void print_total(const struct intel_report *report, uint64_t values, enum lang lang)
{
    char room[8][LAYOUT_NUMBER];
    layout_number(values, room[0]);
    layout_number(report->statements, room[1]);
    layout_bytes(report->bytes, room[2]);
    layout_number(report->warned, room[3]);
    layout_number(report->own, room[4]);
    layout_number(report->patterns, room[5]);
    layout_number(report->expired, room[6]);
    layout_number(report->low_confidence, room[7]);
    const struct text_arg args[] = {{"values", bytes_from_text(room[0])},
        {"statements", bytes_from_text(room[1])}, {"memory", bytes_from_text(room[2])},
        {"warned", bytes_from_text(room[3])}, {"own", bytes_from_text(room[4])},
        {"patterns", bytes_from_text(room[5])}, {"expired", bytes_from_text(room[6])},
        {"low", bytes_from_text(room[7])}};
    putchar('\n');
    cmd_print(stdout, TEXT_INTEL_TOTAL, lang, args, sizeof args / sizeof *args);
    putchar('\n');
}

static void print_problems(const struct intel_report *report, enum lang lang)
{
    char message[MESSAGE_BYTES], room[LAYOUT_NUMBER];
    if (report->problems_count > 0)
        printf("\n%s\n", text(TEXT_INTEL_REMARKS, lang));
    for (size_t i = 0; i < report->problems_count; i++) {
        (void)intel_problem_text(&report->problems[i], lang, message, sizeof message);
        printf("  %s\n", message);
    }
    if (report->problems_more == 0)
        return;
    layout_number(report->problems_more, room);
    struct text_arg arg = {"count", bytes_from_text(room)};
    printf("  ");
    cmd_print(stdout, TEXT_INTEL_MORE_UNTOLD, lang, &arg, 1);
    putchar('\n');
}

// ---- The same for programs.

static void json_number(struct json *j, const char *key, uint64_t n)
{
    json_next(j);
    j->comma = false;
    json_text(j, bytes_from_text(key));
    json_raw(j, ":", 1);
    json_u64(j, n);
    j->comma = true;
}

static void json_file(struct json *j, const struct intel_file_report *f)
{
    json_next(j);
    json_open(j, '{');
    JSON_KEY(j, "path");
    json_text(j, f->path);
    JSON_KEY(j, "format");
    json_text(j, f->format);
    json_number(j, "added", f->added);
    json_number(j, "duplicates", f->duplicates);
    json_number(j, "expired", f->expired);
    json_number(j, "unseen", f->unseen);
    json_number(j, "refused", f->refused);
    JSON_KEY(j, "failed");
    json_bool(j, f->failed);
    json_close(j, '}');
}

static void json_problem(struct json *j, const struct intel_problem *problem)
{
    char message[MESSAGE_BYTES];
    json_next(j);
    json_open(j, '{');
    JSON_KEY(j, "file");
    json_text(j, problem->file);
    if (problem->line)
        json_number(j, "line", problem->line);
    JSON_KEY(j, "value");
    json_text(j, problem->value);
    JSON_KEY(j, "whole_file");
    json_bool(j, problem->whole_file);
    for (enum lang lang = LANG_EN; lang < LANGS; lang++) {
        size_t len = intel_problem_text(problem, lang, message, sizeof message);
        json_next(j);
        j->comma = false;
        json_text(j, lang == LANG_EN ? BYTES("en") : BYTES("ja"));
        json_raw(j, ":", 1);
        json_text(j, bytes_make(message, len));
        j->comma = true;
    }
    json_close(j, '}');
}

static void json_totals(struct json *j, const struct intel_report *report, uint64_t values)
{
    json_number(j, "values", values);
    json_number(j, "statements", report->statements);
    json_number(j, "bytes", report->bytes);
    json_number(j, "on_warning_lists", report->warned);
    json_number(j, "own_or_reserved", report->own);
    json_number(j, "expired", report->expired);
    json_number(j, "low_confidence", report->low_confidence);
    json_number(j, "patterns", report->patterns);
    json_number(j, "remarks_untold", report->problems_more);
    JSON_KEY(j, "kinds");
    json_open(j, '{');
    for (size_t k = 0; k < INTEL_KINDS; k++) {
        if (report->kinds[k])
            json_number(j, intel_kind_name((enum intel_kind)k), report->kinds[k]);
    }
    json_close(j, '}');
}

static void print_json(const struct intel_report *report, uint64_t values)
{
    struct json j;
    json_init(&j);
    json_open(&j, '{');
    json_totals(&j, report, values);
    JSON_KEY(&j, "files");
    json_open(&j, '[');
    for (size_t i = 0; i < report->files_count; i++)
        json_file(&j, &report->files[i]);
    json_close(&j, ']');
    JSON_KEY(&j, "remarks");
    json_open(&j, '[');
    for (size_t i = 0; i < report->problems_count; i++)
        json_problem(&j, &report->problems[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    if (!j.failed)
        printf("%.*s\n", (int)j.len, j.data);
    json_finish(&j);
}

// ---- Doing it.

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

static bool any_failed(const struct intel_report *report)
{
    for (size_t i = 0; i < report->files_count; i++) {
        if (report->files[i].failed)
            return true;
    }
    return false;
}

static enum cmd_exit check_run(const struct check *check, struct config *config)
{
    if (check->warning_lists_count) {
        config->intel.warning_lists = check->warning_lists;
        config->intel.warning_lists_count = check->warning_lists_count;
    }
    struct intel_options options = {.config = config,
        .paths = check->paths,
        .paths_count = check->paths_count,
        .now_us = now_us()};
    struct intel_report report;
    struct intel *intel = intel_load(&options, &report);
    uint64_t values = intel ? intel_count(intel) : 0;
    if (check->json) {
        print_json(&report, values);
    } else {
        print_files(&report, check->lang);
        print_kinds(&report, check->lang);
        print_total(&report, values, check->lang);
        print_problems(&report, check->lang);
    }
    enum cmd_exit status = report.unreadable               ? CMD_USAGE
                           : !intel || any_failed(&report) ? CMD_FAILED
                                                           : CMD_DONE;
    intel_report_finish(&report);
    intel_destroy(intel);
    return status;
}

static bool add_path(const char **paths, size_t *count, const char *path)
{
    if (*count == PATHS)
        return false;
    paths[(*count)++] = path;
    return true;
}

static enum cmd_exit parse(int argc, char **argv, struct check *check)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
        {"config", required_argument, NULL, 'c'}, {"warning-lists", required_argument, NULL, 'w'},
        {NULL, 0, NULL, 0}};
    bool fits = true;
    opterr = 0;
    optind = 2; // behind "check"
    for (int c; (c = getopt_long(argc, argv, ":c:", options, NULL)) != -1;) {
        switch (c) {
        case 'j': check->json = true; break;
        case 'c': check->config = optarg; break;
        case 'w':
            fits = fits && add_path(check->warning_lists, &check->warning_lists_count, optarg);
            break;
        case ':':
            return cmd_usage("intel", TEXT_CMD_OPTION_NEEDS_VALUE, check->lang, argv[optind - 1]);
        default: return cmd_usage("intel", TEXT_CMD_UNKNOWN_OPTION, check->lang, argv[optind - 1]);
        }
    }
    for (int i = optind; i < argc; i++)
        fits = fits && add_path(check->paths, &check->paths_count, argv[i]);
    if (!fits)
        return cmd_usage("intel", TEXT_INTEL_TOO_MANY_PATHS, check->lang, "");
    return CMD_DONE;
}

enum cmd_exit cmd_intel(int argc, char **argv)
{
    struct check check = {.lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO)};
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cmd_put(stdout, TEXT_INTEL_HELP, check.lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (argc < 2 || strcmp(argv[1], "check") != 0)
        return cmd_usage("intel", TEXT_INTEL_WHICH, check.lang, argc < 2 ? "" : argv[1]);
    enum cmd_exit status = parse(argc, argv, &check);
    if (status != CMD_DONE)
        return status;
    struct config config;
    if (!cmd_config(check.config, &config))
        return CMD_USAGE;
    check.lang = cmd_lang(config.output.lang);
    if (check.paths_count + config.intel.files_count == 0)
        status = cmd_usage("intel", TEXT_INTEL_NO_PATHS, check.lang, "");
    else
        status = check_run(&check, &config);
    config_finish(&config);
    return status;
}
