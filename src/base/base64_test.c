// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 4648 section 10.
#include "base/base64.h"
#include "base/test.h"

TEST(examples_of_the_rfc)
{
    static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char out[16];
        struct bytes in = bytes_from_text(pairs[i][0]);
        base64_encode(in, out);
        CHECK_TEXT(bytes_make(out, base64_length(in.len)), pairs[i][1]);
    }
}

TEST_MAIN(T(examples_of_the_rfc))
