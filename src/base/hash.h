// SPDX-License-Identifier: Apache-2.0
// Hashes: seeded ones for tables an attacker feeds, digests for identity. OpenSSL computes digests.
#pragma once
#include "base/bytes.h"

enum { MD5_BYTES = 16, SHA1_BYTES = 20, SHA256_BYTES = 32 };

// Seeded 64-bit hash of any bytes, for hash tables (wyhash construction). Seed it from hash_seed().
uint64_t hash_bytes(struct bytes b, uint64_t seed);

// 64 random bits from the kernel, drawn anew at each call.
uint64_t hash_seed(void);

// Finaliser of MurmurHash3: every input bit reaches every output bit.
static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51'afd7'ed55'8ccdU;
    x ^= x >> 33;
    x *= 0xc4ce'b9fe'1a85'ec53U;
    return x ^ x >> 33;
}

void hash_md5(struct bytes b, uint8_t out[MD5_BYTES]);
void hash_sha1(struct bytes b, uint8_t out[SHA1_BYTES]);
void hash_sha256(struct bytes b, uint8_t out[SHA256_BYTES]);

// Running MD5 and SHA-256 of one file.
struct hash_file;
enum { HASH_FILE_STATE_BYTES = 256 }; // room for one, aligned to 16
struct hash_file *hash_file_init(void *room);
void hash_file_update(struct hash_file *h, struct bytes b);
void hash_file_finish(struct hash_file *h, uint8_t md5[MD5_BYTES], uint8_t sha256[SHA256_BYTES]);

// Lower-case hexadecimal, two characters a byte, no terminator. `out` holds 2 * b.len characters.
void hash_hex(struct bytes b, char *out);
