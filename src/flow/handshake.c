// SPDX-License-Identifier: Apache-2.0
// What is odd about how a connection begins or ends: answers to a SYN that do not echo its time
// stamp (RFC 7323, 3.2), one SYN after the other with another sequence number, and a side that goes
// on after its reset. Each is how somebody between the two, or one of them, leads a watcher astray.
#include "flow/internal.h"

enum { SYNS_WAITING = 10 }; // that differ, behind the first: more are a flood

static bool is_first_syn(const struct decoded *p)
{
    return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

// A repeated SYN has another time stamp, and nobody knows which of them is answered.
static bool echo_is_forged(const struct flow *f, enum flow_side side, const struct decoded *p)
{
    enum flow_side other = flow_other(side);
    bool answers = f->state == FLOW_NEW && (f->tcp_flags[other] & TCP_SYN) &&
                   !(f->tcp_flags[side] & TCP_SYN) && f->packets[other] == 1;
    return answers && p->tcp_echo && p->tcp_echo != f->syn_time;
}

static bool is_one_syn_more(struct flow *f, enum flow_side side, const struct decoded *p)
{
    bool differs = is_first_syn(p) && (f->tcp_flags[side] & TCP_SYN) &&
                   !(f->tcp_flags[flow_other(side)] & TCP_SYN) &&
                   p->tcp_seq + 1 != f->tcp_next[side];
    if (!differs)
        return false;
    if (f->syns == SYNS_WAITING)
        return true;
    f->syns++;
    return false;
}

static bool goes_on_after_reset(struct flow *f, enum flow_side side, const struct decoded *p)
{
    bool after = f->reset >> side & 1 && p->payload_len && f->tcp_sync[side] &&
                 (int32_t)(p->tcp_seq - f->tcp_next[side]) >= 0;
    if (after)
        f->reset = 0; // told
    if (p->tcp_flags & TCP_RST)
        f->reset = (f->reset | 1U << side) & 3;
    return after;
}

bool flow_tcp_is_forged(
    struct flow_table *table, struct flow *flow, enum flow_side side, const struct decoded *packet)
{
    if (echo_is_forged(flow, side, packet)) {
        flow_stream_anomaly(table, flow, packet, ANOMALY_STREAM_PKT_INVALID_TIMESTAMP);
        return true;
    }
    if (is_one_syn_more(flow, side, packet))
        flow_stream_anomaly(table, flow, packet, ANOMALY_STREAM_3WHS_SYN_FLOOD);
    if (goes_on_after_reset(flow, side, packet))
        flow_stream_anomaly(table, flow, packet, ANOMALY_STREAM_SUSPECTED_RST_INJECT);
    if (is_first_syn(packet))
        flow->syn_time = packet->tcp_time;
    return false;
}
