// SPDX-License-Identifier: Apache-2.0
// Tests begin with one writer, which the last of them finishes.
#include "base/alloc.h"
#include "base/json.h"
#include "base/test.h"
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

static struct json j = {.second = INT64_MIN};

static struct bytes written(void)
{
    return bytes_make(j.data, j.len);
}

#define CHECK_JSON(call, want)                                                                     \
    do {                                                                                           \
        json_clear(&j);                                                                            \
        call;                                                                                      \
        CHECK_TEXT(written(), want);                                                               \
    } while (0)

static void check_text(const char *in, size_t len, const char *want)
{
    // At the end of an allocation, so that a read past it is seen.
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, in, len);
    CHECK_JSON(json_text(&j, bytes_make(copy, len)), want);
    free(copy);
}
#define CHECK_STRING(literal, want) check_text(literal, sizeof(literal) - 1, want)

TEST(structure)
{
    json_clear(&j);
    json_open(&j, '{');
    JSON_KEY(&j, "a");
    json_u64(&j, 1);
    JSON_KEY(&j, "b");
    json_open(&j, '[');
    json_next(&j);
    json_bool(&j, true);
    json_next(&j);
    json_open(&j, '{');
    json_close(&j, '}');
    json_next(&j);
    json_bool(&j, false);
    json_close(&j, ']');
    JSON_KEY(&j, "c");
    json_open(&j, '[');
    json_close(&j, ']');
    json_close(&j, '}');
    CHECK_TEXT(written(), "{\"a\":1,\"b\":[true,{},false],\"c\":[]}");
}

TEST(escapes)
{
    CHECK_STRING("", "\"\"");
    CHECK_JSON(json_text(&j, (struct bytes){NULL, 0}), "\"\"");
    CHECK_STRING("plain", "\"plain\"");
    CHECK_STRING("a\"b\\c/", "\"a\\\"b\\\\c/\"");
    CHECK_STRING("\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"");
    CHECK_STRING("\0\x01\x0b\x1f\x7f", "\"\\u0000\\u0001\\u000b\\u001f\x7f\"");
}

// One awkward byte at each place of texts around the widths of the fast paths.
TEST(escape_at_every_place)
{
    static const struct {
        char byte;
        const char *want;
    } awkward[] = {{'"', "\\\""}, {'\\', "\\\\"}, {0, "\\u0000"}, {0x1f, "\\u001f"}, {' ', " "},
        {'!', "!"}, {'#', "#"}, {'[', "["}, {']', "]"}, {0x7f, "\x7f"},
        {(char)0x80, "\xef\xbf\xbd"}, {(char)0xff, "\xef\xbf\xbd"}};
    for (size_t len = 1; len <= 50; len++)
        for (size_t at = 0; at < len; at++)
            for (size_t a = 0; a < sizeof awkward / sizeof *awkward; a++) {
                char in[64], want[80];
                memset(in, 'x', sizeof in);
                in[at] = awkward[a].byte;
                snprintf(want, sizeof want, "\"%.*s%s%.*s\"", (int)at, in, awkward[a].want,
                    (int)(len - at - 1), in + at + 1);
                check_text(in, len, want);
            }
}

#define FFFD "\xef\xbf\xbd"

// Attacks on decoders (RFC 3629, section 10), and how many replacements each is due.
TEST(utf8)
{
    CHECK_STRING("\xe6\xab\x93", "\"\xe6\xab\x93\"");         // 櫓
    CHECK_STRING("\xc2\x80\xdf\xbf", "\"\xc2\x80\xdf\xbf\""); // first and last of 2
    CHECK_STRING("\xe0\xa0\x80\xef\xbf\xbf", "\"\xe0\xa0\x80\xef\xbf\xbf\"");
    CHECK_STRING("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
    CHECK_STRING("\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\""); // beside surrogates
    CHECK_STRING("\xc0\x80", "\"" FFFD FFFD "\"");                            // overlong NUL
    CHECK_STRING("\xc0\xaf", "\"" FFFD FFFD "\"");                            // overlong /
    CHECK_STRING("\xc1\xbf", "\"" FFFD FFFD "\"");
    CHECK_STRING("\xe0\x80\xaf", "\"" FFFD FFFD FFFD "\""); // overlong in 3
    CHECK_STRING("\xe0\x9f\xbf", "\"" FFFD FFFD FFFD "\"");
    CHECK_STRING("\xf0\x80\x80\xaf", "\"" FFFD FFFD FFFD FFFD "\""); // overlong in 4
    CHECK_STRING("\xf0\x8f\xbf\xbf", "\"" FFFD FFFD FFFD FFFD "\"");
    CHECK_STRING("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"");          // U+D800
    CHECK_STRING("\xed\xbf\xbf", "\"" FFFD FFFD FFFD "\"");          // U+DFFF
    CHECK_STRING("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\""); // U+110000
    CHECK_STRING("\xf5\x80\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"");
    CHECK_STRING("\xf8\x88\x80\x80\x80", "\"" FFFD FFFD FFFD FFFD FFFD "\"");
    CHECK_STRING("\xfe\xff", "\"" FFFD FFFD "\"");
    CHECK_STRING("\x80", "\"" FFFD "\"");     // alone
    CHECK_STRING("\xe6\xab", "\"" FFFD "\""); // cut: one start, one mark
    CHECK_STRING("\xf0\x9f\x8f", "\"" FFFD "\"");
    CHECK_STRING("\xf0\x9f", "\"" FFFD "\"");
    CHECK_STRING("\xe6\xab\"", "\"" FFFD "\\\"\""); // must not eat the quote
    CHECK_STRING("\xc3\"", "\"" FFFD "\\\"\"");
    CHECK_STRING("\xf0\x9f\x8f\n", "\"" FFFD "\\n\"");
    CHECK_STRING("\xe6\xe6\xab\x93", "\"" FFFD "\xe6\xab\x93\"");
    CHECK_STRING("\xf0\x9f\xc2\xa9", "\"" FFFD "\xc2\xa9\"");
}

// A reader of UTF-8 made another way than the writer: by code point.
static bool is_valid_utf8(struct bytes b)
{
    for (size_t i = 0; i < b.len;) {
        uint8_t c = b.data[i++];
        int more = c < 0x80 ? 0 : c >> 5 == 6 ? 1 : c >> 4 == 14 ? 2 : c >> 3 == 30 ? 3 : -1;
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        uint32_t point = more <= 0 ? c : c & (0x3fU >> more);
        if (more < 0)
            return false;
        for (int k = 0; k < more; k++, i++) {
            if (bytes_at(b, i) >> 6 != 2)
                return false;
            point = point << 6 | (b.data[i] & 0x3f);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
    }
    return true;
}

// All starts of two bytes with all kinds of third and fourth; random text of all lengths.
TEST(output_is_always_valid)
{
    static const uint8_t tails[] = {0, '"', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned two = 0; two < 0x10000; two++)
        for (size_t t = 0; t < sizeof tails; t++) {
            const uint8_t in[4] = {(uint8_t)(two >> 8), (uint8_t)two, tails[t], 0x80};
            json_clear(&j);
            json_text(&j, bytes_make(in, sizeof in));
            CHECK(is_valid_utf8(written()));
        }
    uint32_t random = 1;
    for (size_t len = 0; len < 600; len++) {
        uint8_t in[600];
        for (size_t i = 0; i < len; i++)
            in[i] = (uint8_t)((random = random * 1'664'525 + 1'013'904'223) >> 24);
        json_clear(&j);
        json_text(&j, bytes_make(in, len));
        CHECK(is_valid_utf8(written()));
        CHECK(memchr(j.data + 1, '\n', j.len - 2) == NULL);
    }
}

// Characters across the border between two pieces, and output six times the input.
TEST(long_texts)
{
    enum { LEN = 20'000 };
    static uint8_t in[LEN];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(in, 'a', LEN);
        for (size_t i = shift; i + 4 <= LEN; i += 4)
            memcpy(in + i, "\xf0\x9f\x8f\xaf", 4);
        if (shift > 0)
            memset(in + LEN - (4 - shift), 'z', 4 - shift);
        json_clear(&j);
        json_text(&j, bytes_make(in, LEN));
        CHECK_EQ(j.len, LEN + 2);
        CHECK(memcmp(j.data + 1, in, LEN) == 0);
    }
    memset(in, 1, LEN);
    json_clear(&j);
    json_text(&j, bytes_make(in, LEN));
    CHECK_EQ(j.len, 6 * LEN + 2);
    memset(in, 0xff, LEN);
    json_clear(&j);
    json_text(&j, bytes_make(in, LEN));
    CHECK_EQ(j.len, 3 * LEN + 2);
}

TEST(integers)
{
    char want[32];
    for (uint64_t v = 1; v < UINT64_MAX / 10; v *= 10)
        for (uint64_t d = v - 1; d <= v + 1; d++) {
            snprintf(want, sizeof want, "%" PRIu64, d);
            CHECK_JSON(json_u64(&j, d), want);
        }
    for (uint64_t v = 0; v < 1100; v++) {
        snprintf(want, sizeof want, "%" PRIu64, v);
        CHECK_JSON(json_u64(&j, v), want);
    }
    CHECK_JSON(json_u64(&j, UINT64_MAX), "18446744073709551615");
    CHECK_JSON(json_i64(&j, INT64_MIN), "-9223372036854775808");
    CHECK_JSON(json_i64(&j, INT64_MAX), "9223372036854775807");
    CHECK_JSON(json_i64(&j, -1), "-1");
    CHECK_JSON(json_i64(&j, 0), "0");
}

TEST(doubles)
{
    CHECK_JSON(json_double(&j, 0), "0");
    CHECK_JSON(json_double(&j, -0.0), "0");
    CHECK_JSON(json_double(&j, 1.5), "1.5");
    CHECK_JSON(json_double(&j, -2.25), "-2.25");
    CHECK_JSON(json_double(&j, 0.1 + 0.2), "0.3");
    CHECK_JSON(json_double(&j, 0.000001), "0.000001");
    CHECK_JSON(json_double(&j, -0.0000001), "0");
    CHECK_JSON(json_double(&j, 0.9999999), "1");
    CHECK_JSON(json_double(&j, 100), "100");
    CHECK_JSON(json_double(&j, 999'999'999'999.5), "999999999999.5");
    CHECK_JSON(json_double(&j, 1e12), "1000000000000");
    CHECK_JSON(json_double(&j, -1e300), "-1.0000000000000001e+300");
    CHECK_JSON(json_double(&j, DBL_MIN), "0");
    CHECK_JSON(json_double(&j, (double)NAN), "null");
    CHECK_JSON(json_double(&j, (double)-INFINITY), "null");
}

TEST(addresses)
{
    const uint8_t raw[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct addr v4 = addr_v4(raw), v6 = addr_v6(raw), none = {.version = 0};
    CHECK_JSON(json_addr(&j, &v4), "\"32.1.13.184\"");
    CHECK_JSON(json_addr(&j, &v6), "\"2001:db8::1\"");
    CHECK_JSON(json_addr(&j, &none), "\"\"");
    CHECK_JSON(json_mac(&j, bytes_make("\x00\x1a\xff\x00\x00\x09", 6)), "\"00:1a:ff:00:00:09\"");
    CHECK_JSON(json_mac(&j, (struct bytes){NULL, 0}), "\"\"");
    CHECK_JSON(json_hex(&j, bytes_make("\x00\xab", 2)), "\"00ab\"");
    CHECK_JSON(json_hex(&j, (struct bytes){NULL, 0}), "\"\"");
    CHECK_JSON(json_base64(&j, BYTES("")), "\"\"");
    CHECK_JSON(json_base64(&j, BYTES("f")), "\"Zg==\"");
    CHECK_JSON(json_base64(&j, BYTES("fo")), "\"Zm8=\"");
    CHECK_JSON(json_base64(&j, BYTES("foo\xff\xfe\xfd")), "\"Zm9v//79\"");
    CHECK_JSON(json_printable(&j, BYTES("a\"\\\r\n\t\xff~")), "\"a\\\"\\\\\\r\\n..~\"");
}

TEST(times)
{
    CHECK_JSON(json_time(&j, 1'795'248'000'123'456), "\"2026-11-21T08:00:00.123456+0000\"");
    CHECK_JSON(json_time(&j, 0), "\"1970-01-01T00:00:00.000000+0000\"");
    CHECK_JSON(json_time(&j, -1), "\"1969-12-31T23:59:59.999999+0000\"");
    CHECK_JSON(json_time(&j, 951'782'399'000'001), "\"2000-02-28T23:59:59.000001+0000\"");
    CHECK_JSON(json_time(&j, 951'782'400'000'000), "\"2000-02-29T00:00:00.000000+0000\"");
    CHECK_JSON(json_time(&j, 951'868'800'000'000), "\"2000-03-01T00:00:00.000000+0000\"");
    CHECK_JSON(json_time(&j, 4'107'542'400'000'000), "\"2100-03-01T00:00:00.000000+0000\"");
    CHECK_JSON(json_time(&j, INT64_MAX), "\"9999-12-31T23:59:59.775807+0000\"");
    CHECK_JSON(json_time(&j, INT64_MIN), "\"0000-01-01T00:00:00.224192+0000\"");
}

// Against the C library, all over the range, and the cached second after each other one.
TEST(times_as_the_c_library_has_them)
{
    for (int64_t second = -62'167'219'200; second < 253'402'300'799;
         second += 7'654'321'987 / 100) {
        struct tm tm;
        time_t t = (time_t)second;
        char want[64];
        gmtime_r(&t, &tm);
        snprintf(want, sizeof want, "\"%04d-%02d-%02dT%02d:%02d:%02d.000007+0000\"",
            tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        CHECK_JSON(json_time(&j, second * 1'000'000 + 7), want);
        memcpy(want + 21, "999999", 6);
        CHECK_JSON(json_time(&j, second * 1'000'000 + 999'999), want);
    }
}

TEST(out_of_memory)
{
    struct json k;
    static const uint8_t long_text[10'000];
    for (int writer = 0; writer < 6; writer++) {
        json_init(&k);
        alloc_fail_at(1);
        switch (writer) {
        case 0: json_text(&k, BYTES("x")); break;
        case 1: json_u64(&k, 1); break;
        case 2: json_hex(&k, BYTES("x")); break;
        case 3: json_time(&k, 1); break;
        case 4: JSON_KEY(&k, "key"); break;
        default:
            json_text(&k, bytes_make(long_text, 1));
            alloc_fail_at(2); // the second piece
            json_text(&k, bytes_make(long_text, sizeof long_text));
        }
        CHECK(k.failed);
        alloc_fail_at(0);
        json_finish(&k);
    }
    json_init(&k);
    CHECK(!json_grow(&k, SIZE_MAX));
    CHECK(k.failed);
    json_finish(&k);
}

TEST(pair_lists)
{
    static const struct json_pair pairs[] = {
        {BYTES("os"), BYTES("a")}, {BYTES("tag"), BYTES("x\"")}, {BYTES("os"), BYTES("b")}};
    json_clear(&j);
    json_open(&j, '{');
    json_pair_lists(&j, pairs, 3);
    json_close(&j, '}');
    CHECK_TEXT(bytes_make(j.data, j.len), "{\"os\":[\"a\",\"b\"],\"tag\":[\"x\\\"\"]}");
    json_clear(&j);
    json_pair_lists(&j, pairs, 0);
    CHECK_EQ(j.len, 0);
}

TEST(finish)
{
    json_finish(&j);
    CHECK(j.data == NULL && j.len == 0);
    json_finish(&j);
}

TEST_MAIN(T(structure), T(escapes), T(escape_at_every_place), T(utf8), T(output_is_always_valid),
    T(long_texts), T(integers), T(doubles), T(addresses), T(times),
    T(times_as_the_c_library_has_them), T(out_of_memory), T(pair_lists), T(finish))
