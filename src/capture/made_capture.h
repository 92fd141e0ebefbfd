// SPDX-License-Identifier: Apache-2.0
// For tests: captures made in memory, byte by byte, in either byte order.
#pragma once
#include "base/test.h"
#include "capture/internal.h"

#include <stdlib.h>

struct made {
    uint8_t data[1 << 22];
    size_t len;
    bool swap; // write in the other byte order than this machine's
};

// One to work in, empty; tests run one after the other.
static inline struct made *made_new(bool swap)
{
    static struct made made;
    made.len = 0;
    made.swap = swap;
    return &made;
}

static inline void made_bytes(struct made *m, const void *data, size_t len)
{
    if (len > sizeof m->data - m->len)
        abort();
    memcpy(m->data + m->len, data, len);
    m->len += len;
}

static inline void made_u16(struct made *m, uint16_t v)
{
    v = wire_u16((const uint8_t *)&v, m->swap);
    made_bytes(m, &v, sizeof v);
}

static inline void made_u32(struct made *m, uint32_t v)
{
    v = wire_u32((const uint8_t *)&v, m->swap);
    made_bytes(m, &v, sizeof v);
}

static inline void made_u64(struct made *m, uint64_t v)
{
    v = wire_u64((const uint8_t *)&v, m->swap);
    made_bytes(m, &v, sizeof v);
}

static inline void made_fill(struct made *m, uint8_t byte, size_t len)
{
    while (len-- > 0)
        made_bytes(m, &byte, 1);
}

static inline struct bytes made_done(const struct made *m)
{
    return bytes_make(m->data, m->len);
}

// ---- pcap

enum { MADE_US = 0xa1b2c3d4, MADE_NS = 0xa1b23c4d, MADE_KUZNETZOV = 0xa1b2cd34 };
enum { MADE_SECOND = 1'700'000'000 };

static inline void made_pcap_version(struct made *m, uint32_t magic, uint32_t link, uint16_t minor)
{
    made_u32(m, magic);
    made_u16(m, 2);
    made_u16(m, minor);
    made_u64(m, 0);
    made_u32(m, 262144);
    made_u32(m, link);
}

static inline void made_pcap(struct made *m, uint32_t magic, uint32_t link)
{
    made_pcap_version(m, magic, link, 4);
}

// A record of `len` bytes, each of them `byte`, MADE_SECOND + second.fraction.
static inline void made_record(
    struct made *m, uint32_t second, uint32_t fraction, uint8_t byte, uint32_t len)
{
    made_u32(m, MADE_SECOND + second);
    made_u32(m, fraction);
    made_u32(m, len);
    made_u32(m, len);
    made_fill(m, byte, len);
}

// ---- pcapng

static inline size_t made_block(struct made *m, uint32_t type)
{
    made_u32(m, type);
    made_u32(m, 0);
    return m->len;
}

// Close the block whose body began at `body`: padding and both lengths.
static inline void made_block_end(struct made *m, size_t body)
{
    made_fill(m, 0, (4 - m->len % 4) % 4);
    uint32_t len = (uint32_t)(m->len - body + 12);
    size_t end = m->len;
    m->len = body - 4;
    made_u32(m, len);
    m->len = end;
    made_u32(m, len);
}

static inline void made_section(struct made *m, uint16_t major)
{
    size_t body = made_block(m, 0x0a0d0d0a);
    made_u32(m, 0x1a2b3c4d);
    made_u16(m, major);
    made_u16(m, 0);
    made_u64(m, UINT64_MAX);
    made_block_end(m, body);
}

static inline void made_option(struct made *m, uint16_t code, const void *value, uint16_t len)
{
    made_u16(m, code);
    made_u16(m, len);
    made_bytes(m, value, len);
    made_fill(m, 0, (4 - m->len % 4) % 4);
}

static inline void made_option_u64(struct made *m, uint16_t code, uint64_t v)
{
    made_u16(m, code);
    made_u16(m, 8);
    made_u64(m, v);
}

static inline void made_interface(
    struct made *m, uint16_t link, uint32_t snaplen, int resolution, int64_t offset_s)
{
    size_t body = made_block(m, 1);
    made_u16(m, link);
    made_u16(m, 0);
    made_u32(m, snaplen);
    made_option(m, 2, "eth0", 4);
    uint8_t tsresol = (uint8_t)resolution;
    if (resolution >= 0)
        made_option(m, 9, &tsresol, 1);
    if (offset_s)
        made_option_u64(m, 14, (uint64_t)offset_s);
    made_u32(m, 0);
    made_block_end(m, body);
}

static inline size_t made_enhanced_open(
    struct made *m, uint32_t interface, uint64_t ticks, uint8_t byte, uint32_t len)
{
    size_t body = made_block(m, 6);
    made_u32(m, interface);
    made_u32(m, (uint32_t)(ticks >> 32));
    made_u32(m, (uint32_t)ticks);
    made_u32(m, len);
    made_u32(m, len + 1);
    made_fill(m, byte, len);
    made_fill(m, 0, (4 - m->len % 4) % 4);
    return body;
}

static inline void made_enhanced(
    struct made *m, uint32_t interface, uint64_t ticks, uint8_t byte, uint32_t len)
{
    made_block_end(m, made_enhanced_open(m, interface, ticks, byte, len));
}

// ---- reading what was made

enum { SEEN_MAX = 20'000 };

struct seen {
    int64_t time_ns[SEEN_MAX];
    uint32_t len[SEEN_MAX], wire[SEEN_MAX];
    uint16_t link[SEEN_MAX], source[SEEN_MAX];
    uint8_t byte[SEEN_MAX]; // the first one
    uint32_t batch[SEEN_MAX];
    size_t count;
    bool even;                    // the bytes of each packet were all the same
    struct capture_report report; // of the first input; its texts are in `damage` and `format`
    char damage[CAPTURE_TEXT_BYTES], damage_ja[CAPTURE_TEXT_BYTES];
    char format[64];
};

static inline void seen_packet(struct seen *seen, const struct packet *p, uint32_t batch)
{
    size_t i = seen->count++;
    if (i >= SEEN_MAX)
        abort();
    seen->time_ns[i] = p->time_ns;
    seen->len[i] = (uint32_t)p->data.len;
    seen->wire[i] = p->wire_len;
    seen->link[i] = p->link;
    seen->source[i] = p->source;
    seen->byte[i] = bytes_at(p->data, 0);
    seen->batch[i] = batch;
    for (size_t at = 0; at < p->data.len; at++)
        seen->even &= bytes_at(p->data, at) == bytes_at(p->data, 0);
}

// All packets of a capture, which is destroyed.
static inline struct seen *seen_all(struct capture *capture)
{
    static struct seen seen;
    static struct packet_batch batches[2]; // in turn, as workers have one each
    seen.count = 0;
    seen.even = true;
    if (!capture || !packet_batch_init(&batches[0]) || !packet_batch_init(&batches[1]))
        abort();
    for (uint32_t n = 0; capture_read(capture, &batches[n % 2]); n++)
        for (uint32_t i = 0; i < batches[n % 2].count; i++)
            seen_packet(&seen, &batches[n % 2].packets[i], n);
    capture_report(capture, 0, &seen.report);
    size_t len = capture_damage_text(capture, 0, LANG_EN, seen.damage, sizeof seen.damage);
    if (len != strlen(seen.damage))
        abort();
    (void)capture_damage_text(capture, 0, LANG_JA, seen.damage_ja, sizeof seen.damage_ja);
    snprintf(seen.format, sizeof seen.format, "%s", seen.report.format ? seen.report.format : "");
    seen.report.format = seen.report.path = NULL;
    packet_batch_finish(&batches[0]);
    packet_batch_finish(&batches[1]);
    capture_destroy(capture);
    return &seen;
}

// One input of which at most `step` bytes come at a time (0: as many as asked for).
static inline struct seen *seen_bytes(struct bytes input, size_t step)
{
    return seen_all(capture_create_memory(&input, 1, step));
}

#define CHECK_DAMAGE(seen, want)    CHECK_TEXT(bytes_from_text((seen)->damage), want)
#define CHECK_DAMAGE_JA(seen, want) CHECK_TEXT(bytes_from_text((seen)->damage_ja), want)
