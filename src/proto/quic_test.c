// SPDX-License-Identifier: Apache-2.0
#include "proto/hello_test.h"
#include "proto/parse_test.h"
#include "proto/quic.h"
#include <openssl/evp.h>

static struct parse_test t;
static struct wire hello, message;

static const uint8_t cid[8] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};

static struct quic_keys keys_of(uint32_t version, struct bytes id, enum flow_side side)
{
    const struct quic_version *v = quic_version_find(version);
    struct quic_secrets secrets;
    struct quic_keys keys;
    CHECK(v && quic_secrets_derive(v->salt, id, &secrets));
    CHECK(quic_keys_derive(side == FLOW_CLIENT ? secrets.client : secrets.server, v->form, &keys));
    return keys;
}

static void check_hex(const uint8_t *got, size_t len, const char *want)
{
    char text[64];
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", got[i]);
    CHECK_TEXT(bytes_make(text, 2 * len), want);
}

// RFC 9001 A.1 and RFC 9369 A.1.
TEST(keys_as_published)
{
    struct quic_keys k = keys_of(1, bytes_make(cid, 8), FLOW_CLIENT);
    check_hex(k.key, 16, "1f369613dd76d5467730efcbe3b1a22d");
    check_hex(k.iv, 12, "fa044b2f42a3fd3b46fb255c");
    check_hex(k.hp, 16, "9f50449e04a0e810283a1e9933adedd2");
    k = keys_of(1, bytes_make(cid, 8), FLOW_SERVER);
    check_hex(k.key, 16, "cf3a5331653c364c88f0f379b6067e37");
    k = keys_of(0x6b33'43cf, bytes_make(cid, 8), FLOW_CLIENT);
    check_hex(k.key, 16, "8b1a0bc121284290a29e0971b5cd045d");
    check_hex(k.hp, 16, "45b95e15235d6f45a6b19cbcb0294ba9");
}

static void seal(const struct quic_keys *k, struct wire *w, size_t start, size_t number_at)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *packet = &w->data[start], nonce[12], mask[16];
    int n, body = (int)(w->len - start - number_at - 2);
    memcpy(nonce, k->iv, 12);
    nonce[11] ^= packet[number_at + 1];
    CHECK(EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, k->key, nonce));
    CHECK(EVP_EncryptUpdate(c, NULL, &n, packet, (int)number_at + 2));
    CHECK(EVP_EncryptUpdate(c, &packet[number_at + 2], &n, &packet[number_at + 2], body));
    CHECK(EVP_EncryptFinal_ex(c, mask, &n));
    CHECK(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, &w->data[w->len]));
    w->len += 16;
    CHECK(EVP_EncryptInit_ex(c, EVP_aes_128_ecb(), NULL, k->hp, NULL));
    CHECK(EVP_EncryptUpdate(c, mask, &n, &packet[number_at + 4], 16));
    packet[0] ^= mask[0] & 15;
    packet[number_at] ^= mask[1];
    packet[number_at + 1] ^= mask[2];
    EVP_CIPHER_CTX_free(c);
}

// An Initial packet with these frames, padded to fill a datagram.
static void initial(struct wire *w, const struct quic_keys *k, uint32_t version, struct bytes dcid,
    unsigned number, struct bytes frames)
{
    size_t start = w->len;
    wire_u8(w, version == 0x6b33'43cf ? 0xd1 : 0xc1);
    wire_u16(w, version >> 16);
    wire_u16(w, version & 0xffff);
    wire_u8(w, (unsigned)dcid.len);
    wire_bytes(w, dcid);
    wire_u8(w, 0);
    wire_u8(w, 0); // no token
    size_t length = 1200 - (w->len - start) - 2;
    wire_u16(w, 0x4000 | (unsigned)length);
    size_t number_at = w->len - start;
    wire_u16(w, number);
    wire_bytes(w, frames);
    wire_zeros(w, length - 2 - 16 - frames.len);
    seal(k, w, start, number_at);
}

static void crypto(struct wire *w, size_t offset, struct bytes data)
{
    wire_u8(w, 6);
    wire_u16(w, 0x4000 | (unsigned)offset);
    wire_u16(w, 0x4000 | (unsigned)data.len);
    wire_bytes(w, bytes_sub(data, 0, data.len));
}

static void begin(void)
{
    parse_test_begin(&t, NULL, 17, 50'000, 443);
    hello.len = message.len = 0;
    wire_client_hello(&hello, &chrome);
    wire_message(&message, 1, wire_all(&hello));
}

static void server_answer(uint32_t version, struct bytes id)
{
    static struct wire body, answer, frames, out;
    struct quic_keys k = keys_of(version, id, FLOW_SERVER);
    body.len = answer.len = frames.len = out.len = 0;
    wire_server_hello(&body, TLS_1_3, 0x1301, false);
    wire_message(&answer, 2, wire_all(&body));
    crypto(&frames, 0, wire_all(&answer));
    initial(&out, &k, version, BYTES("scid4567"), 0, wire_all(&frames));
    parse_test_send(&t, FLOW_SERVER, wire_all(&out));
}

static void check_whole(const char *version)
{
    CHECK(!t.wanted);
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"quic\""), 1);
    CHECK_EQ(parse_test_count(out, "anomaly"), 0);
    CHECK(parse_test_has(out, version));
    CHECK(parse_test_has(out, "\"sni\":\"www.city.example\""));
    CHECK(parse_test_has(out, "\"ja4\":\"q13d1516h2_8daaf6152771_e5627efa2ab1\""));
    CHECK(parse_test_has(out, "\"cipher\":\"TLS_AES_128_GCM_SHA256\""));
    parse_test_finish(&t);
}

static void one_packet(uint32_t version, const char *text)
{
    static struct wire frames, out;
    begin();
    struct quic_keys k = keys_of(version, bytes_make(cid, 8), FLOW_CLIENT);
    frames.len = out.len = 0;
    crypto(&frames, 0, wire_all(&message));
    initial(&out, &k, version, bytes_make(cid, 8), 0, wire_all(&frames));
    parse_test_send(&t, FLOW_CLIENT, wire_all(&out));
    CHECK(t.wanted);
    server_answer(version, bytes_make(cid, 8));
    check_whole(text);
}

TEST(versions)
{
    one_packet(1, "\"version\":\"1\"");
    one_packet(0x6b33'43cf, "\"version\":\"2\"");
    one_packet(0xff00'001d, "\"version\":\"draft-29\"");
    one_packet(0xff00'001b, "\"version\":\"draft-27\"");
}

// Browsers shuffle their hello over packets; packets arrive in any order.
TEST(pieces_out_of_order)
{
    static struct wire frames, out;
    begin();
    struct quic_keys k = keys_of(1, bytes_make(cid, 8), FLOW_CLIENT);
    struct bytes all = wire_all(&message);
    size_t third = all.len / 3;
    for (unsigned packet = 0; packet < 2; packet++) {
        frames.len = out.len = 0;
        wire_u8(&frames, 1); // PING
        if (packet == 0)
            crypto(&frames, 2 * third, bytes_from(all, 2 * third));
        crypto(&frames, packet ? third : 0, bytes_sub(all, packet ? third : 0, third + packet));
        initial(&out, &k, 1, bytes_make(cid, 8), 1 - packet, wire_all(&frames));
        parse_test_send(&t, FLOW_CLIENT, wire_all(&out));
    }
    server_answer(1, bytes_make(cid, 8));
    check_whole("\"version\":\"1\"");
}

// After Retry the keys follow from the id the server chose.
TEST(retry)
{
    static struct wire frames, out;
    static const char packet[] = "\xf0\x00\x00\x00\x01\x00\x08"
                                 "retryid8tokentokentokentoken";
    struct bytes id = BYTES("retryid8");
    begin();
    struct quic_keys k = keys_of(1, bytes_make(cid, 8), FLOW_CLIENT);
    frames.len = out.len = 0;
    crypto(&frames, 0, bytes_sub(wire_all(&message), 0, 100));
    initial(&out, &k, 1, bytes_make(cid, 8), 0, wire_all(&frames));
    parse_test_send(&t, FLOW_CLIENT, wire_all(&out));
    parse_test_send(&t, FLOW_SERVER, bytes_make(packet, sizeof packet - 1));
    k = keys_of(1, id, FLOW_CLIENT);
    frames.len = out.len = 0;
    crypto(&frames, 0, wire_all(&message));
    initial(&out, &k, 1, id, 1, wire_all(&frames));
    parse_test_send(&t, FLOW_CLIENT, wire_all(&out));
    server_answer(1, id);
    CHECK(parse_test_has(bytes_make(t.out.data, t.out.len), "\"retry\":true"));
    check_whole("\"version\":\"1\"");
}

// Any bit turned: the packet does not open, and nothing is claimed.
TEST(damaged)
{
    static struct wire frames, out;
    for (size_t at = 0; at < 1200; at += 7) {
        begin();
        struct quic_keys k = keys_of(1, bytes_make(cid, 8), FLOW_CLIENT);
        frames.len = out.len = 0;
        crypto(&frames, 0, wire_all(&message));
        initial(&out, &k, 1, bytes_make(cid, 8), 0, wire_all(&frames));
        out.data[at] ^= 0x10;
        parse_test_send(&t, FLOW_CLIENT, wire_all(&out));
        CHECK_EQ(parse_test_count(parse_test_end(&t), "\"sni\""), 0);
        parse_test_finish(&t);
    }
}

TEST(google)
{
    static const char packet[] = "\x0d\x83\x94\xc8\xf0\x3e\x51\x57\x08"
                                 "Q043\x01"
                                 "0123456789ab\xa0\x01\x00\x04"
                                 "CHLO\x02\x00\x00\x00"
                                 "SNI\x00\x10\x00\x00\x00"
                                 "UAID\x13\x00\x00\x00"
                                 "www.city.exampleABC";
    parse_test_begin(&t, NULL, 17, 50'000, 443);
    parse_test_send(&t, FLOW_CLIENT, bytes_make(packet, sizeof packet - 1));
    CHECK(!t.wanted);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"version\":\"Q043\",\"sni\":\"www.city.example\",\"ua\":\"ABC\""));
    parse_test_finish(&t);
}

TEST_MAIN(
    T(keys_as_published), T(versions), T(pieces_out_of_order), T(retry), T(damaged), T(google))
