// SPDX-License-Identifier: Apache-2.0
// Ways into records by offset.
#include "schema/shape.h"
#include <string.h>

static const void *at_offset(const void *base, size_t offset)
{
    return (const char *)base + offset; // lint: offsets are offsetof() of generated tables
}

const void *shape_values(
    const struct shape_path *path, const struct record_head *head, const void *body, size_t *count)
{
    const void *base = path->head ? (const void *)head : body;
    *count = 1;
    if (path->list != SHAPE_NONE) {
        memcpy(count, at_offset(base, path->list_count), sizeof *count);
        memcpy(&base, at_offset(base, path->list), sizeof base);
        if (*count == 0 || !base)
            return NULL;
        *count = path->all ? *count : 1;
    }
    if (path->present != SHAPE_NONE) {
        bool has;
        memcpy(&has, at_offset(base, path->present), sizeof has);
        if (!has)
            return NULL;
    }
    return at_offset(base, path->offset);
}

uint64_t shape_unsigned(const void *at, uint8_t kind)
{
    uint64_t u64 = 0;
    uint32_t u32;
    uint16_t u16;
    uint8_t u8;
    switch (kind) {
    case SHAPE_U8:
    case SHAPE_U8_HEX: memcpy(&u8, at, sizeof u8); return u8;
    case SHAPE_U16:
    case SHAPE_U16_HEX: memcpy(&u16, at, sizeof u16); return u16;
    case SHAPE_U32: memcpy(&u32, at, sizeof u32); return u32;
    default: memcpy(&u64, at, sizeof u64); return u64;
    }
}
