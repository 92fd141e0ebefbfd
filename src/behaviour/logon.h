// SPDX-License-Identifier: Apache-2.0
// Log-ons as records tell them; logon.def has a line for each kind of record.
#pragma once
#include "schema/records.h"

struct logon_attempt {
    const char *service;
    struct bytes account; // may be empty: it cannot be seen
    unsigned failures;
    bool success;
};

extern const enum record_type logon_types[]; // up to RECORD_NONE; flows are among them

// False: the record tells of no log-on.
bool logon_read(const struct record *record, struct logon_attempt *attempt);
