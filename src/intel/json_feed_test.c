// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "intel/json_feed.h"
#include <stdio.h>

enum { OUTER = 1, ELEMENTS };

static int begin(void *, int mode, struct bytes name, char bracket)
{
    if (mode == FEED_OUTERMOST && bracket == '{')
        return OUTER;
    bool objects = mode == OUTER && bytes_equal(name, BYTES("objects")) && bracket == '[';
    return objects ? ELEMENTS : mode == OUTER ? FEED_SKIP : FEED_COLLECT;
}

struct seen {
    int elements;
    char text[20]; // of the last that is one, as a value or as member "a"
};

static bool value(void *context, int mode, const struct json_node *value)
{
    struct seen *seen = context;
    struct bytes text = value->kind == JSON_TEXT ? value->text : json_bytes(value, "a");
    seen->elements += mode == ELEMENTS;
    if (text.len)
        snprintf(seen->text, sizeof seen->text, "%.*s", (int)text.len, (const char *)text.data);
    return true;
}

static const struct feed_reader reader = {.begin = begin, .value = value};

// The elements of "objects" in steps of so many bytes, 0: as many as it asks for; -1: trouble.
static struct seen count(
    const struct feed_reader *by, struct bytes text, size_t step, struct feed **out)
{
    struct seen seen = {0};
    struct feed *feed = feed_create(by, &seen);
    for (size_t at = 0, piece; at < text.len; at += piece) {
        piece = step ? step : feed_appetite(feed);
        if (!feed_take(feed, bytes_sub(text, at, piece)))
            break;
    }
    seen.elements = feed_end(feed) ? seen.elements : -1;
    *out = feed;
    return seen;
}

TEST(walks_in_pieces_of_any_size)
{
    static const char text[] =
        "\xef\xbb\xbf{ \"a\\\"b\": 1.5, \"type\":\"bundle\" ,\n\"objects\" : [ {\"x"
        "\":[1,{\"}\":\"]\\\"\"}]}, [], 3 , \"y,\" , null],\"z\":true}\n ";
    for (size_t step = 1; step < 40; step++) {
        struct feed *feed;
        CHECK_EQ(count(&reader, bytes_from_text(text), step, &feed).elements, 5);
        feed_destroy(feed);
    }
}

TEST(says_what_is_wrong_and_where)
{
    static const struct {
        const char *text;
        enum feed_trouble trouble;
        unsigned line;
    } cases[] = {
        {"", FEED_FINE, 0},
        {"{", FEED_CUT, 1},
        {"{\"a\"", FEED_CUT, 1},
        {"{\"a\":1", FEED_CUT, 1},
        {"{\"a\":\n1]", FEED_SYNTAX, 2},
        {"{\"a\":tru\n}", FEED_SYNTAX, 1},
        {"{\"objects\":[{\n\n\"a\":}]}", FEED_SYNTAX, 3},
        {"{\"objects\":[{},]}", FEED_SYNTAX, 1},
        {"{\"objects\":[{\"a\":1,\"a\":2}]}", FEED_SYNTAX, 1},
        {"{\"objects\":[{}\n{}]}", FEED_SYNTAX, 2},
        {"{\"objects\":[}]}", FEED_SYNTAX, 1},
        {"{} {}", FEED_SYNTAX, 1},
        {"{\"objects\":[\"abc", FEED_CUT, 1},
        {"{\"objects\":[[[[\n", FEED_CUT, 2},
        {"{\"\x01\":1}", FEED_SYNTAX, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed *feed;
        (void)count(&reader, bytes_from_text(cases[i].text), 3, &feed);
        struct feed_report report = feed_report(feed);
        if (report.trouble != cases[i].trouble || report.line != cases[i].line)
            TEST_SAY("%s: %d in line %u (%s)", cases[i].text, report.trouble, (unsigned)report.line,
                report.error);
        feed_destroy(feed);
    }
}

TEST(bounds_depth)
{
    static char deep[100'000];
    struct feed *feed;
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"objects\":", 11);
    CHECK_EQ(count(&reader, bytes_from_text(deep), 4096, &feed).elements, -1);
    CHECK_EQ(feed_report(feed).trouble, FEED_DEEP);
    feed_destroy(feed);
}

TEST(bounds_a_value)
{
    static char large[FEED_VALUE_BYTES + (4 << 20)];
    static const char *const heads[] = {"{\"objects\":[{\"a\":\"", "{\"skipped\":\""};
    for (size_t i = 0; i < 2; i++) {
        struct feed *feed;
        memset(large, 'x', sizeof large);
        memcpy(large, heads[i], strlen(heads[i]));
        (void)count(&reader, bytes_make(large, sizeof large), 0, &feed);
        CHECK_EQ(feed_report(feed).trouble, FEED_LARGE);
        feed_destroy(feed);
    }
}

TEST(takes_numbers_of_any_size_and_texts_of_any_bytes)
{
    struct feed *feed;
    struct bytes text = BYTES("{\"objects\":[123456789012345678901234567890, -1, \"\\u0000\", "
                              "{\"b\":[{\"a\":\"no\"}],\"a\":\"\\u6f22\\u5b57\"}]}");
    struct seen seen = count(&reader, text, 7, &feed);
    CHECK_EQ(seen.elements, 4);
    CHECK_TEXT(bytes_from_text(seen.text), "漢字");
    feed_destroy(feed);
}

static bool not_b(void *, const struct json_node *member)
{
    return !bytes_equal(member->name, BYTES("b"));
}

TEST(skips_the_rest_of_what_is_not_wanted)
{
    struct feed *feed;
    struct feed_reader choosy = reader;
    choosy.wanted = not_b;
    struct bytes text = BYTES("{\"objects\":[{\"a\":\"1\"},{\"c\":{\"b\":2},\"a\":\"2\"},"
                              "{\"b\":{},\"a\":[3]}]}");
    struct seen seen = count(&choosy, text, 5, &feed);
    CHECK_EQ(seen.elements, 2);
    CHECK_TEXT(bytes_from_text(seen.text), "2");
    feed_destroy(feed);
}

TEST_MAIN(T(walks_in_pieces_of_any_size), T(says_what_is_wrong_and_where), T(bounds_depth),
    T(bounds_a_value), T(takes_numbers_of_any_size_and_texts_of_any_bytes),
    T(skips_the_rest_of_what_is_not_wanted))
