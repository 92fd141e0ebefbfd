// SPDX-License-Identifier: Apache-2.0
// What travels in the bodies of HTTP/1 and has records of its own. WS-Management is known by its
// path and its content type (MS-WSMV), RPC over HTTP (MS-RPCH) by its two methods: one connection
// for each direction, so that calls and answers come as halves.
#include "proto/http_inside.h"
#include "proto/dcerpc_pdu.h"
#include "proto/winrm.h"

static bool is_rpc(const struct http_tx *tx)
{
    return bytes_equal(tx->method, BYTES("RPC_IN_DATA")) ||
           bytes_equal(tx->method, BYTES("RPC_OUT_DATA"));
}

void http_inside_begin(struct http_tx *tx)
{
    struct proto_flow *pf = tx->pf;
    if (tx->winrm || tx->rpc || pf->proto != &proto_http)
        return;
    if (is_rpc(tx)) {
        struct dcerpc_setup setup = {.transport = "ncacn_http", .one_way = true};
        tx->rpc = dcerpc_create(pf, &setup);
    } else {
        tx->winrm = winrm_begin(tx);
    }
}

void http_inside_data(struct http_tx *tx, enum flow_side side, struct bytes data)
{
    if (tx->winrm)
        winrm_data(tx, side, data);
    if (tx->rpc)
        dcerpc_feed(tx->rpc, tx->pf, side, data);
    if (tx->doh)
        http_doh_data(tx, side, data);
}

void http_inside_gap(struct http_tx *tx, enum flow_side side)
{
    if (tx->winrm)
        winrm_gap(tx, side);
    dcerpc_gap(tx->rpc, tx->pf, side);
}

void http_inside_end(struct http_tx *tx)
{
    dcerpc_destroy(tx->rpc, tx->pf);
    tx->rpc = NULL;
    if (tx->winrm)
        winrm_end(tx);
    tx->winrm = NULL;
}
