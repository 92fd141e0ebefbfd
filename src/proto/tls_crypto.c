// SPDX-License-Identifier: Apache-2.0
// Record protection of TLS 1.0 to 1.3: the PRF (RFC 5246 5), HKDF-Expand-Label (RFC 8446 7.1),
// AES-GCM (RFC 5288), ChaCha20-Poly1305 (RFC 7905), AES-CBC with HMAC in both orders (RFC 5246
// 6.2.3.2, RFC 7366). Ignores: CCM, RC4, 3DES, Camellia, compression.
#include "proto/tls_crypto.h"
#include "base/cursor.h"
#include "proto/tls_hello.h"
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

enum { TAG_BYTES = 16, EXPLICIT_NONCE_BYTES = 8, NONCE_BYTES = 12, BLOCK_BYTES = 16 };

#define GCM(id, bits, hash, rsa)                                                                   \
    {                                                                                              \
        id, PROTECT_AEAD, "AES-" #bits "-GCM", NULL, hash, bits / 8, 4, 0, rsa                     \
    }
#define CHACHA(id)                                                                                 \
    {                                                                                              \
        id, PROTECT_AEAD, "ChaCha20-Poly1305", NULL, "SHA256", 32, 12, 0, false                    \
    }
#define CBC(id, bits, mac, mac_bytes, hash, rsa)                                                   \
    {                                                                                              \
        id, PROTECT_CBC, "AES-" #bits "-CBC", mac, hash, bits / 8, BLOCK_BYTES, mac_bytes, rsa     \
    }

static const struct tls_suite suites[] = {
    CBC(0x002f, 128, "SHA1", 20, "SHA256", true), // TLS_RSA_WITH_AES_128_CBC_SHA
    CBC(0x0033, 128, "SHA1", 20, "SHA256", false),
    CBC(0x0035, 256, "SHA1", 20, "SHA256", true),
    CBC(0x0039, 256, "SHA1", 20, "SHA256", false),
    CBC(0x003c, 128, "SHA256", 32, "SHA256", true), // TLS_RSA_WITH_AES_128_CBC_SHA256
    CBC(0x003d, 256, "SHA256", 32, "SHA256", true),
    CBC(0x0067, 128, "SHA256", 32, "SHA256", false),
    CBC(0x006b, 256, "SHA256", 32, "SHA256", false),
    GCM(0x009c, 128, "SHA256", true), // TLS_RSA_WITH_AES_128_GCM_SHA256
    GCM(0x009d, 256, "SHA384", true),
    GCM(0x009e, 128, "SHA256", false),
    GCM(0x009f, 256, "SHA384", false),
    GCM(0x1301, 128, "SHA256", false), // TLS 1.3, whose nonces are twelve bytes of IV
    GCM(0x1302, 256, "SHA384", false),
    CHACHA(0x1303),
    CBC(0xc009, 128, "SHA1", 20, "SHA256", false), // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
    CBC(0xc00a, 256, "SHA1", 20, "SHA256", false),
    CBC(0xc013, 128, "SHA1", 20, "SHA256", false),
    CBC(0xc014, 256, "SHA1", 20, "SHA256", false),
    CBC(0xc023, 128, "SHA256", 32, "SHA256", false),
    CBC(0xc024, 256, "SHA384", 48, "SHA384", false),
    CBC(0xc027, 128, "SHA256", 32, "SHA256", false),
    CBC(0xc028, 256, "SHA384", 48, "SHA384", false),
    GCM(0xc02b, 128, "SHA256", false),
    GCM(0xc02c, 256, "SHA384", false),
    GCM(0xc02f, 128, "SHA256", false),
    GCM(0xc030, 256, "SHA384", false),
    CHACHA(0xcca8),
    CHACHA(0xcca9),
    CHACHA(0xccaa),
};

const struct tls_suite *tls_suite_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

// --- keys -------------------------------------------------------------------------------------

static const char *hash_of(uint16_t version, const struct tls_suite *suite)
{
    return version < TLS_1_2 ? "MD5-SHA1" : suite->hash;
}

static bool kdf(const char *name, const OSSL_PARAM *params, uint8_t *out, size_t len)
{
    EVP_KDF *fetched = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *ctx = fetched ? EVP_KDF_CTX_new(fetched) : NULL;
    bool good = ctx && EVP_KDF_derive(ctx, out, len, params) > 0;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(fetched);
    return good;
}

// A parameter for OpenSSL, which reads it only.
static OSSL_PARAM octets(const char *name, struct bytes value)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)value.data, value.len);
}

static OSSL_PARAM utf8(const char *name, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)value, 0);
}

static bool prf(const char *hash, struct bytes secret, struct bytes label, struct bytes seed,
    uint8_t *out, size_t len)
{
    OSSL_PARAM params[] = {
        utf8(OSSL_KDF_PARAM_DIGEST, hash),
        octets(OSSL_KDF_PARAM_SECRET, secret),
        octets(OSSL_KDF_PARAM_SEED, label),
        octets(OSSL_KDF_PARAM_SEED, seed), // joined to the label
        OSSL_PARAM_construct_end(),
    };
    return kdf("TLS1-PRF", params, out, len);
}

bool tls_master_derive(uint16_t version, const struct tls_suite *suite, struct bytes premaster,
    bool extended, struct bytes seed, uint8_t out[TLS_MASTER_BYTES])
{
    struct bytes label = extended ? BYTES("extended master secret") : BYTES("master secret");
    return prf(hash_of(version, suite), premaster, label, seed, out, TLS_MASTER_BYTES);
}

size_t tls_session_hash(uint16_t version, const struct tls_suite *suite, struct bytes messages,
    uint8_t out[TLS_HASH_MAX_BYTES])
{
    size_t len = 0;
    bool good =
        EVP_Q_digest(NULL, hash_of(version, suite), NULL, messages.data, messages.len, out, &len);
    return good ? len : 0;
}

// What one side takes of the key block, or nothing where the part is not used.
static void part_take(struct cursor *c, uint8_t *client, uint8_t *server, size_t len)
{
    struct bytes first = cursor_take(c, len), second = cursor_take(c, len);
    if (len > 0) {
        memcpy(client, first.data, len);
        memcpy(server, second.data, len);
    }
}

bool tls_keys_derive(uint16_t version, const struct tls_suite *suite, struct bytes master,
    struct bytes seed, bool mac_outside, struct tls_key out[2])
{
    uint8_t block[2 * (TLS_KEY_MAX_BYTES + TLS_IV_MAX_BYTES + TLS_MAC_MAX_BYTES)];
    size_t len = 2 * ((size_t)suite->key_bytes + suite->iv_bytes + suite->mac_bytes);
    memset(out, 0, 2 * sizeof *out);
    if (!prf(hash_of(version, suite), master, BYTES("key expansion"), seed, block, len))
        return false;
    struct cursor c = cursor_make(bytes_make(block, len));
    part_take(&c, out[0].mac, out[1].mac, suite->mac_bytes);
    part_take(&c, out[0].key, out[1].key, suite->key_bytes);
    part_take(&c, out[0].iv, out[1].iv, suite->iv_bytes);
    OPENSSL_cleanse(block, sizeof block);
    for (size_t i = 0; i < 2; i++) {
        out[i].suite = suite;
        out[i].version = version;
        out[i].mac_outside = mac_outside;
    }
    return true;
}

// HKDF-Expand-Label without context.
static bool expand(const struct tls_suite *suite, struct bytes secret, struct bytes label,
    uint8_t *out, size_t len)
{
    uint8_t info[32] = {0, (uint8_t)len, (uint8_t)(6 + label.len), 't', 'l', 's', '1', '3', ' '};
    memcpy(info + 9, label.data, label.len); // a zero for the empty context follows
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
        utf8(OSSL_KDF_PARAM_DIGEST, suite->hash),
        octets(OSSL_KDF_PARAM_KEY, secret),
        octets(OSSL_KDF_PARAM_INFO, bytes_make(info, 10 + label.len)),
        OSSL_PARAM_construct_end(),
    };
    return kdf("HKDF", params, out, len);
}

bool tls_keys_derive_13(const struct tls_suite *suite, struct bytes secret, struct tls_key *out)
{
    memset(out, 0, sizeof *out);
    out->suite = suite;
    out->version = TLS_1_3;
    return expand(suite, secret, BYTES("key"), out->key, suite->key_bytes) &&
           expand(suite, secret, BYTES("iv"), out->iv, NONCE_BYTES);
}

bool tls_secret_update(const struct tls_suite *suite, uint8_t *secret, size_t len)
{
    uint8_t next[TLS_SECRET_MAX_BYTES];
    bool good = len <= sizeof next &&
                expand(suite, bytes_make(secret, len), BYTES("traffic upd"), next, len);
    if (good)
        memcpy(secret, next, len);
    OPENSSL_cleanse(next, sizeof next);
    return good;
}

// --- records ----------------------------------------------------------------------------------

static void put_number(uint8_t *out, uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

// What the protection also covers: number and header, whose length is then that of `len`.
static void put_covered(
    uint8_t out[13], const struct tls_key *key, const uint8_t header[5], size_t len)
{
    put_number(out, key->number);
    memcpy(out + 8, header, 3);
    out[11] = (uint8_t)(len >> 8);
    out[12] = (uint8_t)len;
}

struct sealed {
    uint8_t nonce[NONCE_BYTES];
    uint8_t covered[13];
    size_t covered_len;
    struct bytes cipher, tag;
};

static bool aead_open(
    const struct tls_key *key, const struct sealed *s, uint8_t *room, struct bytes *plain)
{
    uint8_t tag[TAG_BYTES];
    int n = 0, end = 0;
    memcpy(tag, s->tag.data, sizeof tag);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, key->suite->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = cipher && ctx && EVP_DecryptInit_ex2(ctx, cipher, key->key, s->nonce, NULL) &&
                EVP_DecryptUpdate(ctx, NULL, &n, s->covered, (int)s->covered_len) &&
                EVP_DecryptUpdate(ctx, room, &n, s->cipher.data, (int)s->cipher.len) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) &&
                EVP_DecryptFinal_ex(ctx, room + n, &end) > 0;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    *plain = bytes_make(room, s->cipher.len);
    return good;
}

// The nonce is the IV and the number (RFC 8446 5.3), or, for GCM before 1.3, the salt and eight
// bytes of the record (RFC 5288 3).
static bool aead_record(struct tls_key *key, const uint8_t header[5], struct bytes content,
    uint8_t *room, struct bytes *plain)
{
    struct sealed s;
    struct cursor c = cursor_make(content);
    memcpy(s.nonce, key->iv, NONCE_BYTES);
    bool in_record = key->version != TLS_1_3 && key->suite->iv_bytes < NONCE_BYTES;
    struct bytes nonce = cursor_take(&c, in_record ? EXPLICIT_NONCE_BYTES : 0);
    if (cursor_left(&c) < TAG_BYTES)
        return false;
    s.cipher = cursor_take(&c, cursor_left(&c) - TAG_BYTES);
    s.tag = cursor_take(&c, TAG_BYTES);
    if (in_record) {
        memcpy(s.nonce + key->suite->iv_bytes, nonce.data, nonce.len);
    } else {
        uint8_t number[8];
        put_number(number, key->number);
        for (size_t i = 0; i < sizeof number; i++)
            s.nonce[NONCE_BYTES - sizeof number + i] ^= number[i];
    }
    s.covered_len = key->version == TLS_1_3 ? 5 : 13;
    if (key->version == TLS_1_3)
        memcpy(s.covered, header, 5);
    else
        put_covered(s.covered, key, header, s.cipher.len);
    return aead_open(key, &s, room, plain);
}

// HMAC over number, header and data (RFC 5246 6.2.3.1).
static bool mac_is_right(
    const struct tls_key *key, const uint8_t header[5], struct bytes data, struct bytes mac)
{
    uint8_t covered[13], right[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    put_covered(covered, key, header, data.len);
    EVP_MD *md = EVP_MD_fetch(NULL, key->suite->mac, NULL);
    HMAC_CTX *ctx = HMAC_CTX_new();
    bool good = md && ctx && HMAC_Init_ex(ctx, key->mac, key->suite->mac_bytes, md, NULL) &&
                HMAC_Update(ctx, covered, sizeof covered) &&
                HMAC_Update(ctx, data.data, data.len) && HMAC_Final(ctx, right, &len);
    HMAC_CTX_free(ctx);
    EVP_MD_free(md);
    return good && len == mac.len && CRYPTO_memcmp(right, mac.data, len) == 0;
}

static bool cbc_decrypt(
    const struct tls_key *key, const uint8_t *iv, struct bytes data, uint8_t *room)
{
    int n = 0;
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, key->suite->cipher, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = cipher && ctx && EVP_DecryptInit_ex2(ctx, cipher, key->key, iv, NULL) &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) &&
                EVP_DecryptUpdate(ctx, room, &n, data.data, (int)data.len) && (size_t)n == data.len;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return good;
}

// The last byte says how many of the same stand before it. The length without them; SIZE_MAX: bad.
static size_t padding_strip(struct bytes data)
{
    uint8_t padding = bytes_at(data, data.len - 1);
    if (data.len < (size_t)padding + 1)
        return SIZE_MAX;
    for (size_t i = 0; i <= padding; i++)
        if (bytes_at(data, data.len - 1 - i) != padding)
            return SIZE_MAX;
    return data.len - padding - 1;
}

static bool cbc_record(struct tls_key *key, const uint8_t header[5], struct bytes content,
    uint8_t *room, struct bytes *plain)
{
    size_t mac_bytes = key->suite->mac_bytes;
    if (key->mac_outside) {
        if (content.len < mac_bytes)
            return false;
        struct bytes mac = bytes_from(content, content.len - mac_bytes);
        content.len -= mac_bytes;
        if (!mac_is_right(key, header, content, mac))
            return false;
    }
    struct cursor c = cursor_make(content);
    // Since 1.1 the IV stands in front of the record; before, it is the last block of the one
    // before.
    struct bytes iv =
        key->version > TLS_1_0 ? cursor_take(&c, BLOCK_BYTES) : bytes_make(key->iv, BLOCK_BYTES);
    struct bytes data = cursor_rest(&c);
    if (!cursor_ok(&c) || data.len == 0 || data.len % BLOCK_BYTES != 0 ||
        !cbc_decrypt(key, iv.data, data, room))
        return false;
    memcpy(key->iv, bytes_from(data, data.len - BLOCK_BYTES).data, BLOCK_BYTES);
    size_t len = padding_strip(bytes_make(room, data.len));
    if (len == SIZE_MAX || (!key->mac_outside && len < mac_bytes))
        return false;
    *plain = bytes_make(room, key->mac_outside ? len : len - mac_bytes);
    return key->mac_outside ||
           mac_is_right(key, header, *plain, bytes_make(room + plain->len, mac_bytes));
}

bool tls_record_open(struct tls_key *key, const uint8_t header[5], struct bytes content,
    uint8_t *room, struct bytes *plain)
{
    bool good = key->suite->protection == PROTECT_CBC
                    ? cbc_record(key, header, content, room, plain)
                    : aead_record(key, header, content, room, plain);
    key->number += good;
    return good;
}
