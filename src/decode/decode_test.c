// SPDX-License-Identifier: Apache-2.0
// Every layer and its anomalies; each packet is also decoded cut at every byte.
#include "decode/build.h"

static void build_hello6(void)
{
    build_start("hello");
    build_udp(1000, 53);
    build_ip6(17);
}

static void check_hello(const struct decoded *p, unsigned version)
{
    CHECK_EQ(p->kind, DECODE_UDP);
    CHECK_EQ(p->ip_version, version);
    CHECK_EQ(p->src_port, 1000);
    CHECK_EQ(p->dst_port, 53);
    CHECK_TEXT(build_payload(p), "hello");
    CHECK_EQ(p->payload_wire_len, 5);
    CHECK_EQ(p->anomaly_count, 0);
    CHECK(version == 4 ? p->src[3] == 1 && p->dst[3] == 2 : p->src[15] == 1 && p->dst[15] == 2);
}

TEST(ethernet_ip4_udp)
{
    build_hello4();
    build_ether(0x0800);
    const struct decoded *p = build_decode(LINK_ETHERNET);
    check_hello(p, 4);
    CHECK_EQ(p->src_mac[0], 0x50);
    CHECK_EQ(p->dst_mac[0], 0xd0);
    CHECK_EQ(p->ether_type, 0x0800);
    CHECK_EQ(p->frame_len, 14 + 20 + 8 + 5);
    CHECK_EQ(p->l3_len, 20 + 8 + 5);
    CHECK_EQ(p->frames, 1);
    CHECK_EQ(p->tunnel_key, 0);
    build_hello6();
    build_ether(0x86dd);
    check_hello(build_decode(LINK_ETHERNET), 6);
}

TEST(tcp_and_padding)
{
    build_start("GET /");
    build_tcp(40000, 80, TCP_PSH | TCP_ACK);
    build_ip4(6);
    build_ether(0x0800);
    memmove(build_at() - 6, build_at(), built.len); // six bytes of padding
    built.len += 6;
    const struct decoded *p = build_decode(LINK_ETHERNET);
    CHECK_EQ(p->kind, DECODE_TCP);
    CHECK_EQ(p->tcp_flags, TCP_PSH | TCP_ACK);
    CHECK_EQ(p->tcp_seq, 7);
    CHECK_EQ(p->tcp_ack, 9);
    CHECK_EQ(p->tcp_window, 1000);
    CHECK_TEXT(build_payload(p), "GET /");
}

TEST(tcp_options)
{
    build_start("");
    build_hex("02 04 05 b4 01 03 03 08 04 02 00 00");
    build_tcp(1, 2, TCP_SYN);
    build_at()[12] = 0x80;
    build_ip4(6);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_TCP);
    CHECK_EQ(p->tcp_mss, 1460);
    CHECK_EQ(p->tcp_wscale, 9);
    CHECK(p->tcp_sack);
    CHECK_EQ(p->anomaly_count, 0);
    build_at()[20 + 20 + 1] = 13; // longer than the options
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_TCP_OPT_INVALID_LEN));
    build_at()[20 + 20 + 1] = 0;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_TCP_OPT_INVALID_LEN));
    build_at()[20 + 12] = 0xf0;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_TCP_HLEN_TOO_SMALL));
    build_at()[20 + 12] = 0x40;
    p = build_decode(LINK_RAW);
    CHECK(build_has(p, ANOMALY_TCP_HLEN_TOO_SMALL));
    CHECK_EQ(p->kind, DECODE_IP);
}

TEST(cut_by_the_capture)
{
    build_start("0123456789");
    build_tcp(1, 2, TCP_ACK);
    build_ip4(6);
    build_ether(0x0800);
    struct decoded p;
    uint8_t *copy = build_decode_cut(LINK_ETHERNET, built.len - 4, built.len, &p);
    CHECK_EQ(p.kind, DECODE_TCP);
    CHECK_EQ(p.payload_len, 6);
    CHECK_EQ(p.payload_wire_len, 10);
    CHECK_EQ(p.anomaly_count, 0);
    free(copy);
    copy = build_decode_cut(LINK_ETHERNET, 14 + 20 + 10, built.len, &p); // within TCP's header
    CHECK_EQ(p.kind, DECODE_IP);
    CHECK_EQ(p.anomaly_count, 0);
    free(copy);
    copy = build_decode_cut(LINK_ETHERNET, built.len - 4, built.len - 4, &p); // by the sender
    CHECK(build_has(&p, ANOMALY_IPV4_TRUNC_PKT));
    CHECK_EQ(p.payload_wire_len, 10);
    free(copy);
}

TEST(ip4_segmented_later)
{
    build_hello4();
    build_u16(build_at() + 2, 0);
    build_ether(0x0800);
    check_hello(build_decode(LINK_ETHERNET), 4);
}

static enum decode_kind ip4_with(size_t at, uint8_t value, enum anomaly anomaly)
{
    build_hello4();
    build_at()[at] = value;
    build_ether(0x0800);
    const struct decoded *p = build_decode(LINK_ETHERNET);
    CHECK(build_has(p, anomaly));
    return p->kind;
}

TEST(ip4_damaged)
{
    CHECK_EQ(ip4_with(0, 0x55, ANOMALY_IPV4_WRONG_IP_VERSION), DECODE_NOTHING);
    CHECK_EQ(ip4_with(0, 0x44, ANOMALY_IPV4_HLEN_TOO_SMALL), DECODE_NOTHING);
    CHECK_EQ(ip4_with(0, 0x4f, ANOMALY_IPV4_PKT_TOO_SMALL), DECODE_NOTHING);
    CHECK_EQ(ip4_with(3, 10, ANOMALY_IPV4_IPLEN_SMALLER_THAN_HLEN), DECODE_NOTHING);
    CHECK_EQ(ip4_with(3, 99, ANOMALY_IPV4_TRUNC_PKT), DECODE_UDP);
    CHECK_EQ(ip4_with(3, 24, ANOMALY_UDP_PKT_TOO_SMALL), DECODE_IP);
    CHECK_EQ(ip4_with(25, 7, ANOMALY_UDP_LEN_INVALID), DECODE_IP);
    CHECK_EQ(ip4_with(25, 40, ANOMALY_UDP_LEN_INVALID), DECODE_UDP);
    CHECK_EQ(ip4_with(9, 6, ANOMALY_TCP_PKT_TOO_SMALL), DECODE_IP);
    CHECK_EQ(ip4_with(9, 58, ANOMALY_IPV4_ICMPV6), DECODE_ICMPV6);
}

TEST(ip4_options)
{
    build_start("x");
    build_udp(1, 2);
    build_hex("94 04 00 00"); // router alert
    build_ip4(17);
    build_at()[0] = 0x46;
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_UDP);
    CHECK_EQ(p->anomaly_count, 0);
    build_at()[20] = 137;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_IPV4_OPT_SOURCE_ROUTE));
    build_at()[21] = 5;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_IPV4_OPT_INVALID_LEN));
    build_start("x");
    build_udp(1, 2);
    build_hex("94 04 00 00 94 02 56 02"); // twice; one that nobody knows
    build_ip4(17);
    build_at()[0] = 0x47;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_IPV4_OPT_DUPLICATE));
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_IPV4_OPT_UNKNOWN));
}

// `next` is the type of the first extension header.
static const struct decoded *ip6_with(uint8_t next, const char *extensions)
{
    build_start("hello");
    build_udp(1000, 53);
    build_hex(extensions);
    build_ip6(next);
    return build_decode(LINK_RAW);
}

TEST(ip6_extensions)
{
    check_hello(ip6_with(0, "2b 00 05 02 00 00 01 00 "  // hop-by-hop: router alert
                            "3c 00 02 00 00 00 00 00 "  // routing
                            "11 00 c9 04 00 00 00 00"), // destination options
        6);
    check_hello(
        ip6_with(51, "11 04 00 00 00 00 00 01 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00"),
        6);                                                            // authentication header
    const struct decoded *p = ip6_with(44, "11 00 00 00 00 00 00 07"); // RFC 6946
    CHECK(build_has(p, ANOMALY_IPV6_EXTHDR_USELESS_FH));
    CHECK_EQ(p->kind, DECODE_UDP);
    p = ip6_with(44, "11 00 00 09 00 00 00 07");
    CHECK_EQ(p->kind, DECODE_FRAGMENT);
    CHECK_EQ(p->fragment_offset, 8);
    CHECK_EQ(p->fragment_id, 7);
    CHECK(p->fragment_more);
    CHECK_EQ(p->ip_proto, 17);
    CHECK_EQ(ip6_with(50, "00 00 00 01 00 00 00 01")->kind, DECODE_IP);
}

TEST(ip6_extensions_damaged)
{
    CHECK(build_has(ip6_with(0, "11 00 05 09 00 00 01 00"), ANOMALY_IPV6_EXTHDR_INVALID_OPTLEN));
    CHECK(build_has(ip6_with(0, "11 00 01 04 00 00 00 00"), ANOMALY_IPV6_HOPOPTS_ONLY_PADDING));
    CHECK(build_has(ip6_with(60, "11 00 01 04 00 00 00 00"), ANOMALY_IPV6_DSTOPTS_ONLY_PADDING));
    CHECK(build_has(ip6_with(60, "11 00 1e 04 00 00 00 00"), ANOMALY_IPV6_DSTOPTS_UNKNOWN_OPT));
    CHECK(build_has(ip6_with(0, "11 00 1e 04 00 00 00 00"), ANOMALY_IPV6_HOPOPTS_UNKNOWN_OPT));
    CHECK(build_has(ip6_with(43, "11 00 00 00 00 00 00 00"), ANOMALY_IPV6_RH_TYPE_0));
    CHECK(build_has(ip6_with(60, "00 00 c9 04 00 00 00 00 11 00 c9 04 00 00 00 00"),
        ANOMALY_IPV6_HOPOPTS_NOT_FIRST));
    CHECK(build_has(ip6_with(0, "00 00 c9 04 00 00 00 00 11 00 c9 04 00 00 00 00"),
        ANOMALY_IPV6_EXTHDR_DUPL_HH));
    CHECK(build_has(ip6_with(43, "2b 00 02 00 00 00 00 00 11 00 02 00 00 00 00 00"),
        ANOMALY_IPV6_EXTHDR_DUPL_RH));
    CHECK(build_has(ip6_with(44, "2c 00 00 00 00 00 00 07 11 00 00 00 00 00 00 07"),
        ANOMALY_IPV6_EXTHDR_DUPL_FH));
    CHECK(build_has(
        ip6_with(44, "11 09 00 00 00 00 00 07"), ANOMALY_IPV6_FH_NON_ZERO_RESERVED_FIELD));
    CHECK(build_has(ip6_with(60, "3c 00 c9 04 00 00 00 00 3c 00 c9 04 00 00 00 00 "
                                 "11 00 c9 04 00 00 00 00"),
        ANOMALY_IPV6_EXTHDR_DUPL_DH));
    CHECK(build_has(
        ip6_with(51, "11 01 00 01 00 00 00 01 00 00 00 01"), ANOMALY_IPV6_EXTHDR_AH_RES_NOT_NULL));
    CHECK(build_has(ip6_with(200, ""), ANOMALY_IPV6_UNKNOWN_NEXT_HEADER));
    CHECK_EQ(ip6_with(253, "")->anomaly_count, 0);
    CHECK(build_has(ip6_with(43, "11 99 00 00 00 00 00 00"), ANOMALY_IPV6_TRUNC_EXTHDR));
    build_start("");
    build_hex("06 00 00 00 00 00 00 07"); // announces what does not come
    build_ip6(44);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_IPV6_TRUNC_EXTHDR));
    CHECK(build_has(ip6_with(59, ""), ANOMALY_IPV6_DATA_AFTER_NONE_HEADER));
    CHECK(build_has(ip6_with(1, ""), ANOMALY_IPV6_ICMPV4));
}

TEST(ip6_too_many_extensions)
{
    build_start("");
    for (int i = 0; i < 20; i++)
        build_hex("3c 00 c9 04 00 00 00 00");
    build_ip6(60);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK(build_has(p, ANOMALY_IPV6_TOO_MANY_EXTHDRS));
    CHECK_EQ(p->kind, DECODE_IP);
}

TEST(ip6_damaged)
{
    build_hello6();
    build_at()[5] = 99;
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK(build_has(p, ANOMALY_IPV6_TRUNC_PKT));
    CHECK_EQ(p->kind, DECODE_UDP);
    build_at()[0] = 0x50;
    build_ether(0x86dd);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_IPV6_WRONG_IP_VERSION));
}

TEST(sctp_icmp_others)
{
    build_start("data!");
    build_hex("00 03 00 15 00 00 00 01 00 00 00 00 00 00 00 00"); // DATA
    build_hex("03 00 00 05 aa 00 00 00");                         // SACK, padded
    build_hex("0b 59 0b 58 00 00 00 00 00 00 00 00");
    build_ip4(132);
    const struct decoded *p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_SCTP);
    CHECK_EQ(p->src_port, 2905);
    CHECK_TEXT(build_payload(p), "data!");
    build_at()[20 + 12 + 3] = 2;
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_SCTP_CHUNK_INVALID_LEN));
    build_start("");
    build_hex("03 0d 00 00 00 00 00 00");
    build_ip4(1);
    p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_ICMP);
    CHECK_EQ(p->src_port, 3);
    CHECK_EQ(p->dst_port, 13);
    CHECK_EQ(p->payload_len, 8);
    build_start("");
    build_hex("87 00 00 00");
    build_ip6(58);
    CHECK_EQ(build_decode(LINK_RAW)->kind, DECODE_ICMPV6);
    build_start("\x16");
    build_ip4(2);
    p = build_decode(LINK_RAW);
    CHECK_EQ(p->kind, DECODE_IP);
    CHECK_EQ(p->ip_proto, 2);
    build_start("x");
    build_ip4(1);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_ICMPV4_PKT_TOO_SMALL));
    build_start("x");
    build_ip6(58);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_ICMPV6_PKT_TOO_SMALL));
    build_start("x");
    build_ip4(132);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_SCTP_PKT_TOO_SMALL));
    build_start("x");
    build_ip4(50);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_ESP_PKT_TOO_SMALL));
    build_start("x");
    build_ip4(51);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_AH_PKT_TOO_SMALL));
}

TEST(arp)
{
    build_start("");
    build_hex(
        "00 01 08 00 06 04 00 01 50 50 50 50 50 50 0a 00 00 01 00 00 00 00 00 00 0a 00 00 02");
    build_ether(0x0806);
    const struct decoded *p = build_decode(LINK_ETHERNET);
    CHECK_EQ(p->kind, DECODE_ARP);
    CHECK_EQ(p->src[3], 1);
    CHECK_EQ(p->dst[3], 2);
    CHECK_EQ(p->payload_len, 28);
    CHECK_EQ(p->anomaly_count, 0);
    uint32_t hash = p->pair_hash;
    build_hello4();
    CHECK_EQ(build_decode(LINK_RAW)->pair_hash, hash);
    build_start("");
    build_hex("00 01 08 00 06 04 00 01 50 50");
    build_ether(0x0806);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_ARP_PKT_TOO_SMALL));
    build_start("");
    build_hex("00 01 08 00 01 02 00 01 00 00 00 00 00 00");
    build_ether(0x0806);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_ARP_INVALID_PROTOCOL_SIZE));
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_ARP_INVALID_HARDWARE_SIZE));
    build_at()[14 + 3] = 6;
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_ARP_UNSUPPORTED_PROTOCOL));
}

TEST(pair_hash_is_symmetric)
{
    build_hello4();
    uint32_t hash = build_decode(LINK_RAW)->pair_hash;
    build_at()[15] = 2;
    build_at()[19] = 1;
    CHECK_EQ(build_decode(LINK_RAW)->pair_hash, hash);
    build_at()[19] = 9;
    CHECK(build_decode(LINK_RAW)->pair_hash != hash);
    build_hello6();
    hash = build_decode(LINK_RAW)->pair_hash;
    build_at()[23] = 2;
    build_at()[39] = 1;
    CHECK_EQ(build_decode(LINK_RAW)->pair_hash, hash);
}

TEST(vlan)
{
    build_hello4();
    build_hex("00 14 08 00");
    build_hex("e0 0a 81 00");
    build_ether(0x88a8);
    const struct decoded *p = build_decode(LINK_ETHERNET);
    check_hello(p, 4);
    CHECK_EQ(p->vlan[0], 10);
    CHECK_EQ(p->vlan[1], 20);
    build_hello4();
    build_hex("00 01 08 00");
    for (int i = 0; i < 3; i++)
        build_hex("00 02 81 00");
    build_ether(0x9100);
    p = build_decode(LINK_ETHERNET);
    CHECK_EQ(p->kind, DECODE_UDP);
    CHECK(build_has(p, ANOMALY_VLAN_TOO_MANY_LAYERS));
    build_start("x");
    build_ether(0x8100);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_VLAN_HEADER_TOO_SMALL));
    build_start("x");
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_ETHERNET_PKT_TOO_SMALL));
}

TEST(llc_snap)
{
    build_hello4();
    build_hex("aa aa 03 00 00 00 08 00");
    build_ether((uint16_t)built.len);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_start("");
    build_hex("42 42 03 00 00");
    build_ether(5);
    const struct decoded *p = build_decode(LINK_ETHERNET);
    CHECK_EQ(p->kind, DECODE_NOTHING);
    CHECK_EQ(p->reason, DECODE_OTHER);
    CHECK_EQ(p->anomaly_count, 0);
}

TEST(backbone_tags)
{
    build_hello4();
    build_ether(0x0800);
    build_hex("00 00 00 01");
    build_ether(0x88e7);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_hello4();
    build_hex("01 01 00 01 00 05 08 00");
    build_ether(0x8909);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_hello4();
    build_hex("00 00 00 01 08 00");
    build_ether(0x8926);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_start("x");
    build_ether(0x88e7);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_IEEE8021AH_HEADER_TOO_SMALL));
    build_start("x");
    build_ether(0x8926);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_VNTAG_HEADER_TOO_SMALL));
    build_start("");
    for (int i = 0; i < 30; i++) {
        build_hex("00 00 00 01");
        build_ether(0x88e7);
    }
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_PACKET_TOO_MANY_LAYERS));
    build_start("xxxxxxxxxxxxxxxx");
    build_ether(0x88e5);
    CHECK_EQ(build_decode(LINK_ETHERNET)->reason, DECODE_PROTECTED);
}

TEST(mpls)
{
    build_hello4();
    build_hex("00 01 00 40 00 02 01 40");
    build_ether(0x8847);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_hello6();
    build_hex("00 02 01 40");
    build_ether(0x8847);
    check_hello(build_decode(LINK_ETHERNET), 6);
    build_hello4();
    build_ether(0x0800);
    build_hex("00 00 00 00"); // control word
    build_hex("00 02 01 40");
    build_ether(0x8847);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_hello4();
    build_ether(0x0800);
    build_at()[0] = 0x40; // a MAC address that looks like IPv4
    build_hex("00 02 01 40");
    build_ether(0x8847);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_start("");
    for (int i = 0; i < 17; i++)
        build_hex("00 02 00 40");
    build_ether(0x8847);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_MPLS_TOO_MANY_LABELS));
    build_start("x");
    build_ether(0x8847);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_MPLS_HEADER_TOO_SMALL));
}

// RFC 8300, 2: MD type 1 before an IP packet, type 2 without metadata before a frame.
TEST(service_chain)
{
    build_hello4();
    build_hex("0f c6 01 01 00 00 01 ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
    build_ether(0x894f);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_hello4();
    build_ether(0x0800);
    build_hex("0f c2 02 03 00 00 01 ff");
    build_ether(0x894f);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_start("");
    build_hex("4f c2 02 01 00 00 01 ff");
    build_ether(0x894f);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_NSH_UNSUPPORTED_VERSION));
    build_start("");
    build_hex("0f c6 01 01 00 00 01 ff");
    build_ether(0x894f);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_NSH_HEADER_TOO_SMALL));
}

TEST(pppoe)
{
    build_hello4();
    build_hex("00 21");
    size_t len = built.len;
    build_hex("11 00 00 07 00 00");
    build_u16(build_at() + 4, len);
    build_ether(0x8864);
    check_hello(build_decode(LINK_ETHERNET), 4);
    build_at()[14] = 0x21;
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_PPPOE_WRONG_CODE));
    build_start("x");
    build_ether(0x8864);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_PPPOE_PKT_TOO_SMALL));
}

// The same packet behind the header of a link type.
static const struct decoded *behind(uint16_t link, const char *header, unsigned version)
{
    if (version == 4)
        build_hello4();
    else
        build_hello6();
    build_hex(header);
    return build_decode(link);
}

TEST(links)
{
    check_hello(behind(LINK_RAW, "", 4), 4);
    check_hello(behind(LINK_IPV6, "", 6), 6);
    check_hello(behind(LINK_NULL, "02 00 00 00", 4), 4);
    check_hello(behind(LINK_NULL, "00 00 00 1e", 6), 6);
    check_hello(behind(LINK_LOOP, "00 00 00 18", 6), 6);
    check_hello(behind(LINK_PPP, "ff 03 00 21", 4), 4);
    check_hello(behind(LINK_PPP, "21", 4), 4);
    check_hello(behind(LINK_PPP_HDLC, "ff 03 00 57", 6), 6);
    check_hello(behind(LINK_PPP_HDLC, "0f 00 08 00", 4), 4);
    check_hello(behind(LINK_PPP_ETHER, "11 00 00 01 00 99 00 21", 4), 4);
    const struct decoded *p =
        behind(LINK_LINUX_SLL, "00 00 00 01 00 06 50 51 52 53 54 55 00 00 08 00", 4);
    check_hello(p, 4);
    CHECK_EQ(p->src_mac[5], 0x55);
    p = behind(LINK_LINUX_SLL2, "86 dd 00 00 00 00 00 02 00 01 00 06 50 51 52 53 54 55 00 00", 6);
    check_hello(p, 6);
    CHECK_EQ(p->src_mac[5], 0x55);
    p = behind(9999, "", 4);
    CHECK_EQ(p->reason, DECODE_LINK);
}

static void damaged(uint16_t link, const char *bytes, enum anomaly anomaly)
{
    build_start("");
    build_hex(bytes);
    const struct decoded *p = build_decode(link);
    CHECK(build_has(p, anomaly));
    CHECK_EQ(p->kind, DECODE_NOTHING);
}

TEST(links_damaged)
{
    damaged(LINK_RAW, "15", ANOMALY_IPRAW_INVALID_IP_VERSION);
    damaged(LINK_RAW, "45 00", ANOMALY_IPV4_PKT_TOO_SMALL);
    damaged(LINK_RAW, "60 00", ANOMALY_IPV6_PKT_TOO_SMALL);
    damaged(LINK_NULL, "02 00", ANOMALY_LTNULL_PKT_TOO_SMALL);
    damaged(LINK_NULL, "07 00 00 00", ANOMALY_LTNULL_UNSUPPORTED_TYPE);
    damaged(LINK_PPP, "00", ANOMALY_PPP_PKT_TOO_SMALL);
    damaged(LINK_PPP, "0f 00", ANOMALY_CHDLC_PKT_TOO_SMALL);
    damaged(LINK_LINUX_SLL, "00", ANOMALY_SLL_PKT_TOO_SMALL);
    damaged(LINK_LINUX_SLL2, "00", ANOMALY_SLL2_PKT_TOO_SMALL);
    damaged(LINK_RADIOTAP, "00 00", ANOMALY_IEEE80211_PKT_TOO_SMALL);
    damaged(LINK_RADIOTAP, "01 00 08 00 00 00 00 00", ANOMALY_IEEE80211_RADIOTAP_INVALID);
}

TEST(wifi)
{
#define SNAP4 " aa aa 03 00 00 00 08 00"
#define MACS  " d1 d1 d1 d1 d1 d1 d2 d2 d2 d2 d2 d2 d3 d3 d3 d3 d3 d3 00 00"
    const struct decoded *p = behind(LINK_IEEE802_11, "08 01 00 00" MACS SNAP4, 4);
    check_hello(p, 4);
    CHECK_EQ(p->src_mac[0], 0xd2);
    CHECK_EQ(p->dst_mac[0], 0xd3);
    p = behind(LINK_RADIOTAP, "00 00 08 00 00 00 00 00 88 02 00 00" MACS " 00 00" SNAP4, 4);
    check_hello(p, 4);
    CHECK_EQ(p->src_mac[0], 0xd3);
    CHECK_EQ(p->dst_mac[0], 0xd1);
    p = behind(LINK_IEEE802_11, "88 03 00 00" MACS " d4 d4 d4 d4 d4 d4 00 00" SNAP4, 4);
    check_hello(p, 4);
    CHECK_EQ(p->src_mac[0], 0xd4);
    // Radiotap says that the header is padded: TSFT, flags 0x20.
    p = behind(LINK_RADIOTAP,
        "00 00 11 00 03 00 00 00 00 00 00 00 00 00 00 00 20 88 02 00 00" MACS " 00 00 00 00" SNAP4,
        4);
    check_hello(p, 4);
    p = behind(LINK_IEEE802_11, "08 41 00 00" MACS, 4);
    CHECK_EQ(p->reason, DECODE_PROTECTED);
    p = behind(LINK_IEEE802_11, "80 00 00 00" MACS, 4); // beacon
    CHECK_EQ(p->reason, DECODE_OTHER);
    p = behind(LINK_IEEE802_11,
        "88 02 00 00" MACS " 80 00 d1 d1 d1 d1 d1 d1 d2 d2 d2 d2 d2 d2 00 50" SNAP4, 4);
    check_hello(p, 4); // A-MSDU
}

TEST_MAIN(T(ethernet_ip4_udp), T(tcp_and_padding), T(tcp_options), T(cut_by_the_capture),
    T(ip4_segmented_later), T(ip4_damaged), T(ip4_options), T(ip6_extensions),
    T(ip6_extensions_damaged), T(ip6_too_many_extensions), T(ip6_damaged), T(sctp_icmp_others),
    T(arp), T(pair_hash_is_symmetric), T(vlan), T(llc_snap), T(backbone_tags), T(mpls),
    T(service_chain), T(pppoe), T(links), T(links_damaged), T(wifi))
