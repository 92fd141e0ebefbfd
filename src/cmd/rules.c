// SPDX-License-Identifier: Apache-2.0
// yagura rules check FILE...: what loads, what does not and why, what is costly.
#include "base/alloc.h"
#include "base/arena.h"
#include "cmd/rules_print.h"
#include "cmd/voice.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_MOST = 1'000'000, CAPTURES_MOST = 64 };
#define NOTES_BYTES ((size_t)512 << 20)

struct arguments {
    bool json, disabled, all, costly, help;
    const char *captures[CAPTURES_MOST];
    size_t captures_count;
    const char *config;
    const char *const *paths;
    size_t count;
};

static void keep_note(void *context, const struct rule_note *note)
{
    struct rules_check *check = context;
    if (check->count == check->room) {
        size_t room = check->room ? check->room * 2 : 256;
        struct rules_noted *grown =
            room <= NOTES_MOST ? base_realloc(check->notes, room * sizeof *grown) : NULL;
        if (!grown) {
            check->out_of_memory = true;
            return;
        }
        check->notes = grown;
        check->room = room;
    }
    check->notes[check->count++] = (struct rules_noted){
        .trouble = note->trouble,
        .line = note->line,
        .column = note->column,
        .gid = note->gid,
        .sid = note->sid,
        .file = arena_copy(check->memory, bytes_from_text(note->file)),
        .keyword = arena_copy(check->memory, note->keyword),
        .what = arena_copy(check->memory, bytes_from_text(note->what)),
    };
}

static void say_unreadable(const struct rules_check *check)
{
    struct voice voice = {.lang = check->lang};
    for (size_t i = 0; i < check->count; i++) {
        const struct rules_noted *note = &check->notes[i];
        if (note->trouble != RULE_UNREADABLE)
            continue;
        char name[4096];
        size_t len = note->file.len < sizeof name - 1 ? note->file.len : sizeof name - 1;
        memcpy(name, note->file.data, len);
        name[len] = '\0';
        struct text_arg reason = {"reason", note->what};
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_UNREADABLE, name, &reason, 1);
    }
}

static int compare_costs(const void *a, const void *b)
{
    const struct rules_ranked *x = a, *y = b;
    if (x->cost.cost != y->cost.cost)
        return x->cost.cost < y->cost.cost ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int compare_times(const void *a, const void *b, void *context)
{
    const struct rule_cost *costs = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (costs[x].ns != costs[y].ns)
        return costs[x].ns < costs[y].ns ? 1 : -1;
    return x < y ? -1 : x > y;
}

static bool rank_rules(
    const struct rules_check *check, const struct rule_set *set, struct rules_rank *rank)
{
    struct rule_cost *measured = check->measured.costs;
    uint32_t count = rules_count(set);
    rank->costs = base_calloc(count + 1u, sizeof *rank->costs);
    rank->tried = base_calloc(count + 1u, sizeof *rank->tried);
    bool good = rank->costs && rank->tried;
    for (uint32_t i = 0; good && i < count; i++) {
        rank->costs[i].index = i;
        good = rules_estimate(set, i, &rank->costs[i].cost);
        if (measured && measured[i].candidates)
            rank->tried[rank->tried_count++] = i;
    }
    if (!good)
        return false;
    rank->count = count;
    qsort(rank->costs, count, sizeof *rank->costs, compare_costs);
    qsort_r(rank->tried, rank->tried_count, sizeof *rank->tried, compare_times, measured);
    return true;
}

static bool print(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, bool json)
{
    struct rules_rank rank = {.costs = NULL};
    bool good = rank_rules(check, set, &rank);
    if (good && json)
        good = rules_print_json(check, report, set, &rank);
    else if (good)
        rules_print(check, report, set, &rank);
    base_free(rank.costs);
    base_free(rank.tried);
    return good;
}

static enum cmd_exit result(const struct rules_check *check, const struct rule_report *report,
    const struct rule_set *set, bool json)
{
    struct voice voice = {.lang = check->lang};
    say_unreadable(check);
    if (report->files == 0 && report->unreadable == 0) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_NONE, NULL, NULL, 0);
        return CMD_USAGE;
    }
    if (!set || check->out_of_memory || !print(check, report, set, json)) {
        voice_tell(voice, LOG_LEVEL_ERROR, TEXT_RULES_CANNOT, NULL, NULL, 0);
        return CMD_FAILED;
    }
    return report->unreadable ? CMD_USAGE : report->failed ? CMD_FAILED : CMD_DONE;
}

static enum cmd_exit check_rules(
    const struct arguments *arguments, const struct config *config, enum lang lang)
{
    struct pool pool;
    struct arena memory;
    pool_init(&pool, NOTES_BYTES);
    arena_init(&memory, &pool, NOTES_BYTES);
    struct rules_check check = {.lang = lang,
        .all = arguments->all,
        .costly = arguments->costly,
        .pool = &pool,
        .memory = &memory};
    struct rule_report report = {.tell = keep_note, .context = &check};
    const char *thresholds = config->rules.threshold_file;
    struct rule_options options = {.config = config,
        .threshold_file = thresholds && thresholds[0] ? thresholds : NULL,
        .disabled_too = arguments->disabled,
        .for_check = true,
        .to_match = arguments->captures_count > 0};
    struct rule_set *set = rules_load(arguments->paths, arguments->count, &options, &report);
    enum cmd_exit measured = CMD_DONE;
    if (set && arguments->captures_count)
        measured = rules_measure(
            set, config, arguments->captures, arguments->captures_count, lang, &check.measured);
    enum cmd_exit status = result(&check, &report, set, arguments->json);
    rules_release(set);
    base_free(check.measured.costs);
    base_free(check.notes);
    arena_reset(&memory);
    pool_finish(&pool);
    return status > measured ? status : measured;
}

// False: told.
static bool read_arguments(int argc, char **argv, enum lang lang, struct arguments *out)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
        {"all", no_argument, NULL, 'a'}, {"costly", no_argument, NULL, 'o'},
        {"capture", required_argument, NULL, 'p'}, {"disabled", no_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:h", options, NULL)) != -1) {
        switch (option) {
        case 'j': out->json = true; break;
        case 'a': out->all = true; break;
        case 'o': out->costly = true; break;
        case 'p':
            if (out->captures_count == CAPTURES_MOST) {
                cmd_usage("rules", TEXT_DETECT_TOO_MANY_PATHS, lang, optarg);
                return false;
            }
            out->captures[out->captures_count++] = optarg;
            break;
        case 'd': out->disabled = true; break;
        case 'h': out->help = true; break;
        case 'c': out->config = optarg; break;
        default:
            cmd_usage("rules",
                option == ':' ? TEXT_CMD_OPTION_NEEDS_VALUE : TEXT_CMD_UNKNOWN_OPTION, lang,
                argv[optind - 1]);
            return false;
        }
    }
    out->paths = (const char *const *)argv + optind;
    out->count = (size_t)(argc - optind);
    return true;
}

enum cmd_exit cmd_rules(int argc, char **argv)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    struct arguments arguments = {0};
    if (!read_arguments(argc, argv, lang, &arguments))
        return CMD_USAGE;
    if (arguments.help) {
        cmd_put(stdout, TEXT_CMD_RULES_HELP, lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (arguments.count == 0 || strcmp(arguments.paths[0], "check") != 0)
        return cmd_usage("rules", TEXT_RULES_SAY_CHECK, lang, "");
    arguments.paths++;
    if (--arguments.count == 0)
        return cmd_usage("rules", TEXT_RULES_NO_FILES, lang, "");
    struct config config;
    if (!cmd_config(arguments.config, &config))
        return CMD_USAGE;
    enum cmd_exit status = check_rules(&arguments, &config, cmd_lang(config.output.lang));
    config_finish(&config);
    return status;
}
