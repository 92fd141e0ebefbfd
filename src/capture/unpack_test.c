// SPDX-License-Identifier: Apache-2.0
#include "capture/made_capture.h"

#include <zlib.h>
#include <zstd.h>

enum { LEN = 40, RECORD = 16 + LEN };

static uint8_t packed[1 << 20];

static struct made *made_plain(uint8_t count)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint8_t i = 0; i < count; i++)
        made_record(m, i, i * 77'777U, i, LEN);
    return m;
}

static size_t pack_gzip(struct bytes plain, uint8_t *to)
{
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (uint8_t *)(uintptr_t)plain.data;
    z.avail_in = (uInt)plain.len;
    z.next_out = to;
    z.avail_out = 1 << 19;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&z);
    return z.total_out;
}

static size_t pack_zstd(struct bytes plain, uint8_t *to, int window_log)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
    ZSTD_outBuffer out = {to, 1 << 19, 0};
    ZSTD_inBuffer in = {plain.data, plain.len, 0};
    if (ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush) != 0) // flush: the size is not known yet
        abort();
    if (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end) != 0)
        abort();
    ZSTD_freeCCtx(c);
    return out.pos;
}

// Packed in two pieces, a member or frame each, broken inside a packet.
static struct bytes packed_twice(struct bytes plain, bool zstd)
{
    size_t half = plain.len / 2 + 3, len;
    struct bytes a = bytes_sub(plain, 0, half), b = bytes_from(plain, half);
    if (zstd) {
        len = pack_zstd(a, packed, 17);
        memcpy(packed + len, "\x5a\x2a\x4d\x18\x03\0\0\0abc", 11); // a frame to be skipped
        len += 11;
        return bytes_make(packed, len + pack_zstd(b, packed + len, 17));
    }
    len = pack_gzip(a, packed);
    return bytes_make(packed, len + pack_gzip(b, packed + len));
}

TEST(members_and_frames)
{
    for (int zstd = 0; zstd < 2; zstd++)
        for (size_t step = 0; step < 3; step++) {
            struct made *m = made_plain(200);
            struct bytes input = packed_twice(made_done(m), zstd);
            struct seen *s = seen_bytes(input, step);
            CHECK_EQ(s->count, 200);
            CHECK(s->even);
            CHECK_DAMAGE(s, "");
            CHECK_EQ(s->report.file_bytes, input.len);
            CHECK_TEXT(bytes_from_text(s->format), zstd ? "pcap (us), zstd" : "pcap (us), gzip");
        }
}

// How many bytes the library itself makes of the first bytes of the input.
static size_t plain_gzip(struct bytes b, uint8_t *to, size_t room)
{
    size_t made = 0;
    while (b.len) {
        z_stream z = {.next_in = (uint8_t *)(uintptr_t)b.data, .avail_in = (uInt)b.len};
        if (inflateInit2(&z, 31) != Z_OK)
            abort();
        z.next_out = to + made;
        z.avail_out = (uInt)(room - made);
        int rc = inflate(&z, Z_SYNC_FLUSH);
        made += z.total_out;
        b = rc == Z_STREAM_END ? bytes_from(b, z.total_in) : bytes_make(NULL, 0);
        inflateEnd(&z);
    }
    return made;
}

static size_t plain_zstd(struct bytes b, uint8_t *to, size_t room)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_outBuffer out = {to, room, 0};
    ZSTD_inBuffer in = {b.data, b.len, 0};
    for (size_t before = SIZE_MAX; in.pos < in.size || out.pos != before;) {
        before = out.pos;
        if (ZSTD_isError(ZSTD_decompressStream(d, &out, &in)))
            break;
    }
    ZSTD_freeDCtx(d);
    return out.pos;
}

TEST(every_truncation)
{
    static uint8_t plain[1 << 16];
    for (int zstd = 0; zstd < 2; zstd++) {
        struct made *m = made_plain(200);
        struct bytes input = packed_twice(made_done(m), zstd);
        for (size_t len = 0; len <= input.len; len++) {
            struct bytes part = bytes_sub(input, 0, len);
            size_t out = zstd ? plain_zstd(part, plain, sizeof plain)
                              : plain_gzip(part, plain, sizeof plain);
            struct seen *s = seen_bytes(part, len % 5);
            CHECK_EQ(s->count, out < 24 ? 0 : (out - 24) / RECORD);
            CHECK(s->even);
            CHECK_EQ(s->damage[0] != 0, len < input.len);
        }
    }
}

TEST(damaged_bytes_are_told)
{
    for (int zstd = 0; zstd < 2; zstd++) {
        struct made *m = made_plain(200);
        struct bytes input = packed_twice(made_done(m), zstd);
        packed[input.len - 3] ^= 0x55; // a check sum
        struct seen *s = seen_bytes(input, 0);
        CHECK(s->count >= 99); // the first member or frame, which is whole
        CHECK(s->even);
        struct bytes damage = bytes_from_text(s->damage);
        CHECK(bytes_start_with(damage, zstd ? BYTES("the zstd data is damaged near byte ")
                                            : BYTES("the gzip data is damaged near byte ")));
    }
}

TEST(what_follows_gzip)
{
    struct made *m = made_plain(20);
    size_t len = pack_gzip(made_done(m), packed);
    memset(packed + len, 0, 1000);
    struct seen *s = seen_bytes(bytes_make(packed, len + 1000), 0);
    CHECK_EQ(s->count, 20);
    CHECK_DAMAGE(s, "");
    packed[len + 500] = 'x';
    s = seen_bytes(bytes_make(packed, len + 1000), 0);
    CHECK_EQ(s->count, 20);
    CHECK(
        bytes_start_with(bytes_from_text(s->damage), BYTES("what follows the gzip data at byte ")));
}

TEST(windows_are_bounded)
{
    struct made *m = made_plain(20);
    size_t len = pack_zstd(made_done(m), packed, ZSTD_WINDOW_LOG_MAX);
    CHECK_EQ(seen_bytes(bytes_make(packed, len), 0)->count, 20);
    packed[5] = (uint8_t)((ZSTD_WINDOW_LOG_MAX + 1 - 10) << 3); // RFC 8878 section 3.1.1.1.2
    struct seen *s = seen_bytes(bytes_make(packed, len), 0);
    CHECK_EQ(s->count, 0);
    CHECK(s->report.unreadable);
    CHECK_DAMAGE(s, "near byte 2, zstd asks for a window of more than 128 MiB");
}

TEST(packed_things_that_are_no_captures)
{
    size_t len = pack_gzip(BYTES("Dear colleagues,\nthe capture comes tomorrow.\n"), packed);
    CHECK_DAMAGE(seen_bytes(bytes_make(packed, len), 0),
        "it is a gzip file holding a text file, not a capture");
    len = pack_zstd(bytes_make(packed, len), packed + 1000, 17);
    CHECK_DAMAGE(seen_bytes(bytes_make(packed + 1000, len), 0),
        "it is a zstd file holding a gzip file, not a capture");
    len = pack_gzip(bytes_make(NULL, 0), packed);
    CHECK_DAMAGE(
        seen_bytes(bytes_make(packed, len), 0), "it is a gzip file holding nothing, not a capture");
}

TEST_MAIN(T(members_and_frames), T(every_truncation), T(damaged_bytes_are_told),
    T(what_follows_gzip), T(windows_are_bounded), T(packed_things_that_are_no_captures))
