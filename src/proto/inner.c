// SPDX-License-Identifier: Apache-2.0
// A copy of the outer struct flow, with an engine_flow of its own, stands for the inner one.
#include "proto/inner.h"
#include "proto/engine.h"

static void begin(struct proto_flow *pf, struct inner_flow *inner)
{
    inner->begun = true;
    inner->flow = *pf->flow;
    inner->flow.app = NULL;
    inner->flow.stream = NULL;
    inner->flow.detail = NULL;
    inner->flow.app_proto = NULL;
    inner->flow.app_basis = FLOW_UNNAMED;
    inner->flow.app_before = 0;
    inner->flow.flags &= (uint8_t)~FLOW_UNWANTED;
}

// The inner protocol may find that its client is the outer one's server.
static enum flow_side side_of(const struct inner_flow *inner, enum flow_side side)
{
    return inner->reversed ? flow_other(side) : side;
}

bool inner_give(
    struct proto_flow *pf, struct inner_flow *inner, enum flow_side side, struct bytes data)
{
    struct proto_engine *e = pf->engine;
    if (!inner->begun)
        begin(pf, inner);
    if (inner->over || e->inner_depth == INNER_DEPTH_MAX)
        return false;
    struct namer *namer = e->namer;
    uint8_t before = inner->flow.flags;
    e->namer = NULL; // it would be shown the packet, which is the outer protocol's
    e->inner_depth++;
    inner->flow.last_us = pf->flow->last_us;
    bool wanted = e->handler.payload(
        e->handler.context, &inner->flow, side_of(inner, side), data, pf->packet);
    e->inner_depth--;
    e->namer = namer;
    inner->reversed ^= ((before ^ inner->flow.flags) & FLOW_REVERSED) != 0;
    inner->over = !wanted || inner->flow.flags & FLOW_UNWANTED;
    return !inner->over;
}

void inner_side_end(struct proto_flow *pf, struct inner_flow *inner, enum flow_side side)
{
    struct proto_engine *e = pf->engine;
    if (!inner->begun || inner->over)
        return;
    uint8_t before = inner->flow.flags;
    struct namer *namer = e->namer;
    e->namer = NULL;
    e->handler.side_end(e->handler.context, &inner->flow, side_of(inner, side), pf->packet);
    e->namer = namer;
    inner->reversed ^= ((before ^ inner->flow.flags) & FLOW_REVERSED) != 0;
    inner->over = inner->flow.flags & FLOW_UNWANTED;
}

void inner_end(struct proto_flow *pf, struct inner_flow *inner)
{
    struct proto_engine *e = pf->engine;
    if (inner->begun) {
        e->handler.end(e->handler.context, &inner->flow);
        flow_note_end(&inner->flow, e->pool);
    }
    inner->begun = false;
    inner->over = true;
}
