// SPDX-License-Identifier: Apache-2.0
// Initial protection: HKDF-SHA256 (RFC 5869, RFC 8446 7.1), header protection with AES-128-ECB
// (RFC 9001 5.4), payload with AES-128-GCM (5.3). OpenSSL does the arithmetic; its algorithms are
// fetched and its contexts made once a thread, for fetching costs more than all of the rest.
#include "proto/quic_crypto.h"
#include "base/cursor.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>

enum { NUMBER_MAX_BYTES = 4, LABEL_MAX_BYTES = 64 };

struct tools {
    EVP_MD *sha256;
    EVP_CIPHER *ecb, *gcm;
    HMAC_CTX *hmac;
    EVP_CIPHER_CTX *hp, *aead;
};

static pthread_key_t tools_key;
static pthread_once_t tools_once = PTHREAD_ONCE_INIT;

static void tools_destroy(void *p)
{
    struct tools *t = p;
    HMAC_CTX_free(t->hmac);
    EVP_CIPHER_CTX_free(t->hp);
    EVP_CIPHER_CTX_free(t->aead);
    EVP_CIPHER_free(t->ecb);
    EVP_CIPHER_free(t->gcm);
    EVP_MD_free(t->sha256);
    free(t);
}

static void tools_key_create(void)
{
    if (pthread_key_create(&tools_key, tools_destroy) != 0)
        abort();
}

static struct tools *tools_create(void)
{
    struct tools *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    t->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    t->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    t->hmac = HMAC_CTX_new();
    t->hp = EVP_CIPHER_CTX_new();
    t->aead = EVP_CIPHER_CTX_new();
    if (t->sha256 && t->ecb && t->gcm && t->hmac && t->hp && t->aead &&
        EVP_EncryptInit_ex(t->hp, t->ecb, NULL, NULL, NULL) &&
        EVP_DecryptInit_ex(t->aead, t->gcm, NULL, NULL, NULL) &&
        pthread_setspecific(tools_key, t) == 0)
        return t;
    tools_destroy(t);
    return NULL;
}

// This thread's; NULL when the machine is out of memory.
static struct tools *tools_get(void)
{
    pthread_once(&tools_once, tools_key_create);
    struct tools *t = pthread_getspecific(tools_key);
    return t ? t : tools_create();
}

static bool hmac(struct tools *t, struct bytes key, struct bytes data, uint8_t out[32])
{
    return HMAC_Init_ex(t->hmac, key.data, (int)key.len, t->sha256, NULL) &&
           HMAC_Update(t->hmac, data.data, data.len) && HMAC_Final(t->hmac, out, NULL);
}

// HKDF-Expand-Label (RFC 8446 7.1) without context, for at most one block of output.
static bool expand(
    struct tools *t, struct bytes secret, struct bytes label, uint8_t *out, size_t len)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[LABEL_MAX_BYTES], block[32];
    size_t n = 0;
    info[n++] = 0;
    info[n++] = (uint8_t)len;
    info[n++] = (uint8_t)(sizeof prefix - 1 + label.len);
    memcpy(info + n, prefix, sizeof prefix - 1);
    n += sizeof prefix - 1;
    memcpy(info + n, label.data, label.len);
    n += label.len;
    info[n++] = 0; // no context
    info[n++] = 1; // first block
    if (!hmac(t, secret, bytes_make(info, n), block))
        return false;
    memcpy(out, block, len);
    return true;
}

bool quic_secrets_derive(
    const uint8_t salt[QUIC_SALT_BYTES], struct bytes cid, struct quic_secrets *out)
{
    uint8_t initial[32];
    struct tools *t = tools_get();
    if (!t || !hmac(t, bytes_make(salt, QUIC_SALT_BYTES), cid, initial))
        return false;
    struct bytes secret = bytes_make(initial, sizeof initial);
    return expand(t, secret, BYTES("client in"), out->client, sizeof out->client) &&
           expand(t, secret, BYTES("server in"), out->server, sizeof out->server);
}

bool quic_keys_derive(const uint8_t secret[32], enum quic_form form, struct quic_keys *out)
{
    static const struct bytes labels[2][3] = {
        {BYTES("quic key"), BYTES("quic iv"), BYTES("quic hp")},
        {BYTES("quicv2 key"), BYTES("quicv2 iv"), BYTES("quicv2 hp")},
    };
    struct bytes s = bytes_make(secret, 32);
    struct tools *t = tools_get();
    return t && expand(t, s, labels[form][0], out->key, sizeof out->key) &&
           expand(t, s, labels[form][1], out->iv, sizeof out->iv) &&
           expand(t, s, labels[form][2], out->hp, sizeof out->hp);
}

// The five bytes that say how the first byte and the packet number are masked (RFC 9001 5.4.1).
static bool header_mask(
    struct tools *t, const struct quic_keys *keys, struct bytes sample, uint8_t mask[16])
{
    int n = 0;
    return EVP_EncryptInit_ex(t->hp, NULL, NULL, keys->hp, NULL) &&
           EVP_CIPHER_CTX_set_padding(t->hp, 0) &&
           EVP_EncryptUpdate(t->hp, mask, &n, sample.data, QUIC_SAMPLE_BYTES) && n == 16;
}

struct opened {
    struct bytes header; // with its masks taken off
    struct bytes cipher;
    struct bytes tag;
    uint8_t nonce[12];
};

static bool payload_open(
    struct tools *t, const struct quic_keys *keys, const struct opened *o, uint8_t *out)
{
    uint8_t tag[QUIC_TAG_BYTES], rest[16];
    int n = 0;
    memcpy(tag, o->tag.data, sizeof tag);
    return EVP_DecryptInit_ex(t->aead, NULL, NULL, keys->key, o->nonce) &&
           EVP_DecryptUpdate(t->aead, NULL, &n, o->header.data, (int)o->header.len) &&
           EVP_DecryptUpdate(t->aead, out, &n, o->cipher.data, (int)o->cipher.len) &&
           EVP_CIPHER_CTX_ctrl(t->aead, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_BYTES, tag) &&
           EVP_DecryptFinal_ex(t->aead, rest, &n);
}

// Initial packet numbers begin at 0 and stay small: what is on the wire is all of it.
static void nonce_make(const struct quic_keys *keys, uint32_t number, uint8_t nonce[12])
{
    memcpy(nonce, keys->iv, 12);
    for (size_t i = 0; i < 4; i++)
        nonce[11 - i] ^= (uint8_t)(number >> 8 * i);
}

bool quic_packet_open(const struct quic_keys *keys, struct bytes packet, size_t number_at,
    uint8_t *room, struct bytes *payload)
{
    uint8_t mask[16];
    struct opened o;
    struct tools *t = tools_get();
    struct bytes sample = bytes_sub(packet, number_at + NUMBER_MAX_BYTES, QUIC_SAMPLE_BYTES);
    if (!t || packet.len > QUIC_PACKET_MAX_BYTES || sample.len < QUIC_SAMPLE_BYTES ||
        !header_mask(t, keys, sample, mask))
        return false;
    // The bare header goes to the front of the room, the payload behind it.
    memcpy(room, packet.data, number_at + NUMBER_MAX_BYTES);
    room[0] ^= mask[0] & 0x0f;
    size_t number_len = (room[0] & 3U) + 1;
    uint32_t number = 0;
    for (size_t i = 0; i < number_len; i++) {
        room[number_at + i] ^= mask[1 + i];
        number = number << 8 | room[number_at + i];
    }
    nonce_make(keys, number, o.nonce);
    o.header = bytes_make(room, number_at + number_len);
    struct bytes body = bytes_from(packet, o.header.len);
    if (body.len < QUIC_TAG_BYTES)
        return false;
    o.cipher = bytes_sub(body, 0, body.len - QUIC_TAG_BYTES);
    o.tag = bytes_from(body, o.cipher.len);
    if (!payload_open(t, keys, &o, room + o.header.len))
        return false;
    *payload = bytes_make(room + o.header.len, o.cipher.len);
    return true;
}
