// SPDX-License-Identifier: Apache-2.0
#include "proto/hello_test.h"
#include "proto/ja.h"

static struct wire wire;
static struct ja3 ja3;
static char ja4[JA4_TEXT_BYTES];

static struct tls_hello hello_of(const struct hello_parts *parts)
{
    struct tls_hello hello;
    wire.len = 0;
    wire_client_hello(&wire, parts);
    CHECK(tls_hello_client(wire_all(&wire), HELLO_TLS, &hello));
    return hello;
}

// The example of JA3's publication.
TEST(ja3_as_published)
{
    static const uint16_t ciphers[] = {47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4};
    static const uint16_t extensions[] = {0, 10, 11}, groups[] = {23, 24, 25};
    struct hello_parts parts = {.version = TLS_1_0,
        .ciphers = ciphers,
        .cipher_count = 12,
        .groups = groups,
        .group_count = 3,
        .extensions = extensions,
        .extension_count = 3,
        .sni = "example"};
    struct tls_hello hello = hello_of(&parts);
    CHECK(ja3_client(&hello, &ja3));
    CHECK_TEXT(bytes_make(ja3.text, ja3.len),
        "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0");
    CHECK_TEXT(bytes_make(ja3.hash, sizeof ja3.hash), "ada70206e40642a3e4461f35503241d5");
}

TEST(ja3_without_extensions)
{
    static const uint16_t ciphers[] = {4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99};
    struct hello_parts parts = {.version = TLS_1_0, .ciphers = ciphers, .cipher_count = 11};
    struct tls_hello hello = hello_of(&parts);
    CHECK(ja3_client(&hello, &ja3));
    CHECK_TEXT(bytes_make(ja3.text, ja3.len), "769,4-5-10-9-100-98-3-6-19-18-99,,,");
    CHECK_TEXT(bytes_make(ja3.hash, sizeof ja3.hash), "de350869b8c85de67a350c8d186f11e6");
}

TEST(ja4_as_published)
{
    struct tls_hello hello = hello_of(&chrome);
    CHECK(ja4_client(&hello, JA4_TLS, ja4));
    CHECK_TEXT(bytes_make(ja4, sizeof ja4), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    CHECK(ja4_client(&hello, JA4_QUIC, ja4));
    CHECK_TEXT(bytes_make(ja4, 3), "q13");
}

TEST(ja4_of_nothing)
{
    struct hello_parts parts = {.version = TLS_1_1};
    struct tls_hello hello = hello_of(&parts);
    CHECK(ja4_client(&hello, JA4_TLS, ja4));
    CHECK_TEXT(bytes_make(ja4, sizeof ja4), "t11i000000_000000000000_000000000000");
}

TEST(ja4_alpn)
{
    static const struct {
        struct bytes alpn;
        const char *text;
    } cases[] = {
        {BYTES("\x02h3"), "h3"},
        {BYTES("\x01h"), "hh"},
        {BYTES("\x08http/1.1"), "h1"},
        {BYTES("\x01\xab"), "ab"},
        {BYTES("\x02\xab\xcd"), "ad"},
        {BYTES("\x02\x30\xab"), "3b"},
        {BYTES("\x04\x30\x31\xab\xcd"), "3d"},
        {BYTES("\x04\x30\xab\xcd\x31"), "01"},
        {BYTES(""), "00"},
        {BYTES("\x00"), "00"},
    };
    struct hello_parts parts = chrome;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        parts.alpn = cases[i].alpn;
        struct tls_hello hello = hello_of(&parts);
        CHECK(ja4_client(&hello, JA4_TLS, ja4));
        CHECK_TEXT(bytes_make(ja4 + 8, 2), cases[i].text);
    }
}

TEST(ja4_counts_stop_at_99)
{
    static uint16_t many[TLS_HELLO_LIST_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (uint16_t)(0xc000 + i);
    struct hello_parts parts = {.version = TLS_1_2, .ciphers = many, .cipher_count = 300};
    struct tls_hello hello = hello_of(&parts);
    CHECK(ja4_client(&hello, JA4_TLS, ja4));
    CHECK_TEXT(bytes_make(ja4, 8), "t12i9900");
    parts.cipher_count = COUNT_OF(many);
    hello = hello_of(&parts);
    CHECK(hello.too_long);
    CHECK(!ja4_client(&hello, JA4_TLS, ja4));
    CHECK(!ja3_client(&hello, &ja3));
}

TEST(ja3_of_the_longest_lists)
{
    static uint16_t many[TLS_HELLO_LIST_MAX];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (uint16_t)(65'000 + i % 500); // five digits each, none GREASE
    struct hello_parts parts = {.version = TLS_1_2,
        .ciphers = many,
        .cipher_count = COUNT_OF(many),
        .extensions = many,
        .extension_count = COUNT_OF(many)};
    struct tls_hello hello = hello_of(&parts);
    CHECK(ja3_client(&hello, &ja3));
    CHECK(ja3.len > 6000 && ja3.len < JA3_TEXT_BYTES);
    CHECK(ja4_client(&hello, JA4_TLS, ja4));
}

TEST(ja3_server)
{
    struct tls_hello hello;
    wire.len = 0;
    wire_server_hello(&wire, TLS_1_3, 0x1302, false);
    CHECK(tls_hello_server(wire_all(&wire), &hello));
    CHECK(ja3_server(&hello, &ja3));
    CHECK_TEXT(bytes_make(ja3.text, ja3.len), "771,4866,43");
    CHECK_EQ(tls_hello_version(&hello), TLS_1_3);
}

// Cut anywhere, a hello is none; no byte of it may be trusted.
TEST(hello_cut_and_bent)
{
    struct tls_hello hello = hello_of(&chrome);
    static uint8_t copy[4096];
    for (size_t len = 0; len < wire.len; len++)
        CHECK(!tls_hello_client(bytes_make(wire.data, len), HELLO_TLS, &hello) ||
              len == 71); // before the extensions
    for (size_t at = 0; at < wire.len; at++) {
        memcpy(copy, wire.data, wire.len);
        copy[at] ^= 0xff;
        if (tls_hello_client(bytes_make(copy, wire.len), HELLO_TLS, &hello) &&
            ja3_client(&hello, &ja3))
            CHECK(ja4_client(&hello, JA4_TLS, ja4));
    }
}

TEST_MAIN(T(ja3_as_published), T(ja3_without_extensions), T(ja4_as_published), T(ja4_of_nothing),
    T(ja4_alpn), T(ja4_counts_stop_at_99), T(ja3_of_the_longest_lists), T(ja3_server),
    T(hello_cut_and_bent))
