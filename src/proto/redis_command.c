// SPDX-License-Identifier: Apache-2.0
// What of a Redis command is kept: its name, first arguments, key and value; never a password.
#include "proto/redis.h"
#include <ctype.h>

static const char *const keyed[] = {"APPEND", "DECR", "DECRBY", "DEL", "DUMP", "EXISTS", "EXPIRE",
    "GET", "GETDEL", "GETSET", "HDEL", "HGET", "HGETALL", "HMGET", "HMSET", "HSET", "INCR",
    "INCRBY", "LLEN", "LPOP", "LPUSH", "LRANGE", "MGET", "MSET", "PERSIST", "RESTORE", "RPOP",
    "RPUSH", "SADD", "SET", "SETEX", "SETNX", "SMEMBERS", "STRLEN", "TTL", "TYPE", "UNLINK", "ZADD",
    "ZRANGE"};
static const char *const valued[] = {
    "APPEND", "GETSET", "LPUSH", "MSET", "RPUSH", "SADD", "SET", "SETNX"};

static bool is_one_of(struct bytes command, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(command, bytes_from_text(names[i])))
            return true;
    return false;
}

static struct bytes upper(struct redis_tx *tx, struct bytes name)
{
    name = bytes_sub(name, 0, 64);
    uint8_t *copy = arena_alloc(&tx->arena, name.len);
    for (size_t i = 0; copy && i < name.len; i++)
        copy[i] = (uint8_t)toupper(name.data[i]);
    return text_keep_start(&tx->arena, bytes_make(copy, copy ? name.len : 0), 64);
}

static bool command_is(const struct redis_tx *tx, const char *name)
{
    return bytes_equal(tx->record.command, bytes_from_text(name));
}

static bool argument_is(const struct redis_tx *tx, size_t index, const char *text)
{
    return index < tx->record.arguments_count &&
           bytes_equal_nocase(tx->arguments[index], bytes_from_text(text));
}

// Is this argument (from 0) a password, or does it follow what announces one?
static bool is_secret(struct redis_tx *tx, uint64_t at, struct bytes text)
{
    size_t last = tx->record.arguments_count;
    uint8_t first = bytes_at(text, 0);
    if (command_is(tx, "AUTH"))
        return true;
    if (command_is(tx, "CONFIG") && at >= 2)
        return argument_is(tx, last - 1, "requirepass") ||
               argument_is(tx, last - 1, "masterauth") ||
               argument_is(tx, last - 1, "tls-key-file-pass");
    if (command_is(tx, "ACL") && argument_is(tx, 0, "SETUSER") && at >= 2)
        return first == '>' || first == '<' || first == '#' || first == '!';
    if (!command_is(tx, "HELLO") && !command_is(tx, "MIGRATE"))
        return false;
    bool was = tx->secret;
    tx->secret |=
        bytes_equal_nocase(text, BYTES("AUTH")) || bytes_equal_nocase(text, BYTES("AUTH2"));
    return was;
}

static void take_user(struct redis_tx *tx, uint64_t at, struct bytes text)
{
    bool hello = command_is(tx, "HELLO") && argument_is(tx, tx->record.arguments_count - 1, "AUTH");
    bool auth = command_is(tx, "AUTH") && at == 0 && tx->record.argument_count == 2;
    if (hello || auth)
        tx->record.user = text_keep_start(&tx->arena, text, REDIS_KEEP_BYTES);
}

void redis_argument(struct redis_tx *tx, uint64_t index, struct bytes text)
{
    struct record_redis *out = &tx->record;
    if (index == 0) {
        out->command = upper(tx, text);
        return;
    }
    if (!out->command.data)
        return;
    take_user(tx, index - 1, text);
    bool secret = is_secret(tx, index - 1, text);
    out->password |= secret;
    if (out->arguments_count == REDIS_ARGUMENTS || command_is(tx, "AUTH"))
        return;
    struct bytes kept =
        secret ? BYTES("(redacted)") : text_keep_start(&tx->arena, text, REDIS_KEEP_BYTES);
    if (kept.data)
        tx->arguments[out->arguments_count++] = kept;
}

// A line: its first two words, and the rest as it stands.
void redis_line(struct redis_tx *tx, struct bytes line)
{
    struct record_redis *out = &tx->record;
    out->inline_ = out->has_argument_count = true;
    line = bytes_trim(line);
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] == ' ' && (i == 0 || line.data[i - 1] != ' '))
            out->argument_count++;
    uint64_t whole = out->argument_count;
    for (uint64_t index = 0; line.len > 0; index++) {
        bool rest = index == 2 && !command_is(tx, "CONFIG") && !command_is(tx, "ACL") &&
                    !command_is(tx, "HELLO") && !command_is(tx, "MIGRATE") && whole > 0;
        size_t space = rest ? BYTES_NOT_FOUND : bytes_find_byte(line, ' ');
        redis_argument(tx, index, bytes_sub(line, 0, space));
        if (space == BYTES_NOT_FOUND)
            break;
        line = bytes_trim(bytes_from(line, space));
    }
}

void redis_command_over(struct redis_tx *tx)
{
    struct record_redis *out = &tx->record;
    out->arguments = tx->arguments;
    if (out->arguments_count > 0 && is_one_of(out->command, keyed, sizeof keyed / sizeof *keyed))
        out->key = tx->arguments[0];
    if (out->arguments_count > 1 && is_one_of(out->command, valued, sizeof valued / sizeof *valued))
        out->value = tx->arguments[1];
    bool subscribe =
        command_is(tx, "SUBSCRIBE") || command_is(tx, "PSUBSCRIBE") || command_is(tx, "SSUBSCRIBE");
    tx->replies = subscribe && out->argument_count > 1 ? out->argument_count : 1;
}
