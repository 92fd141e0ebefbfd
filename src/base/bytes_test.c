// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"
#include "base/cursor.h"
#include "base/test.h"

static const struct bytes nothing = {NULL, 0};

TEST(slices)
{
    struct bytes b = BYTES("abcdef");
    CHECK_TEXT(bytes_sub(b, 1, 3), "bcd");
    CHECK_TEXT(bytes_sub(b, 4, 100), "ef");
    CHECK_EQ(bytes_sub(b, 7, 1).len, 0);
    CHECK_EQ(bytes_sub(b, SIZE_MAX, SIZE_MAX).len, 0);
    CHECK_TEXT(bytes_from(b, 6), "");
    CHECK(bytes_sub(nothing, 3, 4).data == NULL);
    CHECK_EQ(bytes_from_text(NULL).len, 0);
    CHECK_EQ(bytes_at(b, 5), 'f');
    CHECK_EQ(bytes_at(b, 6), 0);
}

TEST(comparing)
{
    CHECK(bytes_equal(nothing, BYTES("")));
    CHECK(!bytes_equal(BYTES("a"), BYTES("b")));
    CHECK(bytes_equal_nocase(BYTES("Content-LENGTH"), BYTES("content-length")));
    CHECK(!bytes_equal_nocase(BYTES("ab"), BYTES("abc")));
    CHECK(bytes_start_with(BYTES("GET /"), BYTES("GET ")));
    CHECK(!bytes_start_with(BYTES("GE"), BYTES("GET ")));
    CHECK(bytes_start_with_nocase(BYTES("get /"), BYTES("GET ")));
    CHECK(bytes_start_with(nothing, nothing));
}

TEST(finding)
{
    CHECK_EQ(bytes_find(BYTES("aabaab"), BYTES("aab")), 0);
    CHECK_EQ(bytes_find(BYTES("xaab"), BYTES("aab")), 1);
    CHECK(bytes_find(BYTES("aa"), BYTES("aab")) == BYTES_NOT_FOUND);
    CHECK(bytes_find(nothing, BYTES("a")) == BYTES_NOT_FOUND);
    CHECK_EQ(bytes_find(nothing, nothing), 0);
    CHECK_EQ(bytes_find_byte(bytes_make("a\0b", 3), 0), 1);
    CHECK(bytes_find_byte(nothing, 0) == BYTES_NOT_FOUND);
}

TEST(trimming)
{
    CHECK_TEXT(bytes_trim(BYTES(" \t a b\t ")), "a b");
    CHECK_EQ(bytes_trim(BYTES(" \t ")).len, 0);
    CHECK_EQ(bytes_trim(nothing).len, 0);
    CHECK_TEXT(bytes_trim(BYTES("\na")), "\na");
}

TEST(decimal_numbers)
{
    uint64_t v = 7;
    CHECK(bytes_to_u64(BYTES("0"), &v) && v == 0);
    CHECK(bytes_to_u64(BYTES("0042"), &v) && v == 42);
    CHECK(bytes_to_u64(BYTES("9999999999999999999"), &v) && v == 9'999'999'999'999'999'999U);
    v = 7;
    static const char *const bad[] = {
        "", " 1", "1 ", "+1", "-1", "1a", "10000000000000000000", "00000000000000000001", "/", ":"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bytes_to_u64(bytes_from_text(bad[i]), &v))
            TEST_SAY("\"%s\" was taken for a number", bad[i]);
    CHECK_EQ(v, 7);
}

TEST(hexadecimal_numbers)
{
    uint64_t v = 7;
    CHECK(bytes_hex_to_u64(BYTES("fF"), &v) && v == 255);
    CHECK(bytes_hex_to_u64(BYTES("ffffffffffffffff"), &v) && v == UINT64_MAX);
    v = 7;
    static const char *const bad[] = {"", "0x1", "g", "@", "`", "G", "1 ", "10000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (bytes_hex_to_u64(bytes_from_text(bad[i]), &v))
            TEST_SAY("\"%s\" was taken for a number", bad[i]);
    for (unsigned c = 0x80; c < 0x100; c++) {
        const uint8_t byte = (uint8_t)c;
        CHECK(!bytes_hex_to_u64(bytes_make(&byte, 1), &v));
    }
    CHECK_EQ(v, 7);
}

TEST(cursor_reads)
{
    static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
    struct cursor c = cursor_make(bytes_make(raw, sizeof raw));
    CHECK_EQ(cursor_u8(&c), 1);
    CHECK_EQ(cursor_u16(&c), 0x0203);
    CHECK_EQ(cursor_u24(&c), 0x040506);
    CHECK_EQ(cursor_u32(&c), 0x0708090a);
    CHECK_EQ(cursor_u64(&c), 0x0b0c'0d0e'0f10'1112);
    CHECK(cursor_ok(&c));
    CHECK_EQ(cursor_left(&c), 0);
    cursor_seek(&c, 1);
    CHECK_EQ(cursor_u16le(&c), 0x0302);
    CHECK_EQ(cursor_u32le(&c), 0x0706'0504);
    CHECK_EQ(cursor_u64le(&c), 0x0f0e'0d0c'0b0a'0908);
    CHECK_EQ(cursor_pos(&c), 15);
}

TEST(cursor_failure_sticks)
{
    struct cursor c = cursor_make(BYTES("abc"));
    cursor_skip(&c, 1);
    CHECK_EQ(cursor_u32(&c), 0);
    CHECK(!cursor_ok(&c));
    CHECK_EQ(cursor_u8(&c), 0); // would fit, had the read before not failed
    CHECK_EQ(cursor_left(&c), 0);
    CHECK_EQ(cursor_rest(&c).len, 0);
    cursor_seek(&c, 0);
    CHECK(!cursor_ok(&c));
    struct cursor sub = cursor_sub(&c, 0);
    CHECK(!cursor_ok(&sub));
}

TEST(cursor_bounds)
{
    struct cursor c = cursor_make(BYTES("abc"));
    CHECK_EQ(cursor_take(&c, 3).len, 3);
    CHECK_EQ(cursor_take(&c, 0).len, 0);
    CHECK(cursor_ok(&c));
    CHECK(cursor_take(&c, SIZE_MAX).data == NULL);
    CHECK(!cursor_ok(&c));
    c = cursor_make(BYTES("abc"));
    cursor_seek(&c, 3);
    CHECK(cursor_ok(&c));
    cursor_seek(&c, 4);
    CHECK(!cursor_ok(&c));
    c = cursor_make(nothing);
    CHECK_EQ(cursor_left(&c), 0);
    CHECK_EQ(cursor_u8(&c), 0);
    CHECK(!cursor_ok(&c));
}

TEST(cursor_sub_is_bounded)
{
    struct cursor c = cursor_make(BYTES("abcdef"));
    struct cursor sub = cursor_sub(&c, 2);
    CHECK_EQ(cursor_u16(&sub), 'a' << 8 | 'b');
    CHECK_EQ(cursor_u8(&sub), 0);
    CHECK(!cursor_ok(&sub));
    CHECK(cursor_ok(&c));
    CHECK_TEXT(cursor_rest(&c), "cdef");
    sub = cursor_sub(&c, 5);
    CHECK(!cursor_ok(&sub));
    CHECK(!cursor_ok(&c));
}

TEST(cursor_lines)
{
    struct cursor c = cursor_make(BYTES("one\r\ntwo\n\r\n\nrest"));
    struct bytes line;
    CHECK(cursor_line(&c, &line));
    CHECK_TEXT(line, "one");
    CHECK(cursor_line(&c, &line));
    CHECK_TEXT(line, "two");
    CHECK(cursor_line(&c, &line));
    CHECK_TEXT(line, "");
    CHECK(cursor_line(&c, &line));
    CHECK_TEXT(line, "");
    CHECK(!cursor_line(&c, &line));
    CHECK_TEXT(cursor_rest(&c), "rest");
    CHECK(cursor_ok(&c));
}

TEST_MAIN(T(slices), T(comparing), T(finding), T(trimming), T(decimal_numbers),
    T(hexadecimal_numbers), T(cursor_reads), T(cursor_failure_sticks), T(cursor_bounds),
    T(cursor_sub_is_bounded), T(cursor_lines))
