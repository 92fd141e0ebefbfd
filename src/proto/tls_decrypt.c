// SPDX-License-Identifier: Apache-2.0
// From the handshake and the secrets given to readable records: master secrets out of the key log
// or, where RSA carries the premaster secret, a private key (RFC 5246 8.1, RFC 7627); traffic
// secrets of TLS 1.3 (RFC 8446 7) with KeyUpdate.
// Ignores: 0-RTT data, sessions taken up again whose secret is not in the key log.
// Limits: TRANSCRIPT_MAX_BYTES of messages for an extended master secret, EARLY_RECORDS_MAX.
#include "proto/tls_decrypt.h"
#include "proto/engine.h"
#include "proto/inner.h"
#include "proto/tls_crypto.h"
#include <openssl/crypto.h>

enum {
    TRANSCRIPT_MAX_BYTES = 64 * 1024,
    EARLY_RECORDS_MAX = 64,
    HEADER_BYTES = 5,
    MESSAGE_HEADER_BYTES = 4,
    RECORD_MAX_BYTES = 16'384 + 2048,
    APPLICATION_DATA = 23,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_ALPN = 16,
};

enum message_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    ENCRYPTED_EXTENSIONS = 8,
    CERTIFICATE = 11,
    CLIENT_KEY_EXCHANGE = 16,
    FINISHED = 20,
    KEY_UPDATE = 24,
};

struct tls_decrypt {
    const struct tls_secrets *secrets;
    const struct tls_suite *suite;
    uint16_t version, offered; // agreed on; legacy_version of the ClientHello
    bool extended, mac_outside, early_data;
    bool have_randoms, have_master, derived;
    bool armed[2], finished[2];
    uint8_t early_records;
    uint8_t randoms[2][TLS_RANDOM_BYTES]; // by side
    uint8_t master[TLS_MASTER_BYTES];
    struct tls_key next[2], key[2]; // up to 1.2 `next` waits for ChangeCipherSpec
    uint8_t secret[2][TLS_SECRET_MAX_BYTES];
    size_t secret_len[2];
    uint8_t *transcript; // messages since the ClientHello; for private keys only
    size_t transcript_len, transcript_room;
    uint8_t *room; // plaintext of one record
    struct inner_flow inner;
};

void proto_engine_decrypt(struct proto_engine *engine, const struct tls_secrets *secrets)
{
    engine->secrets = secrets;
}

struct tls_decrypt *tls_decrypt_begin(struct proto_flow *pf)
{
    const struct proto_engine *e = pf->engine;
    if (!e->secrets || e->inner_depth == INNER_DEPTH_MAX)
        return NULL;
    struct tls_decrypt *d = arena_zalloc(&pf->arena, sizeof *d);
    if (d)
        d->secrets = e->secrets;
    return d;
}

void tls_decrypt_end(struct proto_flow *pf, struct tls_decrypt *d)
{
    inner_end(pf, &d->inner);
    OPENSSL_cleanse(d->master, sizeof d->master);
    OPENSSL_cleanse(d->next, sizeof d->next);
    OPENSSL_cleanse(d->key, sizeof d->key);
    OPENSSL_cleanse(d->secret, sizeof d->secret);
    d->armed[0] = d->armed[1] = false;
}

// --- handshake --------------------------------------------------------------------------------

static void client_hello(struct tls_decrypt *d, struct bytes body)
{
    struct tls_hello hello;
    if (!tls_hello_client(body, HELLO_TLS, &hello))
        return;
    memcpy(d->randoms[FLOW_CLIENT], hello.random.data, TLS_RANDOM_BYTES);
    d->offered = hello.version;
    d->early_data |= hello.early_data;
    d->transcript_len = 0;
    d->have_randoms = d->have_master = d->derived = false;
}

static bool has_extension(const struct tls_hello *hello, uint16_t wanted)
{
    struct cursor c = cursor_make(hello->extensions);
    while (cursor_left(&c) > 0) {
        uint16_t type = cursor_u16(&c);
        cursor_skip(&c, cursor_u16(&c));
        if (cursor_ok(&c) && type == wanted)
            return true;
    }
    return false;
}

// Keys of TLS 1.3 for what `side` sends from here on. False: the key log has none.
static bool arm_13(struct tls_decrypt *d, enum flow_side side, enum tls_secret_kind kind)
{
    struct bytes random = bytes_make(d->randoms[FLOW_CLIENT], TLS_RANDOM_BYTES);
    const struct tls_secret *secret = tls_secrets_find(d->secrets, random, kind);
    d->armed[side] = secret && tls_keys_derive_13(
                                   d->suite, bytes_make(secret->value, secret->len), &d->key[side]);
    if (!d->armed[side])
        return false;
    memcpy(d->secret[side], secret->value, secret->len);
    d->secret_len[side] = secret->len;
    return true;
}

static bool room_make(struct proto_flow *pf, struct tls_decrypt *d)
{
    if (!d->room)
        d->room = arena_alloc(&pf->arena, RECORD_MAX_BYTES);
    return d->room != NULL;
}

static void master_from_log(struct tls_decrypt *d)
{
    struct bytes random = bytes_make(d->randoms[FLOW_CLIENT], TLS_RANDOM_BYTES);
    const struct tls_secret *secret = tls_secrets_find(d->secrets, random, SECRET_MASTER);
    if (!secret)
        return;
    memcpy(d->master, secret->value, sizeof d->master);
    d->have_master = true;
}

static void server_hello(struct proto_flow *pf, struct tls_decrypt *d, struct bytes body)
{
    struct tls_hello hello;
    if (!tls_hello_server(body, &hello) || tls_hello_is_retry(&hello))
        return;
    memcpy(d->randoms[FLOW_SERVER], hello.random.data, TLS_RANDOM_BYTES);
    d->have_randoms = true;
    d->version = tls_hello_version(&hello);
    d->suite = tls_suite_find(hello.cipher);
    d->extended = has_extension(&hello, EXT_EXTENDED_MASTER_SECRET);
    d->mac_outside = has_extension(&hello, EXT_ENCRYPT_THEN_MAC);
    d->derived = false;
    if (!d->suite || !room_make(pf, d))
        return;
    if (d->version == TLS_1_3) {
        if (!arm_13(d, FLOW_SERVER, SECRET_SERVER_HANDSHAKE) ||
            !arm_13(d, FLOW_CLIENT, SECRET_CLIENT_HANDSHAKE))
            d->armed[0] = d->armed[1] = false;
    } else if (d->version >= TLS_1_0 && d->version <= TLS_1_2) {
        master_from_log(d);
    }
}

static void transcript_add(struct proto_flow *pf, struct tls_decrypt *d, struct bytes whole)
{
    if (!tls_secrets_have_keys(d->secrets) || whole.len > TRANSCRIPT_MAX_BYTES - d->transcript_len)
        return;
    size_t need = d->transcript_len + whole.len;
    if (need > d->transcript_room) {
        size_t room = need * 2 < 4096 ? 4096 : need * 2;
        uint8_t *grown = arena_grow(&pf->arena, d->transcript, d->transcript_room, room);
        if (!grown)
            return;
        d->transcript = grown;
        d->transcript_room = room;
    }
    memcpy(d->transcript + d->transcript_len, whole.data, whole.len);
    d->transcript_len = need;
}

static struct bytes first_certificate(const struct tls_handshake *h)
{
    struct cursor c = cursor_make(h->certificates[FLOW_SERVER]);
    return cursor_take(&c, cursor_u24(&c));
}

static void randoms_put(const struct tls_decrypt *d, enum flow_side first, uint8_t out[64])
{
    memcpy(out, d->randoms[first], TLS_RANDOM_BYTES);
    memcpy(out + TLS_RANDOM_BYTES, d->randoms[flow_other(first)], TLS_RANDOM_BYTES);
}

// The client sent the premaster secret, encrypted for the server.
static void client_key_exchange(
    struct tls_decrypt *d, const struct tls_handshake *h, struct bytes body)
{
    if (d->have_master || !d->have_randoms || !d->suite || !d->suite->rsa || d->version < TLS_1_0 ||
        d->version > TLS_1_2 || !tls_secrets_have_keys(d->secrets))
        return;
    uint8_t premaster[TLS_PREMASTER_BYTES], seed[2 * TLS_RANDOM_BYTES];
    struct cursor c = cursor_make(body);
    struct bytes encrypted = cursor_take(&c, cursor_u16(&c));
    size_t seed_len = sizeof seed;
    randoms_put(d, FLOW_CLIENT, seed);
    if (d->extended)
        seed_len = tls_session_hash(
            d->version, d->suite, bytes_make(d->transcript, d->transcript_len), seed);
    if (!cursor_ok(&c) || seed_len == 0 ||
        !tls_secrets_premaster(
            d->secrets, first_certificate(h), encrypted, d->offered, d->version, premaster))
        return;
    d->have_master =
        tls_master_derive(d->version, d->suite, bytes_make(premaster, sizeof premaster),
            d->extended, bytes_make(seed, seed_len), d->master);
    OPENSSL_cleanse(premaster, sizeof premaster);
}

// Behind a side's Finished its traffic secret holds (RFC 8446 4.4.4).
static void finished(struct tls_decrypt *d, enum flow_side side)
{
    if (d->version != TLS_1_3 || !d->armed[side] || d->finished[side])
        return;
    d->finished[side] = true;
    (void)arm_13(d, side, side == FLOW_CLIENT ? SECRET_CLIENT_TRAFFIC : SECRET_SERVER_TRAFFIC);
}

static void key_update(struct tls_decrypt *d, enum flow_side side)
{
    if (d->version != TLS_1_3 || !d->armed[side] || !d->finished[side])
        return;
    d->armed[side] = tls_secret_update(d->suite, d->secret[side], d->secret_len[side]) &&
                     tls_keys_derive_13(
                         d->suite, bytes_make(d->secret[side], d->secret_len[side]), &d->key[side]);
}

// What a server of TLS 1.3 chose and no longer says in the clear.
static void encrypted_extensions(struct proto_flow *pf, struct tls_handshake *h, struct bytes body)
{
    struct cursor c = cursor_make(body);
    struct cursor list = cursor_sub(&c, cursor_u16(&c));
    while (cursor_left(&list) > 0) {
        uint16_t type = cursor_u16(&list);
        struct cursor data = cursor_sub(&list, cursor_u16(&list));
        struct bytes names = cursor_take(&data, cursor_u16(&data));
        if (cursor_ok(&data) && type == EXT_ALPN)
            h->encrypted_alpn = arena_copy(&pf->arena, names);
    }
}

void tls_decrypt_message(struct proto_flow *pf, struct tls_decrypt *d, struct tls_handshake *h,
    enum flow_side side, struct bytes whole)
{
    struct bytes body = bytes_from(whole, MESSAGE_HEADER_BYTES);
    uint8_t type = bytes_at(whole, 0);
    if (type == CLIENT_HELLO && side == FLOW_CLIENT)
        client_hello(d, body);
    if (!d->have_master && type != 0) // HelloRequest is no part of the handshake
        transcript_add(pf, d, whole);
    if (type == SERVER_HELLO && side == FLOW_SERVER)
        server_hello(pf, d, body);
    else if (type == CLIENT_KEY_EXCHANGE && side == FLOW_CLIENT)
        client_key_exchange(d, h, body);
    else if (type == FINISHED)
        finished(d, side);
    else if (type == KEY_UPDATE)
        key_update(d, side);
    else if (type == ENCRYPTED_EXTENSIONS && side == FLOW_SERVER)
        encrypted_extensions(pf, h, body);
}

static void put_u24(uint8_t *out, size_t value)
{
    out[0] = (uint8_t)(value >> 16);
    out[1] = (uint8_t)(value >> 8);
    out[2] = (uint8_t)value;
}

// RFC 8446 4.4.2: a context in front, extensions behind each certificate.
struct bytes tls_decrypt_body(
    struct proto_flow *pf, const struct tls_handshake *h, uint8_t type, struct bytes body)
{
    if (type != CERTIFICATE || h->version != TLS_1_3)
        return body;
    struct cursor c = cursor_make(body);
    cursor_skip(&c, cursor_u8(&c));
    struct cursor list = cursor_sub(&c, cursor_u24(&c));
    uint8_t *out = arena_alloc(&pf->arena, body.len + 3);
    size_t len = 3;
    while (out && cursor_left(&list) > 0) {
        struct bytes der = cursor_take(&list, cursor_u24(&list));
        cursor_skip(&list, cursor_u16(&list));
        if (!cursor_ok(&list))
            break;
        put_u24(out + len, der.len);
        memcpy(out + len + 3, der.data, der.len);
        len += 3 + der.len;
    }
    if (!out || !cursor_ok(&list))
        return (struct bytes){NULL, 0}; // too short for a list: the reader says so
    put_u24(out, len - 3);
    return bytes_make(out, len);
}

bool tls_decrypt_change(struct tls_decrypt *d, enum flow_side side)
{
    uint8_t seed[2 * TLS_RANDOM_BYTES];
    d->armed[side] = false;
    if (!d->have_randoms || !d->have_master || !d->suite || !d->room)
        return false;
    randoms_put(d, FLOW_SERVER, seed);
    if (!d->derived)
        d->derived = tls_keys_derive(d->version, d->suite, bytes_make(d->master, sizeof d->master),
            bytes_make(seed, sizeof seed), d->mac_outside, d->next);
    d->key[side] = d->next[side];
    d->armed[side] = d->derived;
    return d->derived;
}

// --- records ----------------------------------------------------------------------------------

bool tls_decrypt_wants(const struct tls_decrypt *d, enum flow_side side, uint8_t type)
{
    return d->armed[side] && (d->version != TLS_1_3 || type == APPLICATION_DATA);
}

// RFC 8446 5.2: zeros at the end are padding, the byte before them is the type.
static bool inner_type(struct bytes *plain, uint8_t *type)
{
    while (plain->len > 0 && bytes_at(*plain, plain->len - 1) == 0)
        plain->len--;
    if (plain->len == 0)
        return false;
    plain->len--;
    *type = plain->data[plain->len];
    return true;
}

static bool is_early_data(struct tls_decrypt *d, enum flow_side side)
{
    return d->version == TLS_1_3 && side == FLOW_CLIENT && d->early_data && !d->finished[side] &&
           d->key[side].number == 0 && d->early_records++ < EARLY_RECORDS_MAX;
}

enum tls_opened tls_decrypt_record(struct proto_flow *pf, struct tls_decrypt *d,
    enum flow_side side, struct bytes record, uint8_t *type, struct bytes *plain)
{
    struct bytes content = bytes_from(record, HEADER_BYTES);
    bool good = content.len <= RECORD_MAX_BYTES &&
                tls_record_open(&d->key[side], record.data, content, d->room, plain);
    if (!good && is_early_data(d, side))
        return TLS_SKIPPED;
    *type = bytes_at(record, 0);
    if (good && d->version == TLS_1_3)
        good = inner_type(plain, type);
    if (good)
        return TLS_OPENED;
    proto_anomaly(pf, ANOMALY_TLS_DECRYPTION_FAILED);
    inner_end(pf, &d->inner); // what it lacks, it must not take for its end
    d->armed[0] = d->armed[1] = false;
    return TLS_FAILED;
}

bool tls_decrypt_give(
    struct proto_flow *pf, struct tls_decrypt *d, enum flow_side side, struct bytes data)
{
    return data.len == 0 ? !d->inner.over : inner_give(pf, &d->inner, side, data);
}

void tls_decrypt_side_end(struct proto_flow *pf, struct tls_decrypt *d, enum flow_side side)
{
    inner_side_end(pf, &d->inner, side);
}
