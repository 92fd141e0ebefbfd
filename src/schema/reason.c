// SPDX-License-Identifier: Apache-2.0
// Tables from what others say to texts of ours. The process never calls setlocale: strerror and
// libyaml speak English, which is what the texts say in English too.
#include "schema/reason.h"
#include <errno.h>
#include <string.h>

static const struct {
    int error;
    enum text_id id;
} errors[] = {
    {ENOENT, TEXT_REASON_NO_SUCH_FILE},
    {EPERM, TEXT_REASON_NOT_PERMITTED},
    {EACCES, TEXT_REASON_PERMISSION_DENIED},
    {EISDIR, TEXT_REASON_IS_DIRECTORY},
    {ENOTDIR, TEXT_REASON_NOT_DIRECTORY},
    {EEXIST, TEXT_REASON_EXISTS},
    {ENOSPC, TEXT_REASON_DISK_FULL},
    {EDQUOT, TEXT_REASON_QUOTA},
    {EROFS, TEXT_REASON_READ_ONLY},
    {EIO, TEXT_REASON_INPUT_OUTPUT},
    {EMFILE, TEXT_REASON_TOO_MANY_FILES},
    {ENFILE, TEXT_REASON_TOO_MANY_FILES_SYSTEM},
    {ENOMEM, TEXT_REASON_NO_MEMORY},
    {ENAMETOOLONG, TEXT_REASON_NAME_TOO_LONG},
    {EFBIG, TEXT_REASON_FILE_TOO_LARGE},
    {EPIPE, TEXT_REASON_BROKEN_PIPE},
    {EBUSY, TEXT_REASON_BUSY},
    {EINVAL, TEXT_REASON_INVALID},
    {ELOOP, TEXT_REASON_TOO_MANY_LINKS},
    {ENODEV, TEXT_REASON_NO_DEVICE},
    {ENXIO, TEXT_REASON_NO_DEVICE_ADDRESS},
    {ESTALE, TEXT_REASON_STALE},
    {ETIMEDOUT, TEXT_REASON_TIMED_OUT},
    {ETXTBSY, TEXT_REASON_TEXT_BUSY},
};

const char *reason_of_errno(int error, enum lang lang)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].error == error)
            return text(errors[i].id, lang);
    return strerror(error);
}

// Each is known by its English text.
static const enum text_id problems[] = {
    TEXT_REASON_YAML_CONTROL,
    TEXT_REASON_YAML_LEADING,
    TEXT_REASON_YAML_TRAILING,
    TEXT_REASON_YAML_INCOMPLETE,
    TEXT_REASON_YAML_LENGTH,
    TEXT_REASON_YAML_CHARACTER,
    TEXT_REASON_YAML_TOKEN,
    TEXT_REASON_YAML_TAB_INDENT,
    TEXT_REASON_YAML_TAB_SPACE,
    TEXT_REASON_YAML_STREAM_END,
    TEXT_REASON_YAML_DOCUMENT,
    TEXT_REASON_YAML_ESCAPE,
    TEXT_REASON_YAML_COLON,
    TEXT_REASON_YAML_KEY,
    TEXT_REASON_YAML_VALUE_HERE,
    TEXT_REASON_YAML_KEY_HERE,
    TEXT_REASON_YAML_DASH_HERE,
    TEXT_REASON_YAML_DASH,
    TEXT_REASON_YAML_BRACKET,
    TEXT_REASON_YAML_NODE,
    TEXT_REASON_YAML_DOCUMENT_START,
};

const char *reason_of_yaml(const char *problem, enum lang lang)
{
    if (!problem)
        return text(TEXT_REASON_YAML_DAMAGED, lang);
    if (strcmp(problem, "did not find expected ',' or '}'") == 0) // no text of ours holds a brace
        return text(TEXT_REASON_YAML_BRACE, lang);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (strcmp(text(problems[i], LANG_EN), problem) == 0)
            return text(problems[i], lang);
    return problem;
}
