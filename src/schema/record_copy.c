// SPDX-License-Identifier: Apache-2.0
// A struct is copied as it stands; then each pointer in it, as the tables of shape.h tell, is led
// to a copy of what it points to.
#include "schema/record_copy.h"
#include "base/arena.h"
#include "schema/shape.h"

static bool copy_members(struct arena *arena, const struct shape *shape, void *of);

static void *at_offset(void *base, size_t offset)
{
    return (char *)base + offset; // lint: offsets are offsetof() of generated tables
}

static bool copy_text(struct arena *arena, void *at)
{
    struct bytes text;
    memcpy(&text, at, sizeof text);
    if (text.len == 0)
        return true;
    text = arena_copy(arena, text);
    memcpy(at, &text, sizeof text);
    return text.data;
}

static size_t size_of(uint8_t kind)
{
    switch (kind) {
    case SHAPE_TEXT:
    case SHAPE_HEX:
    case SHAPE_MAC: return sizeof(struct bytes);
    case SHAPE_ADDR: return sizeof(struct addr);
    case SHAPE_BOOL: return sizeof(bool);
    case SHAPE_U8:
    case SHAPE_U8_HEX: return sizeof(uint8_t);
    case SHAPE_U16:
    case SHAPE_U16_HEX: return sizeof(uint16_t);
    case SHAPE_U32: return sizeof(uint32_t);
    case SHAPE_PAIRS:
    case SHAPE_PAIR_LISTS: return sizeof(struct json_pair);
    default: return sizeof(uint64_t);
    }
}

static bool copy_value(struct arena *arena, uint8_t kind, const struct shape *inside, void *at)
{
    switch (kind) {
    case SHAPE_TEXT:
    case SHAPE_HEX:
    case SHAPE_MAC: return copy_text(arena, at);
    case SHAPE_OBJECT: return copy_members(arena, inside, at);
    case SHAPE_PAIRS:
    case SHAPE_PAIR_LISTS:
        return copy_text(arena, at_offset(at, offsetof(struct json_pair, name))) &&
               copy_text(arena, at_offset(at, offsetof(struct json_pair, value)));
    default: return true;
    }
}

static bool copy_list(struct arena *arena, const struct shape_field *field, void *of)
{
    void *place = at_offset(of, field->offset);
    void *from;
    size_t count;
    memcpy(&from, place, sizeof from);
    memcpy(&count, at_offset(of, field->count), sizeof count);
    if (!from || count == 0)
        return true;
    uint8_t kind = field->kind == SHAPE_LIST ? field->of : field->kind;
    size_t size = field->inside ? field->inside->size : size_of(kind);
    void *to = arena_alloc(arena, count * size);
    memcpy(place, &to, sizeof to);
    if (!to)
        return false;
    memcpy(to, from, count * size);
    for (size_t i = 0; i < count; i++)
        if (!copy_value(arena, kind, field->inside, at_offset(to, i * size)))
            return false;
    return true;
}

static bool copy_members(struct arena *arena, const struct shape *shape, void *of)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        bool many = field->kind == SHAPE_LIST || field->kind == SHAPE_PAIRS ||
                    field->kind == SHAPE_PAIR_LISTS;
        bool good =
            many ? copy_list(arena, field, of)
                 : copy_value(arena, field->kind, field->inside, at_offset(of, field->offset));
        if (!good)
            return false;
    }
    return true;
}

struct record *record_copy(struct arena *arena, const struct record *record)
{
    const struct shape *shape = shape_of_record[record->type];
    struct record *copy = arena_alloc(arena, sizeof *copy);
    void *body = shape ? arena_alloc(arena, shape->size) : NULL;
    if (!copy || !body)
        return NULL;
    memcpy(body, record->body, shape->size);
    copy->type = record->type;
    copy->body = body;
    copy->aside = (struct bytes){NULL, 0};
    record_head_copy(arena, &record->head, &copy->head);
    return copy_members(arena, shape, body) && !arena->exhausted ? copy : NULL;
}
