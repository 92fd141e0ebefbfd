// SPDX-License-Identifier: Apache-2.0
// hash_bytes folds 128-bit products, the construction wyhash made known: fast on short keys, and
// unpredictable to who doesn't know the seed. The digests use OpenSSL's low-level functions, since
// the EVP ones look the algorithm up and allocate at each call.
#include "base/hash.h"
#include <assert.h>
#include <errno.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/random.h>

// Odd constants with as many ones as zeros and no pattern: fractional parts of e, pi, sqrt(2).
static const uint64_t key_a = 0xb7e1'5162'8aed'2a6bU;
static const uint64_t key_b = 0x243f'6a88'85a3'08d3U;
static const uint64_t key_c = 0x6a09'e667'f3bc'c909U;

enum { LANES_BYTES = 48 };

static uint64_t load_u64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    return v;
}

static uint64_t load_u32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return v;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// Up to 16 bytes as two words; reads overlap instead of running past the end.
static void load_short(struct bytes b, uint64_t *low, uint64_t *high)
{
    *low = *high = 0;
    if (b.len >= 8) {
        *low = load_u64(b.data);
        *high = load_u64(b.data + b.len - 8);
    } else if (b.len >= 4) {
        *low = load_u32(b.data);
        *high = load_u32(b.data + b.len - 4);
    } else if (b.len > 0) {
        *low = (uint64_t)b.data[0] << 16 | (uint64_t)b.data[b.len / 2] << 8 | b.data[b.len - 1];
    }
}

// All but the last 48 bytes or fewer.
static uint64_t fold_lanes(const uint8_t **at, size_t *left, uint64_t secret, uint64_t state)
{
    uint64_t lane_a = state, lane_b = state;
    for (; *left > LANES_BYTES; *at += LANES_BYTES, *left -= LANES_BYTES) {
        state = fold(load_u64(*at) ^ secret, load_u64(*at + 8) ^ state);
        lane_a = fold(load_u64(*at + 16) ^ secret ^ key_a, load_u64(*at + 24) ^ lane_a);
        lane_b = fold(load_u64(*at + 32) ^ secret ^ key_b, load_u64(*at + 40) ^ lane_b);
    }
    return state ^ lane_a ^ lane_b;
}

uint64_t hash_bytes(struct bytes b, uint64_t seed)
{
    // Both factors of every product hold a secret: against a known one, keys that make it zero
    // would all collide.
    const uint64_t secret = fold(seed ^ key_a, key_b);
    uint64_t low, high, state = seed ^ key_c;
    const uint8_t *at = b.data;
    size_t left = b.len;
    if (left > LANES_BYTES) // three products at a time: each waits for the one before it
        state = fold_lanes(&at, &left, secret, state);
    for (; left > 16; at += 16, left -= 16)
        state = fold(load_u64(at) ^ secret, load_u64(at + 8) ^ state);
    if (b.len > 16) { // the last 16 bytes, again in part
        low = load_u64(at + left - 16);
        high = load_u64(at + left - 8);
    } else {
        load_short(b, &low, &high);
    }
    return fold(key_b ^ b.len, fold(low ^ secret, high ^ state));
}

uint64_t hash_seed(void)
{
    uint64_t seed;
    ssize_t got;
    do
        got = getrandom(&seed, sizeof seed, 0);
    while (got < 0 && errno == EINTR);
    if (got != sizeof seed)
        abort(); // a table without a secret seed can be flooded
    return seed;
}

void hash_md5(struct bytes b, uint8_t out[MD5_BYTES])
{
    MD5_CTX state;
    MD5_Init(&state);
    MD5_Update(&state, b.data, b.len);
    MD5_Final(out, &state);
}

void hash_sha1(struct bytes b, uint8_t out[SHA1_BYTES])
{
    SHA_CTX state;
    SHA1_Init(&state);
    SHA1_Update(&state, b.data, b.len);
    SHA1_Final(out, &state);
}

void hash_sha256(struct bytes b, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, b.data, b.len);
    SHA256_Final(out, &state);
}

struct hash_file {
    MD5_CTX md5;
    SHA256_CTX sha256;
};
_Static_assert(sizeof(struct hash_file) <= HASH_FILE_STATE_BYTES, "state fits its room");

struct hash_file *hash_file_init(void *room)
{
    struct hash_file *h = room;
    MD5_Init(&h->md5);
    SHA256_Init(&h->sha256);
    return h;
}

void hash_file_update(struct hash_file *h, struct bytes b)
{
    MD5_Update(&h->md5, b.data, b.len);
    SHA256_Update(&h->sha256, b.data, b.len);
}

void hash_file_finish(struct hash_file *h, uint8_t md5[MD5_BYTES], uint8_t sha256[SHA256_BYTES])
{
    MD5_Final(md5, &h->md5);
    SHA256_Final(sha256, &h->sha256);
}

void hash_hex(struct bytes b, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.len; i++) {
        *out++ = digits[b.data[i] >> 4];
        *out++ = digits[b.data[i] & 15];
    }
}
