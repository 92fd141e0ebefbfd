// SPDX-License-Identifier: Apache-2.0
// What tells encrypted and unknown flows apart without reading them: sizes, directions, times.
// A flow gets this memory with its second packet that carries payload: floods of single packets
// cost nothing more.
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

struct flow_detail {
    uint64_t payload[2];                     // bytes of payload on the wire
    uint64_t bins[2][FLOW_BINS];             // of payload, each side's, over time
    uint32_t times_us[FLOW_LENGTHS];         // since the flow's first packet
    uint16_t lengths[FLOW_LENGTHS];          // UINT16_MAX: that many or more
    uint16_t records[FLOW_RECORDS];          // of TLS records
    uint32_t lengths_server, records_server; // bit i: it came from the server
    uint8_t lengths_count, records_count, bin_shift;
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
static void bins_halve(struct flow_detail *d)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < FLOW_BINS; i++)
            d->bins[side][i] =
                i < FLOW_BINS / 2 ? d->bins[side][2 * i] + d->bins[side][2 * i + 1] : 0;
    d->bin_shift++;
}

static void bins_add(struct flow_detail *d, enum flow_side side, uint64_t at_us, uint32_t length)
{
    while (at_us / BIN_US >> d->bin_shift >= FLOW_BINS && d->bin_shift < BIN_SHIFT_MAX)
        bins_halve(d);
    uint64_t bin = at_us / BIN_US >> d->bin_shift;
    d->bins[side][bin < FLOW_BINS ? bin : FLOW_BINS - 1] += length;
}

static void detail_add(struct flow_detail *d, enum flow_side side, uint64_t at_us, uint32_t length)
{
    d->payload[side] += length;
    bins_add(d, side, at_us, length);
    if (d->lengths_count == FLOW_LENGTHS)
        return;
    if (side == FLOW_SERVER)
        d->lengths_server |= 1U << d->lengths_count;
    d->times_us[d->lengths_count] = at_us < UINT32_MAX ? (uint32_t)at_us : UINT32_MAX;
    d->lengths[d->lengths_count++] = length < UINT16_MAX ? (uint16_t)length : UINT16_MAX;
}

static struct flow_detail *detail_of(struct flow *f, struct pool *pool)
{
    if (f->detail)
        return f->detail;
    f->detail = charged(pool, sizeof *f->detail);
    if (f->detail && f->first_payload)
        detail_add(f->detail, f->first_payload == 1 ? FLOW_CLIENT : FLOW_SERVER,
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
            detail_add(f->detail, side, at_us, length);
        return;
    }
    struct flow_detail *d = detail_of(f, t->pool);
    if (d)
        detail_add(d, side, at_us, length);
    else
        t->metrics->flow_detail_memcap++;
}

void flow_note_record(struct flow *f, struct pool *pool, enum flow_side side, uint16_t length)
{
    struct flow_detail *d = detail_of(f, pool);
    if (!d || d->records_count == FLOW_RECORDS)
        return;
    if (side == FLOW_SERVER)
        d->records_server |= 1U << d->records_count;
    d->records[d->records_count++] = length;
}

bool flow_wants_records(const struct flow *f)
{
    return !f->detail || f->detail->records_count < FLOW_RECORDS;
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
    for (int side = 0; side < 2; side++) {
        d->payload[side] = old.payload[1 - side];
        memcpy(d->bins[side], old.bins[1 - side], sizeof d->bins[side]);
    }
    d->lengths_server = ~old.lengths_server;
    d->records_server = ~old.records_server;
}

void flow_detail_end(struct flow_table *t, struct flow *f)
{
    struct flow_detail *d = f->detail;
    if (!d)
        return;
    if (d->tls) {
        pool_discharge(t->pool, d->tls->size);
        base_free(d->tls);
    }
    pool_discharge(t->pool, sizeof *d);
    base_free(d);
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
    size_t used = 0;
    for (size_t i = 0; i < FLOW_BINS; i++)
        if (d->bins[FLOW_CLIENT][i] || d->bins[FLOW_SERVER][i])
            used = i + 1;
    memcpy(room->bins, d->bins, sizeof room->bins);
    r->activity.has_width_us = used > 0;
    r->activity.width_us = (uint64_t)BIN_US << d->bin_shift;
    r->activity.toserver = room->bins[FLOW_CLIENT];
    r->activity.toclient = room->bins[FLOW_SERVER];
    r->activity.toserver_count = r->activity.toclient_count = used;
}

static void fill_first(const struct flow *f, struct flow_detail_room *room, struct record_flow *r)
{
    uint16_t length = f->first_length < UINT16_MAX ? (uint16_t)f->first_length : UINT16_MAX;
    room->lengths[0] = signed_length(f->first_payload == 2, 0, length);
    room->times[0] = f->first_payload_us;
    r->packet_lengths_count = r->packet_times_count = f->first_payload != 0;
    if (f->first_payload == 1)
        r->payload_toserver = f->first_length;
    else if (f->first_payload)
        r->payload_toclient = f->first_length;
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
    for (size_t i = 0; i < d->records_count; i++)
        room->records[i] = signed_length(d->records_server, i, d->records[i]);
    r->packet_lengths_count = r->packet_times_count = d->lengths_count;
    r->record_lengths = room->records;
    r->record_lengths_count = d->records_count;
    r->payload_toserver = d->payload[FLOW_CLIENT];
    r->payload_toclient = d->payload[FLOW_SERVER];
    if (is_opaque(f))
        fill_activity(d, room, r);
    if (d->tls)
        r->tls = d->tls->record;
}
