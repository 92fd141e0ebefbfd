// SPDX-License-Identifier: Apache-2.0
// What the files of RDP share.
#pragma once
#include "proto/proto.h"

enum {
    RDP_CHANNELS_MAX = 31, // MS-RDPBCGR section 2.2.1.3.4
    RDP_FLAGS_MAX = 16,
    RDP_NAME_BYTES = 128,
};

// Flags that are set, as words; `names` by bit, NULL for those not told. Their number.
size_t rdp_flags(
    uint32_t flags, const char *const *names, size_t name_count, struct bytes out[RDP_FLAGS_MAX]);

// The connection sequence's two messages (MS-RDPBCGR sections 2.2.1.3 and 2.2.1.4), behind the
// X.224 header. False: damaged; what was read stays. Memory is the arena's.
bool rdp_connect_request(
    struct proto_flow *pf, struct arena *arena, struct cursor in, struct record_rdp *record);
bool rdp_connect_response(
    struct proto_flow *pf, struct arena *arena, struct cursor in, struct record_rdp *record);

// A serial number as EVE has it here: hexadecimal without leading zeros.
struct bytes rdp_serial(struct arena *arena, struct bytes serial);

// "en-US" and "English - United States" of a keyboard layout. rdp_names.c
struct bytes rdp_layout_tag(uint32_t layout);
struct bytes rdp_layout_name(uint32_t layout, struct arena *arena);

// "Windows 10 RS5" and "RDP 8.1" of a build number
struct bytes rdp_build_system(uint32_t build);
struct bytes rdp_build_version(uint32_t build, struct arena *arena);

// Over UDP (MS-RDPEUDP). rdp_udp.c
enum proto_probe rdp_udp_probe(struct bytes datagram);
enum proto_verdict rdp_udp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in);
