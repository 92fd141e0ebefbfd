// SPDX-License-Identifier: Apache-2.0
// The bodies of ICMP and ICMPv6 messages other than echoes, for icmp.c.
#pragma once
#include "base/cursor.h"
#include "proto/proto.h"

enum {
    ICMP_PREFIXES_MAX = 16,
    ICMP_ADDRESSES_MAX = 16, // DNS servers, groups
    ICMP_PREFIX_TEXT_BYTES = 50,
};

// What a record's lists point to while it is emitted.
struct icmp_room {
    struct record_icmp_prefix prefixes[ICMP_PREFIXES_MAX];
    char prefix_text[ICMP_PREFIXES_MAX][ICMP_PREFIX_TEXT_BYTES];
    struct addr dns[ICMP_ADDRESSES_MAX];
    struct addr groups[ICMP_ADDRESSES_MAX];
};

// ICMP and ICMPv6 are parsed alike.
enum { ICMP_STATE_BYTES = 256 };
enum proto_verdict icmp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in);
void icmp_finish(struct proto_flow *pf);

// Names of icmp->type and code, by IP version.
void icmp_name(struct record_icmp *icmp, uint8_t ip_version);

// Read what follows type, code and checksum. False: shorter than its type needs.
bool icmp_body_read(
    struct record_icmp *icmp, uint8_t ip_version, struct cursor *in, struct icmp_room *room);
