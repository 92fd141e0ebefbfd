// SPDX-License-Identifier: Apache-2.0
#include "base/addr.h"
#include "base/test.h"

static void check_written(const char *in, const char *want)
{
    struct addr a;
    char out[ADDR_TEXT_BYTES];
    if (!addr_parse(bytes_from_text(in), &a)) {
        TEST_SAY("%s is not an address", in);
        return;
    }
    struct bytes got = bytes_make(out, addr_write(&a, out));
    if (!bytes_equal(got, bytes_from_text(want)))
        TEST_SAY("%s is written %.*s, not %s", in, (int)got.len, (const char *)got.data, want);
}

// Every example of RFC 5952, sections 4 and 5, and the corners of its rules.
TEST(rfc_5952)
{
    check_written("2001:0db8::0001", "2001:db8::1");
    check_written("2001:db8:0:0:0:0:2:1", "2001:db8::2:1");
    check_written("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"); // one group isn't shortened
    check_written("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");          // the longest run
    check_written("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");    // the first of equals
    check_written(
        "2001:DB8:AAAA:bbbb:CcCc:dddd:eeee:AaAa", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa");
    check_written("::ffff:192.0.2.1", "::ffff:192.0.2.1");
    check_written("::FFFF:0:0", "::ffff:0.0.0.0");
    check_written("0:0:0:0:0:0:0:0", "::");
    check_written("::1", "::1");
    check_written("1::", "1::");
    check_written("1:0:0:0:0:0:0:1", "1::1");
    check_written("0:0:1:0:0:0:0:0", "0:0:1::");
    check_written("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7");
    check_written("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    check_written("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8");
    check_written("::192.0.2.1", "::c000:201"); // deprecated form, nothing known of it
    check_written("64:ff9b::192.0.2.33", "64:ff9b::c000:221");
    check_written(
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    check_written("10:100:1000:f:f0:f00:f000:0", "10:100:1000:f:f0:f00:f000:0");
}

TEST(v4_text)
{
    check_written("0.0.0.0", "0.0.0.0");
    check_written("255.255.255.255", "255.255.255.255");
    check_written("1.22.100.209", "1.22.100.209");
    struct addr none = {.version = 0};
    char out[ADDR_TEXT_BYTES];
    CHECK_EQ(addr_write(&none, out), 0);
}

// All zero patterns of eight groups: what is written reads back as the same address.
TEST(round_trip)
{
    for (unsigned zeros = 0; zeros < 256; zeros++) {
        uint8_t raw[16];
        for (unsigned i = 0; i < 8; i++) {
            raw[2 * i] = 0;
            raw[2 * i + 1] = zeros >> i & 1 ? 0 : (uint8_t)(i + 1);
        }
        struct addr a = addr_v6(raw), back;
        char out[ADDR_TEXT_BYTES];
        struct bytes text = bytes_make(out, addr_write(&a, out));
        CHECK(text.len < ADDR_TEXT_BYTES);
        CHECK(addr_parse(text, &back) && memcmp(&a, &back, sizeof a) == 0);
    }
}

TEST(not_addresses)
{
    static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ",
        " 1.2.3.4", "::1::", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0",
        "12345::", "g::", "0x1.2.3.4", "1", "[::1]", "::ffff:1.2.3.256",
        "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
    struct addr a = {.version = 9};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (addr_parse(bytes_from_text(bad[i]), &a))
            TEST_SAY("\"%s\" was taken for an address", bad[i]);
    CHECK(!addr_parse(bytes_make("1.2.3.4\0", 8), &a));
    CHECK(!addr_parse((struct bytes){NULL, 0}, &a));
    CHECK_EQ(a.version, 9);
}

static bool in_range(const char *range_text, const char *addr_text)
{
    struct addr_range range;
    struct addr a;
    if (!addr_range_parse(bytes_from_text(range_text), &range) ||
        !addr_parse(bytes_from_text(addr_text), &a)) {
        TEST_SAY("%s or %s does not parse", range_text, addr_text);
        return false;
    }
    return addr_range_has(&range, &a);
}

TEST(ranges)
{
    CHECK(in_range("192.0.2.0/24", "192.0.2.255"));
    CHECK(!in_range("192.0.2.0/24", "192.0.3.0"));
    CHECK(in_range("172.16.0.0/12", "172.31.255.255"));
    CHECK(!in_range("172.16.0.0/12", "172.32.0.0"));
    CHECK(in_range("0.0.0.0/0", "203.0.113.9"));
    CHECK(in_range("192.0.2.1", "192.0.2.1"));
    CHECK(!in_range("192.0.2.1", "192.0.2.0"));
    CHECK(in_range("192.0.2.0/31", "192.0.2.1"));
    CHECK(in_range("fc00::/7", "fdff::1"));
    CHECK(!in_range("fc00::/7", "fe00::1"));
    CHECK(in_range("2001:db8::1/128", "2001:db8::1"));
    CHECK(!in_range("2001:db8::1", "2001:db8::2"));
    CHECK(in_range("::/0", "2001:db8::2"));
    CHECK(!in_range("::/0", "192.0.2.1")); // another family
    struct addr_range all = {.base = {.version = 0}};
    CHECK(!addr_range_has(&all, &(struct addr){.version = 0}));
}

TEST(not_ranges)
{
    static const char *const bad[] = {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8",
        "10.0.0.0/8/8", "10.0.0.0/ 8", "10.0.0.0/-1", "fc00::/129", "fc00::1/64", "10.0.0.0/256",
        "10.0.0.0/4294967296", "0.0.0.1/0", "128.0.0.0/0"};
    struct addr_range range;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (addr_range_parse(bytes_from_text(bad[i]), &range))
            TEST_SAY("\"%s\" was taken for a range", bad[i]);
}

TEST(loopback)
{
    static const char *const texts[] = {"127.0.0.1", "127.9.9.9", "::1", "128.0.0.1", "::2", "::"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct addr a;
        CHECK(addr_parse(bytes_from_text(texts[i]), &a));
        CHECK_EQ(addr_is_loopback(&a), i < 3);
    }
}

TEST_MAIN(
    T(rfc_5952), T(v4_text), T(round_trip), T(not_addresses), T(ranges), T(not_ranges), T(loopback))
