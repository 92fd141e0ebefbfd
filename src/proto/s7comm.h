// SPDX-License-Identifier: Apache-2.0
// Inside the S7comm parser: s7comm.c pairs jobs and answers, s7comm_job.c reads one.
#pragma once
#include "proto/cotp.h"

enum {
    S7COMM_MARK = 0x32,
    S7COMM_JOB = 1,
    S7COMM_ACK = 2,
    S7COMM_ACK_DATA = 3,
    S7COMM_USERDATA = 7,
    S7COMM_ITEMS_MAX = 32,
    S7COMM_DATA_BYTES = 64,
    S7COMM_MESSAGE_BYTES = 16 * 1024,
    S7COMM_EXCHANGE_BYTES = 32 * 1024,
};

struct s7comm_message {
    uint8_t rosctr;
    uint16_t reference;
    bool has_error;
    uint8_t error_class, error_code;
    struct bytes parameters, data;
};

// What a message says, into a record; what it points to is copied. False: malformed.
bool s7comm_request_read(struct proto_flow *pf, const struct s7comm_message *m,
    struct record_s7comm *r, struct arena *arena);
bool s7comm_answer_read(struct proto_flow *pf, const struct s7comm_message *m,
    struct record_s7comm *r, struct arena *arena);
