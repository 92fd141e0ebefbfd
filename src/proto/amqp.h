// SPDX-License-Identifier: Apache-2.0
// What the files of the AMQP parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    AMQP_LOOK_BYTES = 8192,  // of a frame are looked at
    AMQP_TEXT_BYTES = 256,   // of names are kept
    AMQP_PENDING = 16,       // methods that wait for their answers, or for what they carry
    AMQP_TX_BYTES = 8 << 10, // memory of one of them
    AMQP_TABLE_ENTRIES = 64, // of a table are looked at
};

struct amqp_tx {
    struct arena arena; // everything of it, itself included
    struct record_amqp record;
    uint64_t id;
    int64_t time_us;
    enum flow_side side;
    uint32_t answer; // class and method that answer it; 0: what it carries is awaited
};

struct amqp_flow {
    uint64_t left[2]; // bytes of a frame that are not looked at
    bool greeted, modern, tls;
    struct amqp_tx *connection;
    struct amqp_tx *pending[AMQP_PENDING];
    size_t count;
};

static inline struct amqp_flow *amqp_flow(struct proto_flow *pf)
{
    return pf->state;
}

// amqp.c
struct amqp_tx *amqp_begin(struct proto_flow *pf, enum flow_side side, struct bytes method);
void amqp_end(struct proto_flow *pf, struct amqp_tx *tx);
void amqp_wait(struct proto_flow *pf, struct amqp_tx *tx);
struct amqp_tx *amqp_take(struct amqp_flow *amqp, size_t at); // out of pending
struct amqp_tx *amqp_connection(struct proto_flow *pf);       // the log-on's; NULL: no memory
void amqp_connection_over(struct proto_flow *pf);
struct bytes amqp_keep(struct amqp_tx *tx, struct bytes text);
void amqp_take_plain(struct amqp_tx *tx, struct bytes response);

// The payload of a frame. False: it cannot be read.
bool amqp_method(struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in);
void amqp_content(struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in);
void amqp_performative(
    struct proto_flow *pf, enum flow_side side, uint16_t channel, struct cursor in);
