// SPDX-License-Identifier: Apache-2.0
// What the parsers of control systems share: tables of assigned numbers, and requests that wait for
// their answer.
#pragma once
#include "proto/proto.h"
#include "proto/text_out.h"

struct ics_name {
    uint32_t value;
    const char *name;
};

// The name of value in a table sorted by value; {NULL, 0}: not in it.
struct bytes ics_name_find(const struct ics_name *names, size_t count, uint32_t value);
#define ICS_NAME(table, value) ics_name_find(table, sizeof(table) / sizeof *(table), value)

// The name, or `prefix` and the number in decimal, in the arena.
struct bytes ics_name_or(
    struct bytes name, const char *prefix, uint32_t value, struct arena *arena);

// A request that waits for its answer. `request` and all it points to live in `arena`.
struct ics_wait {
    bool used;
    uint64_t key;
    uint64_t tx_id;
    int64_t time_us;
    struct arena arena;
    void *request;
};

enum {
    ICS_WAITS_MAX = 16,
    ICS_BUFFER_BYTES = 128 * 1024, // unread bytes of one side: a rest, and the largest segment
};

struct ics_waits {
    struct ics_wait slots[ICS_WAITS_MAX];
    void (*emit)(struct proto_flow *pf, struct ics_wait *wait); // called when no answer came
};

// Begin to wait: a zeroed request of request_bytes. A request with the same key, or the oldest when
// all slots are taken, is emitted without its answer. NULL: out of memory.
struct ics_wait *ics_wait_begin(struct proto_flow *pf, struct ics_waits *waits, uint64_t key,
    size_t request_bytes, size_t budget);
// The request with this key, which the caller emits and gives to ics_wait_end. NULL: none waits.
struct ics_wait *ics_wait_find(struct ics_waits *waits, uint64_t key);
void ics_wait_end(struct ics_wait *wait);
// Emit all that wait, oldest first.
void ics_waits_finish(struct proto_flow *pf, struct ics_waits *waits);
