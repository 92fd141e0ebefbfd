// SPDX-License-Identifier: Apache-2.0
// RTP (RFC 3550 section 5.1) of flows that SIP announced; by content alone nothing tells it from
// chance, so there is no probe. One rtp record a flow, at its end. Nothing of the payload is read.
// What begins as STUN or DTLS (RFC 7983) goes back to the probes.
#include "proto/proto.h"

enum { RTP_HEADER_BYTES = 12, RTP_JUMP_MAX = 1000 };

struct rtp_state {
    struct record_rtp_stream streams[2];
    uint16_t sequence[2];
};

static enum proto_probe rtp_probe(const struct proto_first *first)
{
    (void)first;
    return PROBE_NO;
}

static void count(
    struct rtp_state *state, enum flow_side side, uint8_t type, uint16_t sequence, uint32_t ssrc)
{
    struct record_rtp_stream *s = &state->streams[side];
    uint16_t jump = (uint16_t)(sequence - state->sequence[side] - 1);
    bool same = s->packets > 0 && s->ssrc == ssrc;
    if (s->packets++ == 0)
        s->payload_type = type;
    if (!same)
        s->sources++;
    else if (jump < RTP_JUMP_MAX) // more: it began anew, or came late
        s->lost += jump;
    s->ssrc = ssrc;
    if (!same || jump < RTP_JUMP_MAX)
        state->sequence[side] = sequence;
}

static enum proto_verdict rtp_parse(struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct rtp_state *state = pf->state;
    struct bytes rest = cursor_rest(in);
    uint8_t first = cursor_u8(in), type = cursor_u8(in);
    uint16_t sequence = cursor_u16(in);
    cursor_skip(in, 4); // time stamp
    uint32_t ssrc = cursor_u32(in);
    bool rtp = cursor_ok(in) && first >> 6 == 2;
    bool begun = state->streams[0].packets + state->streams[1].packets > 0;
    if (!rtp && !begun && rest.len > 0) {
        *in = cursor_make(rest);
        proto_switch(pf, &proto_any);
    } else if (rtp && (type < 192 || type > 223)) { // those are RTCP (RFC 5761 section 4)
        count(state, side, type & 0x7f, sequence, ssrc);
    }
    return PROTO_MORE;
}

static void rtp_finish(struct proto_flow *pf)
{
    const struct rtp_state *state = pf->state;
    struct record_rtp rtp = {
        .call_id = pf->note,
        .has_to_server = state->streams[FLOW_CLIENT].packets > 0,
        .has_to_client = state->streams[FLOW_SERVER].packets > 0,
        .to_server = state->streams[FLOW_CLIENT],
        .to_client = state->streams[FLOW_SERVER],
    };
    if (rtp.has_to_server || rtp.has_to_client)
        proto_emit(pf, RECORD_RTP, &rtp, pf->tx_count++);
}

const struct proto proto_rtp = {
    .name = "rtp",
    .carriers = OVER_UDP,
    .state_bytes = sizeof(struct rtp_state),
    .probe = rtp_probe,
    .parse = rtp_parse,
    .finish = rtp_finish,
};
