// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "intel/pattern.h"
#include <stdio.h>

static struct pool pool;
static struct arena arena;

static struct pattern_node *parse(const char *text, struct pattern_error *error)
{
    return stix_pattern_parse(&arena, bytes_from_text(text), error);
}

TEST(takes_what_the_grammar_allows)
{
    pool_init(&pool, 0);
    arena_init(&arena, &pool, 64 << 20);
    static const char *const good[] = {
        "[ipv4-addr:value = '198.51.100.1']",
        "[ ipv4-addr:value='198.51.100.1/32' OR ipv6-addr:value = '2001:db8::/32' ]",
        "[file:hashes.'SHA-256' = 'aec0'] AND [file:name LIKE 'a%']",
        "[file:hashes.MD5 IN ('a', 'b', 'c')]",
        "[a:b = 1 AND (a:c = 2 OR a:d != 3) AND a:e NOT = 4]",
        "([a:b = 1] OR [a:b = 2]) FOLLOWEDBY [a:b = 3] WITHIN 600 SECONDS",
        "[a:b = 'x'] REPEATS 5 TIMES WITHIN 1.5 SECONDS",
        "[a:b = 'x'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00.000Z'",
        "[a:b = 'x'] START '2020-01-01T00:00:00Z' STOP '2021-01-01T00:00:00Z'",
        "[EXISTS a:b] AND [NOT EXISTS a:b]",
        "[a:b ISSUBSET '198.51.100.0/24' AND a:b ISSUPERSET '198.51.100.1']",
        "[a:b MATCHES '^a\\\\.b$']",
        "[a:b MATCHES '\\d+']",
        "[a:b = h'0aFF' OR a:b = b'aGVsbG8=' OR a:b = t'2020-02-29T23:59:60Z']",
        "[a:b = true AND a:c = -1.5 AND a:d == +3 AND a:e <> 4 AND a:f <= 5 AND a:g >= 6]",
        "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[0] = 'x']",
        "[a:b[*].c[-1].'d e' = 'it''s']",
        "/* why */ [a:b = 1] // and that\n OR [a:b = 2]",
        "[a:b = '']",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct pattern_error error;
        bool quotes = strstr(good[i], "it''s"); // a quote is escaped with a backslash
        if (!parse(good[i], &error) != quotes)
            TEST_SAY("%s: %s at %zu", good[i], text(error.why, LANG_EN), error.at);
    }
}

TEST(refuses_what_it_does_not)
{
    static const struct {
        const char *text;
        enum text_id why;
    } bad[] = {
        {"", TEXT_STIX_UNEXPECTED},
        {"a:b = 1", TEXT_STIX_UNEXPECTED},
        {"[a:b = 1", TEXT_STIX_UNEXPECTED},
        {"[a:b = 1]]", TEXT_STIX_UNEXPECTED},
        {"[]", TEXT_STIX_BAD_PATH},
        {"[a = 1]", TEXT_STIX_BAD_PATH},
        {"[a:b 1]", TEXT_STIX_NO_OPERATOR},
        {"[a:b LIKE 1]", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = x]", TEXT_STIX_BAD_CONSTANT},
        {"[a:b > true]", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = 'x]", TEXT_STIX_OPEN_QUOTE},
        {"[a:b = 'x\\']", TEXT_STIX_OPEN_QUOTE},
        {"[a:b = h'0']", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = h'0g']", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = b'a']", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = t'2020-13-01T00:00:00Z']", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = t'2021-02-29T00:00:00Z']", TEXT_STIX_BAD_CONSTANT},
        {"[a:b = 99999999999999999999]", TEXT_STIX_BAD_CONSTANT},
        {"[a:b IN 'x']", TEXT_STIX_UNEXPECTED},
        {"[a:b IN ()]", TEXT_STIX_BAD_CONSTANT},
        {"[a:b[x] = 1]", TEXT_STIX_BAD_INDEX},
        {"[a:b = 1 and a:c = 2]", TEXT_STIX_UNEXPECTED},
        {"[NOT a:b = 1]", TEXT_STIX_UNEXPECTED},
        {"[a:b = 1] WITHIN 5", TEXT_STIX_BAD_QUALIFIER},
        {"[a:b = 1] WITHIN -5 SECONDS", TEXT_STIX_BAD_QUALIFIER},
        {"[a:b = 1] REPEATS 0 TIMES", TEXT_STIX_BAD_QUALIFIER},
        {"[a:b = 1] REPEATS 1.5 TIMES", TEXT_STIX_BAD_QUALIFIER},
        {"[a:b = 1] REPEATS 1001 TIMES", TEXT_STIX_TOO_MANY_REPEATS},
        {"([a:b = 1] AND [a:b = 2]) REPEATS 17 TIMES", TEXT_STIX_TOO_MANY_REPEATS},
        {"[a:b = 1] START t'2021-01-01T00:00:00Z' STOP t'2020-01-01T00:00:00Z'",
            TEXT_STIX_BAD_QUALIFIER},
        {"[a:b = 1] AND", TEXT_STIX_UNEXPECTED},
        {"[a:b = 1] [a:b = 2]", TEXT_STIX_UNEXPECTED},
        {"/* [a:b = 1]", TEXT_STIX_OPEN_COMMENT},
        {"[a:b = 1] \x01", TEXT_STIX_UNEXPECTED},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pattern_error error = {.why = TEXTS};
        if (parse(bad[i].text, &error))
            TEST_SAY("%s: was taken", bad[i].text);
        else if (error.why != bad[i].why)
            TEST_SAY("%s: %s", bad[i].text, text(error.why, LANG_EN));
    }
}

TEST(binds_and_before_or_before_followedby)
{
    struct pattern_error error;
    const struct pattern_node *root =
        parse("[a:b = 1] OR [a:b = 2] AND [a:b = 3] FOLLOWEDBY [a:b = 4]", &error);
    CHECK(root && root->kind == NODE_THEN);
    CHECK(root && root->child->kind == NODE_ANY);
    CHECK(root && root->child->child->kind == NODE_OBSERVE);
    CHECK(root && root->child->child->next->kind == NODE_ALL);
    CHECK(root && root->child->next->kind == NODE_OBSERVE);
    root = parse("[a:b = 1 OR a:b = 2 AND a:b = 3]", &error);
    CHECK(root && root->child->kind == NODE_EITHER);
    CHECK(root && root->child->child->next->kind == NODE_BOTH);
}

TEST(takes_escapes_out_of_texts)
{
    struct pattern_error error;
    const struct pattern_node *root =
        parse("[a:b = 'it\\'s C:\\\\x \\d' AND a:b = h'00ff']", &error);
    CHECK(root);
    if (!root)
        return;
    CHECK_TEXT(root->child->child->test->literals[0].text, "it's C:\\x \\d");
    CHECK(bytes_equal(root->child->child->next->test->literals[0].text, BYTES("\0\xff")));
    CHECK_TEXT(root->child->child->test->path.text, "a:b");
}

TEST(knows_times)
{
    int64_t us;
    CHECK(pattern_time(BYTES("1970-01-01T00:00:01.5Z"), &us) && us == 1'500'000);
    CHECK(pattern_time(BYTES("1970-01-01T01:00:00+01:00"), &us) && us == 0);
    CHECK(pattern_time(BYTES("2026-11-21T08:00:00.123456789Z"), &us));
    CHECK(!pattern_time(BYTES("2026-11-21"), &us));
    CHECK(!pattern_time(BYTES("2026-11-21T08:00:00.Z"), &us));
    CHECK(!pattern_time(BYTES("2026-11-21T08:00:00"), &us));
}

TEST(bounds_depth_and_length)
{
    static char deep[PATTERN_BYTES + 16];
    struct pattern_error error;
    memset(deep, '(', 5000);
    CHECK(!parse(deep, &error));
    CHECK_EQ(error.why, TEXT_STIX_TOO_DEEP);
    memset(deep, ' ', sizeof deep - 1);
    CHECK(!parse(deep, &error));
    CHECK_EQ(error.why, TEXT_STIX_TOO_LONG);
    size_t len = (size_t)snprintf(deep, sizeof deep, "[a:b=1");
    while (len + 16 < PATTERN_BYTES)
        len += (size_t)snprintf(&deep[len], 16, " OR a:b=1");
    CHECK(!parse(deep, &error));
    CHECK_EQ(error.why, TEXT_STIX_TOO_MANY_TESTS);
}

TEST(gives_its_memory_back)
{
    arena_reset(&arena);
    pool_finish(&pool);
}

TEST_MAIN(T(takes_what_the_grammar_allows), T(refuses_what_it_does_not),
    T(binds_and_before_or_before_followedby), T(takes_escapes_out_of_texts), T(knows_times),
    T(bounds_depth_and_length), T(gives_its_memory_back))
