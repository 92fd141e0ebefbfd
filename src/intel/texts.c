// SPDX-License-Identifier: Apache-2.0
// Texts, each kept once: two bytes of length and the text, found through a table of offsets.
#include "base/alloc.h"
#include "base/hash.h"
#include "intel/internal.h"

enum { TEXTS_FIRST = 1024, TEXT_HEAD = 2, TEXTS_MOST = INT32_MAX };

bool texts_init(struct texts *texts)
{
    texts->slots = base_calloc(TEXTS_FIRST, sizeof *texts->slots);
    texts->slot_count = texts->slots ? TEXTS_FIRST : 0;
    texts->data = base_malloc(TEXTS_FIRST);
    texts->room = texts->data ? TEXTS_FIRST : 0;
    texts->len = 1; // 0 is the empty text
    texts->seed = hash_seed();
    return texts->slots && texts->data;
}

void texts_finish(struct texts *texts)
{
    base_free(texts->slots);
    base_free(texts->data);
}

struct bytes texts_of(const struct texts *texts, uint32_t text)
{
    if (text == 0)
        return (struct bytes){NULL, 0};
    const uint8_t *at = &texts->data[text];
    return bytes_make(&at[TEXT_HEAD], (size_t)at[0] | (size_t)at[1] << 8);
}

static uint32_t *slot_of(const struct texts *texts, struct bytes text)
{
    size_t at = hash_bytes(text, texts->seed) % texts->slot_count;
    while (texts->slots[at] && !bytes_equal(texts_of(texts, texts->slots[at]), text))
        at = at + 1 == texts->slot_count ? 0 : at + 1;
    return &texts->slots[at];
}

// A table of so many slots, filled from the texts.
static bool slots_make(struct texts *texts, size_t count)
{
    uint32_t *slots = base_calloc(count, sizeof *slots);
    if (!slots)
        return false;
    base_free(texts->slots);
    texts->slots = slots;
    texts->slot_count = count;
    texts->used = 0;
    for (size_t at = 1; at < texts->len;) {
        struct bytes text = texts_of(texts, (uint32_t)at);
        *slot_of(texts, text) = (uint32_t)at;
        texts->used++;
        at += TEXT_HEAD + text.len;
    }
    return true;
}

static bool texts_grow(struct texts *texts, size_t more)
{
    if (texts->len + more <= texts->room)
        return true;
    size_t room = texts->room + texts->room / 2 + more;
    uint8_t *data = room < TEXTS_MOST ? base_realloc(texts->data, room) : NULL;
    if (!data)
        return false;
    texts->data = data;
    texts->room = room;
    return true;
}

uint32_t texts_add(struct texts *texts, struct bytes text)
{
    if (text.len == 0)
        return 0;
    uint32_t *slot = slot_of(texts, text);
    if (*slot)
        return *slot;
    if (!texts_grow(texts, TEXT_HEAD + text.len))
        return STORE_NONE;
    uint32_t at = (uint32_t)texts->len;
    texts->data[at] = (uint8_t)text.len;
    texts->data[at + 1] = (uint8_t)(text.len >> 8);
    memcpy(&texts->data[at + TEXT_HEAD], text.data, text.len);
    texts->len += TEXT_HEAD + text.len;
    *slot = at;
    if (++texts->used * 4 > texts->slot_count * 3 && !slots_make(texts, texts->slot_count * 2))
        return STORE_NONE;
    return at;
}

bool texts_back(struct texts *texts, size_t len)
{
    if (len == texts->len)
        return true;
    texts->len = len;
    return slots_make(texts, texts->slot_count);
}

void texts_freeze(struct texts *texts)
{
    uint8_t *smaller = base_realloc(texts->data, texts->len);
    if (smaller) {
        texts->data = smaller;
        texts->room = texts->len;
    }
    base_free(texts->slots);
    texts->slots = NULL;
    texts->slot_count = 0;
}

uint64_t texts_bytes(const struct texts *texts)
{
    return texts->room + texts->slot_count * sizeof *texts->slots;
}
