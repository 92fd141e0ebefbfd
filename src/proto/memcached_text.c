// SPDX-License-Identifier: Apache-2.0
// Memcached's text protocol, and its meta commands (protocol.txt of Memcached).
#include "proto/memcached.h"
#include <ctype.h>

static const char *const gets[] = {"get", "gets", "gat", "gats"};
static const char *const stores[] = {"set", "add", "replace", "append", "prepend", "cas", "ms"};
static const char *const keyed[] = {"delete", "incr", "decr", "touch", "mg", "md", "ma", "me"};
static const char *const others[] = {"stats", "flush_all", "version", "verbosity", "quit", "mn",
    "slabs", "lru", "lru_crawler", "watch", "cache_memlimit", "shutdown", "refresh_certs"};

static bool is_one_of(struct bytes word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(word, bytes_from_text(names[i])))
            return true;
    return false;
}
#define IS_ONE_OF(word, names) is_one_of((word), (names), sizeof(names) / sizeof *(names))

static struct bytes next_word(struct bytes *line)
{
    *line = bytes_trim(*line);
    size_t space = bytes_find_byte(*line, ' ');
    struct bytes word = bytes_sub(*line, 0, space);
    *line = space == BYTES_NOT_FOUND ? (struct bytes){NULL, 0} : bytes_from(*line, space + 1);
    return word;
}

bool memcached_is_command(struct bytes line)
{
    struct bytes word = next_word(&line);
    if (IS_ONE_OF(word, gets) || IS_ONE_OF(word, stores) || IS_ONE_OF(word, keyed))
        return line.len > 0;
    return IS_ONE_OF(word, others);
}

// set KEY FLAGS EXPIRES LENGTH [CAS] [noreply]; ms KEY LENGTH FLAGS...
static uint64_t read_store(struct memcached_tx *tx, struct bytes word, struct bytes line)
{
    struct record_memcached *out = &tx->record;
    uint64_t flags = 0, length = 0, expires = 0;
    bool meta = bytes_equal(word, BYTES("ms"));
    memcached_key(tx, next_word(&line));
    if (!meta) {
        out->has_flags = bytes_to_u64(next_word(&line), &flags) && flags <= UINT32_MAX;
        out->flags = (uint32_t)flags;
        struct bytes text = next_word(&line);
        bool minus = bytes_at(text, 0) == '-';
        out->has_expires = bytes_to_u64(bytes_from(text, minus), &expires) && expires < INT64_MAX;
        out->expires = minus ? -(int64_t)expires : (int64_t)expires;
    }
    out->has_value_length = bytes_to_u64(next_word(&line), &length) && length < 1U << 30;
    out->value_length = length;
    tx->quiet = bytes_find(line, BYTES("noreply")) != BYTES_NOT_FOUND;
    return out->has_value_length ? length + 2 : 0;
}

static void read_keys(struct memcached_tx *tx, struct bytes word, struct bytes line)
{
    if (bytes_start_with(word, BYTES("gat")))
        next_word(&line);
    while (line.len > 0)
        memcached_key(tx, next_word(&line));
    tx->lines = true;
}

uint64_t memcached_command(struct memcached_tx *tx, struct bytes line)
{
    struct record_memcached *out = &tx->record;
    struct bytes word = next_word(&line);
    out->command = memcached_keep(tx, word);
    if (IS_ONE_OF(word, gets)) {
        read_keys(tx, word, line);
        return 0;
    }
    if (IS_ONE_OF(word, stores))
        return read_store(tx, word, line);
    if (IS_ONE_OF(word, keyed))
        memcached_key(tx, next_word(&line));
    line = bytes_trim(line);
    if (line.len > 0)
        out->arguments = memcached_keep(tx, line);
    tx->lines = bytes_equal(word, BYTES("stats")) && !bytes_start_with(line, BYTES("reset"));
    size_t end = line.len > 7 ? line.len - 7 : 0;
    tx->quiet =
        bytes_equal(bytes_from(line, end), BYTES("noreply")) || bytes_equal(word, BYTES("quit"));
    return 0;
}

static struct bytes lower(struct memcached_tx *tx, struct bytes word)
{
    word = bytes_sub(word, 0, 32);
    uint8_t *copy = word.len ? arena_alloc(&tx->arena, word.len) : NULL;
    for (size_t i = 0; copy && i < word.len; i++)
        copy[i] = (uint8_t)tolower(word.data[i]);
    return text_keep_start(&tx->arena, bytes_make(copy, copy ? word.len : 0), 32);
}

// VALUE KEY FLAGS LENGTH [CAS]; VA LENGTH FLAGS...
static bool read_value(struct memcached_tx *tx, bool meta, struct bytes line, uint64_t *value)
{
    uint64_t length;
    if (!meta) {
        next_word(&line);
        next_word(&line);
    }
    tx->record.has_hits = true;
    tx->record.hits++;
    if (!bytes_to_u64(next_word(&line), &length) || length >= 1U << 30)
        return true;
    *value = length + 2;
    return false;
}

bool memcached_answer(struct memcached_tx *tx, struct bytes line, uint64_t *value)
{
    struct record_memcached *out = &tx->record;
    struct bytes whole = line, word = next_word(&line);
    *value = 0;
    if (bytes_equal(word, BYTES("VALUE")))
        return read_value(tx, false, line, value);
    if (bytes_equal(word, BYTES("VA"))) {
        out->status = BYTES("va");
        read_value(tx, true, line, value);
        return *value == 0;
    }
    if (bytes_equal(word, BYTES("STAT"))) {
        out->has_hits = true;
        out->hits++;
        return false;
    }
    if (tx->lines && !bytes_equal(word, BYTES("END")) && !bytes_equal(word, BYTES("ERROR")) &&
        !bytes_equal(word, BYTES("CLIENT_ERROR")) && !bytes_equal(word, BYTES("SERVER_ERROR")))
        return false;
    if (tx->lines && !out->has_hits && bytes_equal(word, BYTES("END")))
        out->has_hits = true; // none
    out->status = lower(tx, word);
    if (line.len > 0 || bytes_to_u64(word, &(uint64_t){0}))
        out->response = memcached_keep(tx, whole);
    return true;
}
