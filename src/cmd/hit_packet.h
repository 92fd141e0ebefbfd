// SPDX-License-Identifier: Apache-2.0
// The packet a hit was seen at, found again by its place in the batch: nothing is kept of a packet
// before a hit asks.
#pragma once
#include "cmd/worker.h"

struct hit_packet_room {
    struct record_head outer;
    struct flow_head_room texts;
};

// `slot`: what the worker handles; most: bytes kept of frame and payload. Where the order is that
// of no packet in it, the flow was over.
void hit_packet_fill(const struct slot *slot, uint64_t order, size_t most,
    struct hit_packet_room *room, struct hit_packet *out);
