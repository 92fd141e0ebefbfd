// SPDX-License-Identifier: Apache-2.0
// Fuzzes capture/: any bytes as one input and, cut in two, as two that are merged. Checks what
// every reader of packets relies on: slices lie in the batch, times are bounded, reading comes to
// an end, and the pieces in which bytes arrive change nothing.
#include "capture/internal.h"
#include "fuzz.h"

#include <stdlib.h>

static struct packet_batch batch;

static void check_packet(const struct packet *p, size_t inputs)
{
    uintptr_t at = (uintptr_t)p->data.data, memory = (uintptr_t)batch.memory;
    if (p->data.len && (at < memory || at + p->data.len > memory + batch.memory_bytes))
        abort();
    if (p->data.len > CAPTURE_PACKET_BYTES || p->wire_len < p->data.len || p->source >= inputs)
        abort();
    if (p->time_ns < 0 || p->time_ns > CAPTURE_TIME_MAX_NS)
        abort();
}

static uint64_t read_all(const struct bytes *inputs, size_t count, size_t step)
{
    struct capture *c = capture_create_memory(inputs, count, step);
    uint64_t hash = 0;
    if (!c)
        abort();
    while (capture_read(c, &batch)) {
        for (uint32_t i = 0; i < batch.count; i++) {
            const struct packet *p = &batch.packets[i];
            check_packet(p, count);
            hash = (hash + (uint64_t)p->time_ns) * 1'000'003 + p->data.len + bytes_at(p->data, 0);
        }
        hash = hash * 31 + batch.count;
    }
    for (size_t i = 0; i < count; i++) {
        struct capture_report r;
        capture_report(c, i, &r);
        char text[CAPTURE_TEXT_BYTES];
        size_t len = capture_damage_text(c, i, i % 2 ? LANG_JA : LANG_EN, text, sizeof text);
        if (r.file_bytes > inputs[i].len || (len > 0) != (r.damages > 0) || strlen(text) != len)
            abort();
    }
    capture_destroy(c);
    return hash;
}

void fuzz_capture(const uint8_t *data, size_t size)
{
    if (!batch.memory && !packet_batch_init(&batch))
        abort();
    struct bytes input = bytes_make(data, size);
    if (read_all(&input, 1, 0) != read_all(&input, 1, 13))
        abort();
    struct bytes halves[2] = {bytes_sub(input, 0, size / 2), bytes_from(input, size / 2)};
    (void)read_all(halves, 2, 0);
}
