// SPDX-License-Identifier: Apache-2.0
// Digests: vectors of RFC 1321 (MD5) and FIPS 180 (SHA). hash_bytes has no reference of its own;
// tested is what tables need of it.
#include "base/hash.h"
#include "base/test.h"
#include <stdlib.h>

static void check_digest(const uint8_t *digest, size_t len, const char *want)
{
    char hex[2 * SHA256_BYTES];
    hash_hex(bytes_make(digest, len), hex);
    CHECK_TEXT(bytes_make(hex, 2 * len), want);
}

TEST(digests)
{
    uint8_t md5[MD5_BYTES], sha1[SHA1_BYTES], sha256[SHA256_BYTES];
    hash_md5((struct bytes){NULL, 0}, md5);
    check_digest(md5, sizeof md5, "d41d8cd98f00b204e9800998ecf8427e");
    hash_md5(BYTES("message digest"), md5);
    check_digest(md5, sizeof md5, "f96b697d7cb7938d525a2f31aaf161d0");
    hash_sha1((struct bytes){NULL, 0}, sha1);
    check_digest(sha1, sizeof sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    hash_sha1(BYTES("abc"), sha1);
    check_digest(sha1, sizeof sha1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    hash_sha256((struct bytes){NULL, 0}, sha256);
    check_digest(
        sha256, sizeof sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256(BYTES("abc"), sha256);
    check_digest(
        sha256, sizeof sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(a_file_in_pieces)
{
    _Alignas(16) uint8_t room[HASH_FILE_STATE_BYTES];
    uint8_t md5[MD5_BYTES], sha256[SHA256_BYTES], want_md5[MD5_BYTES], want_sha256[SHA256_BYTES];
    uint8_t content[1000];
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7);
    struct bytes whole = bytes_make(content, sizeof content);
    hash_md5(whole, want_md5);
    hash_sha256(whole, want_sha256);
    for (size_t piece = 1; piece < 130; piece++) {
        struct hash_file *h = hash_file_init(room);
        hash_file_update(h, (struct bytes){NULL, 0});
        for (size_t at = 0; at < whole.len; at += piece)
            hash_file_update(h, bytes_sub(whole, at, piece));
        hash_file_finish(h, md5, sha256);
        CHECK(memcmp(md5, want_md5, sizeof md5) == 0);
        CHECK(memcmp(sha256, want_sha256, sizeof sha256) == 0);
    }
}

// The same bytes give the same hash wherever they lie, and nothing beside them is read: each
// length sits at the end of its own allocation, where AddressSanitizer watches.
TEST(unaligned_and_bounded)
{
    for (size_t len = 0; len <= 100; len++) {
        uint64_t want = 0;
        for (size_t shift = 0; shift < 17; shift++) {
            uint8_t *memory = malloc(shift + len + 1);
            memory = realloc(memory, shift + len ? shift + len : 1);
            for (size_t i = 0; i < len; i++)
                memory[shift + i] = (uint8_t)(i * 31 + 1);
            uint64_t got = hash_bytes(bytes_make(memory + shift, len), 99);
            CHECK(shift == 0 || got == want);
            want = got;
            free(memory);
        }
    }
    CHECK(hash_bytes((struct bytes){NULL, 0}, 1) == hash_bytes(BYTES(""), 1));
}

// Keys of one repeated byte differ by length alone.
TEST(length_counts)
{
    static const uint8_t zeros[200];
    uint64_t seen[200];
    for (size_t len = 0; len < 200; len++) {
        seen[len] = hash_bytes(bytes_make(zeros, len), 5);
        for (size_t i = 0; i < len; i++)
            CHECK(seen[i] != seen[len]);
    }
}

// Flipping any one input or seed bit flips each output bit about half the time.
TEST(every_bit_matters)
{
    for (size_t len = 1; len <= 48; len++) {
        uint8_t key[48];
        unsigned flips = 0, rounds = 0;
        for (size_t i = 0; i < len; i++)
            key[i] = (uint8_t)(i * 11 + len);
        uint64_t before = hash_bytes(bytes_make(key, len), 0x1234);
        for (size_t bit = 0; bit < 8 * len; bit++, rounds++) {
            key[bit / 8] ^= (uint8_t)(1 << bit % 8);
            unsigned flipped =
                (unsigned)__builtin_popcountll(before ^ hash_bytes(bytes_make(key, len), 0x1234));
            key[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK(flipped >= 8 && flipped <= 56);
            flips += flipped;
        }
        CHECK(flips > 28 * rounds && flips < 36 * rounds);
    }
    for (unsigned bit = 0; bit < 64; bit++)
        CHECK(hash_bytes(BYTES("x"), 7) != hash_bytes(BYTES("x"), 7 ^ 1ULL << bit));
}

// Sequential keys, as addresses and ports are, spread over buckets as random ones would.
TEST(buckets_fill_evenly)
{
    enum { BUCKETS = 1024, KEYS = 64 * BUCKETS };
    static unsigned count[BUCKETS];
    const uint64_t seed = hash_seed();
    unsigned most = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        unsigned n = ++count[hash_bytes(bytes_make(&key, sizeof key), seed) % BUCKETS];
        most = n > most ? n : most;
    }
    CHECK(most < 64 + 8 * 7); // 64 expected, standard deviation 8
}

// Words equal to a constant of the construction used to make a product zero and all keys collide.
TEST(constants_as_keys)
{
    static const uint64_t constants[] = {
        0xb7e1'5162'8aed'2a6bU, 0x243f'6a88'85a3'08d3U, 0x6a09'e667'f3bc'c909U, 0, UINT64_MAX};
    for (size_t c = 0; c < sizeof constants / sizeof *constants; c++) {
        uint64_t first[4] = {constants[c], 1, 1, 1}, second[4] = {constants[c], 2, 1, 1};
        CHECK(hash_bytes(bytes_make(first, 16), 3) != hash_bytes(bytes_make(second, 16), 3));
        CHECK(hash_bytes(bytes_make(first, 32), 3) != hash_bytes(bytes_make(second, 32), 3));
    }
}

TEST(seeds_differ)
{
    CHECK(hash_seed() != hash_seed());
}

TEST(hex)
{
    char out[8] = "zzzzzzz";
    hash_hex(bytes_make("\x00\xff\x1a", 3), out);
    CHECK_TEXT(bytes_make(out, 7), "00ff1az");
}

TEST_MAIN(T(digests), T(a_file_in_pieces), T(unaligned_and_bounded), T(length_counts),
    T(every_bit_matters), T(buckets_fill_evenly), T(constants_as_keys), T(seeds_differ), T(hex))
