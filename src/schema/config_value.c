// SPDX-License-Identifier: Apache-2.0
// One value of a configuration: from text to the member's type, and what may stand there.
#include "schema/config_key.h"
#include <assert.h>
#include <stdio.h>
#include <time.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit counts[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
static const struct unit sizes[] = {{"", 1}, {"k", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
static const struct unit durations[] = {
    {"ms", 1000},
    {"s", 1000000},
    {"m", 60000000},
    {"h", 3600000000},
    {"d", 86400000000},
};

static const struct unit *unit_find(enum config_type type, struct bytes name)
{
    const struct unit *units = type == CONFIG_COUNT   ? counts
                               : type == CONFIG_BYTES ? sizes
                                                      : durations;
    size_t count = type == CONFIG_DURATION ? sizeof durations / sizeof *durations
                                           : sizeof counts / sizeof *counts;
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(bytes_from_text(units[i].name), name))
            return &units[i];
    }
    return NULL;
}

static bool number_read(
    const struct config_key *key, enum config_type type, struct bytes text, void *out)
{
    size_t digits = 0;
    while (bytes_at(text, digits) >= '0' && bytes_at(text, digits) <= '9')
        digits++;
    const struct unit *unit = unit_find(type, bytes_from(text, digits));
    uint64_t value;
    if (!unit || !bytes_to_u64(bytes_sub(text, 0, digits), &value))
        return false;
    if (value > key->max / unit->factor || value * unit->factor < key->min)
        return false;
    value *= unit->factor;
    memcpy(out, &value, sizeof value); // a duration is int64_t of the same value: max < 2^62
    return true;
}

// "2027-03-31": the end of that day in UTC.
static bool date_read(struct bytes text, void *out)
{
    static const int64_t day_us = 86'400 * INT64_C(1'000'000);
    uint64_t year, month, day;
    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-' ||
        !bytes_to_u64(bytes_sub(text, 0, 4), &year) ||
        !bytes_to_u64(bytes_sub(text, 5, 2), &month) || !bytes_to_u64(bytes_sub(text, 8, 2), &day))
        return false;
    struct tm tm = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
    int64_t end = (int64_t)timegm(&tm) * 1'000'000 + day_us;
    memcpy(out, &end, sizeof end);
    // A day that does not exist has become another one.
    return year >= 1970 && tm.tm_mon == (int)month - 1 && tm.tm_mday == (int)day;
}

static bool bool_read(struct bytes text, void *out)
{
    bool value = bytes_equal(text, BYTES("true"));
    memcpy(out, &value, sizeof value);
    return value || bytes_equal(text, BYTES("false"));
}

static bool word_read(const struct config_key *key, struct bytes text, void *out)
{
    for (unsigned i = 0; i < key->words_count; i++) {
        if (!bytes_equal(bytes_from_text(key->words[i]), text))
            continue;
        memcpy(out, &i, sizeof i); // the enum counts in the order of its words
        return true;
    }
    return false;
}

bool config_value_read(
    const struct config_key *key, enum config_type type, struct bytes text, void *out)
{
    switch (type) {
    case CONFIG_BOOL: return bool_read(text, out);
    case CONFIG_COUNT:
    case CONFIG_BYTES:
    case CONFIG_DURATION: return number_read(key, type, text, out);
    case CONFIG_DATE: return date_read(text, out);
    case CONFIG_ENUM: return word_read(key, text, out);
    case CONFIG_NETWORK: return addr_range_parse(text, out);
    case CONFIG_TEXT:
    case CONFIG_SECTION:
    case CONFIG_LIST: break;
    }
    assert(false && "not a value of fixed size");
    return false;
}

static size_t words_join(
    const struct config_key *key, enum config_type type, char *out, size_t room)
{
    size_t len = 0;
    size_t count = type == CONFIG_ENUM ? key->words_count : key->keys_count;
    for (size_t i = 0; i < count && len < room; i++) {
        const char *word = type == CONFIG_ENUM ? key->words[i] : key->keys[i].name;
        int more = snprintf(&out[len], room - len, "%s%s", i ? ", " : "", word);
        len += more > 0 ? (size_t)more : 0;
    }
    return len < room ? len : room - 1;
}

void config_allowed_write(
    const struct config_key *key, enum config_type type, enum lang lang, char *out, size_t room)
{
    static const enum text_id texts[] = {
        [CONFIG_BOOL] = TEXT_CONFIG_ALLOWED_BOOL,
        [CONFIG_COUNT] = TEXT_CONFIG_ALLOWED_COUNT,
        [CONFIG_BYTES] = TEXT_CONFIG_ALLOWED_BYTES,
        [CONFIG_DURATION] = TEXT_CONFIG_ALLOWED_DURATION,
        [CONFIG_DATE] = TEXT_CONFIG_ALLOWED_DATE,
        [CONFIG_TEXT] = TEXT_CONFIG_ALLOWED_TEXT,
        [CONFIG_ENUM] = TEXT_CONFIG_ALLOWED_ENUM,
        [CONFIG_NETWORK] = TEXT_CONFIG_ALLOWED_NETWORK,
        [CONFIG_SECTION] = TEXT_CONFIG_ALLOWED_SECTION,
        [CONFIG_LIST] = TEXT_CONFIG_ALLOWED_LIST,
    };
    char words[1024] = "";
    size_t len = words_join(key, type, words, sizeof words);
    const struct text_arg args[] = {
        {"min", bytes_from_text(key->min_text)},
        {"max", bytes_from_text(key->max_text)},
        {"words", bytes_make(words, len)},
    };
    (void)text_format(out, room, texts[type], lang, args, sizeof args / sizeof *args);
}

enum { NEAR_CHARS = 40, NEAR_EDITS = 2 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

// Edits (insert, delete, replace, swap of neighbours) that make one text of the other.
static size_t edits_between(struct bytes a, struct bytes b)
{
    size_t rows[NEAR_CHARS + 1][NEAR_CHARS + 1];
    for (size_t i = 0; i <= a.len; i++)
        rows[i][0] = i;
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        for (size_t j = 1; j <= b.len; j++) {
            bool same = a.data[i - 1] == b.data[j - 1];
            rows[i][j] =
                least(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (same ? 0 : 1));
            bool swapped =
                i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
            if (swapped && rows[i - 2][j - 2] + 1 < rows[i][j])
                rows[i][j] = rows[i - 2][j - 2] + 1;
        }
    }
    return rows[a.len][b.len];
}

// As deep as sections lie in each other in the table.
static const char *path_of_name(const struct config_key *section, struct bytes name)
{
    const char *path = NULL;
    for (size_t i = 0; i < section->keys_count && !path; i++) {
        const struct config_key *key = &section->keys[i];
        path = bytes_equal(bytes_from_text(key->name), name) ? key->path : NULL;
        if (!path && key->type == CONFIG_SECTION)
            path = path_of_name(key, name);
    }
    return path;
}

const char *config_key_near(const struct config_key *section, struct bytes text)
{
    const char *best = NULL;
    size_t best_edits = NEAR_EDITS + 1;
    for (size_t i = 0; i < section->keys_count && text.len <= NEAR_CHARS; i++) {
        struct bytes name = bytes_from_text(section->keys[i].name);
        if (name.len > NEAR_CHARS)
            continue;
        size_t edits = edits_between(text, name);
        if (edits < best_edits && edits < name.len) {
            best = section->keys[i].name;
            best_edits = edits;
        }
    }
    return best ? best : path_of_name(&config_root, text);
}
