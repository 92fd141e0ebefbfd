// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "behaviour/rpc.h"

// What a call is to a detector: the name of its case. NULL: it says nothing to that one.
const char *rpc_call_kind(const struct record *record, const char *detector);
