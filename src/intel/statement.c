// SPDX-License-Identifier: Apache-2.0
// What is said of values, kept small: what a statement has in common with many others is a manner,
// and a label that names the value it is of has a hole in its place.
#include "base/alloc.h"
#include "base/hash.h"
#include "intel/internal.h"

enum {
    LINKED = 1U << 31,
    MANNER_UNTIL = UINT32_MAX, // at_s is when it ends; when it begins is not said
};

// ---- Putting in.

// Room for `more` elements of `size` behind `len`, half as much again. NULL: memory.
static void *grown(void *old, size_t len, size_t more, size_t *room, size_t size, size_t first)
{
    if (len + more <= *room)
        return old;
    size_t wanted = *room ? *room + *room / 2 : first;
    if (wanted < len + more)
        wanted = len + more;
    void *new = base_realloc(old, wanted * size);
    if (new)
        *room = wanted;
    return new;
}

// A number made lately for what hashes so.
static uint32_t *recent_of(
    const struct store *store, uint32_t *recent, size_t count, struct bytes said)
{
    return &recent[hash_bytes(said, store->seed) % count];
}

static uint32_t manner_put(struct store *store, const struct manner *manner)
{
    size_t count = sizeof store->recent_manners / sizeof *store->recent_manners;
    uint32_t *recent =
        recent_of(store, store->recent_manners, count, bytes_make(manner, sizeof *manner));
    if (*recent && memcmp(&store->manners[*recent - 1], manner, sizeof *manner) == 0)
        return *recent - 1;
    struct manner *all =
        grown(store->manners, store->manners_len, 1, &store->manners_room, sizeof *all, 64);
    if (!all)
        return STORE_NONE;
    store->manners = all;
    all[store->manners_len++] = *manner;
    *recent = (uint32_t)store->manners_len;
    return *recent - 1;
}

// How long it holds. That it ends as it begins is kept as: before it does.
static uint32_t lasts_of(const struct statement *s)
{
    if (s->until_s == 0)
        return 0;
    if (s->from_s == 0)
        return MANNER_UNTIL;
    uint32_t lasts = s->until_s - s->from_s; // or, modulo 2^32, it ends before
    return lasts == 0 || lasts == MANNER_UNTIL ? MANNER_UNTIL - 1 : lasts;
}

static bool pack(struct store *store, const struct statement *s, struct said *said)
{
    struct manner manner;
    memset(&manner, 0, sizeof manner); // both are compared as bytes
    memset(said, 0, sizeof *said);
    manner.lasts_s = lasts_of(s);
    manner.common = s->common;
    manner.techniques = s->techniques;
    manner.source = s->source;
    manner.confidence = s->confidence & 127U;
    manner.tlp = s->tlp & 7U;
    manner.severity = s->severity & 7U;
    manner.phase = s->phase & 7U;
    said->at_s = manner.lasts_s == MANNER_UNTIL ? s->until_s : s->from_s;
    said->label = s->label & LABELS_MOST;
    said->valued = s->valued;
    said->silent = s->silent;
    said->manner = manner_put(store, &manner);
    return said->manner != STORE_NONE;
}

static uint32_t said_push(struct store *store, const struct said *said, uint32_t *recent)
{
    struct said *all = NULL;
    if (store->said_len < LINKED - 1)
        all = grown(store->said, store->said_len, 1, &store->said_room, sizeof *all, 64);
    if (!all)
        return STORE_NONE;
    store->said = all;
    all[store->said_len++] = *said;
    *recent = (uint32_t)store->said_len;
    return *recent - 1;
}

static uint32_t said_put(struct store *store, const struct statement *statement, bool apart)
{
    struct said said;
    size_t count = sizeof store->recent / sizeof *store->recent;
    if (!pack(store, statement, &said))
        return STORE_NONE;
    uint32_t *recent = recent_of(store, store->recent, count, bytes_make(&said, sizeof said));
    if (!apart && *recent && memcmp(&store->said[*recent - 1], &said, sizeof said) == 0)
        return *recent - 1;
    return said_push(store, &said, recent);
}

uint32_t store_statement(struct store *store, const struct statement *statement)
{
    return said_put(store, statement, false);
}

uint32_t store_statement_apart(struct store *store, const struct statement *statement)
{
    return said_put(store, statement, true);
}

static bool link_push(struct store *store, uint32_t statement, uint32_t next)
{
    if (store->links_len >= LINKED - 1)
        return false;
    struct statement_link *links =
        grown(store->links, store->links_len, 1, &store->links_room, sizeof *links, 64);
    if (!links)
        return false;
    store->links = links;
    links[store->links_len++] = (struct statement_link){statement, next};
    return true;
}

uint32_t store_link(struct store *store, uint32_t before, uint32_t statement)
{
    uint32_t next = before & ~LINKED;
    if (!(before & LINKED)) {
        if (!link_push(store, before, STORE_NONE))
            return STORE_NONE;
        next = (uint32_t)store->links_len - 1;
    }
    if (!link_push(store, statement, next))
        return STORE_NONE;
    return (uint32_t)(store->links_len - 1) | LINKED;
}

// ---- Asking.

struct statement store_said(const struct store *store, uint32_t statement)
{
    struct said said = store->said[statement];
    struct manner manner = store->manners[said.manner];
    bool until = manner.lasts_s == MANNER_UNTIL;
    return (struct statement){
        .from_s = until ? 0 : said.at_s,
        .until_s = until            ? said.at_s
                   : manner.lasts_s ? said.at_s + manner.lasts_s
                                    : 0,
        .label = said.label,
        .common = manner.common,
        .techniques = manner.techniques,
        .source = manner.source,
        .confidence = manner.confidence,
        .tlp = manner.tlp,
        .severity = manner.severity,
        .phase = manner.phase,
        .valued = said.valued,
        .silent = said.silent,
    };
}

bool store_same(const struct store *store, uint32_t statement, uint32_t other)
{
    struct said a = store->said[statement], b = store->said[other];
    if (memcmp(&store->manners[a.manner], &store->manners[b.manner], sizeof *store->manners) != 0)
        return false;
    a.manner = b.manner;
    return memcmp(&a, &b, sizeof a) == 0;
}

bool store_statements(const struct store *store, uint32_t *at, uint32_t *statement)
{
    if (*at == STORE_NONE)
        return false;
    if (!(*at & LINKED)) {
        *statement = *at;
        *at = STORE_NONE;
        return true;
    }
    const struct statement_link *link = &store->links[*at & ~LINKED];
    *statement = link->statement;
    *at = link->next == STORE_NONE ? STORE_NONE : link->next | LINKED;
    return true;
}

// ---- Labels.

void composing_add(struct composing *to, const char *before, struct bytes text)
{
    struct bytes parts[] = {bytes_from_text(to->len ? before : ""), text};
    for (size_t i = 0; i < 2 && text.len; i++) {
        size_t room = sizeof to->text - to->len;
        size_t len = parts[i].len < room ? parts[i].len : room;
        while (len < parts[i].len && len > 0 && (parts[i].data[len] & 0xc0) == 0x80)
            len--; // not within a UTF-8 character
        if (len)
            memcpy(&to->text[to->len], parts[i].data, len);
        to->len += len;
    }
}

void statement_label(const struct store *store, const struct statement *statement,
    const struct entry *entry, struct composing *label)
{
    char room[KEY_TEXT_BYTES];
    uint8_t kept[LABEL_BYTES];
    struct bytes text = labels_of(&store->labels, statement->label, kept);
    size_t hole = statement->valued ? bytes_find_byte(text, LABEL_VALUE) : text.len;
    label->len = 0;
    composing_add(label, "", bytes_sub(text, 0, hole));
    if (statement->valued)
        composing_add(label, "", key_text(entry->kind, entry->key, room));
    composing_add(label, "", bytes_from(text, hole + statement->valued));
    composing_add(label, "; ", texts_of(&store->texts, statement->common));
}
