// SPDX-License-Identifier: Apache-2.0
// What is odd about how a connection begins or ends: answers to a SYN that do not echo its time
// stamp (RFC 7323, 3.2), one SYN after the other with another sequence number, and a side that goes
// on after its reset. Each is how somebody between the two, or one of them, leads a watcher astray.
#include "flow/internal.h"

enum {
    SYNS_WAITING = 10, // that differ, behind the first: more are a flood
    SYN_DATA = 1500,   // bytes a SYN carries, which its answer may leave out
};

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

static bool has_flag(const struct flow *f, enum flow_side side, uint8_t flag)
{
    return f->tcp_flags[side] & flag;
}

// An answer to a SYN that does not fit it, or comes where there was one.
static enum anomaly odd_answer(const struct flow *f, enum flow_side side, const struct decoded *p)
{
    enum flow_side other = flow_other(side);
    bool open = f->state != FLOW_NEW, again = has_flag(f, side, TCP_SYN);
    int32_t ahead = f->tcp_sync[other] ? (int32_t)(p->tcp_ack - f->tcp_next[other]) : 0;
    if (open && side == FLOW_CLIENT)
        return ANOMALY_STREAM_EST_SYNACK_TOSERVER;
    if (open)
        return ahead > 0 ? ANOMALY_STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK : ANOMALY_NONE;
    if (again && !has_flag(f, other, TCP_SYN))
        return has_flag(f, side, TCP_ACK) ? ANOMALY_NONE
                                          : ANOMALY_STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION;
    if (again && f->tcp_sync[side] && p->tcp_seq + 1 != f->tcp_next[side])
        return ANOMALY_STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_SEQ;
    if (ahead <= 0 && ahead > -SYN_DATA)
        return ANOMALY_NONE;
    return again ? ANOMALY_STREAM_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK
                 : ANOMALY_STREAM_3WHS_SYNACK_WITH_WRONG_ACK;
}

// A SYN where one was answered before.
static enum anomaly odd_syn(const struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint32_t sent = f->tcp_next[side] - (p->tcp_seq + 1);
    bool again = f->tcp_sync[side] && sent <= f->bytes[side];
    if (f->state == FLOW_ESTABLISHED)
        return side == FLOW_SERVER ? ANOMALY_STREAM_EST_SYN_TOCLIENT
               : again             ? ANOMALY_STREAM_EST_SYN_RESEND
                                   : ANOMALY_STREAM_EST_SYN_RESEND_DIFF_SEQ;
    if (f->state != FLOW_NEW || !has_flag(f, side, TCP_SYN))
        return ANOMALY_NONE;
    if (has_flag(f, side, TCP_ACK))
        return ANOMALY_STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV;
    bool answered = has_flag(f, flow_other(side), TCP_SYN);
    return answered && sent != 0 ? ANOMALY_STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV
                                 : ANOMALY_NONE;
}

// What ends a handshake and does not fit it.
static enum anomaly odd_end(const struct flow *f, enum flow_side side, const struct decoded *p)
{
    enum flow_side other = flow_other(side);
    bool answered = has_flag(f, side, TCP_SYN) && has_flag(f, other, TCP_SYN);
    if (!answered || !(p->tcp_flags & TCP_ACK) || !(f->tcp_sync[0] & f->tcp_sync[1]))
        return ANOMALY_NONE;
    if (has_flag(f, side, TCP_ACK))
        return p->payload_len ? ANOMALY_NONE : ANOMALY_STREAM_3WHS_ACK_IN_WRONG_DIR;
    if (p->tcp_ack == f->tcp_next[other])
        return ANOMALY_NONE;
    return p->tcp_seq == f->tcp_next[side] ? ANOMALY_STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION
                                           : ANOMALY_STREAM_3WHS_WRONG_SEQ_WRONG_ACK;
}

static enum anomaly odd_in(const struct flow *f, enum flow_side side, const struct decoded *p)
{
    uint8_t flags = p->tcp_flags;
    if ((flags & TCP_SYN) && (flags & TCP_FIN))
        return ANOMALY_STREAM_FIN_SYN;
    if (flags & TCP_SYN)
        return flags & TCP_ACK ? odd_answer(f, side, p) : odd_syn(f, side, p);
    return f->state == FLOW_NEW && !(flags & (TCP_FIN | TCP_RST)) ? odd_end(f, side, p)
                                                                  : ANOMALY_NONE;
}

// For rules alone: it is nothing odd on a network that loses packets, or is seen from its middle.
static void tell_usual(
    const struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    bool first = f->packets[0] + f->packets[1] == p->frames;
    uint8_t flags = p->tcp_flags;
    if (first && (flags & TCP_RST))
        flow_stream_event(t, f, p, ANOMALY_STREAM_RST_BUT_NO_SESSION);
    else if (first && (flags & (TCP_FIN | TCP_SYN)) == TCP_FIN)
        flow_stream_event(t, f, p, ANOMALY_STREAM_FIN_BUT_NO_SESSION);
    if ((flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK))
        return;
    enum flow_side other = flow_other(side);
    if (f->state == FLOW_ESTABLISHED && side == FLOW_SERVER)
        flow_stream_event(t, f, p, ANOMALY_STREAM_EST_SYNACK_RESEND);
    else if (f->state == FLOW_NEW && f->bytes[other] && f->tcp_sync[other] &&
             (int32_t)(p->tcp_ack - f->tcp_next[other]) < 0)
        flow_stream_event(t, f, p, ANOMALY_STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
}

void flow_tcp_midstream(struct flow *f, enum flow_side other, const struct decoded *p)
{
    f->flags |= FLOW_MIDSTREAM;
    if (f->tcp_sync[other] || !(p->tcp_flags & TCP_ACK))
        return;
    f->tcp_sync[other] = 1;
    f->tcp_next[other] = p->tcp_ack;
}

void flow_tcp_repeats(
    const struct flow_table *table, struct flow *flow, const struct decoded *packet, bool acked)
{
    flow_stream_event(table, flow, packet, ANOMALY_STREAM_PKT_RETRANSMISSION);
    if (acked)
        flow_stream_event(table, flow, packet, ANOMALY_STREAM_EST_PKT_BEFORE_LAST_ACK);
}

static void tell_odd(
    struct flow_table *t, struct flow *f, enum flow_side side, const struct decoded *p)
{
    if (f->state == FLOW_ESTABLISHED && !(p->tcp_flags & (TCP_SYN | TCP_RST)))
        return;
    enum anomaly anomaly = odd_in(f, side, p);
    tell_usual(t, f, side, p);
    if (anomaly)
        flow_stream_anomaly(t, f, p, anomaly);
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
    tell_odd(table, flow, side, packet);
    if (is_first_syn(packet))
        flow->syn_time = packet->tcp_time;
    return false;
}
