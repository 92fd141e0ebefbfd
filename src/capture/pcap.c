// SPDX-License-Identifier: Apache-2.0
// Classic pcap (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds, record
// heads as Kuznetzov's patch (24 bytes) and Nokia (20 bytes) write them, swapped lengths before
// version 2.4. Limit: a captured length over CAPTURE_PACKET_BYTES is damage, except for link types
// that have larger packets; those are cut to it.
#include "capture/internal.h"

#include <stdio.h>

enum {
    PCAP_HEADER_BYTES = 24,
    PCAP_HEAD_BYTES = 16,
    PCAP_HEAD_NOKIA_BYTES = 20,
    PCAP_HEAD_KUZNETZOV_BYTES = 24,
    PCAP_BELIEVED_HEADS = 4, // checked in a row behind damage, where the window has them
    PCAP_SETTLED_HEADS = 2,  // at the start: no more than was read for certain
    PCAP_RESYNC_S = 86400,   // a packet found behind damage is no further away in time
    PCAP_WIRE_MAX = 16 << 20,
};

struct pcap_head {
    uint32_t seconds, fraction, captured, wire;
};

static struct pcap_head pcap_head(const struct source *s, const uint8_t *at)
{
    struct pcap_head h = {wire_u32(at, s->swap), wire_u32(at + 4, s->swap),
        wire_u32(at + 8, s->swap), wire_u32(at + 12, s->swap)};
    if (s->pcap.swapped_lengths || (s->pcap.maybe_swapped && h.captured > h.wire)) {
        uint32_t captured = h.wire;
        h.wire = h.captured;
        h.captured = captured;
    }
    return h;
}

static uint32_t pcap_limit(uint16_t link)
{
    enum { LINK_DBUS = 231, LINK_USBPCAP = 249, LINK_EBHSCR = 279 }; // up to 128 MiB by definition
    bool large = link == LINK_DBUS || link == LINK_USBPCAP || link == LINK_EBHSCR;
    return large ? LARGE_PACKET_BYTES : CAPTURE_PACKET_BYTES;
}

// Does this look like a head, for one who looks for heads among other bytes? `near_s`: seconds of
// a packet beside it, 0 when there is none.
static bool pcap_plausible(const struct source *s, struct pcap_head h, int64_t near_s)
{
    if (h.captured > CAPTURE_PACKET_BYTES || h.captured > h.wire || h.wire == 0)
        return false;
    if (h.wire > PCAP_WIRE_MAX || h.fraction >= 1'000'000'000 / s->pcap.unit_ns)
        return false;
    int64_t away_s = h.seconds - near_s;
    return near_s == 0 || (away_s <= PCAP_RESYNC_S && away_s >= -PCAP_RESYNC_S);
}

// How many heads in a row there are, up to `most`; *ends: the last one's packet ends the file. 0
// when the row breaks.
static int pcap_chain(const struct source *s, size_t at, size_t head_bytes, int most, bool *ends)
{
    int heads = 0;
    int64_t near_s = s->last_ns / 1'000'000'000;
    *ends = false;
    while (heads < most && s->end - at >= head_bytes) {
        struct pcap_head h = pcap_head(s, s->data + at);
        if (!pcap_plausible(s, h, near_s))
            return 0;
        heads++;
        near_s = h.seconds;
        if (h.captured > s->end - at - head_bytes)
            break;
        at += head_bytes + h.captured;
        *ends = at == s->end && s->ended;
    }
    return heads;
}

static bool pcap_resyncs(const struct source *s, size_t at)
{
    bool ends;
    int heads = pcap_chain(s, at, s->pcap.head_bytes, PCAP_BELIEVED_HEADS, &ends);
    return heads >= 2 || (heads == 1 && ends);
}

// Some writers use the usual magic number for longer record heads: the first records tell.
static enum step pcap_settle(struct source *s)
{
    static const uint8_t longer[] = {PCAP_HEAD_KUZNETZOV_BYTES, PCAP_HEAD_NOKIA_BYTES};
    struct pcap_head h = pcap_head(s, s->data + s->at);
    if (h.captured <= CAPTURE_PACKET_BYTES &&
        source_need(s, PCAP_HEAD_KUZNETZOV_BYTES + h.captured + PCAP_HEAD_KUZNETZOV_BYTES) ==
            FILL_FULL)
        return STEP_FULL;
    s->pcap.doubtful = false;
    bool ends;
    int usual = pcap_chain(s, s->at, PCAP_HEAD_BYTES, PCAP_SETTLED_HEADS, &ends);
    for (size_t i = 0; usual < 2 && !ends && i < sizeof longer; i++) {
        bool longer_ends;
        if (pcap_chain(s, s->at, longer[i], PCAP_SETTLED_HEADS, &longer_ends) < 2)
            continue;
        s->pcap.head_bytes = longer[i];
        break;
    }
    return STEP_AGAIN;
}

static int64_t pcap_time(const struct source *s, struct pcap_head h)
{
    return (int64_t)h.seconds * 1'000'000'000 + (int64_t)h.fraction * s->pcap.unit_ns;
}

static bool pcap_head_zero(struct pcap_head h)
{
    return (h.seconds | h.fraction | h.captured | h.wire) == 0;
}

static enum step pcap_next(struct source *s, struct packet *out)
{
    size_t head_bytes = s->pcap.head_bytes;
    enum fill fill = source_need(s, head_bytes);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_RECORD_HEAD, head_bytes);
    if (s->pcap.doubtful)
        return pcap_settle(s);
    struct pcap_head h = pcap_head(s, s->data + s->at);
    if (h.captured > pcap_limit(s->pcap.link))
        return source_lost(s, (struct note){.id = TEXT_CAPTURE_PACKET_TOO_LONG,
                                  .have = h.captured,
                                  .size = pcap_limit(s->pcap.link)});
    if (pcap_head_zero(h)) // what a file system leaves behind after a crash
        return source_lost(s, (struct note){.id = TEXT_CAPTURE_ZEROS});
    size_t len = h.captured < CAPTURE_PACKET_BYTES ? h.captured : CAPTURE_PACKET_BYTES;
    fill = source_need(s, head_bytes + len);
    if (fill != FILL_OK)
        return source_stop(s, fill, TEXT_CAPTURE_PACKET, head_bytes + len);
    out->data = bytes_make(s->data + s->at + head_bytes, len);
    out->time_ns = pcap_time(s, h);
    out->wire_len = h.wire > h.captured ? h.wire : h.captured;
    out->link = s->pcap.link;
    s->at += head_bytes + len;
    s->skip = h.captured - len;
    return STEP_PACKET;
}

const struct format format_pcap = {"pcap", pcap_next, pcap_resyncs};

static bool pcap_magic(struct source *s, uint32_t magic)
{
    struct pcap_state *p = &s->pcap;
    *p = (struct pcap_state){.head_bytes = PCAP_HEAD_BYTES, .unit_ns = 1000};
    switch (magic) {
    case 0xa1b2'c3d4: p->doubtful = true; return true;
    case 0xa1b2'3c4d: p->unit_ns = 1; return true;
    case 0xa1b2'cd34: p->head_bytes = PCAP_HEAD_KUZNETZOV_BYTES; return true;
    default: return false;
    }
}

bool pcap_open(struct source *s)
{
    if (s->end - s->at < PCAP_HEADER_BYTES)
        return false;
    const uint8_t *h = s->data + s->at;
    s->swap = !pcap_magic(s, wire_u32(h, false));
    if (s->swap && !pcap_magic(s, wire_u32(h, true)))
        return false;
    uint16_t major = wire_u16(h + 4, s->swap), minor = wire_u16(h + 6, s->swap);
    // Upper bits say how long a frame check sequence is; decode does not need it.
    uint32_t link = wire_u32(h + 20, s->swap) & 0x03ff'ffff;
    s->pcap.link = link > UINT16_MAX ? UINT16_MAX : (uint16_t)link;
    s->pcap.swapped_lengths = major == 2 && minor < 3;
    s->pcap.maybe_swapped = (major == 2 && minor == 3) || major == 543; // 543: DG/UX tcpdump
    s->at += PCAP_HEADER_BYTES;
    s->format = &format_pcap;
    snprintf(
        s->format_text, sizeof s->format_text, "pcap (%s)", s->pcap.unit_ns == 1 ? "ns" : "us");
    return true;
}
