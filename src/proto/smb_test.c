// SPDX-License-Identifier: Apache-2.0
// The limits of the SMB parser: more requests, sessions, shares, open files than it keeps; files
// whose parts wait; bytes that are lost.
#include "proto/parse_test.h"
#include "proto/smb.h"

enum { MESSAGE_BYTES = 512 };

struct message {
    uint8_t bytes[MESSAGE_BYTES];
    size_t len;
};

static void put(struct message *m, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        m->bytes[m->len++] = (uint8_t)(v >> 8 * i);
}

static void put_zeros(struct message *m, size_t size)
{
    memset(&m->bytes[m->len], 0, size);
    m->len += size;
}

// Frame and header of SMB2; the body follows by put().
static struct message begin(
    uint16_t command, uint64_t mid, bool answer, uint64_t session, uint32_t tree)
{
    struct message m = {0};
    put_zeros(&m, 4);
    put(&m, 0x424d53fe, 4);
    put(&m, 64, 2);
    put_zeros(&m, 6);
    put(&m, command, 2);
    put(&m, 1, 2);
    put(&m, answer, 4);
    put_zeros(&m, 4);
    put(&m, mid, 8);
    put_zeros(&m, 4);
    put(&m, tree, 4);
    put(&m, session, 8);
    put_zeros(&m, 16);
    return m;
}

static void send(struct parse_test *t, enum flow_side side, struct message *m)
{
    size_t body = m->len - 4;
    m->bytes[2] = (uint8_t)(body >> 8);
    m->bytes[3] = (uint8_t)body;
    parse_test_send(t, side, bytes_make(m->bytes, m->len));
}

static void start(struct parse_test *t)
{
    parse_test_begin(t, NULL, 6, 50000, 445);
}

static void echo(struct parse_test *t, uint64_t mid, bool answer)
{
    struct message m = begin(SMB2_ECHO, mid, answer, 1, 1);
    put(&m, 4, 4);
    send(t, answer ? FLOW_SERVER : FLOW_CLIENT, &m);
}

static void tree(struct parse_test *t, uint64_t mid, uint32_t id)
{
    struct message m = begin(SMB2_TREE_CONNECT, mid, false, 1, 0);
    put(&m, 9 | 72ULL << 32 | 2ULL << 48, 8);
    put(&m, 'x', 2);
    send(t, FLOW_CLIENT, &m);
    m = begin(SMB2_TREE_CONNECT, mid, true, 1, id);
    put(&m, 16 | 1 << 16, 4);
    put_zeros(&m, 12);
    send(t, FLOW_SERVER, &m);
}

static void session(struct parse_test *t, uint64_t mid, uint64_t id)
{
    struct message m = begin(SMB2_SESSION_SETUP, mid, false, 0, 0);
    put(&m, 25, 4);
    put_zeros(&m, 20);
    send(t, FLOW_CLIENT, &m);
    m = begin(SMB2_SESSION_SETUP, mid, true, id, 0);
    put(&m, 9, 8);
    send(t, FLOW_SERVER, &m);
}

static void open_file(struct parse_test *t, uint64_t mid, uint64_t id, uint64_t size)
{
    struct message m = begin(SMB2_CREATE, mid, false, 1, 1);
    put(&m, 57, 4);
    put_zeros(&m, 32);
    put(&m, 1, 4);
    put_zeros(&m, 4);
    put(&m, 120 | 2 << 16, 4);
    put_zeros(&m, 8);
    put(&m, 'f', 2);
    send(t, FLOW_CLIENT, &m);
    m = begin(SMB2_CREATE, mid, true, 1, 1);
    put(&m, 89 | 1ULL << 32, 8);
    for (int i = 0; i < 4; i++)
        put(&m, 133'700'000'000'000'000ULL, 8);
    put(&m, size, 8);
    put(&m, size, 8);
    put(&m, 0x20, 8);
    put(&m, id, 8);
    put_zeros(&m, 16);
    send(t, FLOW_SERVER, &m);
}

static void read_request(
    struct parse_test *t, uint64_t mid, uint64_t id, uint64_t offset, uint32_t len)
{
    struct message m = begin(SMB2_READ, mid, false, 1, 1);
    put(&m, 49, 4);
    put(&m, len, 4);
    put(&m, offset, 8);
    put(&m, id, 8);
    put_zeros(&m, 25);
    send(t, FLOW_CLIENT, &m);
}

static struct message read_answer(uint64_t mid, uint32_t len)
{
    struct message m = begin(SMB2_READ, mid, true, 1, 1);
    put(&m, 17 | 80 << 16, 4);
    put(&m, len, 4);
    put_zeros(&m, 8);
    for (uint32_t i = 0; i < len; i++)
        put(&m, 'a' + i % 26, 1);
    return m;
}

static void finish(struct parse_test *t, const char *wanted)
{
    struct bytes out = parse_test_end(t);
    CHECK(parse_test_has(out, wanted));
    parse_test_finish(t);
}

TEST(too_many_requests)
{
    struct parse_test t;
    start(&t);
    for (uint64_t i = 0; i <= SMB_TXS; i++)
        echo(&t, i, false);
    finish(&t, "smb.too_many_transactions");
}

TEST(too_many_trees)
{
    struct parse_test t;
    start(&t);
    for (uint32_t i = 0; i <= SMB_TREES; i++)
        tree(&t, i, i + 1);
    finish(&t, "smb.too_many_trees");
}

TEST(too_many_sessions)
{
    struct parse_test t;
    start(&t);
    for (uint64_t i = 0; i <= SMB_SESSIONS; i++)
        session(&t, i, i + 1);
    finish(&t, "smb.too_many_sessions");
}

TEST(too_many_files)
{
    struct parse_test t;
    start(&t);
    for (uint64_t i = 0; i <= SMB_HANDLES; i++)
        open_file(&t, i, i + 1, 0);
    finish(&t, "smb.too_many_files");
}

TEST(same_file_opened_twice)
{
    struct parse_test t;
    start(&t);
    open_file(&t, 1, 7, 10);
    open_file(&t, 2, 7, 10);
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"smb_file\""), 2);
    parse_test_finish(&t);
}

// The answer is cut into pieces, and the second part of the file comes first.
TEST(out_of_order_in_pieces)
{
    struct parse_test t;
    start(&t);
    open_file(&t, 1, 7, 200);
    read_request(&t, 2, 7, 0, 100);
    read_request(&t, 3, 7, 100, 100);
    for (uint64_t mid = 3; mid >= 2; mid--) {
        struct message m = read_answer(mid, 100);
        m.bytes[3] = (uint8_t)(m.len - 4);
        parse_test_split(&t, FLOW_SERVER, bytes_make(m.bytes, m.len), 7);
    }
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"state\":\"CLOSED\""));
    CHECK(parse_test_has(out, "\"size\":200,\"tx_id\""));
    parse_test_finish(&t);
}

// Bytes are lost inside of what is read; the next message is found.
TEST(gap_in_data)
{
    struct parse_test t;
    start(&t);
    open_file(&t, 1, 7, 100);
    read_request(&t, 2, 7, 0, 100);
    echo(&t, 3, false);
    struct message m = read_answer(2, 100);
    m.bytes[3] = (uint8_t)(m.len - 4);
    struct bytes all = bytes_make(m.bytes, m.len);
    parse_test_send(&t, FLOW_SERVER, bytes_sub(all, 0, 120));
    parse_test_gap(&t, FLOW_SERVER, 30);
    parse_test_send(&t, FLOW_SERVER, bytes_from(all, 150));
    echo(&t, 3, true);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"gaps\":true"));
    CHECK(parse_test_has(
        out, "\"command\":\"SMB2_COMMAND_KEEPALIVE\",\"status\":\"STATUS_SUCCESS\""));
    parse_test_finish(&t);
}

TEST(gap_past_data)
{
    struct parse_test t;
    start(&t);
    open_file(&t, 1, 7, 100);
    read_request(&t, 2, 7, 0, 100);
    echo(&t, 3, false);
    struct message m = read_answer(2, 100);
    m.bytes[3] = (uint8_t)(m.len - 4);
    parse_test_send(&t, FLOW_SERVER, bytes_make(m.bytes, 120));
    parse_test_gap(&t, FLOW_SERVER, 5000);
    parse_test_send(&t, FLOW_SERVER, BYTES("in the middle of something\0\0\0\0SM"));
    echo(&t, 3, true);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"state\":\"TRUNCATED\""));
    CHECK(parse_test_has(
        out, "\"command\":\"SMB2_COMMAND_KEEPALIVE\",\"status\":\"STATUS_SUCCESS\""));
    parse_test_finish(&t);
}

// A file read from its end to its start needs more room than may wait.
TEST(window)
{
    struct parse_test t;
    start(&t);
    open_file(&t, 1, 7, 1 << 20);
    for (uint64_t i = 0; i <= SMB_WINDOW_PIECES; i++) {
        read_request(&t, 2 + i, 7, 100'000 - 200 * i, 100);
        struct message m = read_answer(2 + i, 100);
        send(&t, FLOW_SERVER, &m);
    }
    finish(&t, "smb.write_queue_exceeded");
}

TEST(out_of_memory)
{
    struct parse_test t;
    start(&t);
    echo(&t, 1, false);
    t.pool.limit_bytes = t.pool.used_bytes;
    for (uint64_t i = 2; i < 100; i++)
        echo(&t, i, false);
    t.pool.limit_bytes = 0;
    finish(&t, "smb.out_of_budget");
}

TEST_MAIN(T(too_many_requests), T(too_many_trees), T(too_many_sessions), T(too_many_files),
    T(same_file_opened_twice), T(out_of_order_in_pieces), T(gap_in_data), T(gap_past_data),
    T(window), T(out_of_memory))
