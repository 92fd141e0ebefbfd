// SPDX-License-Identifier: Apache-2.0
// DCE/RPC over TCP (ncacn_ip_tcp; C706 chapter 12, MS-RPCE): the association is dcerpc_pdu.c's. A
// server of RPC over HTTP (version 1, ncacn_http on port 593) greets with its name first. Probe:
// the eight bytes every PDU begins with, and lengths that fit. Emits a dcerpc record for each call.
#include "proto/dcerpc_state.h"

struct dcerpc_tcp {
    struct dcerpc *rpc;
    bool http; // the server greeted so
};

static const struct bytes greeting = {(const uint8_t *)"ncacn_http/1.0", 14};

static enum proto_probe tcp_probe(const struct bytes data)
{
    static const struct bytes mark = {(const uint8_t *)"\x05", 1};
    if (bytes_start_with(data, greeting))
        return PROBE_SERVER;
    if (data.len < DCERPC_HEADER_BYTES)
        return bytes_start_with(data, mark) && bytes_at(data, 1) <= 1 &&
                       bytes_at(data, 2) < DCERPC_TYPES && (bytes_at(data, 4) | 0x10) == 0x10 &&
                       !bytes_at(data, 5)
                   ? PROBE_MORE
               : bytes_start_with(greeting, data) ? PROBE_MORE
                                                  : PROBE_NO;
    bool little = bytes_at(data, 4) == 0x10;
    struct cursor lengths = cursor_make(bytes_from(data, 8));
    uint16_t length = dcerpc_u16(&lengths, little), auth = dcerpc_u16(&lengths, little);
    if (!dcerpc_likely(data) || length < DCERPC_HEADER_BYTES || length < auth)
        return PROBE_NO;
    switch (data.data[2]) {
    case DCERPC_REQUEST:
    case DCERPC_BIND:
    case DCERPC_ALTER_CONTEXT:
    case DCERPC_AUTH3:
    case DCERPC_CO_CANCEL:
    case DCERPC_ORPHANED: return PROBE_CLIENT;
    case DCERPC_RESPONSE:
    case DCERPC_FAULT:
    case DCERPC_BINDACK:
    case DCERPC_BINDNAK:
    case DCERPC_ALTER_CONTEXT_RESP:
    case DCERPC_SHUTDOWN: return PROBE_SERVER;
    case DCERPC_RTS: return PROBE_EITHER;
    default: return PROBE_NO;
    }
}

static enum proto_probe dcerpc_probe(const struct proto_first *first)
{
    if (first->carrier == OVER_TCP)
        return tcp_probe(first->data);
    if (!dcerpc_cl_likely(first->data))
        return PROBE_NO;
    switch (first->data.data[1]) {
    case DCERPC_REQUEST:
    case DCERPC_PING: return PROBE_CLIENT;
    case DCERPC_RESPONSE:
    case DCERPC_FAULT:
    case DCERPC_REJECT:
    case DCERPC_WORKING:
    case DCERPC_NOCALL: return PROBE_SERVER;
    default: return PROBE_EITHER;
    }
}

static const char *transport_of(const struct proto_flow *pf)
{
    const struct dcerpc_tcp *tcp = pf->state;
    if (pf->carrier == OVER_UDP)
        return "ncadg_ip_udp";
    return tcp->http ? "ncacn_http" : "ncacn_ip_tcp";
}

static enum proto_verdict dcerpc_parse(
    struct proto_flow *pf, enum flow_side side, struct cursor *in)
{
    struct dcerpc_tcp *tcp = pf->state;
    if (pf->carrier == OVER_TCP && side == FLOW_SERVER &&
        bytes_start_with(cursor_rest(in), greeting)) {
        cursor_skip(in, greeting.len);
        tcp->http = true;
    }
    if (!tcp->rpc) {
        struct dcerpc_setup setup = {.transport = transport_of(pf)};
        tcp->rpc = dcerpc_create(pf, &setup);
    }
    if (pf->carrier == OVER_UDP)
        return dcerpc_cl_read(tcp->rpc, pf, side, in);
    return dcerpc_read(tcp->rpc, pf, side, in);
}

static enum proto_verdict dcerpc_tcp_gap(struct proto_flow *pf, enum flow_side side, size_t lost)
{
    struct dcerpc_tcp *tcp = pf->state;
    (void)lost;
    dcerpc_gap(tcp->rpc, pf, side);
    return PROTO_MORE;
}

static void dcerpc_finish(struct proto_flow *pf)
{
    struct dcerpc_tcp *tcp = pf->state;
    dcerpc_destroy(tcp->rpc, pf);
}

const struct proto proto_dcerpc = {
    .name = "dcerpc",
    .carriers = OVER_TCP | OVER_UDP,
    .state_bytes = sizeof(struct dcerpc_tcp),
    .budget_bytes = 4 * 1024,
    .buffer_bytes = DCERPC_FRAGMENT_BYTES,
    .probe = dcerpc_probe,
    .parse = dcerpc_parse,
    .gap = dcerpc_tcp_gap,
    .finish = dcerpc_finish,
};
