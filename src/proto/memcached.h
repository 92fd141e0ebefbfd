// SPDX-License-Identifier: Apache-2.0
// What the files of the Memcached parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    MEMCACHED_LINE_BYTES = 16384, // of a command; the server takes no longer ones without keys
    MEMCACHED_KEYS = 8,           // of a command are kept
    MEMCACHED_TEXT_BYTES = 256,   // of a key or answer are kept
    MEMCACHED_PENDING = 32,       // requests that wait for their answers
    MEMCACHED_TX_BYTES = 8 << 10, // memory of one request
    MEMCACHED_HEADER_BYTES = 24,  // of the binary protocol
};

struct memcached_tx {
    struct arena arena; // everything of it, itself included
    struct record_memcached record;
    struct bytes keys[MEMCACHED_KEYS];
    uint64_t id;
    int64_t time_us;
    size_t length; // of the request
    bool lines;    // the answer is lines up to END
    bool quiet;    // no answer will come
    uint8_t opcode;
    uint32_t opaque;
};

struct memcached_flow {
    bool binary, datagrams;
    uint64_t left[2]; // of a value
    struct memcached_tx *pending[MEMCACHED_PENDING];
    size_t count;
};

static inline struct memcached_flow *memcached_flow(struct proto_flow *pf)
{
    return pf->state;
}

// memcached_tx.c
struct memcached_tx *memcached_begin(struct proto_flow *pf);
void memcached_wait(struct proto_flow *pf, struct memcached_tx *tx);
void memcached_end(struct proto_flow *pf, size_t at); // write the request at this place in pending
void memcached_write(struct proto_flow *pf, struct memcached_tx *tx);
struct bytes memcached_keep(struct memcached_tx *tx, struct bytes text);
void memcached_key(struct memcached_tx *tx, struct bytes key);

// memcached_text.c: a command; its value's length with the line end behind it, or 0.
uint64_t memcached_command(struct memcached_tx *tx, struct bytes line);
// A line of an answer. *value: bytes that follow it. True: the answer is complete.
bool memcached_answer(struct memcached_tx *tx, struct bytes line, uint64_t *value);
bool memcached_is_command(struct bytes line);

// memcached_binary.c: what is read of a message; its length is told by the header.
enum memcached_step { MEMCACHED_ON, MEMCACHED_WAIT, MEMCACHED_BROKEN };
enum memcached_step memcached_binary(struct proto_flow *pf, enum flow_side side, struct cursor *in);
