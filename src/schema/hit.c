// SPDX-License-Identifier: Apache-2.0
#include "schema/hit.h"
#include "base/arena.h"

enum {
    BEFORE_BYTES = HIT_DATA_BYTES / 4
}; // kept before a match that does not stand at the beginning

const char *const severity_ids[SEVERITIES] = {"info", "low", "medium", "high"};

static struct bytes copy_text(struct arena *arena, struct bytes text)
{
    if (!text.data)
        return text;
    size_t len = text.len < HIT_TEXT_BYTES ? text.len : HIT_TEXT_BYTES;
    while (len < text.len && len > 0 && (text.data[len] & 0xc0) == 0x80)
        len--; // not within a UTF-8 character
    return arena_copy(arena, bytes_sub(text, 0, len));
}

// The bytes around a match, so that its beginning is among them.
static struct hit_match copy_match(struct arena *arena, const struct hit_match *from)
{
    struct hit_match to = *from;
    uint32_t len = from->data.len < UINT32_MAX ? (uint32_t)from->data.len : UINT32_MAX;
    to.where = copy_text(arena, from->where);
    to.at = from->at < len ? from->at : len;
    to.len = from->len < len - to.at ? from->len : len - to.at;
    uint32_t first = 0;
    if (len > HIT_DATA_BYTES && to.at > BEFORE_BYTES)
        first = to.at - BEFORE_BYTES;
    to.data = bytes_sub(from->data, first, HIT_DATA_BYTES);
    to.at -= first;
    if (to.len > to.data.len - to.at)
        to.len = (uint32_t)to.data.len - to.at;
    to.data = to.data.data ? arena_copy(arena, to.data) : to.data;
    return to;
}

static struct hit_source copy_source(struct arena *arena, const struct hit_source *from)
{
    return (struct hit_source){.name = copy_text(arena, from->name),
        .says = copy_text(arena, from->says),
        .confidence = from->confidence,
        .tlp = copy_text(arena, from->tlp)};
}

static struct json_pair copy_pair(struct arena *arena, const struct json_pair *from)
{
    return (struct json_pair){copy_text(arena, from->name), copy_text(arena, from->value)};
}

static const struct hit_alert *copy_alert(struct arena *arena, const struct hit_alert *from)
{
    struct hit_alert *to = arena_alloc(arena, sizeof *to);
    if (!to)
        return NULL;
    *to = *from;
    to->action = copy_text(arena, from->action);
    to->signature = copy_text(arena, from->signature);
    to->category = copy_text(arena, from->category);
    to->stream = arena_copy(arena, from->stream);
    to->xff = copy_text(arena, from->xff);
    for (size_t i = 0; i < from->bits_count; i++)
        to->bits[i] = copy_text(arena, from->bits[i]);
    for (int of = 0; of < 2; of++)
        for (size_t i = 0; i < from->variables_count[of]; i++)
            to->variables[of][i] = copy_pair(arena, &from->variables[of][i]);
    size_t count = from->metadata_count < HIT_METADATA ? from->metadata_count : HIT_METADATA;
    struct json_pair *pairs = count ? arena_alloc(arena, count * sizeof *pairs) : NULL;
    for (size_t i = 0; pairs && i < count; i++)
        pairs[i] = copy_pair(arena, &from->metadata[i]);
    to->metadata = pairs;
    to->metadata_count = pairs ? count : 0;
    return to;
}

static const struct hit_packet *copy_packet(struct arena *arena, const struct hit_packet *from)
{
    struct hit_packet *to = arena_alloc(arena, sizeof *to);
    struct record_head *outer = from->outer ? arena_alloc(arena, sizeof *outer) : NULL;
    if (!to)
        return NULL;
    *to = *from;
    if (outer)
        record_head_copy(arena, from->outer, outer);
    to->outer = outer;
    to->frame = arena_copy(arena, from->frame);
    to->payload = arena_copy(arena, from->payload);
    return to;
}

static size_t at_most(size_t count, size_t limit)
{
    return count < limit ? count : limit;
}

static void copy_lists(struct arena *arena, struct hit *to)
{
    to->techniques_count = at_most(to->techniques_count, HIT_TECHNIQUES);
    to->matches_count = at_most(to->matches_count, HIT_MATCHES);
    to->sources_count = at_most(to->sources_count, HIT_SOURCES);
    to->facts_count = at_most(to->facts_count, HIT_FACTS);
    for (size_t i = 0; i < to->techniques_count; i++)
        to->techniques[i] = copy_text(arena, to->techniques[i]);
    for (size_t i = 0; i < to->matches_count; i++)
        to->matches[i] = copy_match(arena, &to->matches[i]);
    for (size_t i = 0; i < to->sources_count; i++)
        to->sources[i] = copy_source(arena, &to->sources[i]);
    for (size_t i = 0; i < to->facts_count; i++)
        to->facts[i].value = copy_text(arena, bytes_sub(to->facts[i].value, 0, HIT_FACT_BYTES));
}

struct hit *hit_copy(struct arena *arena, const struct hit *hit)
{
    struct hit *to = arena_alloc(arena, sizeof *to);
    struct record_head *head = arena_alloc(arena, sizeof *head);
    if (!to || !head)
        return NULL;
    *to = *hit;
    record_head_copy(arena, hit->head, head);
    to->head = head;
    to->rule = copy_text(arena, hit->rule);
    to->title = copy_text(arena, hit->title);
    to->kind = copy_text(arena, hit->kind);
    to->host = copy_text(arena, hit->host);
    bool fits = hit->shown.data && hit->shown.len <= HIT_SHOWN_BYTES;
    to->shown = fits ? arena_copy(arena, hit->shown) : (struct bytes){NULL, 0};
    to->settle_more =
        hit->settle_more.len ? arena_copy(arena, hit->settle_more) : (struct bytes){NULL, 0};
    to->packet = hit->packet ? copy_packet(arena, hit->packet) : NULL;
    to->alert = hit->alert ? copy_alert(arena, hit->alert) : NULL;
    copy_lists(arena, to);
    return arena->exhausted ? NULL : to;
}
