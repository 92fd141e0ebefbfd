// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 fragments put together again (RFC 791, RFC 815, RFC 8200 4.5), keyed by addresses,
// id, VLANs, tunnel and, of IPv4, protocol. Bytes that arrived first win an overlap, or those that
// arrived last, as defrag.overlap says: receivers differ (RFC 791, 3.2 takes the last). IPv6
// datagrams with an overlap are let go (RFC 5722), exact repetitions are no overlap. An end of the
// datagram is believed when it comes first, either way. Bounded are memory, the number of
// datagrams (the oldest makes room), the holes of a datagram and its age. Bytes that the capture
// cut off count as arrived: the datagram is then complete on the wire and cut where the first is
// missing.
#include "base/alloc.h"
#include "base/arena.h"
#include "decode/internal.h"

enum {
    FRAGMENT_NONE = UINT32_MAX,
    FRAGMENT_SPANS = 32, // contiguous parts of one unfinished datagram
    FRAGMENT_BYTES_MAX = 65'535,
    FRAGMENT_BYTES_MIN = 2'048 - 64, // room first taken; the pool's chunks have a header
    FRAGMENT_MEMORY_EACH = 4'096,    // of the limit, for one unfinished datagram
    FRAGMENT_DATAGRAMS_MIN = 16,
    FRAGMENT_DATAGRAMS_MAX = 16'384,
};

struct fragment_key {
    uint8_t src[16], dst[16];
    uint32_t tunnel_key;
    uint32_t id;
    uint16_t vlan[DECODE_VLANS];
    uint8_t version;
    uint8_t proto; // 0 for IPv6
    uint16_t zero; // no bytes of the key are left open
};

struct span {
    uint32_t start, end;
};

struct datagram {
    struct fragment_key key;
    int64_t started_ns;
    struct arena memory;
    uint8_t *bytes;
    uint32_t room;
    uint32_t end;    // total length, when has_end
    uint32_t cut_at; // first byte the capture doesn't hold
    uint32_t frame_bytes;
    uint16_t frames;
    bool has_end;
    bool dead; // what still comes of it is ignored
    uint8_t proto;
    uint32_t next;         // of the same bucket, of the free or of the done list
    uint32_t older, newer; // in order of arrival
    uint32_t bucket;
    uint32_t span_count;
    struct span spans[FRAGMENT_SPANS]; // in order, not touching each other
};

struct fragments {
    struct pool pool;
    uint64_t seed;
    int64_t timeout_ns;
    bool last_wins;
    struct datagram *datagrams;
    uint32_t *buckets;
    uint32_t count, bucket_mask;
    uint32_t free, done;
    uint32_t oldest, newest;
};

enum trouble { OVERLAP, OVERLAP_DIFFERENT, TOO_LARGE, INVALID_LENGTH, TINY, IGNORED, END_CONFLICT };

static void fragment_raise(struct decoded *out, enum trouble trouble)
{
    static const uint16_t anomalies[2][7] = {
        {ANOMALY_IPV4_FRAG_OVERLAP, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT,
            ANOMALY_IPV4_FRAG_PKT_TOO_LARGE, ANOMALY_IPV4_FRAG_INVALID_LENGTH,
            ANOMALY_IPV4_FRAG_TINY, ANOMALY_IPV4_FRAG_IGNORED, ANOMALY_IPV4_FRAG_END_CONFLICT},
        {ANOMALY_IPV6_FRAG_OVERLAP, ANOMALY_IPV6_FRAG_OVERLAP_DIFFERENT,
            ANOMALY_IPV6_FRAG_PKT_TOO_LARGE, ANOMALY_IPV6_FRAG_INVALID_LENGTH,
            ANOMALY_IPV6_FRAG_TINY, ANOMALY_IPV6_FRAG_IGNORED, ANOMALY_IPV6_FRAG_END_CONFLICT}};
    decoded_raise(out, (enum anomaly)anomalies[out->ip_version == 6][trouble]);
}

struct fragments *fragments_create(
    size_t limit_bytes, int64_t timeout_ns, enum config_defrag_overlap overlap)
{
    struct fragments *f = base_calloc(1, sizeof *f);
    if (!f)
        return NULL;
    size_t count = limit_bytes / FRAGMENT_MEMORY_EACH, buckets = FRAGMENT_DATAGRAMS_MIN;
    if (count < FRAGMENT_DATAGRAMS_MIN)
        count = FRAGMENT_DATAGRAMS_MIN;
    if (count > FRAGMENT_DATAGRAMS_MAX)
        count = FRAGMENT_DATAGRAMS_MAX;
    while (buckets < count)
        buckets *= 2;
    pool_init(&f->pool, limit_bytes);
    f->seed = hash_seed();
    f->timeout_ns = timeout_ns;
    f->last_wins = overlap == CONFIG_DEFRAG_OVERLAP_LAST;
    f->datagrams = base_calloc(count, sizeof *f->datagrams);
    f->buckets = base_malloc(buckets * sizeof *f->buckets);
    if (!f->datagrams || !f->buckets) {
        fragments_destroy(f);
        return NULL;
    }
    memset(f->buckets, 0xff, buckets * sizeof *f->buckets);
    f->bucket_mask = (uint32_t)buckets - 1;
    f->count = (uint32_t)count;
    f->done = f->oldest = f->newest = FRAGMENT_NONE;
    for (uint32_t i = 0; i < f->count; i++)
        f->datagrams[i].next = i + 1 < f->count ? i + 1 : FRAGMENT_NONE;
    return f;
}

void fragments_destroy(struct fragments *f)
{
    if (!f)
        return;
    for (uint32_t i = 0; i < f->count; i++)
        arena_reset(&f->datagrams[i].memory);
    pool_finish(&f->pool);
    base_free(f->datagrams);
    base_free(f->buckets);
    base_free(f);
}

// Take a datagram out of its bucket and out of the order of arrival.
static void datagram_unlink(struct fragments *f, uint32_t index)
{
    struct datagram *d = &f->datagrams[index];
    uint32_t *link = &f->buckets[d->bucket];
    while (*link != index)
        link = &f->datagrams[*link].next;
    *link = d->next;
    *(d->older == FRAGMENT_NONE ? &f->oldest : &f->datagrams[d->older].newer) = d->newer;
    *(d->newer == FRAGMENT_NONE ? &f->newest : &f->datagrams[d->newer].older) = d->older;
}

static void datagram_release(struct fragments *f, uint32_t index)
{
    struct datagram *d = &f->datagrams[index];
    arena_reset(&d->memory);
    d->next = f->free;
    f->free = index;
}

static void datagram_drop(struct fragments *f, uint32_t index)
{
    datagram_unlink(f, index);
    datagram_release(f, index);
}

// Keep the key as a sign that what follows is not wanted, give the bytes back.
static void datagram_kill(struct datagram *d)
{
    d->dead = true;
    arena_reset(&d->memory);
    d->bytes = NULL;
    d->room = 0;
}

size_t fragments_expire(struct fragments *f, int64_t now_ns)
{
    size_t dropped = 0;
    while (
        f->oldest != FRAGMENT_NONE && now_ns - f->datagrams[f->oldest].started_ns > f->timeout_ns) {
        datagram_drop(f, f->oldest);
        dropped++;
    }
    return dropped;
}

static struct fragment_key fragment_key(const struct decoded *p)
{
    struct fragment_key key = {.tunnel_key = p->tunnel_key,
        .id = p->fragment_id,
        .version = p->ip_version,
        .proto = p->ip_version == 6 ? 0 : p->ip_proto};
    memcpy(key.src, p->src, sizeof key.src);
    memcpy(key.dst, p->dst, sizeof key.dst);
    memcpy(key.vlan, p->vlan, sizeof key.vlan);
    return key;
}

static uint32_t datagram_add(struct fragments *f, const struct fragment_key *key, uint32_t bucket,
    const struct decoded *p, struct decoded *out)
{
    if (f->free == FRAGMENT_NONE) {
        fragment_raise(out, IGNORED);
        datagram_drop(f, f->oldest);
    }
    uint32_t index = f->free;
    struct datagram *d = &f->datagrams[index];
    f->free = d->next;
    *d = (struct datagram){.key = *key,
        .started_ns = p->time_ns,
        .cut_at = UINT32_MAX,
        .proto = p->ip_proto,
        .next = f->buckets[bucket],
        .older = f->newest,
        .newer = FRAGMENT_NONE,
        .bucket = bucket};
    arena_init(&d->memory, &f->pool, 512 * (size_t)1024);
    f->buckets[bucket] = index;
    *(f->newest == FRAGMENT_NONE ? &f->oldest : &f->datagrams[f->newest].newer) = index;
    f->newest = index;
    return index;
}

static uint32_t datagram_find(struct fragments *f, const struct decoded *p, struct decoded *out)
{
    struct fragment_key key = fragment_key(p);
    uint32_t bucket = (uint32_t)hash_bytes(bytes_make(&key, sizeof key), f->seed) & f->bucket_mask;
    uint32_t index = f->buckets[bucket];
    while (index != FRAGMENT_NONE && memcmp(&f->datagrams[index].key, &key, sizeof key) != 0)
        index = f->datagrams[index].next;
    if (index != FRAGMENT_NONE && p->time_ns - f->datagrams[index].started_ns > f->timeout_ns) {
        datagram_drop(f, index); // its id is in use again
        index = FRAGMENT_NONE;
    }
    return index != FRAGMENT_NONE ? index : datagram_add(f, &key, bucket, p, out);
}

// Room for `need` bytes; other datagrams, oldest first, go for it. False: there is none.
static bool datagram_reserve(
    struct fragments *f, struct datagram *d, uint32_t need, struct decoded *out)
{
    if (need <= d->room)
        return true;
    uint32_t room = FRAGMENT_BYTES_MIN;
    while (room < need)
        room = (room + 64) * 2 - 64;
    struct arena memory;
    arena_init(&memory, &f->pool, 512 * (size_t)1024);
    uint8_t *bytes;
    while (!(bytes = arena_alloc(&memory, room))) {
        fragment_raise(out, IGNORED);
        if (f->oldest == FRAGMENT_NONE || &f->datagrams[f->oldest] == d)
            return false;
        datagram_drop(f, f->oldest);
    }
    if (d->room)
        memcpy(bytes, d->bytes, d->room);
    arena_reset(&d->memory);
    d->memory = memory;
    d->bytes = bytes;
    d->room = room;
    return true;
}

// Bytes [start, end) of the datagram, of which the first `held` are at data.
struct piece {
    uint32_t start, end;
    const uint8_t *data;
    uint32_t held;
};

static void piece_copy(struct datagram *d, const struct piece *p, uint32_t from, uint32_t to)
{
    uint32_t last = p->start + p->held;
    if (to > last)
        to = last;
    if (from < to)
        memcpy(d->bytes + from, p->data + (from - p->start), to - from);
}

static bool piece_differs(
    const struct datagram *d, const struct piece *p, uint32_t from, uint32_t to)
{
    uint32_t last = p->start + p->held;
    if (last > d->cut_at)
        last = d->cut_at;
    if (to > last)
        to = last;
    return from < to && memcmp(d->bytes + from, p->data + (from - p->start), to - from) != 0;
}

enum overlap { OVERLAP_NOT, OVERLAP_REPEATED, OVERLAP_SAME, OVERLAP_DIFFERS };

// Copy what is new of a piece, or all of it; spans [first, past) touch it.
static enum overlap piece_merge(
    struct datagram *d, const struct piece *p, uint32_t first, uint32_t past, bool last_wins)
{
    enum overlap overlap = OVERLAP_NOT;
    uint32_t at = p->start;
    for (uint32_t i = first; i < past; i++) {
        const struct span *s = &d->spans[i];
        piece_copy(d, p, at, s->start < p->end ? s->start : p->end);
        uint32_t from = at > s->start ? at : s->start, to = p->end < s->end ? p->end : s->end;
        if (from < to) {
            bool whole = from == p->start && to == p->end;
            enum overlap kind = piece_differs(d, p, from, to) ? OVERLAP_DIFFERS
                                : whole                       ? OVERLAP_REPEATED
                                                              : OVERLAP_SAME;
            overlap = kind > overlap ? kind : overlap;
            if (last_wins)
                piece_copy(d, p, from, to);
        }
        at = s->end > at ? s->end : at;
    }
    piece_copy(d, p, at, p->end);
    return overlap;
}

// False: too many holes.
static bool datagram_insert(
    struct datagram *d, const struct piece *p, bool last_wins, enum overlap *overlap)
{
    uint32_t first = 0, past;
    while (first < d->span_count && d->spans[first].end < p->start)
        first++;
    for (past = first; past < d->span_count && d->spans[past].start <= p->end;)
        past++;
    if (first == past && d->span_count == FRAGMENT_SPANS)
        return false;
    *overlap = piece_merge(d, p, first, past, last_wins);
    struct span merged = {p->start, p->end};
    if (first < past) {
        if (d->spans[first].start < merged.start)
            merged.start = d->spans[first].start;
        if (d->spans[past - 1].end > merged.end)
            merged.end = d->spans[past - 1].end;
    }
    memmove(&d->spans[first + 1], &d->spans[past], (d->span_count - past) * sizeof *d->spans);
    d->spans[first] = merged;
    d->span_count += 1 + first - past;
    if (p->held < p->end - p->start && p->start + p->held < d->cut_at)
        d->cut_at = p->start + p->held;
    return true;
}

// A first fragment without a whole transport header, or one that begins within it, hides ports and
// flags from filters (RFC 1858, RFC 3128).
static bool fragment_is_tiny(const struct decoded *p)
{
    uint32_t header = p->ip_proto == PROTO_TCP ? 20 : 8;
    if (p->fragment_offset == 0)
        return p->fragment_more && p->payload_wire_len < header;
    return p->ip_proto == PROTO_TCP && p->fragment_offset < header;
}

// The part of the datagram a fragment brings. False: it cannot be one.
static bool fragment_piece(const struct decoded *p, struct decoded *out, struct piece *piece)
{
    uint32_t len = p->payload_wire_len, header = p->ip_version == 4 ? (p->l3[0] & 15U) * 4 : 0;
    bool odd = p->fragment_more && len % 8 != 0;
    bool too_large = p->fragment_offset + len + header > FRAGMENT_BYTES_MAX;
    if (odd)
        fragment_raise(out, INVALID_LENGTH);
    if (too_large)
        fragment_raise(out, TOO_LARGE);
    if (too_large || (odd && p->ip_version == 6)) // RFC 8200, 4.5: discarded
        return false;
    if (odd)
        len -= len % 8;
    if (len == 0)
        return false;
    uint32_t held = p->payload_len < len ? p->payload_len : len;
    *piece = (struct piece){p->fragment_offset, p->fragment_offset + len, p->payload, held};
    return true;
}

// Where the datagram ends, as its last fragment says; the first to say so is believed.
static bool datagram_note_end(
    struct datagram *d, const struct decoded *p, struct decoded *out, struct piece *piece)
{
    uint32_t reached = d->span_count ? d->spans[d->span_count - 1].end : 0;
    bool conflict = d->has_end ? piece->end > d->end || (!p->fragment_more && piece->end != d->end)
                               : !p->fragment_more && reached > piece->end;
    if (conflict)
        fragment_raise(out, END_CONFLICT);
    if (conflict && piece->start < reached)
        fragment_raise(out, OVERLAP);
    if (!p->fragment_more && !d->has_end && !conflict) {
        d->has_end = true;
        d->end = piece->end;
    }
    return !conflict;
}

// False: the datagram is lost.
static bool datagram_take(struct fragments *f, struct datagram *d, const struct decoded *p,
    struct decoded *out, struct piece *piece)
{
    if (!datagram_note_end(d, p, out, piece))
        return p->ip_version == 4; // the fragment is ignored; IPv6: as an overlap
    if (p->fragment_offset == 0)
        d->proto = p->ip_proto;
    if (!datagram_reserve(f, d, piece->start + piece->held, out))
        return false;
    enum overlap overlap;
    if (!datagram_insert(d, piece, f->last_wins, &overlap)) {
        fragment_raise(out, IGNORED);
        return false;
    }
    d->frame_bytes += p->frame_len;
    d->frames++;
    if (overlap > OVERLAP_REPEATED)
        fragment_raise(out, OVERLAP);
    if (overlap == OVERLAP_DIFFERS)
        fragment_raise(out, OVERLAP_DIFFERENT);
    return p->ip_version == 4 || overlap <= OVERLAP_REPEATED;
}

static void datagram_decode(const struct datagram *d, struct decoded *out)
{
    struct dissect dissect = {.at = d->bytes,
        .len = d->cut_at < d->end ? d->cut_at : d->end,
        .wire = d->end,
        .out = out,
        .type = d->proto};
    out->kind = DECODE_NOTHING;
    out->fragment_more = false;
    out->fragment_offset = 0;
    out->frame_len = d->frame_bytes;
    out->frames = d->frames;
    dissect_run(&dissect, out->ip_version == 6 ? STEP_IP6_NEXT : STEP_TRANSPORT);
}

// One fragment; true when it completes its datagram, which is then in the done list.
static bool fragments_add(struct fragments *f, const struct decoded *p, struct decoded *out)
{
    *out = *p;
    if (fragment_is_tiny(p))
        fragment_raise(out, TINY);
    struct piece piece = {0};
    bool possible = fragment_piece(p, out, &piece); // told of a datagram given up as well
    uint32_t index = datagram_find(f, p, out);
    struct datagram *d = &f->datagrams[index];
    if (d->dead)
        return false;
    if (!possible || !datagram_take(f, d, p, out, &piece)) {
        datagram_kill(d);
        return false;
    }
    bool complete =
        d->has_end && d->span_count == 1 && d->spans[0].start == 0 && d->spans[0].end == d->end;
    if (!complete)
        return false;
    datagram_unlink(f, index);
    d->next = f->done;
    f->done = index;
    datagram_decode(d, out);
    return true;
}

bool decode_fragment(struct fragments *f, const struct decoded *fragment, struct decoded *out)
{
    while (f->done != FRAGMENT_NONE) {
        uint32_t index = f->done;
        f->done = f->datagrams[index].next;
        datagram_release(f, index);
    }
    struct decoded bare = *fragment;
    bare.anomaly_count = 0;
    bool complete = fragments_add(f, &bare, out);
    // What was put together may be a fragment again, of a tunnel inside.
    for (unsigned depth = 0; complete && out->kind == DECODE_FRAGMENT; depth++) {
        if (depth == DECODE_TUNNELS) {
            decoded_raise(out, ANOMALY_PACKET_TOO_MANY_LAYERS);
            return false;
        }
        bare = *out;
        complete = fragments_add(f, &bare, out);
    }
    return complete;
}
