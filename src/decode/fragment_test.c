// SPDX-License-Identifier: Apache-2.0
// Fragments: any order, overlaps, lies about the end, limits, time, and tunnels in fragments.
#include "base/test_alloc.h"
#include "decode/build.h"

static struct fragments *table;
static struct decoded result;
static uint8_t datagram[70'000];
static size_t datagram_len;
static int64_t now_ns;
static enum config_defrag_overlap policy; // of the tables to come; first, if a test doesn't say

// A UDP datagram of `len` payload bytes 'a', 'b', 'c'... to be sent in pieces.
static void start(size_t len)
{
    fragments_destroy(table);
    table = fragments_create(256 * (size_t)1024, 30'000'000'000, policy);
    built.len = len;
    for (size_t i = 0; i < len; i++)
        build_at()[i] = (uint8_t)('a' + i % 26);
    build_udp(1000, 2000);
    datagram_len = built.len;
    memcpy(datagram, build_at(), built.len);
    now_ns = 1;
}

struct piece {
    unsigned version;
    size_t at, len;
    bool more;
    uint32_t id;
    size_t held; // bytes captured, 0: all
};

static void build_piece(const struct piece *piece)
{
    built.len = piece->len;
    memcpy(build_at(), datagram + piece->at, piece->len);
    if (piece->version == 4) {
        build_ip4(17);
        build_u16(build_at() + 4, piece->id);
        build_u16(build_at() + 6, piece->at / 8 | (piece->more ? 0x2000 : 0));
    } else {
        uint8_t *h = build_grow(8);
        h[0] = 17;
        build_u16(h + 2, piece->at | piece->more);
        build_u16(h + 6, piece->id);
        build_ip6(44);
    }
}

static bool send_piece(struct piece piece)
{
    build_piece(&piece);
    struct decoded p;
    size_t cut = piece.held ? piece.len - piece.held : 0;
    uint8_t *copy = build_decode_cut(LINK_RAW, built.len - cut, built.len, &p);
    CHECK_EQ(p.kind, DECODE_FRAGMENT);
    p.time_ns = now_ns;
    bool complete = decode_fragment(table, &p, &result);
    free(copy);
    return complete;
}

static bool send4(size_t at, size_t len, bool more)
{
    return send_piece((struct piece){4, at, len, more, 7, 0});
}

static bool send6(size_t at, size_t len, bool more)
{
    return send_piece((struct piece){6, at, len, more, 7, 0});
}

static void check_whole(void)
{
    CHECK_EQ(result.kind, DECODE_UDP);
    CHECK_EQ(result.src_port, 1000);
    CHECK_EQ(result.dst_port, 2000);
    CHECK_EQ(result.payload_len, datagram_len - 8);
    CHECK_EQ(result.payload_wire_len, datagram_len - 8);
    CHECK(bytes_equal(build_payload(&result), bytes_make(datagram + 8, datagram_len - 8)));
}

TEST(in_order)
{
    start(72);
    CHECK(!send4(0, 32, true));
    CHECK(!send4(32, 32, true));
    CHECK(send4(64, 16, false));
    check_whole();
    CHECK_EQ(result.anomaly_count, 0);
    CHECK_EQ(result.frames, 3);
    CHECK_EQ(result.frame_len, 3 * 20 + 80);
    start(72);
    CHECK(!send6(0, 40, true));
    CHECK(send6(40, 40, false));
    check_whole();
    CHECK_EQ(result.ip_version, 6);
    CHECK_EQ(result.anomaly_count, 0);
}

TEST(any_order)
{
    static const uint8_t orders[6][3] = {
        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t i = 0; i < 6; i++) {
        start(72);
        for (size_t k = 0; k < 3; k++) {
            size_t at = orders[i][k] * 32U;
            CHECK_EQ(send4(at, at == 64 ? 16 : 32, at != 64), k == 2);
        }
        check_whole();
    }
}

TEST(large_and_many)
{
    start(65'000);
    for (size_t at = 0; at < datagram_len; at += 1480) {
        size_t len = datagram_len - at < 1480 ? datagram_len - at : 1480;
        CHECK_EQ(send4(at, len, at + len < datagram_len), at + len == datagram_len);
    }
    check_whole();
    CHECK_EQ(result.frames, 44);
}

TEST(repeated)
{
    start(72);
    CHECK(!send6(0, 40, true));
    CHECK(!send6(0, 40, true));
    CHECK_EQ(result.anomaly_count, 0);
    CHECK(send6(40, 40, false));
    check_whole();
}

TEST(own_anomalies_are_not_repeated)
{
    start(72);
    struct piece piece = {4, 0, 40, true, 7, 0};
    build_piece(&piece);
    struct decoded p;
    uint8_t *copy = build_decode_cut(LINK_RAW, built.len, built.len, &p);
    p.anomalies[p.anomaly_count++] = ANOMALY_IPV4_TRUNC_PKT;
    CHECK(!decode_fragment(table, &p, &result));
    CHECK_EQ(result.anomaly_count, 0);
    free(copy);
}

TEST(ids_do_not_mix)
{
    start(72);
    CHECK(!send_piece((struct piece){4, 0, 40, true, 1, 0}));
    CHECK(!send_piece((struct piece){4, 40, 40, false, 2, 0}));
    CHECK(!send_piece((struct piece){6, 40, 40, false, 1, 0}));
    CHECK(send_piece((struct piece){4, 40, 40, false, 1, 0}));
}

TEST(overlap_first_wins)
{
    start(72);
    CHECK(!send4(0, 40, true));
    CHECK(!send4(32, 16, true)); // eight of them known already, the same
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP));
    datagram[44] = '#';
    CHECK(!send4(40, 32, true));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT));
    datagram[44] = (uint8_t)('a' + 36 % 26);
    CHECK(send4(72, 8, false));
    check_whole();
}

TEST(overlap_last_wins)
{
    policy = CONFIG_DEFRAG_OVERLAP_LAST;
    start(72);
    datagram[34] = datagram[44] = '#';
    CHECK(!send4(16, 40, true));
    datagram[34] = (uint8_t)('a' + 26 % 26);
    CHECK(!send4(0, 40, true)); // over the beginning of what is there
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT));
    datagram[44] = (uint8_t)('a' + 36 % 26);
    CHECK(!send4(40, 8, true)); // within it
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT));
    datagram[76] = '#';
    CHECK(!send4(72, 8, false));
    datagram[76] = (uint8_t)('a' + 68 % 26);
    CHECK(send4(48, 32, false)); // over its end and a hole
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT));
    check_whole();
    start(72);
    CHECK(!send6(0, 40, true)); // IPv6 has no choice
    datagram[44] = '#';
    CHECK(!send6(32, 16, true));
    CHECK(build_has(&result, ANOMALY_IPV6_FRAG_OVERLAP));
    CHECK(!send6(48, 32, false));
    CHECK(!send6(40, 40, false));
    policy = CONFIG_DEFRAG_OVERLAP_FIRST;
}

// The same as the last of overlap_last_wins, but the first bytes stay.
TEST(overlap_first_stays)
{
    start(72);
    datagram[34] = '#';
    CHECK(!send4(16, 40, true));
    datagram[34] = (uint8_t)('a' + 26 % 26);
    CHECK(!send4(0, 40, true));
    CHECK(send4(48, 32, false));
    datagram[34] = '#';
    check_whole();
}

TEST(overlap_over_holes)
{
    start(72);
    CHECK(!send4(8, 8, true));
    CHECK(!send4(24, 8, true));
    CHECK(!send4(40, 8, true));
    for (size_t i = 8; i < 16; i++)
        datagram[i] ^= 1;
    CHECK(!send4(0, 64, true));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_OVERLAP_DIFFERENT));
    for (size_t i = 8; i < 16; i++)
        datagram[i] ^= 1;
    CHECK(send4(64, 16, false));
    check_whole();
}

TEST(overlap_ip6_lets_go)
{
    start(72);
    CHECK(!send6(0, 40, true));
    CHECK(!send6(32, 16, true));
    CHECK(build_has(&result, ANOMALY_IPV6_FRAG_OVERLAP));
    CHECK(!build_has(&result, ANOMALY_IPV6_FRAG_OVERLAP_DIFFERENT));
    CHECK(!send6(48, 32, false)); // RFC 5722: the rest is ignored too
    CHECK(!send6(40, 40, false));
}

TEST(teardrop)
{
    start(72);
    CHECK(!send4(0, 40, true));
    CHECK(!send4(24, 8, false));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_END_CONFLICT));
    CHECK(send4(40, 40, false));
    CHECK(!send4(40, 40, false));
}

TEST(two_ends)
{
    start(72);
    CHECK(!send4(40, 40, false));
    CHECK(!send4(40, 32, false));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_END_CONFLICT));
    CHECK(!send4(48, 40, true));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_END_CONFLICT));
    CHECK(send4(0, 40, true));
    check_whole();
}

TEST(too_large)
{
    start(65'600);
    CHECK(!send4(65'504, 32, false));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_PKT_TOO_LARGE));
    start(65'600);
    CHECK(!send6(65'504, 40, false));
    CHECK(build_has(&result, ANOMALY_IPV6_FRAG_PKT_TOO_LARGE));
}

TEST(odd_length)
{
    start(72);
    CHECK(!send4(0, 43, true)); // counts as 40
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_INVALID_LENGTH));
    CHECK(send4(40, 40, false));
    check_whole();
    start(72);
    CHECK(!send6(0, 43, true));
    CHECK(build_has(&result, ANOMALY_IPV6_FRAG_INVALID_LENGTH));
    CHECK(!send6(40, 40, false));
}

TEST(too_large_after_given_up)
{
    start(65'600);
    CHECK(!send6(0, 43, true)); // odd: the datagram is given up
    CHECK(!send6(65'504, 40, false));
    CHECK(build_has(&result, ANOMALY_IPV6_FRAG_PKT_TOO_LARGE));
}

TEST(tiny)
{
    start(72);
    CHECK(!send4(8, 72, false));
    CHECK_EQ(result.anomaly_count, 0);
    CHECK(send4(0, 8, true)); // a whole UDP header
    CHECK_EQ(result.anomaly_count, 0);
    datagram_len = 40;
    struct piece piece = {4, 0, 8, true, 9, 0};
    build_piece(&piece);
    build_at()[9] = 6; // TCP without its flags
    struct decoded p;
    uint8_t *copy = build_decode_cut(LINK_RAW, built.len, built.len, &p);
    CHECK(!decode_fragment(table, &p, &result));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_TINY));
    free(copy);
}

TEST(cut_by_the_capture)
{
    start(72);
    CHECK(!send_piece((struct piece){4, 0, 40, true, 7, 20}));
    CHECK(send_piece((struct piece){4, 40, 40, false, 7, 10}));
    CHECK_EQ(result.kind, DECODE_UDP);
    CHECK_EQ(result.payload_len, 12);
    CHECK_EQ(result.payload_wire_len, 72);
}

TEST(time_out)
{
    start(72);
    CHECK(!send4(0, 40, true));
    CHECK_EQ(fragments_expire(table, now_ns + 30'000'000'000), 0);
    CHECK_EQ(fragments_expire(table, now_ns + 30'000'000'001), 1);
    CHECK(!send4(40, 40, false));
    now_ns += 31'000'000'000; // the id comes again: its old piece is not used
    CHECK(!send4(0, 40, true));
    CHECK(send4(40, 40, false));
}

TEST(too_many_holes)
{
    start(4000);
    for (size_t i = 0; i < 32; i++)
        CHECK(!send4(i * 16, 8, true));
    CHECK_EQ(result.anomaly_count, 0);
    CHECK(!send4(1000, 8, true));
    CHECK(build_has(&result, ANOMALY_IPV4_FRAG_IGNORED));
}

TEST(oldest_makes_room)
{
    start(4000);
    bool ignored = false;
    for (uint32_t id = 1; id <= 500; id++) {
        CHECK(!send_piece((struct piece){4, 0, 2000, true, id, 0}));
        ignored |= build_has(&result, ANOMALY_IPV4_FRAG_IGNORED);
    }
    CHECK(ignored);
    CHECK(!send_piece((struct piece){4, 2000, 2008, false, 1, 0})); // long gone
    CHECK(send_piece((struct piece){4, 2000, 2008, false, 500, 0}));
}

static bool create_once(void *context)
{
    struct fragments *f = fragments_create(1 << 20, 30'000'000'000, policy);
    fragments_destroy(f);
    return f;
}

TEST(no_memory)
{
    CHECK_EQ(test_alloc_failures(create_once, NULL), 3);
}

// A tunnel packet sent in fragments whose content is a fragment itself.
TEST(fragment_in_fragments)
{
    start(72);
    for (int half = 0; half < 2; half++) {
        struct piece inner = {4, half ? 40 : 0, 40, !half, 7, 0};
        build_piece(&inner);
        memcpy(datagram + 100, build_at(), built.len);
        size_t len = built.len;
        for (size_t at = 0; at < len; at += 32) {
            built.len = len - at < 32 ? len - at : 32;
            memcpy(build_at(), datagram + 100 + at, built.len);
            bool last = at + built.len == len;
            build_ip4(4);
            build_u16(build_at() + 4, 100U + (unsigned)half);
            build_u16(build_at() + 6, at / 8 | (last ? 0 : 0x2000));
            struct decoded p;
            uint8_t *copy = build_decode_cut(LINK_RAW, built.len, built.len, &p);
            CHECK_EQ(decode_fragment(table, &p, &result), last && half == 1);
            free(copy);
        }
    }
    check_whole();
    CHECK_EQ(result.tunnels, 1);
    CHECK(result.tunnel_key != 0);
}

TEST(finish)
{
    fragments_destroy(table);
    fragments_destroy(NULL);
}

TEST_MAIN(T(in_order), T(any_order), T(large_and_many), T(repeated),
    T(own_anomalies_are_not_repeated), T(ids_do_not_mix), T(overlap_first_wins),
    T(overlap_last_wins), T(overlap_first_stays), T(overlap_over_holes), T(overlap_ip6_lets_go),
    T(teardrop), T(two_ends), T(too_large), T(odd_length), T(too_large_after_given_up), T(tiny),
    T(cut_by_the_capture), T(time_out), T(too_many_holes), T(oldest_makes_room), T(no_memory),
    T(fragment_in_fragments), T(finish))
