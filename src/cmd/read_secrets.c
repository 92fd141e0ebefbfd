// SPDX-License-Identifier: Apache-2.0
#include "cmd/read_secrets.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cmd/layout.h"
#include "schema/reason.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>

static enum text_id text_of(const struct tls_secrets_trouble *why, bool key)
{
    switch (why->problem) {
    case SECRETS_UNREADABLE:
        return key ? TEXT_READ_PRIVATE_KEY_UNREADABLE : TEXT_READ_KEY_LOG_UNREADABLE;
    case SECRETS_DAMAGED: return TEXT_READ_KEY_LOG_DAMAGED;
    case SECRETS_TOO_MANY: return TEXT_READ_KEY_LOG_TOO_LONG;
    case SECRETS_NO_KEY: return TEXT_READ_PRIVATE_KEY_BAD;
    }
    return TEXT_READ_PRIVATE_KEY_BAD;
}

static enum cmd_exit tell(const char *path, const struct tls_secrets_trouble *why, bool key,
    bool log_json, enum lang lang)
{
    char name[PATH_MAX], line[LAYOUT_NUMBER], message[2 * PATH_MAX];
    if (log_json)
        lang = LANG_EN;
    snprintf(line, sizeof line, "%llu", (unsigned long long)why->line);
    struct text_arg args[] = {
        {"file", bytes_make(name, utf8_print(bytes_from_text(path), name, sizeof name))},
        {"line", bytes_from_text(line)},
        {"reason", bytes_from_text(reason_of_errno(why->error, lang))},
    };
    (void)text_format(message, sizeof message, text_of(why, key), lang, args, 3);
    if (log_json)
        LOG_WRITE(LOG_LEVEL_ERROR, "read", message, LOG_NAME("file", path));
    else
        fprintf(stderr, "yagura: %s\n", message);
    return CMD_USAGE;
}

enum cmd_exit read_secrets(const char *key_log, const char *const *private_keys, size_t count,
    bool log_json, enum lang lang, struct tls_secrets **out)
{
    struct tls_secrets_trouble why = {SECRETS_UNREADABLE, ENOMEM, 0};
    *out = NULL;
    if (!key_log && count == 0)
        return CMD_DONE;
    *out = tls_secrets_create();
    if (!*out || (key_log && !tls_secrets_key_log(*out, key_log, &why)))
        return tell(key_log ? key_log : private_keys[0], &why, !key_log, log_json, lang);
    for (size_t i = 0; i < count; i++)
        if (!tls_secrets_private_key(*out, private_keys[i], &why))
            return tell(private_keys[i], &why, true, log_json, lang);
    return CMD_DONE;
}
