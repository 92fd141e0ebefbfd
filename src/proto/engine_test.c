// SPDX-License-Identifier: Apache-2.0
// The engine: who is asked, what is kept, what each verdict does. Made-up protocols are forced on a
// flow; probes are tried with the real ones. Every test ends with all memory given back.
#include "base/test_alloc.h"
#include "proto/engine.h"
#include "proto/parse_test.h"

static const enum flow_side C = FLOW_CLIENT, S = FLOW_SERVER;
enum { TCP = 6, UDP = 17 };

static struct {
    char text[4096]; // what parsers were shown, "c:abc "
    size_t len;
    int finished;
    struct proto_file *file;
} seen;

static void see(const char *text, size_t len)
{
    if (len > sizeof seen.text - seen.len)
        return;
    memcpy(&seen.text[seen.len], text, len);
    seen.len += len;
}

static struct bytes seen_text(void)
{
    return bytes_make(seen.text, seen.len);
}

// Lines that end in a newline; each is one command to the engine.
static enum proto_verdict toy_line(struct proto_flow *pf, struct bytes line);

static enum proto_verdict toy_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    for (;;) {
        struct bytes left = cursor_rest(in);
        size_t end = bytes_find(left, BYTES("\n"));
        if (end == BYTES_NOT_FOUND) {
            if (pf->ended[side])
                see(side == C ? "c! " : "s! ", 3);
            return PROTO_MORE;
        }
        struct bytes line = bytes_sub(left, 0, end);
        cursor_skip(in, end + 1);
        see(side == C ? "c:" : "s:", 2);
        see((const char *)line.data, line.len);
        see(" ", 1);
        enum proto_verdict verdict = toy_line(pf, line);
        if (verdict != PROTO_MORE || pf->switch_to)
            return verdict;
    }
}

static enum proto_verdict toy_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    char text[32];
    (void)pf;
    see(text, (size_t)snprintf(text, sizeof text, "%c-%zu ", "cs"[side], lost));
    return lost == 13 ? PROTO_BROKEN : PROTO_MORE;
}

static void toy_finish(struct proto_flow *pf)
{
    seen.finished++;
    proto_file_close(pf, seen.file, false);
    seen.file = NULL;
}

static const struct proto toy = {.name = "toy",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = 64,
    .budget_bytes = 4096,
    .buffer_bytes = 256,
    .parse = toy_parse,
    .gap = toy_gap,
    .finish = toy_finish};

static enum proto_verdict second_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes all = cursor_rest(in);
    see(side == C ? "C:" : "S:", 2);
    see((const char *)all.data, all.len);
    see(" ", 1);
    cursor_skip(in, all.len);
    CHECK(pf->packet != NULL);
    return PROTO_MORE;
}

static const struct proto second = {
    .name = "second", .carriers = OVER_TCP, .buffer_bytes = 64, .parse = second_parse};

// Waits for eight bytes before it may be asked.
static enum proto_verdict waiting_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct bytes all = cursor_rest(in);
    see("[", 1);
    see((const char *)all.data, all.len);
    see("] ", 2);
    if (all.len < 8) {
        pf->need[side] = 8;
        return PROTO_MORE;
    }
    cursor_skip(in, 8);
    return PROTO_MORE;
}

static const struct proto waiting = {
    .name = "waiting", .carriers = OVER_TCP, .buffer_bytes = 64, .parse = waiting_parse};

static enum proto_verdict toy_line(struct proto_flow *pf, struct bytes line)
{
    const struct proto *next = bytes_equal(line, BYTES("second")) ? &second
                               : bytes_equal(line, BYTES("any"))  ? &proto_any
                                                                  : NULL;
    if (next)
        proto_switch(pf, next);
    if (bytes_equal(line, BYTES("odd")))
        proto_anomaly(pf, ANOMALY_STREAM_OVERLAP_DIFFERENT); // any would do
    if (bytes_equal(line, BYTES("done")))
        return PROTO_DONE;
    if (bytes_equal(line, BYTES("broken")))
        return PROTO_BROKEN;
    return bytes_equal(line, BYTES("other")) ? PROTO_NOT_MINE : PROTO_MORE;
}

static void begin(struct parse_test *t, const struct proto *proto)
{
    memset(&seen, 0, sizeof seen);
    parse_test_begin(t, proto, TCP, 40'000, 4000);
}

static void finish(struct parse_test *t)
{
    parse_test_end(t);
    parse_test_finish(t);
}

static void side_end(struct parse_test *t, enum flow_side side)
{
    const struct flow_handler *handler = proto_engine_handler(t->engine);
    handler->side_end(handler->context, &t->flow, side, &t->packet);
}

TEST(messages_in_pieces)
{
    for (size_t piece = 1; piece < 20; piece++) {
        struct parse_test t;
        begin(&t, &toy);
        parse_test_split(&t, C, BYTES("one\ntwo\nthree\n"), piece);
        parse_test_split(&t, S, BYTES("four\nfi"), piece);
        CHECK_TEXT(seen_text(), "c:one c:two c:three s:four ");
        CHECK_TEXT(bytes_from_text(t.flow.app_proto), "toy");
        CHECK_EQ(t.flow.app_basis, FLOW_BY_PARSER);
        finish(&t);
        CHECK_EQ(seen.finished, 1);
    }
}

TEST(sides_end)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("one\nrest"));
    side_end(&t, C);
    side_end(&t, S);
    CHECK_TEXT(seen_text(), "c:one c! s! ");
    finish(&t);
}

TEST(done)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("done\nmore\n"));
    CHECK(!t.wanted);
    CHECK_EQ(seen.finished, 1);
    CHECK_TEXT(seen_text(), "c:done ");
    CHECK_EQ(t.pool.used_bytes, 0); // at once, not when the flow ends
    CHECK_TEXT(bytes_from_text(t.flow.app_proto), "toy");
    finish(&t);
}

TEST(broken)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("broken\n"));
    CHECK(!t.wanted);
    CHECK_EQ(t.metrics.app_layer_broken, 1);
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event\":\"applayer.parser_broken\""), 1);
    parse_test_finish(&t);
}

TEST(not_mine)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("rest without end"));
    parse_test_send(&t, S, BYTES("other\n"));
    CHECK(!t.wanted); // nDPI is off here
    CHECK(t.flow.app_proto == NULL);
    CHECK_EQ(seen.finished, 1);
    finish(&t);
}

TEST(anomaly_once_a_flow)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("odd\nodd\nodd\n"));
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"anomaly\""), 1);
    CHECK_EQ(t.metrics.app_layer_anomalies, 3);
    parse_test_finish(&t);
}

TEST(buffer_limit)
{
    for (size_t piece = 1; piece < 300; piece += 40) {
        static const char line[300] = {[0 ... 298] = 'x'};
        struct parse_test t;
        begin(&t, &toy);
        parse_test_send(&t, C, BYTES("hello\n"));
        parse_test_split(&t, C, bytes_make(line, 256), piece); // just as much as may wait
        CHECK(t.wanted);
        parse_test_send(&t, C, BYTES("x"));
        CHECK(!t.wanted);
        struct bytes out = parse_test_end(&t);
        CHECK_EQ(parse_test_count(out, "\"event\":\"applayer.buffer_full\""), 1);
        parse_test_finish(&t);
    }
}

TEST(a_long_segment_of_short_messages)
{
    struct parse_test t;
    char lines[2000];
    for (size_t i = 0; i < sizeof lines; i += 2)
        memcpy(&lines[i], "x\n", 2);
    begin(&t, &toy);
    parse_test_send(&t, C, bytes_make(lines, sizeof lines)); // longer than buffer_bytes, none left
    CHECK(t.wanted);
    finish(&t);
}

TEST(need)
{
    struct parse_test t;
    begin(&t, &waiting);
    parse_test_split(&t, C, BYTES("abcdefghi"), 1);
    CHECK_TEXT(seen_text(), "[a] [abcdefgh] [i] ");
    parse_test_gap(&t, C, 5); // has no gap function: let go
    CHECK(!t.wanted);
    finish(&t);
}

TEST(gaps)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("one\nhalf"));
    parse_test_gap(&t, C, 5);
    parse_test_send(&t, C, BYTES("two\n"));
    CHECK_TEXT(seen_text(), "c:one c-5 c:two "); // the half line is gone
    parse_test_gap(&t, S, 13);
    CHECK(!t.wanted);
    CHECK_EQ(t.metrics.app_layer_broken, 1);
    finish(&t);
}

TEST(gap_before_anything)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_gap(&t, C, 5);
    CHECK(t.wanted);
    parse_test_send(&t, C, BYTES("one\n"));
    CHECK_TEXT(seen_text(), "c:one ");
    finish(&t);
}

TEST(switched)
{
    for (size_t piece = 1; piece < 30; piece += 4) {
        struct parse_test t;
        begin(&t, &toy);
        parse_test_send(&t, S, BYTES("wait")); // the next one is shown this too
        parse_test_split(&t, C, BYTES("one\nsecond\n"), piece);
        CHECK_EQ(seen.finished, 1);
        parse_test_send(&t, C, BYTES("new"));
        parse_test_send(&t, S, BYTES("ing"));
        CHECK_TEXT(seen_text(), "c:one c:second S:wait C:new S:ing ");
        CHECK_TEXT(bytes_from_text(t.flow.app_proto), "second");
        finish(&t);
    }
}

TEST(switched_within_a_segment)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("sec"));
    parse_test_send(&t, C, BYTES("ond\nrest"));
    CHECK_TEXT(seen_text(), "c:second C:rest ");
    finish(&t);
}

TEST(switched_to_any)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("any\nSSH-2.0-x\r\n"));
    CHECK_EQ(seen.finished, 1); // asked again, and the forced one came
    CHECK_TEXT(seen_text(), "c:any c:SSH-2.0-x\r ");
    proto_engine_force(t.engine, NULL);
    parse_test_send(&t, C, BYTES("any\nSSH-2.0-x\r\n"));
    CHECK_TEXT(bytes_from_text(t.flow.app_proto), "ssh");
    finish(&t);
}

// Real probes: however small the segments, and whoever speaks first.
static void check_probe(const char *sent, const char *name, enum flow_side side, bool turned)
{
    for (size_t piece = 1; piece < 50; piece += 7) {
        struct parse_test t;
        begin(&t, NULL);
        parse_test_split(&t, side, bytes_from_text(sent), piece);
        CHECK_TEXT(bytes_from_text(t.flow.app_proto), name);
        CHECK_EQ((t.flow.flags & FLOW_REVERSED) != 0, turned);
        CHECK_EQ(t.flow.port[S], turned ? 40'000 : 4000);
        finish(&t);
    }
}

TEST(probed_in_pieces)
{
    check_probe("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "http", C, false);
    check_probe("SSH-2.0-OpenSSH_9.2\r\n", "ssh", C, false);
    check_probe("220 mail.example ESMTP ready\r\n", "smtp", S, false);
}

TEST(probe_turns_the_flow)
{
    check_probe("220 mail.example ESMTP ready\r\n", "smtp", C, true);
    check_probe("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n", "http", C, true);
    check_probe("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "http", S, true);
}

TEST(nobody_knows)
{
    struct parse_test t;
    struct bytes unknown = BYTES("\xf1\xf2\xf3 these are bytes of no protocol that has a name\n");
    begin(&t, NULL);
    parse_test_send(&t, C, unknown);
    CHECK(t.wanted); // the other side may say more
    parse_test_send(&t, S, unknown);
    CHECK(!t.wanted);
    CHECK(t.flow.app_proto == NULL);
    CHECK_EQ(t.pool.used_bytes, 0);
    finish(&t);
}

// A probe that still waits when its bytes have run out must not see the middle as a beginning.
TEST(probing_has_an_end)
{
    static char line[PROBE_BYTES + 2000];
    struct parse_test t;
    begin(&t, NULL);
    memset(line, 'A', sizeof line);
    memcpy(line, "GET /", 5);
    parse_test_split(&t, C, bytes_make(line, PROBE_BYTES - 10), 1000);
    bool waits = t.wanted && !t.flow.app_proto;
    memcpy(&line[PROBE_BYTES - 10], "SSH-2.0-x\r\nGET / HTTP/1.1\r\n\r\n", 30);
    parse_test_send(&t, C, bytes_make(&line[PROBE_BYTES - 10], 30));
    if (waits)
        CHECK(t.flow.app_proto == NULL || strcmp(t.flow.app_proto, "ssh") != 0);
    finish(&t);
}

static struct proto_flow *flow_of(struct parse_test *t)
{
    struct engine_flow *ef = t->flow.app;
    return &ef->pf;
}

TEST(files)
{
    struct parse_test t;
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("one\n"));
    struct proto_file *file = proto_file_open(flow_of(&t), C, BYTES("a.txt"), 3);
    CHECK(file != NULL);
    proto_file_data(flow_of(&t), file, BYTES("hello"));
    proto_file_close(flow_of(&t), file, true);
    seen.file = proto_file_open(flow_of(&t), S, BYTES(""), UINT64_MAX); // toy_finish closes it
    proto_file_gap(flow_of(&t), seen.file, 10);
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"filename\":\"a.txt\""));
    CHECK(parse_test_has(out, "\"md5\":\"5d41402abc4b2a76b9719d911017c592\""));
    CHECK(parse_test_has(out, "\"state\":\"CLOSED\""));
    CHECK(parse_test_has(out, "\"state\":\"TRUNCATED\""));
    CHECK_EQ(t.metrics.file_total, 2);
    parse_test_finish(&t);
}

TEST(files_have_a_limit)
{
    struct parse_test t;
    struct proto_file *files[FLOW_FILES];
    begin(&t, &toy);
    parse_test_send(&t, C, BYTES("one\n"));
    for (int i = 0; i < FLOW_FILES; i++)
        CHECK((files[i] = proto_file_open(flow_of(&t), C, BYTES("f"), 0)) != NULL);
    CHECK(proto_file_open(flow_of(&t), C, BYTES("f"), 0) == NULL);
    CHECK_EQ(t.metrics.file_memcap, 1);
    proto_file_data(flow_of(&t), NULL, BYTES("x"));
    proto_file_gap(flow_of(&t), NULL, 1);
    proto_file_close(flow_of(&t), NULL, true);
    proto_file_close(flow_of(&t), files[0], false);
    CHECK((files[0] = proto_file_open(flow_of(&t), C, BYTES("g"), 0)) != NULL);
    for (int i = 0; i < FLOW_FILES; i++)
        proto_file_close(flow_of(&t), files[i], false);
    finish(&t);
}

TEST(no_memory_for_a_flow)
{
    struct parse_test t;
    begin(&t, &toy);
    t.pool.limit_bytes = 1;
    parse_test_send(&t, C, BYTES("one\n"));
    CHECK(!t.wanted);
    CHECK_EQ(t.metrics.app_layer_memcap, 1);
    t.pool.limit_bytes = 0;
    finish(&t);
}

// A datagram that nDPI knows, after a parser has thought it its own.
TEST(ndpi_names_the_rest)
{
    static uint8_t ask[] = "\x45\x00\x00\x7f\x00\x01\x40\x00\x01\x11\x00\x00"
                           "\xc0\x00\x02\x01\xef\xff\xff\xfa\x9c\x40\x07\x6c\x00\x6b\x00\x00"
                           "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                           "MAN: \"ssdp:discover\"\r\nMX: 3\r\nST: ssdp:all\r\n\r\nother\n";
    struct bytes packet = bytes_make(ask, sizeof ask - 1);
    ask[3] = sizeof ask - 1; // lengths of IP and UDP
    ask[25] = sizeof ask - 1 - 20;
    for (int forced = 0; forced < 2; forced++) {
        struct parse_test t;
        begin(&t, NULL);
        proto_engine_destroy(t.engine);
        t.config.ndpi.enabled = true;
        t.engine = proto_engine_create(&t.config, &t.pool, &t.metrics, parse_test_emit, &t);
        CHECK(t.engine != NULL);
        proto_engine_force(t.engine, forced ? &toy : NULL);
        t.flow.ip_proto = UDP;
        t.packet.l3 = packet.data;
        t.packet.l3_len = (uint32_t)packet.len;
        parse_test_send(&t, C, bytes_from(packet, 28));
        parse_test_end(&t); // here at the latest
        CHECK_EQ(seen.finished, forced);
        CHECK_TEXT(bytes_from_text(t.flow.app_proto), "ssdp");
        CHECK_EQ(t.flow.app_basis, FLOW_BY_NDPI);
        parse_test_finish(&t);
    }
}

// An IPv4 datagram of 'x' to a port; the buffer is the test's.
static struct bytes datagram_of_x(uint8_t room[64], uint16_t port)
{
    static const uint8_t head[28] = "\x45\x00\x00\x30\x00\x01\x40\x00\x40\x11\x00\x00"
                                    "\xc0\x00\x02\x01\xc0\x00\x02\x35\x9c\x40\x00\x00\x00\x1c";
    memcpy(room, head, sizeof head);
    memset(&room[28], 'x', 20);
    room[22] = (uint8_t)(port >> 8);
    room[23] = (uint8_t)port;
    return bytes_make(room, 48);
}

TEST(a_port_is_no_name)
{
    static const uint16_t ports[] = {22, 25, 53, 80, 123, 443, 1719, 1900, 3478, 5060, 5201};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        struct parse_test t;
        uint8_t room[64];
        struct bytes packet = datagram_of_x(room, ports[i]);
        begin(&t, NULL);
        proto_engine_destroy(t.engine);
        t.config.ndpi.enabled = true;
        t.engine = proto_engine_create(&t.config, &t.pool, &t.metrics, parse_test_emit, &t);
        t.flow.ip_proto = UDP;
        t.flow.port[FLOW_SERVER] = ports[i];
        t.packet.l3 = packet.data;
        t.packet.l3_len = (uint32_t)packet.len;
        for (int n = 0; n < 12; n++)
            parse_test_send(&t, C, bytes_from(packet, 28));
        parse_test_end(&t);
        CHECK_TEXT(bytes_from_text(t.flow.app_proto), "");
        parse_test_finish(&t);
    }
}

// Flows nobody knows fill the memory; one that a parser knows is read all the same.
TEST(a_flood_leaves_room_for_parsers)
{
    enum { FLOOD = 200 };
    static struct flow flood[FLOOD];
    struct parse_test t;
    begin(&t, NULL);
    t.pool.limit_bytes = 64 * 1024;
    const struct flow_handler *handler = proto_engine_handler(t.engine);
    for (int i = 0; i < FLOOD; i++) {
        flood[i] = t.flow;
        handler->payload(handler->context, &flood[i], C, BYTES("EHL"), &t.packet); // may be more
    }
    CHECK(t.metrics.app_layer_unnamed > 0);
    CHECK(flood[0].flags & FLOW_UNWANTED); // the oldest gave way
    CHECK(!(flood[FLOOD - 1].flags & FLOW_UNWANTED));
    parse_test_send(&t, C, BYTES("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
    CHECK_TEXT(bytes_from_text(t.flow.app_proto), "http");
    CHECK_EQ(t.metrics.app_layer_memcap, 0);
    for (int i = 0; i < FLOOD; i++)
        handler->end(handler->context, &flood[i]);
    finish(&t);
}

static void drop_record(void *context, const struct record *record)
{
    (void)context;
    (void)record;
}

static bool create_and_feed(void *context)
{
    (void)context;
    struct config config = config_defaults;
    struct pool pool;
    struct metrics metrics = {0};
    pool_init(&pool, 0);
    config.ndpi.enabled = false;
    struct proto_engine *e = proto_engine_create(&config, &pool, &metrics, drop_record, NULL);
    bool wanted = false;
    if (e) {
        const struct flow_handler *h = proto_engine_handler(e);
        struct flow flow = {.ip_version = 4, .ip_proto = TCP};
        struct decoded packet = {.time_ns = 1};
        memset(&seen, 0, sizeof seen);
        proto_engine_force(e, &toy);
        wanted = h->payload(h->context, &flow, C, BYTES("one\nhalf"), &packet) &&
                 h->payload(h->context, &flow, C, BYTES(" of it\n"), &packet);
        h->end(h->context, &flow);
    }
    proto_engine_destroy(e);
    CHECK_EQ(pool.used_bytes, 0);
    pool_finish(&pool);
    return wanted;
}

TEST(out_of_memory)
{
    CHECK(test_alloc_failures(create_and_feed, NULL) > 2);
}

TEST_MAIN(T(messages_in_pieces), T(sides_end), T(done), T(broken), T(not_mine),
    T(anomaly_once_a_flow), T(buffer_limit), T(a_long_segment_of_short_messages), T(need), T(gaps),
    T(gap_before_anything), T(switched), T(switched_within_a_segment), T(switched_to_any),
    T(probed_in_pieces), T(probe_turns_the_flow), T(nobody_knows), T(probing_has_an_end), T(files),
    T(files_have_a_limit), T(no_memory_for_a_flow), T(ndpi_names_the_rest), T(a_port_is_no_name),
    T(a_flood_leaves_room_for_parsers), T(out_of_memory))
