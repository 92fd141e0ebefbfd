// SPDX-License-Identifier: Apache-2.0
// TCP (RFC 9293): the state of the connection and its bytes in order.
// In-order payload goes to the consumer without a copy. What comes early waits, copied, under a
// budget. What comes twice is compared with a copy of the bytes delivered last, and with hashes of
// the segments delivered last, which reach further back but need the whole segment again. Bytes
// that arrived first win an overlap (stream.overlap: last lets later ones replace those still
// waiting). A hole that the receiver has acknowledged was lost by the capture, not by the network:
// a gap.
#include "base/hash.h"
#include "flow/internal.h"
#include <stddef.h>

enum {
    SEEN = 8,                        // delivered segments of a side of which a hash is kept
    RECENT_BYTES = 1792,             // delivered bytes of a side of which a copy is kept
    WAITING_SEGMENTS = 256,          // early segments of a side
    WAITING_BYTES = 256 * 1024,      // and their bytes
    HOLE_PATIENCE = 2,               // early segments before an acknowledged hole is given up
    CREDIBLE_LOSS = 100,             // bytes lost for one seen
    WINDOW_BYTES = 1024 * 1024 * 16, // a segment further ahead is not of this connection
};

struct segment {
    struct segment *next; // in sequence order
    uint32_t seq;
    uint32_t len;
    uint8_t data[];
};

struct seen {
    uint32_t seq, len, hash;
};

struct stream_side {
    struct segment *waiting;
    uint32_t waiting_count, waiting_bytes;
    uint32_t acked; // by the other side
    bool has_acked;
    uint8_t seen_at;
    struct seen seen[SEEN];
    uint16_t recent_at, recent_count; // where the next byte goes; how many there are
    uint32_t recent_end;              // sequence number after the newest
    uint8_t *recent;                  // a ring of RECENT_BYTES, or NULL
    uint64_t shown;                   // bytes the consumer has been given, for stream.depth
    bool has_fin;
    uint32_t fin; // the sequence number at which this side ends
};

struct flow_stream {
    struct arena arena;    // the stream itself
    struct arena early[2]; // early segments of each side; given back when none waits
    struct stream_side side[2];
    uint8_t recent[2][RECENT_BYTES]; // last: not cleared, and left out when memory is short
};
_Static_assert(sizeof(struct flow_stream) <= 4096 - 16, "a stream fits a chunk of the pool");

static inline bool seq_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

// Copies of what was delivered are a luxury: past 11/16 of the pool's limit, a little before flows
// without a name are let go, new streams have none.
static size_t stream_bytes(struct flow_table *t)
{
    if (t->pool->limit_bytes == 0 || t->pool->used_bytes <= t->pool->limit_bytes / 16 * 11)
        return sizeof(struct flow_stream);
    t->metrics->tcp_recent_memcap++;
    return offsetof(struct flow_stream, recent);
}

static struct flow_stream *stream_create(struct flow_table *t)
{
    size_t size = stream_bytes(t);
    struct arena arena;
    arena_init(&arena, t->pool, sizeof(struct flow_stream) + 4096);
    struct flow_stream *stream = arena_alloc(&arena, size);
    if (!stream) {
        arena_reset(&arena);
        t->metrics->tcp_memcap++;
        return NULL;
    }
    memset(stream, 0, offsetof(struct flow_stream, recent));
    stream->arena = arena;
    for (int i = 0; i < 2 && size == sizeof *stream; i++)
        stream->side[i].recent = stream->recent[i];
    arena_init(&stream->early[0], t->pool, 2 * WAITING_BYTES);
    arena_init(&stream->early[1], t->pool, 2 * WAITING_BYTES);
    return stream;
}

void flow_stream_reverse(struct flow_stream *stream)
{
    if (!stream)
        return;
    struct stream_side side = stream->side[0];
    stream->side[0] = stream->side[1];
    stream->side[1] = side;
    struct arena early = stream->early[0];
    stream->early[0] = stream->early[1];
    stream->early[1] = early;
}

static void stream_destroy(struct flow *f)
{
    struct flow_stream *stream = f->stream;
    f->stream = NULL;
    arena_reset(&stream->early[0]);
    arena_reset(&stream->early[1]);
    arena_release(&stream->arena); // it holds the stream itself
}

static struct flow_stream *stream_of(struct flow_table *t, struct flow *f)
{
    if (!f->stream)
        f->stream = stream_create(t);
    return f->stream;
}

static uint32_t segment_hash(const struct flow_table *t, struct bytes data)
{
    return (uint32_t)hash_bytes(data, t->segment_seed);
}

static void recent_add(struct stream_side *s, uint32_t seq, struct bytes data)
{
    if (s->recent_end != seq)
        s->recent_count = 0;
    s->recent_end = seq + (uint32_t)data.len;
    if (data.len > RECENT_BYTES)
        data = bytes_from(data, data.len - RECENT_BYTES);
    size_t to_end = RECENT_BYTES - (size_t)s->recent_at;
    struct bytes one = bytes_sub(data, 0, to_end), two = bytes_from(data, one.len);
    memcpy(&s->recent[s->recent_at], one.data, one.len);
    if (two.len)
        memcpy(s->recent, two.data, two.len);
    s->recent_at = (uint16_t)(two.len || one.len == to_end ? two.len : s->recent_at + one.len);
    size_t count = s->recent_count + data.len;
    s->recent_count = (uint16_t)(count < RECENT_BYTES ? count : RECENT_BYTES);
}

// Remember what is delivered.
static void remember(
    const struct flow_table *t, struct stream_side *s, uint32_t seq, struct bytes data)
{
    if (data.len == 0)
        return;
    s->seen[s->seen_at++ % SEEN] = (struct seen){seq, (uint32_t)data.len, segment_hash(t, data)};
    if (s->recent)
        recent_add(s, seq, data);
}

// Does data repeat a whole segment that was delivered, differently?
static bool segment_differs(
    const struct flow_table *t, const struct stream_side *s, uint32_t seq, struct bytes data)
{
    for (int i = 0; i < SEEN; i++) {
        const struct seen *seen = &s->seen[i];
        uint32_t at = seen->seq - seq;
        if (seen->len > 0 && at <= data.len && seen->len <= data.len - at &&
            seen->hash != segment_hash(t, bytes_sub(data, at, seen->len)))
            return true;
    }
    return false;
}

// Does data repeat some of the bytes delivered last, differently?
static bool recent_differs(const struct stream_side *s, uint32_t seq, struct bytes data)
{
    uint32_t start = s->recent_end - s->recent_count, end = seq + (uint32_t)data.len;
    uint32_t from = seq_before(seq, start) ? start : seq;
    uint32_t to = seq_before(end, s->recent_end) ? end : s->recent_end;
    if (!seq_before(from, to))
        return false;
    uint32_t at = (s->recent_at + RECENT_BYTES - (s->recent_end - from)) % RECENT_BYTES;
    struct bytes again = bytes_sub(data, from - seq, to - from);
    struct bytes ring = bytes_make(s->recent, RECENT_BYTES);
    struct bytes one = bytes_sub(ring, at, again.len);
    struct bytes two = bytes_sub(ring, 0, again.len - one.len);
    return !bytes_equal(one, bytes_sub(again, 0, one.len)) ||
           !bytes_equal(two, bytes_from(again, one.len));
}

// As much of data as stream.depth leaves; afterwards the flow is only counted.
static void deliver_within_depth(struct flow_table *t, struct flow *f, enum flow_side side,
    struct bytes data, const struct decoded *p)
{
    uint64_t depth = t->config->stream.depth_bytes;
    uint64_t shown = f->stream ? f->stream->side[side].shown : 0;
    uint64_t left = depth > shown ? depth - shown : 0;
    bool all = depth == 0 || data.len <= left;
    if (f->stream)
        f->stream->side[side].shown += data.len;
    flow_deliver(t, f, side, all ? data : bytes_sub(data, 0, (size_t)left), p);
    if (all || (f->flags & FLOW_UNWANTED))
        return;
    flow_stream_anomaly(t, f, p, ANOMALY_STREAM_REASSEMBLY_DEPTH_REACHED);
    f->flags |= FLOW_UNWANTED;
}

// Bytes are missing: what follows is not part of the stream's first bytes.
static void first_close(struct flow *f, enum flow_side side)
{
    if (f->first_count[side])
        f->first_closed = (f->first_closed | 1U << side) & 3;
}

// Payload at the expected place: over to the consumer.
static void deliver_next(struct flow_table *t, struct flow *f, enum flow_side side, uint32_t seq,
    struct bytes data, const struct decoded *p)
{
    if (seq != f->tcp_next[side])
        first_close(f, side);
    flow_note_first(f, side, data);
    f->tcp_next[side] = seq + (uint32_t)data.len;
    if (f->flags & FLOW_UNWANTED)
        return;
    struct flow_stream *stream = stream_of(t, f);
    if (stream)
        remember(t, &stream->side[side], seq, data);
    // A reversal inside changes whose side this is; the caller must not use `side` after it.
    deliver_within_depth(t, f, side, data, p);
}

// Whose packet this is, after the consumer may have turned the flow around.
static enum flow_side side_now(const struct flow *f, enum flow_side side, uint8_t flags_before)
{
    return (f->flags ^ flags_before) & FLOW_REVERSED ? flow_other(side) : side;
}

static void drop_waiting(struct flow_table *t, struct flow *f, enum flow_side side)
{
    struct stream_side *s = &f->stream->side[side];
    t->stream_bytes -= s->waiting_bytes;
    s->waiting = NULL;
    s->waiting_count = 0;
    s->waiting_bytes = 0;
    arena_reset(&f->stream->early[side]);
}

// Deliver the waiting segments that have become next. Returns the side, which may have changed.
static enum flow_side drain(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    for (;;) {
        struct stream_side *s = &f->stream->side[side];
        struct segment *first = s->waiting;
        if (!first || seq_before(f->tcp_next[side], first->seq))
            break;
        s->waiting = first->next;
        s->waiting_count--;
        s->waiting_bytes -= first->len;
        t->stream_bytes -= first->len;
        uint32_t old = f->tcp_next[side] - first->seq;
        if (old < first->len) {
            uint8_t before = f->flags;
            deliver_next(t, f, side, f->tcp_next[side],
                bytes_from(bytes_make(first->data, first->len), old), p);
            side = side_now(f, side, before);
        }
    }
    if (!f->stream->side[side].waiting)
        drop_waiting(t, f, side);
    return side;
}

// A jump over far more bytes than were ever seen of this side is a forged sequence number, not a
// loss: the place is a gap, but nobody can say how many bytes are missing there.
static bool gap_is_credible(const struct flow *f, enum flow_side side, size_t lost)
{
    return lost <= WINDOW_BYTES + CREDIBLE_LOSS * f->bytes[side];
}

static void tell_gap(
    struct flow_table *t, struct flow *f, enum flow_side side, size_t lost, const struct decoded *p)
{
    if (f->gaps < UINT16_MAX)
        f->gaps++;
    first_close(f, side);
    t->metrics->tcp_reassembly_gap++;
    flow_stream_event(t, f, p, ANOMALY_STREAM_REASSEMBLY_SEQ_GAP);
    size_t counted = gap_is_credible(f, side, lost) ? lost : 0;
    t->metrics->tcp_gap_bytes += counted;
    f->gap_bytes =
        counted > UINT32_MAX - f->gap_bytes ? UINT32_MAX : f->gap_bytes + (uint32_t)counted;
    if (f->flags & FLOW_UNWANTED)
        return;
    if (!t->handler->gap(t->handler->context, f, side, lost, p))
        f->flags |= FLOW_UNWANTED;
}

// Give up the hole before the first waiting segment.
static enum flow_side skip_hole(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint32_t first = f->stream->side[side].waiting->seq;
    uint32_t lost = first - f->tcp_next[side];
    f->tcp_next[side] = first;
    uint8_t before = f->flags;
    tell_gap(t, f, side, lost, p);
    return drain(t, f, side_now(f, side, before), p);
}

static bool hole_is_lost(const struct stream_side *s, uint32_t next)
{
    if (!s->waiting)
        return false;
    if (s->waiting_count >= WAITING_SEGMENTS || s->waiting_bytes >= WAITING_BYTES)
        return true;
    return s->has_acked && s->waiting_count >= HOLE_PATIENCE && seq_before(next, s->acked) &&
           !seq_before(s->acked, s->waiting->seq);
}

// Do the bytes of two segments differ where they overlap?
static bool overlap_differs(const struct segment *old, uint32_t seq, struct bytes data)
{
    uint32_t from = seq_before(old->seq, seq) ? seq : old->seq;
    uint32_t old_end = old->seq + old->len, new_end = seq + (uint32_t)data.len;
    uint32_t to = seq_before(old_end, new_end) ? old_end : new_end;
    if (!seq_before(from, to))
        return false;
    struct bytes a = bytes_sub(bytes_make(old->data, old->len), from - old->seq, to - from);
    struct bytes b = bytes_sub(data, from - seq, to - from);
    return !bytes_equal(a, b);
}

static void note_overlap(struct flow_table *t, struct flow *f, const struct segment *old,
    uint32_t seq, struct bytes data, const struct decoded *p)
{
    if (f->overlaps < UINT16_MAX)
        f->overlaps++;
    t->metrics->tcp_overlap++;
    if (overlap_differs(old, seq, data))
        flow_stream_anomaly(t, f, p, ANOMALY_STREAM_OVERLAP_DIFFERENT);
}

static struct segment *segment_copy(struct flow_table *t, struct flow *f, enum flow_side side,
    uint32_t seq, struct bytes data, struct segment *next)
{
    struct stream_side *s = &f->stream->side[side];
    bool full = t->stream_bytes + data.len > t->max_stream_bytes;
    struct segment *copy =
        full ? NULL : arena_alloc(&f->stream->early[side], sizeof *copy + data.len);
    if (!copy) {
        t->metrics->tcp_segment_memcap_drop++;
        return NULL;
    }
    copy->next = next;
    copy->seq = seq;
    copy->len = (uint32_t)data.len;
    memcpy(copy->data, data.data, data.len);
    s->waiting_count++;
    s->waiting_bytes += copy->len;
    t->stream_bytes += copy->len;
    return copy;
}

// With `overlap: last`, later bytes replace those that wait. Only what is not delivered can change.
static void overwrite(struct segment *old, uint32_t seq, struct bytes data)
{
    uint32_t from = seq_before(old->seq, seq) ? seq : old->seq;
    uint32_t old_end = old->seq + old->len, new_end = seq + (uint32_t)data.len;
    uint32_t to = seq_before(old_end, new_end) ? old_end : new_end;
    if (seq_before(from, to))
        memcpy(&old->data[from - old->seq], bytes_from(data, from - seq).data, to - from);
}

// Segment at the expected place, of which a part may have waited already: that part is an overlap.
static enum flow_side deliver_over(struct flow_table *t, struct flow *f, enum flow_side side,
    uint32_t seq, struct bytes data, const struct decoded *p)
{
    bool last_wins = t->config->stream.overlap == CONFIG_STREAM_OVERLAP_LAST;
    uint32_t end = seq + (uint32_t)data.len;
    struct segment *first = f->stream ? f->stream->side[side].waiting : NULL;
    for (struct segment *old = first; old && seq_before(old->seq, end); old = old->next) {
        note_overlap(t, f, old, seq, data, p);
        if (last_wins)
            overwrite(old, seq, data);
    }
    for (;;) {
        first = f->stream ? f->stream->side[side].waiting : NULL;
        bool meets = first && seq_before(first->seq, end);
        uint8_t before = f->flags;
        deliver_next(t, f, side, seq, meets ? bytes_sub(data, 0, first->seq - seq) : data, p);
        side = side_now(f, side, before);
        if (!meets)
            return side;
        side = drain(t, f, side, p);
        if (!seq_before(f->tcp_next[side], end))
            return side;
        data = bytes_from(data, f->tcp_next[side] - seq);
        seq = f->tcp_next[side];
    }
}

// Keep an early segment, in order, filling only what no earlier one covers.
static void keep(struct flow_table *t, struct flow *f, enum flow_side side, uint32_t seq,
    struct bytes data, const struct decoded *p)
{
    bool last_wins = t->config->stream.overlap == CONFIG_STREAM_OVERLAP_LAST;
    struct segment **link = &f->stream->side[side].waiting;
    while (data.len > 0) {
        struct segment *old = *link;
        if (old && !seq_before(seq, old->seq + old->len)) {
            link = &old->next;
            continue;
        }
        uint32_t room = old ? old->seq - seq : UINT32_MAX;
        if (old && !seq_before(seq, old->seq))
            room = 0;
        if (room > 0) { // free up to the next segment
            struct bytes part = bytes_sub(data, 0, room);
            struct segment *copy = segment_copy(t, f, side, seq, part, old);
            if (!copy)
                return;
            *link = copy;
            link = &copy->next;
            seq += (uint32_t)part.len;
            data = bytes_from(data, part.len);
            continue;
        }
        note_overlap(t, f, old, seq, data, p);
        if (last_wins)
            overwrite(old, seq, data);
        uint32_t covered = old->seq + old->len - seq;
        seq += covered;
        data = bytes_from(data, covered);
        link = &old->next;
    }
}

// Bytes before the expected place: a retransmission, wholly or in its first part.
static struct bytes trim_old(struct flow_table *t, struct flow *f, enum flow_side side,
    uint32_t *seq, struct bytes data, const struct decoded *p)
{
    uint32_t old = f->tcp_next[side] - *seq;
    bool keep_alive = data.len <= 1 && old == 1;
    if (!keep_alive) {
        if (f->retransmits < UINT32_MAX)
            f->retransmits++;
        t->metrics->tcp_retransmission++;
        const struct stream_side *s = f->stream ? &f->stream->side[side] : NULL;
        bool acked = s && s->has_acked && !seq_before(s->acked, *seq + (uint32_t)data.len);
        flow_tcp_repeats(t, f, p, acked);
        if (s && (recent_differs(s, *seq, data) || segment_differs(t, s, *seq, data)))
            flow_stream_anomaly(t, f, p, ANOMALY_STREAM_RETRANSMISSION_DIFFERENT);
    }
    *seq = f->tcp_next[side];
    return bytes_from(data, old);
}

// Has the receiver acknowledged bytes around here? Then the capture lost more than a window.
static bool acked_near(const struct flow *f, enum flow_side side, uint32_t seq)
{
    const struct stream_side *s = f->stream ? &f->stream->side[side] : NULL;
    return s && s->has_acked && !s->waiting && seq_before(f->tcp_next[side], s->acked) &&
           (s->acked - seq <= WINDOW_BYTES || seq - s->acked <= WINDOW_BYTES);
}

static enum flow_side handle_payload(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint32_t seq = p->tcp_seq + (p->tcp_flags & TCP_SYN ? 1 : 0);
    struct bytes data = bytes_make(p->payload, p->payload_len);
    uint32_t wire_end = seq + p->payload_wire_len;
    uint8_t before = f->flags;
    if (!f->tcp_sync[side]) {
        f->tcp_sync[side] = 1;
        f->tcp_next[side] = seq;
        if (!(f->tcp_flags[side] & TCP_SYN))
            flow_tcp_midstream(f, flow_other(side), p);
    }
    if (seq_before(seq, f->tcp_next[side]))
        data = trim_old(t, f, side, &seq, data, p);
    if (data.len == 0 && !seq_before(f->tcp_next[side], wire_end))
        return side;
    uint32_t ahead = seq - f->tcp_next[side];
    if (ahead > WINDOW_BYTES && acked_near(f, side, seq)) {
        f->tcp_next[side] = seq;
        before = f->flags;
        tell_gap(t, f, side, ahead, p);
        side = side_now(f, side, before);
        ahead = 0;
    }
    if (ahead > WINDOW_BYTES) {
        flow_stream_anomaly(t, f, p, ANOMALY_STREAM_PKT_OUT_OF_WINDOW);
        return side;
    }
    if (ahead > 0 && !(f->flags & FLOW_UNWANTED) && stream_of(t, f)) {
        keep(t, f, side, seq, data, p);
        return side;
    }
    side = deliver_over(t, f, side, seq, data, p);
    // The capture kept only the packet's head: the rest is lost for good.
    if (seq_before(f->tcp_next[side], wire_end)) {
        uint32_t lost = wire_end - f->tcp_next[side];
        f->tcp_next[side] = wire_end;
        before = f->flags;
        tell_gap(t, f, side, lost, p);
        side = side_now(f, side, before);
    }
    return f->stream && f->stream->side[side].waiting ? drain(t, f, side, p) : side;
}

static void note_ack(struct flow *f, enum flow_side side, const struct decoded *p)
{
    if (!f->stream || !(p->tcp_flags & TCP_ACK))
        return;
    struct stream_side *other = &f->stream->side[flow_other(side)];
    if (!other->has_acked || seq_before(other->acked, p->tcp_ack))
        other->acked = p->tcp_ack;
    other->has_acked = true;
}

// A FIN counts for the consumer once all bytes before it are there.
static void handle_fin(
    struct flow_table *t, struct flow *f, enum flow_side side, bool here, const struct decoded *p)
{
    if (f->tcp_fin[side] || (f->flags & FLOW_UNWANTED))
        return;
    struct stream_side *s = f->stream ? &f->stream->side[side] : NULL;
    if (!here && !(s && s->has_fin))
        return;
    uint32_t fin =
        here ? p->tcp_seq + (p->tcp_flags & TCP_SYN ? 1 : 0) + p->payload_wire_len : s->fin;
    if (!f->tcp_sync[side] || f->tcp_next[side] == fin) {
        f->tcp_fin[side] = 1;
        t->handler->side_end(t->handler->context, f, side, p);
    } else if (seq_before(f->tcp_next[side], fin) && stream_of(t, f)) {
        f->stream->side[side].has_fin = true;
        f->stream->side[side].fin = fin;
    }
}

static void handle_state(struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint8_t flags = p->tcp_flags;
    if (flags & TCP_SYN) {
        // Until bytes were taken, the last SYN counts: some hosts answer with one after the other.
        if (!f->tcp_sync[side] || (f->state == FLOW_NEW && !f->stream)) {
            f->tcp_next[side] = p->tcp_seq + 1;
            f->tcp_sync[side] = 1;
        }
    }
    f->tcp_flags[side] |= flags;
    if ((flags & TCP_RST) || (f->tcp_flags[0] & f->tcp_flags[1] & TCP_FIN))
        f->state = FLOW_CLOSED;
    else if (f->state == FLOW_NEW && !(flags & TCP_SYN) && (f->flags & FLOW_BOTH_SIDES))
        f->state = FLOW_ESTABLISHED;
}

void flow_tcp_packet(
    struct flow_table *table, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    if (flow_tcp_is_forged(table, flow, side, packet)) {
        flow_show_packet(table, flow, side, packet);
        return;
    }
    handle_state(flow, side, packet);
    note_ack(flow, side, packet);
    flow_show_packet(table, flow, side, packet);
    if (packet->payload_len > 0 || packet->payload_wire_len > 0)
        side = handle_payload(table, flow, side, packet);
    for (int i = 0; i < 2 && flow->stream; i++) {
        enum flow_side which = i ? flow_other(side) : side;
        if (hole_is_lost(&flow->stream->side[which], flow->tcp_next[which])) {
            uint8_t before = flow->flags;
            skip_hole(table, flow, which, packet);
            side = side_now(flow, side, before);
        }
    }
    uint8_t before = flow->flags;
    handle_fin(table, flow, side, packet->tcp_flags & TCP_FIN, packet);
    side = side_now(flow, side, before);
    if (flow->stream) // an acknowledgement may have ended the wait for the other side's last bytes
        handle_fin(table, flow, flow_other(side), false, packet);
    bool ended = flow->tcp_fin[FLOW_CLIENT] && flow->tcp_fin[FLOW_SERVER];
    if (flow->stream && ((flow->flags & FLOW_UNWANTED) || ended)) // nothing more can be in order
        flow_tcp_finish(table, flow);
}

void flow_tcp_finish(struct flow_table *table, struct flow *flow)
{
    if (!flow->stream)
        return;
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++)
        while (flow->stream->side[side].waiting && !(flow->flags & FLOW_UNWANTED))
            skip_hole(table, flow, side, NULL);
    for (enum flow_side side = FLOW_CLIENT; side <= FLOW_SERVER; side++)
        drop_waiting(table, flow, side);
    stream_destroy(flow);
}
