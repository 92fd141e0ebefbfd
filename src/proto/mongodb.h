// SPDX-License-Identifier: Apache-2.0
// What the files of the MongoDB parser share. Nobody else's.
#pragma once
#include "proto/proto.h"
#include "proto/text_keep.h"

enum {
    MONGODB_LOOK_BYTES = 64 << 10, // of a message are looked at
    MONGODB_TEXT_BYTES = 512,      // of names and messages are kept
    MONGODB_PENDING = 32,          // requests that wait for their replies
    MONGODB_TX_BYTES = 8 << 10,    // memory of one request
};

struct mongodb_tx {
    struct arena arena; // everything of it, itself included
    struct record_mongodb record;
    uint64_t id;
    int64_t time_us;
};

// Elements of a BSON document (bsonspec.org), one after another.
struct bson_element {
    uint8_t type;
    struct bytes name;
    struct bytes value; // as it stands; of a string its text
};

enum {
    BSON_DOUBLE = 1,
    BSON_STRING = 2,
    BSON_DOCUMENT = 3,
    BSON_ARRAY = 4,
    BSON_BINARY = 5,
    BSON_BOOL = 8,
    BSON_INT32 = 16,
    BSON_INT64 = 18,
};

// A document at the cursor, which moves past it; as much of it as is there.
struct cursor bson_document(struct cursor *in);
// False: the end, or it cannot be read.
bool bson_next(struct cursor *document, struct bson_element *element);
int64_t bson_number(const struct bson_element *element);

// mongodb_document.c: what a command or a reply says.
void mongodb_request(struct mongodb_tx *tx, struct cursor document);
void mongodb_reply(struct mongodb_tx *tx, struct cursor document);
