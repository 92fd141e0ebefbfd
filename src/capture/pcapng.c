// SPDX-License-Identifier: Apache-2.0
// pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, several interfaces with their
// own resolution and offset of time, enhanced, simple and obsolete packet blocks, statistics.
// Other blocks are read over. Limits: BLOCK_BYTES_MAX a block, INTERFACES_MAX a section; packets
// over CAPTURE_PACKET_BYTES are cut to it. A simple packet has the time of the one before it.
#include "base/alloc.h"
#include "capture/internal.h"

#include <stdio.h>

enum {
    BLOCK_SECTION = 0x0a0d'0d0a, // the same in both byte orders
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET_OLD = 2,
    BLOCK_PACKET_SIMPLE = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    BLOCK_CUSTOM = 0xbad, // and the one that must not be copied
    BLOCK_CUSTOM_PRIVATE = 0x4000'0bad,
    BLOCK_HEAD_BYTES = 8,
    BLOCK_FRAME_BYTES = 12, // type, length, length again
    BLOCK_SECTION_BYTES = 28,
    SECTION_MAGIC = 0x1a2b'3c4d,

    OPTION_IF_TSRESOL = 9,
    OPTION_IF_TSOFFSET = 14,
    OPTION_EPB_DROPCOUNT = 4,
    OPTION_ISB_IFDROP = 5,
    OPTION_ISB_OSDROP = 7,
};

struct block {
    uint32_t type, len;
    bool swap;
};

// The byte order a section header tells by its magic number. False: neither.
static bool section_order(const uint8_t *data, bool *swap)
{
    *swap = wire_u32(data + 8, false) != SECTION_MAGIC;
    return !*swap || wire_u32(data + 8, true) == SECTION_MAGIC;
}

// What the BLOCK_FRAME_BYTES at `data` say as the start of a block. False: they are not one.
static bool block_head(const struct source *s, const uint8_t *data, struct block *b)
{
    *b = (struct block){.type = wire_u32(data, s->swap), .swap = s->swap};
    bool section = b->type == BLOCK_SECTION;
    if (section && !section_order(data, &b->swap))
        return false;
    b->len = wire_u32(data + 4, b->swap);
    uint32_t least = section ? BLOCK_SECTION_BYTES : BLOCK_FRAME_BYTES;
    return b->len >= least && b->len % 4 == 0 && b->len <= BLOCK_BYTES_MAX;
}

struct option {
    uint16_t code;
    struct bytes value;
};

// The next option of a list (section 3.5). False: the list ends, or runs past its block.
static bool pcapng_option(struct bytes *rest, bool swap, struct option *out)
{
    if (rest->len < 4)
        return false;
    out->code = wire_u16(rest->data, swap);
    size_t len = wire_u16(rest->data + 2, swap);
    if (out->code == 0 || len > rest->len - 4)
        return false;
    out->value = bytes_sub(*rest, 4, len);
    *rest = bytes_from(*rest, 4 + (len + 3) / 4 * 4);
    return true;
}

static uint64_t option_u64(struct option o, bool swap)
{
    return o.value.len == 8 ? wire_u64(o.value.data, swap) : 0;
}

// if_tsresol: ticks in a second, a power of 10, or of 2 with the upper bit. False: too many.
static bool pcapng_resolution(struct pcapng_interface *i, uint8_t resolution)
{
    uint8_t exponent = resolution & 0x7f;
    bool binary = resolution & 0x80;
    if (exponent > (binary ? 63 : 19))
        return false;
    i->units = 1;
    for (uint8_t n = 0; n < exponent; n++)
        i->units *= binary ? 2 : 10;
    bool whole = i->units <= 1'000'000'000 && 1'000'000'000 % i->units == 0;
    i->tick_ns = whole ? (uint32_t)(1'000'000'000 / i->units) : 0;
    return true;
}

static int64_t pcapng_time(const struct pcapng_interface *i, uint64_t ticks)
{
    if (i->tick_ns && i->offset_s == 0 && ticks <= CAPTURE_TIME_MAX_NS / i->tick_ns)
        return (int64_t)(ticks * i->tick_ns);
    __int128 seconds = (__int128)(ticks / i->units) + i->offset_s;
    __int128 ns = (__int128)(ticks % i->units) * 1'000'000'000 / i->units;
    ns += seconds * 1'000'000'000;
    if (ns < 0)
        return 0;
    return ns > CAPTURE_TIME_MAX_NS ? CAPTURE_TIME_MAX_NS : (int64_t)ns;
}

static uint64_t add_u64(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t pcapng_dropped_section(const struct pcapng_state *p)
{
    uint64_t dropped = 0;
    for (size_t i = 0; i < p->count; i++)
        dropped = add_u64(dropped, p->interfaces[i].dropped);
    return dropped;
}

// Losses are told twice, by packets and by statistics at the end: the larger count is taken.
uint64_t pcapng_dropped(const struct pcapng_state *p)
{
    uint64_t dropped = add_u64(p->dropped_before, pcapng_dropped_section(p));
    return dropped > p->dropped_packets ? dropped : p->dropped_packets;
}

static struct pcapng_interface *pcapng_interface_new(struct source *s)
{
    struct pcapng_state *p = &s->pcapng;
    if (p->count == INTERFACES_MAX) {
        source_damage(s, (struct note){.id = TEXT_CAPTURE_INTERFACES, .size = INTERFACES_MAX});
        return NULL;
    }
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 4;
        struct pcapng_interface *grown = base_realloc(p->interfaces, room * sizeof *grown);
        if (!grown) {
            source_damage(s, (struct note){.id = TEXT_CAPTURE_NO_MEMORY_AT});
            return NULL;
        }
        p->interfaces = grown;
        p->room = room;
    }
    return &p->interfaces[p->count++];
}

static void pcapng_interface(struct source *s, struct bytes body)
{
    struct pcapng_interface *i = body.len < 8 ? NULL : pcapng_interface_new(s);
    if (!i)
        return;
    *i = (struct pcapng_interface){.link = wire_u16(body.data, s->swap),
        .snaplen = wire_u32(body.data + 4, s->swap),
        .units = 1'000'000,
        .tick_ns = 1000};
    struct bytes rest = bytes_from(body, 8);
    for (struct option o; pcapng_option(&rest, s->swap, &o);) {
        if (o.code == OPTION_IF_TSRESOL && o.value.len == 1 &&
            !pcapng_resolution(i, o.value.data[0]))
            source_damage(
                s, (struct note){.id = TEXT_CAPTURE_RESOLUTION, .value = o.value.data[0]});
        if (o.code == OPTION_IF_TSOFFSET)
            i->offset_s = (int64_t)option_u64(o, s->swap);
    }
}

static void pcapng_statistics(struct source *s, struct bytes body)
{
    uint32_t index = body.len < 12 ? UINT32_MAX : wire_u32(body.data, s->swap);
    if (index >= s->pcapng.count)
        return;
    uint64_t dropped = 0;
    struct bytes rest = bytes_from(body, 12);
    for (struct option o; pcapng_option(&rest, s->swap, &o);)
        if (o.code == OPTION_ISB_IFDROP || o.code == OPTION_ISB_OSDROP)
            dropped = add_u64(dropped, option_u64(o, s->swap));
    if (dropped > s->pcapng.interfaces[index].dropped)
        s->pcapng.interfaces[index].dropped = dropped;
}

// A packet block taken apart. `body` may be only the beginning of a long block's `body_len`.
struct pcapng_packet {
    uint32_t interface;
    uint32_t captured, wire;
    size_t at; // of the data in the body
    uint64_t ticks;
    bool timed;
};

static void pcapng_head_simple(const struct source *s, const uint8_t *b, struct pcapng_packet *p)
{
    p->wire = wire_u32(b, s->swap);
    p->captured = p->wire;
    p->at = 4;
    uint32_t snaplen = s->pcapng.count ? s->pcapng.interfaces[0].snaplen : 0;
    if (snaplen && p->captured > snaplen)
        p->captured = snaplen;
}

static void pcapng_head(struct source *s, uint32_t type, const uint8_t *b, struct pcapng_packet *p)
{
    if (type == BLOCK_PACKET_SIMPLE) {
        pcapng_head_simple(s, b, p);
        return;
    }
    p->interface = wire_u32(b, s->swap);
    if (type == BLOCK_PACKET_OLD) {
        p->interface = wire_u16(b, s->swap);
        uint16_t dropped = wire_u16(b + 2, s->swap);
        if (dropped != UINT16_MAX) // not known
            s->pcapng.dropped_packets = add_u64(s->pcapng.dropped_packets, dropped);
    }
    p->ticks = (uint64_t)wire_u32(b + 4, s->swap) << 32 | wire_u32(b + 8, s->swap);
    p->captured = wire_u32(b + 12, s->swap);
    p->wire = wire_u32(b + 16, s->swap);
    p->at = 20;
    p->timed = true;
}

static void pcapng_packet_options(struct source *s, struct bytes rest)
{
    for (struct option o; pcapng_option(&rest, s->swap, &o);)
        if (o.code == OPTION_EPB_DROPCOUNT)
            s->pcapng.dropped_packets = add_u64(s->pcapng.dropped_packets, option_u64(o, s->swap));
}

static enum step pcapng_packet(
    struct source *s, uint32_t type, struct bytes body, size_t body_len, struct packet *out)
{
    struct pcapng_packet p = {0};
    size_t head = type == BLOCK_PACKET_SIMPLE ? 4 : 20;
    if (body.len < head) {
        source_damage(s, (struct note){.id = TEXT_CAPTURE_PACKET_BLOCK_SHORT, .size = body_len});
        return STEP_AGAIN;
    }
    pcapng_head(s, type, body.data, &p);
    if (type == BLOCK_PACKET_SIMPLE && p.captured > body_len - head)
        p.captured = (uint32_t)(body_len - head); // cut by a length nobody told
    if (p.captured > body_len - head || p.interface >= s->pcapng.count) {
        source_damage(s, (struct note){.id = TEXT_CAPTURE_PACKET_IN_BLOCK,
                             .have = p.captured,
                             .size = body_len,
                             .value = p.interface});
        return STEP_AGAIN;
    }
    const struct pcapng_interface *i = &s->pcapng.interfaces[p.interface];
    out->data = bytes_sub(body, p.at, p.captured);
    out->data = bytes_sub(out->data, 0, CAPTURE_PACKET_BYTES);
    out->wire_len = p.wire > p.captured ? p.wire : p.captured;
    out->link = i->link;
    out->time_ns = p.timed ? pcapng_time(i, p.ticks) : s->last_ns;
    size_t options = p.at + ((size_t)p.captured + 3) / 4 * 4;
    if (type == BLOCK_PACKET && options < body.len)
        pcapng_packet_options(s, bytes_from(body, options));
    return STEP_PACKET;
}

static bool block_is_packet(uint32_t type)
{
    return type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE || type == BLOCK_PACKET_OLD;
}

static enum step pcapng_block(
    struct source *s, uint32_t type, struct bytes body, size_t body_len, struct packet *out)
{
    if (block_is_packet(type))
        return pcapng_packet(s, type, body, body_len, out);
    if (type == BLOCK_INTERFACE)
        pcapng_interface(s, body);
    else if (type == BLOCK_STATISTICS)
        pcapng_statistics(s, body);
    return STEP_AGAIN;
}

// A new section: its byte order, and interfaces from nought.
static enum step pcapng_section(struct source *s, const uint8_t *block, bool swap)
{
    struct pcapng_state *p = &s->pcapng;
    uint16_t major = wire_u16(block + 12, swap);
    if (major != 1)
        return source_lost(s, (struct note){.id = TEXT_CAPTURE_VERSION, .value = major});
    p->dropped_before = add_u64(p->dropped_before, pcapng_dropped_section(p));
    p->count = 0;
    s->swap = swap;
    return STEP_AGAIN;
}

// Only the beginning of a long block is looked at; the rest is read over, its end checked.
static enum step pcapng_long(struct source *s, struct block b, struct packet *out)
{
    size_t part = BLOCK_WHOLE_BYTES;
    enum fill fill = source_need(s, part);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_BLOCK, b.len);
    const uint8_t *data = s->data + s->at;
    enum step step = STEP_AGAIN;
    if (b.type == BLOCK_SECTION)
        step = pcapng_section(s, data, b.swap);
    else
        step = pcapng_block(s, b.type, bytes_make(data + BLOCK_HEAD_BYTES, part - BLOCK_HEAD_BYTES),
            b.len - BLOCK_FRAME_BYTES, out);
    if (s->resyncing)
        return step;
    s->at += part;
    s->skip = b.len - part - 4;
    s->pcapng.long_length = b.len;
    return step;
}

static enum step pcapng_long_end(struct source *s)
{
    enum fill fill = source_need(s, 4);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_BLOCK_END, 4);
    uint32_t want = s->pcapng.long_length;
    s->pcapng.long_length = 0;
    if (wire_u32(s->data + s->at, s->swap) != want)
        return source_lost(s, (struct note){.id = TEXT_CAPTURE_BLOCK_LENGTH_BEFORE, .size = want});
    s->at += 4;
    return STEP_AGAIN;
}

static enum step pcapng_next(struct source *s, struct packet *out)
{
    if (s->pcapng.long_length)
        return pcapng_long_end(s);
    enum fill fill = source_need(s, BLOCK_FRAME_BYTES);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_BLOCK, BLOCK_FRAME_BYTES);
    const uint8_t *data = s->data + s->at;
    struct block b;
    if (!block_head(s, data, &b))
        return source_lost(
            s, (struct note){.id = TEXT_CAPTURE_NO_BLOCK, .value = b.type, .size = b.len});
    if (b.len > BLOCK_WHOLE_BYTES)
        return pcapng_long(s, b, out);
    fill = source_need(s, b.len);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_BLOCK, b.len);
    if (wire_u32(data + b.len - 4, b.swap) != b.len)
        return source_lost(s, (struct note){.id = TEXT_CAPTURE_BLOCK_LENGTH, .size = b.len});
    struct bytes body = bytes_make(data + BLOCK_HEAD_BYTES, b.len - BLOCK_FRAME_BYTES);
    enum step step = b.type == BLOCK_SECTION ? pcapng_section(s, data, b.swap)
                                             : pcapng_block(s, b.type, body, body.len, out);
    if (!s->resyncing)
        s->at += b.len;
    return step;
}

static bool block_known(uint32_t type)
{
    return type == BLOCK_SECTION || (type >= BLOCK_INTERFACE && type <= BLOCK_PACKET) ||
           type == BLOCK_SECRETS || type == BLOCK_CUSTOM || type == BLOCK_CUSTOM_PRIVATE;
}

// A block of a known type whose length stands at both its ends.
static bool pcapng_resyncs(const struct source *s, size_t at)
{
    struct block b;
    const uint8_t *data = s->data + at;
    return s->end - at >= BLOCK_FRAME_BYTES && block_head(s, data, &b) && block_known(b.type) &&
           b.len <= s->end - at && wire_u32(data + b.len - 4, b.swap) == b.len;
}

const struct format format_pcapng = {"pcapng", pcapng_next, pcapng_resyncs};

bool pcapng_open(struct source *s)
{
    const uint8_t *block = s->data + s->at;
    if (s->end - s->at < BLOCK_FRAME_BYTES || wire_u32(block, false) != BLOCK_SECTION ||
        !section_order(block, &s->swap))
        return false;
    s->pcapng = (struct pcapng_state){0};
    s->format = &format_pcapng;
    snprintf(s->format_text, sizeof s->format_text, "pcapng");
    return true;
}

void pcapng_close(struct source *s)
{
    base_free(s->pcapng.interfaces);
    s->pcapng.interfaces = NULL;
}
