// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void call(struct trial *t, uint8_t from, uint8_t to, const char *operation)
{
    struct record_dcerpc body = {.operation = bytes_from_text(operation)};
    struct record record = {.head = {.timestamp = 1,
                                .src_ip = trial_addr(10, 0, 0, from),
                                .dest_ip = trial_addr(10, 0, 0, to)},
        .type = RECORD_DCERPC,
        .body = &body};
    trial_record(t, &record);
}

TEST(controllers_replicate)
{
    struct trial t;
    trial_begin(&t);
    call(&t, 9, 2, "NetrLogonSamLogonEx"); // 2 is asked to log users on
    call(&t, 2, 1, "DRSGetNCChanges");
    CHECK_EQ(t.count, 0);
    trial_end(&t);
}

TEST(others_steal)
{
    struct trial t;
    trial_begin(&t);
    call(&t, 9, 1, "DRSDomainControllerInfo");
    CHECK_EQ(t.count, 0);
    call(&t, 9, 1, "DRSGetNCChanges");
    CHECK_EQ(trial_hits(&t, "domain.credentials", "dcsync"), 1);
    call(&t, 8, 1, "DRSGetNCChanges");
    CHECK_EQ(trial_hits(&t, "domain.credentials", "replication"), 1);
    trial_end(&t);
}

TEST_MAIN(T(controllers_replicate), T(others_steal))
