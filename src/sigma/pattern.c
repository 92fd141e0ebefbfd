// SPDX-License-Identifier: Apache-2.0
#include "sigma/pattern.h"
#include "base/utf8.h"

void pattern_add(struct pattern_text *text, uint16_t item)
{
    if (text->count == text->room) {
        size_t room = text->room ? text->room * 2 : 32;
        uint16_t *items =
            arena_grow(text->arena, text->items, text->room * sizeof *items, room * sizeof *items);
        if (!items) {
            text->failed = true;
            return;
        }
        text->items = items;
        text->room = room;
    }
    text->items[text->count++] = item;
}

void pattern_add_bytes(struct pattern_text *text, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        pattern_add(text, bytes.data[i]);
}

void pattern_parse(struct pattern_text *out, struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i], next = bytes_at(value, i + 1);
        if (c == '\\' && i + 1 < value.len && (next == '*' || next == '?' || next == '\\')) {
            pattern_add(out, next);
            i++;
        } else {
            pattern_add(out, c == '*' ? PATTERN_MANY : c == '?' ? PATTERN_ONE : c);
        }
    }
}

bool pattern_plain(const struct pattern_text *text, struct bytes *out)
{
    uint8_t *bytes = arena_alloc(text->arena, text->count + 1);
    for (size_t i = 0; bytes && i < text->count; i++) {
        if (text->items[i] > UINT8_MAX)
            return false;
        bytes[i] = (uint8_t)text->items[i];
    }
    *out = bytes_make(bytes, bytes ? text->count : 0);
    return bytes != NULL;
}

// Two bytes in UTF-8: Latin-1, Greek, Cyrillic.
static void fold_two(uint8_t *c)
{
    if (c[0] == 0xc3 && c[1] >= 0x80 && c[1] <= 0x9e && c[1] != 0x97)
        c[1] |= 0x20;
    else if (c[0] == 0xce && c[1] >= 0x91 && c[1] <= 0x9f)
        c[1] |= 0x20;
    else if (c[0] == 0xce && c[1] >= 0xa0 && c[1] <= 0xa9)
        c[0] = 0xcf, c[1] -= 0x20;
    else if (c[0] == 0xd0 && c[1] >= 0x90 && c[1] <= 0x9f)
        c[1] |= 0x20;
    else if (c[0] == 0xd0 && c[1] >= 0xa0 && c[1] <= 0xaf)
        c[0] = 0xd1, c[1] -= 0x20;
    else if (c[0] == 0xd0 && c[1] >= 0x80 && c[1] <= 0x8f)
        c[0] = 0xd1, c[1] |= 0x10;
}

void pattern_fold(struct bytes text, uint8_t *out)
{
    bool ascii = true;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        ascii &= c < 0x80;
        out[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    for (size_t i = 0; !ascii && i + 1 < text.len; i++) {
        bool wide = out[i] == 0xef && out[i + 1] == 0xbc && i + 2 < text.len; // full-width A to Z
        if (wide && out[i + 2] >= 0xa1 && out[i + 2] <= 0xba) {
            out[i + 1] = 0xbd;
            out[i + 2] -= 0x20;
        } else if (out[i] >= 0xc3 && out[i] <= 0xd0) {
            fold_two(&out[i]);
            i++;
        }
    }
}

static bool part_make(
    struct pattern_part *part, const uint16_t *items, size_t count, bool cased, struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, count + 1);
    uint16_t *kept = arena_alloc(arena, (count + 1) * sizeof *kept);
    if (!bytes || !kept)
        return false;
    bool plain = true;
    for (size_t i = 0; i < count; i++) {
        plain &= items[i] <= UINT8_MAX;
        bytes[i] = (uint8_t)items[i];
    }
    if (!cased)
        pattern_fold(bytes_make(bytes, count), bytes); // what is no byte is not looked at
    for (size_t i = 0; i < count; i++)
        kept[i] = items[i] <= UINT8_MAX ? bytes[i] : items[i];
    *part =
        (struct pattern_part){kept, count, plain ? bytes_make(bytes, count) : (struct bytes){0}};
    return true;
}

struct sigma_pattern *pattern_compile(const struct pattern_text *text, bool cased)
{
    struct arena *arena = text->arena;
    struct sigma_pattern *p = arena_zalloc(arena, sizeof *p);
    size_t most = 1;
    for (size_t i = 0; i < text->count; i++)
        most += text->items[i] == PATTERN_MANY;
    if (p)
        p->parts = arena_alloc(arena, most * sizeof *p->parts);
    if (!p || !p->parts || text->failed)
        return NULL;
    p->cased = cased;
    p->open_start = text->count && text->items[0] == PATTERN_MANY;
    p->open_end = text->count && text->items[text->count - 1] == PATTERN_MANY;
    for (size_t i = 0, start = 0; i <= text->count; i++) {
        if (i < text->count && text->items[i] != PATTERN_MANY)
            continue;
        if (i > start &&
            !part_make(&p->parts[p->count++], &text->items[start], i - start, cased, arena))
            return NULL;
        start = i + 1;
    }
    return p;
}

static const struct bytes dashes[] = {{(const uint8_t *)"-", 1}, {(const uint8_t *)"/", 1},
    {(const uint8_t *)"\xe2\x80\x93", 3}, {(const uint8_t *)"\xe2\x80\x94", 3},
    {(const uint8_t *)"\xe2\x80\x95", 3}};

// How many bytes at `at` an element takes; 0: it does not match there.
static size_t element_match(uint16_t item, struct bytes text, size_t at)
{
    size_t bad;
    if (at >= text.len)
        return 0;
    if (item <= UINT8_MAX)
        return text.data[at] == item;
    if (item == PATTERN_ONE) {
        if (text.data[at] < 0x80)
            return 1;
        size_t len = utf8_character(&text.data[at], text.len - at, &bad);
        return len ? len : 1;
    }
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++)
        if (bytes_equal(bytes_sub(text, at, dashes[i].len), dashes[i]))
            return dashes[i].len;
    return 0;
}

// How many bytes at `at` a part takes; SIZE_MAX: it does not match there.
static size_t part_at(const struct pattern_part *part, struct bytes text, size_t at)
{
    size_t from = at;
    for (size_t i = 0; i < part->count; i++) {
        size_t len = element_match(part->items[i], text, at);
        if (len == 0)
            return SIZE_MAX;
        at += len;
    }
    return at - from;
}

// The first place from `at` on.
static size_t part_find(const struct pattern_part *part, struct bytes text, size_t at, size_t *len)
{
    if (part->plain.data) {
        size_t found = bytes_find(bytes_from(text, at), part->plain);
        *len = part->plain.len;
        return found == BYTES_NOT_FOUND ? BYTES_NOT_FOUND : at + found;
    }
    for (; at < text.len; at++) {
        *len = part_at(part, text, at);
        if (*len != SIZE_MAX)
            return at;
    }
    return BYTES_NOT_FOUND;
}

// Whether the last part ends the text, not before `from`.
static bool part_ends(
    const struct pattern_part *part, struct bytes text, size_t from, size_t *at, size_t *len)
{
    if (part->plain.data) {
        *len = part->plain.len;
        *at = text.len - *len;
        return text.len >= from + *len && bytes_equal(bytes_from(text, *at), part->plain);
    }
    for (*at = from; *at < text.len; ++*at) {
        *len = part_at(part, text, *at);
        if (*len != SIZE_MAX && *at + *len == text.len)
            return true;
    }
    return false;
}

// From part `first` on: the last ends the text where nothing may stand behind it.
static bool parts_match(const struct sigma_pattern *p, struct bytes text, size_t from, size_t first,
    size_t *at, size_t *len)
{
    for (size_t i = first; i < p->count; i++) {
        size_t here, much;
        bool last = i + 1 == p->count;
        if (last && !p->open_end) {
            if (!part_ends(&p->parts[i], text, from, &here, &much))
                return false;
        } else {
            here = part_find(&p->parts[i], text, from, &much);
            if (here == BYTES_NOT_FOUND)
                return false;
        }
        if (i == 0) {
            *at = here;
            *len = much;
        }
        from = here + much;
    }
    return true;
}

bool pattern_match(
    const struct sigma_pattern *p, struct bytes raw, struct bytes folded, size_t *at, size_t *len)
{
    struct bytes text = p->cased ? raw : folded;
    *at = *len = 0;
    if (p->count == 0)
        return p->open_start || p->open_end || text.len == 0;
    if (p->open_start)
        return parts_match(p, text, 0, 0, at, len);
    *len = part_at(&p->parts[0], text, 0);
    if (*len == SIZE_MAX)
        return false;
    if (p->count == 1)
        return p->open_end || *len == text.len;
    return parts_match(p, text, *len, 1, at, len);
}

// The longest run of bytes within one part.
static struct bytes longest_run(const struct pattern_part *part, struct arena *arena)
{
    size_t best = 0, best_len = 0;
    for (size_t i = 0, start = 0; i <= part->count; i++) {
        if (i < part->count && part->items[i] <= UINT8_MAX)
            continue;
        if (i - start > best_len) {
            best = start;
            best_len = i - start;
        }
        start = i + 1;
    }
    uint8_t *run = arena_alloc(arena, best_len + 1);
    for (size_t i = 0; run && i < best_len; i++)
        run[i] = (uint8_t)part->items[best + i];
    if (!run)
        return (struct bytes){NULL, 0};
    pattern_fold(bytes_make(run, best_len), run);
    return bytes_make(run, best_len);
}

struct bytes pattern_literal(const struct sigma_pattern *p, struct arena *arena, bool *whole)
{
    struct bytes best = {NULL, 0};
    *whole = p->count == 1 && !p->open_start && !p->open_end && p->parts[0].plain.data;
    for (size_t i = 0; i < p->count; i++) {
        struct bytes run = longest_run(&p->parts[i], arena);
        if (run.len > best.len)
            best = run;
    }
    return best;
}
