// SPDX-License-Identifier: Apache-2.0
// Labels of values: millions of them, each much like the one before ("Indicator 1234567"), or one
// of a few. Of each only what differs from the one before is kept; every sixteenth is whole. One
// made lately is not made again. Ids of what has no name end in a UUID, kept in binary.
#include "base/alloc.h"
#include "base/hash.h"
#include "intel/internal.h"

enum {
    LABELS_RECENT = 1 << 16,
    LABELS_FIRST = 4096,
    BLOCK_LABELS = 16,
    LABEL_HEAD = 2,  // bytes in common with the one before, bytes that follow
    REST_UUID = 255, // a UUID follows
    UUID_BYTES = 16,
    UUID_TEXT = 36,
};

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

// As RFC 9562 writes it, in small letters. False: no UUID.
static bool uuid_pack(struct bytes text, uint8_t out[UUID_BYTES])
{
    size_t digits = 0;
    memset(out, 0, UUID_BYTES);
    for (size_t i = 0; i < text.len; i++) {
        int digit = bytes_hex_digit(text.data[i]);
        if (is_dash(i) ? text.data[i] != '-' : digit < 0 || (text.data[i] & 0x60) == 0x40)
            return false;
        if (is_dash(i))
            continue;
        out[digits / 2] |= (uint8_t)(digit << (digits % 2 ? 0 : 4));
        digits++;
    }
    return text.len == UUID_TEXT;
}

static void uuid_unpack(const uint8_t uuid[UUID_BYTES], uint8_t out[UUID_TEXT])
{
    char hex[2 * UUID_BYTES];
    hash_hex(bytes_make(uuid, UUID_BYTES), hex);
    for (size_t i = 0, at = 0; i < UUID_TEXT; i++)
        out[i] = is_dash(i) ? '-' : (uint8_t)hex[at++];
}

// Room for `need` elements of `size`. False: memory.
static bool grow(void **data, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return true;
    size_t wanted = *room + *room / 2 + LABELS_FIRST;
    void *more = base_realloc(*data, wanted * size);
    if (!more)
        return false;
    *data = more;
    *room = wanted;
    return true;
}

struct bytes labels_of(const struct labels *labels, uint32_t label, uint8_t room[LABEL_BYTES])
{
    size_t len = 0;
    if (label == 0)
        return bytes_make(room, 0);
    size_t at = labels->blocks[(label - 1) / BLOCK_LABELS];
    for (uint32_t i = (label - 1) % BLOCK_LABELS + 1; i > 0; i--) {
        size_t shared = labels->data[at], rest = labels->data[at + 1];
        bool uuid = rest == REST_UUID;
        if (uuid)
            uuid_unpack(&labels->data[at + LABEL_HEAD], &room[shared]);
        else
            memcpy(&room[shared], &labels->data[at + LABEL_HEAD], rest);
        len = shared + (uuid ? UUID_TEXT : rest);
        at += LABEL_HEAD + (uuid ? UUID_BYTES : rest);
    }
    return bytes_make(room, len);
}

static size_t shared_with_last(const struct labels *labels, struct bytes text)
{
    size_t len = 0;
    while (len < text.len && len < labels->last_len && text.data[len] == labels->last[len])
        len++;
    return len;
}

static bool label_room(struct labels *labels, size_t more)
{
    void *data = labels->data, *starts = labels->blocks;
    size_t blocks = labels->count / BLOCK_LABELS;
    bool good = labels->len < UINT32_MAX - more && labels->count < LABELS_MOST &&
                grow(&data, &labels->room, labels->len + more, 1) &&
                grow(&starts, &labels->blocks_room, blocks + 1, sizeof *labels->blocks);
    labels->data = data;
    labels->blocks = starts;
    return good;
}

static uint32_t label_push(struct labels *labels, struct bytes text)
{
    uint8_t uuid[UUID_BYTES];
    bool first = labels->count % BLOCK_LABELS == 0;
    size_t shared = first ? 0 : shared_with_last(labels, text);
    size_t before = text.len > UUID_TEXT ? text.len - UUID_TEXT : 0;
    bool packed = shared >= before && uuid_pack(bytes_from(text, before), uuid);
    struct bytes rest = packed ? bytes_make(uuid, sizeof uuid) : bytes_from(text, shared);
    if (!label_room(labels, LABEL_HEAD + rest.len))
        return STORE_NONE;
    if (first)
        labels->blocks[labels->count / BLOCK_LABELS] = (uint32_t)labels->len;
    labels->data[labels->len] = (uint8_t)(packed ? before : shared);
    labels->data[labels->len + 1] = (uint8_t)(packed ? REST_UUID : rest.len);
    if (rest.len)
        memcpy(&labels->data[labels->len + LABEL_HEAD], rest.data, rest.len);
    labels->len += LABEL_HEAD + rest.len;
    memcpy(labels->last, text.data, text.len);
    labels->last_len = text.len;
    return ++labels->count;
}

uint32_t labels_add(struct labels *labels, struct bytes text)
{
    uint8_t room[LABEL_BYTES];
    text = bytes_sub(text, 0, LABEL_BYTES);
    if (text.len == 0)
        return 0;
    if (!labels->recent)
        labels->recent = base_calloc(LABELS_RECENT, sizeof *labels->recent);
    if (!labels->recent)
        return STORE_NONE;
    uint32_t *recent = &labels->recent[hash_bytes(text, labels->seed) % LABELS_RECENT];
    if (*recent && bytes_equal(labels_of(labels, *recent, room), text))
        return *recent;
    uint32_t label = label_push(labels, text);
    if (label != STORE_NONE)
        *recent = label;
    return label;
}

void labels_back(struct labels *labels, struct labels_mark mark)
{
    labels->count = mark.count;
    labels->len = mark.len;
    labels->last_len = 0;
    base_free(labels->recent);
    labels->recent = NULL;
}

void labels_freeze(struct labels *labels)
{
    uint8_t *smaller = labels->len ? base_realloc(labels->data, labels->len) : NULL;
    if (smaller) {
        labels->data = smaller;
        labels->room = labels->len;
    }
    base_free(labels->recent);
    labels->recent = NULL;
}

void labels_finish(struct labels *labels)
{
    base_free(labels->data);
    base_free(labels->blocks);
    base_free(labels->recent);
}

uint64_t labels_bytes(const struct labels *labels)
{
    return labels->room + labels->blocks_room * sizeof *labels->blocks;
}
