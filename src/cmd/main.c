// SPDX-License-Identifier: Apache-2.0
// yagura COMMAND: one file a command, named in cmd.def.
#include "base/log.h"
#include "cmd/cmd.h"
#include "schema/reason.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

static const struct command commands[] = {
#define COMMAND(name, line) {#name, line, cmd_##name},
#include "cmd/cmd.def"
#undef COMMAND
};

enum { COMMANDS = sizeof commands / sizeof *commands };

// check_config in the list is check-config to people.
static bool is_named(const struct command *command, const char *word)
{
    size_t i = 0;
    for (; command->name[i] && word[i]; i++)
        if ((command->name[i] == '_' ? '-' : command->name[i]) != word[i])
            return false;
    return command->name[i] == word[i];
}

static void print_name(FILE *to, const struct command *command)
{
    int n = 0;
    for (; command->name[n]; n++)
        fputc(command->name[n] == '_' ? '-' : command->name[n], to);
    fprintf(to, "%*s", 16 - n, "");
}

static void help(FILE *to, enum lang lang)
{
    cmd_put(to, TEXT_CMD_ABOUT, lang);
    fputs("\n\n", to);
    cmd_put(to, TEXT_CMD_USAGE, lang);
    fputs("\n\n", to);
    cmd_put(to, TEXT_CMD_COMMANDS, lang);
    fputc('\n', to);
    for (size_t i = 0; i < COMMANDS; i++) {
        fputs("  ", to);
        print_name(to, &commands[i]);
        cmd_put(to, commands[i].line, lang);
        fputc('\n', to);
    }
    fputc('\n', to);
    cmd_put(to, TEXT_CMD_GENERAL, lang);
    fputc('\n', to);
}

// A command of which word is a beginning or a misspelling of at most two letters; NULL: none.
static const char *nearest(const char *word, char room[32])
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].name;
        if (word[0] == name[0] && word[0] != '\0') {
            size_t n = 0;
            for (; name[n] && n < 31; n++)
                room[n] = name[n] == '_' ? '-' : name[n];
            room[n] = '\0';
            return room;
        }
    }
    return NULL;
}

// What the plan has for later versions is not a misspelling of anything.
static bool comes_later(const char *word)
{
    static const char *const later[] = {"run", "sensor", "center", "hunt", "report", "verify",
        "update", "user", "backup", "restore", "status"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        if (strcmp(word, later[i]) == 0)
            return true;
    return false;
}

static enum cmd_exit unknown(const char *word)
{
    enum lang lang = cmd_lang(CONFIG_OUTPUT_LANG_AUTO);
    if (comes_later(word))
        return cmd_usage("--help", TEXT_CMD_LATER, lang, word);
    if (word[0] == '-')
        return cmd_usage("--help", TEXT_CMD_UNKNOWN_OPTION, lang, word);
    char room[32];
    const char *near = nearest(word, room);
    struct text_arg args[] = {{"word", bytes_from_text(word)}, {"near", bytes_from_text(near)}};
    fputs("yagura: ", stderr);
    cmd_print(stderr, near ? TEXT_CMD_UNKNOWN_NEAR : TEXT_CMD_UNKNOWN, lang, args, near ? 2 : 1);
    fputs("\n", stderr);
    cmd_put(stderr, TEXT_CMD_USAGE, lang);
    fputs("\n", stderr);
    return CMD_USAGE;
}

// What was printed must have arrived. A reader that has seen enough (EPIPE) needs no message.
static enum cmd_exit flushed(enum cmd_exit status, enum lang lang)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno != EPIPE) {
        struct text_arg args[] = {{"reason", bytes_from_text(reason_of_errno(errno, lang))}};
        fputs("yagura: ", stderr);
        cmd_print(stderr, TEXT_CMD_CANNOT_PRINT, lang, args, 1);
        fputs("\n", stderr);
    }
    return status == CMD_DONE ? CMD_FAILED : status;
}

// A file opened later must not be taken for a standard stream that was closed. Using the stream
// stays an error: what stands in its place is open the wrong way.
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
            return;
}

int main(int argc, char **argv)
{
    hold_standard_streams();
    signal(SIGPIPE, SIG_IGN); // a closed pipe is a write error, told as one
    signal(SIGXFSZ, SIG_IGN); // and so is a file that has grown to its limit
    enum lang lang = cmd_lang_of_arguments(&argc, argv);
    if (argc < 2) {
        help(stderr, lang);
        return CMD_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout, lang);
        return (int)flushed(CMD_DONE, lang);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("yagura " YAGURA_VERSION);
        return (int)flushed(CMD_DONE, lang);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (is_named(&commands[i], argv[1])) {
            enum cmd_exit status = flushed(commands[i].run(argc - 1, &argv[1]), lang);
            log_finish();
            return (int)status;
        }
    return (int)unknown(argv[1]);
}
