// SPDX-License-Identifier: Apache-2.0
// yagura check-config FILE
#include "cmd/cmd.h"
#include <string.h>

enum cmd_exit cmd_check_config(int argc, char **argv)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cmd_put(stdout, TEXT_CMD_CHECK_CONFIG_HELP, lang);
        putchar('\n');
        return CMD_DONE;
    }
    if (argc == 2 && strcmp(argv[1], "--example") == 0) {
        fputs(config_example, stdout);
        return CMD_DONE;
    }
    if (argc == 2 && argv[1][0] == '-')
        return cmd_usage("check-config", TEXT_CMD_UNKNOWN_OPTION, lang, argv[1]);
    if (argc != 2)
        return cmd_usage("check-config", TEXT_CMD_ONE_FILE, lang, "");
    struct config config;
    if (!cmd_config(argv[1], &config))
        return CMD_USAGE;
    struct text_arg file = {"file", bytes_from_text(argv[1])};
    cmd_print(stdout, TEXT_CMD_CONFIG_GOOD, cmd_lang(config.output.lang), &file, 1);
    putchar('\n');
    config_finish(&config);
    return CMD_DONE;
}
