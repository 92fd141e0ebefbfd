// SPDX-License-Identifier: Apache-2.0
// Decoding as such is tested through json_text(), in json_test.c.
#include "base/test.h"
#include "base/utf8.h"

static void check_printed(struct bytes in, const char *want)
{
    char out[256];
    CHECK_TEXT(bytes_make(out, utf8_print(in, out, sizeof out)), want);
}

TEST(printable_text_stands)
{
    check_printed(BYTES("yagura 櫓 é 🏯 ~"), "yagura 櫓 é 🏯 ~");
    check_printed((struct bytes){NULL, 0}, "");
    check_printed(BYTES("\xc2\xa0"), "\xc2\xa0"); // first after C1
}

TEST(hostile_text_is_disarmed)
{
    check_printed(BYTES("a\nyagura: error: b"), "a\\nyagura: error: b");
    check_printed(BYTES("\r\t\\"), "\\r\\t\\\\");
    check_printed(bytes_make("\0\x1b[2J\x7f", 6), "\\x00\\x1b[2J\\x7f");
    check_printed(BYTES("\xc2\x9b\x32J\xc2\x80\xc2\x9f"), "\\u009b2J\\u0080\\u009f"); // CSI in C1
    check_printed(BYTES("\x9b\x32J"), "\\x9b2J");
    check_printed(BYTES("\xe2\x80\xaegnp.exe"), "\\u202egnp.exe"); // right to left override
    check_printed(BYTES("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
    check_printed(BYTES("\xe2\x81\xa6\xe2\x81\xa9"), "\\u2066\\u2069");
    check_printed(BYTES("\xc0\xaf\xed\xa0\x80\xff"), "\\xc0\\xaf\\xed\\xa0\\x80\\xff");
}

TEST(code_points)
{
    CHECK_EQ(utf8_code_point((const uint8_t *)"A", 1), 'A');
    CHECK_EQ(utf8_code_point((const uint8_t *)"\xc2\xa9", 2), 0xa9);
    CHECK_EQ(utf8_code_point((const uint8_t *)"\xe6\xab\x93", 3), 0x6ad3);
    CHECK_EQ(utf8_code_point((const uint8_t *)"\xf4\x8f\xbf\xbf", 4), 0x10ffff);
}

static void check_cut(struct bytes in, size_t room, const char *want)
{
    char out[33];
    memset(out, '#', sizeof out);
    struct bytes got = bytes_make(out, utf8_print(in, out, room));
    CHECK_TEXT(got, want);
    CHECK_EQ(out[room], '#');
}

TEST(cutting)
{
    check_cut(BYTES("abcdef"), 6, "abcdef");
    check_cut(BYTES("abcdefg"), 6, "abc...");
    check_cut(BYTES("ab\xe6\xab\x93xyz"), 7, "ab..."); // the character is not cut
    check_cut(BYTES("ab\xe6\xab\x93xyz"), 8, "ab\xe6\xab\x93xyz");
    check_cut(BYTES("ab\nxyzw"), 7, "ab\\n...");
    check_cut(BYTES("abcdef"), 3, "...");
    check_cut(BYTES("abcdef"), 2, "..");
    check_cut(BYTES("abcdef"), 0, "");
    check_cut(BYTES("ab"), 2, "ab");
    check_cut(BYTES(""), 0, "");
}

TEST_MAIN(T(printable_text_stands), T(hostile_text_is_disarmed), T(code_points), T(cutting))
