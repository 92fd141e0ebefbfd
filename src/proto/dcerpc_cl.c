// SPDX-License-Identifier: Apache-2.0
// Connectionless DCE/RPC (C706 section 12.5): a call is known by its activity and sequence number.
// Requests are paired with response, fault or reject; fragments are counted in their order,
// repeated ones not again. Working, ping, acknowledgements and cancels are noted with the call they
// are about. Parameters and authentication are not read. Limit: DCERPC_CALLS_MAX.
#include "proto/dcerpc_call.h"
#include "proto/dcerpc_state.h"

enum {
    CL_HEADER_BYTES = 80,
    CL_VERSION = 4,
    FLAG_LAST = 2,
    FLAG_FRAGMENT = 4,
    FLAG_MAYBE = 0x10,
    FLAGS_RESERVED = 0x81,
};

struct datagram {
    uint8_t type, flags;
    bool little;
    uint8_t object[16], activity[16];
    struct dcerpc_context interface;
    uint32_t seqnum;
    uint16_t opnum, length, fragment;
    uint8_t auth;
};

static bool read_header(struct cursor *in, struct datagram *d)
{
    uint8_t version = cursor_u8(in);
    d->type = cursor_u8(in);
    d->flags = cursor_u8(in);
    uint8_t flags2 = cursor_u8(in);
    uint8_t order = cursor_u8(in), real = cursor_u8(in), reserved = cursor_u8(in);
    d->little = order == 0x10;
    cursor_skip(in, 1); // serial number, high
    dcerpc_uuid(in, d->little, d->object);
    dcerpc_uuid(in, d->little, d->interface.uuid);
    dcerpc_uuid(in, d->little, d->activity);
    cursor_skip(in, 4); // when the server booted
    uint32_t number = dcerpc_u32(in, d->little);
    d->interface.major = (uint16_t)number;
    d->interface.minor = (uint16_t)(number >> 16);
    d->seqnum = dcerpc_u32(in, d->little);
    d->opnum = dcerpc_u16(in, d->little);
    cursor_skip(in, 4); // hints
    d->length = dcerpc_u16(in, d->little);
    d->fragment = dcerpc_u16(in, d->little);
    d->auth = cursor_u8(in);
    cursor_skip(in, 1); // serial number, low
    return cursor_ok(in) && version == CL_VERSION && d->type <= DCERPC_CANCEL_ACK &&
           !(d->flags & FLAGS_RESERVED) && flags2 <= 3 && (order == 0x10 || order == 0) &&
           real <= 3 && reserved == 0;
}

bool dcerpc_cl_likely(struct bytes datagram)
{
    struct datagram d;
    struct cursor in = cursor_make(datagram);
    if (datagram.len < CL_HEADER_BYTES || datagram.data[0] != CL_VERSION)
        return false;
    if (!read_header(&in, &d))
        return false;
    return d.auth ? d.length <= cursor_left(&in) : d.length == cursor_left(&in);
}

static struct dcerpc_call *call_of(const struct dcerpc *rpc, const struct datagram *d)
{
    struct dcerpc_call *call = rpc->calls;
    while (call && (call->id != d->seqnum || memcmp(call->activity, d->activity, 16) != 0))
        call = call->next;
    return call;
}

static struct dcerpc_call *call_begin(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side asker, const struct datagram *d)
{
    static const uint8_t none[16];
    struct dcerpc_call *call = dcerpc_call_begin(rpc, pf, d->seqnum);
    if (!call)
        return NULL;
    call->connectionless = true;
    call->asker = asker;
    memcpy(call->activity, d->activity, 16);
    call->interface = d->interface;
    call->opnum = d->opnum;
    call->has_object = memcmp(d->object, none, 16) != 0;
    memcpy(call->object, d->object, 16);
    return call;
}

// Fragments count when they come in order; the first that does not leaves the rest uncounted.
static void count(struct dcerpc_half *half, const struct datagram *d, size_t length)
{
    bool again = half->seen && d->fragment < half->fragments;
    if (half->done || again)
        return;
    half->lost |= d->fragment != half->fragments && (d->flags & FLAG_FRAGMENT);
    half->seen = true;
    half->type = d->type;
    half->fragments++;
    half->stub_bytes += length;
    half->done = !(d->flags & FLAG_FRAGMENT) || (d->flags & FLAG_LAST);
}

static void take(struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side,
    const struct datagram *d, struct cursor *in)
{
    struct dcerpc_call *call = call_of(rpc, d);
    bool asks = d->type == DCERPC_REQUEST;
    bool answers =
        d->type == DCERPC_RESPONSE || d->type == DCERPC_FAULT || d->type == DCERPC_REJECT;
    bool again =
        !call && rpc->done_seqnum == d->seqnum && memcmp(rpc->done_activity, d->activity, 16) == 0;
    if (!call && !again && (asks || answers))
        call = call_begin(rpc, pf, asks ? side : flow_other(side), d);
    if (!call)
        return; // about a call that was not seen
    dcerpc_call_message(call, d->type);
    if (asks || answers)
        count(&call->half[asks ? FLOW_CLIENT : FLOW_SERVER], d, d->length);
    if (d->type == DCERPC_FAULT || d->type == DCERPC_REJECT) {
        call->status = dcerpc_u32(in, d->little);
        call->has_status = cursor_ok(in);
    }
    bool maybe = asks && (d->flags & FLAG_MAYBE);
    call->unknown_answer |= maybe; // none is wanted
    if ((answers && call->half[FLOW_SERVER].done) || (maybe && call->half[FLOW_CLIENT].done)) {
        memcpy(rpc->done_activity, d->activity, 16);
        rpc->done_seqnum = d->seqnum;
        dcerpc_call_finish(rpc, pf, call);
    }
}

enum proto_verdict dcerpc_cl_read(
    struct dcerpc *rpc, struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct datagram d;
    if (!rpc)
        return PROTO_DONE;
    if (!dcerpc_cl_likely(cursor_rest(in)) || !read_header(in, &d)) {
        proto_anomaly(pf, ANOMALY_DCERPC_MALFORMED);
        return PROTO_MORE;
    }
    take(rpc, pf, side, &d, in);
    return PROTO_MORE;
}
