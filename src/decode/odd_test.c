// SPDX-License-Identifier: Apache-2.0
// Headers that are whole and yet not as they should be.
#include "decode/build.h"

TEST(tcp_option_twice)
{
    build_start("");
    build_hex("02 04 05 b4 02 04 05 b4");
    build_tcp(1, 2, TCP_SYN);
    build_at()[12] = 0x70;
    build_ip4(6);
    CHECK(build_has(build_decode(LINK_RAW), ANOMALY_TCP_OPT_DUPLICATE));
}

static bool icmp_has(uint8_t proto, const char *message, enum anomaly anomaly)
{
    build_start("");
    build_hex(message);
    if (proto == 1)
        build_ip4(proto);
    else
        build_ip6(proto);
    const struct decoded *p = build_decode(LINK_RAW);
    return anomaly ? build_has(p, anomaly) : p->anomaly_count == 0;
}

TEST(icmp_types_and_codes)
{
    CHECK(icmp_has(1, "08 00 00 00 00 01 00 01", ANOMALY_NONE));
    CHECK(icmp_has(1, "03 0d 00 00 00 00 00 00", ANOMALY_NONE));
    CHECK(icmp_has(1, "03 10 00 00 00 00 00 00", ANOMALY_ICMPV4_UNKNOWN_CODE));
    CHECK(icmp_has(1, "07 00 00 00 00 00 00 00", ANOMALY_ICMPV4_UNKNOWN_TYPE));
    CHECK(icmp_has(1, "c8 00 00 00 00 00 00 00", ANOMALY_ICMPV4_UNKNOWN_TYPE));
    CHECK(icmp_has(58, "80 00 00 00 00 01 00 01", ANOMALY_NONE));
    CHECK(icmp_has(58, "80 01 00 00 00 01 00 01", ANOMALY_ICMPV6_UNKNOWN_CODE));
    CHECK(icmp_has(58, "05 00 00 00 00 00 00 00", ANOMALY_ICMPV6_UNASSIGNED_TYPE));
    CHECK(icmp_has(58, "ff 00 00 00 00 00 00 00", ANOMALY_ICMPV6_UNKNOWN_TYPE));
    CHECK(icmp_has(58, "64 00 00 00 00 00 00 00", ANOMALY_ICMPV6_EXPERIMENTATION_TYPE));
    CHECK(icmp_has(58, "82 00 00 00 00 00 00 00", ANOMALY_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL));
}

TEST(mpls_labels_that_mean_something)
{
    static const struct {
        const char *label;
        enum anomaly anomaly;
    } cases[] = {{"00 00 11 40", ANOMALY_MPLS_BAD_LABEL_ROUTER_ALERT},
        {"00 00 31 40", ANOMALY_MPLS_BAD_LABEL_IMPLICIT_NULL},
        {"00 00 41 40", ANOMALY_MPLS_BAD_LABEL_RESERVED}, {"00 01 01 40", ANOMALY_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        build_hello4();
        build_hex(cases[i].label);
        build_ether(0x8847);
        const struct decoded *p = build_decode(LINK_ETHERNET);
        CHECK_EQ(p->kind, DECODE_UDP);
        CHECK(cases[i].anomaly ? build_has(p, cases[i].anomaly) : p->anomaly_count == 0);
    }
    build_start("");
    build_hex("00 01 01 40 20 20");
    build_ether(0x8847);
    CHECK(build_has(build_decode(LINK_ETHERNET), ANOMALY_MPLS_UNKNOWN_PAYLOAD_TYPE));
}

TEST_MAIN(T(tcp_option_twice), T(icmp_types_and_codes), T(mpls_labels_that_mean_something))
