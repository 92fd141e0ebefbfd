// SPDX-License-Identifier: Apache-2.0
// HTTP/1.x: framing, its lies, codings, queues; each exchange whole and in pieces.
#include "proto/parse_test.h"
#include <stdlib.h>
#include <zlib.h>

static const size_t pieces[] = {1, 7, 1 << 20};

enum { PIECES = sizeof pieces / sizeof *pieces };

static void end_side(struct parse_test *t, enum flow_side side)
{
    const struct flow_handler *handler = proto_engine_handler(t->engine);
    if (t->wanted)
        handler->side_end(handler->context, &t->flow, side, &t->packet);
}

static struct bytes talk(
    struct parse_test *t, struct bytes request, struct bytes response, size_t piece)
{
    parse_test_begin(t, NULL, 6, 40000, 8081);
    parse_test_split(t, FLOW_CLIENT, request, piece);
    parse_test_split(t, FLOW_SERVER, response, piece);
    end_side(t, FLOW_SERVER);
    return parse_test_end(t);
}

// Every text in `wanted` (up to NULL) must be in what the exchange gives, however it is cut.
static void exchange(struct bytes request, struct bytes response, const char *const *wanted)
{
    for (size_t p = 0; p < PIECES; p++) {
        struct parse_test t;
        struct bytes out = talk(&t, request, response, pieces[p]);
        for (size_t i = 0; wanted[i]; i++)
            CHECK(parse_test_has(out, wanted[i]));
        parse_test_finish(&t);
    }
}

#define EXCHANGE(request, response, ...)                                                           \
    exchange(BYTES(request), BYTES(response), (const char *const[]){__VA_ARGS__, NULL})
#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\n"

TEST(plain)
{
    EXCHANGE("GET http://User@WWW.city.example:81/a?b#c HTTP/1.1\r\nHost: www.city.example:81\r\n"
             "User-Agent: t\r\nReferer: r\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
        OK "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nServer: s\r\n\r\nhello",
        "\"hostname\":\"www.city.example\",\"http_port\":81,\"url\":\"http://User@WWW",
        "\"http_user_agent\":\"t\",\"http_content_type\":\"text/plain\",\"http_refer\":\"r\"",
        "\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"xff\":\"10.0.0.1\"",
        "\"length\":5", "\"filename\":\"/a\"", "\"md5\":\"5d41402abc4b2a76b9719d911017c592\"");
}

TEST(chunked)
{
    EXCHANGE(GET,
        OK "Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n",
        "\"length\":5", "http.response_chunk_extension", "5d41402abc4b2a76b9719d911017c592");
    // Sizes browsers understand.
    EXCHANGE(GET, OK "Transfer-Encoding: chunked\r\n\r\n\r\n2x\r\nhe\r\n3 ,\r\nllo\r\n0\r\n\r\n",
        "http.invalid_response_chunk_len", "5d41402abc4b2a76b9719d911017c592");
    // Promised, not done.
    EXCHANGE(GET, OK "Transfer-Encoding: chunked\r\n\r\nzello", "\"length\":5", "\"CLOSED\"");
    EXCHANGE(GET, OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\nx", "chunk_len");
}

TEST(lies_about_length)
{
#define POST(fields) "POST /p HTTP/1.1\r\nHost: x\r\n" fields "\r\n"
    EXCHANGE(POST("Content-Length: 5\r\nContent-Length: 5\r\n") "hello", OK "\r\n",
        "http.duplicate_content_length_field_in_request", "\"request_length\":5");
    EXCHANGE(POST("Content-Length: 5, 6\r\n") "hello", OK "\r\n",
        "http.conflicting_content_length_in_request", "\"request_length\":5");
    EXCHANGE(
        POST("Content-Length: -5\r\n"), OK "\r\n", "http.invalid_content_length_field_in_request");
    EXCHANGE(POST("Content-Length: +5\r\n") "hello", OK "\r\n",
        "http.invalid_content_length_field_in_request", "\"request_length\":5");
    EXCHANGE(POST("Content-Length: 99999999999999999999\r\n") "hello", OK "\r\n",
        "http.invalid_content_length_field_in_request");
    EXCHANGE(POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "5\r\nhello\r\n0\r\n\r\n",
        OK "\r\n", "http.length_and_chunked_in_request", "\"request_length\":5");
    EXCHANGE(POST("Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n") "hello", OK "\r\n",
        "http.invalid_transfer_encoding_value_in_request", "\"request_length\":5");
    EXCHANGE(POST("Transfer-Encoding : chunked\r\n") "5\r\nhello\r\n0\r\n\r\n", OK "\r\n",
        "http.space_before_colon", "\"request_length\":5");
}

TEST(request_lines)
{
    EXCHANGE("GET /only\r\n", "body", "http.request_line_missing_protocol", "\"url\":\"/only\"",
        "\"length\":4");
    EXCHANGE("\r\n\r\nget  /a b\tc HTTP/1.0\r\n\r\n", "HTTP/1.0 204 N\r\n\r\n",
        "http.method_delim_non_compliant", "http.uri_delim_non_compliant", "\"status\":204");
    EXCHANGE("PROPFIND / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "ICY 200 OK\r\n\r\nx",
        "http.host_header_ambiguous", "\"status\":200", "\"length\":1");
    EXCHANGE("GET / HTTP/1.1\r\n\r\n", OK "Content-Length: 0\r\n\r\n", "http.missing_host_header");
    EXCHANGE("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\0: x\r\n\r\n", OK "\r\n", "http.nul_in_header",
        "http.header_host_invalid", "\"hostname\":\"a b\"");
}

TEST(unannounced_bodies)
{
    EXCHANGE("POST /p HTTP/1.1\r\nHost: x\r\n\r\nlogin=a", OK "Content-Length: 0\r\n\r\n",
        "http.request_body_unexpected", "\"request_length\":7", "\"status\":200");
    EXCHANGE("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\1", OK "\r\n",
        "http.request_body_unexpected", "\"request_length\":1");
    EXCHANGE("GET /a%2527?b HTTP/1.1\r\nHost: x\r\n\r\n", OK "\r\n", "http.double_encoded_uri");
}

TEST(responses)
{
    EXCHANGE("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" GET,
        OK "Content-Length: 9\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "\"tx_id\":1",
        "\"http_method\":\"HEAD\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"length\":0");
    EXCHANGE(GET, "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n" OK "Content-Length: 1\r\n\r\nx",
        "http.100_continue_already_seen", "\"status\":200,\"length\":1");
    EXCHANGE(GET, " junk\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n \r\n\r\nx",
        "http.response_invalid_protocol", "\"length\":1");
    EXCHANGE(GET, "HTTP/1.1 20 OK\r\nContent-Length: 1\r\n\r\nx", "http.response_invalid_status");
    EXCHANGE(GET, OK "Content-Length: 1\r\n\r\nx" OK "\r\n", "unable_to_match_response");
    EXCHANGE(GET, OK "A: b\rContent-Length: 1\r\n\r\nx", "http.bare_cr_in_header", "\"length\":1");
}

static size_t pack(int bits, struct bytes in, uint8_t *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.data, .avail_in = (uInt)in.len};
    deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
    z.next_out = out;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    size_t len = room - z.avail_out;
    deflateEnd(&z);
    return len;
}

static struct bytes coded(uint8_t *room, const char *coding, struct bytes body)
{
    int len = snprintf((char *)room, 200, OK "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
        coding, body.len);
    memcpy(&room[len], body.data, body.len);
    return bytes_make(room, (size_t)len + body.len);
}

#define CLOSE OK "Connection: close\r\n"
#define HELLO "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
#define MD5   "\"md5\":\"5d41402abc4b2a76b9719d911017c592\""

// Heads that hide from a strict reader what clients understand.
TEST(what_clients_read)
{
    const struct bytes chunked[] = {BYTES("Transfer-Encoding: xchunked;\r\n"),
        BYTES("Transfer-Encoding: x chun\0ked\r\n"), BYTES("Transfer\0-Encoding\v: chunked\r\n"),
        BYTES("Transfer-Encoding:\r\n \r\n chunked\r\n"),
        BYTES("Transfer-Encoding:\n\0chunked\r\n"),
        BYTES("Transfer-Encoding\r\n :\r\n chunked\r\n"),
        BYTES("X: y\r\n Transfer-Encoding: chunked\r\n"), BYTES("\tTransfer-Encoding: chunked\r\n"),
        BYTES("\r\r\nTransfer-Encoding: chunked\r\n")};
    static const char *const wanted[] = {"\"length\":5", MD5, NULL};
    for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++) {
        struct bytes parts[] = {BYTES(OK), chunked[i], BYTES("Y: z\r\n\r\n" HELLO)};
        uint8_t whole[256];
        size_t len = 0;
        for (size_t part = 0; part < 3; len += parts[part++].len)
            memcpy(&whole[len], parts[part].data, parts[part].len);
        exchange(BYTES(GET), bytes_make(whole, len), wanted);
    }
    EXCHANGE(GET, OK "A: b\r\n \r\n c\r\nServer: d\r\n e\r\nContent-Length: 5\r\n\r\nhello", MD5,
        "\"server\":\"d e\"", "\"response_fields\":3");
    EXCHANGE(GET, OK "Content-Length: 5\n \nhello", MD5); // LF alone: blanks end the head
}

TEST(bodies_until_close)
{
    EXCHANGE(GET, CLOSE "Content-Length: 2( 5)\r\n\r\nhello", MD5,
        "http.invalid_content_length_field_in_response");
    EXCHANGE(GET, CLOSE "Content-Length: 2\r\nContent-Length: 5\r\n\r\nhello", MD5,
        "http.conflicting_content_length_in_response");
    EXCHANGE(GET GET, OK "Content-Length: 5, 9\r\n\r\nhello" OK "Content-Length: 1\r\n\r\nx", MD5,
        "\"tx_id\":1", "\"length\":1");
    EXCHANGE(GET, "HTTP/1.1 304 N\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", MD5);
    EXCHANGE(GET GET, "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n" OK "\r\nhello", MD5,
        "\"status\":304,\"length\":0", "\"status\":200,\"length\":5");
    EXCHANGE(GET, "HTTP/1.0 204 N\r\nTransfer-Encoding: chunked\r\n\r\n" HELLO, MD5);
}

TEST(content_codings)
{
    static const int bits[] = {15 + 16, 15, -15};
    static const char *const names[] = {"gzip", "deflate", "deflate"};
    const char *const wanted[] = {
        "\"decoded_length\":5", "\"md5\":\"5d41402abc4b2a76b9719d911017c592\"", NULL};
    uint8_t packed[200], twice[300], response[600];
    for (size_t i = 0; i < 3; i++) {
        size_t len = pack(bits[i], BYTES("hello"), packed, sizeof packed);
        exchange(BYTES(GET), coded(response, names[i], bytes_make(packed, len)), wanted);
    }
    size_t len = pack(31, BYTES("hello"), packed, sizeof packed);
    len = pack(15, bytes_make(packed, len), twice, sizeof twice);
    exchange(BYTES(GET), coded(response, "gzip, deflate", bytes_make(twice, len)), wanted);
    const char *const odd[] = {"x-deflate", "gzip;", ": gzip", "g\vgzip, identity"};
    len = pack(31, BYTES("hello"), packed, sizeof packed);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        exchange(BYTES(GET), coded(response, odd[i], bytes_make(packed, len)), wanted);
    packed[3] = 2; // a checksum of the header, in place of two bytes that it lacks
    memmove(&packed[12], &packed[10], len - 10);
    packed[10] = packed[11] = 0;
    exchange(BYTES(GET), coded(response, "gzip", bytes_make(packed, len + 2)), wanted);
    packed[len] ^= 1;
    const char *const wrong[] = {"http.gzip_decompression_failed", "\"decoded_length\":5", NULL};
    exchange(BYTES(GET), coded(response, "gzip", bytes_make(packed, len + 2)), wrong);
    exchange(BYTES(GET),
        coded(response, "lzma",
            BYTES("]\0\x10\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x34\x19I\xee\x8eh!"
                  "\xff\xff\xff\xb9\xe0\0\0")),
        wanted);
    const char *const plain[] = {"http.content_not_coded", wanted[1], NULL};
    exchange(BYTES(GET), coded(response, "gzip", BYTES("hello")), plain);
    const char *const damaged[] = {"http.gzip_decompression_failed", "\"length\":13", NULL};
    exchange(BYTES(GET), coded(response, "gzip", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\0\xff\xff\xff")),
        damaged);
}

TEST(bomb)
{
    enum { BYTES_IN = 5 << 20, BYTES_OUT = 1 << 16 };
    uint8_t *zeros = calloc(1, BYTES_IN), *packed = malloc(BYTES_OUT),
            *response = malloc(BYTES_OUT);
    size_t len = pack(31, bytes_make(zeros, BYTES_IN), packed, BYTES_OUT - 200);
    const char *const wanted[] = {"http.compression_bomb", "\"TRUNCATED\"", NULL};
    exchange(BYTES(GET), coded(response, "gzip", bytes_make(packed, len)), wanted);
    len = pack(31, bytes_make(zeros, BYTES_IN - (2 << 20)), packed, BYTES_OUT - 200);
    const char *const harmless[] = {"\"decoded_length\":3145728", "\"CLOSED\"", NULL};
    exchange(BYTES(GET), coded(response, "gzip", bytes_make(packed, len)), harmless);
    free(zeros);
    free(packed);
    free(response);
}

// One response of 4000 times the same letter, whole or compressed, under a configuration.
static void limited(const struct config *config, bool gzip, const char *const *wanted)
{
    uint8_t body[4000], packed[4000], response[5000];
    struct parse_test t;
    memset(body, 'x', sizeof body);
    size_t len = pack(31, bytes_make(body, sizeof body), packed, sizeof packed);
    parse_test_begin(&t, NULL, 6, 40000, 8080);
    t.config.app_layer.http = config->app_layer.http;
    parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    parse_test_split(&t, FLOW_SERVER,
        gzip ? coded(response, "gzip", bytes_make(packed, len))
             : coded(response, "identity", bytes_make(body, sizeof body)),
        700);
    struct bytes out = parse_test_end(&t);
    for (; *wanted; wanted++)
        CHECK(parse_test_has(out, *wanted));
    parse_test_finish(&t);
}

TEST(limits_of_the_configuration)
{
    struct config config = config_defaults;
    config.app_layer.http.body_limit_bytes = 1000;
    const char *const body[] = {
        "http.body_limit", "\"length\":4000", "\"size\":1000", "\"TRUNCATED\"", NULL};
    limited(&config, false, body);
    config.app_layer.http.body_limit_bytes = 4000;
    const char *const whole[] = {"\"length\":4000", "\"size\":4000", "\"CLOSED\"", NULL};
    limited(&config, false, whole);
    config.app_layer.http.decompress_limit_bytes = 1000;
    const char *const decoded[] = {
        "http.decompress_limit", "\"decoded_length\":1000", "\"size\":1000", "\"TRUNCATED\"", NULL};
    limited(&config, true, decoded);
    config.app_layer.http.decompress_limit_bytes = 4000;
    config.app_layer.http.decompress_free_bytes = 3999;
    config.app_layer.http.decompress_ratio = 200;
    limited(&config, true, whole + 1);
    config.app_layer.http.decompress_ratio = 10;
    const char *const bomb[] = {"http.compression_bomb", NULL};
    limited(&config, true, bomb);
}

TEST(form_upload)
{
#define PART(name, text) "--B\r\nContent-Disposition: form-data; " name "\r\n\r\n" text "\r\n"
    EXCHANGE("POST / HTTP/1.0\r\nContent-Type: multipart/form-data; boundary=\"B\"\r\n"
             "Content-Length: 211\r\n\r\n" PART("name=a", "1")
                 PART("name=f; filename=\"x.txt\"", "hello")
                     PART("name=g; filename*=utf-8''%e5%80%89", "--C\r\n-") "--B--\r\n          ",
        OK "Content-Length: 0\r\n\r\n", "\"filename\":\"x.txt\"", "\"filename\":\"倉\"",
        "\"md5\":\"5d41402abc4b2a76b9719d911017c592\"", "\"size\":6,");
}

TEST(gaps)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 80);
    parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    parse_test_send(&t, FLOW_SERVER, BYTES(OK "Content-Length: 10\r\n\r\n12"));
    parse_test_gap(&t, FLOW_SERVER, 5);
    parse_test_send(&t, FLOW_SERVER, BYTES("890"));
    CHECK(t.wanted);
    parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    parse_test_gap(&t, FLOW_SERVER, 5);
    CHECK(!t.wanted); // outside a body: let go
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"gaps\":true,\"state\":\"TRUNCATED\""));
    CHECK(parse_test_has(out, "\"length\":10"));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"http\""), 2);
    parse_test_finish(&t);
}

TEST(queue_is_bounded)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 80);
    for (int i = 0; i < 500; i++)
        parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    CHECK(t.pool.used_bytes < 512 * 1024);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "http.too_many_transactions"));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"http\""), 500);
    parse_test_finish(&t);
}

TEST(endless_lines)
{
    for (int where = 0; where < 3; where++) {
        struct parse_test t;
        parse_test_begin(&t, NULL, 6, 40000, 80);
        parse_test_send(&t, FLOW_CLIENT,
            where == 0   ? BYTES("GET /a HTTP/1.1\r\nA: ")
            : where == 1 ? BYTES("GET /a HTTP/1.1\r\nHost: ")
                         : BYTES("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;"));
        char line[1000];
        memset(line, 'a', sizeof line);
        for (int i = 0; i < 200; i++)
            parse_test_send(&t, FLOW_CLIENT, bytes_make(line, sizeof line));
        parse_test_send(&t, FLOW_CLIENT, BYTES("\r\n\r\n"));
        CHECK(t.pool.used_bytes < 512 * 1024);
        struct bytes out = parse_test_end(&t);
        CHECK(parse_test_has(out, "http.request_field_too_long"));
        CHECK_EQ(parse_test_count(out, "buffer_full"), 0);
        parse_test_finish(&t);
    }
}

TEST(tunnel_goes_to_others)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 8080);
    parse_test_send(&t, FLOW_CLIENT, BYTES("CONNECT mail:25 HTTP/1.1\r\nHost: mail:25\r\n\r\n"));
    parse_test_send(&t, FLOW_SERVER, BYTES("HTTP/1.1 200 Connected\r\n\r\n"));
    parse_test_send(&t, FLOW_SERVER, BYTES("220 mail ESMTP\r\n"));
    parse_test_send(&t, FLOW_CLIENT, BYTES("EHLO x\r\n"));
    parse_test_send(&t, FLOW_SERVER, BYTES("250 y\r\n"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"http_method\":\"CONNECT\""));
    CHECK(parse_test_has(out, "\"smtp\":{\"helo\":\"x\",\"banner\":\"mail ESMTP\"}"));
    parse_test_finish(&t);
}

TEST(tunnel_to_a_path)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 8080);
    parse_test_send(&t, FLOW_CLIENT, BYTES("CONNECT / HTTP/1.1\r\nA: b\r\n\r\n"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"url\":\"/\""));
    CHECK(!parse_test_has(out, "\"hostname\""));
    parse_test_finish(&t);
}

// Brotli allocates its window itself, as large as the stream says; the pool has to allow it.
TEST(windows_count_in_the_pool)
{
    static const uint8_t zeros[] = {0xcb, 0xff, 0xff, 0x3f, 0x00, 0x24, 0x00, 0xe2, 0xb1, 0x40,
        0x72, 0xef, 0xff, 0xf8, 0xff, 0xff, 0x07, 0x80, 0x04, 0x40, 0x1c, 0x16, 0x80,
        0xee}; // the beginning of 64 MiB of them, window 4 MiB
    struct parse_test t;
    parse_test_begin(&t, NULL, 6, 40000, 8080);
    t.pool.limit_bytes = 1024 * 1024;
    parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    parse_test_send(&t, FLOW_SERVER, BYTES(OK "Content-Encoding: br\r\n\r\n"));
    size_t before = t.pool.used_bytes;
    parse_test_send(&t, FLOW_SERVER, bytes_make(zeros, sizeof zeros));
    CHECK(t.pool.peak_bytes > before && t.pool.peak_bytes <= t.pool.limit_bytes);
    CHECK(t.pool.used_bytes <= before + 64); // what was refused some is given up at once
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "http.out_of_budget"));
    parse_test_finish(&t);
}

// Behind each 101 whoever knows the rest is asked again, in the same call.
TEST(switches_are_bounded)
{
    struct parse_test t;
    struct json flood;
    json_init(&flood);
    for (int i = 0; i < 20000; i++)
        json_raw(&flood, "HTTP/1.1 101\n\n", 14);
    parse_test_begin(&t, NULL, 6, 40000, 8080);
    parse_test_send(&t, FLOW_CLIENT, BYTES(GET));
    parse_test_send(&t, FLOW_SERVER, bytes_make(flood.data, flood.len));
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "applayer.too_many_switches"), 1);
    CHECK_EQ(parse_test_count(out, "\"status\":101"), 9);
    parse_test_finish(&t);
    json_finish(&flood);
}

TEST_MAIN(T(plain), T(chunked), T(lies_about_length), T(request_lines), T(unannounced_bodies),
    T(responses), T(what_clients_read), T(bodies_until_close), T(content_codings), T(bomb),
    T(limits_of_the_configuration), T(form_upload), T(gaps), T(queue_is_bounded), T(endless_lines),
    T(tunnel_goes_to_others), T(tunnel_to_a_path), T(windows_count_in_the_pool),
    T(switches_are_bounded))
