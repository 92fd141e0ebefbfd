// SPDX-License-Identifier: Apache-2.0
#include "proto/engine.h"
#include "proto/expect.h"
#include "proto/parse_test.h"

enum { TCP = 6, UDP = 17, NOW_US = 1'000'000 };

// The parser the announced flow goes to; it says what it was told in a record's text.
static struct {
    char note[PROTO_NOTE_BYTES + 1];
    int bytes[2];
} told;

static enum proto_verdict told_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    memcpy(told.note, pf->note.data, pf->note.len);
    told.note[pf->note.len] = '\0';
    told.bytes[side] += (int)cursor_left(in);
    cursor_skip(in, cursor_left(in));
    return PROTO_MORE;
}

static const struct proto told_proto = {
    .name = "told", .carriers = OVER_TCP | OVER_UDP, .parse = told_parse};

static struct flow flow_between(uint16_t client_port, uint16_t server_port)
{
    struct flow flow = {.ip_version = 4, .ip_proto = TCP, .port = {client_port, server_port}};
    memcpy(flow.addr[FLOW_CLIENT], "\xc0\x00\x02\x01", 4);
    memcpy(flow.addr[FLOW_SERVER], "\xc0\x00\x02\x35", 4);
    return flow;
}

static struct proto_expected expected_at(enum flow_side listener, uint16_t port)
{
    return (struct proto_expected){.carrier = OVER_TCP,
        .listener = listener,
        .port = port,
        .proto = &told_proto,
        .note = BYTES("report.txt")};
}

TEST(passive)
{
    struct pool pool;
    pool_init(&pool, 0);
    struct expect_table *table = expect_create(&pool);
    struct flow control = flow_between(40000, 21), data = flow_between(40001, 5000);
    struct proto_expected expected = expected_at(FLOW_SERVER, 5000);
    CHECK(expect_add(table, &control, &expected, NOW_US));
    data.first_us = NOW_US + 5;
    const struct expect_entry *entry = expect_take(table, &data);
    CHECK(entry != NULL);
    if (entry)
        CHECK_TEXT(bytes_make(entry->note, entry->note_len), "report.txt");
    CHECK(expect_take(table, &data) == NULL); // good for one flow
    expect_destroy(table, &pool);
    CHECK_EQ(pool.used_bytes, 0);
    pool_finish(&pool);
}

// Another port, another host, another transport, the other side's port, too late.
TEST(not_announced)
{
    struct pool pool;
    pool_init(&pool, 0);
    struct expect_table *table = expect_create(&pool);
    struct flow control = flow_between(40000, 21);
    struct proto_expected expected = expected_at(FLOW_SERVER, 5000);
    CHECK(expect_add(table, &control, &expected, NOW_US));
    struct flow wrong[5];
    for (int i = 0; i < 5; i++)
        wrong[i] = flow_between(40001, 5000);
    wrong[0].port[FLOW_SERVER] = 5001;
    wrong[1].addr[FLOW_CLIENT][3] = 9;
    wrong[2].ip_proto = UDP;
    wrong[3] = flow_between(5000, 40001);
    wrong[4].first_us = NOW_US + 500'000'000;
    for (int i = 0; i < 5; i++)
        CHECK(expect_take(table, &wrong[i]) == NULL);
    expect_destroy(table, &pool);
    pool_finish(&pool);
}

TEST(a_flood_of_announcements)
{
    struct pool pool;
    pool_init(&pool, 0);
    struct expect_table *table = expect_create(&pool);
    struct flow control = flow_between(40000, 21);
    int lost = 0;
    for (int port = 1; port < 10'000; port++) {
        struct proto_expected expected = expected_at(FLOW_SERVER, (uint16_t)port);
        lost += !expect_add(table, &control, &expected, NOW_US + port);
    }
    CHECK(lost > 8000);
    struct flow data = flow_between(40001, 9999);
    CHECK(expect_take(table, &data) != NULL); // the newest is there
    expect_destroy(table, &pool);
    pool_finish(&pool);
}

// Through the engine: the server connects back to the client; the sides are the announcement's.
static void come_back(bool listener_is_client)
{
    struct parse_test t;
    parse_test_begin(&t, NULL, TCP, 40000, 21);
    memset(&told, 0, sizeof told);
    struct proto_flow announcing = {.flow = &t.flow, .engine = t.engine, .time_us = 1};
    struct proto_expected expected = expected_at(FLOW_CLIENT, 40001);
    expected.listener_is_client = listener_is_client;
    proto_expect(&announcing, &expected);
    struct flow old = t.flow;
    for (int side = 0; side < 2; side++)
        memcpy(t.flow.addr[side], old.addr[1 - side], 16);
    t.flow.port[FLOW_CLIENT] = 20;
    t.flow.port[FLOW_SERVER] = 40001;
    parse_test_send(&t, FLOW_CLIENT, BYTES("bytes"));
    CHECK_TEXT(bytes_from_text(told.note), "report.txt");
    CHECK_EQ(told.bytes[listener_is_client ? FLOW_SERVER : FLOW_CLIENT], 5);
    CHECK_EQ(t.flow.port[listener_is_client ? FLOW_CLIENT : FLOW_SERVER], 40001);
    CHECK_TEXT(bytes_from_text(t.flow.app_proto), "told");
    parse_test_end(&t);
    parse_test_finish(&t);
}

TEST(active)
{
    come_back(false);
}

TEST(sides_turned)
{
    come_back(true);
}

TEST_MAIN(T(passive), T(not_announced), T(a_flood_of_announcements), T(active), T(sides_turned))
