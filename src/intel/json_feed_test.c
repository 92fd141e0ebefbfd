// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "intel/json_feed.h"

struct slow { // gives a few bytes at a time
    struct bytes text;
    size_t at, step;
};

static size_t read_slow(void *context, uint8_t *to, size_t room)
{
    struct slow *slow = context;
    struct bytes piece = bytes_sub(slow->text, slow->at, slow->step < room ? slow->step : room);
    if (piece.len)
        memcpy(to, piece.data, piece.len);
    slow->at += piece.len;
    return piece.len;
}

static int count_list(struct feed *feed)
{
    int elements = 0;
    for (; feed_element(feed); elements++) {
        json_t *value = feed_json(feed);
        json_decref(value);
        if (!value)
            break;
    }
    return elements;
}

// Counts the elements of "objects"; -1: trouble.
static int count(const char *text, size_t step, struct feed **out)
{
    static struct slow slow;
    slow = (struct slow){bytes_from_text(text), 0, step};
    struct feed *feed = feed_create(read_slow, &slow);
    char name[FEED_TEXT_BYTES];
    int elements = 0;
    bool object = feed_open(feed, '{');
    while (object && feed_member(feed, name)) {
        if (strcmp(name, "objects") == 0 && feed_open(feed, '[')) {
            elements += count_list(feed);
            continue;
        }
        json_decref(feed_json(feed));
    }
    *out = feed;
    return feed_end(feed) ? elements : -1;
}

TEST(walks_in_pieces_of_any_size)
{
    static const char text[] =
        "\xef\xbb\xbf{ \"a\\\"b\": 1.5, \"type\":\"bundle\" ,\n\"objects\" : [ {\"x"
        "\":[1,{\"}\":\"]\\\"\"}]}, [], 3 , \"y,\" , null],\"z\":true}\n ";
    for (size_t step = 1; step < 40; step++) {
        struct feed *feed;
        CHECK_EQ(count(text, step, &feed), 5);
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
        {"{\"objects\":[1e999]}", FEED_SYNTAX, 1},
        {"{\"objects\":[{}\n{}]}", FEED_SYNTAX, 2},
        {"{\"objects\":[}]}", FEED_SYNTAX, 1},
        {"{} {}", FEED_SYNTAX, 1},
        {"{\"objects\":[\"abc", FEED_CUT, 1},
        {"{\"objects\":[[[[\n", FEED_CUT, 2},
        {"{\"\x01\":1}", FEED_SYNTAX, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct feed *feed;
        (void)count(cases[i].text, 3, &feed);
        if (feed->trouble != cases[i].trouble || feed->trouble_line != cases[i].line)
            TEST_SAY("%s: %d in line %u (%s)", cases[i].text, feed->trouble,
                (unsigned)feed->trouble_line, feed->error);
        feed_destroy(feed);
    }
}

TEST(bounds_depth)
{
    static char deep[100'000];
    struct feed *feed;
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "{\"objects\":", 11);
    CHECK_EQ(count(deep, 4096, &feed), -1);
    CHECK_EQ(feed->trouble, FEED_DEEP);
    feed_destroy(feed);
}

TEST(takes_numbers_of_any_size_as_real)
{
    struct feed *feed;
    CHECK_EQ(count("{\"objects\":[123456789012345678901234567890, -1, \"\\u0000\"]}", 7, &feed), 3);
    feed_destroy(feed);
}

TEST_MAIN(T(walks_in_pieces_of_any_size), T(says_what_is_wrong_and_where), T(bounds_depth),
    T(takes_numbers_of_any_size_as_real))
