// SPDX-License-Identifier: Apache-2.0
// EVE JSON as input: members go into the fields that have their names (src/schema/shape.h). What
// EVE has and our records do not is left out.
#include "logs/reader.h"
#include <stdio.h>

enum { OBJECTS_DEEP = 6, METADATA = 256 }; // pairs of names with lists

struct target {
    void *base; // the struct the shape describes
    struct arena *arena;
    int deep;
};

static void *place_at(void *base, size_t offset)
{
    return (char *)base + offset; // lint: offsets are offsetof() of generated tables
}

static bool take_text_value(void *place, uint8_t kind, const json_t *value, struct arena *arena)
{
    struct bytes text = bytes_make(json_string_value(value), json_string_length(value));
    if (kind == SHAPE_TIME) {
        int64_t time_us;
        if (!log_time_parse(json_string_value(value), &time_us))
            return false;
        memcpy(place, &time_us, sizeof time_us);
        return true;
    }
    return log_take_scalar(place, kind, text, 0, arena);
}

static bool take_value(void *place, uint8_t kind, const json_t *value, struct arena *arena)
{
    char text[64];
    int len;
    if (json_is_string(value))
        return take_text_value(place, kind, value, arena);
    if (json_is_boolean(value))
        return log_take_scalar(
            place, kind, json_is_true(value) ? BYTES("true") : BYTES("false"), 0, arena);
    if (json_is_integer(value))
        len = snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        len = snprintf(text, sizeof text, "%.17g", json_real_value(value));
    else
        return false;
    return log_take_scalar(place, kind, bytes_make(text, (size_t)len), 0, arena);
}

static void take_object(
    struct target *t, void *base, const struct shape *shape, const json_t *object, bool top);

// Elements that are no such value are left out.
static void take_list(
    struct target *t, void *base, const struct shape_field *field, const json_t *value)
{
    static const uint16_t sizes[] = {[SHAPE_TEXT] = sizeof(struct bytes),
        [SHAPE_HEX] = sizeof(struct bytes),
        [SHAPE_MAC] = sizeof(struct bytes),
        [SHAPE_ADDR] = sizeof(struct addr),
        [SHAPE_TIME] = 8,
        [SHAPE_BOOL] = 1,
        [SHAPE_DOUBLE] = 8,
        [SHAPE_I64] = 8,
        [SHAPE_U8] = 1,
        [SHAPE_U16] = 2,
        [SHAPE_U32] = 4,
        [SHAPE_U64] = 8,
        [SHAPE_U8_HEX] = 1,
        [SHAPE_U16_HEX] = 2,
        [SHAPE_OTHER] = 0};
    size_t size = field->inside ? field->inside->size : sizes[field->of];
    size_t many = json_is_array(value) ? json_array_size(value) : 1, count = 0;
    many = many < LOG_VALUES ? many : LOG_VALUES;
    void *list = many && size ? arena_zalloc(t->arena, many * size) : NULL;
    for (size_t i = 0; list && i < many; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        void *place = place_at(list, count * size);
        if (field->inside && json_is_object(one)) {
            take_object(t, place, field->inside, one, false);
            count++;
        } else if (!field->inside) {
            count += take_value(place, field->of, one, t->arena);
        }
    }
    if (count == 0)
        return;
    memcpy(place_at(base, field->offset), &list, sizeof list);
    memcpy(place_at(base, field->count), &count, sizeof count);
}

static bool is_known(const struct shape *shape, const char *key)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->fields[i].key ? shape->fields[i].key : "", key) == 0)
            return true;
    return false;
}

// Members nobody else knows, as texts.
static void take_pairs(struct target *t, void *base, const struct shape *shape,
    const struct shape_field *field, const json_t *object)
{
    size_t many = json_object_size(object), count = 0;
    many = many < LOG_VALUES ? many : LOG_VALUES;
    struct json_pair *pairs = arena_alloc(t->arena, (many + 1) * sizeof *pairs);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        if (!pairs || count == many || !json_is_string(value) || is_known(shape, key))
            continue;
        pairs[count].name = arena_copy(t->arena, bytes_from_text(key));
        pairs[count++].value =
            arena_copy(t->arena, bytes_make(json_string_value(value), json_string_length(value)));
    }
    memcpy(place_at(base, field->offset), &pairs, sizeof pairs);
    memcpy(place_at(base, field->count), &count, sizeof count);
}

static struct bytes text_of(struct arena *arena, const json_t *value)
{
    return arena_copy(arena, bytes_make(json_string_value(value), json_string_length(value)));
}

// Members that are texts or lists of them: one pair for each text.
static void take_pair_lists(
    struct target *t, void *base, const struct shape_field *field, const json_t *object)
{
    struct json_pair *pairs = arena_alloc(t->arena, METADATA * sizeof *pairs);
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t many = json_is_array(value) ? json_array_size(value) : 1;
        for (size_t i = 0; pairs && i < many && count < METADATA; i++) {
            const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
            if (json_is_string(one))
                pairs[count++] = (struct json_pair){
                    arena_copy(t->arena, bytes_from_text(key)), text_of(t->arena, one)};
        }
    }
    memcpy(place_at(base, field->offset), &pairs, sizeof pairs);
    memcpy(place_at(base, field->count), &count, sizeof count);
}

static bool take_field(
    struct target *t, void *base, const struct shape_field *field, const json_t *value)
{
    void *place = place_at(base, field->offset);
    switch (field->kind) {
    case SHAPE_PAIRS:
    case SHAPE_PAIR_LISTS:
    case SHAPE_OTHER: return false;
    case SHAPE_LIST: take_list(t, base, field, value); return true;
    case SHAPE_OBJECT:
        if (!json_is_object(value))
            return false;
        take_object(t, place, field->inside, value, false);
        return true;
    default: return take_value(place, field->kind, value, t->arena);
    }
}

// The members of an object; top: those that stand beside the record's own object.
static void take_object(
    struct target *t, void *base, const struct shape *shape, const json_t *object, bool top)
{
    static const bool has = true;
    if (t->deep == OBJECTS_DEEP)
        return;
    t->deep++;
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        if (field->kind == SHAPE_PAIRS)
            take_pairs(t, base, shape, field, object);
        else if (field->kind == SHAPE_PAIR_LISTS)
            take_pair_lists(t, base, field, object);
        const json_t *value = field->top == top ? json_object_get(object, field->key) : NULL;
        if (value && take_field(t, base, field, value) && field->present != SHAPE_NONE)
            memcpy(place_at(base, field->present), &has, sizeof has);
    }
    t->deep--;
}

static enum record_type type_find(const char *name)
{
    for (int type = RECORD_NONE + 1; type < RECORD_TYPES; type++)
        if (strcmp(name, record_type_name((enum record_type)type)) == 0)
            return (enum record_type)type;
    return RECORD_NONE;
}

enum log_line eve_read(struct log_reader *r, const json_t *object, struct record *record)
{
    const char *name = json_string_value(json_object_get(object, "event_type"));
    enum record_type type = name ? type_find(name) : RECORD_NONE;
    if (type == RECORD_NONE || type == RECORD_STATS)
        return name ? LOG_OTHER : LOG_DAMAGED;
    if (!log_draft_begin(r, type))
        return LOG_DAMAGED;
    struct target target = {.base = r->draft.body, .arena = &r->arena};
    const struct shape *shape = shape_of_record[type];
    take_object(&target, &r->draft.head, &shape_head, object, false);
    take_object(&target, r->draft.body, shape, object, true);
    const json_t *body = json_object_get(object, name);
    if (json_is_object(body))
        take_object(&target, r->draft.body, shape, body, false);
    return log_draft_end(r, record) ? LOG_RECORD : LOG_DAMAGED;
}
