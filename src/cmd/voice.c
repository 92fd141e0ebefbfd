// SPDX-License-Identifier: Apache-2.0
#include "cmd/voice.h"
#include "base/utf8.h"
#include <limits.h>

enum { MORE = 3 };

static void say(struct voice voice, enum log_level level, const char *message, const char *file,
    const char *cause)
{
    if (!voice.json) {
        char room[4 * PATH_MAX]; // what a file says must not drive a terminal
        size_t len = utf8_print(bytes_from_text(message), room, sizeof room);
        fprintf(stderr, "yagura: %.*s\n", (int)len, room);
    } else if (!file)
        LOG_WRITE(level, "read", message);
    else if (!cause)
        LOG_WRITE(level, "read", message, LOG_NAME("file", file));
    else
        LOG_WRITE(level, "read", message, LOG_NAME("file", file), LOG_NAME("cause", cause));
}

void voice_say(struct voice voice, enum log_level level, const char *message, const char *file)
{
    say(voice, level, message, file, NULL);
}

void voice_tell(struct voice voice, enum log_level level, enum text_id id, const char *file,
    const struct text_arg *more, size_t count)
{
    char name[PATH_MAX], message[2 * PATH_MAX];
    struct text_arg args[1 + MORE] = {
        {"file", bytes_make(name, utf8_print(bytes_from_text(file), name, sizeof name))}};
    const char *cause = NULL;
    count = count < MORE ? count : MORE;
    for (size_t i = 0; i < count; i++)
        args[i + 1] = more[i];
    if (count && strcmp(more[0].name, "reason") == 0)
        cause = (const char *)more[0].value.data;
    (void)text_format(message, sizeof message, id, voice.lang, args, count + 1);
    say(voice, level, message, file, cause);
}

enum cmd_exit voice_nothing_loaded(struct voice voice, const char *path)
{
    voice_tell(voice, LOG_LEVEL_ERROR, TEXT_DETECT_NOTHING_LOADED, path, NULL, 0);
    return CMD_USAGE;
}
