// SPDX-License-Identifier: Apache-2.0
#include "cmd/cmd.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

enum { TEXT_ROOM = 8192, ERROR_ROOM = 1024, SAFE_ROOM = 512 };

static enum lang chosen; // by --lang
static bool is_chosen = false;

static enum lang lang_of_environment(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return strncmp(value, "ja", 2) == 0 ? LANG_JA : LANG_EN;
    }
    return LANG_EN;
}

enum lang cmd_lang(enum config_output_lang wanted)
{
    if (is_chosen)
        return chosen;
    if (wanted == CONFIG_OUTPUT_LANG_AUTO)
        return lang_of_environment();
    return wanted == CONFIG_OUTPUT_LANG_JA ? LANG_JA : LANG_EN;
}

// Takes "--lang WORD" or "--lang=WORD" at argv[at] out of the arguments.
static void take_lang(int *argc, char **argv, int at)
{
    bool joined = argv[at][6] == '=';
    const char *word = joined ? &argv[at][7] : at + 1 < *argc ? argv[at + 1] : "";
    int used = joined ? 1 : 2;
    if (!joined && at + 1 == *argc)
        exit((int)cmd_usage("--help", TEXT_CMD_LANG_NEEDS_VALUE, lang_of_environment(), ""));
    if (strcmp(word, "en") != 0 && strcmp(word, "ja") != 0)
        exit((int)cmd_usage("--help", TEXT_CMD_BAD_LANG, lang_of_environment(), word));
    is_chosen = true;
    chosen = strcmp(word, "ja") == 0 ? LANG_JA : LANG_EN;
    for (int i = at; i + used <= *argc; i++)
        argv[i] = argv[i + used];
    *argc -= used;
}

enum lang cmd_lang_of_arguments(int *argc, char **argv)
{
    for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--lang", 6) == 0 && (argv[i][6] == '=' || argv[i][6] == '\0'))
            take_lang(argc, argv, i--);
    return cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
}

void cmd_print(FILE *to, enum text_id id, enum lang lang, const struct text_arg *args, size_t count)
{
    char room[TEXT_ROOM];
    size_t len = text_format(room, sizeof room, id, lang, args, count);
    fwrite(room, 1, len, to);
}

void cmd_put(FILE *to, enum text_id id, enum lang lang)
{
    fputs(text(id, lang), to);
}

void cmd_safe(FILE *to, struct bytes b)
{
    char room[SAFE_ROOM];
    size_t len = utf8_print(b, room, sizeof room);
    fwrite(room, 1, len, to);
}

enum cmd_exit cmd_usage(const char *command, enum text_id id, enum lang lang, const char *word)
{
    char room[SAFE_ROOM];
    size_t len = utf8_print(bytes_from_text(word), room, sizeof room);
    struct text_arg arg = {"word", bytes_make(room, len)};
    fprintf(stderr, "yagura: ");
    cmd_print(stderr, id, lang, &arg, 1);
    fputc('\n', stderr);
    if (command[0] != '-') {
        struct text_arg help = {"word", bytes_from_text(command)};
        cmd_print(stderr, TEXT_CMD_TRY_HELP, lang, &help, 1);
        fputc('\n', stderr);
    }
    return CMD_USAGE;
}

bool cmd_config(const char *path, struct config *config)
{
    char error[ERROR_ROOM];
    *config = config_defaults;
    if (!path || config_load(config, path, cmd_lang(CONFIG_OUTPUT_LANG_AUTO), error, sizeof error))
        return true;
    fprintf(stderr, "yagura: %s\n", error);
    return false;
}
