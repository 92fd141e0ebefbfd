// SPDX-License-Identifier: Apache-2.0
#include "proto/ntlmssp.h"
#include "proto/parse_test.h"
#include "proto/tokens_test.h"

// A carrier whose datagrams are tokens; "ok" and "no" are its server's verdicts.
static enum proto_verdict carrier_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct ntlm_session **session = pf->state;
    struct bytes token = cursor_rest(in);
    (void)side;
    if (bytes_equal(token, BYTES("ok")) || bytes_equal(token, BYTES("no")))
        ntlm_result(session, pf, token.data[0] == 'o' ? NTLM_SUCCESS : NTLM_FAILURE);
    else
        ntlm_feed(session, pf, UINT64_MAX, token);
    return PROTO_MORE;
}

static void carrier_finish(struct proto_flow *pf)
{
    ntlm_result(pf->state, pf, NTLM_UNKNOWN);
}

static const struct proto carrier = {
    .name = "carrier",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct ntlm_session *),
    .parse = carrier_parse,
    .finish = carrier_finish,
};

static void begin(struct parse_test *t)
{
    parse_test_begin(t, &carrier, 17, 40000, 4000);
}

TEST(whole)
{
    struct parse_test t;
    begin(&t);
    parse_test_send(&t, FLOW_CLIENT, BYTES(TOKEN_NEGOTIATE));
    parse_test_send(&t, FLOW_SERVER, BYTES(TOKEN_CHALLENGE));
    parse_test_send(&t, FLOW_CLIENT, BYTES(TOKEN_AUTHENTICATE));
    parse_test_send(&t, FLOW_SERVER, BYTES("ok"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"carrier\":\"carrier\",\"types\":[1,2,3],\"user\":\"mayor\""));
    CHECK(parse_test_has(out, "\"domain\":\"TOWN\",\"host\":\"DESK7\",\"version\":\"10.0.19041\""));
    CHECK(parse_test_has(out, "\"ntlm_version\":\"NTLMv2\""));
    CHECK(parse_test_has(out, "\"target_spn\":\"cifs/files.town.example\""));
    CHECK(parse_test_has(out, "\"nb_computer_name\":\"FILES\",\"nb_domain_name\":\"TOWN\""));
    CHECK(parse_test_has(out, "\"dns_computer_name\":\"files.town.example\""));
    CHECK(parse_test_has(out, "\"time\":\"2023-11-14T22:13:20.000000+0000\""));
    CHECK(parse_test_has(out, "\"challenge\":\"0123456789abcdef\""));
    CHECK(parse_test_has(out, "\"mic\":true"));
    CHECK(parse_test_has(out, "\"result\":\"success\""));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"ntlm\""), 1);
    parse_test_finish(&t);
}

TEST(pieces_of_it)
{
    struct parse_test t;
    begin(&t);
    parse_test_send(&t, FLOW_CLIENT, BYTES(TOKEN_AUTH_V1));
    parse_test_send(&t, FLOW_CLIENT, BYTES(TOKEN_NEGOTIATE)); // another log-on
    parse_test_send(&t, FLOW_SERVER, BYTES("no"));
    parse_test_send(&t, FLOW_SERVER, BYTES("no")); // of nothing
    parse_test_send(&t, FLOW_SERVER, BYTES(TOKEN_CHALLENGE));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "\"ntlm_version\":\"NTLMv1\""));
    CHECK(parse_test_has(out, "\"types\":[1],\"domain\":\"TOWN\",\"host\":\"DESK7\""));
    CHECK(parse_test_has(out, "\"result\":\"failure\""));
    CHECK(parse_test_has(out, "\"types\":[2],"));
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"ntlm\""), 3);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"anomaly\""), 0);
    parse_test_finish(&t);
}

// Every message cut off anywhere: an anomaly, never a crash.
TEST(cut_anywhere)
{
    static const struct bytes tokens[] = {
        BYTES(TOKEN_NEGOTIATE), BYTES(TOKEN_CHALLENGE), BYTES(TOKEN_AUTHENTICATE)};
    for (size_t i = 0; i < 3; i++)
        for (size_t len = 8; len < tokens[i].len; len++) {
            struct parse_test t;
            begin(&t);
            parse_test_send(&t, FLOW_CLIENT, bytes_sub(tokens[i], 0, len));
            parse_test_end(&t);
            parse_test_finish(&t);
        }
}

TEST(hostile)
{
    struct parse_test t;
    begin(&t);
    // an answer whose user lies outside of it
    parse_test_send(&t, FLOW_CLIENT,
        BYTES("NTLMSSP\0\3\0\0\0"
              "\0\0\0\0\0\0\0\0"
              "\0\0\0\0\0\0\0\0"
              "\0\0\0\0\0\0\0\0"
              "\4\0\4\0\xff\xff\xff\xff"
              "\0\0\0\0\0\0\0\0"));
    parse_test_send(&t, FLOW_CLIENT, BYTES("NTLMSSP\0\7\0\0\0"));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "ntlm.malformed"));
    CHECK(parse_test_has(out, "\"ntlm_version\":\"anonymous\""));
    parse_test_finish(&t);
}

// A challenge of `size` bytes: room for one name and for pairs of `pair` bytes.
static struct bytes big_challenge(uint8_t *room, size_t size, size_t pair)
{
    memset(room, 0, size);
    memcpy(room, "NTLMSSP\0\2\0\0\0", 12);
    uint8_t info[] = {(uint8_t)(size - 56), (uint8_t)((size - 56) >> 8), 0, 0, 56, 0, 0, 0};
    memcpy(&room[40], info, sizeof info);
    for (size_t at = 56; at + pair <= size; at += pair) {
        room[at] = 1;
        room[at + 2] = (uint8_t)(pair - 4);
        room[at + 3] = (uint8_t)((pair - 4) >> 8);
    }
    return bytes_make(room, size);
}

TEST(limits)
{
    uint8_t room[8000];
    struct parse_test t;
    begin(&t);
    parse_test_send(&t, FLOW_SERVER, big_challenge(room, 56 + 40 * 6, 6));
    parse_test_send(&t, FLOW_SERVER, big_challenge(room, 56 + 2 * 3000, 3000));
    struct bytes out = parse_test_end(&t);
    CHECK(parse_test_has(out, "ntlm.too_many_pairs"));
    CHECK(parse_test_has(out, "ntlm.text_cut"));
    parse_test_finish(&t);
}

TEST(memory_runs_out)
{
    struct parse_test t;
    begin(&t);
    t.pool.limit_bytes = 1;
    parse_test_send(&t, FLOW_CLIENT, BYTES(TOKEN_NEGOTIATE));
    t.pool.limit_bytes = 0;
    struct bytes out = parse_test_end(&t);
    CHECK_EQ(parse_test_count(out, "\"event_type\":\"ntlm\""), 0);
    parse_test_finish(&t);
}

TEST(versions)
{
    struct pool pool;
    struct arena arena;
    struct ntlm_message m;
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 4096);
    CHECK(ntlm_read(&m, BYTES(TOKEN_CHALLENGE), &arena));
    CHECK_TEXT(ntlm_version_text(&m.version, &arena), "10.0.20348");
    CHECK_TEXT(ntlm_version_eve(&m.version, &arena), "10.0 build 20348 rev 15");
    CHECK(!ntlm_read(&m, BYTES("NTLMSSP"), &arena));
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST_MAIN(T(whole), T(pieces_of_it), T(cut_anywhere), T(hostile), T(limits), T(memory_runs_out),
    T(versions))
