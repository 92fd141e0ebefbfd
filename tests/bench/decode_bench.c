// SPDX-License-Identifier: Apache-2.0
// What decode/ costs a packet: decode_bench FILE... Reads with capture/, whose time is not counted,
// and decodes in groups as a worker does.
#include "decode/decode.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct figures {
    uint64_t packets, fragments, tunnelled, nothing, anomalies;
    uint64_t sum; // keeps the work from being optimised away
    double ns;
};

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void bench_count(struct figures *f, struct fragments *fragments, const struct decoded *p)
{
    static struct decoded whole;
    if (p->kind == DECODE_FRAGMENT) {
        f->fragments++;
        if (decode_fragment(fragments, p, &whole))
            p = &whole;
    }
    f->tunnelled += p->tunnels > 0;
    f->nothing += p->kind == DECODE_NOTHING;
    f->anomalies += p->anomaly_count;
    f->sum += p->pair_hash + p->payload_len;
}

static void bench_batch(
    struct figures *f, struct fragments *fragments, const struct packet_batch *batch)
{
    static struct decoded group[DECODE_BATCH];
    double start = cpu_ns();
    for (uint32_t i = 0; i < batch->count; i += DECODE_BATCH) {
        uint32_t n = batch->count - i < DECODE_BATCH ? batch->count - i : DECODE_BATCH;
        for (uint32_t k = 0; k < n; k++)
            decode_packet(&batch->packets[i + k], &group[k]);
        for (uint32_t k = 0; k < n; k++)
            bench_count(f, fragments, &group[k]);
    }
    f->ns += cpu_ns() - start;
    f->packets += batch->count;
}

int main(int argc, char **argv)
{
    static struct packet_batch batch;
    struct figures f = {0};
    struct capture *capture = capture_create((const char *const *)argv + 1, (size_t)argc - 1);
    struct fragments *fragments =
        fragments_create(16 << 20, 30'000'000'000, CONFIG_DEFRAG_OVERLAP_FIRST);
    if (argc < 2 || !capture || !fragments || !packet_batch_init(&batch))
        return 2;
    while (capture_read(capture, &batch))
        bench_batch(&f, fragments, &batch);
    double each = f.packets ? f.ns / (double)f.packets : 0;
    printf("%llu packets, %.1f ns a packet; %llu fragments, %llu in tunnels, %llu nothing, %llu "
           "anomalies (sum %llx)\n",
        (unsigned long long)f.packets, each, (unsigned long long)f.fragments,
        (unsigned long long)f.tunnelled, (unsigned long long)f.nothing,
        (unsigned long long)f.anomalies, (unsigned long long)f.sum);
    packet_batch_finish(&batch);
    fragments_destroy(fragments);
    capture_destroy(capture);
    return 0;
}
