// SPDX-License-Identifier: Apache-2.0
// yagura sigma check PATH...
#include "sigma/sigma.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include <getopt.h>
#include <string.h>

enum { NUMBER_BYTES = 24, MESSAGE_BYTES = 5000 };

static void print_list(
    enum text_id head, const struct sigma_waiting *list, size_t count, enum lang lang)
{
    if (count == 0)
        return;
    cmd_put(stdout, head, lang);
    putchar('\n');
    for (size_t i = 0; i < count; i++) {
        printf("  %6llu  ", (unsigned long long)list[i].rules);
        cmd_safe(stdout, list[i].what);
        putchar('\n');
    }
}

static void print_count(enum text_id id, uint64_t count, enum lang lang)
{
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%llu", (unsigned long long)count);
    struct text_arg arg = {"count", bytes_from_text(number)};
    if (count == 0)
        return;
    cmd_print(stdout, id, lang, &arg, 1);
    putchar('\n');
}

static void print_result(const struct sigma_report *r, enum lang lang)
{
    const struct {
        const char *name;
        uint64_t number;
    } values[] = {{"documents", r->documents}, {"rules", r->rules},
        {"correlations", r->correlations}, {"filters", r->filters}, {"refused", r->refused},
        {"active", r->active}, {"waiting", r->rules - r->active}};
    enum { VALUES = sizeof values / sizeof *values };
    char texts[VALUES][NUMBER_BYTES];
    struct text_arg args[VALUES];
    for (size_t i = 0; i < VALUES; i++) {
        snprintf(texts[i], sizeof texts[i], "%llu", (unsigned long long)values[i].number);
        args[i] = (struct text_arg){values[i].name, bytes_from_text(texts[i])};
    }
    cmd_print(stdout, TEXT_CMD_SIGMA_RESULT, lang, args, VALUES);
    putchar('\n');
}

static void print_all(const struct sigma_report *r, enum lang lang)
{
    char message[MESSAGE_BYTES];
    for (size_t i = 0; i < r->problems_count; i++) {
        FILE *to = r->problems[i].line ? stdout : stderr;
        size_t len = sigma_problem_text(&r->problems[i], lang, message, sizeof message);
        cmd_safe(to, bytes_make(message, len));
        fputc('\n', to);
    }
    print_count(TEXT_CMD_SIGMA_MORE, r->problems_more, lang);
    print_list(TEXT_CMD_SIGMA_WAITING, r->waiting, r->waiting_count, lang);
    print_list(TEXT_CMD_SIGMA_UNKNOWN, r->unknown, r->unknown_count, lang);
    print_count(TEXT_CMD_SIGMA_VARIABLES, r->variables, lang);
    print_result(r, lang);
}

static void put_number(struct json *j, const char *quoted, uint64_t number)
{
    json_key(j, quoted, strlen(quoted));
    json_u64(j, number);
}

static void put_list(struct json *j, const struct sigma_waiting *list, size_t count)
{
    json_open(j, '[');
    for (size_t i = 0; i < count; i++) {
        json_next(j);
        json_open(j, '{');
        JSON_KEY(j, "what");
        json_text(j, list[i].what);
        put_number(j, "\"rules\":", list[i].rules);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_problem(struct json *j, const struct sigma_problem *problem)
{
    char reason[MESSAGE_BYTES];
    struct text_arg args[] = {{"what", problem->what}, {"allowed", problem->allowed}};
    size_t len = text_format(reason, sizeof reason, problem->why, LANG_EN, args, 2);
    json_next(j);
    json_open(j, '{');
    JSON_KEY(j, "file");
    json_text(j, problem->file);
    if (problem->line)
        put_number(j, "\"line\":", problem->line);
    JSON_KEY(j, "key");
    json_text(j, problem->key);
    JSON_KEY(j, "reason");
    json_text(j, bytes_make(reason, len));
    json_close(j, '}');
}

static void print_json(const struct sigma_report *r)
{
    struct json j;
    json_init(&j);
    json_open(&j, '{');
    put_number(&j, "\"files\":", r->files);
    put_number(&j, "\"documents\":", r->documents);
    put_number(&j, "\"rules\":", r->rules);
    put_number(&j, "\"active\":", r->active);
    put_number(&j, "\"correlations\":", r->correlations);
    put_number(&j, "\"filters\":", r->filters);
    put_number(&j, "\"refused\":", r->refused);
    put_number(&j, "\"variables\":", r->variables);
    JSON_KEY(&j, "waiting");
    put_list(&j, r->waiting, r->waiting_count);
    JSON_KEY(&j, "unknown_fields");
    put_list(&j, r->unknown, r->unknown_count);
    JSON_KEY(&j, "problems");
    json_open(&j, '[');
    for (size_t i = 0; i < r->problems_count; i++)
        put_problem(&j, &r->problems[i]);
    json_close(&j, ']');
    put_number(&j, "\"problems_more\":", r->problems_more);
    json_close(&j, '}');
    json_raw(&j, "\n", 1);
    if (!j.failed)
        fwrite(j.data, 1, j.len, stdout);
    json_finish(&j);
}

static enum cmd_exit check(const struct config *config, const char *const *paths, size_t count,
    bool as_json, enum lang lang)
{
    struct sigma_options options = {.config = config, .paths = paths, .paths_count = count};
    struct sigma_report report;
    struct sigma *sigma = sigma_load(&options, &report);
    bool loaded = sigma != NULL;
    if (as_json)
        print_json(&report);
    else
        print_all(&report, lang);
    if (!loaded)
        cmd_put(stderr, TEXT_SIGMA_NO_MEMORY, lang);
    enum cmd_exit status = report.unreadable               ? CMD_USAGE
                           : !loaded || report.refused > 0 ? CMD_FAILED
                                                           : CMD_DONE;
    sigma_destroy(sigma);
    sigma_report_finish(&report);
    return status;
}

enum cmd_exit cmd_sigma(int argc, char **argv)
{
    static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    const char *config_path = NULL;
    bool as_json = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":c:h", longs, NULL)) != -1;) {
        switch (c) {
        case 'c': config_path = optarg; break;
        case 'j': as_json = true; break;
        case 'h':
            cmd_put(stdout, TEXT_CMD_SIGMA_HELP, lang);
            putchar('\n');
            return CMD_DONE;
        case ':': return cmd_usage("sigma", TEXT_CMD_OPTION_NEEDS_VALUE, lang, argv[optind - 1]);
        default: return cmd_usage("sigma", TEXT_CMD_UNKNOWN_OPTION, lang, argv[optind - 1]);
        }
    }
    if (argc - optind < 2 || strcmp(argv[optind], "check") != 0)
        return cmd_usage("sigma", TEXT_CMD_SIGMA_WHAT, lang, "");
    struct config config;
    if (!cmd_config(config_path, &config))
        return CMD_USAGE;
    config.sigma.files_count = 0; // what is to be checked stands on the command line
    enum cmd_exit status = check(&config, (const char *const *)&argv[optind + 1],
        (size_t)(argc - optind - 1), as_json, cmd_lang(config.output.lang));
    config_finish(&config);
    return status;
}
