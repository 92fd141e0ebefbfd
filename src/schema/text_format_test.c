// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "schema/text.h"

TEST(fills_blanks_in_both_languages)
{
    char out[128];
    const struct text_arg args[] = {{"max", BYTES("64k")}, {"min", BYTES("1")}};
    size_t len = text_format(out, sizeof out, TEXT_CONFIG_ALLOWED_TEXT, LANG_EN, args, 2);
    CHECK_TEXT(bytes_make(out, len), "text of 1 to 64k bytes");
    len = text_format(out, sizeof out, TEXT_CONFIG_ALLOWED_TEXT, LANG_JA, args, 2);
    CHECK_TEXT(bytes_make(out, len), "1 から 64k バイトまでの文字列");
    CHECK_EQ(out[len], 0);
}

// A blank at either end, one alone, a value that looks like one.
TEST(takes_values_as_they_are)
{
    char out[32];
    const struct text_arg args[] = {{"words", BYTES("{words}")}};
    size_t len = text_format(out, sizeof out, TEXT_CONFIG_ALLOWED_ENUM, LANG_EN, args, 1);
    CHECK_TEXT(bytes_make(out, len), "{words}");
}

TEST(cuts_between_characters)
{
    const struct text_arg args[] = {{"words", BYTES("城の櫓")}};
    for (size_t room = 1; room < 12; room++) {
        char out[12];
        memset(out, 'x', sizeof out);
        size_t len = text_format(out, room, TEXT_CONFIG_ALLOWED_ENUM, LANG_EN, args, 1);
        CHECK_EQ(len, (room - 1) / 3 * 3);
        CHECK_EQ(out[len], 0);
        CHECK_EQ(out[room], 'x');
    }
}

TEST(every_text_has_both_languages)
{
    for (int id = 0; id < TEXTS; id++) {
        CHECK(strlen(text((enum text_id)id, LANG_EN)) > 0);
        CHECK(strlen(text((enum text_id)id, LANG_JA)) > 0);
    }
}

TEST_MAIN(T(fills_blanks_in_both_languages), T(takes_values_as_they_are),
    T(cuts_between_characters), T(every_text_has_both_languages))
