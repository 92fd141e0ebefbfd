// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "schema/reason.h"
#include <errno.h>

TEST(errors_in_english_are_what_the_system_says)
{
    size_t translated = 0;
    for (int error = 1; error < 134; error++) {
        char said[128]; // a copy: the next strerror() of a number without a name takes its room
        snprintf(said, sizeof said, "%s", reason_of_errno(error, LANG_EN));
        CHECK_TEXT(bytes_from_text(said), strerror(error));
        translated += strcmp(reason_of_errno(error, LANG_JA), said) != 0;
    }
    CHECK(translated >= 20);
    CHECK_TEXT(
        bytes_from_text(reason_of_errno(ENOENT, LANG_JA)), "ファイルまたはフォルダがありません");
    CHECK_TEXT(bytes_from_text(reason_of_errno(EXFULL, LANG_JA)), "Exchange full");
}

TEST(problems_of_yaml)
{
    CHECK_TEXT(bytes_from_text(reason_of_yaml("did not find expected ',' or ']'", LANG_JA)),
        "「,」または「]」がありません");
    CHECK_TEXT(bytes_from_text(reason_of_yaml("did not find expected ',' or '}'", LANG_JA)),
        "「,」または閉じ波括弧がありません");
    CHECK_TEXT(
        bytes_from_text(reason_of_yaml("found undefined alias", LANG_JA)), "found undefined alias");
    CHECK_TEXT(bytes_from_text(reason_of_yaml(NULL, LANG_EN)), "damaged");
}

TEST(reasons_by_what_was_said)
{
    CHECK_TEXT(
        reason_in(BYTES("a list has an empty element"), LANG_JA), "リストに空の要素があります");
    CHECK_TEXT(
        reason_in(BYTES("a list has an empty element"), LANG_EN), "a list has an empty element");
    CHECK_TEXT(reason_in(BYTES("nobody says this"), LANG_JA), "nobody says this");
    CHECK_TEXT(reason_in(BYTES("damaged"), LANG_JA), "damaged"); // one word may be a name
}

TEST_MAIN(
    T(errors_in_english_are_what_the_system_says), T(problems_of_yaml), T(reasons_by_what_was_said))
