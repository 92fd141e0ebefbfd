// SPDX-License-Identifier: Apache-2.0
// Types of files: the own table, then libmagic with bounded effort, its answers remembered by the
// exact first bytes (seeded hash), since what is not in the table tends to come again and again.
// The answer never depends on what was asked before, only the time it takes.
#include "base/alloc.h"
#include "file/kind.h"
#include <magic.h>

enum {
    SLOTS = 512,        // answers remembered; power of two
    TOO_SHORT = 8,      // bytes: nothing can be told from fewer
    ANSWER_BYTES = 160, // of libmagic's description
    MIME_BYTES = 64,
};

struct slot {
    uint64_t hash; // 0: empty
    uint16_t magic_len, mime_len;
    char magic[ANSWER_BYTES];
    char mime[MIME_BYTES];
};

struct file_kinds {
    magic_t cookie;
    uint64_t seed;
    char room[KIND_TEXT_BYTES];
    struct slot slots[SLOTS];
};

// Texts are the own table's business; containers are opened elsewhere.
static const int flags = MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF |
                         MAGIC_NO_CHECK_TEXT | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_CSV |
                         MAGIC_NO_CHECK_JSON | MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_ENCODING |
                         MAGIC_NO_CHECK_APPTYPE;

static void limit(magic_t cookie, int which, size_t value)
{
    (void)magic_setparam(cookie, which, &value); // an older library keeps its own limit
}

struct file_kinds *file_kinds_create(void)
{
    struct file_kinds *kinds = base_calloc(1, sizeof *kinds);
    if (!kinds)
        return NULL;
    kinds->cookie = magic_open(flags);
    if (!kinds->cookie || magic_load(kinds->cookie, NULL) != 0) {
        file_kinds_destroy(kinds);
        return NULL;
    }
    limit(kinds->cookie, MAGIC_PARAM_BYTES_MAX, KIND_HEAD_BYTES);
    limit(kinds->cookie, MAGIC_PARAM_REGEX_MAX, 1024);
    limit(kinds->cookie, MAGIC_PARAM_INDIR_MAX, 5);
    limit(kinds->cookie, MAGIC_PARAM_NAME_MAX, 16);
    kinds->seed = hash_seed();
    return kinds;
}

void file_kinds_destroy(struct file_kinds *kinds)
{
    if (!kinds)
        return;
    if (kinds->cookie)
        magic_close(kinds->cookie);
    base_free(kinds);
}

static uint16_t copy_text(char *out, size_t room, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    len = len < room ? len : room;
    memcpy(out, text ? text : "", len);
    return (uint16_t)len;
}

// One pass gives the description; the MIME type costs a second one.
static void ask(struct file_kinds *kinds, struct bytes head, struct slot *slot)
{
    magic_setflags(kinds->cookie, flags);
    const char *magic = magic_buffer(kinds->cookie, head.data, head.len);
    slot->magic_len = copy_text(slot->magic, sizeof slot->magic, magic ? magic : "data");
    slot->mime_len = copy_text(slot->mime, sizeof slot->mime, "application/octet-stream");
    if (bytes_equal(bytes_make(slot->magic, slot->magic_len), BYTES("data")))
        return;
    magic_setflags(kinds->cookie, flags | MAGIC_MIME_TYPE);
    const char *mime = magic_buffer(kinds->cookie, head.data, head.len);
    if (mime)
        slot->mime_len = copy_text(slot->mime, sizeof slot->mime, mime);
}

// Encrypted or compressed bytes without a mark: nothing libmagic could name. Marks of formats have
// zeros or letters among their first bytes, and what is not random has nibbles it prefers.
static bool is_random(struct bytes head)
{
    enum { LEAST = 128, MARK = 32, LETTERS = 4, ZEROS = 2 };
    unsigned counts[16] = {0}, zeros = 0, letters = 0;
    if (head.len < LEAST)
        return false;
    for (size_t i = 0; i < head.len; i++) {
        uint8_t byte = head.data[i];
        counts[byte >> 4]++;
        letters = byte >= 0x20 && byte < 0x7f ? letters + 1 : 0;
        zeros += i < MARK && byte == 0;
        if (i < MARK && (letters >= LETTERS || zeros >= ZEROS))
            return false;
    }
    for (size_t i = 0; i < 16; i++)
        if (counts[i] > head.len / 8 || counts[i] < head.len / 64)
            return false;
    return true;
}

void file_kinds_find(
    struct file_kinds *kinds, struct bytes head, struct bytes *magic, struct bytes *mime)
{
    if (kind_find(head, kinds->room, magic, mime))
        return;
    *magic = BYTES("data");
    *mime = BYTES("application/octet-stream");
    if (head.len < TOO_SHORT || is_random(head))
        return;
    uint64_t hash = hash_bytes(head, kinds->seed) | 1;
    struct slot *slot = &kinds->slots[hash >> 1 & (SLOTS - 1)];
    if (slot->hash != hash) {
        ask(kinds, head, slot);
        slot->hash = hash;
    }
    *magic = bytes_make(slot->magic, slot->magic_len);
    *mime = bytes_make(slot->mime, slot->mime_len);
}
