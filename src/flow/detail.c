// SPDX-License-Identifier: Apache-2.0
// What tells encrypted and unknown flows apart without reading them: sizes, directions, times.
// A flow gets this memory with its second packet that carries payload, and that for its course over
// time with the twenty-first: floods of single packets cost nothing more.
#include "base/alloc.h"
#include "flow/internal.h"

enum {
    BIN_US = 1 << 16, // width of a bin at first; doubled whenever the flow outgrows them
    BIN_SHIFT_MAX = 32,
};

struct flow_tls {
    struct record_flow_tls record; // its texts stand behind it
    size_t size;
};

// Payload of each side over time.
struct flow_course {
    uint64_t bins[2][FLOW_BINS];
    uint8_t shift; // a bin is BIN_US << shift wide
};

struct flow_records {
    uint16_t lengths[FLOW_RECORDS]; // of TLS records
    uint32_t server;                // bit i: it came from the server
    uint8_t count;
};

struct flow_detail {
    uint64_t payload[2];             // bytes of payload on the wire
    uint32_t times_us[FLOW_LENGTHS]; // since the flow's first packet
    uint16_t lengths[FLOW_LENGTHS];  // UINT16_MAX: that many or more
    uint32_t lengths_server;         // bit i: it came from the server
    uint8_t lengths_count;
    struct flow_course *course;   // NULL: the lengths and times above tell it
    struct flow_records *records; // NULL: none were noted
    struct flow_tls *tls;
};

static void *charged(struct pool *pool, size_t size)
{
    if (!pool_charge(pool, size))
        return NULL;
    void *memory = base_calloc(1, size);
    if (!memory)
        pool_discharge(pool, size);
    return memory;
}

// Every two bins become one.
static void course_halve(struct flow_course *c)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < FLOW_BINS; i++)
            c->bins[side][i] =
                i < FLOW_BINS / 2 ? c->bins[side][2 * i] + c->bins[side][2 * i + 1] : 0;
    c->shift++;
}

static void course_add(struct flow_course *c, enum flow_side side, uint64_t at_us, uint32_t length)
{
    while (at_us / BIN_US >> c->shift >= FLOW_BINS && c->shift < BIN_SHIFT_MAX)
        course_halve(c);
    uint64_t bin = at_us / BIN_US >> c->shift;
    c->bins[side][bin < FLOW_BINS ? bin : FLOW_BINS - 1] += length;
}

// The course of the packets whose lengths and times are kept.
static void course_begin(struct flow_course *c, const struct flow_detail *d)
{
    for (size_t i = 0; i < d->lengths_count; i++)
        course_add(c, d->lengths_server >> i & 1 ? FLOW_SERVER : FLOW_CLIENT, d->times_us[i],
            d->lengths[i]);
}

static void detail_add(
    struct flow_detail *d, struct pool *pool, enum flow_side side, uint64_t at_us, uint32_t length)
{
    d->payload[side] += length;
    if (d->lengths_count < FLOW_LENGTHS) {
        if (side == FLOW_SERVER)
            d->lengths_server |= 1U << d->lengths_count;
        d->times_us[d->lengths_count] = at_us < UINT32_MAX ? (uint32_t)at_us : UINT32_MAX;
        d->lengths[d->lengths_count++] = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
        return;
    }
    if (!d->course) {
        d->course = charged(pool, sizeof *d->course);
        if (d->course)
            course_begin(d->course, d);
    }
    if (d->course)
        course_add(d->course, side, at_us, length);
}

static struct flow_detail *detail_of(struct flow *f, struct pool *pool)
{
    if (f->detail)
        return f->detail;
    f->detail = charged(pool, sizeof *f->detail);
    if (f->detail && f->first_payload)
        detail_add(f->detail, pool, f->first_payload == 1 ? FLOW_CLIENT : FLOW_SERVER,
            f->first_payload_us, f->first_length);
    return f->detail;
}

void flow_detail_packet(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint32_t length = p->payload_wire_len;
    int64_t since = flow_packet_us(p) - f->first_us;
    uint64_t at_us = since > 0 ? (uint64_t)since : 0;
    if (f->first_payload == 0) {
        f->first_payload = side == FLOW_CLIENT ? 1 : 2;
        f->first_payload_us = at_us < UINT32_MAX ? (uint32_t)at_us : UINT32_MAX;
        f->first_length = length;
        if (f->detail) // a parser made it before
            detail_add(f->detail, t->pool, side, at_us, length);
        return;
    }
    struct flow_detail *d = detail_of(f, t->pool);
    if (d)
        detail_add(d, t->pool, side, at_us, length);
    else
        t->metrics->flow_detail_memcap++;
}

void flow_note_record(struct flow *f, struct pool *pool, enum flow_side side, uint16_t length)
{
    struct flow_detail *d = detail_of(f, pool);
    if (d && !d->records)
        d->records = charged(pool, sizeof *d->records);
    if (!d || !d->records || d->records->count == FLOW_RECORDS)
        return;
    struct flow_records *r = d->records;
    if (side == FLOW_SERVER)
        r->server |= 1U << r->count;
    r->lengths[r->count++] = length;
}

bool flow_wants_records(const struct flow *f)
{
    return f->detail && f->detail->records && f->detail->records->count < FLOW_RECORDS;
}

static struct bytes text_move(uint8_t *room, size_t *at, struct bytes text)
{
    struct bytes moved = bytes_make(&room[*at], text.len);
    if (!text.data)
        return text;
    if (text.len)
        memcpy(&room[*at], text.data, text.len);
    *at += text.len;
    return moved;
}

void flow_note_tls(struct flow *f, struct pool *pool, const struct record_flow_tls *from)
{
    struct flow_detail *d = detail_of(f, pool);
    if (!d || d->tls)
        return;
    const struct bytes texts[] = {from->sni, from->alpn, from->version, from->ja3, from->ja3s,
        from->ja4, from->subject, from->issuerdn, from->fingerprint, from->notbefore,
        from->notafter};
    size_t size = sizeof *d->tls, at = sizeof *d->tls;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += texts[i].len;
    uint8_t *room = charged(pool, size);
    if (!room)
        return;
    d->tls = (struct flow_tls *)(void *)room; // lint: the beginning of its own allocation
    d->tls->size = size;
    struct record_flow_tls *to = &d->tls->record;
    *to = *from;
    struct bytes *const places[] = {&to->sni, &to->alpn, &to->version, &to->ja3, &to->ja3s,
        &to->ja4, &to->subject, &to->issuerdn, &to->fingerprint, &to->notbefore, &to->notafter};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        *places[i] = text_move(room, &at, texts[i]);
}

void flow_detail_reverse(struct flow *f)
{
    struct flow_detail *d = f->detail;
    if (f->first_payload)
        f->first_payload = (uint8_t)(3 - f->first_payload);
    if (!d)
        return;
    struct flow_detail old = *d;
    d->payload[FLOW_CLIENT] = old.payload[FLOW_SERVER];
    d->payload[FLOW_SERVER] = old.payload[FLOW_CLIENT];
    d->lengths_server = ~old.lengths_server;
    if (d->records)
        d->records->server = ~d->records->server;
    if (d->course) {
        struct flow_course turned = *d->course;
        memcpy(d->course->bins[FLOW_CLIENT], turned.bins[FLOW_SERVER], sizeof turned.bins[0]);
        memcpy(d->course->bins[FLOW_SERVER], turned.bins[FLOW_CLIENT], sizeof turned.bins[0]);
    }
}

static void discharged(struct pool *pool, void *memory, size_t size)
{
    if (memory)
        pool_discharge(pool, size);
    base_free(memory);
}

void flow_note_end(struct flow *f, struct pool *pool)
{
    struct flow_detail *d = f->detail;
    if (!d)
        return;
    discharged(pool, d->tls, d->tls ? d->tls->size : 0);
    discharged(pool, d->records, sizeof *d->records);
    discharged(pool, d->course, sizeof *d->course);
    discharged(pool, d, sizeof *d);
    f->detail = NULL;
}

static int64_t signed_length(uint32_t server, size_t i, uint16_t length)
{
    return server >> i & 1 ? -(int64_t)length : length;
}

// Encrypted or unknown: here the course of the flow is all there is to judge by.
static bool is_opaque(const struct flow *f)
{
    static const char *const names[] = {
        "tls", "quic", "dtls", "ssh", "wireguard", "openvpn", "ike", "ipsec"};
    if (!f->app_proto)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(f->app_proto, names[i]) == 0)
            return true;
    return false;
}

static void fill_activity(
    const struct flow_detail *d, struct flow_detail_room *room, struct record_flow *r)
{
    struct flow_course made = {.shift = 0};
    if (!d->course)
        course_begin(&made, d);
    const struct flow_course *c = d->course ? d->course : &made;
    size_t used = 0;
    for (size_t i = 0; i < FLOW_BINS; i++)
        if (c->bins[FLOW_CLIENT][i] || c->bins[FLOW_SERVER][i])
            used = i + 1;
    memcpy(room->bins, c->bins, sizeof room->bins);
    r->activity.has_width_us = used > 0;
    r->activity.width_us = (uint64_t)BIN_US << c->shift;
    r->activity.toserver = room->bins[FLOW_CLIENT];
    r->activity.toclient = room->bins[FLOW_SERVER];
    r->activity.toserver_count = r->activity.toclient_count = used;
}

static void fill_first(const struct flow *f, struct flow_detail_room *room, struct record_flow *r)
{
    uint16_t length = f->first_length < UINT16_MAX ? (uint16_t)f->first_length : UINT16_MAX;
    room->lengths[0] = signed_length(f->first_payload == 2, 0, length);
    r->packet_lengths_count = f->first_payload != 0;
    r->payload_toserver = f->first_payload == 1 ? f->first_length : 0;
    r->payload_toclient = f->first_payload == 2 ? f->first_length : 0;
    r->has_payload_toserver = r->payload_toserver > 0;
    r->has_payload_toclient = r->payload_toclient > 0;
}

void flow_detail_fill(const struct flow *f, struct flow_detail_room *room, struct record_flow *r)
{
    const struct flow_detail *d = f->detail;
    r->packet_lengths = room->lengths;
    r->packet_times = room->times;
    if (!d) {
        fill_first(f, room, r);
        return;
    }
    for (size_t i = 0; i < d->lengths_count; i++) {
        room->lengths[i] = signed_length(d->lengths_server, i, d->lengths[i]);
        room->times[i] = d->times_us[i];
    }
    for (size_t i = 0; d->records && i < d->records->count; i++)
        room->records[i] = signed_length(d->records->server, i, d->records->lengths[i]);
    r->packet_lengths_count = r->packet_times_count = d->lengths_count;
    r->record_lengths = room->records;
    r->record_lengths_count = d->records ? d->records->count : 0;
    r->payload_toserver = d->payload[FLOW_CLIENT];
    r->payload_toclient = d->payload[FLOW_SERVER];
    r->has_payload_toserver = r->has_payload_toclient = true;
    if (is_opaque(f))
        fill_activity(d, room, r);
    if (d->tls)
        r->tls = d->tls->record;
}
