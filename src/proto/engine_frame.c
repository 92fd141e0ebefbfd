// SPDX-License-Identifier: Apache-2.0
// Frames: pieces of a protocol's framing, by their place in what a side sent, for rules that ask
// for them.
#include "proto/engine.h"

void proto_frame_tell(struct proto_flow *pf, enum rule_frame frame, enum flow_side side,
    struct bytes from, int64_t length, uint64_t tx_id)
{
    size_t at = bytes_place(pf->view, from);
    if (at == BYTES_NOT_FOUND || !pf->flow)
        return;
    struct proto_frame told = {
        .frame = frame,
        .side = side,
        .offset = pf->received[side] - pf->view.len + at,
        .length = length,
        .tx_id = tx_id,
        .data = bytes_sub(pf->view, at, length < 0 ? SIZE_MAX : (size_t)length),
    };
    pf->watch->frame(pf->watch->context, pf, &told);
}

void proto_frame_ends(
    struct proto_flow *pf, enum rule_frame frame, enum flow_side side, struct bytes behind)
{
    size_t at = bytes_place(pf->view, behind);
    if (proto_wants(pf, BUFFER_FRAME) && at != BYTES_NOT_FOUND && pf->flow)
        pf->watch->frame_ends(
            pf->watch->context, pf, frame, side, pf->received[side] - pf->view.len + at);
}

void proto_frames(struct proto_flow *pf, enum rule_frame whole, enum flow_side side,
    struct bytes from, size_t head, int64_t length, uint64_t tx_id)
{
    if (!proto_wants(pf, BUFFER_FRAME))
        return;
    proto_frame_tell(pf, whole, side, from, length, tx_id);
    proto_frame_tell(pf, (enum rule_frame)(whole + 1), side, from, (int64_t)head, tx_id);
    if (length != (int64_t)head)
        proto_frame_tell(pf, (enum rule_frame)(whole + 2), side, bytes_from(from, head),
            length < 0 ? length : length - (int64_t)head, tx_id);
}

void engine_frame_stream(struct engine_flow *ef, enum flow_side side)
{
    struct proto_flow *pf = &ef->pf;
    if (pf->carrier != OVER_TCP || !proto_wants(pf, BUFFER_FRAME) || ef->stream_told[side])
        return;
    ef->stream_told[side] = true;
    proto_frame_tell(pf, FRAME_ANY_STREAM, side, pf->view, PROTO_FRAME_OPEN, UINT64_MAX);
}

void engine_frames_go_on(struct engine_flow *ef, enum flow_side side, struct bytes data)
{
    struct proto_flow *pf = &ef->pf;
    if (proto_wants(pf, BUFFER_FRAME))
        pf->watch->frames_go_on(pf->watch->context, pf, side, data);
}
