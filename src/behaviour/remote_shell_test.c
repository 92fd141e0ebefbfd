// SPDX-License-Identifier: Apache-2.0
#include "behaviour/trial.h"

static void get(struct trial *t, const char *url)
{
    struct record_http http = {.url = bytes_from_text(url)};
    struct record record = {.type = RECORD_HTTP, .body = &http};
    trial_record(t, &record);
}

TEST(shells)
{
    struct trial t;
    trial_begin(&t);
    get(&t, "/index.html");
    get(&t, "/wsman/SubscriptionManager/WEC"); // collecting events
    CHECK_EQ(t.count, 0);
    get(&t, "/wsman?PSVersion=5.1.18362.752");
    CHECK_EQ(trial_hits(&t, "remote.execution", "powershell"), 1);
    get(&t, "/wsman");
    CHECK_EQ(trial_hits(&t, "remote.execution", "shell"), 1);
    trial_end(&t);
}

TEST(command)
{
    struct trial t;
    trial_begin(&t);
    struct record_winrm winrm = {.command = BYTES("ipconfig")};
    struct record record = {.type = RECORD_WINRM, .body = &winrm};
    trial_record(&t, &record);
    CHECK(bytes_equal(trial_fact(&t, "command"), BYTES("ipconfig")));
    trial_end(&t);
}

TEST_MAIN(T(shells), T(command))
