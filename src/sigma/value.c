// SPDX-License-Identifier: Apache-2.0
#include "sigma/value.h"
#include "schema/shape.h"
#include "sigma/pattern.h"
#include <stdio.h>

enum { ALL_BYTES = 64 * 1024, ALL_DEEP = 4 }; // of a record's texts together

void sigma_value_add(struct sigma_values *values, struct bytes raw)
{
    if (!raw.data || values->count == SIGMA_VALUES_MOST)
        return;
    if (values->count == values->room) {
        size_t room = values->room ? values->room * 2 : 2;
        struct sigma_value *items = arena_grow(
            values->arena, values->items, values->room * sizeof *items, room * sizeof *items);
        if (!items)
            return;
        values->items = items;
        values->room = room;
    }
    uint8_t *folded = arena_alloc(values->arena, raw.len + 1);
    if (!folded)
        return;
    pattern_fold(raw, folded);
    values->items[values->count++] = (struct sigma_value){raw, bytes_make(folded, raw.len)};
}

static void add_text(struct sigma_values *values, const char *text, int len)
{
    sigma_value_add(values, arena_copy(values->arena, bytes_make(text, len > 0 ? (size_t)len : 0)));
}

void sigma_value_number(struct sigma_values *values, uint64_t number)
{
    char text[32];
    add_text(values, text, snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

void sigma_value_addr(struct sigma_values *values, const struct addr *addr)
{
    char text[ADDR_TEXT_BYTES];
    if (addr->version)
        add_text(values, text, (int)addr_write(addr, text));
}

static void add_signed(struct sigma_values *values, int64_t number)
{
    char text[32];
    add_text(values, text, snprintf(text, sizeof text, "%lld", (long long)number));
}

static void add_double(struct sigma_values *values, double number)
{
    char text[64];
    add_text(values, text, snprintf(text, sizeof text, "%.6g", number));
}

static void add_time(struct sigma_values *values, int64_t time_us)
{
    struct json text; // "…T08:00:00.123456+0000" in quotes
    json_init(&text);
    json_time(&text, time_us);
    if (time_us && !text.failed)
        sigma_value_add(values,
            arena_copy(values->arena, bytes_sub(bytes_make(text.data, text.len), 1, text.len - 2)));
    json_finish(&text);
}

static void add_hex(struct sigma_values *values, struct bytes raw, char between)
{
    static const char digits[] = "0123456789abcdef";
    char *text = raw.data ? arena_alloc(values->arena, raw.len * 3 + 1) : NULL;
    size_t len = 0;
    for (size_t i = 0; text && i < raw.len; i++) {
        if (i && between)
            text[len++] = between;
        text[len++] = digits[raw.data[i] >> 4];
        text[len++] = digits[raw.data[i] & 15];
    }
    sigma_value_add(values, bytes_make(text, len));
}

static void add_at(struct sigma_values *values, const void *at, uint8_t kind)
{
    struct bytes text;
    struct addr addr;
    int64_t i64;
    double real;
    bool yes;
    char hex[16];
    switch (kind) {
    case SHAPE_TEXT:
        memcpy(&text, at, sizeof text);
        sigma_value_add(values, text);
        return;
    case SHAPE_HEX:
        memcpy(&text, at, sizeof text);
        add_hex(values, text, 0);
        return;
    case SHAPE_MAC:
        memcpy(&text, at, sizeof text);
        add_hex(values, text, ':');
        return;
    case SHAPE_ADDR:
        memcpy(&addr, at, sizeof addr);
        sigma_value_addr(values, &addr);
        return;
    case SHAPE_TIME:
        memcpy(&i64, at, sizeof i64);
        add_time(values, i64);
        return;
    case SHAPE_I64:
        memcpy(&i64, at, sizeof i64);
        add_signed(values, i64);
        return;
    case SHAPE_DOUBLE:
        memcpy(&real, at, sizeof real);
        add_double(values, real);
        return;
    case SHAPE_BOOL:
        memcpy(&yes, at, sizeof yes);
        sigma_value_add(values, yes ? BYTES("true") : BYTES("false"));
        return;
    case SHAPE_U8_HEX:
    case SHAPE_U16_HEX:
        add_text(values, hex,
            snprintf(hex, sizeof hex, "%llx", (unsigned long long)shape_unsigned(at, kind)));
        return;
    case SHAPE_U8:
    case SHAPE_U16:
    case SHAPE_U32:
    case SHAPE_U64: sigma_value_number(values, shape_unsigned(at, kind)); return;
    default: return;
    }
}

static const void *behind(const void *at, size_t offset)
{
    return (const char *)at + offset; // lint: offsets and sizes of generated tables
}

void sigma_value_path(
    struct sigma_values *values, const struct shape_path *path, const struct record *record)
{
    size_t count;
    const void *at = shape_values(path, &record->head, record->body, &count);
    for (size_t i = 0; at && i < count && i < SIGMA_VALUES_MOST; i++)
        add_at(values, behind(at, i * path->element), path->kind);
}

// A record's texts, one behind the other.
struct gather {
    struct arena *arena;
    uint8_t *text;
    size_t len, room;
};

static void gather_text(struct gather *g, struct bytes text)
{
    if (!text.data || text.len == 0 || g->len + text.len + 1 > ALL_BYTES)
        return;
    if (g->len + text.len + 1 > g->room) {
        size_t room = 2 * (g->room + text.len + 256);
        uint8_t *larger = arena_grow(g->arena, g->text, g->room, room);
        if (!larger)
            return;
        g->text = larger;
        g->room = room;
    }
    memcpy(&g->text[g->len], text.data, text.len);
    g->len += text.len;
    g->text[g->len++] = '\n';
}

static void gather_shape(struct gather *g, const struct shape *shape, const void *base, int deep);

static void gather_list(
    struct gather *g, const struct shape_field *field, const void *base, int deep)
{
    const void *list;
    size_t count;
    struct bytes text;
    struct json_pair pair;
    memcpy(&list, behind(base, field->offset), sizeof list);
    memcpy(&count, behind(base, field->count), sizeof count);
    for (size_t i = 0; list && i < count && i < SIGMA_VALUES_MOST; i++) {
        if (field->kind == SHAPE_PAIRS) {
            memcpy(&pair, behind(list, i * sizeof pair), sizeof pair);
            gather_text(g, pair.value);
        } else if (field->inside) {
            gather_shape(g, field->inside, behind(list, i * field->inside->size), deep + 1);
        } else if (field->of == SHAPE_TEXT) {
            memcpy(&text, behind(list, i * sizeof text), sizeof text);
            gather_text(g, text);
        }
    }
}

static void gather_shape(struct gather *g, const struct shape *shape, const void *base, int deep)
{
    for (size_t i = 0; deep < ALL_DEEP && i < shape->count; i++) {
        const struct shape_field *field = &shape->fields[i];
        struct bytes text;
        if (field->kind == SHAPE_TEXT) {
            memcpy(&text, behind(base, field->offset), sizeof text);
            gather_text(g, text);
        } else if (field->kind == SHAPE_OBJECT) {
            gather_shape(g, field->inside, behind(base, field->offset), deep + 1);
        } else if (field->kind == SHAPE_LIST || field->kind == SHAPE_PAIRS) {
            gather_list(g, field, base, deep);
        }
    }
}

void sigma_value_all(struct sigma_values *values, const struct record *record)
{
    struct gather g = {.arena = values->arena};
    gather_shape(&g, shape_of_record[record->type], record->body, 0);
    if (g.len)
        sigma_value_add(values, bytes_make(g.text, g.len - 1));
}
