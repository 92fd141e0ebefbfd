// SPDX-License-Identifier: Apache-2.0
// Tunnels: what is inside each, what stays closed, depth, and that UDP on a tunnel's port stays
// UDP.
#include "decode/build.h"

static void build_inner4(void)
{
    build_start("hello");
    build_udp(1000, 53);
    build_ip4(17);
    build_at()[15] = 101;
    build_at()[19] = 102;
}

static void build_inner6(void)
{
    build_start("hello");
    build_udp(1000, 53);
    build_ip6(17);
}

static void build_inner_ether(void)
{
    build_inner4();
    build_ether(0x0800);
}

static uint32_t check_inner(unsigned version, unsigned depth)
{
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_UDP);
    CHECK_EQ(p->ip_version, version);
    CHECK_EQ(p->tunnels, depth);
    CHECK_EQ(p->src_port, 1000);
    CHECK_EQ(p->dst_port, 53);
    CHECK_TEXT(build_payload(p), "hello");
    CHECK_EQ(p->anomaly_count, 0);
    CHECK_EQ(version == 4 ? p->src[3] : p->src[15], version == 4 ? 101 : 1);
    CHECK(p->tunnel_key != 0);
    return p->tunnel_key;
}

// The outer packet stands, as `proto` and with these ports.
static const struct decoded *check_outer(uint8_t proto, uint16_t dst_port)
{
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, proto == 17 ? DECODE_UDP : DECODE_IP);
    CHECK_EQ(p->ip_proto, proto);
    CHECK_EQ(p->tunnels, 0);
    CHECK_EQ(p->tunnel_key, 0);
    CHECK_EQ(p->dst_port, dst_port);
    CHECK_EQ(p->src[3], 1);
    return p;
}

TEST(ip_in_ip)
{
    build_inner4();
    build_ip4(4);
    uint32_t key = check_inner(4, 1);
    build_at()[15] = 2; // the other direction
    build_at()[19] = 1;
    CHECK_EQ(check_inner(4, 1), key);
    build_inner6();
    build_ip4(41);
    CHECK(check_inner(6, 1) != key);
    build_inner4();
    build_ip6(4);
    check_inner(4, 1);
    build_inner6();
    build_ip6(41);
    check_inner(6, 1);
    build_start("not IP");
    build_ip4(4);
    CHECK(build_has(check_outer(4, 0), ANOMALY_IPV4_PKT_TOO_SMALL));
}

static void in_ip6_damaged(uint8_t next, const char *text, enum anomaly anomaly)
{
    build_start(text);
    build_ip6(next);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK(build_has(p, anomaly));
    CHECK_EQ(p->kind, DECODE_IP);
    CHECK_EQ(p->tunnels, 0);
}

TEST(ip_in_ip6_damaged)
{
    static const char text[] = "long enough for a header of either version, but neither";
    in_ip6_damaged(4, "short", ANOMALY_IPV6_IPV4_IN_IPV6_TOO_SMALL);
    in_ip6_damaged(41, "short", ANOMALY_IPV6_IPV6_IN_IPV6_TOO_SMALL);
    in_ip6_damaged(4, text, ANOMALY_IPV6_IPV4_IN_IPV6_WRONG_VERSION);
    in_ip6_damaged(41, "A long enough for a header of either version.",
        ANOMALY_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
}

TEST(worker_is_that_of_the_outer_pair)
{
    build_start("x");
    build_udp(1, 2);
    build_ip4(17);
    uint32_t hash = build_decode(LINK_RAW)->pair_hash;
    build_inner4();
    build_ip4(4);
    CHECK_EQ(build_decode(LINK_RAW)->pair_hash, hash);
}

TEST(depth)
{
    build_inner4();
    for (int i = 0; i < 4; i++)
        build_ip4(4);
    check_inner(4, 4);
    build_ip4(4);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_IP);
    CHECK_EQ(p->tunnels, 4);
    CHECK(build_has(p, ANOMALY_PACKET_TOO_MANY_LAYERS));
}

static void gre(void (*inner)(void), const char *header)
{
    inner();
    build_hex(header);
    build_ip4(47);
}

TEST(gre)
{
    gre(build_inner4, "00 00 08 00");
    check_inner(4, 1);
    gre(build_inner6, "b0 00 86 dd 00 00 00 00 00 00 00 07 00 00 00 01");
    check_inner(6, 1);
    gre(build_inner_ether, "20 00 65 58 00 00 07 aa"); // NVGRE
    uint32_t key = check_inner(4, 1);
    gre(build_inner_ether, "20 00 65 58 00 00 07 bb"); // another flow of the same subnet
    CHECK_EQ(check_inner(4, 1), key);
    gre(build_inner_ether, "20 00 65 58 00 00 08 aa");
    CHECK(check_inner(4, 1) != key);
    gre(build_inner4, "30 81 88 0b 00 20 00 01 00 00 00 01 00 00 00 01 ff 03 00 21"); // PPTP
    check_inner(4, 1);
    gre(build_inner4, "40 00 08 00 00 00 00 00 00 02 00 04 0a 00 00 09 00 00 00 00"); // routes
    check_inner(4, 1);
    gre(build_inner_ether, "00 00 88 be");
    check_inner(4, 1);
    gre(build_inner_ether, "10 00 88 be 00 00 00 01 10 17 00 00 00 00 00 00");
    check_inner(4, 1);
    CHECK_EQ(build_decode(LINK_RAW)->vlan[0], 0x17); // the header told it
    gre(build_inner_ether, "10 00 22 eb 00 00 00 01 20 01 00 00 00 00 00 00 00 00 00 00");
    check_inner(4, 1);
    gre(build_inner_ether,
        "10 00 22 eb 00 00 00 01 20 01 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00");
    check_inner(4, 1);
    gre(build_inner4,
        "00 00 82 00 88 02 00 00 d1 d1 d1 d1 d1 d1 d2 d2 d2 d2 d2 d2 d3 d3 d3 d3 d3 d3 "
        "00 00 00 00 aa aa 03 00 00 00 08 00"); // 802.11 in Aruba's
    check_inner(4, 1);
}

static void gre_damaged(const char *header, enum anomaly anomaly)
{
    build_start("");
    build_hex(header);
    build_ip4(47);
    CHECK(build_has(check_outer(47, 0), anomaly));
}

TEST(gre_damaged)
{
    gre_damaged("00 00", ANOMALY_GRE_PKT_TOO_SMALL);
    gre_damaged("00 02 08 00", ANOMALY_GRE_WRONG_VERSION);
    gre_damaged("07 00 08 00", ANOMALY_GRE_VERSION0_RECUR);
    gre_damaged("00 08 08 00", ANOMALY_GRE_VERSION0_FLAGS);
    gre_damaged("20 00 08 00", ANOMALY_GRE_VERSION0_HDR_TOO_BIG);
    gre_damaged(
        "40 00 08 00 00 00 00 00 00 00 00 01 00 00 00 00 01 00 00 00 00 01 00 00 00 00 01 00 "
        "00 00 00 01 00 00 00 00 01 00 00 00 00 01 00 00 00 00 01 00",
        ANOMALY_GRE_VERSION0_MALFORMED_SRE_HDR);
    gre_damaged("a0 01 88 0b", ANOMALY_GRE_VERSION1_FLAGS);
    gre_damaged("20 01 08 00", ANOMALY_GRE_VERSION1_WRONG_PROTOCOL);
    gre_damaged("00 01 88 0b", ANOMALY_GRE_VERSION1_NO_KEY);
    gre_damaged("20 01 88 0b", ANOMALY_GRE_VERSION1_HDR_TOO_BIG);
    gre_damaged("10 00 88 be 00 00 00 01 10 01", ANOMALY_ERSPAN_HEADER_TOO_SMALL);
    gre_damaged(
        "10 00 88 be 00 00 00 01 50 01 00 00 00 00 00 00", ANOMALY_ERSPAN_UNSUPPORTED_VERSION);
}

TEST(others_over_ip)
{
    build_inner_ether();
    build_hex("30 00");
    build_ip4(97);
    check_inner(4, 1);
    build_inner4();
    build_hex("00 02 01 40");
    build_ip4(137);
    check_inner(4, 1);
}

static void udp(void (*inner)(void), const char *header, uint16_t port)
{
    inner();
    build_hex(header);
    build_udp(7777, port);
    build_ip4(17);
}

TEST(vxlan_geneve)
{
    udp(build_inner_ether, "08 00 00 00 00 00 2a 00", 4789);
    uint32_t key = check_inner(4, 1);
    udp(build_inner_ether, "08 00 00 00 00 00 2b 00", 4789);
    CHECK(check_inner(4, 1) != key);
    udp(build_inner_ether, "88 00 00 05 00 00 2a 00", 8472); // group policy
    check_inner(4, 1);
    udp(build_inner4, "0c 00 00 01 00 00 2a 00", 4790); // GPE
    check_inner(4, 1);
    udp(build_inner_ether, "00 00 65 58 00 00 2a 00", 6081);
    check_inner(4, 1);
    udp(build_inner6, "01 00 86 dd 00 00 2a 00 00 00 00 00", 6081); // an option
    check_inner(6, 1);
}

TEST(gtp)
{
    udp(build_inner4, "30 ff 00 21 00 00 00 01", 2152);
    uint32_t key = check_inner(4, 1);
    udp(build_inner4, "30 ff 00 21 00 00 00 99", 2152); // the other end's TEID
    CHECK_EQ(check_inner(4, 1), key);
    udp(build_inner6, "32 ff 00 39 00 00 00 01 00 01 00 00", 2152);
    check_inner(6, 1);
    udp(build_inner4, "34 ff 00 29 00 00 00 01 00 00 00 85 01 00 09 00", 2152); // PDU session
    check_inner(4, 1);
    udp(build_inner4, "34 ff 00 29 00 00 00 01 00 00 00 85 00 00 09 00", 2152); // no length
    CHECK_EQ(check_outer(17, 2152)->anomaly_count, 0);
}

TEST(teredo)
{
    udp(build_inner6, "", 3544);
    check_inner(6, 1);
    udp(build_inner6, "00 00 11 22 33 44 55 66", 3544);
    check_inner(6, 1);
    udp(build_inner6, "00 01 00 00 01 02 03 04 05 06 07 08 00 00 00 11 22 33 44 55 66", 3544);
    check_inner(6, 1);
}

TEST(capwap_mpls)
{
    udp(build_inner4,
        "00 10 03 00 00 00 00 00 02 88 00 00 d1 d1 d1 d1 d1 d1 d2 d2 d2 d2 d2 d2 "
        "d3 d3 d3 d3 d3 d3 00 00 00 00 aa aa 03 00 00 00 08 00",
        5247); // frame control swapped
    check_inner(4, 1);
    udp(build_inner_ether, "00 10 02 00 00 00 00 00", 5247);
    check_inner(4, 1);
    udp(build_inner4, "00 02 01 40", 6635);
    check_inner(4, 1);
}

TEST(udp_stays_udp)
{
    static const uint16_t ports[] = {4789, 4790, 8472, 6081, 2152, 3544, 5247, 6635};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        build_start("\x30\xff just some text of nobody's tunnel, long enough for headers ....");
        build_udp(7777, ports[i]);
        build_ip4(17);
        CHECK_EQ(check_outer(17, ports[i])->anomaly_count, 0);
    }
    udp(build_inner4, "00 02 00 35 00 01 2a 00", 4789); // no flag I
    check_outer(17, 4789);
    udp(build_inner_ether, "08 00 00 00 00 00 2a 00", 5353); // no tunnel's port
    check_outer(17, 5353);
    udp(build_inner_ether, "08 00 00 00 00 00 2a 00", 4789);
    build_at()[20 + 8 + 8 + 14 + 3] = 200; // longer inside than outside
    check_outer(17, 4789);
}

TEST(fragment_in_tunnel)
{
    build_inner_ether();
    build_at()[14 + 6] = 0x20;
    build_hex("08 00 00 00 00 00 2a 00");
    build_udp(7777, 4789);
    build_ip4(17);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_FRAGMENT);
    CHECK_EQ(p->tunnels, 1);
    CHECK_EQ(p->src[3], 101);
    CHECK_EQ(p->src_port, 0);
}

TEST_MAIN(T(ip_in_ip), T(ip_in_ip6_damaged), T(worker_is_that_of_the_outer_pair), T(depth), T(gre),
    T(gre_damaged), T(others_over_ip), T(vxlan_geneve), T(gtp), T(teredo), T(capwap_mpls),
    T(udp_stays_udp), T(fragment_in_tunnel))
