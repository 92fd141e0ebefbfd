// SPDX-License-Identifier: Apache-2.0
// One input: the window over its unpacked bytes, what is noted about it, and how reading goes on
// behind damage. The formats move through the window; see struct source.
#include "base/alloc.h"
#include "capture/internal.h"

#include <stdio.h>

enum fill source_fill(struct source *s, size_t need)
{
    while (s->end - s->at < need) {
        if (need > s->room - s->at)
            return FILL_FULL;
        if (s->ended)
            return FILL_END;
        size_t want = s->room - s->end < READ_BYTES ? s->room - s->end : READ_BYTES;
        size_t got = stream_read(&s->stream, s->data + s->end, want);
        s->ended = got == 0;
        s->end += got;
        s->offset_end += got;
    }
    return FILL_OK;
}

void source_bind(struct source *s, uint8_t *memory, size_t room)
{
    size_t left = s->end - s->at;
    memcpy(memory, s->data + s->at, left);
    s->data = memory;
    s->room = room;
    s->at = 0;
    s->end = left;
    s->own_window = false;
}

static bool source_own(struct source *s, size_t room)
{
    if (room <= s->own_room)
        return true;
    uint8_t *own = base_realloc(s->own, room);
    if (!own)
        return false;
    if (s->own_window)
        s->data = own;
    s->own = own;
    s->own_room = room;
    return true;
}

bool source_unbind(struct source *s)
{
    size_t left = s->end - s->at;
    if (!source_own(s, left))
        return false;
    if (left)
        memcpy(s->own, s->data + s->at, left);
    s->data = s->own;
    s->room = s->own_room;
    s->at = 0;
    s->end = left;
    s->own_window = true;
    return true;
}

bool source_make_room(struct source *s)
{
    if (s->at > 0) {
        memmove(s->data, s->data + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;
        return true;
    }
    if (!s->own_window || s->own_room >= SOURCE_ROOM_MAX || !source_own(s, s->own_room * 2))
        return false;
    s->room = s->own_room;
    return true;
}

static void source_note(struct source *s, struct note note)
{
    if (s->report.damages++ == 0)
        s->damage = note;
}

void source_damage(struct source *s, struct note note)
{
    note.at = source_offset(s);
    source_note(s, note);
}

enum step source_lost(struct source *s, struct note note)
{
    source_damage(s, note);
    s->resyncing = true;
    return STEP_AGAIN;
}

// How the search ended, behind the text of the damage it was for.
static void source_outcome(struct source *s, enum text_id id)
{
    if (s->report.damages != 1)
        return;
    s->after = (struct note){.id = id, .at = source_offset(s)};
    s->has_after = true;
}

enum step source_stop(struct source *s, enum fill fill, enum text_id what, size_t need)
{
    if (fill == FILL_FULL)
        return STEP_FULL;
    size_t left = s->end - s->at;
    if (s->stream.failed)
        source_note(s, s->stream.why);
    else if (left > 0)
        source_damage(
            s, (struct note){.id = TEXT_CAPTURE_CUT_OFF, .what = what, .have = left, .size = need});
    s->report.lost_bytes += left;
    s->at = s->end;
    return STEP_END;
}

// Distance from data[at] of the next place where packets go on; 0: none within RESYNC_BYTES. Only
// bytes within the given reach are looked at, however many happen to have been read.
static size_t source_search(struct source *s, size_t reach)
{
    size_t end = s->end, left = end - s->at, found = 0;
    bool ended = s->ended;
    if (left > reach) {
        s->end = s->at + reach;
        s->ended = false;
    }
    if (left > RESYNC_BYTES)
        left = RESYNC_BYTES;
    for (size_t skipped = 1; skipped < left && found == 0; skipped++)
        if (s->format->resyncs(s, s->at + skipped))
            found = skipped;
    s->end = end;
    s->ended = ended;
    return found;
}

static enum step source_resync(struct source *s)
{
    size_t reach = RESYNC_BYTES + RESYNC_AHEAD_BYTES;
    if (source_need(s, reach + 1) == FILL_FULL)
        return STEP_FULL;
    size_t found = source_search(s, reach);
    s->resyncing = false;
    if (found) {
        s->at += found;
        s->report.lost_bytes += found;
        source_outcome(s, TEXT_CAPTURE_GOES_ON);
        return STEP_AGAIN;
    }
    source_outcome(s, TEXT_CAPTURE_NOTHING_BEHIND);
    s->report.lost_bytes += s->end - s->at;
    if (s->stream.failed)
        source_note(s, s->stream.why);
    return STEP_END;
}

static enum step source_skip(struct source *s)
{
    enum fill fill = source_need(s, 1);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_RECORD, 0);
    size_t left = s->end - s->at;
    size_t part = s->skip < left ? (size_t)s->skip : left;
    s->at += part;
    s->skip -= part;
    return STEP_AGAIN;
}

static void source_note_link(struct source *s, uint16_t link)
{
    struct capture_report *r = &s->report;
    s->last_link = link;
    for (size_t i = 0; i < r->links_count; i++)
        if (r->links[i] == link)
            return;
    if (r->links_count < CAPTURE_LINKS)
        r->links[r->links_count++] = link;
}

static inline void source_count(struct source *s, struct packet *p)
{
    struct capture_report *r = &s->report;
    if (p->link != s->last_link || r->packets == 0)
        source_note_link(s, p->link);
    if (p->time_ns < r->first_ns || r->packets == 0)
        r->first_ns = p->time_ns;
    if (p->time_ns > r->last_ns)
        r->last_ns = p->time_ns;
    r->packets++;
    r->bytes += p->data.len;
    r->cut_packets += p->data.len < p->wire_len;
    p->source = s->index;
    s->last_ns = p->time_ns;
}

enum step source_next(struct source *s, struct packet *out)
{
    for (;;) {
        enum step step = STEP_AGAIN;
        if (s->resyncing)
            step = source_resync(s);
        else if (s->skip)
            step = source_skip(s);
        else
            step = s->format->next(s, out);
        if (step == STEP_PACKET)
            source_count(s, out);
        if (step == STEP_FULL && s->own_window && source_make_room(s))
            continue;
        if (step != STEP_AGAIN)
            return step;
    }
}

// ---- opening

static bool source_refuse(struct source *s, struct note why)
{
    s->damage = why;
    s->report.damages = 1;
    s->report.unreadable = true;
    s->format = NULL;
    return false;
}

static bool source_refuse_kind(struct source *s)
{
    if (s->stream.failed)
        return source_refuse(s, s->stream.why);
    bool plain = s->stream.kind == STREAM_PLAIN;
    return source_refuse(
        s, (struct note){.id = plain ? TEXT_CAPTURE_KIND : TEXT_CAPTURE_KIND_PACKED,
               .what = guess_kind(bytes_make(s->data + s->at, s->end - s->at)),
               .packing = s->stream.kind == STREAM_ZSTD ? TEXT_CAPTURE_ZSTD : TEXT_CAPTURE_GZIP});
}

static bool source_detect(struct source *s)
{
    (void)source_need(s, 24); // fewer are judged below
    if (pcap_open(s) || pcapng_open(s)) {
        size_t len = strlen(s->format_text);
        if (s->stream.kind != STREAM_PLAIN)
            snprintf(s->format_text + len, sizeof s->format_text - len, ", %s",
                s->stream.kind == STREAM_GZIP ? "gzip" : "zstd");
        s->report.format = s->format_text;
        return true;
    }
    return source_refuse_kind(s);
}

bool source_open(struct source *s)
{
    struct source keep = {.path = s->path,
        .index = s->index,
        .memory = s->memory,
        .memory_step = s->memory_step,
        .from_memory = s->from_memory};
    *s = keep;
    s->report.path = s->path;
    s->own_window = true;
    bool open = s->from_memory ? stream_open_memory(&s->stream, s->memory, s->memory_step)
                               : stream_open_path(&s->stream, s->path);
    if (!open)
        return source_refuse(s, s->stream.why);
    if (!source_own(s, SOURCE_ROOM_START))
        return source_refuse(s, (struct note){.id = TEXT_CAPTURE_NO_MEMORY});
    s->room = s->own_room;
    return source_detect(s);
}

void source_close(struct source *s)
{
    if (s->format == &format_pcapng) {
        s->report.dropped = pcapng_dropped(&s->pcapng);
        pcapng_close(s);
    }
    s->format = NULL;
    stream_close(&s->stream);
    base_free(s->own);
    s->own = s->data = NULL;
    s->own_room = s->room = s->at = s->end = 0;
}
