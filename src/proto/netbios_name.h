// SPDX-License-Identifier: Apache-2.0
// NetBIOS names (RFC 1001 section 14, RFC 1002 section 4.1): 15 characters and a type, written as
// 32 letters, with a scope behind. For the name service, datagrams and sessions.
#pragma once
#include "proto/proto.h"

enum { NETBIOS_NAME_BYTES = 16, NETBIOS_LABEL_BYTES = 32, NETBIOS_SCOPE_BYTES = 221 };

struct netbios_name {
    struct bytes name; // without what fills it up
    uint8_t suffix;
    const char *service; // what the suffix stands for; NULL: nothing well known
    struct bytes scope;  // {NULL, 0}: none
};

// A name at the cursor, which may be a pointer into the message (DNS compression); texts go to the
// arena. False, and the cursor failed: none stands there.
bool netbios_name_read(struct netbios_name *out, struct cursor *in, struct arena *arena);

// 16 bytes as they are: a name of a status list.
void netbios_name_take(struct netbios_name *out, struct bytes raw, struct arena *arena);

// Do these 32 bytes write a name?
bool netbios_label_is(struct bytes label);
