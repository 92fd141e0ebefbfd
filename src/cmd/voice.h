// SPDX-License-Identifier: Apache-2.0
// How a run speaks on standard error: to people, in their language, or to machines, in JSON and
// English.
#pragma once
#include "base/log.h"
#include "cmd/cmd.h"

struct voice {
    enum lang lang;
    bool json;
};

// A message that is ready: a text in voice.lang. file: what it is about; NULL: nothing by name.
void voice_say(struct voice voice, enum log_level level, const char *message, const char *file);

// Nothing that could be looked for came of what was given, of which this is the first. CMD_USAGE.
enum cmd_exit voice_nothing_loaded(struct voice voice, const char *path);

// A text whose blanks are {file} and those of `more`, at most 3. file may hold any bytes. A
// {reason}, whose text ends in a zero byte, stands first among them: JSON has it as `cause` too.
void voice_tell(struct voice voice, enum log_level level, enum text_id id, const char *file,
    const struct text_arg *more, size_t count);
