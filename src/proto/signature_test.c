// SPDX-License-Identifier: Apache-2.0
// The table itself is content; here each kind of condition is tried on real entries of it.
#include "base/test.h"
#include "proto/signature.h"

static const char *name_of(enum proto_carrier carrier, struct bytes data, uint16_t port)
{
    struct proto_first first = {
        .data = data, .carrier = carrier, .src_port = 40'000, .dst_port = port};
    const char *name = signature_find(&first);
    return name ? name : "";
}

TEST(bytes_and_carriers)
{
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, BYTES("ZBXD\1rest"), 1)), "zabbix");
    CHECK_TEXT(bytes_from_text(name_of(OVER_UDP, BYTES("ZBXD\1rest"), 1)), "");
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, BYTES("ZBX"), 1)), "");
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, BYTES("xZBXD\1rest"), 1)), "");
}

TEST(masks_and_sizes)
{
    static const char c37118[] = "\xaa\x41\0\x12\0\xf1\0\0\0\0\0\0\0\0\0\5\xd7\xd0";
    struct bytes whole = bytes_make(c37118, sizeof c37118 - 1);
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, whole, 1)), "ieee-c37118");
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, bytes_sub(whole, 0, 17), 1)), ""); // not its size
}

TEST(ports_are_a_hint)
{
    CHECK_TEXT(bytes_from_text(name_of(OVER_UDP, bytes_make("\0\0", 2), 5351)), "nat-pmp");
    CHECK_TEXT(bytes_from_text(name_of(OVER_UDP, bytes_make("\0\0", 2), 5352)), "");
    CHECK_TEXT(bytes_from_text(name_of(OVER_UDP, bytes_make("\1\0", 2), 5351)), "");
}

TEST(found_anywhere)
{
    CHECK_TEXT(
        bytes_from_text(name_of(OVER_TCP, BYTES("{\"id\":1,\"method\":\"mining.subscribe\"}"), 1)),
        "mining");
    static char long_text[1000] = "{";
    memset(&long_text[1], ' ', 600);
    memcpy(&long_text[700], "\"mining.", 8); // too far behind to be looked for
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, bytes_make(long_text, sizeof long_text), 1)), "");
}

TEST(ip_protocols)
{
    struct proto_first first = {.data = BYTES("x"), .carrier = OVER_IP, .ip_proto = 88};
    CHECK_TEXT(bytes_from_text(signature_find(&first)), "eigrp");
    first.ip_proto = 253;
    CHECK(signature_find(&first) == NULL);
}

TEST(nothing)
{
    CHECK_TEXT(bytes_from_text(name_of(OVER_TCP, BYTES(""), 443)), "");
    CHECK_TEXT(bytes_from_text(name_of(OVER_UDP, BYTES("no protocol says this"), 443)), "");
}

TEST_MAIN(T(bytes_and_carriers), T(masks_and_sizes), T(ports_are_a_hint), T(found_anywhere),
    T(ip_protocols), T(nothing))
