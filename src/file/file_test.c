// SPDX-License-Identifier: Apache-2.0
// Files: digests over any pieces, gaps, and kinds in libmagic's words.
#include "base/test.h"
#include "file/file.h"

static struct file_result result_of(
    struct bytes data, size_t piece, size_t lost, struct file_kinds *kinds, struct pool *pool)
{
    struct arena arena;
    struct file_result result = {0};
    arena_init(&arena, pool, 8192);
    struct file *file = file_open(&arena, NULL, NULL, BYTES(""));
    CHECK(file != NULL);
    for (size_t at = 0; file && at < data.len; at += piece)
        file_append(file, bytes_sub(data, at, piece));
    if (file)
        file_gap(file, lost);
    if (file)
        file_close(file, true, kinds, &result);
    arena_reset(&arena);
    return result;
}

TEST(digests)
{
    struct pool pool;
    pool_init(&pool, 0);
    struct file_kinds *kinds = file_kinds_create();
    for (size_t piece = 1; piece <= 8; piece++) {
        struct file_result r = result_of(BYTES("hello"), piece, 0, kinds, &pool);
        char md5[32];
        hash_hex(bytes_make(r.md5, MD5_BYTES), md5);
        CHECK_TEXT(bytes_make(md5, 32), "5d41402abc4b2a76b9719d911017c592");
        CHECK_EQ(r.size, 5);
        CHECK(r.hashed && r.complete && !r.gaps);
        CHECK_TEXT(r.magic, "ASCII text, with no line terminators");
    }
    struct file_result r = result_of(BYTES("hello"), 5, 3, kinds, &pool);
    CHECK(!r.hashed && !r.complete && r.gaps);
    CHECK_EQ(r.size, 5);
    r = result_of(BYTES(""), 1, 0, kinds, &pool);
    CHECK(r.hashed && !r.magic.data);
    CHECK_EQ(pool.used_bytes, 0);
    file_kinds_destroy(kinds);
    pool_finish(&pool);
}

TEST(kinds)
{
    static const struct {
        struct bytes head;
        const char *magic, *mime;
    } cases[] = {
#define CASE(head, magic, mime) {{(const uint8_t *)(head), sizeof(head) - 1}, magic, mime}
        CASE("<!DOCTYPE html>\n", "HTML document, ASCII text", "text/html"),
        CASE("\xef\xbb\xbf <html>\r\n",
            "HTML document, Unicode text, UTF-8 (with BOM) text, with CRLF line terminators",
            "text/html"),
        CASE("{ \"a\": 1}\n", "JSON text data", "application/json"),
        CASE("\xe5\x80\x89\n", "Unicode text, UTF-8 text", "text/plain"),
        CASE("caf\xe9\n", "ISO-8859 text", "text/plain"),
        CASE("\xff\xd8\xff\xe0", "JPEG image data", "image/jpeg"),
        CASE("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x60\0\0\0\x30\x08\x06\0\0\0",
            "PNG image data, 96 x 48, 8-bit/color RGBA, non-interlaced", "image/png"),
        CASE("GIF89a\x01\0\x02\0", "GIF image data, version 89a, 1 x 2", "image/gif"),
        CASE("%PDF-1.4\n", "PDF document, version 1.4", "application/pdf"),
        CASE("%PDF-x", "PDF document", "application/pdf"),
        CASE("PK\3\4\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml "
             "word/",
            "Microsoft Word 2007+",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        CASE("PK\3\4", "Zip archive data, at least v0.0 to extract, compression method=store",
            "application/zip"),
        CASE("\x30\x82\x01\xd3\x0a\x01\x00\xa0\x82", "OCSP response", "application/ocsp-response"),
        CASE("\x30\x76\x30\x74\x30\x4d\x30\x4b\x30\x49\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00",
            "OCSP request", "application/ocsp-request"),
        CASE("\r\n--a\r\nContent-Range: bytes 0-1/2\r\n\r\n\x80\xff", "multipart message body",
            "multipart/mixed"),
        // libmagic's answers
        CASE(
            "\x13\x37\xff\xfe\x80\x81\x99\x01\x02\x03\x04\x05", "data", "application/octet-stream"),
        CASE("\x1b\x4c\x75\x61\x53\0\x19\x93\r\n\x1a\n", "Lua bytecode, version 5.3",
            "application/octet-stream"),
    };
    struct file_kinds *kinds = file_kinds_create();
    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct bytes magic, mime;
            file_kinds_find(kinds, cases[i].head, &magic, &mime);
            CHECK_TEXT(magic, cases[i].magic);
            CHECK_TEXT(mime, cases[i].mime);
        }
    file_kinds_destroy(kinds);
}

// The head of a PE file with its header at 0x80.
static struct bytes kind_of(struct file_kinds *kinds, struct bytes head)
{
    struct bytes magic, mime;
    file_kinds_find(kinds, head, &magic, &mime);
    return magic;
}

// Bytes without a mark are data; the same bytes behind libmagic's mark of an LZMA stream are not.
TEST(random_bytes)
{
    uint8_t head[512];
    struct file_kinds *kinds = file_kinds_create();
    CHECK(kinds != NULL);
    for (size_t i = 0; i < sizeof head; i += SHA256_BYTES) {
        uint8_t count = (uint8_t)(i / SHA256_BYTES);
        hash_sha256(bytes_make(&count, 1), &head[i]);
    }
    CHECK_TEXT(kind_of(kinds, bytes_make(head, sizeof head)), "data");
    memcpy(head, "\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00", 14);
    CHECK(bytes_start_with(kind_of(kinds, bytes_make(head, sizeof head)), BYTES("LZMA")));
    file_kinds_destroy(kinds);
}

TEST(executables)
{
    uint8_t head[512] = "MZ";
    memcpy(&head[0x3c], "\x80\0\0\0", 4);
    memcpy(&head[0x80], "PE\0\0\x64\x86\3\0", 8);
    memcpy(&head[0x80 + 4 + 18], "\x22\x20\x0b\x02", 4);
    memcpy(&head[0x80 + 24 + 68], "\2\0", 2);
    struct file_kinds *kinds = file_kinds_create();
    struct bytes magic, mime;
    file_kinds_find(kinds, bytes_make(head, sizeof head), &magic, &mime);
    CHECK_TEXT(magic, "PE32+ executable (DLL) (GUI) x86-64, for MS Windows, 3 sections");
    file_kinds_find(kinds, bytes_make(head, 20), &magic, &mime);
    CHECK(magic.len > 0);
    file_kinds_find(kinds,
        BYTES("\x7f"
              "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0"),
        &magic, &mime);
    CHECK_TEXT(magic, "ELF 64-bit LSB executable, x86-64, version 1");
    file_kinds_destroy(kinds);
}

TEST_MAIN(T(digests), T(kinds), T(random_bytes), T(executables))
