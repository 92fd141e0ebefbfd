// SPDX-License-Identifier: Apache-2.0
// Runs control-plane code once for each of its allocations, that one failing, until a run in which
// none is left to fail. Sanitizers find what the failing runs leak or touch.
#pragma once
#include "base/alloc.h"
#include "base/test.h"

enum { TEST_ALLOC_RUNS_MOST = 10'000 };

// `run` says whether it succeeded: it must when nothing failed, and must leave nothing behind
// whatever happened. Only allocations of the calling thread fail. Returns how many runs failed an
// allocation, so that a test can check that there was something to fail.
static inline int test_alloc_failures(bool (*run)(void *context), void *context)
{
    for (int n = 1; n <= TEST_ALLOC_RUNS_MOST; n++) {
        alloc_fail_at((uint64_t)n);
        bool succeeded = run(context);
        bool failed_one = alloc_has_failed();
        alloc_fail_at(0);
        if (failed_one)
            continue;
        if (!succeeded)
            TEST_SAY("the run failed although each of its %d allocations succeeded", n - 1);
        return n - 1;
    }
    TEST_SAY("more than %d allocations: run less in one go", TEST_ALLOC_RUNS_MOST);
    return TEST_ALLOC_RUNS_MOST;
}
