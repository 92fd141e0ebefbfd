// SPDX-License-Identifier: Apache-2.0
// Frames of the ISO transport service over TCP (RFC 1006, X.224), for those who speak over it.
#pragma once
#include "proto/ics.h"

enum cotp_type { COTP_CR = 0xe0, COTP_CC = 0xd0, COTP_DR = 0x80, COTP_DT = 0xf0 };

struct cotp_frame {
    uint8_t type;         // enum cotp_type, or others of X.224
    bool last;            // DT: ends the message
    struct bytes fields;  // of the head, after the type
    struct bytes payload; // after the head
};

enum cotp_read { COTP_FRAME, COTP_MORE, COTP_BAD };

// The next frame, which is taken. COTP_MORE: nothing moved; *need bytes would do.
enum cotp_read cotp_frame_read(struct cursor *in, struct cotp_frame *frame, size_t *need);

// Do these bytes begin with a data frame whose payload begins with `mark`?
bool cotp_begins_with(struct bytes data, uint8_t mark);
