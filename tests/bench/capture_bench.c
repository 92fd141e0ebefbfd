// SPDX-License-Identifier: Apache-2.0
// Only reads captures: what capture/ costs a packet. capture_bench [-t] [-l] FILE...
//   -t  touch the first 64 bytes of every packet, as decoding would
//   -l  one line a file, "packets bytes path | damage", instead of the figures
#include "capture/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static volatile uint64_t bench_sink; // keeps the touching from being optimised away

static double cpu_s(int who)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    struct timeval t = who ? u.ru_stime : u.ru_utime;
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void bench_touch(const struct packet_batch *batch)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct bytes b = bytes_sub(batch->packets[i].data, 0, 64);
        for (size_t at = 0; at < b.len; at += 8)
            sum += bytes_at(b, at);
    }
    bench_sink += sum;
}

static void bench_list(const struct capture *capture)
{
    for (size_t i = 0; i < capture_sources(capture); i++) {
        struct capture_report r;
        char damage[CAPTURE_TEXT_BYTES];
        capture_report(capture, i, &r);
        (void)capture_damage_text(capture, i, LANG_EN, damage, sizeof damage);
        printf("%llu %llu %s | %s | %s\n", (unsigned long long)r.packets,
            (unsigned long long)r.bytes, r.path, r.format ? r.format : "-", damage);
    }
}

static void bench_figures(uint64_t packets, uint64_t bytes, uint64_t batches)
{
    double user = cpu_s(0), kernel = cpu_s(1), n = packets ? (double)packets : 1;
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%llu packets, %llu bytes, %llu batches: %.1f ns a packet (%.1f user, %.1f kernel), "
           "peak %ld KiB\n",
        (unsigned long long)packets, (unsigned long long)bytes, (unsigned long long)batches,
        (user + kernel) * 1e9 / n, user * 1e9 / n, kernel * 1e9 / n, u.ru_maxrss);
}

int main(int argc, char **argv)
{
    bool touch = false, list = false;
    int first = 1;
    for (; first < argc && argv[first][0] == '-' && argv[first][1]; first++) {
        touch |= argv[first][1] == 't';
        list |= argv[first][1] == 'l';
    }
    static struct packet_batch batch;
    struct capture *capture =
        capture_create((const char *const *)argv + first, (size_t)(argc - first));
    if (!capture || !packet_batch_init(&batch))
        return 1;
    uint64_t packets = 0, bytes = 0, batches = 0;
    for (; capture_read(capture, &batch); batches++) {
        packets += batch.count;
        for (uint32_t i = 0; i < batch.count; i++)
            bytes += batch.packets[i].data.len;
        if (touch)
            bench_touch(&batch);
    }
    if (list)
        bench_list(capture);
    else
        bench_figures(packets, bytes, batches);
    packet_batch_finish(&batch);
    capture_destroy(capture);
    return 0;
}
