// SPDX-License-Identifier: Apache-2.0
// Unit tests that print TAP. A test is TEST(name) { CHECK(...); }, and a file ends in
// TEST_MAIN(T(name), ...), each name once.
#pragma once
#include "base/bytes.h"
#include <stdio.h>

static int test_failures; // of the test that runs

#define TEST(name) static void test_##name(void)
#define TEST_SAY(...)                                                                              \
    (test_failures++, printf("# %s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), puts(""))
#define CHECK(condition) ((condition) ? (void)0 : (void)TEST_SAY("%s is false", #condition))
#define CHECK_EQ(got, want)                                                                        \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_)                                                                         \
            TEST_SAY("%s is %lld, not %lld", #got, got_, want_);                                   \
    } while (0)
#define CHECK_TEXT(got, want)                                                                      \
    do {                                                                                           \
        struct bytes got_ = (got);                                                                 \
        if (!bytes_equal(got_, bytes_from_text(want)))                                             \
            TEST_SAY(                                                                              \
                "%s is \"%.*s\", not \"%s\"", #got, (int)got_.len, (const char *)got_.data, want); \
    } while (0)

struct test_case {
    const char *name;
    void (*run)(void);
};

static inline int test_run(const struct test_case *cases, int count)
{
    int failed = 0;
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        test_failures = 0;
        cases[i].run();
        printf("%sok %d - %s\n", test_failures ? "not " : "", i + 1, cases[i].name);
        failed += test_failures != 0;
    }
    return failed ? 1 : 0;
}

// One entry of the list handed to TEST_MAIN.
// clang-format off
#define T(name) {#name, test_##name}
// clang-format on
#define TEST_MAIN(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        static const struct test_case cases[] = {__VA_ARGS__};                                     \
        return test_run(cases, (int)(sizeof cases / sizeof *cases));                               \
    }
