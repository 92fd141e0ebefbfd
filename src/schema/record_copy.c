// SPDX-License-Identifier: Apache-2.0
// A struct is copied as it stands; then each pointer in it, as the tables of shape.h tell, is led
// to a copy of what it points to.
#include "schema/record_copy.h"
#include "base/arena.h"
#include "schema/shape.h"

static bool copy_held(struct arena *arena, const struct shape *shape, void *of);

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

static bool copy_list(struct arena *arena, const struct shape_list *list, void *of)
{
    void *place = at_offset(of, list->offset);
    void *from;
    size_t count;
    memcpy(&from, place, sizeof from);
    memcpy(&count, at_offset(of, list->count), sizeof count);
    if (!from || count == 0)
        return true;
    void *to = arena_alloc(arena, count * list->size);
    memcpy(place, &to, sizeof to);
    if (!to)
        return false;
    memcpy(to, from, count * list->size);
    for (size_t i = 0; list->element && i < count; i++)
        if (!copy_held(arena, list->element, at_offset(to, i * list->size)))
            return false;
    return true;
}

static bool copy_held(struct arena *arena, const struct shape *shape, void *of)
{
    for (size_t i = 0; i < shape->texts_count; i++)
        if (!copy_text(arena, at_offset(of, shape->texts[i])))
            return false;
    for (size_t i = 0; i < shape->lists_count; i++)
        if (!copy_list(arena, &shape->lists[i], of))
            return false;
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
    return copy_held(arena, shape, body) && !arena->exhausted ? copy : NULL;
}
