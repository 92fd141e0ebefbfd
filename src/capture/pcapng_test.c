// SPDX-License-Identifier: Apache-2.0
#include "capture/made_capture.h"

static const int64_t start_ns = MADE_SECOND * 1'000'000'000LL;

TEST(sections_of_either_byte_order)
{
    struct made *m = made_new(false);
    for (int section = 0; section < 4; section++) {
        m->swap = section & 1;
        made_section(m, 1);
        made_interface(m, (uint16_t)(100 + section), 0, -1, 0);
        made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL + (unsigned)section, (uint8_t)section, 61);
    }
    struct seen *s = seen_bytes(made_done(m), 3);
    CHECK_EQ(s->count, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(s->time_ns[i], start_ns + i * 1000);
        CHECK_EQ(s->link[i], 100 + i);
        CHECK_EQ(s->len[i], 61);
        CHECK_EQ(s->wire[i], 62);
        CHECK_EQ(s->byte[i], i);
    }
    CHECK_DAMAGE(s, "");
    CHECK_EQ(s->report.cut_packets, 4);
    CHECK_EQ(s->report.links_count, 4);
    CHECK_TEXT(bytes_from_text(s->format), "pcapng");
}

TEST(resolutions_and_offsets)
{
    static const struct {
        int resolution;
        int64_t offset_s;
        uint64_t ticks;
        int64_t time_ns;
    } cases[] = {
        {0, 0, 1'700'000'000, 1'700'000'000'000'000'000},
        {3, 0, 1'700'000'000'123, 1'700'000'000'123'000'000},
        {6, 5, 1'700'000'000'000'001, 1'700'000'005'000'001'000},
        {9, 0, 1'700'000'000'000'000'001, 1'700'000'000'000'000'001},
        {12, 1'700'000'000, 1'500'000'001'999, 1'700'000'001'500'000'001},
        {19, 1'700'000'000, 15'000'000'000'000'000'000U, 1'700'000'001'500'000'000},
        {0x80 | 10, 0, (1'700'000'000ULL << 10) + 512, 1'700'000'000'500'000'000},
        {0x80 | 32, 0, (1'700'000'000ULL << 32) + (1U << 31), 1'700'000'000'500'000'000},
        {0x80 | 63, 1'700'000'000, 1ULL << 62, 1'700'000'000'500'000'000},
        {6, -1'700'000'000, 1'000'000, 0},       // before 1970
        {0, 0, UINT64_MAX, CAPTURE_TIME_MAX_NS}, // beyond what is told
        {9, INT64_MAX, UINT64_MAX, CAPTURE_TIME_MAX_NS},
        {6, INT64_MIN, 0, 0},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    for (int swap = 0; swap < 2; swap++) {
        struct made *m = made_new(swap);
        made_section(m, 1);
        for (size_t i = 0; i < CASES; i++)
            made_interface(m, LINK_RAW, 0, cases[i].resolution, cases[i].offset_s);
        for (uint32_t i = 0; i < CASES; i++)
            made_enhanced(m, i, cases[i].ticks, 1, 20);
        struct seen *s = seen_bytes(made_done(m), 0);
        CHECK_EQ(s->count, CASES);
        for (size_t i = 0; i < CASES; i++)
            CHECK_EQ(s->time_ns[i], cases[i].time_ns);
    }
}

TEST(unusable_resolution_is_told)
{
    struct made *m = made_new(false);
    made_section(m, 1);
    made_interface(m, LINK_RAW, 0, 20, 0);
    made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, 1, 20);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->time_ns[0], start_ns);
    CHECK_DAMAGE(s, "byte 28: unusable time resolution 20, read as microseconds");
}

TEST(simple_and_obsolete_packets)
{
    struct made *m = made_new(true);
    made_section(m, 1);
    made_interface(m, LINK_RAW, 64, -1, 0);
    size_t body = made_block(m, 2); // obsolete: interface, drops, time, lengths
    made_u16(m, 0);
    made_u16(m, 3);
    made_u32(m, (uint32_t)((MADE_SECOND * 1'000'000ULL) >> 32));
    made_u32(m, (uint32_t)(MADE_SECOND * 1'000'000ULL));
    made_u32(m, 30);
    made_u32(m, 90);
    made_fill(m, 1, 30);
    made_block_end(m, body);
    static const uint32_t wire[] = {33, 64, 65, 5'000};
    for (size_t i = 0; i < 4; i++) {
        body = made_block(m, 3);
        made_u32(m, wire[i]);
        made_fill(m, 2, wire[i] < 64 ? wire[i] : 64);
        made_block_end(m, body);
    }
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 5);
    CHECK_EQ(s->wire[0], 90);
    CHECK_EQ(s->len[0], 30);
    CHECK_EQ(s->len[1], 33);
    CHECK_EQ(s->len[4], 64);
    CHECK_EQ(s->wire[4], 5'000);
    CHECK_EQ(s->time_ns[4], start_ns); // of the packet before it, having none
    CHECK(s->even);
    CHECK_EQ(s->report.dropped, 3);
    CHECK_DAMAGE(s, "");
}

// Blocks nobody knows, short and longer than the window, with a packet block longer than that too.
TEST(unknown_and_long_blocks)
{
    for (size_t step = 0; step < 10'000; step += 4'999) {
        struct made *m = made_new(false);
        made_section(m, 1);
        made_interface(m, LINK_RAW, 0, -1, 0);
        for (uint32_t len = 0; len < 1'400'000; len = len * 40 + 17) {
            size_t body = made_block(m, 0x1234'5678);
            made_fill(m, 6, len);
            made_block_end(m, body);
            made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, 1, 20);
        }
        made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, 2, 600'000);
        made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, 3, 20);
        struct seen *s = seen_bytes(made_done(m), step);
        CHECK_EQ(s->count, 7);
        CHECK_EQ(s->byte[5], 2);
        CHECK_EQ(s->len[5], CAPTURE_PACKET_BYTES);
        CHECK_EQ(s->wire[5], 600'001);
        CHECK_EQ(s->byte[6], 3);
        CHECK(s->even);
        CHECK_DAMAGE(s, "");
        struct bytes two[2] = {made_done(m), bytes_make(m->data, 28)};
        CHECK_EQ(seen_all(capture_create_memory(two, 2, step))->count, 7);
    }
}

static void made_statistics(struct made *m, uint32_t interface, uint64_t ifdrop, uint64_t osdrop)
{
    size_t body = made_block(m, 5);
    made_u32(m, interface);
    made_u64(m, 0);
    made_option_u64(m, 4, 99);
    made_option_u64(m, 5, ifdrop);
    made_option_u64(m, 7, osdrop);
    made_u32(m, 0);
    made_block_end(m, body);
}

TEST(losses_are_told)
{
    struct made *m = made_new(true);
    for (int section = 0; section < 2; section++) {
        made_section(m, 1);
        made_interface(m, LINK_RAW, 0, -1, 0);
        made_interface(m, LINK_RAW, 0, -1, 0);
        made_statistics(m, 0, 5, 1);
        made_statistics(m, 0, 10, 2); // a later count of the same losses
        made_statistics(m, 1, 100, 0);
        made_statistics(m, 7, 1000, 0); // of nobody
        size_t body = made_enhanced_open(m, 0, MADE_SECOND * 1'000'000ULL, 1, 21);
        made_option_u64(m, 4, 8);
        made_u32(m, 0);
        made_block_end(m, body);
    }
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 2);
    CHECK_EQ(s->report.dropped, 2 * 112); // more than the 16 the packets tell of
}

TEST(lying_options_end_the_list)
{
    struct made *m = made_new(false);
    made_section(m, 1);
    size_t body = made_block(m, 1);
    made_u32(m, LINK_RAW);
    made_u32(m, 0);
    made_u16(m, 9);
    made_u16(m, 60'000);
    made_u32(m, 0);
    made_block_end(m, body);
    body = made_block(m, 1); // too short to be an interface
    made_u32(m, LINK_RAW);
    made_block_end(m, body);
    made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, 1, 20);
    made_enhanced(m, 1, MADE_SECOND * 1'000'000ULL, 2, 20);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 1);
    CHECK_EQ(s->time_ns[0], start_ns);
    CHECK_DAMAGE(s, "damaged at byte 124: a packet of 20 bytes in a block of 40, interface 1");
}

static struct made *made_packets(uint8_t count)
{
    struct made *m = made_new(false);
    made_section(m, 1);
    made_interface(m, LINK_RAW, 0, -1, 0);
    for (uint8_t i = 0; i < count; i++)
        made_enhanced(m, 0, MADE_SECOND * 1'000'000ULL, i, 40); // 72 bytes
    return m;
}

TEST(every_truncation)
{
    struct made *m = made_packets(5);
    size_t first = m->len - 5 * 72;
    for (size_t len = 0; len <= m->len; len++) {
        struct seen *s = seen_bytes(bytes_make(m->data, len), len % 3);
        CHECK_EQ(s->count, len < first ? 0 : (len - first) / 72);
        CHECK(s->even);
        bool whole = len == 28 || (len >= first && (len - first) % 72 == 0);
        CHECK_EQ(s->damage[0] != 0, !whole);
    }
}

TEST(reading_goes_on_behind_damage)
{
    struct made *m = made_packets(10);
    size_t first = m->len - 10 * 72;
    static const size_t places[] = {0, 4, 68}; // type, length, length again
    for (size_t i = 0; i < 3; i++) {
        m = made_packets(10);
        memset(m->data + first + 3 * 72 + places[i], 0xf3, 4);
        struct seen *s = seen_bytes(made_done(m), 7);
        CHECK_EQ(s->count, 9);
        CHECK(s->even);
        CHECK_EQ(s->damage[0] != 0, places[i] != 0); // an unknown type is nothing to complain of
    }
    CHECK_EQ(seen_bytes(made_done(m), 0)->report.lost_bytes, 72);
    m = made_packets(10);
    memset(m->data + first + 3 * 72, 0xf3, 51); // and bytes missing
    memmove(m->data + first + 3 * 72 + 13, m->data + first + 3 * 72 + 16, m->len);
    struct seen *s = seen_bytes(bytes_make(m->data, m->len - 3), 0);
    CHECK_EQ(s->count, 9);
    CHECK(s->even);
}

TEST(another_version_is_not_guessed_at)
{
    struct made *m = made_packets(2);
    made_section(m, 2);
    made_fill(m, 0, 100);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 2);
    CHECK_DAMAGE(s, "byte 204: a section of pcapng version 2, 1 is read; no packet was found "
                    "behind it, the rest was not read");
}

TEST(interfaces_are_bounded)
{
    struct made *m = made_new(false);
    made_section(m, 1);
    for (int i = 0; i < INTERFACES_MAX + 5; i++)
        made_interface(m, LINK_RAW, 0, -1, 0);
    made_enhanced(m, INTERFACES_MAX - 1, 1, 1, 20);
    made_enhanced(m, INTERFACES_MAX, 1, 1, 20);
    struct seen *s = seen_bytes(made_done(m), 0);
    CHECK_EQ(s->count, 1);
    CHECK_EQ(s->report.damages, 6);
}

TEST_MAIN(T(sections_of_either_byte_order), T(resolutions_and_offsets),
    T(unusable_resolution_is_told), T(simple_and_obsolete_packets), T(unknown_and_long_blocks),
    T(losses_are_told), T(lying_options_end_the_list), T(every_truncation),
    T(reading_goes_on_behind_damage), T(another_version_is_not_guessed_at),
    T(interfaces_are_bounded))
