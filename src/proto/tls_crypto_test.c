// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "proto/tls_crypto.h"

static uint8_t room[64];
static struct tls_key key;

// The client's application keys and its close_notify, RFC 8448 3.
static const uint8_t secret[32] =
    "\x9e\x40\x64\x6c\xe7\x9a\x7f\x9d\xc0\x5a\xf8\x88\x9b\xce\x65\x52"
    "\x87\x5a\xfa\x0b\x06\xdf\x00\x87\xf7\x92\xeb\xb7\xc1\x75\x04\xa5";
static const uint8_t sealed[] = "\x17\x03\x03\x00\x13\xc9\x87\x27\x60\x65\x56\x66\xb7\x4d\x7f\xf1"
                                "\x15\x3e\xfd\x6d\xb6\xd0\xb0\xe3";

static void client_keys(void)
{
    CHECK(tls_keys_derive_13(tls_suite_find(0x1301), bytes_make(secret, sizeof secret), &key));
    key.number = 1;
}

TEST(keys_13)
{
    client_keys();
    CHECK(memcmp(key.key, "\x17\x42\x2d\xda\x59\x6e\xd5\xd9\xac\xd8\x90\xe3\xc6\x3f\x50\x51", 16) ==
          0);
    CHECK(memcmp(key.iv, "\x5b\x78\x92\x3d\xee\x08\x57\x90\x33\xe5\x23\xd9", 12) == 0);
}

TEST(record_13)
{
    struct bytes plain;
    client_keys();
    CHECK(tls_record_open(&key, sealed, bytes_make(sealed + 5, 19), room, &plain));
    CHECK(bytes_equal(plain, bytes_make("\x01\x00\x15", 3)));
    CHECK_EQ(key.number, 2);
}

// Nothing opens that was changed, cut or comes in another place.
TEST(record_13_damaged)
{
    struct bytes plain;
    for (size_t i = 0; i < 24; i++) {
        uint8_t damaged[24];
        client_keys();
        memcpy(damaged, sealed, sizeof damaged);
        damaged[i] ^= 1;
        CHECK(!tls_record_open(&key, damaged, bytes_make(damaged + 5, 19), room, &plain));
    }
    for (size_t len = 0; len < 19; len++)
        CHECK(!tls_record_open(&key, sealed, bytes_make(sealed + 5, len), room, &plain));
    key.number = 0;
    CHECK(!tls_record_open(&key, sealed, bytes_make(sealed + 5, 19), room, &plain));
}

// Contents of CBC that are no whole blocks, or too short, are no record.
TEST(record_cbc_damaged)
{
    static const uint8_t header[5] = {23, 3, 3, 0, 64}, data[64] = {1};
    static const uint16_t versions[] = {0x0301, 0x0302, 0x0303};
    struct tls_key keys[2];
    struct bytes plain;
    for (size_t i = 0; i < 2 * sizeof versions / sizeof *versions; i++) {
        struct bytes master = bytes_make(data, TLS_MASTER_BYTES);
        CHECK(
            tls_keys_derive(versions[i / 2], tls_suite_find(0x002f), master, master, i % 2, keys));
        for (size_t len = 0; len <= sizeof data; len++)
            CHECK(!tls_record_open(&keys[0], header, bytes_make(data, len), room, &plain));
        CHECK_EQ(keys[0].number, 0);
    }
}

TEST(unknown_suite)
{
    CHECK(!tls_suite_find(0x0005)); // RC4
}

TEST_MAIN(T(keys_13), T(record_13), T(record_13_damaged), T(record_cbc_damaged), T(unknown_suite))
