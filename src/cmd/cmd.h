// SPDX-License-Identifier: Apache-2.0
// What subcommands share: exit codes, the language of this run, how a line of text is printed.
#pragma once
#include "schema/config.h"
#include "schema/text.h"
#include <stdio.h>

enum cmd_exit { CMD_DONE = 0, CMD_FAILED = 1, CMD_USAGE = 2 };

// argv[0] is the subcommand's name.
struct command {
    const char *name;
    enum text_id line; // what it does, in one line
    enum cmd_exit (*run)(int argc, char **argv);
};

// --lang on the command line, else `output.lang`, else LC_ALL, LC_MESSAGES, LANG: Japanese for ja*.
enum lang cmd_lang(enum config_output_lang wanted);

// Take --lang out of the arguments, wherever it stands; exits 2 when its value is wrong.
enum lang cmd_lang_of_arguments(int *argc, char **argv);

// Print bytes from anywhere so that they cannot drive a terminal.
void cmd_safe(FILE *to, struct bytes b);

// Print a text with its blanks filled, without a line end.
void cmd_print(
    FILE *to, enum text_id id, enum lang lang, const struct text_arg *args, size_t count);

// The same for texts without blanks.
void cmd_put(FILE *to, enum text_id id, enum lang lang);

// "yagura read: MESSAGE" on standard error, then how to get help; returns CMD_USAGE.
enum cmd_exit cmd_usage(const char *command, enum text_id id, enum lang lang, const char *word);

// Read a configuration file, or the defaults when path is NULL. False: told on standard error.
[[nodiscard]] bool cmd_config(const char *path, struct config *config);

#define COMMAND(name, line) enum cmd_exit cmd_##name(int argc, char **argv);
#include "cmd/cmd.def"
#undef COMMAND
