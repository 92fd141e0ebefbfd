// SPDX-License-Identifier: Apache-2.0
// Inside the EtherNet/IP parser: enip.c reads the encapsulation, cip.c the services it carries.
#pragma once
#include "proto/ics.h"

enum {
    CIP_SEGMENTS_MAX = 32,
    CIP_MULTIPLE_MAX = 64,
    CIP_DATA_BYTES = 64,
    CIP_TAG_BYTES = 256,
    ENIP_EXCHANGE_BYTES = 64 * 1024,
};

// A CIP message into fields; what they point to is copied into the arena. False: malformed.
bool cip_request_read(struct proto_flow *pf, struct bytes message, struct record_cip_request *out,
    struct arena *arena);
bool cip_response_read(struct proto_flow *pf, struct bytes message, struct record_cip_response *out,
    struct arena *arena);

struct bytes cip_vendor_name(uint16_t vendor, struct arena *arena);
struct bytes cip_device_name(uint16_t type, struct arena *arena);
struct bytes cip_revision_text(uint8_t major, uint8_t minor, struct arena *arena);

// cip_show.c: numbers for rules.
void cip_show(struct proto_flow *pf, enum flow_side side, uint64_t tx_id, struct bytes message);
void enip_show_identity(struct proto_flow *pf, uint64_t tx_id, uint16_t type, uint16_t revision);
