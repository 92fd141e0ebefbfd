// SPDX-License-Identifier: Apache-2.0
#include "capture/made_capture.h"

static const int64_t start_ns = MADE_SECOND * 1'000'000'000LL;

TEST(byte_orders_and_units)
{
    for (int variant = 0; variant < 4; variant++) {
        struct made *m = made_new(variant & 1);
        made_pcap(m, variant & 2 ? MADE_NS : MADE_US, LINK_ETHERNET);
        made_record(m, 1, 123'456, 7, 60);
        made_record(m, 0, 5, 8, 0); // earlier than the one before it: stays where it is
        struct seen *s = seen_bytes(made_done(m), 0);
        CHECK_EQ(s->count, 2);
        CHECK_EQ(s->time_ns[0], start_ns + 1'000'000'000 + (variant & 2 ? 123'456 : 123'456'000));
        CHECK_EQ(s->len[0], 60);
        CHECK_EQ(s->byte[0], 7);
        CHECK_EQ(s->link[0], LINK_ETHERNET);
        CHECK_EQ(s->len[1], 0);
        CHECK_DAMAGE(s, "");
        CHECK_EQ(s->report.first_ns, s->time_ns[1]);
        CHECK_EQ(s->report.last_ns, s->time_ns[0]);
        CHECK_EQ(s->report.file_bytes, m->len);
        CHECK_TEXT(bytes_from_text(s->format), variant & 2 ? "pcap (ns)" : "pcap (us)");
    }
}

// Records with `extra` bytes behind the usual head.
static struct made *made_longer_heads(uint32_t magic, size_t extra, int records)
{
    struct made *m = made_new(false);
    made_pcap(m, magic, LINK_ETHERNET);
    for (int i = 0; i < records; i++) {
        made_record(m, (uint32_t)i, 0, 0, 0);
        m->len -= 8;
        made_u32(m, 60);
        made_u32(m, 60);
        made_fill(m, 0xee, extra);
        made_fill(m, (uint8_t)(i + 1), 60);
    }
    return m;
}

TEST(longer_record_heads)
{
    static const struct {
        uint32_t magic;
        size_t extra;
    } variants[] = {{MADE_KUZNETZOV, 8}, {MADE_US, 8}, {MADE_US, 4}, {MADE_US, 0}};
    for (size_t i = 0; i < 4; i++)
        for (int records = i ? 2 : 1; records < 5; records++) {
            struct made *m = made_longer_heads(variants[i].magic, variants[i].extra, records);
            struct seen *s = seen_bytes(made_done(m), 1);
            CHECK_EQ(s->count, records);
            CHECK_EQ(s->byte[records - 1], records);
            CHECK(s->even);
            CHECK_DAMAGE(s, "");
        }
}

// Fractions of a second that cannot be are no reason to doubt the heads.
TEST(odd_fractions)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    made_record(m, 1, 999'999, 0, 76);
    made_record(m, 1, 1'000'000, 0, 76);
    made_record(m, 3, 0x8000'0000, 0, 76);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 3);
    CHECK_EQ(s->time_ns[1], start_ns + 2'000'000'000);
    CHECK_EQ(s->time_ns[2], start_ns + 3'000'000'000 + 0x8000'0000LL * 1'000);
    CHECK_DAMAGE(s, "");
}

TEST(lengths_the_other_way_round)
{
    for (uint16_t minor = 2; minor <= 3; minor++) {
        struct made *m = made_new(false);
        made_pcap_version(m, MADE_US, LINK_ETHERNET, minor);
        made_u64(m, MADE_SECOND);
        made_u32(m, 1500);
        made_u32(m, 60);
        made_fill(m, 1, 60);
        struct seen *s = seen_bytes(made_done(m), 0);
        CHECK_EQ(s->count, 1);
        CHECK_EQ(s->len[0], 60);
        CHECK_EQ(s->wire[0], 1500);
        CHECK_EQ(s->report.cut_packets, 1);
    }
}

TEST(every_truncation)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_RAW);
    for (uint8_t i = 0; i < 5; i++)
        made_record(m, i, 0, i, 40);
    for (size_t len = 0; len <= m->len; len++) {
        struct seen *s = seen_bytes(bytes_make(m->data, len), len % 3);
        size_t whole = len < 24 ? 0 : (len - 24) / 56;
        CHECK_EQ(s->count, whole);
        CHECK(s->even);
        CHECK_EQ(s->damage[0] != 0, len < 24 || (len - 24) % 56 != 0);
        CHECK_EQ(s->report.unreadable, len < 24);
    }
    CHECK_DAMAGE(seen_bytes(bytes_make(m->data, 24 + 56 + 20), 0),
        "cut off: the packet at byte 80 has 20 of 56 bytes");
}

TEST(reading_goes_on_behind_a_lying_length)
{
    struct made *m = made_new(true);
    made_pcap(m, MADE_US, LINK_ETHERNET);
    for (uint8_t i = 0; i < 10; i++)
        made_record(m, i, 0, i, 100);
    memcpy(m->data + 24 + 3 * 116 + 8, "\xff\xff\xff\xf0", 4);
    struct seen *s = seen_bytes(made_done(m), 5);
    CHECK_EQ(s->count, 9);
    CHECK_EQ(s->byte[2], 2);
    CHECK_EQ(s->byte[3], 4);
    CHECK(s->even);
    CHECK_DAMAGE(s, "damaged at byte 372: a packet of 4294967280 bytes, at most 262144 are "
                    "possible; packets go on at byte 488");
    CHECK_EQ(s->report.lost_bytes, 116);
    CHECK_EQ(s->report.damages, 1);
}

TEST(damage_is_counted)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_ETHERNET);
    for (uint8_t i = 0; i < 40; i++)
        made_record(m, i, 0, i, 100);
    for (size_t i = 3; i < 30; i += 9)
        memcpy(m->data + 24 + i * 116 + 8, "\xff\xff\xff\x7f", 4);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 37);
    CHECK_EQ(s->report.damages, 3);
    CHECK_DAMAGE(s, "damaged at byte 372: a packet of 2147483647 bytes, at most 262144 are "
                    "possible; packets go on at byte 488 (and 2 more places)");
}

TEST(nothing_behind_damage)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_ETHERNET);
    made_record(m, 1, 0, 1, 100);
    made_fill(m, 0, 1'000'000);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 1);
    CHECK_DAMAGE(s, "damaged at byte 140: zeros instead of a packet; no packet was found behind "
                    "it, the rest was not read");
    CHECK(!s->report.unreadable);
}

// Bytes of another capture inside a packet must not be taken for packets of this one.
TEST(no_packet_from_another_time)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_ETHERNET);
    made_record(m, 1, 0, 1, 100);
    made_fill(m, 0xff, 64);
    for (uint32_t i = 0; i < 5; i++)
        made_record(m, 10'000'000 + i, 0, 2, 100);
    CHECK_EQ(seen_bytes(made_done(m), 0)->count, 1);
}

TEST(large_packets_of_usb_are_cut)
{
    enum { LINK_USBPCAP = 249, LEN = 1'000'000 };
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, LINK_USBPCAP);
    made_record(m, 1, 0, 1, LEN);
    made_record(m, 2, 0, 2, 50);
    for (size_t step = 0; step < 20'000; step += 9'999) {
        struct seen *s = seen_bytes(made_done(m), step);
        CHECK_EQ(s->count, 2);
        CHECK_EQ(s->len[0], CAPTURE_PACKET_BYTES);
        CHECK_EQ(s->wire[0], LEN);
        CHECK_EQ(s->byte[1], 2);
        CHECK(s->even);
        CHECK_EQ(s->report.cut_packets, 1);
        CHECK_DAMAGE(s, "");
    }
    struct seen *s = seen_bytes(bytes_make(m->data, 700'000), 0);
    CHECK_EQ(s->count, 1);
}

static uint64_t batches_hash(const struct seen *s)
{
    uint64_t h = s->count;
    for (size_t i = 0; i < s->count; i++)
        h = h * 31 + (uint64_t)s->time_ns[i] + s->len[i] * 7 + s->byte[i] + s->batch[i] * 1'000'003;
    return h;
}

// Where a batch ends must not depend on how the bytes came, nor on how many inputs there are.
TEST(batches_end_by_their_packets)
{
    for (uint32_t len = 20; len < 3'000; len += 1'480) {
        struct made *m = made_new(false);
        made_pcap(m, MADE_NS, LINK_ETHERNET);
        for (uint32_t i = 0; i < 2'200 && m->len < 3'600'000; i++)
            made_record(m, i, 0, (uint8_t)i, len + i % 700);
        struct seen *s = seen_bytes(made_done(m), 0);
        uint64_t want = batches_hash(s);
        CHECK(s->batch[s->count - 1] >= 2);
        CHECK(s->even);
        static const size_t steps[] = {1, 1'000, 4'096, 65'537};
        for (size_t i = 0; i < 4; i++)
            CHECK(batches_hash(seen_bytes(made_done(m), steps[i])) == want);
        struct bytes two[2] = {made_done(m), bytes_make(m->data, 24)};
        CHECK(batches_hash(seen_all(capture_create_memory(two, 2, 100))) == want);
    }
}

TEST(unknown_links_are_delivered)
{
    struct made *m = made_new(false);
    made_pcap(m, MADE_US, 0xf0012345 & ~0x0c00'0000U);
    made_record(m, 1, 0, 1, 10);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 1);
    CHECK_EQ(s->link[0], UINT16_MAX);
    CHECK(capture_link_name(s->link[0]) == NULL);
    m = made_new(false);
    made_pcap(m, MADE_US, 0x5400'0001); // Ethernet, frame check sequence of 4 bytes kept
    made_record(m, 1, 0, 1, 10);
    s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->link[0], LINK_ETHERNET);
    CHECK_EQ(s->report.links_count, 1);
    CHECK_TEXT(bytes_from_text(capture_link_name(s->report.links[0])), "Ethernet");
    CHECK_TEXT(bytes_from_text(capture_link_dlt(s->report.links[0]).name), "EN10MB");
    CHECK_EQ(capture_link_dlt(LINK_RAW).number, 12);
}

TEST_MAIN(T(byte_orders_and_units), T(longer_record_heads), T(odd_fractions),
    T(lengths_the_other_way_round), T(every_truncation), T(reading_goes_on_behind_a_lying_length),
    T(damage_is_counted), T(nothing_behind_damage), T(no_packet_from_another_time),
    T(large_packets_of_usb_are_cut), T(batches_end_by_their_packets),
    T(unknown_links_are_delivered))
