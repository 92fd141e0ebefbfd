// SPDX-License-Identifier: Apache-2.0
// Ways into records by offset. The pointer work of the tables in schema/shape.h is all here.
#include "logs/zeek.h"
#include <stdlib.h>

static const void *at_offset(const void *base, size_t offset)
{
    return (const char *)base + offset; // lint: offsets are offsetof() of generated tables
}

static void *place_offset(void *base, size_t offset)
{
    return (char *)base + offset; // lint: as above
}

// The first element of the path's list, made when there is none; its neighbours behind it.
static void *list_elements(const struct shape_path *path, struct log_draft *draft, size_t count)
{
    void *base = path->head ? (void *)&draft->head : draft->body;
    size_t have;
    void *list;
    memcpy(&have, at_offset(base, path->list_count), sizeof have);
    memcpy(&list, at_offset(base, path->list), sizeof list);
    if (have >= count)
        return list;
    void *more = arena_zalloc(draft->arena, count * path->element);
    if (!more)
        return NULL;
    if (have)
        memcpy(more, list, have * path->element);
    memcpy(place_offset(base, path->list), &more, sizeof more);
    memcpy(place_offset(base, path->list_count), &count, sizeof count);
    return more;
}

void *shape_place(const struct shape_path *path, struct log_draft *draft, size_t count)
{
    void *base = path->head ? (void *)&draft->head : draft->body;
    if (path->list != SHAPE_NONE)
        base = list_elements(path, draft, count);
    return base ? place_offset(base, path->offset) : NULL;
}

void shape_mark(const struct shape_path *path, struct log_draft *draft)
{
    static const bool has = true;
    void *base = path->head ? (void *)&draft->head : draft->body;
    if (path->present == SHAPE_NONE)
        return;
    if (path->list != SHAPE_NONE)
        memcpy(&base, at_offset(base, path->list), sizeof base);
    if (base)
        memcpy(place_offset(base, path->present), &has, sizeof has);
}

// "0a1b", "0a:1b". {NULL, 0}: it is neither, or memory is short.
static struct bytes unhex(struct bytes text, struct arena *arena)
{
    uint8_t *raw = arena_alloc(arena, text.len / 2 + 1);
    size_t len = 0;
    for (size_t i = 0; raw && i < text.len; i++) {
        if (text.data[i] == ':')
            continue;
        int high = bytes_hex_digit(text.data[i]);
        int low = i + 1 < text.len ? bytes_hex_digit(text.data[++i]) : -1;
        if (high < 0 || low < 0)
            return (struct bytes){NULL, 0};
        raw[len++] = (uint8_t)(high << 4 | low);
    }
    return bytes_make(raw, len);
}

enum { NUMBER_TEXT = 64 };

// Numbers as text: the whole text must be one. Times and intervals have fractions.
static bool to_double(struct bytes text, double *out)
{
    char room[NUMBER_TEXT], *end;
    if (text.len == 0 || text.len >= sizeof room)
        return false;
    memcpy(room, text.data, text.len);
    room[text.len] = '\0';
    *out = strtod(room, &end);
    return *end == '\0' && *out == *out && *out < 9e18 && *out > -9e18;
}

static bool take_number(void *place, uint8_t kind, struct bytes text, uint32_t a_second)
{
    double value;
    uint64_t whole;
    bool exact = a_second == 0 && bytes_to_u64(text, &whole);
    if (!exact) {
        if (!to_double(text, &value))
            return false;
        value = a_second ? value * a_second + 0.5 : value;
        whole = value > 0 ? (uint64_t)value : 0;
    }
    int64_t sign = exact ? (int64_t)whole : (int64_t)value;
    uint8_t u8 = (uint8_t)whole;
    uint16_t u16 = (uint16_t)whole;
    uint32_t u32 = (uint32_t)whole;
    switch (kind) {
    case SHAPE_U8: memcpy(place, &u8, sizeof u8); return whole <= UINT8_MAX;
    case SHAPE_U16: memcpy(place, &u16, sizeof u16); return whole <= UINT16_MAX;
    case SHAPE_U32: memcpy(place, &u32, sizeof u32); return whole <= UINT32_MAX;
    case SHAPE_U64: memcpy(place, &whole, sizeof whole); return true;
    default: memcpy(place, &sign, sizeof sign); return true; // SHAPE_I64, SHAPE_TIME
    }
}

static bool take_double(void *place, struct bytes text)
{
    double value;
    if (!to_double(text, &value))
        return false;
    memcpy(place, &value, sizeof value);
    return true;
}

static bool take_text(void *place, struct bytes text, struct arena *arena)
{
    struct bytes kept = text.len ? arena_copy(arena, text) : BYTES("");
    memcpy(place, &kept, sizeof kept);
    return kept.data != NULL;
}

static bool take_hex_number(void *place, uint8_t kind, struct bytes text)
{
    uint64_t value;
    if (!bytes_hex_to_u64(text, &value) || value > (kind == SHAPE_U8_HEX ? UINT8_MAX : UINT16_MAX))
        return false;
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    if (kind == SHAPE_U8_HEX)
        memcpy(place, &u8, sizeof u8);
    else
        memcpy(place, &u16, sizeof u16);
    return true;
}

static bool take_bool(void *place, struct bytes text)
{
    bool yes = bytes_equal(text, BYTES("T")) || bytes_equal(text, BYTES("true"));
    bool no = bytes_equal(text, BYTES("F")) || bytes_equal(text, BYTES("false"));
    memcpy(place, &yes, sizeof yes);
    return yes || no;
}

bool log_take_scalar(
    void *place, uint8_t kind, struct bytes text, uint32_t a_second, struct arena *arena)
{
    struct bytes raw;
    struct addr addr;
    switch (kind) {
    case SHAPE_TEXT: return take_text(place, text, arena);
    case SHAPE_HEX:
    case SHAPE_MAC:
        raw = unhex(text, arena);
        memcpy(place, &raw, sizeof raw);
        return raw.data != NULL;
    case SHAPE_ADDR:
        if (!addr_parse(text, &addr))
            return false;
        memcpy(place, &addr, sizeof addr);
        return true;
    case SHAPE_BOOL: return take_bool(place, text);
    case SHAPE_DOUBLE: return take_double(place, text);
    case SHAPE_U8_HEX:
    case SHAPE_U16_HEX: return take_hex_number(place, kind, text);
    default: return take_number(place, kind, text, a_second);
    }
}
