// SPDX-License-Identifier: Apache-2.0
#include "proto/engine.h"
#include "proto/signature.h"

// Flows nobody has claimed yet stand in a list, oldest first.
void engine_unclaimed_add(struct proto_engine *e, struct engine_flow *ef)
{
    if (ef->unclaimed)
        return;
    ef->unclaimed = true;
    ef->unclaimed_after = NULL;
    ef->unclaimed_before = e->unclaimed_last;
    if (e->unclaimed_last)
        e->unclaimed_last->unclaimed_after = ef;
    else
        e->unclaimed_first = ef;
    e->unclaimed_last = ef;
}

void engine_unclaimed_remove(struct proto_engine *e, struct engine_flow *ef)
{
    if (!ef->unclaimed)
        return;
    ef->unclaimed = false;
    if (ef->unclaimed_before)
        ef->unclaimed_before->unclaimed_after = ef->unclaimed_after;
    else
        e->unclaimed_first = ef->unclaimed_after;
    if (ef->unclaimed_after)
        ef->unclaimed_after->unclaimed_before = ef->unclaimed_before;
    else
        e->unclaimed_last = ef->unclaimed_before;
}

bool engine_name_by_signature(struct engine_flow *ef, const struct proto_first *first)
{
    struct flow *flow = ef->pf.flow;
    const char *name = flow->app_proto ? NULL : signature_find(first);
    if (!name)
        return false;
    flow->app_proto = name;
    flow->app_basis = FLOW_BY_SIGNATURE;
    return true;
}
