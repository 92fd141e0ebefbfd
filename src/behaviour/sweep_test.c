// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void ask(struct trial *t, int64_t second, uint8_t to, const char *operation)
{
    struct record_dcerpc body = {.operation = bytes_from_text(operation)};
    struct record record = {.head = {.timestamp = second * 1'000'000 + 1,
                                .src_ip = trial_addr(10, 0, 0, 1),
                                .dest_ip = trial_addr(10, 0, 1, to)},
        .type = RECORD_DCERPC,
        .body = &body};
    trial_record(t, &record);
}

TEST(many_kinds)
{
    struct trial t;
    trial_begin(&t);
    ask(&t, 0, 1, "SamrEnumerateUsersInDomain");
    ask(&t, 1, 1, "SamrQueryDisplayInformation"); // of the same kind
    ask(&t, 2, 1, "SamrEnumerateGroupsInDomain");
    ask(&t, 3, 1, "NetrSessionEnum");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "sweep"), 0);
    ask(&t, 4, 1, "LsarEnumerateTrustedDomains");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "sweep"), 1);
    CHECK(bytes_equal(trial_fact(&t, "asked"), BYTES("4")));
    trial_end(&t);
}

TEST(many_hosts)
{
    struct trial t;
    trial_begin(&t);
    for (uint8_t i = 0; i < 12; i++)
        ask(&t, i * 4'000, i, "NetrShareEnum"); // too slow
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "sweep_hosts"), 0);
    for (uint8_t i = 0; i < 12; i++)
        ask(&t, 100'000 + i, i, "NetrSessionEnum");
    CHECK_EQ(trial_hits(&t, "domain.enumeration", "sweep_hosts"), 1);
    trial_end(&t);
}

TEST_MAIN(T(many_kinds), T(many_hosts))
