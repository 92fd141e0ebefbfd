// SPDX-License-Identifier: Apache-2.0
// Flows whose two sides do not speak the same, or not in the order their protocol has.
#include "proto/engine.h"

static bool speaks_another(const struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    const struct flow *flow = ef->pf.flow;
    struct proto_list list = proto_all();
    struct proto_first first = {
        .data = data,
        .carrier = ef->pf.carrier,
        .src_port = flow->port[side],
        .dst_port = flow->port[flow_other(side)],
        .ip_proto = flow->ip_proto,
    };
    for (size_t i = 0; i < list.count; i++)
        if (list.protos[i] != ef->pf.proto && (list.protos[i]->carriers & first.carrier) &&
            list.protos[i]->probe(&first) >= PROBE_CLIENT)
            return true;
    return false;
}

void engine_mismatch(struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    struct proto_flow *pf = &ef->pf;
    if (pf->carrier != OVER_TCP || pf->proto == pf->engine->forced)
        return;
    if (pf->proto == &proto_tls && ef->switches)
        proto_anomaly(pf, ANOMALY_APPLAYER_NO_TLS_AFTER_STARTTLS);
    const enum anomaly mismatch = ANOMALY_APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS;
    bool told = ef->told[mismatch / 64] >> (mismatch % 64) & 1;
    bool answers = pf->received[flow_other(side)] > 0 && pf->received[side] <= data.len;
    if (!told && answers && speaks_another(ef, side, data))
        proto_anomaly(pf, mismatch);
}

void proto_mismatch(struct proto_flow *pf, enum flow_side side, struct bytes data)
{
    struct engine_flow *ef = pf->flow ? pf->flow->app : NULL;
    if (ef)
        engine_mismatch(ef, side, data);
}

void engine_turned(struct engine_flow *ef)
{
    if (ef->pf.carrier == OVER_TCP && !(ef->pf.flow->flags & FLOW_MIDSTREAM))
        proto_anomaly(&ef->pf, ANOMALY_APPLAYER_WRONG_DIRECTION_FIRST_DATA);
}
