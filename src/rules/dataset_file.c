// SPDX-License-Identifier: Apache-2.0
// Files of sets: a value on each line (strings in base64), with its number after a comma for
// datarep; or JSON.
#include "base/alloc.h"
#include "rules/dataset_set.h"
#include "rules/transform.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LINE_BYTES = 128 * 1024, KEY_BYTES = 256 };

// Where in which file something is wrong.
struct place {
    const char *path;
    unsigned long line;
    char *why;
};

static bool wrong(const struct place *place, const char *what)
{
    if (place->line)
        snprintf(place->why, DATASET_WHY_BYTES, "%s:%lu: %s", place->path, place->line, what);
    else
        snprintf(place->why, DATASET_WHY_BYTES, "%s: %s", place->path, what);
    return false;
}

static bool add(
    struct dataset_set *set, struct bytes value, uint16_t reputation, const struct place *place)
{
    struct dataset_key key;
    if (!dataset_key_of(set->type, value, &key))
        return wrong(place, "not a value of the set's type");
    struct dataset_value *added = dataset_add(set, &key);
    if (!added)
        return wrong(place, "more values than the set's memcap allows");
    added->reputation = reputation;
    return true;
}

static bool add_string(struct dataset_set *set, struct bytes text, uint16_t reputation,
    struct arena *memory, const struct place *place)
{
    struct bytes value;
    if (!transform_from_base64(memory, text, BASE64_STRICT, &value) || value.len == 0)
        return wrong(place, "not base64");
    bool ok = add(set, value, reputation, place);
    arena_reset(memory);
    return ok;
}

static bool add_line(
    struct dataset_set *set, struct bytes line, struct arena *memory, const struct place *place)
{
    uint64_t reputation = 0;
    size_t comma = bytes_find_byte(line, ',');
    if (set->reputation &&
        (comma == BYTES_NOT_FOUND ||
            !bytes_to_u64(bytes_trim(bytes_from(line, comma + 1)), &reputation) ||
            reputation > UINT16_MAX))
        return wrong(place, "no reputation from 0 to 65535 behind the value");
    struct bytes value = bytes_trim(bytes_sub(line, 0, comma));
    if (set->type == DATASET_STRING)
        return add_string(set, value, (uint16_t)reputation, memory, place);
    return add(set, value, (uint16_t)reputation, place);
}

static struct bytes chomp(const char *text)
{
    size_t len = strlen(text);
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    return bytes_make(text, len);
}

static bool read_lines(struct dataset_set *set, FILE *file, char *line, struct place *place)
{
    struct pool pool;
    struct arena memory;
    pool_init(&pool, 0);
    arena_init(&memory, &pool, 4 * LINE_BYTES);
    bool ok = true;
    for (place->line = 1; ok && fgets(line, LINE_BYTES, file); place->line++) {
        struct bytes text = chomp(line);
        if (text.len == LINE_BYTES - 1)
            ok = wrong(place, "line longer than 131072 bytes, or with a zero byte");
        else if (bytes_trim(text).len && text.data[0] != '#')
            ok = add_line(set, text, &memory, place);
    }
    arena_reset(&memory);
    pool_finish(&pool);
    return ok;
}

// "a.b.c" within objects. Arrays on the way are not entered.
static json_t *inside(json_t *value, struct bytes path)
{
    while (value && path.len) {
        char key[KEY_BYTES];
        size_t dot = bytes_find_byte(path, '.');
        struct bytes part = bytes_sub(path, 0, dot);
        if (part.len >= sizeof key)
            return NULL;
        memcpy(key, part.data, part.len);
        key[part.len] = 0;
        value = json_object_get(value, key);
        path = bytes_from(path, dot == BYTES_NOT_FOUND ? path.len : dot + 1);
    }
    return value;
}

static bool add_json(struct dataset_set *set, const struct rule_dataset *use, json_t *element,
    const struct place *place)
{
    json_t *value = inside(element, use->value_key);
    if (!json_is_string(value))
        return wrong(place, "no text under the rule's value_key");
    return add(set, bytes_make(json_string_value(value), json_string_length(value)), 0, place);
}

static bool read_json(
    struct dataset_set *set, const struct rule_dataset *use, FILE *file, struct place *place)
{
    json_error_t error;
    json_t *root = json_loadf(file, 0, &error);
    if (!root) {
        place->line = (unsigned long)error.line;
        return wrong(place, error.text);
    }
    json_t *list = inside(root, use->array_key);
    bool ok = json_is_array(list) || wrong(place, "no array, or none under the rule's array_key");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = add_json(set, use, json_array_get(list, i), place);
    json_decref(root);
    return ok;
}

static bool read_json_lines(struct dataset_set *set, const struct rule_dataset *use, FILE *file,
    char *line, struct place *place)
{
    bool ok = true;
    for (place->line = 1; ok && fgets(line, LINE_BYTES, file); place->line++) {
        if (bytes_trim(chomp(line)).len == 0)
            continue;
        json_t *element = json_loads(line, 0, NULL);
        ok = element ? add_json(set, use, element, place) : wrong(place, "not JSON");
        json_decref(element);
    }
    return ok;
}

bool dataset_read(struct dataset_set *set, const struct rule_dataset *use, const char *path,
    char why[DATASET_WHY_BYTES])
{
    struct place place = {.path = path, .why = why};
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return wrong(&place, "not a file"); // a pipe or a device may never end
    FILE *file = fopen(path, "re");
    if (!file)
        return wrong(&place, strerror(errno));
    char *line = base_malloc(LINE_BYTES);
    bool ok = false;
    if (!line)
        wrong(&place, "out of memory");
    else if (use->format == DATASET_JSON)
        ok = read_json(set, use, file, &place);
    else if (use->format == DATASET_NDJSON)
        ok = read_json_lines(set, use, file, line, &place);
    else
        ok = read_lines(set, file, line, &place);
    if (ok && ferror(file))
        ok = wrong(&place, strerror(errno));
    base_free(line);
    fclose(file);
    return ok;
}
