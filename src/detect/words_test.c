// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "detect/words.h"

static const struct text_arg args[] = {
    {"subject", BYTES("192.0.2.1")}, {"peer", {NULL, 0}}, {"count", BYTES("3")}};

static bool fills(const char *text, const char *want)
{
    struct json out;
    json_init(&out);
    words_fill(&out, text, args, 3);
    bool same = bytes_equal(bytes_make(out.data, out.len), bytes_from_text(want));
    if (!same)
        printf("# %.*s\n", (int)out.len, out.data);
    json_finish(&out);
    return same;
}

TEST(blanks)
{
    CHECK(fills("{subject}", "192.0.2.1"));
    CHECK(fills("a {subject} b {count} c", "a 192.0.2.1 b 3 c"));
    CHECK(fills("to {peer}", "to -"));
    CHECK(fills("no blank", "no blank"));
    CHECK(fills("", ""));
}

TEST(optional_parts)
{
    CHECK(fills("{subject}[[ with {peer}]].", "192.0.2.1."));
    CHECK(fills("x[[ {count} times]][[ {subject} and {peer}]]", "x 3 times"));
    CHECK(fills("[[{count}]]", "3"));
    CHECK(fills("[[{peer}]]", ""));
    CHECK(fills("[[left open {count}", "left open 3"));
}

static bool shows(struct bytes data, const char *want)
{
    struct json out;
    json_init(&out);
    words_show(&out, data);
    bool same = bytes_equal(bytes_make(out.data, out.len), bytes_from_text(want));
    json_finish(&out);
    return same;
}

TEST(values)
{
    CHECK(shows(BYTES("evil.example"), "evil.example"));
    CHECK(shows(BYTES("悪い"), "悪い"));
    CHECK(shows(BYTES("\x00\xff"), "0x00ff"));
    CHECK(shows(BYTES(""), ""));
    CHECK(words_is_text(BYTES("a b")) && !words_is_text(BYTES("a\nb")));
    struct json out;
    static char big[1000];
    memset(big, 'a', sizeof big);
    json_init(&out);
    words_show(&out, bytes_make(big, sizeof big));
    CHECK(out.len < 130 && out.len > 100);
    json_finish(&out);
}

TEST(times)
{
    char room[WORDS_TIME];
    words_time(1'763'712'000'000'000, room);
    CHECK(strcmp(room, "2025-11-21 08:00:00 UTC") == 0);
    words_time(INT64_MAX, room);
    CHECK(strcmp(room, "-") == 0);
}

TEST_MAIN(T(blanks), T(optional_parts), T(values), T(times))
