// SPDX-License-Identifier: Apache-2.0
// Flows announced by others: what proto_expect() keeps until the flow comes or its time is over.
// A set-associative table made at the first announcement: constant work, constant memory. One an
// engine. Where it is full the oldest announcement gives way, and is counted.
#pragma once
#include "proto/proto.h"

struct expect_entry {
    uint8_t addr[2][16]; // [0]: who listens, [1]: who comes
    uint16_t port;       // of the listener
    uint8_t ip_version, ip_proto;
    bool listener_is_client;
    uint16_t note_len;
    int64_t until_us; // 0: the entry is free
    const struct proto *proto;
    uint8_t note[PROTO_NOTE_BYTES];
};

struct expect_table;

// NULL: memory is short. The table is charged to the pool.
[[nodiscard]] struct expect_table *expect_create(struct pool *pool);
// What a table is charged with.
size_t expect_bytes(void);
void expect_destroy(struct expect_table *table, struct pool *pool);

// False: an older announcement, not yet come, gave way.
bool expect_add(struct expect_table *table, const struct flow *from,
    const struct proto_expected *expected, int64_t now_us);

// The announcement of this new flow, taken out; NULL: there is none. Lives until the next add.
const struct expect_entry *expect_take(struct expect_table *table, const struct flow *flow);
