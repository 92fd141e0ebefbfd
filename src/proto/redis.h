// SPDX-License-Identifier: Apache-2.0
// What the files of the Redis parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    REDIS_KEEP_BYTES = 256,                  // of an argument or reply
    REDIS_LOOK_BYTES = REDIS_KEEP_BYTES + 4, // a character may end behind
    REDIS_LINE_BYTES = 64 << 10,             // a line; the server takes no longer one
    REDIS_ARGUMENTS = 8,                     // of a command are kept
    REDIS_DEPTH = 16,                        // lists in lists
    REDIS_PENDING = 128,                     // commands that wait for their replies
    REDIS_TX_BYTES = 16 << 10,               // memory of one command
};

// A value, or the head of a list.
struct redis_token {
    char type; // of RESP; 'l': a line that is a command
    bool aggregate;
    struct bytes text; // the line, or the beginning of a bulk
    uint64_t length;   // of the bulk
    int64_t count;     // of a list; of a bulk -1 when it is null
    unsigned depth;    // lists around it
};

// One direction: what of lists and bulks is still to come.
struct redis_reader {
    uint64_t left; // bytes of a bulk that are not looked at
    bool close;    // with them the value ends
    unsigned depth;
    uint64_t remaining[REDIS_DEPTH];
};

enum redis_step { REDIS_TOKEN, REDIS_WAIT, REDIS_BROKEN, REDIS_DEEP };

// The next token. *whole: with it a value of the outermost level is complete.
enum redis_step redis_read(struct redis_reader *reader, struct cursor *in, bool commands,
    struct redis_token *token, bool *whole);

struct redis_tx {
    struct arena arena; // everything of it, itself included
    struct record_redis record;
    struct bytes arguments[REDIS_ARGUMENTS];
    uint64_t id;
    int64_t time_us;
    uint64_t replies; // that it gets
    bool secret;      // arguments from here on
};

// redis_command.c
void redis_argument(struct redis_tx *tx, uint64_t index, struct bytes text);
void redis_line(struct redis_tx *tx, struct bytes line);
void redis_command_over(struct redis_tx *tx);
