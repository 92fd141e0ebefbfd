// SPDX-License-Identifier: Apache-2.0
// One SIP message and the session description in it; shared by sip.c, sip_head.c and sip_sdp.c.
#pragma once
#include "proto/proto.h"

enum {
    SIP_HEAD_BYTES = 32 * 1024,
    SIP_BODY_BYTES = 64 * 1024, // longer ones are not looked at
    SIP_HEADERS_MAX = 256,
    SIP_VIAS_MAX = 32,
    SDP_MEDIA_MAX = 32,
    SDP_LINES_MAX = 512, // attributes, and bandwidths
    SDP_TIMES_MAX = 8,
};

struct sip_message {
    struct record_sip record;
    struct arena *arena;
    struct bytes vias[SIP_VIAS_MAX];
    bool has_length;
    uint64_t length; // Content-Length
    bool too_many;   // headers
    // the session description
    struct record_sdp_media media[SDP_MEDIA_MAX];
    struct record_sdp_time times[SDP_TIMES_MAX];
    struct bytes attributes[SDP_LINES_MAX], bandwidths[SDP_LINES_MAX];
    size_t attribute_count, bandwidth_count;
    bool sdp_too_long;
};

// The first line: a request or a response. False: neither.
bool sip_first_line(struct bytes line, struct record_sip *record);

// The head after its first line. Slices of `head` stay in the message.
void sip_head_read(struct sip_message *m, struct bytes head);

// The session description in a body, whose type is known; nothing when there is none.
void sip_sdp_read(struct sip_message *m, struct bytes body);

// Announce the streams `side` waits for.
void sip_sdp_expect(struct proto_flow *pf, enum flow_side side, const struct sip_message *m);
