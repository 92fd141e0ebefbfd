// SPDX-License-Identifier: Apache-2.0
// Attributes of RADIUS packets; shared by radius.c and radius_attribute.c.
#pragma once
#include "proto/proto.h"

enum {
    RADIUS_HEADER_BYTES = 20,
    RADIUS_VENDORS_MAX = 16,
    RADIUS_REPLY_BYTES = 4096, // of Reply-Message: as much as a packet holds
    RADIUS_EAP_BYTES = 256,    // looked at
};

enum radius_code {
    RADIUS_ACCESS_REQUEST = 1,
    RADIUS_ACCESS_ACCEPT = 2,
    RADIUS_ACCESS_REJECT = 3,
    RADIUS_ACCOUNTING_REQUEST = 4,
    RADIUS_ACCOUNTING_RESPONSE = 5,
    RADIUS_ACCESS_CHALLENGE = 11,
    RADIUS_STATUS_SERVER = 12,
    RADIUS_DISCONNECT_REQUEST = 40,
    RADIUS_DISCONNECT_ACK = 41,
    RADIUS_COA_REQUEST = 43,
    RADIUS_COA_ACK = 44,
};

// A question and its answer. Texts live in the arena.
struct radius_exchange {
    struct record_radius record;
    struct arena *arena;
    uint64_t tx;
    int64_t time_us; // of the question
    uint8_t authenticator[16];
    uint32_t vendors[RADIUS_VENDORS_MAX];
    bool too_many_vendors;
    uint8_t eap[RADIUS_EAP_BYTES]; // of the packet being read
    size_t eap_len;
    uint8_t *reply;        // the text of record.reply_msg, to grow
    uint32_t gigawords[2]; // input, output
};

// Take over what the attributes of one packet say. False: they do not fit into one another.
bool radius_attributes_read(struct radius_exchange *x, struct cursor *in, bool answer);

// Nothing more comes: say how it ended.
void radius_exchange_close(struct radius_exchange *x);
