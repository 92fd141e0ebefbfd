// SPDX-License-Identifier: Apache-2.0
// A flow within a flow: plaintext a parser took out of its own flow goes through the probes and
// parsers like any other stream. Their records carry the outer flow's id and addresses; of its own
// it writes no flow record.
#pragma once
#include "proto/proto.h"

enum { INNER_DEPTH_MAX = 4 }; // flows within flows within flows: each is a level of recursion

// Begins zeroed; must not be moved once it was given something.
struct inner_flow {
    struct flow flow;
    bool begun, over, reversed;
};

// Bytes of `side`, as the outer flow has it. False: nobody wants more of them.
bool inner_give(
    struct proto_flow *pf, struct inner_flow *inner, enum flow_side side, struct bytes data);

void inner_side_end(struct proto_flow *pf, struct inner_flow *inner, enum flow_side side);

// Before the outer flow's parser goes.
void inner_end(struct proto_flow *pf, struct inner_flow *inner);
