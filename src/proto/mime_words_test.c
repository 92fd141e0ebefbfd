// SPDX-License-Identifier: Apache-2.0
// Encoded words, parameters and charsets of mail headers, and the transfer encodings.
#include "base/test.h"
#include "proto/mime.h"
#include "proto/mime_codec.h"

static struct pool pool;
static struct arena arena;

static void begin(void)
{
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 1 << 20);
}

static void finish(void)
{
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST(words)
{
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"=?utf-8?Q?a_=3D?= b", "a = b"},
        {"=?utf-8?B?5YCJ?= =?UTF-8?B?5bqr?=", "倉庫"},
        {"=?utf-8?B?5Y==?= =?utf-8?B?gIk=?=", "倉"}, // a character cut in two
        {"=?Shift_JIS?B?k/qWew==?=", "日本"},
        {"=?EUC-JP?B?xvzL3A==?=", "日本"},
        {"=?ISO-2022-JP?B?GyRCRnxLXC1qGyhC?=", "日本㈱"}, // NEC's, in no standard
        {"=?iso-8859-1?Q?caf=E9?=", "café"},
        {"=?none?B?YWJj?=", "abc"},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=?utf-8?Q?open", "=?utf-8?Q?open"},
        {"a =?utf-8?Q?b?=c", "a bc"},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(mime_words(&arena, bytes_from_text(cases[i][0])), cases[i][1]);
    finish();
}

TEST(parameters)
{
    static const char *const cases[][2] = {
        {"a; filename=x.txt; b=c", "x.txt"},
        {"a;filename=\"a;b\\\"c\"", "a;b\"c"},
        {"a; filename=\"C:\\dir\\x.txt\"", "C:\\dir\\x.txt"},
        {"a; filename*=utf-8'ja'%E5%80%89.txt", "倉.txt"},
        {"a; filename*1=b.txt; filename*0=a", "ab.txt"},
        {"a; filename*0*=utf-8''%E5%80; filename*1*=%89", "倉"},
        {"a; filename=old.txt; filename*=utf-8''new.txt", "new.txt"},
        {"a; filename=\"=?utf-8?B?5YCJ?=\"", "倉"},
        {"a; filenames=x", ""},
        {"a; filename=\"open", "open"},
        {";;;;filename*99999999999=x", ""},
        {"", ""},
    };
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(
            mime_parameter(&arena, bytes_from_text(cases[i][0]), BYTES("filename")), cases[i][1]);
    finish();
}

static struct bytes pieces64(struct bytes in, size_t piece, uint8_t *out, bool *invalid)
{
    struct base64 state = {0};
    size_t len = 0;
    for (size_t at = 0; at < in.len; at += piece)
        len += base64_decode(&state, bytes_sub(in, at, piece), &out[len]);
    *invalid = state.invalid;
    return bytes_make(out, len);
}

TEST(base64)
{
    uint8_t out[100];
    bool invalid;
    for (size_t piece = 1; piece < 12; piece++) {
        CHECK_TEXT(pieces64(BYTES("aGVs\r\nbG8="), piece, out, &invalid), "hello");
        CHECK(!invalid);
        CHECK_TEXT(pieces64(BYTES("aGV*sbG8"), piece, out, &invalid), "hel");
        CHECK(invalid);
        CHECK_TEXT(pieces64(BYTES("aGVsbA==bw=="), piece, out, &invalid), "hello");
    }
}

static struct bytes pieces_quoted(struct bytes in, size_t piece, uint8_t *out)
{
    struct quoted state = {0};
    size_t len = 0;
    for (size_t at = 0; at < in.len; at += piece)
        len += quoted_decode(&state, bytes_sub(in, at, piece), &out[len], false);
    return bytes_make(out, len);
}

TEST(quoted)
{
    uint8_t out[100];
    for (size_t piece = 1; piece < 12; piece++) {
        CHECK_TEXT(pieces_quoted(BYTES("a=3D=\r\nb= \t\r\nc_"), piece, out), "a=bc_");
        CHECK_TEXT(pieces_quoted(BYTES("=4x=zz=e5=80=89"), piece, out), "=4x=zz倉");
    }
}

TEST_MAIN(T(words), T(parameters), T(base64), T(quoted))
