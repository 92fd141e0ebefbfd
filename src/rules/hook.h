// SPDX-License-Identifier: Apache-2.0
// Where a header like `http1:request_line` wants the rule tested. Those of packets come before
// those of transactions; `step` counts the states of that side of a transaction.
#pragma once
#include "base/bytes.h"

enum rule_hook_at {
    HOOK_NONE,
    HOOK_PRE_FLOW,
    HOOK_PRE_STREAM,
    HOOK_PACKET, // all, flow_start
    HOOK_REQUEST,
    HOOK_RESPONSE,
};

enum { HOOK_STEPS = 8 };

struct rule_hook {
    enum rule_hook_at at;
    uint8_t step;
    struct bytes name; // as written; empty: none
};
