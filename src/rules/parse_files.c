// SPDX-License-Identifier: Apache-2.0
// Keywords on files that travel: filesize, filestore, lists of their digests.
#include "base/alloc.h"
#include "base/hash.h"
#include "rules/keywords.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { HASHES_MOST = 16'000'000, HASH_LINE_BYTES = 1024 };

bool keyword_filesize(struct draft *draft, struct bytes value, bool)
{
    struct rule_condition *c = draft_condition(draft, RULE_ON_filesize);
    return c && parse_number(draft, value, INT64_MAX, NULL, &c->is.number.number);
}

bool keyword_filestore(struct draft *draft, struct bytes value, bool)
{
    static const struct keyword_word sides[] = {{"request", SIDE_TO_SERVER},
        {"to_server", SIDE_TO_SERVER}, {"response", SIDE_TO_CLIENT}, {"to_client", SIDE_TO_CLIENT},
        {"both", SIDE_BOTH}, {NULL, 0}};
    static const struct keyword_word scopes[] = {{"file", STORE_FILE}, {"tx", STORE_TX},
        {"ssn", STORE_FLOW}, {"flow", STORE_FLOW}, {NULL, 0}};
    struct bytes word, rest = value;
    int64_t side = SIDE_EITHER, scope = STORE_FILE;
    if (draft->filestore.asked)
        return draft_fail(draft, "stands twice");
    if (value.len && text_next(&rest, ',', &word) && !text_to_word(sides, word, &side))
        return draft_fail_at(draft, word, "is request, response or both");
    if (rest.data && text_next(&rest, ',', &word) && !text_to_word(scopes, word, &scope))
        return draft_fail_at(draft, word, "is file, tx or flow");
    draft->filestore = (struct rule_filestore){.asked = true, .side = (uint8_t)side};
    draft->filestore.scope = (typeof(draft->filestore.scope))scope;
    return true;
}

struct hashes {
    uint8_t *list;
    size_t count, room, length;
};

static int compare_16(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}
static int compare_20(const void *a, const void *b)
{
    return memcmp(a, b, 20);
}
static int compare_32(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static bool add_hash(struct draft *draft, struct hashes *h, struct bytes text)
{
    if (text.len < h->length * 2)
        return draft_fail(draft, "the file has a line that is no digest of this kind");
    if (h->count == h->room) {
        size_t room = h->room ? h->room * 2 : 64;
        uint8_t *grown = h->count < HASHES_MOST ? base_realloc(h->list, room * h->length) : NULL;
        if (!grown)
            return draft_fail(draft, "the file has too many digests");
        h->list = grown;
        h->room = room;
    }
    uint8_t *out = h->list + h->count * h->length;
    for (size_t i = 0; i < h->length; i++) {
        int high = bytes_hex_digit(text.data[i * 2]), low = bytes_hex_digit(text.data[i * 2 + 1]);
        if (high < 0 || low < 0)
            return draft_fail(draft, "the file has a line that is no digest of this kind");
        out[i] = (uint8_t)(high << 4 | low);
    }
    h->count++;
    return true;
}

static bool read_hashes(struct draft *draft, FILE *file, struct hashes *h)
{
    char line[HASH_LINE_BYTES];
    while (fgets(line, sizeof line, file)) {
        struct bytes text = text_trim(bytes_from_text(line));
        if (text.len && text.data[0] != '#' && !add_hash(draft, h, text))
            return false;
    }
    return h->count > 0 || draft_fail(draft, "the file has no digests");
}

// The path, relative ones to where the rule stands. NULL: told.
const char *draft_path(struct draft *draft, struct bytes name)
{
    const char *slash = strrchr(draft->file, '/');
    size_t folder =
        slash && name.len && name.data[0] != '/' ? (size_t)(slash - draft->file) + 1 : 0;
    char *path = draft_alloc(draft, folder + name.len + 1);
    if (!path)
        return NULL;
    memcpy(path, draft->file, folder);
    if (name.len)
        memcpy(path + folder, name.data, name.len);
    return path;
}

static bool keep_hashes(struct draft *draft, struct hashes *h, bool negated)
{
    qsort(h->list, h->count, h->length,
        h->length == 16   ? compare_16
        : h->length == 20 ? compare_20
                          : compare_32);
    struct rule_file_hash *kept = draft_alloc(draft, sizeof *kept);
    struct bytes list = draft_copy(draft, bytes_make(h->list, h->count * h->length));
    struct rule_condition *c = draft_condition(draft, RULE_ON_file_hash);
    if (!kept || !list.data || !c)
        return false;
    *kept = (struct rule_file_hash){
        .length = (uint8_t)h->length, .count = (uint32_t)h->count, .sorted = list.data};
    c->is.file_hash = kept;
    c->negated = negated;
    return true;
}

bool keyword_file_hash(struct draft *draft, struct bytes value, bool negated)
{
    const char *path = draft_path(draft, value), *name = draft->keyword->name;
    if (!path)
        return false;
    struct stat info; // a device or a pipe may never end
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "re") : NULL;
    if (!file)
        return draft_fail(draft, "the file with the digests cannot be read");
    struct hashes h = {.length = strcmp(name, "filemd5") == 0    ? MD5_BYTES
                                 : strcmp(name, "filesha1") == 0 ? SHA1_BYTES
                                                                 : SHA256_BYTES};
    bool good = read_hashes(draft, file, &h) && keep_hashes(draft, &h, negated);
    fclose(file);
    base_free(h.list);
    return good;
}
