// SPDX-License-Identifier: Apache-2.0
#include "base/test_alloc.h"
#include "capture/made_capture.h"

#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/capture_test."
                    "XX"
                    "XX"
                    "XX";
static char paths[300][64];
static const char *path_list[300];

static const char *put_file(size_t n, struct bytes content)
{
    snprintf(paths[n], sizeof paths[n], "%s/%03zu", dir, n);
    path_list[n] = paths[n];
    FILE *f = fopen(paths[n], "wb");
    if (!f || fwrite(content.data, 1, content.len, f) != content.len || fclose(f) != 0)
        abort();
    return paths[n];
}

static struct seen *seen_path(const char *path)
{
    return seen_all(capture_create(&path, 1));
}

TEST(merging_is_by_time_and_stable)
{
    static uint8_t copies[3][1000];
    static const uint32_t seconds[3][4] = {{1, 5, 2, 9}, {1, 1, 5, 9}, {0, 5, 9, 9}};
    struct bytes inputs[3];
    for (size_t n = 0; n < 3; n++) {
        struct made *m = made_new(n == 1);
        made_pcap(m, n == 2 ? MADE_NS : MADE_US, LINK_RAW);
        for (size_t i = 0; i < 4; i++)
            made_record(m, seconds[n][i], 0, (uint8_t)(n * 10 + i), 20);
        memcpy(copies[n], m->data, m->len);
        inputs[n] = bytes_make(copies[n], m->len);
    }
    // The packet of second 2 stands behind that of second 5 in its input, and stays there.
    static const uint8_t want[] = {20, 0, 10, 11, 1, 2, 12, 21, 3, 13, 22, 23};
    for (size_t step = 0; step < 3; step++) {
        struct seen *s = seen_all(capture_create_memory(inputs, 3, step));
        CHECK_EQ(s->count, 12);
        for (size_t i = 0; i < 12; i++) {
            CHECK_EQ(s->byte[i], want[i]);
            CHECK_EQ(s->source[i], want[i] / 10);
        }
        CHECK(s->even);
    }
}

TEST(damage_in_one_of_several)
{
    static uint8_t copy[1000];
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint8_t i = 0; i < 4; i++)
        made_record(m, i, 0, i, 20);
    memcpy(copy, m->data, m->len);
    struct bytes inputs[4] = {
        bytes_make(copy, m->len - 1), BYTES("not one"), made_done(m), bytes_make(copy, 24)};
    struct seen *s = seen_all(capture_create_memory(inputs, 4, 0));
    CHECK_EQ(s->count, 7);
    CHECK_DAMAGE(s, "cut off: the packet at byte 132 has 35 of 36 bytes");
    CHECK_DAMAGE_JA(
        s, "途中で切れています(132 バイト目のパケットは 36 バイトのうち 35 バイトしかありません)");
}

// More files than are kept open: each waits, closed, for its time.
TEST(many_files)
{
    enum { FILES = SOURCES_OPEN_MAX + 100 };
    for (size_t n = 0; n < FILES; n++) {
        struct made *m = made_new(false);
        made_pcap(m, MADE_US, LINK_RAW);
        for (uint32_t i = 0; i < 3; i++)
            made_record(m, (uint32_t)((FILES - n) * 2 + i), 0, (uint8_t)n, 20);
        put_file(n, made_done(m));
    }
    int64_t last_ns = 0;
    struct seen *s = seen_all(capture_create(path_list, FILES));
    CHECK_EQ(s->count, 3 * FILES);
    for (size_t i = 0; i < s->count; i++) {
        CHECK(s->time_ns[i] >= last_ns);
        last_ns = s->time_ns[i];
    }
    CHECK_EQ(s->report.packets, 3);
    CHECK_DAMAGE(s, "");
    for (size_t n = 0; n < FILES; n++)
        unlink(paths[n]);
}

TEST(what_is_no_capture)
{
    CHECK_DAMAGE(seen_path("/nonexistent/x"), "it cannot be opened: No such file or directory");
    CHECK_DAMAGE_JA(seen_path("/nonexistent/x"), "開けません: ファイルまたはフォルダがありません");
    CHECK_DAMAGE(seen_path("/"), "it is a directory, not a capture file");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES(""))), "it is empty");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES("{\"a\": 1}\n"))), "it is a JSON text, not a capture");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES("x"))), "it is a text file, not a capture");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES("PK\3\4zip"))),
        "it is a zip archive (unpack it first), not a capture");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0"))),
        "it is a file full of zeros, not a capture");
    CHECK_DAMAGE(seen_path(put_file(0, BYTES("\xd4\xc3\xb2\xa1\2\0\4\0"))),
        "it is the beginning of a pcap file, cut off inside its header, not a capture");
    struct seen *s = seen_path(put_file(0, BYTES("\1\2\3\4\5")));
    CHECK_DAMAGE(s, "it is a file of unknown kind, not a capture");
    CHECK_DAMAGE_JA(s, "種類の分からないファイルです。キャプチャではありません");
    CHECK(s->report.unreadable);
    CHECK_EQ(s->count, 0);
    unlink(paths[0]);
}

TEST(no_permission)
{
    const char *path = put_file(0, BYTES("secret"));
    if (chmod(path, 0) != 0)
        abort();
    if (geteuid() != 0) // who may read everything
        CHECK_DAMAGE(seen_path(path), "it cannot be opened: Permission denied");
    unlink(path);
}

// A pipe filled by a child, in pieces that have nothing to do with packets.
TEST(standard_input_and_pipes)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint32_t i = 0; i < 3'000; i++)
        made_record(m, i, 0, (uint8_t)i, 300 + i % 50);
    int ends[2];
    if (pipe(ends) != 0)
        abort();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (size_t at = 0; at < m->len; at += 997) {
            struct bytes part = bytes_sub(made_done(m), at, 997);
            if (write(ends[1], part.data, part.len) < 0)
                _exit(1);
        }
        _exit(0);
    }
    close(ends[1]);
    int stdin_before = dup(0);
    dup2(ends[0], 0);
    close(ends[0]);
    const char *path = "-";
    struct capture *c = capture_create(&path, 1);
    CHECK(capture_progress(c) < 0);
    struct seen *s = seen_all(c);
    CHECK_EQ(s->count, 3'000);
    CHECK(s->even);
    CHECK_DAMAGE(s, "");
    dup2(stdin_before, 0);
    close(stdin_before);
}

TEST(progress)
{
    static struct packet_batch batch;
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint32_t i = 0; i < 3'000; i++)
        made_record(m, i, 0, (uint8_t)i, 1'000);
    struct bytes input = made_done(m);
    struct capture *c = capture_create_memory(&input, 1, 0);
    if (!packet_batch_init(&batch))
        abort();
    double last = -0.1;
    while (capture_read(c, &batch)) {
        double now = capture_progress(c);
        CHECK(now > last && now <= 1);
        last = now;
    }
    CHECK(capture_progress(c) == 1);
    CHECK(!capture_read(c, &batch)); // and again: still nothing left
    packet_batch_finish(&batch);
    capture_destroy(c);
}

// Everything once, for a run in which some allocation fails.
static bool read_everything(void *context)
{
    static struct packet_batch batch;
    const struct bytes *inputs = context;
    struct capture *one = capture_create_memory(inputs, 1, 0);
    struct capture *two = capture_create_memory(inputs, 2, 0);
    bool ok = packet_batch_init(&batch);
    size_t packets = 0;
    while (ok && one && capture_read(one, &batch))
        packets += batch.count;
    while (ok && two && capture_read(two, &batch))
        packets += batch.count;
    packet_batch_finish(&batch);
    capture_destroy(one);
    capture_destroy(two);
    return packets == 9;
}

TEST(failing_allocations)
{
    static uint8_t copy[1000];
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint8_t i = 0; i < 3; i++)
        made_record(m, i, 0, i, 20);
    memcpy(copy, m->data, m->len);
    struct bytes inputs[2] = {{NULL, 0}, bytes_make(copy, m->len)};
    m = made_new(false);
    made_section(m, 1);
    for (int i = 0; i < 9; i++)
        made_interface(m, LINK_RAW, 0, -1, 0);
    for (uint32_t i = 0; i < 3; i++)
        made_enhanced(m, i, MADE_SECOND * 1'000'000ULL, 1, i == 1 ? 200'000 : 20);
    inputs[0] = made_done(m);
    CHECK(test_alloc_failures(read_everything, inputs) > 10);
}

static const struct test_case cases[] = {T(merging_is_by_time_and_stable),
    T(damage_in_one_of_several), T(many_files), T(what_is_no_capture), T(no_permission),
    T(standard_input_and_pipes), T(progress), T(failing_allocations)};

int main(void)
{
    if (!mkdtemp(dir))
        return 1;
    int rc = test_run(cases, (int)(sizeof cases / sizeof *cases));
    rmdir(dir);
    return rc;
}
