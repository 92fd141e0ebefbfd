// SPDX-License-Identifier: Apache-2.0
// SSH: the same record however the stream is cut, and hostile openings.
#include "proto/parse_test.h"

// KEXINIT with the same lists for both directions.
static struct bytes kexinit(uint8_t *room, const char *kex, const char *cipher)
{
    const char *lists[10] = {
        kex, "ssh-ed25519", cipher, cipher, "hmac", "hmac", "none", "none", "", ""};
    size_t at = 6;
    room[5] = 20;
    memset(&room[at], 7, 16);
    at += 16;
    for (size_t i = 0; i < 10; i++) {
        size_t len = strlen(lists[i]);
        memcpy(&room[at], (uint8_t[]){0, 0, (uint8_t)(len >> 8), (uint8_t)len}, 4);
        memcpy(&room[at + 4], lists[i], len);
        at += 4 + len;
    }
    memset(&room[at], 0, 5);
    at += 5;
    size_t body = at - 4;
    memcpy(room, (uint8_t[]){0, 0, (uint8_t)(body >> 8), (uint8_t)body, 0}, 5);
    return bytes_make(room, at);
}

TEST(ssh_in_any_pieces)
{
    for (size_t piece = 1; piece < 300; piece += 7) {
        struct parse_test t;
        uint8_t room[400];
        parse_test_begin(&t, NULL, 6, 40000, 2222);
        parse_test_split(&t, FLOW_SERVER, BYTES("SSH-2.0-server_1 hello\r\n"), piece);
        parse_test_split(&t, FLOW_CLIENT, BYTES("SSH-2.0-client_2\r\n"), piece);
        parse_test_split(&t, FLOW_CLIENT, kexinit(room, "a,b", "aes,chacha20-poly1305"), piece);
        parse_test_split(&t, FLOW_SERVER, kexinit(room, "b", "chacha20-poly1305"), piece);
        parse_test_split(&t, FLOW_CLIENT, BYTES("\0\0\0\2\0\x15garbage"), piece);
        parse_test_split(&t, FLOW_SERVER, BYTES("\0\0\0\2\0\x15"), piece);
        CHECK(!t.wanted); // the rest is ciphertext
        struct bytes out = parse_test_end(&t);
        CHECK_EQ(parse_test_count(out, "\"event_type\":\"ssh\""), 1);
        CHECK(parse_test_has(out,
            "\"client\":{\"proto_version\":\"2.0\",\"software_version\":\"client_2\","
            "\"hassh\":{\"hash\":\"9ba3f1463d415019b46ffb1a18ab14b1\""));
        CHECK(parse_test_has(out, "\"string\":\"a,b;aes,chacha20-poly1305;hmac;none\""));
        CHECK(parse_test_has(out, "\"comments\":\"hello\""));
        CHECK(parse_test_has(out, "\"kex_alg\":\"b\",\"host_key_alg\":\"ssh-ed25519\","
                                  "\"cipher_ts\":\"chacha20-poly1305\",\"cipher_tc\":\"chacha20-"
                                  "poly1305\",\"compression_ts\":\"none\""));
        CHECK(parse_test_has(out, "\"encrypted\":true"));
        CHECK_EQ(parse_test_count(out, "anomaly"), 0);
        parse_test_finish(&t);
    }
}

static struct bytes run_ssh(struct parse_test *t, struct bytes client)
{
    parse_test_begin(t, NULL, 6, 40000, 22);
    parse_test_send(t, FLOW_CLIENT, client);
    return parse_test_end(t);
}

TEST(ssh_hostile)
{
    struct parse_test t;
    struct bytes out = run_ssh(&t, BYTES("SSH-2.0-x\r\n\xff\xff\xff\xff\0\x14"));
    CHECK(parse_test_has(out, "ssh.long_kex_record"));
    CHECK(parse_test_has(out, "\"software_version\":\"x\""));
    parse_test_finish(&t);
    out = run_ssh(&t, BYTES("SSH-2.0-x\r\n\0\0\0\x1a\0\x14"
                            "0123456789abcdef"
                            "\xff\xff\xff\xff"
                            "abcd"));
    CHECK(parse_test_has(out, "ssh.bad_name_list"));
    parse_test_finish(&t);
    uint8_t banner[5000];
    memset(banner, 'a', sizeof banner);
    memcpy(banner, "SSH-2.0-", 8);
    out = run_ssh(&t, bytes_make(banner, sizeof banner));
    CHECK(parse_test_has(out, "ssh.long_banner"));
    parse_test_finish(&t);
    out = run_ssh(&t, BYTES("SSH-nothing\n"));
    CHECK(parse_test_has(out, "ssh.invalid_banner"));
    parse_test_finish(&t);
}

TEST_MAIN(T(ssh_in_any_pieces), T(ssh_hostile))
